"""Connections to one database: one that writes, and one per thread that reads; those to SQLite files.

SQLAlchemy makes and owns the connections; the engine works on the driver connection underneath, because a
checkout and a result object per statement would cost more than the statement.
"""

import sqlite3
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import sqlalchemy

from synthdb_host.errors import Unavailable

__all__ = ["Connection", "Connections", "SqliteConnections", "is_sqlite"]

_STEPS_BETWEEN_CHECKS: Final = 5_000
"""SQLite virtual machine steps between two looks at the clock: about 50 to 200 microseconds."""

_LONG_READ_PRAGMAS: Final = ("PRAGMA cache_size = -4000", "PRAGMA temp_store = FILE")
"""A long read sees each page once, and what it sorts may be larger than memory."""

_MOST_IDLE: Final = 4


@dataclass(eq=False)
class Connection:
    """A driver connection with the deadline (``time.monotonic`` seconds) after which statements are interrupted.

    ``file`` is the device and inode of the database file when it was opened.
    """

    driver: sqlite3.Connection
    owner: Any
    file: tuple[int, int]
    deadline: float | None = None
    data_version: int = -1
    state: dict[str, Any] = field(default_factory=dict)

    def is_late(self) -> bool:
        """Say whether the deadline has passed."""
        return self.deadline is not None and time.monotonic() > self.deadline

    @property
    def is_gone(self) -> bool:
        """Whether the other end has let go of it, so that another one is needed."""
        return False

    def close(self) -> None:
        """Close the connection; an open transaction is undone."""
        self.owner.detach()
        self.driver.close()


class Connections(ABC):
    """Keeps the connections to one database: one per thread that reads, and those that are lent for long reads."""

    _slow_read: ClassVar[Sequence[str]] = ()
    """Statements for a connection that serves long reads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._open: list[Connection] = []
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    @abstractmethod
    def _connect(self, *, read_only: bool) -> Connection:
        """Open a connection."""

    def require_same_file(self, connection: Connection) -> None:  # noqa: B027 - most storages are no files
        """Raise Unavailable if the path no longer leads to this connection's file: a write would be lost."""

    def reader(self) -> Connection:
        """Give this thread's reading connection."""
        found: Connection | None = getattr(self._local, "connection", None)
        if found is None or found.is_gone:
            found = self._local.connection = self.open(read_only=True)
        return found

    def borrow(self) -> Connection:
        """Give a reading connection of nobody's thread, for one long read; :meth:`give_back` takes it again."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = self.open(read_only=True)
        for statement in self._slow_read:
            connection.driver.execute(statement).close()
        return connection

    def give_back(self, connection: Connection) -> None:
        """Take a borrowed connection; its transaction is over after this."""
        with self._lock:
            if connection not in self._open:
                return  # all were closed while it was lent
            try:
                connection.driver.rollback()
            except sqlite3.Error:
                is_kept = False
            else:
                is_kept = len(self._idle) < _MOST_IDLE
            (self._idle.append if is_kept else self._open.remove)(connection)
        if not is_kept:
            connection.close()

    def open(self, *, read_only: bool) -> Connection:
        """Open a connection of the caller's own; :meth:`close` closes it too."""
        connection = self._connect(read_only=read_only)
        with self._lock:
            self._open = [known for known in self._open if not known.is_gone]
            self._open.append(connection)
        return connection

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            connections, self._open, self._idle = self._open, [], []
        self._local = threading.local()
        for connection in connections:
            connection.close()


class SqliteConnections(Connections):
    """Opens connections to ``path``. ``prepare`` is called with each new driver connection.

    Args:
        synchronous: SQLite's durability: ``FULL`` survives a power cut, ``NORMAL`` only a crash of the process.
        max_pages: a limit on the file's size in pages, None for no limit.
    """

    _slow_read = _LONG_READ_PRAGMAS

    def __init__(
        self,
        path: Path,
        prepare: Callable[[sqlite3.Connection], None],
        *,
        synchronous: str = "FULL",
        busy_seconds: float = 30.0,
        max_pages: int | None = None,
    ) -> None:
        super().__init__(path)
        self._prepare = prepare
        self._pragmas = ["PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -16000"]
        self._write_pragmas = ["PRAGMA journal_mode = WAL", f"PRAGMA synchronous = {synchronous}"]
        if max_pages:
            self._write_pragmas.append(f"PRAGMA max_page_count = {max_pages}")
        self._engine = sqlalchemy.create_engine(
            sqlalchemy.URL.create("sqlite", database=str(path)),
            poolclass=sqlalchemy.NullPool,
            connect_args={
                "check_same_thread": False, "isolation_level": None, "cached_statements": 512, "timeout": busy_seconds,
            },
        )  # fmt: skip

    def _connect(self, *, read_only: bool) -> Connection:
        owner = self._engine.raw_connection()
        driver: sqlite3.Connection = owner.driver_connection  # type: ignore[assignment]  # pysqlite's connection
        try:
            self._configure(driver, read_only=read_only)
        except BaseException:
            owner.invalidate()
            raise
        connection = Connection(driver, owner, self._file())
        driver.set_progress_handler(connection.is_late, _STEPS_BETWEEN_CHECKS)
        return connection

    def _configure(self, driver: sqlite3.Connection, *, read_only: bool) -> None:
        for pragma in [*self._pragmas, *([] if read_only else self._write_pragmas)]:
            driver.execute(pragma).close()
        self._prepare(driver)
        if read_only:
            driver.execute("PRAGMA query_only = ON").close()

    def require_same_file(self, connection: Connection) -> None:
        """Raise Unavailable if the path no longer leads to this connection's file: a write would be lost."""
        if connection.file != self._file():
            raise Unavailable("The database file was removed or replaced.", hint="Open it again.")

    def _file(self) -> tuple[int, int]:
        try:
            found = self.path.stat()
        except OSError:
            return (0, 0)
        return found.st_dev, found.st_ino

    def close(self) -> None:
        """Close every connection."""
        super().close()
        self._engine.dispose()


def is_sqlite(driver: object) -> bool:
    """Say whether a connection is one to SQLite, whose columns take any value and which calls functions of ours."""
    return isinstance(driver, sqlite3.Connection)
