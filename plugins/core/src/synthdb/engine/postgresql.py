"""A SynthDB database in a schema of a PostgreSQL server, behind the storage contract."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.database import EngineDatabase
from synthdb.engine.server.running import run_server_sql
from synthdb.engine.translation import FOREIGN, is_passing, translate
from synthdb.engine.versions.seeing import EngineChanges
from synthdb.settings import CoreSettings
from synthdb.storage.connections import Connection
from synthdb.storage.postgresql.connections import PostgresConnections
from synthdb.storage.postgresql.locks import ServerLock
from synthdb.storage.postgresql.places import ServerPlace
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import (
    Context,
    Placement,
    Restrictions,
    Result,
    Scheduler,
)
from synthdb_host.errors import Unavailable, UnknownDatabase
from synthdb_host.operations import HEAD, Ref, Select, Sql
from synthdb_host.versions import Offset

__all__ = ["PostgresDatabase", "check_postgresql", "open_postgresql", "remove_postgresql"]

T = TypeVar("T")

_NOWHERE = Path("/")
_MOST_RECENT = 256


def open_postgresql(
    placement: Placement,
    scheduler: Scheduler,
    settings: CoreSettings | None = None,
    announce: Callable[[], None] = lambda: None,
) -> "PostgresDatabase":
    """Open the database in the schema of a placement, making it if the placement says so.

    ``announce`` is called when a write has left something for a backfill to do.

    Raises:
        UnknownDatabase: there is no such schema.
        Unavailable: the server cannot be reached, is too old, does not let the role in, or what is in the schema is
            not a SynthDB database of a known format.
    """
    settings = settings or CoreSettings()
    connections = _connections(placement, settings)
    try:
        if not connections.install(create=placement.create):
            raise UnknownDatabase(f"There is no {connections.place.shown}.", data={"database": placement.name})
    except FOREIGN as error:
        raise translate(error, StoredCatalog(0, 0, {}, frozenset()), _NOWHERE) from error
    return PostgresDatabase(connections, scheduler, settings, announce)


def check_postgresql(placement: Placement, settings: CoreSettings) -> None:
    """Refuse a place where no database can ever be.

    Raises:
        Misconfigured: the server, the role, the schema or a clock does not fit.
        Unavailable: the server cannot be reached now.
    """
    try:
        _connections(placement, settings).check(create=placement.create)
    except FOREIGN as error:
        raise translate(error, StoredCatalog(0, 0, {}, frozenset()), _NOWHERE) from error


def remove_postgresql(placement: Placement, settings: CoreSettings) -> None:
    """Remove the schema of a placement, and all that is in it; what is gone is no error.

    Raises:
        Unavailable: others went on writing, or the role may not remove it.
    """
    _connections(placement, settings).remove()


def _connections(placement: Placement, settings: CoreSettings) -> PostgresConnections:
    return PostgresConnections(
        ServerPlace.of(placement.url),
        synchronous=settings.durability.upper(),
        busy_seconds=settings.lock_timeout_seconds,
        statement_seconds=settings.statement_seconds,
    )


class PostgresDatabase(EngineDatabase):
    """The engine over PostgreSQL.

    A read waits for the server, so that it never runs on the event loop.
    """

    def __init__(
        self,
        connections: PostgresConnections,
        scheduler: Scheduler,
        settings: CoreSettings,
        announce: Callable[[], None],
    ) -> None:
        self._made = connections
        self._recent: dict[Ref, StoredCatalog] = {}
        super().__init__(_NOWHERE, scheduler, settings, announce)

    @property
    def place(self) -> ServerPlace:
        """Where it lies."""
        return self._made.place

    def _connect(self, settings: CoreSettings) -> PostgresConnections:
        return self._made

    def _lock_of(self, settings: CoreSettings) -> ServerLock:
        return ServerLock(settings.lock_timeout_seconds, self._made.signal)

    async def catalog(self, ref: Ref = HEAD) -> Catalog:
        """Describe the database at a ref, as of now and of every process."""

        def work() -> Catalog:
            catalog = self._fresh(ref)
            self._admit(catalog)
            return catalog.logical

        return await self._scheduler.offload(work)

    def recent_catalog(self, ref: Ref = HEAD) -> Catalog | None:
        """Give the catalog of a ref as any thread saw it last: those that ask are not those that read."""
        self._require_open()
        known = self._recent.get(ref)
        return None if known is None or known.requires != self._admitted else known.logical

    async def changes(self, branch: str, since: Offset | None, limit: int) -> EngineChanges:
        """Read what was changed on a branch after an offset."""
        return await self._scheduler.offload(lambda: self._changed(branch, since, limit))

    async def _select(self, select: Select, restrictions: Restrictions, context: Context) -> Result:
        return await self._scheduler.offload(lambda: self._read_rows(select, restrictions, context.deadline))

    async def _sql(self, sql: Sql, restrictions: Restrictions, context: Context) -> Result:
        def work(connection: Connection, catalog: StoredCatalog) -> Result:
            self._admit(catalog)
            driver: Any = connection.driver
            return run_server_sql(driver, catalog, sql, restrictions, self.place.schema, self._made.reading_role())

        return await self._scheduler.offload(
            lambda: self._read(work, context.deadline, sql.ref, self._sql_connection())
        )

    def _sql_connection(self) -> Connection:
        connection = super()._sql_connection()
        driver: Any = connection.driver
        driver.drafts = True
        return connection

    def _current(self, connection: Connection, ref: Ref) -> StoredCatalog:
        found = super()._current(connection, ref)
        known = self._recent.get(ref)
        if known is None or known.version <= found.version:
            if len(self._recent) >= _MOST_RECENT:
                self._recent.clear()
            self._recent[ref] = found
        return found

    def _in_transaction(self, work: Callable[[Connection, StoredCatalog], T], connection: Connection, ref: Ref) -> T:
        try:
            return super()._in_transaction(work, connection, ref)
        except Unavailable as error:
            if not is_passing(error.__cause__):
                raise
        deadline, connection = connection.deadline, self._connections.reader()
        connection.deadline = deadline
        try:
            return super()._in_transaction(work, connection, ref)
        finally:
            connection.deadline = None
