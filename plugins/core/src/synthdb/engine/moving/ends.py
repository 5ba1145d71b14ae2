"""Where a database is moved from and to: a file, or a schema of a server. Both take the engine's statements."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from synthdb.engine.moving.marks import mark
from synthdb.storage.files import database_file
from synthdb.storage.locks import WriteLock
from synthdb.storage.postgresql.connections import PostgresConnections
from synthdb.storage.postgresql.places import ServerPlace
from synthdb_host.contracts import Placement
from synthdb_host.errors import Conflict, UnknownDatabase

__all__ = ["End", "end_of"]


class End(ABC):
    """A place. ``driver`` reads and writes what is there, or what grows to be there."""

    @property
    @abstractmethod
    def driver(self) -> Any:  # noqa: ANN401 - SQLite's connection, or one that does what it does
        """A connection of its own."""

    @abstractmethod
    def require(self) -> None:
        """Raise UnknownDatabase if nothing is there."""

    @abstractmethod
    def require_free(self) -> None:
        """Raise Conflict if something is there."""

    @abstractmethod
    def grow(self) -> None:
        """Let the driver be one to an empty place of another name."""

    @abstractmethod
    def settle(self) -> None:
        """Give what has grown its name."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what has grown."""

    @abstractmethod
    def pause(self) -> AbstractContextManager[None]:
        """Keep writers out."""

    @abstractmethod
    def seal(self, *, sealed: bool, paused: bool) -> None:
        """Let every process refuse the database, or use it again."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""


class _FileEnd(End):
    def __init__(self, path: Path, seconds: float) -> None:
        self._path, self._seconds = path, seconds
        self._growing = path.with_name(f"{path.name}-moving")
        self._driver: sqlite3.Connection | None = None
        self._opened = path

    @property
    def driver(self) -> sqlite3.Connection:
        if self._driver is None:
            self._driver = sqlite3.connect(self._opened, isolation_level=None, check_same_thread=False)
            self._driver.execute("PRAGMA synchronous = FULL").close()
        return self._driver

    def require(self) -> None:
        if not self._path.is_file():
            raise UnknownDatabase(f"There is no database file {self._path.name!r}.")

    def require_free(self) -> None:
        if self._path.exists():
            raise Conflict(f"There is a file {self._path} already.", hint="Move it away.")

    def grow(self) -> None:
        self.discard()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._opened = self._growing

    def settle(self) -> None:
        self.driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        self.close()
        self.require_free()
        self._growing.rename(self._path)
        self._opened = self._path

    def discard(self) -> None:
        self.close()
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{self._growing}{suffix}").unlink(missing_ok=True)

    @contextmanager
    def pause(self) -> Iterator[None]:
        lock = WriteLock(self._path, self._seconds)
        try:
            with lock.hold():
                yield
        finally:
            lock.close()

    def seal(self, *, sealed: bool, paused: bool) -> None:
        lock = WriteLock(self._path, self._seconds)
        try:
            if paused:
                mark(self.driver, sealed=sealed)
            else:
                with lock.hold():
                    mark(self.driver, sealed=sealed)
            lock.signal.give()
        finally:
            lock.close()

    def close(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()


class _ServerEnd(End):
    def __init__(self, place: ServerPlace, seconds: float) -> None:
        self._place, self._seconds = place, seconds
        self._growing = replace(place, schema=f"moving-{place.schema}"[:63], shown=f"copy for {place.shown}")
        self._opened = place
        self._driver: Any = None
        self._holder: Any = None

    @property
    def driver(self) -> Any:  # noqa: ANN401 - as above
        if self._driver is None:
            self._driver = self._connections(self._opened).open(read_only=False).driver
        return self._driver

    def _connections(self, place: ServerPlace) -> PostgresConnections:
        return PostgresConnections(place, busy_seconds=self._seconds)

    def require(self) -> None:
        if not self._connections(self._place).install(create=False):
            raise UnknownDatabase(f"There is no {self._place.shown}.")

    def require_free(self) -> None:
        if self.driver.ask("SELECT 1 FROM pg_namespace WHERE nspname = $1", (self._place.schema,)).fetchall():
            raise Conflict(f"There is a {self._place.shown} already.", hint="Move it away.")

    def grow(self) -> None:
        self.discard()
        self._connections(self._growing).install(create=True)
        self._opened = self._growing

    def settle(self) -> None:
        self.require_free()
        self.driver.script(f'ALTER SCHEMA "{self._growing.schema}" RENAME TO "{self._place.schema}"')
        self.close()
        self._opened = self._place

    def discard(self) -> None:
        self.close()
        self._opened = self._place
        self._connections(self._growing).remove()

    @contextmanager
    def pause(self) -> Iterator[None]:
        holder: Any = self._connections(self._place).open(read_only=False).driver
        try:
            holder.execute("BEGIN IMMEDIATE")
            self._holder = holder
            yield
        finally:
            self._holder = None
            with suppress(sqlite3.Error):
                holder.rollback()
            holder.close()

    def seal(self, *, sealed: bool, paused: bool) -> None:
        # Whoever waits for the lock sees the seal with it.
        mark(self._holder if paused else self.driver, sealed=sealed)

    def close(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            driver.close()


def end_of(placement: Placement, seconds: float) -> End:
    """Give the end for a placement; others are waited for so long."""
    if placement.url.startswith("sqlite:"):
        return _FileEnd(database_file(placement.url), seconds)
    return _ServerEnd(ServerPlace.of(placement.url), seconds)
