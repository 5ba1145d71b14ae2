"""Widening a column without rewriting its table: the new physical column is filled in many small transactions.

A column is deferred if its table is large and every value of the old type has a counterpart in the new one, so that
nothing can turn out not to fit. One of a unique key is not: its index must hold every value at each write.
"""

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from synthdb.catalog.backfills import Backfill, Unfilled, read_backfills
from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.catalog.records import TableRecord
from synthdb.catalog.store import bump_catalog
from synthdb.engine.indexes import PhysicalIndex, create_index, drop_index
from synthdb.engine.naming import quote
from synthdb.engine.session import Session
from synthdb.storage.codecs import codec_of
from synthdb.storage.conversions import is_total
from synthdb.storage.layout import MAIN
from synthdb_host import versions
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter

__all__ = ["PlannedIndex", "backfill", "defer", "fill", "forget", "is_deferred", "plan_index"]

_MOST: Final = 100_000
_MOST_WAITING: Final = 3
"""Columns from which values may come one through the other: each makes the expression that reads them longer."""


class PlannedIndex(msgspec.Struct, frozen=True):
    """An index that is built when a column is full, and the one that is dropped then."""

    name: str
    columns: tuple[str, ...]
    drops: str | None = None


_INDEXES = msgspec.json.Decoder(list[PlannedIndex])
_RECORD = msgspec.json.Decoder(TableRecord)
_POSITION = msgspec.json.Decoder(list[int | str])


# -- beginning -------------------------------------------------------------------------------------------


def is_deferred(session: Session, table: StoredTable, column: StoredColumn, target: ColumnType) -> bool:
    """Say whether a column shall get another type without its values being moved at once."""
    keys = {name for key in table.table.unique_keys for name in key.columns} | set(table.table.key)
    waiting = len(table.unfilled.emptied(column.physical))
    if column.name in keys or waiting >= _MOST_WAITING or not is_total(column.column.type, target):
        return False
    places = (table.physical,) if session.branch == MAIN else session.parts(table.physical)
    return any(_has_more(session.driver, place, session.at_once) for place in places)


def _has_more(driver: sqlite3.Connection, place: str, rows: int) -> bool:
    return driver.execute(f"SELECT 1 FROM {quote(place)} LIMIT 1 OFFSET ?", (rows,)).fetchone() is not None


def defer(session: Session, table: StoredTable, column: StoredColumn, physical: str, target: ColumnType) -> None:
    """Note that a new physical column is to be filled with what a column holds."""
    was, declared = str(column.column.type), codec_of(target).declared
    session.driver.execute(
        "INSERT INTO _backfill (table_id, column_id, physical, source, was, becomes, declared) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (table.id, column.id, physical, column.physical, was, str(target), declared),
    )
    session.deferred = True


def plan_index(driver: sqlite3.Connection, table: StoredTable, column: str, index: PlannedIndex) -> None:
    """Note that an index is to be built when a physical column is full."""
    written = msgspec.json.encode(index).decode()
    driver.execute(
        "UPDATE _backfill SET indexes = json_insert(indexes, '$[#]', json(?)) WHERE table_id = ? AND physical = ?",
        (written, table.id, column),
    )


# -- going on --------------------------------------------------------------------------------------------


def backfill(session: Session, operation: versions.Backfill) -> Result:
    """Fill columns for as many rows as the operation says; gives how many were looked at, 0 when all is done.

    Raises:
        InvalidParameter: so many rows are too many for one transaction, or none.
    """
    if not 1 <= operation.rows <= _MOST:
        raise InvalidParameter(f"A step is 1 to {_MOST} rows, not {operation.rows}.", where="rows")
    done = 0
    while done < operation.rows and (filling := next(_fillings(session.driver), None)):
        done += filling.step(session, operation.rows - done)
    return Result(affected=done)


def fill(session: Session, table_id: int, columns: Collection[str]) -> None:
    """Fill physical columns of a table now, as something is to be built on them that needs all values."""
    for filling in list(_fillings(session.driver)):
        if filling.backfill.table == table_id and filling.backfill.physical in columns:
            while not filling.is_over:
                filling.step(session, None)


def forget(session: Session, column_id: int) -> None:
    """Stop filling the physical columns of a column that is removed."""
    planned = session.driver.execute("SELECT indexes FROM _backfill WHERE column_id = ?", (column_id,)).fetchall()
    for (indexes,) in planned:
        for index in _INDEXES.decode(indexes):
            drop_index(session.driver, index.drops)
    session.driver.execute("DELETE FROM _backfill WHERE column_id = ?", (column_id,))


def _fillings(driver: sqlite3.Connection) -> Iterator["_Filling"]:
    """Give what is to be filled, the oldest first: what another one takes values from is full before it."""
    found = [(item, unfilled) for unfilled in read_backfills(driver).values() for item in unfilled.backfills.values()]
    for backfill, unfilled in sorted(found, key=lambda pair: pair[0].id):
        yield _Filling(backfill, unfilled)


class _Part(NamedTuple):
    """A physical table, and the columns by which its rows are in order."""

    name: str
    keys: tuple[str, ...]

    @property
    def columns(self) -> str:
        return ", ".join(self.keys)

    def compared(self, operator: str) -> str:
        return f"({self.columns}) {operator} ({', '.join('?' * len(self.keys))})"


class _Filling:
    """One physical column while it is filled: part by part of its table, each in the order of its rows."""

    def __init__(self, backfill: Backfill, unfilled: Unfilled) -> None:
        self.backfill = backfill
        self.is_over = False
        self._old = unfilled.value(backfill.source)
        self._new = unfilled.moving(backfill.physical)

    def step(self, session: Session, rows: int | None) -> int:
        """Fill the next ``rows`` of a part (None: all the rest of it); gives how many were looked at."""
        driver = session.driver
        physical, number, position = driver.execute(
            "SELECT t.physical, b.part, b.position FROM _backfill b JOIN _table t ON t.id = b.table_id WHERE b.id = ?",
            (self.backfill.id,),
        ).fetchone()
        parts = _parts(driver, physical, session.parts(physical))
        start = None if position is None else _POSITION.decode(position)
        looked, end = self._move(driver, parts[number], start, rows)
        if end is not None:
            self._note(driver, number, msgspec.json.encode(end).decode())
        elif number + 1 < len(parts):
            self._note(driver, number + 1, None)
        else:
            self._finish(session, physical)
        return looked

    def _move(
        self, driver: sqlite3.Connection, part: _Part, start: Sequence[Any] | None, rows: int | None
    ) -> tuple[int, Sequence[Any] | None]:
        """Fill some rows of a part behind a position; gives how many, and where they end if more may come."""
        behind, values = ("1", []) if start is None else (part.compared(">"), list(start))
        end = None
        if rows is not None:
            last = f"SELECT {part.columns} FROM {part.name} WHERE {behind} ORDER BY {part.columns} LIMIT 1 OFFSET ?"
            end = driver.execute(last, (*values, rows - 1)).fetchone()
        if end is not None:
            behind, values = f"{behind} AND {part.compared('<=')}", [*values, *end]
        name = quote(self.backfill.physical)
        unmoved = f"{behind} AND {name} IS NULL AND {self._old} IS NOT NULL"
        changed = driver.execute(f"UPDATE {part.name} SET {name} = {self._new} WHERE {unmoved}", values).rowcount
        return (changed if end is None else rows or changed), end

    def _note(self, driver: sqlite3.Connection, part: int, position: str | None) -> None:
        note = "UPDATE _backfill SET part = ?, position = ? WHERE id = ?"
        driver.execute(note, (part, position, self.backfill.id))

    def _finish(self, session: Session, physical: str) -> None:
        """Let the column be read as it lies there from now on. This is no commit: nothing that it shows has changed."""
        driver = session.driver
        self.is_over = True
        (indexes,) = driver.execute("SELECT indexes FROM _backfill WHERE id = ?", (self.backfill.id,)).fetchone()
        for index in _INDEXES.decode(indexes):
            drop_index(driver, index.drops)
            if _is_wanted(driver, self.backfill.table, index.name):
                overlays = session.parts(physical)[2:]
                planned = PhysicalIndex(physical, index.columns, unique=False, overlays=overlays)
                create_index(driver, index.name, planned)
        driver.execute("DELETE FROM _backfill WHERE id = ?", (self.backfill.id,))
        bump_catalog(driver)
        session.reload()


def _parts(driver: sqlite3.Connection, physical: str, names: Sequence[str]) -> list[_Part]:
    found = driver.execute("SELECT name FROM pragma_table_info(?) WHERE pk", (physical,)).fetchone()
    identity = quote(found[0])
    keys = ((identity,), ("rowid",), ("branch", identity))
    return [_Part(quote(name), columns) for name, columns in zip(names, keys, strict=False)]


def _is_wanted(driver: sqlite3.Connection, table_id: int, name: str) -> bool:
    """Say whether a branch still has the index of this name."""
    select = "SELECT definition FROM _table_version WHERE table_id = ? AND to_tx IS NULL"
    records = (_RECORD.decode(definition) for (definition,) in driver.execute(select, (table_id,)).fetchall())
    return any(constraint.physical == name for record in records for constraint in record.constraints)
