"""Selects: find rows with their relatives, sort and cut them, and lay them out as tuples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.errors import InvalidSelect, UnknownRelation
from synthdb_host.operations import HEAD, Aggregate, ColumnRef, Embed, Order, Output, Position, Select
from synthdb_memory.aggregation import aggregator
from synthdb_memory.columns import resolve
from synthdb_memory.conditions import Predicate, compile_filter
from synthdb_memory.positions import Key, is_after, position_of
from synthdb_memory.refs import check_ref
from synthdb_memory.state import Row
from synthdb_memory.visibility import View

__all__ = ["Candidate", "select", "written"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row with the rows that each embed found for it."""

    values: Row
    related: Mapping[str, list["Candidate"]]


Cells = Callable[[list[Candidate]], list[Any]]
"""Gives one or more neighbouring cells of the output row of a group; a plain row is a group of one."""


def select(view: View, operation: Select, commit: str | None = None) -> Result:
    """Run a select; ``commit`` is the state that it is run on, where there are several."""
    check_ref(operation.ref)
    candidates = _find(view, operation)
    groups = _groups(view, operation, candidates)
    total = len(groups) if operation.count else None
    result = _result(view, operation, groups, total)
    if not operation.positioned or not result.rows or len(result.rows) != operation.limit:
        return result
    return replace(result, position=_Layout(view, operation).position(groups, commit))


def written(view: View, operation: Select, rows: Sequence[Row]) -> Result:
    """Lay out rows that were just written; only outputs, embeds and order of the select count."""
    shape = Select(
        operation.table, operation.outputs, operation.embeds, order=operation.order, ref=HEAD, bare=operation.bare
    )
    candidates = _filtered(view, shape, rows)
    return _result(view, shape, _groups(view, shape, candidates), None)


def _result(view: View, operation: Select, groups: list[list[Candidate]], total: int | None) -> Result:
    layout = _Layout(view, operation)
    encoder = RowEncoder(layout.columns)
    if not operation.versions or _is_aggregate(operation):
        return Result(encoder, layout.rows(groups), total)
    layout.show_versions()
    rows = layout.rows(groups)
    return Result(encoder, [row[:-1] for row in rows], total, versions=tuple(row[-1] for row in rows))


# -- finding ---------------------------------------------------------------------------------------------


def _find(view: View, operation: Select) -> list[Candidate]:
    return _filtered(view, operation, [row for _, row in view.rows(operation.table)])


def _filtered(view: View, operation: Select, rows: Sequence[Row]) -> list[Candidate]:
    finders = {embed.name: _finder(view, operation, embed) for embed in operation.embeds}
    candidates = [Candidate(row, {name: find(row) for name, find in finders.items()}) for row in rows]
    inner = [embed.name for embed in operation.embeds if embed.inner]
    holds = compile_filter(operation.where, _CandidateScope(view, operation)) if operation.where else None
    return [
        candidate
        for candidate in candidates
        if all(candidate.related[name] for name in inner) and (holds is None or holds(candidate) is True)
    ]


def _finder(view: View, outer: Select, embed: Embed) -> Callable[[Row], list[Candidate]]:
    local, remote = view.state.table(outer.table).schema, view.state.table(embed.select.table).schema
    for name in embed.local:
        local.column(name)
    for name in embed.remote:
        remote.column(name)
    index: dict[tuple[Any, ...], list[Candidate]] = {}
    for candidate in _find(view, embed.select):
        index.setdefault(tuple(candidate.values[name] for name in embed.remote), []).append(candidate)

    def find(row: Row) -> list[Candidate]:
        key = tuple(row[name] for name in embed.local)
        return [] if None in key else index.get(key, [])

    return find


class _CandidateScope:
    """Names in a condition over rows with their embeds."""

    def __init__(self, view: View, operation: Select) -> None:
        self._table = view.table(operation.table)
        self._embeds = {embed.name for embed in operation.embeds}

    def resolve(self, source: ColumnRef | Aggregate) -> tuple[ColumnType, Callable[[Candidate], Any]]:
        if isinstance(source, Aggregate):
            raise InvalidSelect("An aggregate can only be compared in 'having'.")
        column_type, getter = resolve(self._table, source)
        return column_type, lambda candidate: getter(candidate.values)

    def exists(self, embed: str) -> Predicate:
        if embed not in self._embeds:
            raise UnknownRelation(f"There is no embed {embed!r} in this select.")
        return lambda candidate: bool(candidate.related[embed])

    def count(self, embed: str) -> Callable[[Candidate], int]:
        self.exists(embed)
        return lambda candidate: len(candidate.related[embed])


# -- grouping --------------------------------------------------------------------------------------------


def _is_aggregate(operation: Select) -> bool:
    return any(isinstance(output.source, Aggregate) for output in operation.outputs)


def _groups(view: View, operation: Select, candidates: list[Candidate]) -> list[list[Candidate]]:
    """Put rows that share the grouping outputs together; without aggregates every row is a group of one."""
    if not _is_aggregate(operation):
        return [[candidate] for candidate in candidates]
    layout = _Layout(view, operation)
    if not layout.keys:
        groups = [candidates]
    else:
        found: dict[bytes, list[Candidate]] = {}
        for candidate in candidates:
            found.setdefault(layout.key([candidate]), []).append(candidate)
        groups = list(found.values())
    if operation.having is None:
        return groups
    holds = compile_filter(operation.having, _GroupScope(view, operation))
    return [group for group in groups if holds(group) is True]


class _GroupScope:
    """Names in a condition over groups."""

    def __init__(self, view: View, operation: Select) -> None:
        self._table = view.table(operation.table)

    def resolve(self, source: ColumnRef | Aggregate) -> tuple[ColumnType, Callable[[list[Candidate]], Any]]:
        if isinstance(source, Aggregate):
            column_type, calculate = aggregator(self._table, source)
            return column_type, lambda group: calculate([candidate.values for candidate in group])
        column_type, getter = resolve(self._table, source)
        return column_type, lambda group: getter(group[0].values)

    def exists(self, embed: str) -> Predicate:
        raise UnknownRelation(f"'having' cannot ask for the embed {embed!r}.")

    def count(self, embed: str) -> Callable[[list[Candidate]], int]:
        raise UnknownRelation(f"'having' cannot ask for the embed {embed!r}.")


# -- laying out ------------------------------------------------------------------------------------------


class _Layout:
    """How the groups of one select become sorted, cut tuples."""

    def __init__(self, view: View, operation: Select) -> None:
        self._view, self._operation = view, operation
        self._table = view.table(operation.table)
        self._scope = _GroupScope(view, operation)
        self.columns: list[ResultColumn] = []
        self._cells: list[Cells] = []
        self.keys: list[Cells] = []
        for output in operation.outputs or (() if operation.bare else self._every_column()):
            self._output(output)
        for embed in operation.embeds:
            if not embed.hidden:
                self._embed(embed)

    def _every_column(self) -> list[Output]:
        return [Output(ColumnRef(column.name), column.name) for column in self._table.columns]

    def _output(self, output: Output) -> None:
        column_type, getter = self._scope.resolve(output.source)
        cells: Cells = lambda group: [getter(group)]  # noqa: E731 - closes over this output
        self.columns.append(ResultColumn.of_python(output.name, column_type))
        self._cells.append(cells)
        if not isinstance(output.source, Aggregate):
            self.keys.append(cells)

    def _embed(self, embed: Embed) -> None:
        inner = _Layout(self._view, embed.select)
        nested = tuple(inner.columns)
        if embed.spread:
            self.columns += nested
        else:
            column = ResultColumn(embed.name, ColumnType("json"), nested=nested, many=embed.many)
            self.columns.append(column)

        def cells(group: list[Candidate]) -> list[Any]:
            found = inner.rows(_groups(self._view, embed.select, group[0].related[embed.name]))
            if embed.spread:
                return list(found[0]) if found else [None] * len(nested)
            return [found] if embed.many else [found[0] if found else None]

        self._cells.append(cells)
        self.keys.append(cells)

    def show_versions(self) -> None:
        """Give the version of each row behind its cells."""
        stored = self._view.state.table(self._table.name)
        self._cells.append(lambda group: [self._view.state.row_version(stored, group[0].values)])

    def key(self, group: list[Candidate]) -> bytes:
        """Give what two rows of one group have in common."""
        return msgspec.json.encode([cells(group) for cells in self.keys])

    def rows(self, groups: list[list[Candidate]]) -> list[tuple[Any, ...]]:
        """Sort and cut the groups and make a tuple of each."""
        return [tuple(cell for cells in self._cells for cell in cells(group)) for group in self._page(groups)]

    def _page(self, groups: list[list[Candidate]]) -> list[list[Candidate]]:
        operation, after = self._operation, self._operation.after
        ordered = list(groups)
        for key in reversed(self._sort_keys()):
            ordered.sort(key=key.of, reverse=key.descending)
        if after is not None and after.row:
            keys = self._total_keys()
            ordered = [group for group in ordered if is_after(keys, group, after.row)]
        end = None if operation.limit is None else operation.offset + operation.limit
        return ordered[operation.offset : end]

    def position(self, groups: list[list[Candidate]], commit: str | None) -> Position:
        """Say where the page ends."""
        is_row = not _is_aggregate(self._operation) and self._table.identity in self._table.by_name
        keys = self._total_keys() if is_row else []
        return position_of(keys, self._page(groups)[-1], commit, is_row=is_row)

    def _sort_keys(self) -> list[Key]:
        return [self._sort_key(order) for order in self._operation.order]

    def _total_keys(self) -> list[Key]:
        """Give the keys with the identity, by which rows come where all else is equal."""
        return [*self._sort_keys(), self._sort_key(Order(ColumnRef(self._table.identity)))]

    def _sort_key(self, order: Order) -> Key:
        nulls_first = order.nulls == "first" if order.nulls else order.descending
        return Key(*self._order_value(order), order.descending, nulls_first)

    def _order_value(self, order: Order) -> tuple[ColumnType, Callable[[list[Candidate]], Any]]:
        if order.embed is not None:
            return self._embed_value(order.embed, order.column)
        for output in self._operation.outputs:
            if isinstance(output.source, Aggregate) and output.name == order.column.name:
                return self._scope.resolve(output.source)
        return self._scope.resolve(order.column)

    def _embed_value(self, name: str, column: ColumnRef) -> tuple[ColumnType, Callable[[list[Candidate]], Any]]:
        embed = next((item for item in self._operation.embeds if item.name == name), None)
        if embed is None or embed.many:
            raise UnknownRelation(f"There is no to-one embed {name!r} to sort by.")
        column_type, getter = resolve(self._view.table(embed.select.table), column)

        def value(group: list[Candidate]) -> Any:
            found = group[0].related[name]
            return getter(found[0].values) if found else None

        return column_type, value
