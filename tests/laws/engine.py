"""The database in SQLite, and all that it holds at a ref."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from synthdb.engine.database import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.catalog import ForeignKey, Index, Table, UniqueKey
from synthdb_host.contracts import Placement
from synthdb_host.operations import Ref, Select
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.session import Session

__all__ = ["contents", "engine_in", "engine_of"]


@contextmanager
def engine_of(file: Path) -> Iterator[Session]:
    """Open the database in a file, empty if it is not there yet."""
    placement = Placement("engine", f"sqlite:///{file}", create=True)
    database = open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal"))
    yield Session(database)
    database.close()


def engine_in(folder: Path) -> AbstractContextManager[Session]:
    """Open an empty database in a folder."""
    return engine_of(folder / "law.db")


def contents(session: Session, ref: Ref) -> dict[str, Any]:
    """Give schema and rows of every table at a ref, without the order of columns."""
    tables = session.at(ref).catalog().tables
    return {name: (_schema(table), session.execute(Select(name, ref=ref)).python()) for name, table in tables.items()}


def _schema(table: Table) -> tuple[Any, ...]:
    constraints: tuple[UniqueKey | ForeignKey | Index, ...]
    constraints = (*table.unique_keys, *table.foreign_keys, *table.indexes)
    columns = {column.name: column for column in table.columns}
    named = {item.name: item for item in constraints}
    return table.identity, table.key, table.generated, table.mode, table.comment, columns, named
