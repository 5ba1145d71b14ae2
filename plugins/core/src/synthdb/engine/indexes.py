"""The physical indexes behind unique keys, indexes and foreign keys."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from synthdb.engine.naming import quote
from synthdb.engine.overlay import index_overlay
from synthdb_host.errors import UniqueViolation

__all__ = ["PhysicalIndex", "build_index", "create_index", "drop_index", "free_name", "index_like", "is_planned"]


@dataclass(frozen=True, slots=True)
class PhysicalIndex:
    """An index to be: its table, its columns by physical name, and whether it keeps them unique.

    ``overlays`` are the tables with the rows of branches, none or one, which get the like of it.
    """

    table: str
    columns: Sequence[str]
    unique: bool
    overlays: Sequence[str] = ()


def build_index(driver: sqlite3.Connection, index: PhysicalIndex) -> str:
    """Build an index; gives its physical name.

    Raises:
        UniqueViolation: rows that exist have equal keys.
    """
    name = free_name(driver, index)
    create_index(driver, name, index)
    return name


def free_name(driver: sqlite3.Connection, index: PhysicalIndex) -> str:
    """Give a name that no index has or is to have."""
    number = 1
    while _is_taken(driver, _name(index, number)):
        number += 1
    return _name(index, number)


def _is_taken(driver: sqlite3.Connection, name: str) -> bool:
    built = driver.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return built is not None or is_planned(driver, name)


def is_planned(driver: sqlite3.Connection, name: str) -> bool:
    """Say whether an index will be built when a column is full."""
    planned = "SELECT 1 FROM _backfill b, json_each(b.indexes) j WHERE j.value ->> 'name' = ?"
    return driver.execute(planned, (name,)).fetchone() is not None


def create_index(driver: sqlite3.Connection, name: str, index: PhysicalIndex) -> None:
    """Build an index of this name.

    Raises:
        UniqueViolation: rows that exist have equal keys.
    """
    columns = ", ".join(quote(column) for column in index.columns)
    kind = "UNIQUE INDEX" if index.unique else "INDEX"
    try:
        driver.execute(f"CREATE {kind} {quote(name)} ON {quote(index.table)} ({columns})")
    except sqlite3.IntegrityError as error:
        raise UniqueViolation(
            f"Rows of {index.table!r} have equal values in {', '.join(index.columns)}.",
            hint="Remove the duplicates first.",
        ) from error
    for overlay in index.overlays:
        index_overlay(driver, overlay, name, index.columns)


def index_like(driver: sqlite3.Connection, index: PhysicalIndex) -> str | None:
    """Give the name of an index of the same columns, None if there is none."""
    statement = "SELECT name FROM pragma_index_list(?) WHERE origin = 'c'"
    for (name,) in driver.execute(statement, (index.table,)).fetchall():
        columns = driver.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,))
        if [column for (column,) in columns] == list(index.columns):
            return str(name)
    return None


def drop_index(driver: sqlite3.Connection, name: str | None) -> None:
    """Drop an index, if there is one of the name."""
    if name:
        driver.execute(f"DROP INDEX IF EXISTS {quote(name)}")
        driver.execute(f"DROP INDEX IF EXISTS {quote(f'_b{name}')}")


def _name(index: PhysicalIndex, number: int) -> str:
    return f"_{'u' if index.unique else 'i'}_{index.table}_{number}"
