"""The change feed: what commits changed, in order, for programs that follow it."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from synthdb.library.selecting import Where, filter_of
from synthdb.library.session import Session
from synthdb_host.access import PROCESS
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.contracts import Context
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import ColumnRef, Comparison, CreateTable, Define, Delete, Insert, OnConflict, Select
from synthdb_host.stepping import run
from synthdb_host.versions import Changes, Follow

if TYPE_CHECKING:
    from synthdb_host.feeds import Feed

__all__ = ["CONSUMERS", "Consumer", "FeedMethods"]

CONSUMERS: Final = "synthdb_consumers"
"""The table, on the main branch, of how far each consumer has come."""

_COLUMNS: Final = (
    Column("consumer", ColumnType("text"), not_null=True),
    Column("position", ColumnType("text"), not_null=True, comment="offset of the last change dealt with"),
    Column("changed_at", ColumnType("timestamp"), not_null=True),
)

_Events = list[dict[str, Any]]


class FeedMethods(Session):
    """The methods that read what commits changed."""

    def changes(
        self, since: str | None = None, tables: Sequence[str] = (), *, limit: int = 1_000, every_branch: bool = False
    ) -> _Events:
        """Read what the commits after the offset ``since`` changed on this branch, in their order.

        Args:
            since: the last offset that was read; None: from the first commit on.
            tables: only changes of these tables.
            limit: about so many changes; those of a commit come whole.
            every_branch: those of all branches.

        Returns:
            For each row changed offset, at, branch, author, message, table, change, key, old and new.

        Raises:
            HistoryGone: the changes after ``since`` are no longer kept.
        """
        names = (tables,) if isinstance(tables, str) else tuple(tables)
        branch = None if every_branch else self._ref.branch
        return self.execute(Changes(since, names, branch, limit)).python()

    def follow(
        self, tables: Mapping[str, Where] | Sequence[str] = (), *, since: str | None = None, wait: float | None = None
    ) -> Iterator[dict[str, Any]]:
        """Give the changes of this branch as they are made, by any process, and sleep in between.

        Args:
            tables: those that are followed, with what their rows must satisfy; none: all.
            since: the ``seq`` of the last change that was seen, or a commit; None: from now on.
            wait: end after so many seconds without a change; None: never.

        Yields:
            For each row changed seq, commit, at, branch, table, op, key, old, new and changed. A row that comes to
            satisfy a condition is an ``insert``, one that no longer does is a ``leave``.

        Raises:
            HistoryGone: the changes after ``since`` are no longer kept.
        """
        names = (tables,) if isinstance(tables, str) else tables
        wishes = names if isinstance(names, Mapping) else dict.fromkeys(names)
        conditions = {name: filter_of(where) for name, where in wishes.items()}
        feed = run(self._gate.follow(self._database, Follow(conditions, self._ref.branch, since), Context(PROCESS)))
        return _followed(feed, wait)

    def consumer(
        self, name: str, tables: Sequence[str] = (), *, limit: int = 1_000, every_branch: bool = False
    ) -> "Consumer":
        """Follow the changes under a name, going on where :meth:`Consumer.ack` was last called under it.

        Raises:
            InvalidParameter: the name is empty.
        """
        return Consumer(self, name, tables, limit=limit, every_branch=every_branch)


def _followed(feed: "Feed", wait: float | None) -> Iterator[dict[str, Any]]:
    told = threading.Event()
    watch = feed.watch(told.set)
    try:
        while True:
            told.clear()
            page = run(feed.read())
            if page is not None:
                yield from page.result.python()
            elif not told.wait(wait):
                return
    finally:
        watch.close()
        feed.close()


class Consumer:
    """Reads each change at least once, over any number of runs of a program.

    Iterating gives lists of changes until there are no more; :meth:`ack` says that all given so far are dealt
    with, and is durable. A program that dies in between is given them again by the next. Iterate again for what
    has come since.

    Example:
        >>> mailer = db.consumer("mailer", ["orders"])
        >>> for changes in mailer:
        ...     send(changes)
        ...     mailer.ack()
    """

    def __init__(
        self, session: FeedMethods, name: str, tables: Sequence[str], *, limit: int, every_branch: bool
    ) -> None:
        if not name:
            raise InvalidParameter("A consumer needs a name.")
        self._session = session
        self._name = name
        self._tables = tables
        self._limit = limit
        self._every_branch = every_branch
        self._stored = self._read = self._load()

    @property
    def offset(self) -> str | None:
        """The offset that was acknowledged last; None: none was."""
        return self._stored

    def __iter__(self) -> Iterator[_Events]:
        while True:
            events = self._session.changes(self._read, self._tables, limit=self._limit, every_branch=self._every_branch)
            if not events:
                return
            self._read = events[-1]["offset"]
            # What consumers note themselves is not news, or each note would be followed by another one.
            news = [event for event in events if event["table"] != CONSUMERS]
            if news:
                yield news

    def ack(self) -> None:
        """Keep that everything given so far is dealt with.

        Raises:
            ProtectedBranch: the main branch, where this is kept, is protected.
        """
        if self._read == self._stored or self._read is None:
            return
        if self._stored is None:
            self._prepare()
        row = (self._name, self._read, datetime.now(UTC))
        names = tuple(column.name for column in _COLUMNS)
        self._session.execute(Insert(CONSUMERS, names, [row], OnConflict(("consumer",))))
        self._stored = self._read

    def rewind(self) -> None:
        """Give everything again that was given since the last :meth:`ack`."""
        self._read = self._stored

    def forget(self) -> None:
        """Begin from the first change again, in later runs too."""
        if self._stored is not None:
            self._session.execute(Delete(CONSUMERS, self._is_mine()))
        self._stored = self._read = None

    def _load(self) -> str | None:
        if not self._is_prepared():
            return None
        rows = self._session.execute(Select(CONSUMERS, where=self._is_mine())).python()
        return rows[0]["position"] if rows else None

    def _is_prepared(self) -> bool:
        main = Session(self._session._host, self._session.database, parent=self._session)  # noqa: SLF001 - of one room
        return CONSUMERS in main.catalog().tables

    def _prepare(self) -> None:
        comment = "how far the consumers of changes have come; without it they begin again"
        table = CreateTable(CONSUMERS, _COLUMNS, key=("consumer",), mode="strict", comment=comment, if_not_exists=True)
        self._session.execute(Define((table,)))

    def _is_mine(self) -> Comparison:
        return Comparison(ColumnRef("consumer"), "eq", self._name)
