"""The database in SQLite, and all that it holds at a ref."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from synthdb.engine.sqlite import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.catalog import ForeignKey, Index, Table, UniqueKey
from synthdb_host.contracts import Placement
from synthdb_host.operations import Ref, Select
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.testing.session import Session

__all__ = ["AT_ONCE", "contents", "engine_in", "engine_of"]


AT_ONCE: Final = 1_000_000
"""Tables of so many rows are converted at once when a column gets a wider type."""


@contextmanager
def engine_of(file: Path, at_once: int = AT_ONCE) -> Iterator[Session]:
    """Open the database in a file, empty if it is not there yet."""
    placement = Placement("engine", f"sqlite:///{file}", create=True)
    settings = CoreSettings(durability="normal", backfill_above_rows=at_once)
    database = open_sqlite(placement, EmbeddedScheduler(), settings)
    yield Session(database)
    database.close()


def engine_in(folder: Path, at_once: int = AT_ONCE) -> AbstractContextManager[Session]:
    """Open an empty database in a folder."""
    return engine_of(folder / "law.db", at_once)


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
