"""Rows as they are at a place, and which rows may differ between two places."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

import msgspec

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.catalog.places import Layer, Place
from synthdb.engine.naming import quote
from synthdb.engine.rows import RowIds
from synthdb.storage.layout import MAIN

__all__ = [
    "Row",
    "all_ids",
    "changed_ids",
    "chunks",
    "fetch",
    "fetch_with_commits",
    "fork_of",
    "inserted_ids",
    "touched",
]

Row = tuple[Any, ...]
"""Stored values, in the order of the columns asked for."""

_EVER: Final = 2**63 - 1
_CHUNK: Final = 5_000
_DEEP: Final = 8
"""From more layers on, those that have none of the rows asked for are left out first."""


def chunks(ids: Iterable[Any]) -> Iterator[list[Any]]:
    """Give identities in lists that one statement can take."""
    iterator = iter(ids)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk


def fetch(
    driver: sqlite3.Connection, table: StoredTable, columns: Sequence[StoredColumn], ids: Sequence[Any]
) -> dict[Any, Row]:
    """Give the rows of a table by identity, as stored values of the columns, among which the identity must be."""
    if not ids:
        return {}
    place, found = _found(driver, table, columns, ids, "")
    return {row[place]: row for row in found}


def fetch_with_commits(
    driver: sqlite3.Connection, table: StoredTable, columns: Sequence[StoredColumn], ids: Sequence[Any]
) -> tuple[dict[Any, Row], dict[Any, int]]:
    """Give the rows of a table as :func:`fetch` does, and the commit that made each of them what it is."""
    place, found = _found(driver, table, columns, ids, ", _tx")
    rows, commits = {}, {}
    for row in found:
        rows[row[place]], commits[row[place]] = row[:-1], row[-1]
    return rows, commits


def _found(
    driver: sqlite3.Connection, table: StoredTable, columns: Sequence[StoredColumn], ids: Sequence[Any], more: str
) -> tuple[int, Iterator[Row]]:
    rows, identity = RowIds.of(ids), table.identity.physical
    physical = [column.physical for column in columns]
    if len(table.layers) > _DEEP:
        table = replace(table, layers=_holding(driver, table, rows))
    statement = (
        f"SELECT {', '.join(map(quote, physical))}{more} FROM {table.rows()} WHERE {quote(identity)} {rows.test}"
    )
    return physical.index(identity), driver.execute(statement, rows.parameters)


def _holding(driver: sqlite3.Connection, table: StoredTable, rows: RowIds) -> tuple[Layer, ...]:
    """Give the layers that have any version of some rows, live or deleted; the others neither show nor hide them."""
    test = f"WHERE {quote(table.identity.physical)} {rows.test}"
    found = driver.execute(
        f"SELECT branch FROM {quote(table.overlay)} {test} UNION SELECT branch FROM {quote(table.history)} {test}",
        (*rows.parameters, *rows.parameters),
    )
    branches = {branch for (branch,) in found}
    return tuple(layer for layer in table.layers if layer.branch == MAIN or layer.branch in branches)


def all_ids(driver: sqlite3.Connection, table: StoredTable) -> list[Any]:
    """Give the identities of all rows."""
    return [row_id for (row_id,) in driver.execute(f"SELECT {quote(table.identity.physical)} FROM {table.rows()}")]


def changed_ids(driver: sqlite3.Connection, table: StoredTable, a: Place, b: Place) -> list[Any]:
    """Give the identities of all rows that may differ between two places: what any branch wrote that only one shows.

    The work is in proportion to what was written, whatever the size of the table.
    """
    bounds_a, bounds_b = _bounds(a), _bounds(b)
    found: set[Any] = set()
    for branch in bounds_a.keys() | bounds_b.keys():
        # What a branch wrote itself came after it was made; it may hold copies of older rows.
        fork = fork_of(driver, branch)
        low, high = sorted((bounds_a.get(branch, fork), bounds_b.get(branch, fork)))
        if low < high:
            found.update(touched(driver, table, branch, low, high))
    return sorted(found)


def fork_of(driver: sqlite3.Connection, branch: int) -> int:
    """Give the commit at which a branch was made; main was made at 0."""
    return int(driver.execute("SELECT coalesce(fork, 0) FROM _branch WHERE id = ?", (branch,)).fetchone()[0])


def _bounds(place: Place) -> dict[int, int]:
    return {layer.branch: _EVER if layer.bound is None else layer.bound for layer in place.layers}


def touched(driver: sqlite3.Connection, table: StoredTable, branch: int, low: int, high: int) -> list[Any]:
    """Give the identities of rows that a branch wrote or replaced after commit ``low``, up to commit ``high``."""
    identity, history = quote(table.identity.physical), quote(table.history)
    if branch == MAIN:
        ended = f"SELECT {identity} FROM {history} WHERE _to > ? AND _to <= ? AND branch = {MAIN}"
        found = [row_id for (row_id,) in driver.execute(ended, (low, high))]
        return found + inserted_ids(driver, table, low, high)
    if driver.execute("SELECT 1 FROM _layer WHERE table_id = ? AND branch = ?", (table.id, branch)).fetchone() is None:
        return []
    statement = (
        f"SELECT {identity} FROM {quote(table.overlay)} WHERE branch = ?1 AND _tx > ?2 AND _tx <= ?3 "
        f"UNION SELECT {identity} FROM {history} WHERE +branch = ?1 AND _to > ?2 AND _from <= ?3"
    )
    return [row_id for (row_id,) in driver.execute(statement, (branch, low, high))]


def inserted_ids(driver: sqlite3.Connection, table: StoredTable, low: int, high: int) -> list[Any]:
    """Give the identities of rows of main that began in commits after ``low``, up to ``high``.

    The commits know between which identities their new rows are, so that no index on commits is needed.
    """
    tallies = driver.execute(
        "SELECT json_extract(tables, ?1) FROM _tx WHERE id > ?2 AND id <= ?3 AND branch = ?4 "
        "AND json_extract(tables, ?1) IS NOT NULL",
        (f'$."{table.id}"', low, high, MAIN),
    )
    ranges = [msgspec.json.decode(tally) for (tally,) in tallies]
    ranges = [tally for tally in ranges if "min_id" in tally]
    if not ranges:
        return []
    identity = quote(table.identity.physical)
    within = f"WHERE {identity} BETWEEN ?1 AND ?2 AND _created > ?3 AND _created <= ?4"
    rows = driver.execute(
        f"SELECT {identity} FROM {quote(table.physical)} {within} "
        f"UNION SELECT {identity} FROM {quote(table.history)} {within} AND branch = {MAIN}",
        (min(tally["min_id"] for tally in ranges), max(tally["max_id"] for tally in ranges), low, high),
    )
    return [row_id for (row_id,) in rows]
