"""Reading the log for those who follow a branch: what commits did to rows, as the tables are now."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from synthdb.catalog.model import StoredCatalog, StoredTable
from synthdb.catalog.places import Place, branch_named
from synthdb.engine.versions.alignment import UNFIT, Reading, reading_of
from synthdb.engine.versions.feed import changed_in, commits_of
from synthdb.engine.versions.images import Row, fetch
from synthdb.engine.versions.past import Past
from synthdb_host.errors import HistoryGone, UnknownRef
from synthdb_host.versions import Offset

__all__ = ["Line", "LogReader", "size_of_row"]

_PIECE: Final = 100
_MOST_BYTES: Final = 4_000_000


class Line(NamedTuple):
    """One row changed: the values before and after, in the order of the columns that its table has now."""

    offset: Offset
    at: str
    table: int
    old: Row | None
    new: Row | None


class LogReader:
    """Reads the log of a file, about as many changes at a time as are asked for. Several threads may use it.

    What a position in a commit means never changes: its tables are in the order of their ids, and of each the
    identities of all rows that the commit wrote are in order.
    """

    def __init__(self) -> None:
        self._cut: tuple[tuple[int, int], dict[int, list[Any]]] | None = None

    def read(
        self, driver: sqlite3.Connection, catalog: StoredCatalog, branch: str, since: Offset | None, limit: int
    ) -> tuple[list[Line], Offset, Offset]:
        """Read what follows an offset; gives it, and where it begins and ends. ``catalog`` is that of the branch now.

        Raises:
            UnknownRef: there is no such branch.
            HistoryGone: commits so old are no longer kept, or the log has never come so far.
        """
        if branch_named(driver, branch) is None:
            raise UnknownRef(f"There is no branch {branch[:100]!r}.", data={"ref": branch[:100]})
        head = driver.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0]
        if since is None:
            return [], Offset(head), Offset(head)
        if since.commit > head:
            raise HistoryGone("The log ends before this offset.", hint="Read everything again.")
        lines: list[Line] = []
        tables, size = {table.id: table for table in catalog.tables.values()}, 0
        past, whole = Past(driver), since == Offset(since.commit)
        past.know(catalog)
        for place, commit in commits_of(driver, branch, since.commit if whole else since.commit - 1):
            first = since.position + 1 if commit[0] == since.commit else 0
            for line, offset in self._commit(past, place or catalog.place, commit, tables, first):
                if line is not None:
                    lines.append(line)
                    size += size_of_row(line.old) + size_of_row(line.new)
                if len(lines) >= limit or size > _MOST_BYTES:
                    return lines, since, offset
            if len(lines) >= limit:
                return lines, since, Offset(commit[0])
        return lines, since, Offset(head)

    def _commit(
        self, past: Past, place: Place, commit: Row, tables: Mapping[int, StoredTable], first: int
    ) -> Iterator[tuple[Line | None, Offset]]:
        """Give the changes of a commit from a position on; None where there turned out to be none."""
        number, at, known = commit[0], commit[1], self._known(place.branch, commit[0])
        before, after = place.until(number - 1), place.until(number)
        position = 0
        for table_id in sorted(map(int, msgspec.json.decode(commit[5] or "{}"))):
            then = past.table(after, table_id)
            if then is None:
                continue
            if table_id not in known:
                known[table_id] = sorted(set(changed_in(past.driver, then, place.branch, number)))
            ids = known[table_id]
            now, start = tables.get(table_id), max(first - position, 0)
            if now is not None and start < len(ids):
                rows = _rows(past, past.table(before, table_id), then, now, ids[start:])
                for index, (old, new) in enumerate(rows, position + start):
                    offset = Offset(number, index)
                    yield (None if old == new else Line(offset, at, table_id, old, new)), offset
            position += len(ids)

    def _known(self, branch: int, commit: int) -> dict[int, list[Any]]:
        """Give the identities found before if a commit is gone on with, which may be a large one."""
        cut = self._cut
        if cut is None or cut[0] != (branch, commit):
            cut = self._cut = ((branch, commit), {})
        return cut[1]


def _rows(
    past: Past, before: StoredTable | None, after: StoredTable, now: StoredTable, ids: Sequence[Any]
) -> Iterator[tuple[Row | None, Row | None]]:
    was, then = None if before is None else _reading(before, now), _reading(after, now)
    for begin in range(0, len(ids), _PIECE):
        piece = ids[begin : begin + _PIECE]
        old = {} if before is None else fetch(past.driver, before, tuple(before.columns.values()), piece)
        new = fetch(past.driver, after, tuple(after.columns.values()), piece)
        for row_id in piece:
            yield (None if was is None else _as_now(was, old.get(row_id))), _as_now(then, new.get(row_id))


def _reading(then: StoredTable, now: StoredTable) -> Reading:
    return reading_of(tuple(then.columns.values()), tuple(now.columns.values()))


def _as_now(reading: Reading, row: Row | None) -> Row | None:
    if row is None or reading.is_plain:
        return row
    # What the type of now cannot hold is not there now either.
    return tuple(None if cell is UNFIT else cell for cell in reading(row))


def size_of_row(row: Row | None) -> int:
    """Estimate the bytes of a row."""
    if row is None:
        return 0
    return 100 + sum(len(cell) if isinstance(cell, str | bytes) else 16 for cell in row)
