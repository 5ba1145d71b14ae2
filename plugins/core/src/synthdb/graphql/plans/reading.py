"""Fields of queries as selects, and how their rows become the response."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from synthdb.graphql.bindings import (
    AggregatePart,
    ColumnField,
    GlobalId,
    RelatedAggregate,
    RelatedConnection,
    RelationField,
    RootField,
    binding,
)
from synthdb.graphql.layouts import Cell, Connected, Constant, Layout, Member, Page, Rows, Token, Within
from synthdb.graphql.plans.aggregating import grouped, whole
from synthdb.graphql.plans.collecting import TYPENAME, Selected
from synthdb.graphql.plans.conditions import Conditions, object_of, settled
from synthdb.graphql.plans.connecting import page_layout, walk_over
from synthdb.graphql.plans.pages import limited, skipped
from synthdb.graphql.plans.slots import Open, Slot
from synthdb.graphql.tokens import read_token, read_values
from synthdb.graphql.types.registry import NODE_ID
from synthdb_host.catalog import Table
from synthdb_host.operations import ColumnRef, Comparison, Embed, Filter, Output, Ref, Select, and_all

__all__ = ["Arguments", "Part", "Reader", "Reading"]

Arguments = Callable[[Selected], Mapping[str, Any]]
"""Gives the values of a field's arguments."""

_Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows that are read by one select: a list, one or none, the only one there can be, or a page."""

    select: Select
    rows: Rows | Connected


@dataclass(frozen=True, slots=True)
class Reading:
    """What a root field reads.

    Without ``members`` it is its one part; else an object whose members are parts, by their numbers, or known bytes.
    ``pages`` are those of all connections, on which the layouts depend beside the field.
    """

    parts: tuple[Part, ...]
    members: tuple[tuple[str, int | bytes], ...] | None = None
    ref: Ref | None = None
    pages: tuple[Page, ...] = ()


class Reader:
    """Turns fields into selects.

    Args:
        arguments: gives the values of arguments, in which there may be slots.
        ref: the state that is read where a field names no other one.
        most: how many rows a list may have.
    """

    def __init__(self, arguments: Arguments, ref: Ref, most: int) -> None:
        self._arguments = arguments
        self._ref = ref
        self._most = most
        self.pages: list[Page] = []

    def root(self, field: Selected, root: RootField) -> Reading:
        """Read a field of the query root.

        Raises:
            RequestError: an argument cannot be read.
            Open: a variable decides on more than a value.
        """
        given = self._arguments(field)
        ref = self._at(given.get("at"))
        if root.kind == "aggregate":
            return self._aggregate(field, root, given, ref)
        if root.kind == "connection":
            part = self._connected(field, root.table, "")
            return Reading((replace(part, select=replace(part.select, ref=ref)),), None, ref, tuple(self.pages))
        select, layout = self.rows(field, root.table.name)
        if root.kind == "list":
            select = self._listed(field, select, given)
        else:
            select = replace(select, where=_key(field, given), limit=1)
        rows = Rows("", layout, "many" if root.kind == "list" else "one")
        return Reading((Part(replace(select, ref=ref), rows),), None, ref, tuple(self.pages))

    def node(self, field: Selected, table: Table) -> Reading:
        """Read the row of a table that a global id names.

        Raises:
            RequestError: an argument cannot be read.
            Open: a variable decides on more than a value.
        """
        columns = [table.column(name) for name in table.key]
        key = read_values(columns, read_token(settled(self._arguments(field)[NODE_ID]))[1])
        select, layout = self.rows(field, table.name)
        select = replace(select, where=_equal(zip(table.key, key, strict=True)), limit=1, ref=self._ref)
        return Reading((Part(select, Rows("", layout, "one")),), None, self._ref, tuple(self.pages))

    def _at(self, given: Any) -> Ref:  # noqa: ANN401 - an object, or a slot
        if given is None:
            return self._ref
        if isinstance(given, Slot) or any(isinstance(part, Slot) for part in given.values()):
            raise Open
        branch, moment = given.get("branch"), given.get("as_of")
        if branch is None:
            return self._ref if moment is None else replace(self._ref, at=moment)
        return Ref(branch, moment)

    def _aggregate(self, field: Selected, root: RootField, given: _Given, ref: Ref) -> Reading:
        parts: list[Part] = []
        members: list[tuple[str, int | bytes]] = []
        for item in field.fields:
            if item.name == TYPENAME:
                members.append((item.key, msgspec.json.encode(item.parent.name)))
                continue
            members.append((item.key, len(parts)))
            part = self._aggregate_part(field, item, root.table.name, given)
            parts.append(replace(part, select=replace(part.select, ref=ref)))
        return Reading(tuple(parts), tuple(members), ref, tuple(self.pages))

    def _aggregate_part(self, field: Selected, item: Selected, table: str, given: _Given) -> Part:
        """Read a part of an aggregate over the rows that its condition chooses."""
        assert field.definition is not None  # noqa: S101 - it is bound by its definition
        assert item.definition is not None  # noqa: S101 - what has none was seen before
        conditions = Conditions()
        where = conditions.where(object_of(field.definition.args["where"].type), given.get("where"))
        part: AggregatePart = binding(item.definition)
        own = self._arguments(item)
        if part.part == "nodes":
            select, layout = self.rows(item, table)
            select = self._sorted(item, select, own, conditions)
            rows = Rows("", layout, "many")
        elif part.part == "groups":
            select, layout = grouped(item, table, own, self._arguments, self._most)
            rows = Rows("", layout, "many")
        else:
            select, layout = whole(item, table, self._arguments)
            rows = Rows("", layout, "only")
        return Part(replace(select, where=where, embeds=(*select.embeds, *conditions.embeds)), rows)

    def rows(self, field: Selected, table: str) -> tuple[Select, Layout]:
        """Give what reads the fields of a row, and what puts them together."""
        needs = _Needs()
        layout = self._object(field, needs, "")
        return needs.select(table), layout

    def _object(self, field: Selected, needs: "_Needs", path: str) -> Layout:
        return Layout(tuple([(item.key, self._member(item, needs, path)) for item in field.fields]), field)

    def _member(self, item: Selected, needs: "_Needs", path: str) -> Member:
        if item.name == TYPENAME:
            return Constant(item.parent.name)
        assert item.definition is not None  # noqa: S101 - rows have no other meta field
        bound = binding(item.definition)
        if isinstance(bound, ColumnField):
            needs.column(bound.column.name)
            return Cell(bound.column.name, item)
        if isinstance(bound, GlobalId):
            for column in bound.table.key:
                needs.column(column)
            return Token(bound.table.name, bound.table.key)
        # No column is called so.
        name = f"{path}\n{item.key}"
        if isinstance(bound, RelationField):
            select, layout = self.rows(item, bound.relation.table)
            if bound.relation.many:
                select = self._listed(item, select, self._arguments(item))
            return needs.embed(bound, Part(select, Rows(name, layout, "many" if bound.relation.many else "one")))
        if isinstance(bound, RelatedConnection):
            return needs.embed(bound, self._connected(item, bound.table, name))
        given = self._arguments(item)
        members: list[tuple[str, Member]] = []
        for inner in item.fields:
            if inner.name == TYPENAME:
                members.append((inner.key, Constant(inner.parent.name)))
                continue
            part = self._aggregate_part(item, inner, bound.relation.table, given)
            rows = replace(part.rows, column=f"{name}\n{inner.key}")
            members.append((inner.key, needs.embed(bound, replace(part, rows=rows))))
        return Within(Layout(tuple(members), item))

    def _connected(self, field: Selected, table: Table, name: str) -> Part:
        """Read a page of a table's rows."""
        assert field.definition is not None  # noqa: S101 - a connection is bound by its definition
        given, types = self._arguments(field), field.definition.args
        conditions, needs = Conditions(), _Needs()
        where = conditions.where(object_of(types["where"].type), given.get("where"))
        order = conditions.order(object_of(types["order_by"].type), given.get("order_by"))
        walk = walk_over(table, order, given, self._most)
        layout = page_layout(field, walk, lambda item, path: self._object(item, needs, path))
        for column in walk.columns:
            needs.column(column)
        self.pages.append(walk.page)
        select = replace(
            needs.select(table.name),
            where=and_all(*[item for item in (where, walk.where) if item is not None]),
            order=walk.order,
            limit=walk.page.size + 1,
        )
        return Part(replace(select, embeds=(*select.embeds, *conditions.embeds)), Connected(name, layout, walk.page))

    def _listed(self, field: Selected, select: Select, given: _Given) -> Select:
        assert field.definition is not None  # noqa: S101 - a list is bound by its definition
        conditions = Conditions()
        where = conditions.where(object_of(field.definition.args["where"].type), given.get("where"))
        select = self._sorted(field, replace(select, where=where), given, conditions)
        return replace(select, embeds=(*select.embeds, *conditions.embeds))

    def _sorted(self, field: Selected, select: Select, given: _Given, conditions: Conditions) -> Select:
        """Sort and page rows; what that needs to be joined is left to the conditions."""
        assert field.definition is not None  # noqa: S101 - a list is bound by its definition
        order = conditions.order(object_of(field.definition.args["order_by"].type), given.get("order_by"))
        limit, offset = limited(given.get("limit"), self._most), skipped(given.get("offset"))
        return replace(select, order=order, limit=limit, offset=offset)


def _key(field: Selected, given: _Given) -> Filter | None:
    assert field.definition is not None  # noqa: S101 - a root field is bound by its definition
    pairs = [(binding(argument), given.get(name)) for name, argument in field.definition.args.items()]
    columns = [(bound.column.name, value) for bound, value in pairs if isinstance(bound, ColumnField)]
    return _equal(columns)


def _equal(pairs: Iterable[tuple[str, Any]]) -> Filter | None:
    return and_all(*[Comparison(ColumnRef(name), "eq", value) for name, value in pairs])


class _Needs:
    """What has to be read of the rows of a table."""

    def __init__(self) -> None:
        self._outputs: dict[str, Output] = {}
        self._embeds: list[Embed] = []

    def column(self, name: str) -> None:
        self._outputs.setdefault(name, Output(ColumnRef(name), name))

    def embed(self, bound: RelatedConnection | RelatedAggregate | RelationField, part: Part) -> Rows | Connected:
        relation = bound.relation
        self._embeds.append(Embed(part.rows.column, relation.local, relation.remote, relation.many, part.select))
        return part.rows

    def select(self, table: str) -> Select:
        outputs = tuple(self._outputs.values())
        return Select(table, outputs, tuple(self._embeds), bare=not outputs)
