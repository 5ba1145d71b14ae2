"""What differs between two places: rows, cells, paths into JSON, and the schema."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from synthdb.catalog.model import StoredTable
from synthdb.catalog.places import Place
from synthdb.engine.versions.alignment import Reading, reading_of
from synthdb.engine.versions.images import Row, changed_ids, chunks, fetch
from synthdb.engine.versions.past import Past
from synthdb.engine.versions.results import Cell, Key, Shown, result
from synthdb.engine.versions.schema_diffs import schema_changes
from synthdb_host.contracts import Result
from synthdb_host.errors import UnknownTable
from synthdb_host.versions import Diff

__all__ = ["RowChange", "TableDiff", "diff", "pairs_of"]

_ROWS: Final = (("table", "text"), ("key", "json"), ("change", "text"), ("old", "json"), ("new", "json"))
_CELLS: Final = (
    ("table", "text"), ("key", "json"), ("change", "text"), ("column", "text"), ("path", "text"), ("old", "json"),
    ("new", "json"),
)  # fmt: skip
_SUMMARY: Final = (("table", "text"), ("inserted", "integer"), ("updated", "integer"), ("deleted", "integer"))
_SCHEMA: Final = (
    ("table", "text"), ("column", "text"), ("change", "text"), ("property", "text"), ("old", "json"), ("new", "json"),
)  # fmt: skip

_Pair = tuple[StoredTable | None, StoredTable | None]


class RowChange(NamedTuple):
    """A row before and after; None where there is none."""

    id: Any
    old: Row | None
    new: Row | None

    @property
    def kind(self) -> str:
        """Name the change."""
        return "insert" if self.old is None else "delete" if self.new is None else "update"


class TableDiff:
    """The rows of one table that differ between two places. A table that one of them lacks has no rows there."""

    def __init__(self, driver: sqlite3.Connection, pair: _Pair, a: Place, b: Place) -> None:
        old, new = pair
        known = new or old
        if known is None:
            raise ValueError("a table is in one of the places at least")
        self.name = known.name
        self.old, self.new = Shown(old or known), Shown(new or known)
        self._driver, self._pair, self._places = driver, pair, (a, b)
        self._known = known

    def __iter__(self) -> Iterator[RowChange]:
        """Give the changes, in order of identity."""
        reading = reading_of(self.old.columns, self.new.columns)
        for ids in chunks(changed_ids(self._driver, self._known, *self._places)):
            before, after = self._fetch(self._pair[0], self.old, ids), self._fetch(self._pair[1], self.new, ids)
            for row_id in ids:
                old, new = before.get(row_id), after.get(row_id)
                if old != new and (reading.is_plain or not _is_same(reading, old, new)):
                    yield RowChange(row_id, old, new)

    def _fetch(self, table: StoredTable | None, shown: Shown, ids: Sequence[Any]) -> dict[Any, Row]:
        return {} if table is None else fetch(self._driver, table, shown.columns, ids)

    def key(self, change: RowChange) -> Key:
        """Give the key of a changed row."""
        if change.new is not None:
            return self.new.key(change.new)
        return self.old.key(change.old or ())

    def cells(self, change: RowChange) -> Iterator[tuple[str, str | None, Any, Any]]:
        """Give the name, the path, the old and the new value of each cell that differs."""
        old = {
            column.root: Cell(column, value) for column, value in zip(self.old.columns, change.old or (), strict=False)
        }
        new = {
            column.root: Cell(column, value) for column, value in zip(self.new.columns, change.new or (), strict=False)
        }
        for column_id in dict.fromkeys([*new, *old]):
            before, after = old.get(column_id), new.get(column_id)
            if before is None or after is None or before.python() != after.python():
                shown = after or before
                if shown is not None and (getattr(before, "stored", None), getattr(after, "stored", None)) != (
                    None,
                    None,
                ):
                    yield from _paths(shown.column.name, before, after)


def _is_same(reading: Reading, old: Row | None, new: Row | None) -> bool:
    return old is not None and new is not None and reading(old) == new


def _paths(name: str, before: Cell | None, after: Cell | None) -> Iterator[tuple[str, str | None, Any, Any]]:
    """Look into JSON objects that were changed; anything else is one change."""
    values = [None if cell is None or cell.stored is None else cell for cell in (before, after)]
    if all(cell is not None and cell.column.codec.type.name == "json" for cell in values):
        old, new = (msgspec.json.decode(cell.stored) for cell in values if cell is not None)
        yield from ((name, path, a, b) for path, a, b in _json_changes("$", old, new))
    else:
        yield name, None, before, after


def _json_changes(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - JSON
    if not isinstance(old, dict) or not isinstance(new, dict):
        if old != new or type(old) is not type(new):
            yield path, old, new
        return
    for key in dict.fromkeys([*old, *new]):
        yield from _json_changes(f"{path}.{key}", old.get(key), new.get(key))


def pairs_of(past: Past, a: Place, b: Place) -> dict[int, _Pair]:
    """Give the tables of two places, paired by id."""
    old, new = past.tables(a), past.tables(b)
    return {table_id: (old.get(table_id), new.get(table_id)) for table_id in sorted(old.keys() | new.keys())}


def diff(
    past: Past,
    operation: Diff,
    a: Place,
    b: Place,
    hidden: frozenset[str],
    visible: frozenset[int] | None,
) -> Result:
    """Compare two places; tables in ``hidden``, or not among ``visible`` (None: all), are not for the caller.

    Raises:
        UnknownTable: a table asked for is in neither.
    """
    known = {key: pair for key, pair in pairs_of(past, a, b).items() if visible is None or key in visible}
    pairs = _chosen(known, operation.tables, hidden)
    if operation.detail == "schema":
        return result(_SCHEMA, schema_changes(pairs))
    tables = [TableDiff(past.driver, pair, a, b) for pair in pairs]
    if operation.detail == "summary":
        return result(_SUMMARY, [row for table in tables if any((row := _counted(table))[1:])])
    rows = _cell_rows(tables) if operation.detail == "cells" else _change_rows(tables)
    found = (
        list(rows) if operation.limit is None else [row for row, _ in zip(rows, range(operation.limit), strict=False)]
    )
    return result(_CELLS if operation.detail == "cells" else _ROWS, found)


def _chosen(pairs: dict[int, _Pair], tables: Sequence[str], hidden: frozenset[str]) -> list[_Pair]:
    names = {table_id: {table.name for table in pair if table is not None} for table_id, pair in pairs.items()}
    for name in tables:
        if name in hidden or not any(name in known for known in names.values()):
            raise UnknownTable(f"There is no table {name!r}.", data={"table": name})
    return [
        pair
        for table_id, pair in pairs.items()
        if not names[table_id] & hidden and (not tables or names[table_id].intersection(tables))
    ]


def _counted(table: TableDiff) -> Row:
    counts = {"insert": 0, "update": 0, "delete": 0}
    for change in table:
        counts[change.kind] += 1
    return (table.name, *counts.values())


def _change_rows(tables: Sequence[TableDiff]) -> Iterator[Row]:
    for table in tables:
        name, old, new = table.name, table.old, table.new
        for change in table:
            yield name, table.key(change), change.kind, old.image(change.old), new.image(change.new)


def _cell_rows(tables: Sequence[TableDiff]) -> Iterator[Row]:
    for table in tables:
        for change in table:
            key = table.key(change)
            for name, path, old, new in table.cells(change):
                yield table.name, key, change.kind, name, path, old, new
