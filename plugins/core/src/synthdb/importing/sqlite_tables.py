"""Reading what an existing SQLite database declares: tables, keys, relations, defaults."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from synthdb_host.errors import InvalidBody

__all__ = [
    "SourceColumn",
    "SourceForeignKey",
    "SourceIndex",
    "SourceTable",
    "opened",
    "quoted",
    "read_tables",
]

_LITERALS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/", re.DOTALL)
_CHECK = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)
_COLLATE = re.compile(r"\bCOLLATE\s+(?!BINARY\b)\w+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as SQLite declares it; ``default`` is the expression's text."""

    name: str
    declared: str
    not_null: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class SourceIndex:
    """An index or unique key."""

    name: str
    columns: tuple[str, ...]
    unique: bool


@dataclass(frozen=True, slots=True)
class SourceForeignKey:
    """A foreign key; ``references`` empty means the primary key of ``table``."""

    columns: tuple[str, ...]
    table: str
    references: tuple[str, ...]
    on_delete: str


@dataclass(slots=True)
class SourceTable:
    """A table as SQLite declares it, and ``notes`` on what has no counterpart here."""

    name: str
    columns: list[SourceColumn]
    key: tuple[str, ...]
    order: str
    indexes: list[SourceIndex] = field(default_factory=list)
    foreign_keys: list[SourceForeignKey] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a SQLite file for reading only. Text that is not UTF-8 comes with surrogates.

    Raises:
        InvalidBody: it is no SQLite database, or cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            yield connection
    except sqlite3.DatabaseError as error:
        raise InvalidBody(f"{path} cannot be read as a SQLite database: {error}.") from error


def quoted(name: str) -> str:
    """Write a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def read_tables(connection: sqlite3.Connection) -> tuple[list[SourceTable], list[str]]:
    """Describe all tables, and say what else there is that has no counterpart here."""
    notes = [
        f"{kind} {name!r} is not carried over"
        for kind, name in connection.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY type, name"
        )
    ]
    tables = []
    for name, kind, without_rowid in _listed(connection):
        if kind == "table":
            tables.append(_read_table(connection, name, rowid=not without_rowid))
        elif kind == "virtual":
            notes.append(f"virtual table {name!r} is not carried over")
    return tables, notes


def _listed(connection: sqlite3.Connection) -> list[tuple[str, str, bool]]:
    rows = connection.execute(
        "SELECT l.name, l.type, l.wr FROM pragma_table_list l JOIN sqlite_master m ON m.name = l.name"
        " WHERE l.schema = 'main' AND m.type = 'table' AND substr(l.name, 1, 7) <> 'sqlite_' ORDER BY m.rowid"
    )
    return [(name, kind, bool(without_rowid)) for name, kind, without_rowid in rows]


def _read_table(connection: sqlite3.Connection, name: str, *, rowid: bool) -> SourceTable:
    rows = connection.execute(
        'SELECT name, type, "notnull", dflt_value, pk, hidden FROM pragma_table_xinfo(?)', (name,)
    ).fetchall()
    columns = [SourceColumn(row[0], row[1] or "", bool(row[2]), row[3]) for row in rows]
    key = tuple(row[0] for row in sorted(rows, key=lambda row: row[4]) if row[4])
    order = "rowid" if rowid else ", ".join(map(quoted, key))
    table = SourceTable(name, columns, key, order)
    table.notes += [
        f"column {row[0]!r} is generated; its values are carried over, its rule is not" for row in rows if row[5]
    ]
    _read_indexes(connection, table)
    _read_foreign_keys(connection, table)
    _read_rules(connection, table)
    return table


def _read_indexes(connection: sqlite3.Connection, table: SourceTable) -> None:
    listed = connection.execute(
        'SELECT name, "unique", origin, partial FROM pragma_index_list(?) ORDER BY seq DESC', (table.name,)
    ).fetchall()
    for name, unique, origin, partial in listed:
        parts = connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (name,)).fetchall()
        columns = tuple(part[0] for part in parts)
        if partial or None in columns:
            table.notes.append(f"index {name!r} is partial or on an expression, and is not carried over")
        elif origin != "pk":
            table.indexes.append(SourceIndex(name, columns, bool(unique)))


def _read_foreign_keys(connection: sqlite3.Connection, table: SourceTable) -> None:
    rows = connection.execute(
        'SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq',
        (table.name,),
    ).fetchall()
    for number in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == number]
        _, target, _, _, on_update, on_delete = own[0]
        references = tuple(row[3] for row in own if row[3] is not None)
        table.foreign_keys.append(SourceForeignKey(tuple(row[2] for row in own), target, references, on_delete))
        if on_update != "NO ACTION":
            table.notes.append(f"ON UPDATE {on_update} of the reference to {target!r} is not carried over")
    positions = [column.name for column in table.columns]
    table.foreign_keys.sort(key=lambda key: positions.index(key.columns[0]))


def _read_rules(connection: sqlite3.Connection, table: SourceTable) -> None:
    (sql,) = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table.name,)
    ).fetchone()
    bare = _LITERALS.sub("x", sql)
    if count := len(_CHECK.findall(bare)):
        table.notes.append(f"{count} check expression{'s are' if count > 1 else ' is'} not carried over")
    table.notes += [f"{found} is not carried over" for found in dict.fromkeys(_COLLATE.findall(bare))]
