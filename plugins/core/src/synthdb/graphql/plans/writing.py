"""Fields of mutations as parts of a batch, and how the rows written become the response."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
    get_argument_values,
)
from graphql.execution.values import VariableValues
from graphql.language import Visitor, visit

from synthdb.graphql.bindings import (
    ColumnField,
    Joining,
    MutationField,
    RelatedAggregate,
    RelationField,
    ResponseField,
    binding,
)
from synthdb.graphql.layouts import Connected, Layout, Member, Page, Rows, Shaper, Within, shaper
from synthdb.graphql.plans.collecting import Selected
from synthdb.graphql.plans.conditions import Conditions, object_of
from synthdb.graphql.plans.inserting import Inserting, conflict_of
from synthdb.graphql.plans.parts import Outcome, Parts
from synthdb.graphql.plans.reading import Reader
from synthdb.graphql.plans.slots import Open, Slot, filler
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import FullTableWrite, InvalidParameter, RequestError
from synthdb_host.expectations import Expected
from synthdb_host.operations import ColumnRef, Comparison, Delete, Filter, Output, Ref, Select, Update, and_all

__all__ = ["Write"]

_Given = Mapping[str, Any]

_MOST_SHAPERS: Final = 8


@dataclass(frozen=True, slots=True)
class _Returned:
    """What is read of the rows that are written, and the objects they become, for each field that gives them."""

    select: Select | None
    rows: tuple[Rows, ...]
    pages: tuple[Page, ...] = ()


class Write:
    """A root field that writes rows."""

    def __init__(self, field: Selected, root: MutationField, ref: Ref, most: int) -> None:
        self.field = field
        self.single = root.kind.endswith(("_one", "_key"))
        self.many = root.kind == "update_many"
        self._root, self._ref, self._most = root, ref, most
        self._conditional = frozenset(_in_conditions(field))
        self._slots: set[str] = set()
        self._fill: Callable[[_Given], Select] | None = None
        self._template: _Returned | None = None
        self._shapers: OrderedDict[object, tuple[object, list[Shaper]]] = OrderedDict()

    def prepare(self, names: Sequence[str]) -> None:
        """Make the select of what is given back ahead, with slots for the variables of these names."""
        try:
            template = self._read(VariableValues({}, {name: Slot(name) for name in names}))
        except (Open, RequestError, GraphQLError, TypeError):
            # With values it is tried again, and whatever is wrong then is the caller's.
            return
        if template.select is not None:
            self._fill = filler(template.select, self._slots)
        self._template = template

    def returned(self, variables: VariableValues) -> _Returned:
        """Give what is read of the rows.

        Raises:
            RequestError: an argument cannot be read.
        """
        values, template = variables.coerced, self._template
        if template is None or any(values.get(name) is None for name in self._slots):
            return self._read(variables)
        return template if self._fill is None else replace(template, select=self._fill(values))

    def _read(self, variables: VariableValues) -> _Returned:
        def arguments(item: Selected) -> _Given:
            assert item.definition is not None  # noqa: S101 - only fields of tables have arguments
            return get_argument_values(item.definition, item.nodes[0], variables)

        reader, table = Reader(arguments, self._ref, self._most), self._root.table.name
        if self.single:
            select, layout = reader.rows(self.field, table)
            return _Returned(select, (Rows("", layout, "one"),), tuple(reader.pages))
        found = _together([reader.rows(item, table) for item in self.field.fields if _part(item) == "returning"])
        return replace(found, pages=tuple(reader.pages))

    # -- what is done -----------------------------------------------------------------------------------

    def ref(self, variables: VariableValues) -> Ref:
        """Give the branch that is written to."""
        branch = (self._arguments(variables).get("at") or {}).get("branch")
        return self._ref if branch is None else Ref(branch)

    def _arguments(self, variables: VariableValues) -> _Given:
        assert self.field.definition is not None  # noqa: S101 - a root field is bound by its definition
        return get_argument_values(self.field.definition, self.field.nodes[0], variables)

    def write(self, parts: Parts, variables: VariableValues) -> tuple[Outcome, ...]:
        """Add what is to be done.

        Raises:
            RequestError: an argument cannot be read.
        """
        absent = sorted(self._conditional - variables.coerced.keys())
        if absent:
            raise FullTableWrite(
                f"Variable ${absent[0]} has no value, so that a condition would be left out.",
                hint="A write needs all its conditions.",
            )
        given, select = self._arguments(variables), self.returned(variables).select
        writing = _Writing(parts, self._root, select, self._types())
        return tuple(writing.outcomes(given))

    def _types(self) -> Mapping[str, Any]:
        assert self.field.definition is not None  # noqa: S101 - a root field is bound by its definition
        return self.field.definition.args

    # -- what is answered -------------------------------------------------------------------------------

    def objects(
        self, returned: _Returned, encoder: RowEncoder | None, rows: Sequence[Sequence[Any]]
    ) -> list[list[Any]]:
        """Give the objects that rows become, for each field that gives them."""
        if encoder is None:
            return [[] for _ in returned.rows]
        key = id(encoder), returned.pages
        known = self._shapers.get(key)
        if known is None or known[0] is not encoder:
            made = [shaper(item.layout, encoder.columns) for item in returned.rows]
            known = self._shapers[key] = encoder, made
            if len(self._shapers) > _MOST_SHAPERS:
                self._shapers.popitem(last=False)
        return [shape(rows) for shape in known[1]]

    def answer(self, affected: int, objects: Sequence[list[Any]]) -> object:
        """Give the value of the field, or of an item of it."""
        if self.single:
            return objects[0][0] if objects[0] else None
        lists, values = iter(objects), dict[str, object]()
        for item in self.field.fields:
            part = _part(item)
            values[item.key] = next(lists) if part == "returning" else affected if part else item.parent.name
        return values


def _part(item: Selected) -> str | None:
    bound = None if item.definition is None else binding(item.definition)
    return bound.part if isinstance(bound, ResponseField) else None


def _together(found: Sequence[tuple[Select, Layout]]) -> _Returned:
    """Read the rows of several fields by one select, in which the names of embeds are told apart."""
    if not found:
        return _Returned(None, ())
    outputs: dict[str, Output] = {}
    embeds = []
    rows = []
    for number, (select, layout) in enumerate(found):
        outputs |= {output.name: output for output in select.outputs}
        embeds += [replace(embed, name=f"{number}{embed.name}") for embed in select.embeds]
        rows.append(Rows("", _renamed(layout, f"{number}"), "many"))
    select = replace(found[0][0], outputs=tuple(outputs.values()), embeds=tuple(embeds), bare=not outputs)
    return _Returned(select, tuple(rows))


def _renamed(layout: Layout, prefix: str) -> Layout:
    def renamed(member: Member) -> Member:
        match member:
            case Rows() | Connected():
                return replace(member, column=f"{prefix}{member.column}")
            case Within(inner):
                return Within(_renamed(inner, prefix))
        return member

    return replace(layout, members=tuple([(key, renamed(member)) for key, member in layout.members]))


# -- one field -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Writing:
    """Adds the parts of one field."""

    parts: Parts
    root: MutationField
    returning: Select | None
    types: Mapping[str, Any]

    def outcomes(self, given: _Given) -> Iterator[Outcome]:
        """Add them; gives an outcome for each answer."""
        match self.root.kind:
            case "insert":
                yield self._insert(given["objects"], given, "objects")
            case "insert_one":
                yield self._insert([given["object"]], given, "object")
            case "update_many":
                type_ = object_of(self.types["updates"].type)
                for item in given["updates"]:
                    yield self._update(item, type_.fields)
            case "update":
                yield self._update(given, self.types)
            case "update_key":
                yield self._update_row(given)
            case "delete":
                first = len(self.parts)
                where = self._where(object_of(self.types["where"].type), given["where"])
                yield self._added(first, Delete(self.root.table.name, where, where is None, returning=self.returning))
            case "delete_key":
                pairs = [(binding(item), given.get(name)) for name, item in self.types.items()]
                where = _equal([(item.column.name, cell) for item, cell in pairs if isinstance(item, ColumnField)])
                delete = Delete(self.root.table.name, where, returning=self.returning, expected=_expected(given))
                yield self._added(len(self.parts), delete)

    def _insert(self, objects: Sequence[_Given], given: _Given, argument: str) -> Outcome:
        conflict = None
        if "on_conflict" in self.types:
            conflict = conflict_of(object_of(self.types["on_conflict"].type), given.get("on_conflict"))
        type_ = object_of(self.types[argument].type)
        return Inserting(self.parts).insert(type_, objects, conflict, self.returning)

    def _update(self, given: _Given, types: Mapping[str, Any]) -> Outcome:
        first, values = len(self.parts), _values(given, types)
        where = self._where(object_of(types["where"].type), given["where"])
        update = Update(self.root.table.name, values, where, where is None, returning=self.returning)
        return self._added(first, update)

    def _update_row(self, given: _Given) -> Outcome:
        type_ = object_of(self.types["pk_columns"].type)
        key = [(binding(type_.fields[name]).column.name, cell) for name, cell in given["pk_columns"].items()]
        update = Update(self.root.table.name, _values(given, self.types), _equal(key), returning=self.returning)
        return self._added(len(self.parts), replace(update, expected=_expected(given)))

    def _added(self, first: int, operation: Update | Delete) -> Outcome:
        shown = self.parts.add(operation)
        return Outcome((shown,), shown, first, len(self.parts))

    def _where(self, type_: GraphQLInputObjectType, given: _Given) -> Filter | None:
        """Read the condition; rows that others decide on are found first."""
        _require_conditions(type_, given)
        conditions, table = Conditions(), self.root.table
        where = conditions.where(type_, given)
        if not conditions.embeds:
            return where
        chosen = (Output(ColumnRef(table.identity), table.identity),)
        part = self.parts.add(Select(table.name, chosen, tuple(conditions.embeds), where))
        known = self.parts.reference(part, table.identity, every=True)
        return Comparison(ColumnRef(table.identity), "in", known)


def _values(given: _Given, types: Mapping[str, Any]) -> dict[str, object]:
    type_ = object_of(types["_set"].type)
    values = {binding(type_.fields[name]).column.name: value for name, value in (given.get("_set") or {}).items()}
    if not values:
        raise InvalidParameter("_set sets no column.")
    return values


def _equal(pairs: Sequence[tuple[str, object]]) -> Filter | None:
    return and_all(*[Comparison(ColumnRef(name), "eq", value) for name, value in pairs])


def _expected(given: _Given) -> Expected | None:
    version = given.get("if_version")
    # What stands behind a hyphen in an entity tag tells how the row is shown, not which version it is.
    return None if version is None else Expected(match=frozenset({version.strip('"').partition("-")[0]}))


# -- conditions that are meant ---------------------------------------------------------------------------


def _require_conditions(type_: GraphQLInputObjectType, given: _Given) -> None:
    """Refuse a condition that says nothing; only none at all means every row.

    Raises:
        FullTableWrite: there is one.
    """
    for name, value in given.items():
        field = type_.fields[name]
        bound = binding(field)
        if value is None or (not value and not isinstance(bound, RelationField)):
            raise FullTableWrite(f"{name} says nothing.", hint="Leave it out; where: {} means every row.")
        if isinstance(bound, Joining):
            for item in [value] if bound.word == "not" else value:
                if not item:
                    raise FullTableWrite(f"{name} says nothing.", hint="Leave it out; where: {} means every row.")
                _require_conditions(object_of(field.type), item)
        elif isinstance(bound, RelationField):
            _require_conditions(object_of(field.type), value)
        elif isinstance(bound, RelatedAggregate) and not (value.get("count") or {}).get("predicate"):
            raise FullTableWrite(f"{name} says nothing.", hint="Leave it out; where: {} means every row.")


def _in_conditions(field: Selected) -> Iterator[str]:
    """Name the variables on which a condition that is written out depends."""
    for argument in field.nodes[0].arguments or ():
        if argument.name.value == "where":
            yield from _variables(argument.value)
        elif argument.name.value == "updates":
            values = argument.value.values if isinstance(argument.value, ListValueNode) else (argument.value,)
            for item in values:
                fields = item.fields if isinstance(item, ObjectValueNode) else ()
                for part in fields:
                    if part.name.value == "where":
                        yield from _variables(part.value)


def _variables(node: ValueNode) -> set[str]:
    found = _Variables()
    visit(node, found)
    return found.names


class _Variables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        """Take note of a variable."""
        self.names.add(node.name.value)
