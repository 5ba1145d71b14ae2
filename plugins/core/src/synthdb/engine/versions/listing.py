"""Lists of branches and tags."""

import sqlite3
from typing import Final

from synthdb.engine.versions.results import result
from synthdb_host.contracts import Result
from synthdb_host.versions import Branches

__all__ = ["list_branches", "list_tags"]

_BRANCHES: Final = (
    ("name", "text"), ("parent", "text"), ("fork", "text"), ("created", "timestamp"), ("author", "text"),
    ("head", "text"), ("protected", "boolean"), ("expires", "timestamp"), ("comment", "text"),
)  # fmt: skip
_TAGS: Final = (
    ("name", "text"), ("branch", "text"), ("commit", "text"), ("created", "timestamp"), ("author", "text"),
    ("comment", "text"),
)  # fmt: skip


def list_branches(driver: sqlite3.Connection, operation: Branches) -> Result:
    """List branches by name; the head is the newest commit that the branch shows."""
    # No name has a character behind "~", so these are the names with the prefix, and the index finds them.
    rows = driver.execute(
        "SELECT b.name, p.name, CAST(b.fork AS TEXT), b.at, b.author, CAST(coalesce("
        "(SELECT max(id) FROM _tx WHERE branch = b.id), b.fork) AS TEXT), b.protected, b.expires, b.comment "
        "FROM _branch b LEFT JOIN _branch p ON p.id = b.parent "
        "WHERE b.name >= max(?1, ?2) AND b.name > ?2 AND b.name < ?1 || '~' ORDER BY b.name LIMIT ?3",
        (operation.prefix, operation.after or "", -1 if operation.limit is None else operation.limit),
    )
    return result(_BRANCHES, rows.fetchall())


def list_tags(driver: sqlite3.Connection) -> Result:
    """List tags by name."""
    rows = driver.execute(
        "SELECT t.name, b.name, CAST(t.tx AS TEXT), t.at, t.author, t.comment "
        "FROM _tag t JOIN _branch b ON b.id = t.branch ORDER BY t.name"
    )
    return result(_TAGS, rows.fetchall())
