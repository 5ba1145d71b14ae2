"""Objects that are inserted, with those within them, as parts of a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from graphql import GraphQLInputField, GraphQLInputObjectType

from synthdb.graphql.bindings import ColumnField, NestedField, TableType, binding
from synthdb.graphql.plans.conditions import Conditions, object_of
from synthdb.graphql.plans.parts import Outcome, Parts
from synthdb_host.catalog import Relation, Table
from synthdb_host.errors import InvalidParameter, TooComplex
from synthdb_host.operations import ColumnRef, Comparison, Insert, OnConflict, Select

__all__ = ["Inserting", "conflict_of"]

_DEEPEST: Final = 10

_Given = Mapping[str, Any]
_Nested = tuple[Relation, GraphQLInputObjectType, _Given]


def conflict_of(type_: GraphQLInputObjectType, given: _Given | None) -> OnConflict | None:
    """Read what happens to rows that are there already.

    Raises:
        InvalidParameter: the key is given twice, or the condition is on other rows.
    """
    if given is None:
        return None
    constraint, columns, update = (given.get(name) or () for name in ("constraint", "columns", "update_columns"))
    if constraint and columns:
        raise InvalidParameter("on_conflict names the unique key by its constraint or by its columns, not by both.")
    conditions = Conditions()
    where = conditions.where(object_of(type_.fields["where"].type), given.get("where"))
    if conditions.embeds:
        raise InvalidParameter("on_conflict has conditions on the row itself only.")
    if where is not None and not update:
        raise InvalidParameter("on_conflict has a condition, but no columns to update.")
    return OnConflict(tuple(constraint or columns), "merge" if update else "ignore", tuple(update) or None, where)


class Inserting:
    """Turns objects into parts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def insert(
        self, type_: GraphQLInputObjectType, objects: Sequence[_Given], conflict: OnConflict | None,
        returning: Select | None,
    ) -> Outcome:  # fmt: skip
        """Insert objects.

        Raises:
            InvalidParameter: what a nested object decides is given, too.
            TooComplex: they are nested too deeply, or are too many.
        """
        first, table = len(self._parts), _table(type_)
        if not _has_nested(type_, objects):
            shown = self._parts.add(replace(_plain(type_, objects), on_conflict=conflict, returning=returning))
            return Outcome((shown,), shown, first, len(self._parts))
        rows = [self._row(type_, item, conflict, {}, 1) for item in objects]
        counted = tuple(range(first, len(self._parts)))
        # Only now there are all that may be asked for of them.
        known = tuple([self._parts.reference(row, table.identity, every=True) for row in rows])
        select = returning or Select(table.name)
        where = Comparison(ColumnRef(table.identity), "in", known)
        shown = counted[0] if returning is None else self._parts.add(replace(select, where=where))
        return Outcome(counted, shown, first, len(self._parts))

    def _row(
        self, type_: GraphQLInputObjectType, item: _Given, conflict: OnConflict | None, given: _Given, depth: int
    ) -> int:
        """Insert one object: first what it refers to, then itself, then what refers to it."""
        if depth > _DEEPEST:
            raise TooComplex(f"Objects are nested more than {_DEEPEST} levels deep.")
        cells, before, after = _sorted_out(type_, item)
        for relation, nested, value in before:
            row_type, data_conflict = _data(nested, value)
            part = self._row(row_type, value["data"], data_conflict, {}, depth + 1)
            pairs = zip(relation.local, relation.remote, strict=True)
            cells = _joined(cells, {local: self._parts.reference(part, remote) for local, remote in pairs})
        table = _table(type_)
        part = self._parts.add(Insert.of(table.name, [_joined(cells, given)], conflict))
        for relation, nested, value in after:
            pairs = zip(relation.local, relation.remote, strict=True)
            self._rows(nested, value, {remote: self._parts.reference(part, local) for local, remote in pairs}, depth)
        return part

    def _rows(self, nested: GraphQLInputObjectType, value: _Given, given: _Given, depth: int) -> None:
        row_type, conflict = _data(nested, value)
        objects = value["data"]
        if _has_nested(row_type, objects):
            for item in objects:
                self._row(row_type, item, conflict, given, depth + 1)
        elif objects:
            rows = [_joined(_sorted_out(row_type, item)[0], given) for item in objects]
            self._parts.add(Insert.of(_table(row_type).name, rows, conflict))


def _table(type_: GraphQLInputObjectType) -> Table:
    found: TableType = binding(type_)
    return found.table


def _data(nested: GraphQLInputObjectType, value: _Given) -> tuple[GraphQLInputObjectType, OnConflict | None]:
    conflict: GraphQLInputField | None = nested.fields.get("on_conflict")
    found = None if conflict is None else conflict_of(object_of(conflict.type), value.get("on_conflict"))
    return object_of(nested.fields["data"].type), found


def _has_nested(type_: GraphQLInputObjectType, objects: Sequence[_Given]) -> bool:
    names = {name for item in objects for name in item}
    return any(isinstance(binding(type_.fields[name]), NestedField) for name in names)


def _plain(type_: GraphQLInputObjectType, objects: Sequence[_Given]) -> Insert:
    """Make an insert of objects without others within."""
    insert = Insert.of(_table(type_).name, objects)
    return replace(insert, columns=tuple([binding(type_.fields[name]).column.name for name in insert.columns]))


def _sorted_out(type_: GraphQLInputObjectType, item: _Given) -> tuple[dict[str, Any], list[_Nested], list[_Nested]]:
    """Give an object's own values, and what is nested in it: what it refers to, and what refers to it."""
    cells: dict[str, Any] = {}
    before: list[_Nested] = []
    after: list[_Nested] = []
    for name, value in item.items():
        field = type_.fields[name]
        match binding(field):
            case ColumnField(column):
                cells[column.name] = value
            case NestedField(relation) if value is not None:
                (after if relation.many else before).append((relation, object_of(field.type), value))
    return cells, before, after


def _joined(cells: Mapping[str, Any], given: _Given) -> dict[str, Any]:
    twice = sorted(cells.keys() & given.keys())
    if twice:
        raise InvalidParameter(
            f"{twice[0]!r} is decided by the row that this one is nested with.", hint="Leave it out of the object."
        )
    return {**cells, **given}
