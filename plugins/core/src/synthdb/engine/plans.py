"""Plans: compiled reads, and how they run.

A plan holds everything that does not depend on values: statements, encoders, and for each embed how its rows
are found. An embed's rows are sought once per distinct key of its outer rows, with one prepared statement;
inside the process that is faster than any join or JSON built by SQLite.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from synthdb.catalog.places import Place
from synthdb.engine.binds import Statement
from synthdb.engine.positions import Ending, check_position, newest_commit
from synthdb.engine.states import StateNote
from synthdb.storage.connections import is_sqlite
from synthdb_host.contracts import Result
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.operations import Position

if TYPE_CHECKING:
    from synthdb.engine.pages import PagePlan

__all__ = ["UNCHANGED", "Cursor", "EmbedPlan", "Plan", "Row", "RowsPlan"]

Row = tuple[Any, ...]

UNCHANGED: Final = "/* unchanged */ 1"
"""Stands in a limit, which is zero where this is not true; what makes it so is put in by a plan that runs alone."""

_LAYOUT: Final = "SELECT layout FROM _meta"

_FEW_KEYS: Final = 3
_JSON_KEYS: Final = frozenset({int, str, type(None)})

_LARGE: Final = frozenset({"text", "json", "bytes"})
_SIZED: Final = frozenset({str, bytes})
_STRIDE: Final = 32
"""Rows that a cursor takes at a time before it looks at their size."""
_PIECE_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class RowsPlan:
    """How the rows of one level are read.

    The first ``width`` columns are shown, the rest are keys; the last one is the row's version if it is ``versioned``.
    """

    statement: Statement
    columns: tuple[ResultColumn, ...]
    width: int
    embeds: tuple["EmbedPlan", ...]
    trimmed: bool
    versioned: bool = False

    def fetch(self, connection: sqlite3.Connection, values: Sequence[object]) -> list[Row]:
        """Fetch rows as the statement gives them."""
        return connection.execute(self.statement.sql, self.statement.parameters(values)).fetchall()

    def finish(self, connection: sqlite3.Connection, rows: list[Row], values: Sequence[object]) -> list[Row]:
        """Put the embeds into rows as they were fetched and take their keys away."""
        if not self.embeds:
            width = self.width
            return [row[:width] for row in rows] if self.trimmed else rows
        finished = [row[: self.width] for row in rows]
        for embed in self.embeds:
            cells = embed.cells(connection, rows, values)
            finished = [row + cell for row, cell in zip(finished, cells, strict=True)]
        return finished


@dataclass(frozen=True, slots=True)
class EmbedPlan:
    """How an embed's rows are found: ``keys`` are the places of its key in an outer row.

    ``batch`` takes all keys at once, as a JSON array; its rows end with their key.
    """

    rows: RowsPlan
    keys: tuple[int, ...]
    many: bool
    spread: bool
    batch: RowsPlan | None = None

    def cells(self, connection: sqlite3.Connection, outer: list[Row], values: Sequence[object]) -> list[Row]:
        """Give for each outer row what is appended to it: one cell, or with ``spread`` the columns."""
        absent: Row = (None,) * len(self.rows.columns)
        if self.batch is not None:
            place = self.keys[0]
            keys = {row[place] for row in outer}
            if len(keys) > _FEW_KEYS and all(type(key) in _JSON_KEYS for key in keys):
                by_key = self._fetch(connection, self.batch, keys, values)
                if self.spread:
                    return [by_key.get(row[place], absent) for row in outer]
                return [(by_key.get(row[place]),) for row in outer]
        spans, found = self._seek(connection, outer, values)
        if self.many:
            return [(found[start:end],) for start, end in spans]
        if self.spread:
            return [found[start] if end > start else absent for start, end in spans]
        return [(found[start] if end > start else None,) for start, end in spans]

    def _fetch(
        self, connection: sqlite3.Connection, plan: RowsPlan, keys: set[Any], values: Sequence[object]
    ) -> dict[Any, Row]:
        """Fetch the rows of all keys with one statement."""
        statement = plan.statement
        parameters = list(statement.parameters(values))
        parameters[statement.keys[0]] = msgspec.json.encode([key for key in keys if key is not None]).decode()
        fetched = connection.execute(statement.sql, parameters).fetchall()
        by_key: dict[Any, Row] = {}
        for row, shown in zip(fetched, plan.finish(connection, fetched, values), strict=True):
            by_key.setdefault(row[-1], shown)
        return by_key

    def _seek(
        self, connection: sqlite3.Connection, outer: list[Row], values: Sequence[object]
    ) -> tuple[list[tuple[int, int]], list[Row]]:
        """Fetch the rows of each distinct key; gives each outer row's span in them."""
        statement = self.rows.statement
        parameters = list(statement.parameters(values))
        known: dict[Any, tuple[int, int]] = {}
        fetched: list[Row] = []
        spans = []
        execute = connection.cursor().execute
        single = self.keys[0] if len(self.keys) == 1 else None
        for row in outer:
            key = (row[single],) if single is not None else tuple([row[place] for place in self.keys])
            span = known.get(key)
            if span is None:
                start = len(fetched)
                if None not in key:
                    for place, part in zip(statement.keys, key, strict=True):
                        parameters[place] = part
                    fetched += execute(statement.sql, parameters).fetchall()
                span = known[key] = (start, len(fetched))
            spans.append(span)
        return spans, self.rows.finish(connection, fetched, values)


class Plan:
    """A compiled select. ``count`` is its counting statement, if it asks for a count.

    ``limit`` and ``offset`` are the indexes of those values, None where the select has none. ``ending`` tells where a
    page ended, if that is asked for. Rows that are in several spans are read by ``further`` statements too. ``page`` is
    a faster way to read all rows at once, where there is one.
    """

    __slots__ = (
        "_alone", "_count", "_encoder", "_ending", "_further", "_limit", "_offset", "_rows", "_simple", "_statement",
        "page",
    )  # fmt: skip

    def __init__(
        self,
        rows: RowsPlan,
        count: Statement | None,
        limit: int | None,
        offset: int | None,
        ending: Ending | None = None,
        further: Sequence[Statement] = (),
    ) -> None:
        self._rows = rows
        self._ending = ending
        self._further = further
        self._statement = rows.statement
        self._encoder = RowEncoder(rows.columns)
        self._count = count
        self._limit = limit
        self._offset = offset
        self._simple = not rows.embeds and not rows.trimmed and count is None and not further and ending is None
        self.page: PagePlan | None = None
        self._alone: tuple[int, str, str] | None = None

    @property
    def runs_alone(self) -> bool:
        """Whether one statement reads everything, and can itself ask whether the file has changed."""
        one = self._count is None and self.page is None and not self._rows.embeds and not self._further
        return one and UNCHANGED in self._statement.sql

    def run_alone(
        self,
        connection: sqlite3.Connection,
        values: Sequence[object],
        place: Place,
        layout: int,
        note: StateNote | None,
    ) -> Result | None:
        """Read without a transaction, if the layout version of the file is still ``layout``; None: it is not.

        Raises as :meth:`run` does.
        """
        also = "" if note is None else note.condition(place)
        known, ending = self._alone, self._ending
        if known is None or known[0] != layout or known[1] != also:
            condition = f"({_LAYOUT}) = {layout}" + (f" AND {also}" if also else "")
            # A reader thread may look at any time.
            known = self._alone = layout, also, self._statement.sql.replace(UNCHANGED, condition)
        rows = connection.execute(known[2], self._statement.parameters(values)).fetchall()
        if not rows and connection.execute(_LAYOUT).fetchone()[0] != layout:
            # The version only rises: had it been another one before, it would be now.
            return None
        position = None
        if ending is not None and note is not None and self._is_full(rows, values):
            position = ending.position(note.commit(place), rows[-1])
        state = None if note is None else note.state(layout, place)
        return self._result(connection, rows, values, None, position, state)

    def _is_full(self, rows: Sequence[Row], values: Sequence[object]) -> bool:
        return bool(rows) and self._limit is not None and len(rows) == values[self._limit]

    def run(
        self, connection: sqlite3.Connection, values: Sequence[object], place: Place, after: Position | None = None
    ) -> Result:
        """Read with these values, ``after`` a position.

        Raises:
            InvalidFilter: a value does not fit its column.
            CursorExpired: the position is one of another order.
            sqlite3.OperationalError: the read was interrupted, or a sum overflows.
        """
        statement, ending = self._statement, self._ending
        if after is not None and ending is not None:
            check_position(after, ending.signature)
        rows = connection.execute(statement.sql, statement.parameters(values)).fetchall()
        position = None
        limit: Any = None if self._limit is None else values[self._limit]
        for further in self._further:
            if limit is not None and len(rows) >= limit:
                break
            rows += self._read_on(connection, further, values, len(rows))
        if ending is not None and self._is_full(rows, values):
            commit = after.commit if after is not None else None
            position = ending.position(commit or newest_commit(connection, place), rows[-1])
        total = None if self._count is None else self._total(connection, values, len(rows), self._count, after)
        return self._result(connection, rows, values, total, position)

    def _result(
        self,
        connection: sqlite3.Connection,
        rows: list[Row],
        values: Sequence[object],
        total: int | None,
        position: Position | None,
        state: str | None = None,
    ) -> Result:
        if self._simple:
            return Result(self._encoder, rows, state=state)
        versions = tuple([str(row[-1]) for row in rows]) if self._rows.versioned else ()
        finished = self._rows.finish(connection, rows, values)
        return Result(self._encoder, finished, total, versions=versions, state=state, position=position)

    def start(self, connection: sqlite3.Connection, values: Sequence[object]) -> "Cursor":
        """Start to read with these values, piece by piece inside one transaction; see :meth:`run`."""
        total = None
        if self._count is not None:
            total = int(connection.execute(self._count.sql, self._count.parameters(values)).fetchone()[0])
        sql, bound = self._statement.sql, self._statement.parameters(values)
        keeps = bool(self._rows.embeds)  # they are read piece by piece, too, and of the same state
        driver: Any = connection
        rows = driver.execute(sql, bound) if is_sqlite(driver) else driver.stream(sql, bound, keeps=keeps)
        return Cursor(self._rows, self._encoder, rows, values, total)

    def _read_on(
        self, connection: sqlite3.Connection, statement: Statement, values: Sequence[object], found: int
    ) -> list[Row]:
        """Read the rows of a further span, as many as are still wanted."""
        if self._limit is not None:
            limit: Any = values[self._limit]
            values = [*values[: self._limit], limit - found, *values[self._limit + 1 :]]
        return connection.execute(statement.sql, statement.parameters(values)).fetchall()

    def _total(
        self, connection: sqlite3.Connection, values: Sequence[object], size: int, count: Statement, after: object
    ) -> int:
        """Count the rows without limit and offset; a page that ends early says it by itself."""
        offset: Any = 0 if self._offset is None else values[self._offset]
        limit: Any = None if self._limit is None else values[self._limit]
        if after is None and (size or not offset) and (limit is None or size < limit):
            return int(offset) + size
        return int(connection.execute(count.sql, count.parameters(values)).fetchone()[0])


class Cursor:
    """A read under way. ``total`` is the count that the select asks for."""

    __slots__ = ("_large", "_plan", "_rows", "_values", "encoder", "total")

    def __init__(
        self, plan: RowsPlan, encoder: RowEncoder, rows: sqlite3.Cursor, values: Sequence[object], total: int | None
    ) -> None:
        self._plan = plan
        self._rows = rows
        self._values = values
        self._large = [place for place, column in enumerate(plan.columns[: plan.width]) if column.type.name in _LARGE]
        self.encoder = encoder
        self.total = total

    def fetch(self, size: int) -> list[Row]:
        """Give at most ``size`` rows, fewer where they are large; none: there are no more.

        Raises:
            sqlite3.OperationalError: the read was interrupted.
        """
        found: list[Row] = []
        weight = 0
        while len(found) < size and weight < _PIECE_BYTES:
            rows = self._rows.fetchmany(min(_STRIDE, size - len(found)))
            if not rows:
                break
            found += rows
            for place in self._large:
                weight += sum([len(row[place]) for row in rows if type(row[place]) in _SIZED])
        return self._plan.finish(self._rows.connection, found, self._values)

    def close(self) -> None:
        """Let go of the statement."""
        self._rows.close()
