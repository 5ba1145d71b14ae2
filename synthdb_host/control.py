"""The control database, ``<data>/control.db``: where databases live, and the tables of plugins."""

import fcntl
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from types import MappingProxyType
from typing import Final

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    MetaData,
    NullPool,
    String,
    column,
    create_engine,
    event,
    inspect,
    select,
    table,
)
from sqlalchemy.exc import DatabaseError

from synthdb_host.errors import ConfigurationError
from synthdb_host.revisions import ENVIRONMENT, heads

__all__ = ["Control"]

_FILE: Final = "control.db"
_VERSION: Final = "alembic_version_"


class Control:
    """The control database of one data folder. Safe across threads, forks and processes.

    Args:
        folder: the data folder; made when first needed.
        migrations: the folder of Alembic revisions of each plugin, in plugin order.
    """

    def __init__(self, folder: Path, migrations: Mapping[str, Path] = MappingProxyType({})) -> None:
        self.folder = folder
        self._migrations = {"host": ENVIRONMENT / "versions", **migrations}
        self._engine = _engine(folder.absolute() / _FILE)
        self._upgraded = False

    def upgrade(self) -> None:
        """Bring all tables to the newest revision: one process at a time, and nothing happens if they are.

        Raises:
            ConfigurationError: the folder cannot be written, or a migration fails.
        """
        if not all(self._is_newest(plugin, versions) for plugin, versions in self._migrations.items()):
            self._migrate()
        self._upgraded = True

    def ready(self) -> Engine:
        """Give the engine, its tables brought up to date once per process."""
        if not self._upgraded:
            self.upgrade()
        return self._engine

    def abandoned(self) -> frozenset[str]:
        """Name the plugins that have tables here and are not active."""
        return frozenset(_owners(self._names()) - self._migrations.keys())

    def tables_of(self, plugin: str) -> tuple[str, ...]:
        """Name the tables of a plugin: those that begin with its id, and the one of its revision."""
        names = self._names()
        owners = sorted(_owners(names), key=len)
        # Of two plugins of which one's id begins like the other's, the longer one is meant.
        mine = [name for name in names if [one for one in owners if name.startswith(f"{one}_")][-1:] == [plugin]]
        return tuple(sorted([*mine, *(name for name in names if name == f"{_VERSION}{plugin}")]))

    def drop(self, plugin: str) -> None:
        """Remove the tables of a plugin, with what is in them."""
        with self.ready().begin() as connection:
            known = MetaData()
            known.reflect(connection, only=self.tables_of(plugin))
            known.drop_all(connection)

    def _names(self) -> list[str]:
        with self.ready().connect() as connection:
            return inspect(connection).get_table_names()

    def _is_newest(self, plugin: str, versions: Path) -> bool:
        """Say whether a plugin's tables are surely at its newest revision."""
        newest = heads(versions)
        if newest is None or not (self.folder / _FILE).is_file():
            return False
        recorded = select(column("version_num", String)).select_from(table(f"{_VERSION}{plugin}"))
        try:
            with self._engine.connect() as connection:
                return newest == set(connection.scalars(recorded))
        except DatabaseError:
            return False

    def _migrate(self) -> None:
        logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells every step at level info
        from synthdb_host.migrating import upgrade  # noqa: PLC0415 - Alembic is slow to import

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with _exclusive(self.folder / "control.lock"):
                for plugin, versions in self._migrations.items():
                    upgrade(self._engine, plugin, versions)
        except OSError as error:
            raise ConfigurationError(f"data folder {self.folder}: {error.strerror}") from error


def _owners(names: Iterable[str]) -> set[str]:
    return {name.removeprefix(_VERSION) for name in names if name.startswith(_VERSION)}


def _engine(path: Path) -> Engine:
    """Make an engine that keeps no connection open, so that it can be used on both sides of a fork."""
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool, connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def own_transactions(connection: SqliteConnection, _: object) -> None:
        connection.isolation_level = None  # else the driver changes schemas outside transactions

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Hold a lock file against other processes."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
