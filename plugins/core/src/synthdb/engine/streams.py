"""Streams: one select, read piece by piece inside one read transaction on a connection of its own.

SQLite's snapshot is the state that is read. While it is held, the write-ahead log cannot begin anew, so a stream is
to be closed soon; for how long it may live is for whoever opened it to say.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from synthdb.engine.plans import Cursor
from synthdb.engine.translation import FOREIGN
from synthdb.storage.connections import Connection, Connections
from synthdb_host.contracts import Scheduler
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import RequestError, Timeout, Unavailable

__all__ = ["SelectStream", "require_time"]

T = TypeVar("T")

_CLOSED: Final = "The stream of rows is closed."


class SelectStream:
    """Implements :class:`synthdb_host.contracts.RowStream`. Make it, then start it.

    Args:
        connections: where its connection comes from.
        scheduler: where it reads.
        translate: turns what the driver raises into what callers know.
    """

    def __init__(
        self, connections: Connections, scheduler: Scheduler, translate: Callable[[BaseException], RequestError]
    ) -> None:
        self._connections = connections
        self._scheduler = scheduler
        self._translate = translate
        self._connection: Connection | None = None
        self._cursor: Cursor | None = None
        self._closed = False
        self._lock = threading.Lock()

    async def start(self, start: Callable[[Connection], Cursor], deadline: float | None) -> None:
        """Begin to read: ``start`` is called once, in a new transaction of the stream's connection."""
        try:
            await self._scheduler.offload(lambda: self._step(lambda: self._begin(start, deadline)))
        except BaseException:
            # Whoever waited may have given up, while a thread still starts.
            self.close()
            raise

    @property
    def encoder(self) -> RowEncoder:
        """What knows the rows."""
        return self._open_cursor.encoder

    @property
    def total(self) -> int | None:
        """The number of rows without limit and offset, if it was asked for."""
        return self._open_cursor.total

    async def read(
        self, size: int, convert: Callable[[Sequence[Sequence[Any]]], T], deadline: float | None = None
    ) -> T | None:
        """Read and convert the next rows; None: there are no more."""
        return await self._scheduler.offload(lambda: self._step(lambda: self._next(size, convert, deadline)))

    def close(self) -> None:
        """Give the connection back, now or when the running step is over."""
        self._closed = True
        self._release()

    @property
    def _open_cursor(self) -> Cursor:
        if self._cursor is None:
            raise Unavailable(_CLOSED)
        return self._cursor

    def _begin(self, start: Callable[[Connection], Cursor], deadline: float | None) -> None:
        connection = self._connection = self._connections.borrow()
        connection.deadline = deadline
        connection.driver.execute("BEGIN")
        self._cursor = start(connection)

    def _next(self, size: int, convert: Callable[[Sequence[Sequence[Any]]], T], deadline: float | None) -> T | None:
        require_time(deadline)
        if self._connection is not None:
            self._connection.deadline = deadline
        rows = self._open_cursor.fetch(size)
        return convert(rows) if rows else None

    def _step(self, work: Callable[[], T]) -> T:
        """Work on the connection, alone; then close the stream if that was asked for meanwhile."""
        try:
            with self._lock:
                if self._closed:
                    raise Unavailable(_CLOSED)
                return work()
        except FOREIGN as error:
            raise self._translate(error) from error
        finally:
            if self._closed:
                self._release()

    def _release(self) -> None:
        if not self._lock.acquire(blocking=False):
            return  # the step that runs looks again when it is over
        try:
            cursor, self._cursor = self._cursor, None
            connection, self._connection = self._connection, None
            if cursor is not None:
                cursor.close()
            if connection is not None:
                connection.deadline = None
                self._connections.give_back(connection)
        finally:
            self._lock.release()


def require_time(deadline: float | None) -> None:
    """Refuse to begin what is late already.

    Raises:
        Timeout: the deadline is over.
    """
    if deadline is not None and time.monotonic() > deadline:
        raise Timeout("The time limit of this operation was over before it began.")
