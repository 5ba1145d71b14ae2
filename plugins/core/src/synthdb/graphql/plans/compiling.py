"""Operations made ready: the variables they take, and for each choice of what is skipped the plan that answers them."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final, Self

import msgspec
from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    VariableNode,
    get_argument_values,
    get_nullable_type,
    get_variable_values,
    is_leaf_type,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.language import DirectiveNode, Visitor, visit
from graphql.utilities import coerce_input_value

from synthdb.graphql.bindings import MutationField, NodeField, RootField, binding
from synthdb.graphql.layouts import Connected, Rows, Shaper, connected, is_plain, shaper
from synthdb.graphql.plans.collecting import TYPENAME, Collector, Selected
from synthdb.graphql.plans.reading import Arguments, Part, Reader, Reading
from synthdb.graphql.plans.slots import Open, Slot, filler
from synthdb.graphql.plans.writing import Write
from synthdb.graphql.tokens import read_token
from synthdb.graphql.types.registry import NODE_ID
from synthdb_host.catalog import Table
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import RequestError
from synthdb_host.operations import Ref, Select

__all__ = ["Fixed", "Foreign", "Introspecting", "Node", "Operation", "Plan", "Read", "Root", "find_operation"]


@dataclass(frozen=True, slots=True)
class Fixed:
    """A root field whose value is known."""

    field: Selected
    data: bytes


@dataclass(frozen=True, slots=True)
class Introspecting:
    """A root field about the schema itself."""

    field: Selected


@dataclass(frozen=True, slots=True)
class Foreign:
    """A root field of a plugin, which the executor answers."""

    field: Selected


@dataclass(frozen=True, slots=True)
class _Shaping:
    """Turns rows into objects; ``is_plain``: these are what the host's encoder writes of the same rows."""

    shape: Shaper
    is_plain: bool = False


class Read:
    """A root field that reads rows. Its selects are made anew where variables decide on more than values."""

    def __init__(self, field: Selected, read: Callable[[Reader, Selected], Reading], ref: Ref, most: int) -> None:
        self.field = field
        self._reads, self._ref, self._most = read, ref, most
        self._slots: set[str] = set()
        self._fillers: list[Callable[[Mapping[str, Any]], Select] | None] = []
        self._template: Reading | None = None
        self._bound: str | None = None
        self._shapers: OrderedDict[object, tuple[object, _Shaping]] = OrderedDict()

    @property
    def most_parts(self) -> int:
        """How many selects it may take: each part of an aggregate is one."""
        bound = None if self.field.definition is None else binding(self.field.definition)
        return len(self.field.fields) if isinstance(bound, RootField) and bound.kind == "aggregate" else 1

    def prepare(self, names: list[str]) -> None:
        """Make the selects ahead, with slots for the variables of these names."""
        slots = VariableValues({}, {name: Slot(name) for name in names})
        try:
            template = self._read(slots)
        except (Open, RequestError, GraphQLError, TypeError):
            # With values it is tried again, and whatever is wrong then is the caller's.
            return
        self._fill(template)

    def _fill(self, template: Reading) -> None:
        self._fillers = [filler(part.select, self._slots) for part in template.parts]
        self._template = template

    def reading(self, variables: VariableValues, bound: str | None = None) -> Reading:
        """Give what is read with these variables; ``bound`` is the version of the catalog that selects are bound to.

        Raises:
            RequestError: an argument cannot be read.
        """
        values, template = variables.coerced, self._template
        if template is None or any(values.get(name) is None for name in self._slots):
            reading = self._read(variables)
            return reading if bound is None else _bound(reading, bound)
        if bound != self._bound:
            # It changes seldom, and making a select anew costs more than filling it.
            template, self._bound = _bound(template, bound), bound
            self._fill(template)
        if not self._slots:
            return template
        pairs = zip(template.parts, self._fillers, strict=True)
        parts = tuple([part if fill is None else Part(fill(values), part.rows) for part, fill in pairs])
        return Reading(parts, template.members, template.ref, template.pages)

    def is_elsewhere(self, reading: Reading) -> bool:
        """Say whether another state is read than the one that the schema describes."""
        return reading.ref is not self._ref and reading.ref != self._ref

    def _read(self, variables: VariableValues) -> Reading:
        return self._reads(Reader(_arguments(variables), self._ref, self._most), self.field)

    def shaped(self, number: int, reading: Reading, encoder: RowEncoder) -> _Shaping:
        """Give what turns the rows of a part into objects; it is kept as long as the storage keeps its encoder."""
        # The layout of a part depends on variables only by its pages, but its columns may.
        key = id(encoder), number, reading.pages
        known = self._shapers.get(key)
        if known is None or known[0] is not encoder:
            known = self._shapers[key] = encoder, _shaping(reading.parts[number].rows, encoder)
            if len(self._shapers) > _MOST_SHAPERS:
                self._shapers.popitem(last=False)
        return known[1]


class Node:
    """A root field that reads a row by its global id, of the table that this names.

    Args:
        field: the field, without those of any table.
        types: the types of rows, by their tables.
        fields: gives the fields that are asked for of a type.
        ref: the state that is read where the field names no other one.
        most: how many rows a list may have.
    """

    def __init__(
        self,
        field: Selected,
        types: Mapping[str, GraphQLObjectType],
        fields: Callable[[GraphQLObjectType], tuple[Selected, ...]],
        ref: Ref,
        most: int,
    ) -> None:
        self.field = field
        self._types, self._fields, self._ref, self._most = types, fields, ref, most
        self._reads: dict[str, Read] = {}

    def read(self, variables: VariableValues) -> Read | None:
        """Give what reads the row; None: there is no such table.

        Raises:
            InvalidCursor: this is no global id.
        """
        name, _ = read_token(_arguments(variables)(self.field)[NODE_ID])
        if name not in self._types:
            return None
        if name not in self._reads:
            type_ = self._types[name]
            table: Table = binding(type_).table
            field = replace(self.field, fields=self._fields(type_))
            self._reads[name] = Read(field, lambda reader, item: reader.node(item, table), self._ref, self._most)
        return self._reads[name]


_MOST_PLANS: Final = 64
_MOST_SHAPERS: Final = 32

Root = Fixed | Foreign | Introspecting | Node | Read | Write


def _bound(reading: Reading, version: str | None) -> Reading:
    """Bind all selects to a version of the catalog."""
    parts = [Part(replace(part.select, bound=version), part.rows) for part in reading.parts]
    return replace(reading, parts=tuple(parts))


def _arguments(variables: VariableValues) -> Arguments:
    def arguments(item: Selected) -> Mapping[str, Any]:
        assert item.definition is not None  # noqa: S101 - only fields of tables have arguments
        return get_argument_values(item.definition, item.nodes[0], variables)

    return arguments


def _shaping(rows: Rows | Connected, encoder: RowEncoder) -> _Shaping:
    if isinstance(rows, Rows):
        return _Shaping(shaper(rows.layout, encoder.columns), is_plain=is_plain(rows.layout, encoder.columns))
    pages = connected(rows, encoder.columns)
    return _Shaping(lambda found: pages([found]))


@dataclass(frozen=True, slots=True)
class Plan:
    """How the root fields of an operation are answered, in order; ``several``: by more than one select."""

    roots: tuple[Root, ...]
    several: bool

    @classmethod
    def of(cls, roots: Iterable[Root]) -> Self:
        """Plan root fields."""
        found = tuple(roots)
        return cls(found, sum([root.most_parts for root in found if isinstance(root, Read)]) > 1)


@dataclass(slots=True)
class Operation:
    """One operation of a document. ``plans`` are kept by the ref, and by the variables that decide what is skipped."""

    schema: GraphQLSchema
    node: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    deciding: tuple[str, ...]
    plans: dict[object, Plan] = field(default_factory=dict)
    leaves: tuple[GraphQLVariableSignature, ...] = ()

    def variables(self, given: Mapping[str, Any]) -> VariableValues | list[GraphQLError]:
        """Coerce variables; gives errors where they do not fit."""
        if self.leaves and (values := _leaf_values(self.leaves, given)) is not None:
            return values
        found = get_variable_values(self.schema, self.node.variable_definitions or (), dict(given))
        if not self.leaves and not isinstance(found, list):
            signatures = tuple([source.signature for source in found.sources.values()])
            if all(is_leaf_type(get_nullable_type(one.type)) for one in signatures):
                self.leaves = signatures
        return found

    def plan(self, variables: VariableValues, ref: Ref, most: int) -> Plan:
        """Give the plan for these variables.

        Raises:
            GraphQLError: a directive has no value.
        """
        key = (ref, *[variables.coerced.get(name) for name in self.deciding])
        found = self.plans.get(key)
        if found is None:
            found = Plan.of(self._roots(variables, ref, most))
            if len(self.plans) >= _MOST_PLANS:
                self.plans.clear()
            self.plans[key] = found
        return found

    def _roots(self, variables: VariableValues, ref: Ref, most: int) -> Iterator[Root]:
        root = self.schema.get_root_type(self.node.operation)
        assert root is not None  # noqa: S101 - validation has seen that there is one
        names = [item.variable.name.value for item in self.node.variable_definitions or ()]
        collector = Collector(self.schema, self.fragments, variables)
        for item in collector.fields(root, [self.node.selection_set]):
            if item.name == TYPENAME:
                yield Fixed(item, msgspec.json.encode(root.name))
            elif item.definition is None:
                yield Introspecting(item)
            elif binding(item.definition) is None:
                yield Foreign(item)
            elif isinstance(binding(item.definition), NodeField):
                yield Node(item, self._node_types(), partial(collector.fields_of, item.nodes), ref, most)
            else:
                yield _prepared(item, names, ref, most)

    def _node_types(self) -> Mapping[str, GraphQLObjectType]:
        node = self.schema.get_type("Node")
        assert isinstance(node, GraphQLInterfaceType)  # noqa: S101 - the field gives it
        return {binding(type_).table.name: type_ for type_ in self.schema.get_possible_types(node)}


def _leaf_values(leaves: Iterable[GraphQLVariableSignature], given: Mapping[str, Any]) -> VariableValues | None:
    """Coerce variables of which each is one value that is there; None: one is not, or does not fit."""
    sources, coerced = {}, {}
    for leaf in leaves:
        value = given.get(leaf.name)
        if value is None:
            return None
        sources[leaf.name] = VariableValueSource(leaf, value)
        fit = coerced[leaf.name] = coerce_input_value(value, leaf.type)
        if fit is Undefined:
            return None
    return VariableValues(sources, coerced)


def _prepared(item: Selected, names: list[str], ref: Ref, most: int) -> Read | Write:
    assert item.definition is not None  # noqa: S101 - what has none was seen before
    bound = binding(item.definition)
    if isinstance(bound, MutationField):
        found: Read | Write = Write(item, bound, ref, most)
    else:
        found = Read(item, lambda reader, field: reader.root(field, bound), ref, most)
    found.prepare(names)
    return found


def find_operation(schema: GraphQLSchema, document: DocumentNode, name: str | None) -> Operation:
    """Give the operation of a name, or the only one.

    Raises:
        GraphQLError: there is none, or there are several.
    """
    operations = [item for item in document.definitions if isinstance(item, OperationDefinitionNode)]
    fragments = {item.name.value: item for item in document.definitions if isinstance(item, FragmentDefinitionNode)}
    if name is not None:
        operations = [item for item in operations if item.name is not None and item.name.value == name]
        if not operations:
            raise GraphQLError(f"Unknown operation named '{name}'.")
    if len(operations) != 1:
        raise GraphQLError(
            "Must provide operation name if query contains multiple operations."
            if operations
            else "Must provide an operation."
        )
    deciding = _Deciding()
    visit(document, deciding)
    return Operation(schema, operations[0], fragments, tuple(sorted(deciding.found)))


class _Deciding(Visitor):
    """Finds the variables of directives."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: object) -> None:
        """Look at a directive's arguments."""
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.found.add(argument.value.name.value)
