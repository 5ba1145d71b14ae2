"""Every version of a row, and who made it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from synthdb.catalog.model import StoredTable
from synthdb.catalog.places import Place, place_of
from synthdb.engine.naming import quote
from synthdb.engine.versions.images import Row, fork_of
from synthdb.engine.versions.keys import last_identity_of
from synthdb.engine.versions.past import Past
from synthdb.engine.versions.results import Cell, Shown, result
from synthdb.storage.layout import MAIN
from synthdb_host.contracts import Result
from synthdb_host.errors import NotFound
from synthdb_host.versions import History

__all__ = ["Version", "history", "last_version", "versions"]

_ROW: Final = (
    ("commit", "text"), ("at", "timestamp"), ("branch", "text"), ("author", "text"), ("message", "text"),
    ("change", "text"), ("row", "json"),
)  # fmt: skip
_CELL: Final = (*_ROW[:-1], ("value", "json"))
_EVER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Version:
    """What a commit made of a row; ``values`` are those of all physical columns, None where it was deleted."""

    commit: int
    kind: str
    values: Row | None


def versions(driver: sqlite3.Connection, table: StoredTable, place: Place, row_id: Any) -> list[Version]:  # noqa: ANN401 - any identity or value
    """Give the versions of a row that led to a place, the oldest first."""
    found: list[Version] = []
    for layer in reversed(place.layers):
        bound = _EVER if layer.bound is None else layer.bound
        rows = _main(driver, table, row_id) if layer.branch == MAIN else _branch(driver, table, row_id, layer.branch)
        fork = fork_of(driver, layer.branch)
        own = (version for version in rows if fork < version.commit <= bound)
        found += sorted(own, key=lambda version: version.commit)
    return found


def last_version(driver: sqlite3.Connection, table: StoredTable, place: Place, row_id: Any) -> Version | None:  # noqa: ANN401 - any identity or value
    """Give the newest version of a row, None if there never was one."""
    found = versions(driver, table, place, row_id)
    return found[-1] if found else None


def _main(driver: sqlite3.Connection, table: StoredTable, row_id: Any) -> Iterator[Version]:  # noqa: ANN401 - any identity or value
    names, identity = _values(table), quote(table.identity.physical)
    now = driver.execute(
        f"SELECT _tx, _created, {names} FROM {quote(table.physical)} WHERE {identity} = ?", (row_id,)
    ).fetchall()
    past = driver.execute(
        f"SELECT _from, _created, _to, _op, {names} FROM {quote(table.history)} "
        f"WHERE {identity} = ? AND branch = {MAIN}",
        (row_id,),
    ).fetchall()
    for commit, created, *values in now:
        yield Version(commit, "insert" if commit == created else "update", tuple(values))
    for commit, created, ended, operation, *values in past:
        yield Version(commit, "insert" if commit == created else "update", tuple(values))
        if operation == "d":
            yield Version(ended, "delete", None)


def _branch(driver: sqlite3.Connection, table: StoredTable, row_id: Any, branch: int) -> Iterator[Version]:  # noqa: ANN401 - any identity or value
    if driver.execute("SELECT 1 FROM _layer WHERE table_id = ? AND branch = ?", (table.id, branch)).fetchone() is None:
        return
    names, identity = _values(table), quote(table.identity.physical)
    rows = driver.execute(
        f"SELECT _tx, _created, _del, {names} FROM {quote(table.overlay)} WHERE {identity} = ?1 AND branch = ?2 "
        f"UNION ALL SELECT _from, _created, _del, {names} FROM {quote(table.history)} "
        f"WHERE {identity} = ?1 AND branch = ?2",
        (row_id, branch),
    )
    for commit, created, deleted, *values in rows.fetchall():
        kind = "delete" if deleted else "insert" if commit == created else "update"
        yield Version(commit, kind, None if deleted else tuple(values))


def _values(table: StoredTable) -> str:
    return ", ".join(table.unfilled.value(name) for name in table.stored)


def history(driver: sqlite3.Connection, table: StoredTable, place: Place, operation: History) -> Result:
    """Give every version of a row, or every change of a cell, the newest first.

    Raises:
        NotFound: no row ever had this key.
        UnknownColumn: the table has no such column.
    """
    row_id = last_identity_of(driver, table, operation.key, place.chain)
    telling = None if row_id is None else _Telling(driver, table, row_id, operation.column)
    lines = [] if telling is None else list(telling.lines(place))
    if not lines:
        raise NotFound(f"No row of {table.name!r} ever had the key {list(operation.key)}.")
    newest = list(reversed(lines))[: operation.limit]
    return result(_ROW if operation.column is None else _CELL, newest)


class _Telling:
    """Tells the history of one row, or of one of its cells."""

    def __init__(self, driver: sqlite3.Connection, table: StoredTable, row_id: Any, column: str | None) -> None:  # noqa: ANN401 - any identity or value
        self._driver = driver
        self._table = table
        self._row_id = row_id
        self._column = None if column is None else table.column(column)
        self._past = Past(driver)

    def lines(self, place: Place) -> Iterator[Row]:
        """Give the lines, the oldest first."""
        for version in self._told(place):
            origin = self._origin(version, place)
            commit, at, branch, author, message = self._driver.execute(
                "SELECT t.id, t.at, b.name, t.author, t.message FROM _tx t JOIN _branch b ON b.id = t.branch "
                "WHERE t.id = ?",
                (origin,),
            ).fetchone()
            yield str(commit), at, branch, author, message, version.kind, self._cell(version, place)

    def _told(self, place: Place) -> list[Version]:
        """Give all versions, or with a column only those in which its value is another."""
        found = versions(self._driver, self._table, place, self._row_id)
        if self._column is None:
            return found
        told: list[Version] = []
        last: object = None
        for version in found:
            value = self._value(version, place)
            if version.kind != "update" or value != last:
                told.append(version)
            last = value
        return told

    def _table_then(self, version: Version, place: Place) -> StoredTable:
        return self._past.tables(place.until(version.commit)).get(self._table.id, self._table)

    def _value(self, version: Version, place: Place) -> object:
        cell = self._cell(version, place)
        return cell.python() if isinstance(cell, Cell) else None

    def _cell(self, version: Version, place: Place) -> Any:  # noqa: ANN401 - a cell of a result
        if version.values is None:
            return None
        then = self._table_then(version, place)
        by_name = dict(zip(self._table.stored, version.values, strict=True))
        if self._column is None:
            shown = Shown(then)
            return shown.image(tuple(by_name[column.physical] for column in shown.columns))
        own = next((column for column in then.columns.values() if column.root == self._column.root), None)
        return None if own is None else Cell(own, by_name[own.physical])

    def _origin(self, version: Version, place: Place) -> int:
        """Give the commit that first made a change that came with a merge."""
        row = self._driver.execute(
            "SELECT m.parent2, o.branch FROM _tx m JOIN _tx o ON o.id = m.parent2 WHERE m.id = ?", (version.commit,)
        ).fetchone()
        if row is None:
            return version.commit
        source = place_of(self._driver, row[1]).until(row[0])
        there = [item for item in self._told(source) if self._is_alike(item, version, source, place)]
        return self._origin(there[-1], source) if there else version.commit

    def _is_alike(self, there: Version, here: Version, source: Place, place: Place) -> bool:
        if there.values is None or here.values is None:
            return there.values is here.values
        if self._column is None:
            # Where the values of a widened column lie, is another matter.
            return self._by_root(there, source) == self._by_root(here, place)
        return self._value(there, source) == self._value(here, place)

    def _by_root(self, version: Version, place: Place) -> dict[int, object]:
        """Give the values that a version shows, where there are any, by what their columns were once."""
        stored = dict(zip(self._table.stored, version.values or (), strict=True))
        columns = self._table_then(version, place).columns.values()
        cells = {column.root: Cell(column, stored[column.physical]).python() for column in columns}
        return {root: value for root, value in cells.items() if value is not None}
