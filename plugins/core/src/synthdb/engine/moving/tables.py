"""The tables of a database, made and filled at another place as they are at the first one."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from synthdb.engine.naming import quote
from synthdb.engine.overlay import index_overlay
from synthdb.storage.connections import is_sqlite
from synthdb.storage.layout import create_history, create_overlay
from synthdb_host.errors import Unavailable

__all__ = [
    "Columns",
    "Driver",
    "Shape",
    "columns_of",
    "copy_rows",
    "hash_of",
    "make",
    "own_tables",
    "shape_of",
    "user_tables",
]

Driver = Any
"""SQLite's connection, or one that does what it does."""
Columns = tuple[tuple[str, str, bool], ...]
"""Name, declared type, and whether it is the key."""

_PIECE: Final = 500
_OF_ROWS: Final = frozenset({"_tx", "_created"})
_OF_VERSIONS: Final = frozenset({"branch", "_del", "_created", "_from", "_to", "_op", "_tx"})
_NO_TABLES: Final = ("sqlite_", "synthdb_")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a user's table is made of: its columns, those of its history and overlay, and its indexes."""

    columns: Columns
    history: Columns
    overlay: Columns
    indexes: tuple[tuple[str, bool, tuple[str, ...]], ...]


def user_tables(driver: Driver) -> dict[int, str]:
    """Give the physical names of the users' tables by their ids."""
    there = _names(driver)
    found = driver.execute("SELECT id, physical FROM _table ORDER BY id").fetchall()
    return {number: name for number, name in found if name in there}


def own_tables(driver: Driver) -> list[str]:
    """Name the engine's own tables."""
    parts = {part for name in user_tables(driver).values() for part in (name, f"_h_{name}", f"_o_{name}")}
    return sorted(_names(driver) - parts)


def _names(driver: Driver) -> set[str]:
    rows = driver.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {str(name) for (name,) in rows if not str(name).startswith(_NO_TABLES)}


def columns_of(driver: Driver, table: str) -> Columns:
    """Give the columns of a physical table; none: there is no such table."""
    rows = driver.execute("SELECT name, type, pk FROM pragma_table_info(?)", (table,)).fetchall()
    return tuple((str(name), str(kind), bool(key)) for name, kind, key in rows)


def shape_of(driver: Driver, table: str) -> Shape:
    """Give the shape of a user's table."""
    found = driver.execute("SELECT name, \"unique\" FROM pragma_index_list(?) WHERE origin = 'c'", (table,)).fetchall()
    indexes = []
    for name, unique in sorted(found):
        columns = driver.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)).fetchall()
        indexes.append((str(name), bool(unique), tuple(str(column) for (column,) in columns)))
    parts = [tuple(sorted(columns_of(driver, f"{prefix}{table}"))) for prefix in ("", "_h_", "_o_")]
    return Shape(parts[0], parts[1], parts[2], tuple(indexes))


def make(source: Driver, target: Driver, table: str) -> None:
    """Make a user's table with its history, overlay and indexes."""
    columns = columns_of(source, table)
    name, kind, _ = next(column for column in columns if column[2])
    number = kind == "INTEGER"
    definitions = [f"{quote(name)} {kind} PRIMARY KEY{'' if number else ' NOT NULL'}"]
    for other, declared, is_key in columns:
        if not is_key:
            definitions.append(f"{quote(other)} {declared}{' NOT NULL' if other in _OF_ROWS else ''}")
    target.execute(f"CREATE TABLE {quote(table)} ({', '.join(definitions)}){'' if number else ' WITHOUT ROWID'}")
    create_history(target, table, _listed(columns_of(source, f"_h_{table}")), name)
    overlay = columns_of(source, f"_o_{table}")
    if overlay:
        create_overlay(target, table, _listed(overlay), name)
    for index, unique, names in shape_of(source, table).indexes:
        listed = ", ".join(map(quote, names))
        target.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX {quote(index)} ON {quote(table)} ({listed})")
        if overlay:
            index_overlay(target, f"_o_{table}", index, names)


def _listed(columns: Columns) -> str:
    return ", ".join(f"{quote(name)} {kind}" for name, kind, _ in columns if name not in _OF_VERSIONS)


def _rows(driver: Driver, table: str, columns: Sequence[str], where: str) -> Iterator[list[tuple[Any, ...]]]:
    """Read rows, some at a time; the driver must be in a transaction."""
    sql = f"SELECT {', '.join(map(quote, columns))} FROM {quote(table)}{where}"
    rows = driver.execute(sql) if is_sqlite(driver) else driver.stream(sql, (), keeps=True)
    while piece := rows.fetchmany(_PIECE):
        yield piece
    rows.close()


def copy_rows(source: Driver, target: Driver, table: str, where: str = "") -> int:
    """Copy rows of a physical table.

    Raises:
        Unavailable: a value does not fit the other storage.
    """
    columns, count = columns_of(source, table), 0
    names = [name for name, _, _ in columns]
    whole = [place for place, (_, kind, _) in enumerate(columns) if kind == "INTEGER"]
    marks = ", ".join("?" * len(names))
    insert = f"INSERT INTO {quote(table)} ({', '.join(map(quote, names))}) VALUES ({marks})"
    for piece in _rows(source, table, names, where):
        if not is_sqlite(target) and (odd := _fraction(piece, whole)) is not None:
            raise Unavailable(
                f"Column {names[odd]!r} of {table!r} was made for integers and holds fractions since it was widened; "
                "PostgreSQL has no such columns.",
                hint="Export the data, and import it there.",
            )
        target.executemany(insert, piece)
        count += len(piece)
    return count


def _fraction(rows: Sequence[tuple[Any, ...]], whole: Sequence[int]) -> int | None:
    return next((place for row in rows for place in whole if type(row[place]) is float), None)


def hash_of(driver: Driver, tables: Sequence[str]) -> str:
    """Give a hash of all rows of some tables, which does not depend on their order or on the storage."""
    digest = hashlib.sha256()
    for table in sorted(tables):
        names = sorted(name for name, _, _ in columns_of(driver, table))
        total, count = 0, 0
        for piece in _rows(driver, table, names, ""):
            for row in piece:
                total += int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(row)).digest())
            count += len(piece)
        digest.update(msgspec.msgpack.encode((table, names, count, total.to_bytes(64))))
    return digest.hexdigest()
