"""The engine's own tables in a database file.

``_meta`` has one row: the file format, the catalog and layout versions, the plugins the database needs, the newest
commit that a branch or tag was made at (``pinned``; -1: none was), the oldest that every branch can be read at
(``horizon``);
all versions that had ended by ``swept`` and are still there are needed.
``_tx`` has a row per commit, ``_branch`` one per branch (without a name once it was dropped; ``early`` if it was made
of a state that its parent had before it was made itself), ``_tag`` one per tag.
``_table`` and ``_column`` give identities to tables and columns; columns with the same ``root`` are one and the same.
What they are called and how they are typed is in ``_table_version`` and ``_column_version``, as JSON, valid for the
commits ``from_tx <= commit < to_tx`` on a branch (``to_tx`` NULL: still valid). Branch 1 is main. ``_layer`` says
which branches have written to a table, see :mod:`synthdb.catalog.layering`. ``_conflict`` holds what merges could not
decide. ``_backfill`` has a row per physical column that is still being filled, see :mod:`synthdb.catalog.backfills`:
how far that is (``part`` of the table's physical tables, ``position`` in it), and which ``indexes`` are built then.
"""

import sqlite3
from collections.abc import Mapping
from typing import Final

from synthdb_host.errors import Misconfigured

__all__ = [
    "FORMAT",
    "MAIN",
    "create_history",
    "create_layout",
    "create_overlay",
    "expect_rows",
    "quote",
    "read_format",
    "upgrade_layout",
]

FORMAT: Final = 2
"""The file format that this version writes. It reads earlier ones, and makes them this one when it opens them.

Since 2, the rows of a table tell its next number, and ``_table.next_id`` is only the least that it is; and values of a
column may still be on their way, as ``_backfill`` tells.
"""

MAIN: Final = 1
"""The branch id of main."""

_APPLICATION_ID: Final = 0x53594E44
_BACKFILL: Final = """CREATE TABLE _backfill (
        id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, column_id INTEGER NOT NULL, physical TEXT NOT NULL,
        source TEXT NOT NULL, was TEXT NOT NULL, becomes TEXT NOT NULL, declared TEXT NOT NULL,
        part INTEGER NOT NULL DEFAULT 0, position TEXT, indexes TEXT NOT NULL DEFAULT '[]')"""
_TABLES: Final = (
    """CREATE TABLE _meta (
        id INTEGER PRIMARY KEY CHECK (id = 1), format INTEGER NOT NULL, catalog INTEGER NOT NULL,
        layout INTEGER NOT NULL, requires TEXT NOT NULL, pinned INTEGER NOT NULL, horizon INTEGER NOT NULL,
        swept INTEGER NOT NULL)""",
    """CREATE TABLE _tx (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, branch INTEGER NOT NULL, author TEXT NOT NULL, message TEXT,
        kind TEXT NOT NULL, parent2 INTEGER, tables TEXT)""",
    "CREATE INDEX _tx_branch ON _tx (branch, id)",
    "CREATE INDEX _tx_merges ON _tx (branch, id) WHERE parent2 IS NOT NULL",
    """CREATE TABLE _branch (
        id INTEGER PRIMARY KEY, name TEXT UNIQUE, parent INTEGER, fork INTEGER, at TEXT, author TEXT, comment TEXT,
        protected INTEGER NOT NULL DEFAULT 0, expires TEXT, early INTEGER NOT NULL DEFAULT 0,
        forgotten INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX _branch_forks ON _branch (parent, fork)",
    "CREATE INDEX _branch_early ON _branch (id) WHERE early",
    "CREATE INDEX _branch_dropped ON _branch (id) WHERE name IS NULL AND NOT forgotten",
    """CREATE TABLE _tag (
        name TEXT PRIMARY KEY, branch INTEGER NOT NULL, tx INTEGER NOT NULL, at TEXT NOT NULL, author TEXT NOT NULL,
        comment TEXT) WITHOUT ROWID""",
    """CREATE TABLE _layer (
        table_id INTEGER NOT NULL, branch INTEGER NOT NULL, mark INTEGER NOT NULL, covers TEXT, covered INTEGER,
        PRIMARY KEY (branch, table_id)) WITHOUT ROWID""",
    """CREATE TABLE _conflict (
        id INTEGER PRIMARY KEY, source INTEGER NOT NULL, target INTEGER NOT NULL, name TEXT NOT NULL, key TEXT,
        cell TEXT, kind TEXT NOT NULL, base TEXT, ours TEXT, theirs TEXT, detail TEXT NOT NULL, row TEXT, choice TEXT,
        value TEXT, open INTEGER NOT NULL)""",
    "CREATE INDEX _conflict_of ON _conflict (target, source)",
    "CREATE TABLE _table (id INTEGER PRIMARY KEY, physical TEXT NOT NULL UNIQUE, next_id INTEGER NOT NULL)",
    """CREATE TABLE _table_version (
        table_id INTEGER NOT NULL, branch INTEGER NOT NULL, from_tx INTEGER NOT NULL, to_tx INTEGER,
        definition TEXT NOT NULL, PRIMARY KEY (table_id, branch, from_tx)) WITHOUT ROWID""",
    "CREATE TABLE _column (id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, root INTEGER)",
    """CREATE TABLE _column_version (
        column_id INTEGER NOT NULL, branch INTEGER NOT NULL, from_tx INTEGER NOT NULL, to_tx INTEGER,
        definition TEXT NOT NULL, PRIMARY KEY (column_id, branch, from_tx)) WITHOUT ROWID""",
    _BACKFILL,
    f"INSERT INTO _branch (id, name) VALUES ({MAIN}, 'main')",
    f"INSERT INTO _meta VALUES (1, {FORMAT}, 1, 1, '[]', -1, 0, 0)",
    f"PRAGMA application_id = {_APPLICATION_ID}",
)


def quote(name: str) -> str:
    """Write a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def create_layout(connection: sqlite3.Connection) -> None:
    """Make the engine's tables in an empty file; call it inside a transaction."""
    for statement in _TABLES:
        connection.execute(statement)


def upgrade_layout(connection: sqlite3.Connection) -> None:
    """Make a file of an earlier format one of this format; call it inside a transaction."""
    connection.execute(_BACKFILL)
    connection.execute("UPDATE _meta SET format = ?", (FORMAT,))


def create_history(connection: sqlite3.Connection, physical: str, columns: str, identity: str) -> None:
    """Make the history table of a physical table; ``columns`` are its column definitions.

    Its indexes serve one row's history and "what changed since".
    """
    name = quote(f"_h_{physical}")
    connection.execute(
        f"CREATE TABLE {name} ({columns}, branch INTEGER NOT NULL, _del INTEGER NOT NULL, "
        "_created INTEGER NOT NULL, _from INTEGER NOT NULL, _to INTEGER NOT NULL, _op TEXT NOT NULL)"
    )
    connection.execute(f"CREATE INDEX {quote(f'_hi_{physical}')} ON {name} ({quote(identity)}, _to)")
    connection.execute(f"CREATE INDEX {quote(f'_ht_{physical}')} ON {name} (_to)")


def create_overlay(connection: sqlite3.Connection, physical: str, columns: str, identity: str) -> None:
    """Make the table that holds the rows of all branches but main; ``columns`` are its column definitions.

    The rows of a branch lie together, in the order of identity, so that others' rows cost nothing. Its indexes serve
    "which branches have versions of this row" and "what has this branch changed since".
    """
    name, key = quote(f"_o_{physical}"), quote(identity)
    connection.execute(
        f"CREATE TABLE {name} ({columns}, branch INTEGER NOT NULL, _del INTEGER NOT NULL, _tx INTEGER NOT NULL, "
        f"_created INTEGER NOT NULL, PRIMARY KEY (branch, {key})) WITHOUT ROWID"
    )
    connection.execute(f"CREATE UNIQUE INDEX {quote(f'_oi_{physical}')} ON {name} ({key}, branch)")
    connection.execute(f"CREATE INDEX {quote(f'_ot_{physical}')} ON {name} (branch, _tx)")
    connection.execute(f"ANALYZE {name}")
    expect_rows(connection, f"_o_{physical}", {"": "10000 1", f"_oi_{physical}": "2 1", f"_ot_{physical}": "10000 100"})


def expect_rows(connection: sqlite3.Connection, overlay: str, found: Mapping[str, str]) -> None:
    """Tell SQLite how many of a million rows of branches each part of an index finds; "" is the table itself.

    Else it takes the rows of one branch for ten, and reads them all rather than use an index of a column.
    """
    rows = [(overlay, index or overlay, f"1000000 {numbers}") for index, numbers in found.items()]
    connection.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", rows)
    connection.execute("ANALYZE sqlite_master")


def read_format(connection: sqlite3.Connection) -> int | None:
    """Give the file's format, None for an empty file.

    Raises:
        Misconfigured: the file is no SynthDB database, or is of a newer format.
    """
    if connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None:
        return None
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise Misconfigured(
            "This SQLite file is not a SynthDB database.", hint="Import it: synthdb import FILE --db NAME."
        )
    version = int(connection.execute("SELECT format FROM _meta").fetchone()[0])
    if version > FORMAT:
        raise Misconfigured(
            f"This database has format {version}, this version reads up to {FORMAT}.",
            hint="Upgrade synthdb-core.",
        )
    return version
