"""Forgetting versions of rows that nobody can ask for any more."""

import sqlite3
import time
from collections.abc import Iterator
from typing import Final

from synthdb.catalog.places import Layer, Place, commit_at, place_of
from synthdb.engine.naming import quote
from synthdb.engine.numbers import keep_number
from synthdb.engine.session import Session
from synthdb.engine.versions.branching import forget_rows
from synthdb.storage.answers import forget_answers
from synthdb_host.contracts import Result
from synthdb_host.versions import Collect

__all__ = ["collect"]

_EVER: Final = 2**63 - 1
_ANSWERS_AT_ONCE: Final = 1_000
_DROPPED: Final = (
    "SELECT id FROM _branch b WHERE name IS NULL AND NOT forgotten "
    "AND NOT EXISTS (SELECT 1 FROM _branch c WHERE c.parent = b.id AND NOT c.forgotten) "
    "AND NOT EXISTS (SELECT 1 FROM _tag t WHERE t.branch = b.id) "
    "AND NOT EXISTS (SELECT 1 FROM _tx t WHERE t.branch = b.id AND t.id > ?)"
)
"""Branches that nobody can read any more but by the id of an old commit."""
_WAYS: Final = (
    "SELECT o.branch, count(DISTINCT m.branch) FROM _tx m JOIN _tx o ON o.id = m.parent2 "
    "WHERE m.parent2 IS NOT NULL GROUP BY o.branch"
)


def collect(session: Session, operation: Collect) -> Result:
    """Forget versions that ended before a moment, except those that a branch, a tag or a later merge needs.

    From then on, states before that moment cannot be read, those of tags and forks excepted.

    Raises:
        UnknownRef: the moment is no commit or time.
    """
    driver, left = session.driver, operation.limit or _EVER
    forget_answers(driver, time.time(), _ANSWERS_AT_ONCE)
    known = driver.execute("SELECT horizon FROM _meta").fetchone()[0]
    horizon = max(commit_at(driver, operation.before), known)
    driver.execute("UPDATE _meta SET horizon = ?, layout = layout + 1", (horizon,))
    session.marks.moved = True
    forgotten = _forget_branches(driver, horizon, left)
    if forgotten >= left:
        return Result(affected=forgotten)
    _write_pins(driver)
    swept = driver.execute("SELECT swept FROM _meta").fetchone()[0]
    for table, physical in driver.execute("SELECT id, physical FROM _table ORDER BY id").fetchall():
        keep_number(driver, table, physical)
        forgotten += _forget(driver, f"_h_{physical}", (swept, horizon), left - forgotten)
        if forgotten >= left:
            break
    else:
        # What is left until then is needed; it need not be looked at again until something needs it no longer.
        driver.execute("UPDATE _meta SET swept = ?", (horizon,))
    return Result(affected=forgotten)


def _forget_branches(driver: sqlite3.Connection, horizon: int, limit: int) -> int:
    """Forget the rows of dropped branches, about so many, that no later merge can start from.

    What a branch was is a newest common state of two others only if it reached them in two ways. Where all merges of
    it were into one branch, who has anything of it has that branch's merge, too.
    """
    dropped, forgotten = driver.execute(_DROPPED, (horizon,)).fetchall(), 0
    ways = dict(driver.execute(_WAYS).fetchall()) if dropped else {}
    for (branch,) in dropped:
        if forgotten >= limit:
            break
        if ways.get(branch, 0) <= 1:
            forgotten += forget_rows(driver, branch)
            # What its merges needed of other branches is looked at again.
            driver.execute("UPDATE _meta SET swept = 0")
    return forgotten


def _pins(driver: sqlite3.Connection) -> list[Layer]:
    """Give the moments of branches that must stay readable, beside the forks, which ``_branch`` has an index of."""
    return sorted({layer for place in _pinned_places(driver) for layer in place.layers if layer.bound is not None})


def _pinned_places(driver: sqlite3.Connection) -> Iterator[Place]:
    for (branch,) in driver.execute(
        "SELECT id FROM _branch INDEXED BY _branch_early WHERE early AND name IS NOT NULL"
    ).fetchall():
        yield place_of(driver, branch)
    for branch, commit in driver.execute("SELECT branch, tx FROM _tag").fetchall():
        yield place_of(driver, branch).until(commit)
    # A later merge, also one of branches made in between, starts from what an earlier one took over.
    merged = driver.execute(
        "SELECT DISTINCT o.branch, m.parent2 FROM _tx m JOIN _tx o ON o.id = m.parent2 "
        "JOIN _branch b ON b.id = o.branch WHERE m.parent2 IS NOT NULL AND NOT b.forgotten"
    ).fetchall()
    for branch, commit in merged:
        yield place_of(driver, branch).until(commit)


def _write_pins(driver: sqlite3.Connection) -> None:
    driver.execute("CREATE TEMP TABLE IF NOT EXISTS _pins (branch INTEGER, tx INTEGER, PRIMARY KEY (branch, tx))")
    driver.execute("DELETE FROM temp._pins")
    pins = [(pin.branch, pin.bound) for pin in _pins(driver)]
    driver.executemany("INSERT OR IGNORE INTO temp._pins VALUES (?, ?)", pins)


def _forget(driver: sqlite3.Connection, history: str, ended: tuple[int, int], limit: int) -> int:
    """Delete up to ``limit`` versions from a history that ended after one commit, up to another."""
    cursor = driver.execute(
        f"DELETE FROM {quote(history)} WHERE rowid IN (SELECT h.rowid FROM {quote(history)} h "
        "WHERE h._to > ? AND h._to <= ? "
        "AND NOT EXISTS (SELECT 1 FROM _branch b WHERE b.parent = h.branch AND b.fork >= h._from AND b.fork < h._to "
        "AND b.name IS NOT NULL) "
        "AND NOT EXISTS (SELECT 1 FROM temp._pins p WHERE p.branch = h.branch AND p.tx >= h._from AND p.tx < h._to) "
        "LIMIT ?)",
        (*ended, limit),
    )
    return cursor.rowcount
