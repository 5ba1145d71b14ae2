"""Which databases there are, and which are open in this process."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Final, Protocol

from synthdb_host.contracts import Database, Placement, Scheduler, StorageBackend
from synthdb_host.contributions import Contribution
from synthdb_host.errors import DuplicateName, InvalidName, MissingPlugin, Unavailable, UnknownDatabase

__all__ = ["Databases", "MemoryPlacements", "PlacementSource"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_FIRST: Final = "main"
_DEFAULT_SCHEME: Final = "sqlite"


class PlacementSource(Protocol):
    """Knows where databases live."""

    creates: bool
    """Whether opening a database makes it if it is not there."""

    def names(self) -> tuple[str, ...]:
        """Name all databases, sorted."""

    def find(self, name: str) -> str | None:
        """Give the URL of a database, None if there is none of this name."""

    def add(self, name: str, url: str) -> None:
        """Record a database.

        Raises:
            DuplicateName: there is one of this name.
        """


class MemoryPlacements:
    """Placements given by the program, for the embedded library and ``serve --database``."""

    creates = True

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = dict(urls)

    def names(self) -> tuple[str, ...]:
        """Name all databases, sorted."""
        return tuple(sorted(self._urls))

    def find(self, name: str) -> str | None:
        """Give the URL of a database, None if there is none of this name."""
        return self._urls.get(name)

    def add(self, name: str, url: str) -> None:
        """Record a database; raises DuplicateName."""
        if name in self._urls:
            raise DuplicateName(f"database {name!r} exists")
        self._urls[name] = url


class Databases:
    """The databases of a host: named by a placement source, opened when first used in this process."""

    def __init__(
        self,
        placements: PlacementSource,
        backends: Mapping[str, Contribution[StorageBackend]],
        active: frozenset[str],
        folder: Path,
    ) -> None:
        self._placements = placements
        self._backends = backends
        self._active = active
        self._folder = folder
        self._open: dict[str, Database] = {}
        self._scheduler: Scheduler | None = None
        self._lock = RLock()

    def start(self, scheduler: Scheduler) -> None:
        """Let databases be opened in this process, their work run by this scheduler."""
        self._scheduler = scheduler

    def names(self) -> tuple[str, ...]:
        """Name all databases, sorted, including those that another process has made."""
        return self._placements.names()

    def get(self, name: str) -> Database:
        """Give an open database, opening it on first use.

        Raises:
            UnknownDatabase: there is none of this name.
            MissingPlugin: it records that it needs a plugin that is not active here.
            Unavailable: it cannot be opened here.
        """
        database = self._open.get(name) or self._find(name)
        if missing := database.requires - self._active:
            raise MissingPlugin(
                f"database {name!r} needs inactive plugins: {', '.join(sorted(missing))}",
                hint="install and enable them; without them the rules that protect this data would not apply",
            )
        return database

    def create(self, name: str, url: str | None = None) -> Database:
        """Make a database and record where it lives; by default a SQLite file in the data folder.

        Raises:
            InvalidName: it is not 1 to 63 letters, digits, ``_`` and ``-`` with a letter first.
            DuplicateName: there is a database of this name.
            Unavailable: no active plugin knows the URL's scheme.
        """
        if not _NAME.fullmatch(name):
            raise InvalidName(
                f"database name {name!r} is not valid", hint="letters, digits, _ and -, a letter first, at most 63"
            )
        with self._lock:
            if self._placements.find(name) is not None:
                raise DuplicateName(f"database {name!r} exists")
            url = url or self._default_url(name)
            database = self._opened(Placement(name, url, create=True))
            try:
                self._placements.add(name, url)
            except DuplicateName:
                database.close()
                raise
            self._open[name] = database
            return database

    def create_first(self) -> None:
        """Make the database ``main`` where there is none at all, so that a new server can be written to."""
        if not self.names() and _DEFAULT_SCHEME in self._backends:
            with suppress(DuplicateName):
                self.create(_FIRST)

    def opened(self) -> tuple[Database, ...]:
        """Give the databases that are open in this process."""
        return tuple(self._open.values())

    def close(self) -> None:
        """Close all open databases; they can be opened again."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _find(self, name: str) -> Database:
        with self._lock:
            if name in self._open:
                return self._open[name]
            url = self._placements.find(name)
            if url is None:
                raise UnknownDatabase(f"there is no database {name!r}")
            self._open[name] = database = self._opened(Placement(name, url, create=self._placements.creates))
            return database

    def _opened(self, placement: Placement) -> Database:
        """Open a database with the backend that knows its URL's scheme."""
        scheme = placement.url.partition(":")[0]
        if self._scheduler is None:
            raise Unavailable("databases are opened in a started worker", hint="call Host.start_worker first")
        if scheme not in self._backends:
            known = ", ".join(sorted(self._backends)) or "none"
            raise Unavailable(f"no active plugin opens {scheme!r} databases; known schemes: {known}")
        return self._backends[scheme].record.open(placement, self._scheduler)

    def _default_url(self, name: str) -> str:
        folder = self._folder.absolute() / "databases"
        folder.mkdir(parents=True, exist_ok=True)
        return f"{_DEFAULT_SCHEME}:///{folder / name}.db"
