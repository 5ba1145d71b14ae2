"""The log: commits of a branch and of those it comes from."""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from synthdb.catalog.places import Place, commit_at
from synthdb.engine.versions.images import Row
from synthdb.engine.versions.results import result
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter
from synthdb_host.versions import Log

__all__ = ["log", "table_names"]

_COLUMNS: Final = (
    ("id", "text"), ("at", "timestamp"), ("branch", "text"), ("author", "text"), ("message", "text"), ("kind", "text"),
    ("merged", "text"), ("tables", "json"),
)  # fmt: skip
_MOST: Final = 10_000


def log(driver: sqlite3.Connection, place: Place, operation: Log, visible: frozenset[int] | None) -> Result:
    """Read commits, the newest first; what they did to tables other than ``visible`` (None: all) is not shown.

    Raises:
        InvalidParameter: the limit is out of range.
        UnknownRef: a bound is no commit or time.
    """
    if not 1 <= operation.limit <= _MOST:
        raise InvalidParameter(f"A log shows 1 to {_MOST} commits, not {operation.limit}.", where="limit")
    names = table_names(driver)
    where, parameters = _conditions(driver, place, operation, names)
    rows = driver.execute(
        "SELECT t.id, t.at, b.name, t.author, t.message, t.kind, t.parent2, t.tables FROM _tx t "
        f"LEFT JOIN _branch b ON b.id = t.branch WHERE {where} ORDER BY t.id DESC LIMIT ?",
        (*parameters, operation.limit),
    )
    return result(_COLUMNS, [_line(row, names, visible) for row in rows])


def table_names(driver: sqlite3.Connection) -> dict[int, str]:
    """Give the newest name of every table by its id."""
    rows = driver.execute("SELECT table_id, json_extract(definition, '$.name') FROM _table_version ORDER BY from_tx")
    return dict(rows.fetchall())


def _line(row: Row, names: dict[int, str], visible: frozenset[int] | None) -> Row:
    commit, at, branch, author, message, kind, merged, tables = row
    tallies: dict[str, dict[str, Any]] = msgspec.json.decode(tables or "{}")
    shown = {
        names.get(int(table), table): {name: tally.get(name, 0) for name in ("inserted", "updated", "deleted")}
        for table, tally in tallies.items()
        if visible is None or int(table) in visible
    }
    return str(commit), at, branch, author, message, kind, None if merged is None else str(merged), shown


def _conditions(
    driver: sqlite3.Connection, place: Place, operation: Log, names: dict[int, str]
) -> tuple[str, list[Any]]:
    found = list(_filters(driver, operation, names))
    bounds = " ".join(f"WHEN {branch} THEN {bound}" for branch, bound, _ in place.layers if bound is not None)
    tests = [f"t.branch IN ({', '.join(map(str, place.chain))})", *(test for test, _ in found)]
    if bounds:
        tests.append(f"t.id <= CASE t.branch {bounds} ELSE t.id END")
    return " AND ".join(tests), [value for _, value in found]


def _filters(driver: sqlite3.Connection, operation: Log, names: dict[int, str]) -> Iterator[tuple[str, Any]]:
    if operation.table is not None:
        ids = [table for table, name in names.items() if name == operation.table]
        yield "json_type(t.tables, ?) IS NOT NULL", f'$."{ids[-1] if ids else 0}"'
    for column, value in (("author", operation.author), ("kind", operation.kind)):
        if value is not None:
            yield f"t.{column} = ?", value
    if operation.message is not None:
        yield "instr(t.message, ?) > 0", operation.message
    if operation.since is not None:
        first = operation.since.isdecimal()
        yield ("t.id >= ?", commit_at(driver, operation.since)) if first else (
            "t.id > ?", commit_at(driver, operation.since),
        )  # fmt: skip
    if operation.until is not None:
        yield "t.id <= ?", commit_at(driver, operation.until)
    if operation.before is not None:
        yield "t.id < ?", commit_at(driver, operation.before)
