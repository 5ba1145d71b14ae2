"""Records, beside the rows: unversioned, and the same whatever the branch.

The table is made when the first one is kept, so a database that needs none has none.
"""

import sqlite3
from collections.abc import Iterable, Mapping

__all__ = ["find_records", "keep_records"]

_TABLE = """CREATE TABLE _record (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID"""
_LAST = "\U0010ffff"


def find_records(connection: sqlite3.Connection, kind: str, prefix: str = "") -> list[tuple[str, str]]:
    """Give key and JSON of the records whose keys begin with the prefix, by key."""
    if not _exists(connection):
        return []
    return connection.execute(
        "SELECT key, value FROM _record WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
        (kind, prefix, prefix + _LAST),
    ).fetchall()


def keep_records(connection: sqlite3.Connection, kind: str, values: Mapping[str, str], gone: Iterable[str]) -> None:
    """Write JSON by key and remove the keys that are gone; call it inside a transaction."""
    if not _exists(connection):
        connection.execute(_TABLE)
    rows = [(kind, key, value) for key, value in values.items()]
    connection.executemany("INSERT OR REPLACE INTO _record (kind, key, value) VALUES (?, ?, ?)", rows)
    connection.executemany("DELETE FROM _record WHERE kind = ? AND key = ?", [(kind, key) for key in gone])


def _exists(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_record'").fetchone() is not None
