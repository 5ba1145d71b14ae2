"""The physical indexes behind unique keys, indexes and foreign keys."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from synthdb.engine.naming import quote
from synthdb.engine.overlay import index_overlay
from synthdb_host.errors import UniqueViolation

__all__ = ["PhysicalIndex", "build_index", "drop_index", "index_like"]


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
    number = 1
    while driver.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_name(index, number),)).fetchone():
        number += 1
    name = _name(index, number)
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
    return name


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
