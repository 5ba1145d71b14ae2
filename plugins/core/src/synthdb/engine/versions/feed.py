"""The change feed: what commits did to rows, in the order of commits, without gaps."""

import sqlite3
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from synthdb.catalog.model import StoredTable
from synthdb.catalog.places import Place, branch_named, place_of, require_kept
from synthdb.engine.naming import quote
from synthdb.engine.versions.alignment import reading_of
from synthdb.engine.versions.images import Row, fetch, inserted_ids
from synthdb.engine.versions.past import Past
from synthdb.engine.versions.results import Shown, result
from synthdb.storage.layout import MAIN
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter, UnknownRef
from synthdb_host.versions import Changes, Offset

__all__ = ["changed_in", "changes", "commits_of"]

_COLUMNS: Final = (
    ("offset", "text"), ("at", "timestamp"), ("branch", "text"), ("author", "text"), ("message", "text"),
    ("table", "text"), ("change", "text"), ("key", "json"), ("old", "json"), ("new", "json"),
)  # fmt: skip
_MOST: Final = 100_000


def changes(driver: sqlite3.Connection, operation: Changes, visible: frozenset[int] | None) -> Result:
    """Read what was changed after an offset, whole commits at a time; ``visible`` are ids of tables, None: all.

    Raises:
        InvalidParameter: the offset or the limit is none.
        HistoryGone: commits so old are no longer kept.
    """
    if not 1 <= operation.limit <= _MOST:
        raise InvalidParameter(f"A limit is 1 to {_MOST}, not {operation.limit}.", where="limit")
    rows: list[Row] = []
    for line in _lines(driver, operation, visible):
        if len(rows) >= operation.limit and line[0] != rows[-1][0]:
            break
        rows.append(line)
    return result(_COLUMNS, rows)


def _since(operation: Changes) -> int:
    """Give the last commit that was read as a whole."""
    if operation.since is None:
        return 0
    offset = Offset.parse(operation.since)
    return offset.commit if offset == Offset(offset.commit) else offset.commit - 1


def _lines(driver: sqlite3.Connection, operation: Changes, visible: frozenset[int] | None) -> Iterator[Row]:
    feed = _Feed(driver, operation.tables, visible)
    for place, (commit, at, branch, author, message, tables) in commits_of(driver, operation.branch, _since(operation)):
        name = feed.branch_name(branch)
        for line in feed.commit(commit, place or feed.place(branch), msgspec.json.decode(tables or "{}")):
            yield str(commit), at, name, author, message, *line


def commits_of(driver: sqlite3.Connection, branch: str | None, since: int) -> Iterator[tuple[Place | None, Row]]:
    """Give the commits after one, and for those of one branch the part of its place that each was made on.

    A commit is id, at, branch, author, message and tables.

    Raises:
        UnknownRef: there is no such branch.
        HistoryGone: commits so old are no longer kept.
    """
    select = "SELECT id, at, branch, author, message, tables FROM _tx"
    if branch is None:
        _require_kept(driver, place_of(driver, MAIN), since)
        everything = driver.execute(f"{select} WHERE id > ? AND tables <> '{{}}' ORDER BY id", (since,))
        yield from ((None, row) for row in everything)
        return
    found = branch_named(driver, branch)
    if found is None:
        raise UnknownRef(f"There is no branch {branch!r}.", data={"ref": branch})
    place = place_of(driver, found.id)
    _require_kept(driver, place, since)
    for depth in reversed(range(len(place.layers))):
        layers = place.layers[depth:]
        own, bound, _ = layers[0]
        rows = driver.execute(
            f"{select} WHERE id > ? AND id <= ? AND branch = ? AND tables <> '{{}}' ORDER BY id",
            (since, 2**63 - 1 if bound is None else bound, own),
        )
        yield from ((Place(layers), row) for row in rows)


def _require_kept(driver: sqlite3.Connection, place: Place, since: int) -> None:
    horizon = driver.execute("SELECT horizon FROM _meta").fetchone()[0]
    if since < horizon:
        require_kept(driver, place.until(since))


class _Feed:
    def __init__(self, driver: sqlite3.Connection, tables: tuple[str, ...], visible: frozenset[int] | None) -> None:
        self._driver = driver
        self._tables = frozenset(tables)
        self._visible = visible
        self._past = Past(driver)
        self._places: dict[int, Place] = {}
        self._names: dict[int, str | None] = {}

    def branch_name(self, branch: int) -> str | None:
        """Give the name of a branch."""
        if branch not in self._names:
            found = self._driver.execute("SELECT name FROM _branch WHERE id = ?", (branch,)).fetchone()
            self._names[branch] = found[0]
        return self._names[branch]

    def place(self, branch: int) -> Place:
        """Give the newest state of a branch."""
        if branch not in self._places:
            self._places[branch] = place_of(self._driver, branch)
        return self._places[branch]

    def commit(self, commit: int, place: Place, tallies: dict[str, Any]) -> Iterator[Row]:
        """Give what a commit did on the branch of a place: table, change, key, old, new."""
        before, after = place.until(commit - 1), place.until(commit)
        for table_id in sorted(map(int, tallies)):
            new = self._past.table(after, table_id)
            if new is not None and self._is_shown(new):
                yield from self._table(self._past.table(before, table_id), new, place.branch, commit)

    def _is_shown(self, table: StoredTable) -> bool:
        allowed = self._visible is None or table.id in self._visible
        return allowed and (not self._tables or table.name in self._tables)

    def _table(self, before: StoredTable | None, after: StoredTable, branch: int, commit: int) -> Iterator[Row]:
        ids = sorted(set(changed_in(self._driver, after, branch, commit)))
        shown_old, shown_new = Shown(before or after), Shown(after)
        old = {} if before is None else fetch(self._driver, before, shown_old.columns, ids)
        new = fetch(self._driver, after, shown_new.columns, ids)
        reading = reading_of(shown_old.columns, shown_new.columns)
        for row_id in ids:
            was, now = old.get(row_id), new.get(row_id)
            if (was is None and now is None) or (was is not None and now is not None and reading(was) == now):
                continue
            change = "insert" if was is None else "delete" if now is None else "update"
            key = shown_new.key(now) if now is not None else shown_old.key(was or ())
            yield after.name, change, key, shown_old.image(was), shown_new.image(now)


def changed_in(driver: sqlite3.Connection, table: StoredTable, branch: int, commit: int) -> list[Any]:
    """Give the identities of the rows that one commit wrote; some may come twice."""
    identity, history = quote(table.identity.physical), quote(table.history)
    ended = driver.execute(f"SELECT {identity} FROM {history} WHERE _to = ? AND branch = ?", (commit, branch))
    found = [row_id for (row_id,) in ended]
    if branch == MAIN:
        return found + inserted_ids(driver, table, commit - 1, commit)
    tally = driver.execute(
        "SELECT json_extract(tables, ?) FROM _tx WHERE id = ?", (f'$."{table.id}"', commit)
    ).fetchone()
    known = msgspec.json.decode(tally[0])
    if "min_id" not in known:
        return found
    rows = driver.execute(
        f"SELECT {identity} FROM {quote(table.overlay)} WHERE branch = ?1 AND _tx = ?2 "
        f"UNION SELECT {identity} FROM {history} WHERE {identity} BETWEEN ?3 AND ?4 AND branch = ?1 AND _from = ?2",
        (branch, commit, known["min_id"], known["max_id"]),
    )
    return found + [row_id for (row_id,) in rows]
