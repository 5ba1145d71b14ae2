"""A SynthDB database, behind the storage contract, wherever it lies."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, TypeVar

from synthdb.catalog.model import StoredCatalog
from synthdb.catalog.store import load_catalog, read_versions
from synthdb.engine.capabilities import CAPABILITIES
from synthdb.engine.foreseeing import Foreseeable, foreseen
from synthdb.engine.idempotency import Running
from synthdb.engine.place_catalogs import PlaceCatalogs
from synthdb.engine.plans import Cursor
from synthdb.engine.reader import Reader
from synthdb.engine.recording import read_records
from synthdb.engine.shapes import select_shape
from synthdb.engine.sql import run_sql
from synthdb.engine.states import StateNote, read_state
from synthdb.engine.streams import SelectStream, require_time
from synthdb.engine.transaction import EngineTransaction
from synthdb.engine.translation import FOREIGN, translate
from synthdb.engine.versions.following import LogReader
from synthdb.engine.versions.reading import VersionReading, read_versions_of
from synthdb.engine.versions.seeing import EngineChanges, Seeing
from synthdb.engine.writer import Deferring, Unit, Writer
from synthdb.settings import CoreSettings
from synthdb.storage.connections import Connection, Connections, is_sqlite
from synthdb.storage.layout import read_format
from synthdb.storage.locks import Lock
from synthdb.storage.processes import this_process
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import ELSEWHERE, Capability, Context, Restrictions, Result, Scheduler, Watch
from synthdb_host.errors import Moving, RequestError, Timeout, Unavailable
from synthdb_host.operations import HEAD, Batch, Define, Operation, Ref, Select, Sql
from synthdb_host.records import Records
from synthdb_host.versions import Offset

__all__ = ["EngineDatabase"]

_SLOW_SHAPES: Final = 256
_EMPTY: Final = StoredCatalog(0, 0, {}, frozenset())

T = TypeVar("T")
_Work = Callable[[Connection, StoredCatalog], Result]


class EngineDatabase(ABC):
    """Implements :class:`synthdb_host.contracts.Database`.

    Reads run on the calling thread for as long as the scheduler's inline budget allows and are then started
    again on a reader thread; a shape of read that was slow once goes there at once. Writes are queued.
    """

    def __init__(self, path: Path, scheduler: Scheduler, settings: CoreSettings, announce: Callable[[], None]) -> None:
        self._path = path
        self._scheduler = scheduler
        self._connections = self._connect(settings)
        self._reader = Reader()
        self._slow: dict[object, None] = {}
        self._running = Running()
        self._log, self._seeing = LogReader(), Seeing()
        self._closed = False
        self._process = this_process()
        with ExitStack() as opened:
            opened.callback(self._connections.close)
            self._require_ours()
            self._lock = lock = self._lock_of(settings)
            opened.callback(lock.close)
            opened.callback(self._seeing.close)
            deferring = Deferring(settings.backfill_above_rows, announce)
            self._writer = Writer(self._connections, lock, self._admit, deferring)
            self._run_units = self._writer.run
            self._catalog = self._prepare()
            self._admitted = self._catalog.requires
            self._opened = opened.pop_all()

    @abstractmethod
    def _connect(self, settings: CoreSettings) -> Connections:
        """Make what opens connections."""

    @abstractmethod
    def _lock_of(self, settings: CoreSettings) -> Lock:
        """Make what writers hold."""

    def _require_ours(self) -> None:
        """Look into the file before anything is written to it or made beside it."""
        try:
            read_format(self._connections.reader().driver)
        except FOREIGN as error:
            raise translate(error, _EMPTY, self._path) from error

    def _prepare(self) -> StoredCatalog:
        try:
            return self._writer.prepare()
        except FOREIGN as error:
            raise translate(error, _EMPTY, self._path) from error

    # -- the contract -----------------------------------------------------------------------------------

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Everything that the contract knows."""
        return CAPABILITIES

    @property
    def requires(self) -> frozenset[str]:
        """Ids of plugins without which this database must not be served.

        They are as of the last operation, so that asking costs nothing; an operation that finds others is refused
        once, so that the caller asks again.
        """
        self._admitted = self._catalog.requires
        return self._admitted

    async def catalog(self, ref: Ref = HEAD) -> Catalog:
        """Describe the database at a ref, as of now and of every process."""
        catalog = self._fresh(ref)
        self._admit(catalog)
        return catalog.logical

    def recent_catalog(self, ref: Ref = HEAD) -> Catalog | None:
        """Give the catalog of a ref as this thread saw it last."""
        self._require_open()
        known = self._known(self._connections.reader(), ref)
        return None if known is None or known[0].requires != self._admitted else known[0].logical

    async def execute(self, operation: Operation, restrictions: Restrictions, context: Context) -> Result:
        """Run an operation."""
        if isinstance(operation, Select):
            return await self._select(operation, restrictions, context)
        if isinstance(operation, Sql):
            return await self._sql(operation, restrictions, context)
        if isinstance(operation, VersionReading | Records):
            return await self._versions(operation, restrictions, context)
        self._require_open()
        if context.dry_run and context.idempotency is None and isinstance(operation, Foreseeable):
            known = await self._foreseen(operation, restrictions, context)
            if known is not None:
                return known
        unit = Unit(operation, restrictions, context)
        if context.idempotency is None:
            result: Result = await self._scheduler.submit_write(self._run_units, unit)
        else:
            with self._running.claim(context, context.idempotency):
                result = await self._scheduler.submit_write(self._run_units, unit)
        if isinstance(operation, Define | Batch):
            self._admitted = self._fresh().requires
        return result

    async def begin(self, context: Context, ref: Ref = HEAD) -> EngineTransaction:
        """Start an interactive transaction."""
        self._require_open()
        return await self._scheduler.offload(lambda: EngineTransaction(self._writer, context, ref))

    async def stream(self, select: Select, restrictions: Restrictions, context: Context) -> SelectStream:
        """Start to read rows piece by piece, on a connection of their own."""

        def start(connection: Connection) -> Cursor:
            self._require_open()
            require_time(context.deadline)
            catalog = self._current(connection, select.ref)
            self._admit(catalog)
            plan, values = self._reader.plan(catalog, select, restrictions)
            return plan.start(connection.driver, values)

        def failed(error: BaseException) -> RequestError:
            self._require_open()
            return translate(error, self._catalog, self._path)

        stream = SelectStream(self._connections, self._scheduler, failed)
        await stream.start(start, context.deadline)
        return stream

    def watch(self, notify: Callable[[], None]) -> Watch:
        """Have a function called after commits of any process."""
        self._require_open()
        return self._lock.signal.watch(notify)

    async def changes(self, branch: str, since: Offset | None, limit: int) -> EngineChanges:
        """Read what was changed on a branch after an offset."""
        budget = self._scheduler.inline_budget
        if budget is not None:
            # What was committed just now is read sooner than another thread begins.
            with suppress(Timeout):
                return self._changed(branch, since, limit, time.monotonic() + budget)
        return await self._scheduler.offload(lambda: self._changed(branch, since, limit))

    def _changed(self, branch: str, since: Offset | None, limit: int, deadline: float | None = None) -> EngineChanges:
        def work(connection: Connection, catalog: StoredCatalog) -> EngineChanges:
            self._admit(catalog)
            lines, start, end = self._log.read(connection.driver, catalog, branch, since, limit)
            return EngineChanges(lines, start, end, branch, catalog, self._seeing, self._scheduler)

        return self._read(work, deadline, Ref(branch))

    def check(self) -> None:
        """Raise if the file cannot be read."""
        self._fresh()

    def close(self) -> None:
        """Close the file; harmless a second time."""
        if not self._closed:
            self._closed = True
            self._opened.close()

    # -- reading ----------------------------------------------------------------------------------------

    async def _select(self, select: Select, restrictions: Restrictions, context: Context) -> Result:
        budget = self._scheduler.inline_budget
        if budget is None:
            return self._read_rows(select, restrictions, context.deadline)
        if not self._slow or select_shape(select)[0] not in self._slow:
            soon = time.monotonic() + budget
            deadline = soon if context.deadline is None else min(soon, context.deadline)
            try:
                return self._read_rows(select, restrictions, deadline)
            except Timeout:
                if context.deadline is not None and context.deadline <= soon:
                    raise
        return await self._offloaded(select, lambda: self._read_rows(select, restrictions, context.deadline), budget)

    def _read_rows(self, select: Select, restrictions: Restrictions, deadline: float | None) -> Result:
        connection = self._ready(deadline)
        try:
            if select.known and (state := self._state(connection, select.ref)) in select.known:
                return Result(state=state)
            found = self._read_alone(connection, select, restrictions)
            return found or self._in_transaction(self._reading(select, restrictions), connection, select.ref)
        finally:
            connection.deadline = None

    def _state(self, connection: Connection, ref: Ref) -> str:
        """Give a word for what can be read at a ref now, by one statement if the catalog last seen is still right."""
        known = self._known(connection, ref)
        if known is not None and known[0].requires == self._admitted:
            with suppress(*FOREIGN):
                layout, state = read_state(connection.driver, known[0].place)
                if layout == known[1][1]:
                    return state

        def work(connection: Connection, catalog: StoredCatalog) -> str:
            self._admit(catalog)
            return read_state(connection.driver, catalog.place)[1]

        return self._in_transaction(work, connection, ref)

    def _reading(self, select: Select, restrictions: Restrictions) -> _Work:
        def work(connection: Connection, catalog: StoredCatalog) -> Result:
            self._admit(catalog)
            place = catalog.place
            if select.after is not None:
                places: PlaceCatalogs = connection.state["places"]
                catalog = places.pinned(connection.driver, catalog, select)
            found = self._reader.run(connection.driver, catalog, select, restrictions)
            if select.known is None:
                return found
            return _with_state(found, read_state(connection.driver, place)[1])

        return work

    def _read_alone(self, connection: Connection, select: Select, restrictions: Restrictions) -> Result | None:
        """Read by one statement, which finds out by itself whether the catalog last seen is still the file's."""
        known = self._known(connection, select.ref) if select.after is None else None
        if known is None or known[0].requires != self._admitted:
            return None
        catalog, (_, layout) = known
        noted = select.positioned or select.known is not None
        if noted and not is_sqlite(connection.driver):
            return None  # nothing can be noted there
        note = _note_of(connection) if noted else None
        try:
            return self._reader.run_alone(connection.driver, catalog, select, restrictions, layout, note)
        except (*FOREIGN, RequestError):
            # On an old catalog anything may go wrong: what stays wrong in a transaction is the caller's.
            return None

    async def _offloaded(self, select: Select, read: Callable[[], Result], budget: float) -> Result:
        """Read on a reader thread, and learn whether this shape is really slow or was only held up by others."""

        def timed() -> tuple[Result, float]:
            started = time.thread_time()
            return read(), time.thread_time() - started

        result, seconds = await self._scheduler.offload(timed)
        shape = select_shape(select)[0]
        if seconds < budget:
            self._slow.pop(shape, None)
        else:
            if len(self._slow) >= _SLOW_SHAPES:
                self._slow.clear()
            self._slow[shape] = None
        return result

    async def _sql(self, sql: Sql, restrictions: Restrictions, context: Context) -> Result:
        def work(connection: Connection, catalog: StoredCatalog) -> Result:
            self._admit(catalog)
            return run_sql(connection.driver, catalog, sql, restrictions)

        return await self._scheduler.offload(
            lambda: self._read(work, context.deadline, sql.ref, self._sql_connection())
        )

    async def _versions(
        self, operation: VersionReading | Records, restrictions: Restrictions, context: Context
    ) -> Result:
        def work(connection: Connection, catalog: StoredCatalog) -> Result:
            self._admit(catalog)
            if isinstance(operation, Records):
                return read_records(connection.driver, operation)
            return read_versions_of(connection.driver, catalog, operation, restrictions)

        ref = getattr(operation, "ref", HEAD)
        return await self._scheduler.offload(lambda: self._read(work, context.deadline, ref))

    async def _foreseen(self, operation: Foreseeable, restrictions: Restrictions, context: Context) -> Result | None:
        def work(connection: Connection, catalog: StoredCatalog) -> Result | None:
            self._admit(catalog)
            return foreseen(connection.driver, catalog, operation, restrictions, context)

        return await self._scheduler.offload(lambda: self._read(work, context.deadline, operation.ref))

    def _sql_connection(self) -> Connection:
        """Give this thread's connection for SQL of users, which has views and an authorizer of its own."""
        reader = self._connections.reader()
        if "sql" not in reader.state or reader.state["sql"].is_gone:
            reader.state["sql"] = self._connections.open(read_only=True)
        connection: Connection = reader.state["sql"]
        return connection

    def _read(
        self,
        work: Callable[[Connection, StoredCatalog], T],
        deadline: float | None,
        ref: Ref = HEAD,
        connection: Connection | None = None,
    ) -> T:
        """Run a read on a connection of this thread, on the catalog that belongs to what it reads."""
        connection = self._ready(deadline, connection)
        try:
            return self._in_transaction(work, connection, ref)
        finally:
            connection.deadline = None

    def _ready(self, deadline: float | None, connection: Connection | None = None) -> Connection:
        """Give a connection of this thread whose statements are interrupted at the deadline."""
        self._require_open()
        require_time(deadline)
        connection = connection or self._connections.reader()
        connection.deadline = deadline
        return connection

    def _admit(self, catalog: StoredCatalog) -> None:
        """Refuse an operation if the database needs other plugins than its caller has looked at."""
        if ELSEWHERE in catalog.requires:
            self._catalog = catalog
            raise Moving("The database lies elsewhere now.", hint="Try again.", data={"retry_after": 1})
        if catalog.requires != self._admitted:
            self._catalog, self._admitted = catalog, catalog.requires
            raise Unavailable(
                "The plugins that this database needs have changed.", hint="Try again.", data={"retry_after": 1}
            )

    def _in_transaction(self, work: Callable[[Connection, StoredCatalog], T], connection: Connection, ref: Ref) -> T:
        """Do work on one state of the file: the catalog that is given and the rows that are read belong together."""
        try:
            connection.driver.execute("BEGIN")
            try:
                return work(connection, self._current(connection, ref))
            finally:
                connection.driver.execute("COMMIT")
        except FOREIGN as error:
            raise translate(error, self._catalog, self._path) from error

    def _current(self, connection: Connection, ref: Ref) -> StoredCatalog:
        """Give the catalog inside a transaction; it is looked up only if something was written since the last time."""
        driver = connection.driver
        data_version = driver.execute("PRAGMA data_version").fetchone()[0]
        if data_version != connection.data_version:
            self._look_again(connection)
            connection.data_version = data_version
        if ref is HEAD or ref == HEAD:
            known: StoredCatalog = connection.state["catalog"]
            return known
        views: PlaceCatalogs = connection.state["places"]
        return views.get(driver, ref)

    def _known(self, connection: Connection, ref: Ref) -> tuple[StoredCatalog, tuple[int, int]] | None:
        """Give the catalog of a ref as this connection saw it last, and the versions that the file had then."""
        places: PlaceCatalogs | None = connection.state.get("places")
        if places is None:
            return None
        catalog = connection.state["catalog"] if ref is HEAD or ref == HEAD else places.known(ref)
        return None if catalog is None else (catalog, places.versions)

    def _look_again(self, connection: Connection) -> None:
        versions = read_versions(connection.driver)
        # Another thread may replace self._catalog by one that is newer than this transaction.
        catalog = self._catalog
        if catalog.version != versions[0]:
            catalog = self._catalog = load_catalog(connection.driver)
        connection.state["catalog"] = catalog
        places = connection.state.get("places")
        if places is None or places.versions != versions:
            connection.state["places"] = PlaceCatalogs(versions)

    def _require_open(self) -> None:
        if self._closed:
            raise Unavailable("The database is closed.")
        if self._process != this_process():
            raise Unavailable("The database was opened before this process was forked.", hint="Open it again.")

    def _fresh(self, ref: Ref = HEAD) -> StoredCatalog:
        """Give the catalog of a ref as of now."""
        self._require_open()
        connection = self._connections.reader()
        known = self._known(connection, ref)
        if known is not None and self._is_current(connection, known[1]):
            return known[0]
        return self._in_transaction(lambda _, catalog: catalog, connection, ref)

    def _is_current(self, connection: Connection, versions: tuple[int, int]) -> bool:
        try:
            return read_versions(connection.driver) == versions
        except FOREIGN as error:
            raise translate(error, self._catalog, self._path) from error


def _note_of(connection: Connection) -> StateNote:
    note: StateNote | None = connection.state.get("note")
    if note is None:
        note = connection.state["note"] = StateNote(connection.driver)
    return note


def _with_state(found: Result, state: str | None) -> Result:
    return Result(found.encoder, found.rows, found.total, versions=found.versions, state=state, position=found.position)
