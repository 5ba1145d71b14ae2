"""A SynthDB database in a SQLite file, behind the storage contract."""

from collections.abc import Callable

from synthdb.engine.database import EngineDatabase
from synthdb.engine.functions import register_functions
from synthdb.settings import CoreSettings
from synthdb.storage.connections import Connections, SqliteConnections
from synthdb.storage.files import database_file
from synthdb.storage.locks import Lock, WriteLock
from synthdb_host.contracts import Placement, Scheduler
from synthdb_host.errors import Unavailable, UnknownDatabase

__all__ = ["SqliteDatabase", "open_sqlite"]


def open_sqlite(
    placement: Placement,
    scheduler: Scheduler,
    settings: CoreSettings | None = None,
    announce: Callable[[], None] = lambda: None,
) -> "SqliteDatabase":
    """Open the database file of a placement, making it if the placement says so.

    ``announce`` is called when a write has left something for a backfill to do.

    Raises:
        UnknownDatabase: there is no such file.
        Unavailable: it is not a SynthDB database of a known format, or cannot be read and written.
    """
    path = database_file(placement.url)
    try:
        if not path.exists() and not placement.create:
            raise UnknownDatabase(f"There is no database file {path.name!r}.", data={"database": placement.name})
        path.parent.mkdir(parents=True, exist_ok=True)
        return SqliteDatabase(path, scheduler, settings or CoreSettings(), announce)
    except OSError as error:
        raise Unavailable(f"The database file {path.name!r} cannot be opened: {error.strerror}.") from error


class SqliteDatabase(EngineDatabase):
    """The engine over a file."""

    def _connect(self, settings: CoreSettings) -> Connections:
        return SqliteConnections(
            self._path,
            register_functions,
            synchronous=settings.durability.upper(),
            busy_seconds=settings.lock_timeout_seconds,
            max_pages=settings.max_pages,
        )

    def _lock_of(self, settings: CoreSettings) -> Lock:
        return WriteLock(self._path, settings.lock_timeout_seconds)
