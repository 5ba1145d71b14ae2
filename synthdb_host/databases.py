"""Which databases there are, and which are open in this process."""

import logging
import time
from asyncio import CancelledError
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import Final

from synthdb_host.contracts import ANY_TENANT, ELSEWHERE, Database, Placement, Relocation, Scheduler, StorageBackend
from synthdb_host.contributions import Contribution
from synthdb_host.errors import (
    ConfigurationError,
    Conflict,
    DuplicateName,
    Misconfigured,
    MissingPlugin,
    Moving,
    RequestError,
    Unavailable,
    UnknownDatabase,
)
from synthdb_host.located import Located, PlacementSource
from synthdb_host.tenancy import check_name, split_name

__all__ = ["Databases", "Held"]

_log = logging.getLogger(__name__)

_FIRST: Final = "main"
_DEFAULT_SCHEME: Final = "sqlite"

_GRACE_SECONDS: Final = 120.0
"""How long a database is kept open after somebody gave up on an operation: longer than that can go on by itself."""


_MOVING_SECONDS: Final = 0.02


class Held:
    """A database that is open in this process, and how many use it."""

    __slots__ = ("database", "is_over", "located", "until", "users", "version")

    def __init__(self, database: Database, located: Located, version: int) -> None:
        self.database = database
        self.located = located
        self.version = version
        self.users = 0
        self.until = 0.0
        self.is_over = False

    def release(self, error: BaseException | None = None) -> None:
        """Use it no more; ``error`` is what ended the use."""
        self.users -= 1
        if isinstance(error, CancelledError):
            # What nobody waits for any more may still be going on.
            self.until = time.monotonic() + _GRACE_SECONDS
        elif self.is_over and self.is_idle:
            self.database.close()

    @property
    def is_idle(self) -> bool:
        """Whether nothing would be cut off if it were closed."""
        return self.users <= 0 and (not self.until or time.monotonic() > self.until)


class Databases:
    """The databases of a host: named by a placement source, opened when first used in this process.

    Args:
        placements: where they live.
        backends: what opens them, by the scheme of their URLs.
        active: the ids of the active plugins.
        folder: the data folder.
        most: how many are open at a time; those unused for longest are closed, and never one that is in use.
    """

    def __init__(
        self,
        placements: PlacementSource,
        backends: Mapping[str, Contribution[StorageBackend]],
        active: frozenset[str],
        folder: Path,
        most: int,
    ) -> None:
        self._placements = placements
        self._backends = backends
        self._active = active
        self._folder = folder
        self._most = most
        self._open: OrderedDict[str, Held] = OrderedDict()
        self._over: list[Held] = []
        self._scheduler: Scheduler | None = None
        self._lock = RLock()

    def start(self, scheduler: Scheduler) -> None:
        """Let databases be opened in this process, their work run by this scheduler."""
        self._scheduler = scheduler

    def names(self, tenant: str = ANY_TENANT) -> tuple[str, ...]:
        """Name the databases, sorted, including those that another process has made.

        Args:
            tenant: whose; empty: those that belong to no tenant. By default all, by their full names.
        """
        return self._placements.names(tenant)

    def get(self, name: str) -> Database:
        """Give an open database, opening it on first use; see :meth:`hold`. It may be closed when others are opened."""
        held = self.hold(name)
        held.release()
        return held.database

    def hold(self, name: str) -> Held:
        """Give an open database, opening it on first use, that stays open until it is released.

        Args:
            name: its full name.

        Raises:
            UnknownDatabase: there is none of this name.
            DatabaseArchived: it is archived.
            MissingPlugin: it records that it needs a plugin that is not active here.
            Unavailable: it cannot be opened here.
        """
        held = self._open.get(name)
        if held is None or held.version != self._placements.version:
            held = self._find(name)
        with suppress(KeyError):  # closed meanwhile
            self._open.move_to_end(name)
        if missing := held.database.requires - self._active:
            if ELSEWHERE in missing:
                self._reopen(name, held.located)
            raise MissingPlugin(
                f"database {name!r} needs inactive plugins: {', '.join(sorted(missing))}",
                hint="install and enable them; without them the rules that protect this data would not apply",
            )
        held.users += 1
        return held

    def create(
        self, name: str, url: str | None = None, placement: str = "", quotas: Mapping[str, float] | None = None
    ) -> Database:
        """Make a database and record where it lives; by default in a placement, or as a file in the data folder.

        Args:
            name: its full name.
            url: where it is to live.
            placement: which placement that is in, if in one.
            quotas: for whoever measures what it uses.

        Raises:
            UnknownTenant, LimitReached: there is no such tenant, or it may have no more.
            InvalidName: it is not 1 to 63 letters, digits, ``_`` and ``-`` with a letter first.
            DuplicateName: there is a database of this name.
            Unavailable: no active plugin knows the URL's scheme.
        """
        check_name(name)
        with self._lock:
            if self._placements.find(name) is not None:
                raise DuplicateName(f"database {name!r} exists")
            chosen = self._placements.place(name)
            if url is None:
                url, placement = chosen or (self.default_url(name), "")
            database = self._opened(Placement(name, url, create=True))
            try:
                self._placements.add(name, url, placement, quotas)
            except BaseException:
                database.close()
                raise
            self._keep(name, Held(database, self._placements.find(name) or Located(url), -1))
            return database

    def default_url(self, name: str) -> str:
        """Give the URL of a new database that is put nowhere else; raises InvalidName."""
        check_name(name)
        tenant, own = split_name(name)
        return f"{_DEFAULT_SCHEME}:///{self._folder.absolute() / 'databases' / tenant / own}.db"

    def check(self) -> None:
        """Look at the places of databases, before anything is opened or made there.

        Raises:
            ConfigurationError: databases could never be used there; what may pass by itself does not count.
        """
        problems = []
        for name, url in self._placements.places():
            backend = self._backends.get(url.partition(":")[0])
            if backend is None or backend.record.check is None:
                continue
            try:
                backend.record.check(Placement(name, url, create=self._placements.creates))
            except Misconfigured as error:
                problems.append(" ".join(filter(None, (f"Database {name!r}: {error.detail}", error.hint))))
            except RequestError as error:
                _log.warning("database %r cannot be used yet: %s", name, error.detail)
        if problems:
            raise ConfigurationError("\n".join(problems))

    def create_first(self) -> None:
        """Make the database ``main`` where there is none at all, so that a new server can be written to."""
        if not self.names() and _DEFAULT_SCHEME in self._backends:
            with suppress(Conflict):
                self.create(_FIRST)

    def remove(self, name: str, url: str) -> None:
        """Remove the data of a database for good, wherever it lies; harmless if nothing is left of it.

        Raises:
            Unavailable: no active plugin knows the URL's scheme, or it removes nothing.
        """
        backend = self._backend(url)
        if backend.remove is None:
            raise Unavailable("this storage removes no data by itself", hint="Remove it by hand, and keep it here.")
        self._drop(name)
        backend.remove(Placement(name, url))

    def relocation(self, source: Placement, target: Placement) -> Relocation:
        """Begin to copy a database to another place.

        Raises:
            Unavailable: no active plugin serves both places, or it copies nothing.
        """
        backend = self._backend(source.url)
        if backend.relocate is None or self._backend(target.url).relocate != backend.relocate:
            raise Unavailable(
                f"no active plugin moves databases from {backend.scheme!r} to {target.url.partition(':')[0]!r}",
                hint="Export the data, and import it there.",
            )
        return backend.relocate(source, target)

    async def wait(self) -> None:
        """Wait for a moment, because a database is being moved."""
        if self._scheduler is not None:
            await self._scheduler.offload(lambda: time.sleep(_MOVING_SECONDS))

    def opened(self) -> tuple[Database, ...]:
        """Give the databases that are open in this process."""
        return tuple(held.database for held in self._open.values())

    def close(self) -> None:
        """Close all open databases; they can be opened again."""
        with self._lock:
            for held in (*self._open.values(), *self._over):
                held.database.close()
            self._open.clear()
            self._over.clear()

    def _find(self, name: str) -> Held:
        with self._lock:
            version = self._placements.version
            try:
                located = self._placements.find(name)
            except RequestError:
                self._drop(name)
                raise
            held = self._open.get(name)
            if held is None or held.located != located:
                self._drop(name)
                if located is None:
                    raise UnknownDatabase(f"there is no database {name!r}")
                database = self._opened(Placement(name, located.url, create=self._placements.creates))
                held = Held(database, located, version)
                self._keep(name, held)
            held.version = version if version % 2 == 0 else -1
            return held

    def _reopen(self, name: str, located: Located) -> None:
        """Deal with a database that was sealed where it lies: it is being moved, or whoever moved it has died.

        Raises:
            Moving: in any case; it is to be looked for again.
        """
        self._drop(name)
        with suppress(Conflict):
            if (hold := self._placements.interrupted(located.mark)) is not None:
                with hold:
                    here = Placement(name, located.url)
                    relocation = self.relocation(here, here)
                    try:
                        relocation.unseal()
                    finally:
                        relocation.close()
        raise Moving(
            f"database {name!r} is being moved, or lies elsewhere now", hint="Try again.", data={"retry_after": 1}
        )

    def _keep(self, name: str, held: Held) -> None:
        """Keep a database open, and close what has been unused for longest where there are too many."""
        self._open[name] = held
        self._over = [one for one in self._over if not self._end(one)]
        if (excess := len(self._open) - self._most) > 0:
            idle = [other for other, one in self._open.items() if one.is_idle and one is not held]
            for other in idle[:excess]:
                self._drop(other)

    def _drop(self, name: str) -> None:
        held = self._open.pop(name, None)
        if held is not None and not self._end(held):
            self._over.append(held)

    def _end(self, held: Held) -> bool:
        """Close a database unless it is in use; whoever uses it last closes it then."""
        held.is_over = True
        if held.is_idle:
            held.database.close()
        return held.is_idle

    def _opened(self, placement: Placement) -> Database:
        """Open a database with the backend that knows its URL's scheme."""
        if self._scheduler is None:
            raise Unavailable("databases are opened in a started worker", hint="call Host.start_worker first")
        return self._backend(placement.url).open(placement, self._scheduler)

    def _backend(self, url: str) -> StorageBackend:
        scheme = url.partition(":")[0]
        if scheme not in self._backends:
            known = ", ".join(sorted(self._backends)) or "none"
            raise Unavailable(f"no active plugin opens {scheme!r} databases; known schemes: {known}")
        return self._backends[scheme].record
