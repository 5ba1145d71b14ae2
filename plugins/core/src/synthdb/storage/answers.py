"""Answers kept by key, beside the rows: unversioned, and the same whatever the branch.

The table is made when the first one is kept, so a database that needs none has none.
"""

import sqlite3

__all__ = ["find_answer", "forget_answers", "keep_answer"]

_TABLES = (
    """CREATE TABLE _answer (
        principal TEXT NOT NULL, key TEXT NOT NULL, expires REAL NOT NULL, fingerprint BLOB NOT NULL,
        answer BLOB NOT NULL, UNIQUE (principal, key))""",
    "CREATE INDEX _answer_expires ON _answer (expires)",
)


def find_answer(connection: sqlite3.Connection, principal: str, key: str, now: float) -> tuple[bytes, bytes] | None:
    """Find the fingerprint and the answer that are kept for a key; None: none is, or not any more."""
    if not _exists(connection):
        return None
    found: tuple[bytes, bytes] | None = connection.execute(
        "SELECT fingerprint, answer FROM _answer WHERE principal = ? AND key = ? AND expires > ?",
        (principal, key, now),
    ).fetchone()
    return found


def keep_answer(
    connection: sqlite3.Connection, principal: str, key: str, expires: float, kept: tuple[bytes, bytes]
) -> None:
    """Keep a fingerprint and an answer for a key, in place of what was kept before; call it inside a transaction."""
    if not _exists(connection):
        for statement in _TABLES:
            connection.execute(statement)
    connection.execute(
        "INSERT OR REPLACE INTO _answer (principal, key, expires, fingerprint, answer) VALUES (?, ?, ?, ?, ?)",
        (principal, key, expires, *kept),
    )


def forget_answers(connection: sqlite3.Connection, now: float, limit: int) -> None:
    """Forget up to ``limit`` answers whose time is over."""
    if _exists(connection):
        connection.execute(
            "DELETE FROM _answer WHERE rowid IN (SELECT rowid FROM _answer WHERE expires <= ? LIMIT ?)", (now, limit)
        )


def _exists(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_answer'").fetchone() is not None
