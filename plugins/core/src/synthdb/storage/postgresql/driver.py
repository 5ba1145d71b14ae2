"""A connection to PostgreSQL that takes the engine's statements, as SQLite's driver does.

Rows are fetched at once, so that a statement may be followed by others while its rows are looked at. One cursor of
psycopg serves all statements: to make one costs more than a small statement.
"""

import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, count, islice
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import TransactionStatus
from psycopg.types.string import TextLoader

from synthdb.storage.postgresql.deadlines import Deadlines
from synthdb.storage.postgresql.errors import Unreachable, known, late
from synthdb.storage.postgresql.rewriting import Rewritten, rewrite
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN

__all__ = ["Origin", "PostgresDriver", "Rows", "StreamedRows"]

_Row = tuple[Any, ...]

_MOST_VALUES: Final = 30_000
"""Of the 65,535 places that a statement may have."""
_VERSIONS: Final = "SELECT catalog, layout, pinned, (SELECT max(id) FROM _tx) FROM _meta"
_BEGIN: Final = {
    "BEGIN": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # The lock is taken before the first snapshot, so that a writer sees what the one before it has written.
    "BEGIN IMMEDIATE": "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE synthdb_lock IN EXCLUSIVE MODE",
}
_DRAFT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ"
_APPLICATION_ID: Final = 0x53594E44
_AS_TEXT: Final = (
    "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb", "inet", "cidr",
)  # fmt: skip
_OPEN: Final = (TransactionStatus.INTRANS, TransactionStatus.INERROR, TransactionStatus.ACTIVE)


class _Numeral(Loader):
    """Gives numbers of any length the types that SQLite gives them."""

    def load(self, data: Any) -> int | float:  # noqa: ANN401 - a buffer of any kind
        """Load a number."""
        text = bytes(data).decode()
        whole = text.lstrip("-").isdigit()
        return int(text) if whole and INTEGER_MIN <= int(text) <= INTEGER_MAX else float(text)


class Origin(NamedTuple):
    """A column of a result: its name, the number of its type, and of which relation it is which column, if of one."""

    name: str
    kind: int
    table: int
    number: int


class Rows:
    """The rows of a statement."""

    __slots__ = ("_at", "_rows", "connection", "lastrowid", "rowcount")

    def __init__(self, connection: "PostgresDriver", rows: Sequence[_Row], count: int, last: int | None = None) -> None:
        self.connection = connection
        self.rowcount = count
        self.lastrowid = last
        self._rows = rows
        self._at = 0

    def fetchall(self) -> list[_Row]:
        """Give all that were not fetched yet."""
        rows, at = self._rows, self._at
        self._at = len(rows)
        return list(rows) if not at else list(rows[at:])

    def fetchmany(self, size: int) -> list[_Row]:
        """Give up to so many."""
        found = list(self._rows[self._at : self._at + size])
        self._at += len(found)
        return found

    def fetchone(self) -> _Row | None:
        """Give the next one, None behind the last."""
        if self._at >= len(self._rows):
            return None
        self._at += 1
        return self._rows[self._at - 1]

    def __iter__(self) -> Iterator[_Row]:
        return iter(self.fetchall())

    def close(self) -> None:
        """Let go of the rows."""
        self._rows = ()


class StreamedRows:
    """The rows of a statement that the server still has, and gives some at a time."""

    def __init__(self, connection: "PostgresDriver", name: str) -> None:
        self.connection = connection
        self._name = name
        self._open = True

    def fetchmany(self, size: int) -> list[_Row]:
        """Give up to so many."""
        return self.connection.fetch(self._name, size) if self._open else []

    def close(self) -> None:
        """Let the server forget them."""
        if self._open and not self.connection.closed:
            self._open = False
            with suppress(sqlite3.Error):  # the transaction failed, and the cursor is gone with it
                self.connection.script(f"CLOSE {self._name}")


class PostgresDriver:
    """One connection. ``deadline`` gives the time (``time.monotonic`` seconds) after which statements are cancelled.

    ``drafts`` says that a transaction that is not BEGIN IMMEDIATE may make something that is undone at its end.
    ``announcing`` is a statement with which a transaction that writes tells of itself; without it nothing is written.
    """

    def __init__(self, connection: psycopg.Connection[_Row], deadlines: Deadlines, announcing: str | None) -> None:
        self._connection = connection
        self._cursor = connection.cursor(binary=True)
        self._plain = connection.cursor()
        self._announcing = announcing
        self._texts: psycopg.Cursor[_Row] | None = None
        self.drafts = False
        self._deadlines = deadlines
        self._versions: _Row | None = None
        self._data_version = 0
        self._looked = False
        self.deadline: Callable[[], float | None] = lambda: None

    # -- what the engine asks ---------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether the connection is gone."""
        return self._connection.closed

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.info.transaction_status in _OPEN

    def cursor(self) -> "PostgresDriver":
        """Give something that executes statements."""
        return self

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement of the engine."""
        if sql in _BEGIN:
            return self._begin(sql)
        if sql == "COMMIT":
            return self._commit()
        if sql.startswith("PRAGMA"):
            return self._pragma(sql)
        if "sqlite_stat1" in sql or sql.startswith("ANALYZE"):
            return Rows(self, (), 0)
        statement = rewrite(sql)
        rows = self._run(statement.sql, statement.bound(values))
        if statement.layout is not None:
            return self._of_layout(rows.fetchall(), statement.layout)
        if statement.gives_id:
            return Rows(self, (), rows.rowcount, (rows.fetchone() or (None,))[0])
        return rows

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> Rows:
        """Run a statement for each row: many at a time where it only inserts."""
        if "sqlite_stat1" in sql:
            return Rows(self, (), 0)
        statement = rewrite(sql)
        if statement.row is not None:
            return self._insert(statement, iter(rows))
        bound = [statement.bound(row) for row in rows]
        if not bound:
            return Rows(self, (), 0)
        try:
            self._cursor.executemany(statement.sql, bound)
        except psycopg.Error as error:
            raise self._known(error) from error
        return Rows(self, (), self._cursor.rowcount)

    def stream(self, sql: str, values: Sequence[Any], *, keeps: bool) -> StreamedRows:
        """Run a select of the engine whose rows the server keeps until they are fetched.

        Unless it ``keeps`` the transaction, that ends here, so that nobody who changes the schema waits for it: the
        server has all rows by then, in a file of its own if they are many.
        """
        statement = rewrite(sql)
        hold = "" if keeps else " WITH HOLD"
        name = f"synthdb_{next(_NUMBERS)}"
        self._run(f"DECLARE {name} NO SCROLL CURSOR{hold} FOR {statement.sql}", statement.bound(values), prepare=False)
        rows = StreamedRows(self, name)
        if not keeps:
            self._run("COMMIT")
        return rows

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """Run a statement that is PostgreSQL's own already."""
        return self._run(sql, values, prepare=False)

    def fetch_texts(self, cursor: str, size: int) -> tuple[list[Origin], list[_Row]]:
        """Fetch rows of any types, with what the columns are: all but numbers, truths and bytes come as texts."""
        if self._texts is None:
            self._texts = self._connection.cursor()
            for kind in _AS_TEXT:
                self._texts.adapters.register_loader(kind, TextLoader)
            self._texts.adapters.register_loader("numeric", _Numeral)
        rows = self._run(f"FETCH FORWARD {size} FROM {cursor}", prepare=False, cursor=self._texts)
        result = self._texts.pgresult
        if result is None:
            return [], []
        origins = [
            Origin(column.name, column.type_code, result.ftable(place), result.ftablecol(place))
            for place, column in enumerate(self._texts.description or ())
        ]
        return origins, rows.fetchall()

    def fetch(self, cursor: str, size: int) -> list[_Row]:
        """Fetch the next rows of a cursor of the server."""
        return self._run(f"FETCH FORWARD {size} FROM {cursor}", prepare=False).fetchall()

    def script(self, sql: str) -> None:
        """Run statements that take no values and give no rows, whatever the time is."""
        try:
            self._plain.execute(sql)
        except psycopg.Error as error:
            raise self._known(error) from error

    def rollback(self) -> None:
        """Undo an open transaction."""
        if self.in_transaction:
            self._run_now("ROLLBACK")

    def create_function(self, name: str, arguments: int, function: Callable[..., object]) -> None:
        """Do nothing: functions are the database's own."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    # -- statements -------------------------------------------------------------------------------------

    def _run(
        self, sql: str, values: Sequence[Any] = (), *, prepare: bool | None = None,
        cursor: psycopg.Cursor[_Row] | None = None,
    ) -> Rows:  # fmt: skip
        deadline = self.deadline()
        if deadline is None:
            return self._run_now(sql, values, prepare=prepare, cursor=cursor)
        if time.monotonic() > deadline:
            raise late()
        with self._deadlines.watch(self._connection, deadline):
            return self._run_now(sql, values, prepare=prepare, cursor=cursor)

    def _run_now(
        self, sql: str, values: Sequence[Any] = (), *, prepare: bool | None = None,
        cursor: psycopg.Cursor[_Row] | None = None,
    ) -> Rows:  # fmt: skip
        """Run a statement whatever the time is, such as one that ends a transaction."""
        cursor = cursor or self._cursor
        try:
            cursor.execute(sql, values or None, prepare=prepare)
            found: Sequence[_Row] = cursor.fetchall() if cursor.description else ()
        except psycopg.Error as error:
            raise self._known(error) from error
        return Rows(self, found, cursor.rowcount)

    def _known(self, error: psycopg.Error) -> sqlite3.Error:
        found = known(error)
        if isinstance(found, Unreachable):
            # So that everybody sees that another connection is needed.
            self._connection.close()
        return found

    def _of_layout(self, rows: list[_Row], layout: int) -> Rows:
        """Give rows that say which layout version they are of, if it is the right one; whoever finds none asks."""
        found = [row[:-1] for row in rows] if rows and rows[0][-1] == layout else []
        return Rows(self, found, len(found))

    def _insert(self, statement: Rewritten, rows: Iterator[Sequence[Any]]) -> Rows:
        first = next(rows, None)
        if first is None:
            return Rows(self, (), 0)
        start, end = statement.row or (0, 0)
        head, row = statement.sql[:start], statement.sql[start:end]
        width = max(len(first), 1)
        size, rows, count = max(_MOST_VALUES // width, 1), chain([first], rows), 0
        while piece := list(islice(rows, size)):
            sql = head + _repeated(row, width, len(piece))
            values = [value for one in piece for value in one]
            count += self._run(sql, values, prepare=None if len(piece) == 1 else False).rowcount
        return Rows(self, (), count)

    def _begin(self, sql: str) -> Rows:
        try:
            self._plain.execute(_DRAFT if self.drafts and sql == "BEGIN" else _BEGIN[sql])
        except psycopg.Error as error:
            refused = self._known(error)
            if isinstance(refused, Unreachable):
                # Nothing was done yet, so that another connection may be tried.
                refused.is_passing = True
            raise refused from error
        self._looked = False
        return Rows(self, (), 0)

    def _commit(self) -> Rows:
        if self._announcing is None:
            self._run_now("COMMIT")
            return Rows(self, (), 0)
        if self._looked:
            # What this connection wrote is nothing new to it.
            self._versions = self._run_now(_VERSIONS).fetchone()
        self.script(f"{self._announcing}; COMMIT")
        return Rows(self, (), 0)

    def _pragma(self, sql: str) -> Rows:
        if sql == "PRAGMA data_version":
            self._looked = True
            found = self._run(_VERSIONS).fetchone()
            if found != self._versions:
                self._versions, self._data_version = found, self._data_version + 1
            return Rows(self, ((self._data_version,),), 1)
        if sql == "PRAGMA application_id":
            is_ours = self._run("SELECT to_regclass('_meta') IS NOT NULL").fetchall()[0][0]
            return Rows(self, ((_APPLICATION_ID if is_ours else 0,),), 1)
        return Rows(self, (), 0)


def _repeated(row: str, width: int, count: int) -> str:
    """Write the places of one row for many."""
    template = _TEMPLATES.get(row)
    if template is None:
        if len(_TEMPLATES) > 1_000:  # noqa: PLR2004 - so that they do not become ever more
            _TEMPLATES.clear()
        template = _TEMPLATES[row] = _template(row)
    return ", ".join([template.format(*range(first, first + width)) for first in range(1, count * width + 1, width)])


def _template(row: str) -> str:
    escaped = row.replace("{", "{{").replace("}", "}}")
    return re.sub(r"\$(\d+)", lambda found: f"${{{int(found[1]) - 1}}}", escaped)


_TEMPLATES: Final[dict[str, str]] = {}
_NUMBERS: Final = count(1)
