"""A database in a file, its branches, and short ways to ask it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from synthdb.engine.sqlite import SqliteDatabase, open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.contracts import UNRESTRICTED, Context, Placement, Principal, Restrictions, Result
from synthdb_host.operations import ColumnRef, Comparison, Delete, Filter, Insert, OnConflict, Operation, Select, Update
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.versions import HEAD, Branching, CreateBranch, Ref


def eq(column: str, value: object) -> Comparison:
    """Compare a column for equality."""
    return Comparison(ColumnRef(column), "eq", value)


@dataclass
class Ask:
    """A database, asked at any ref."""

    database: SqliteDatabase

    def __call__(self, operation: Operation, restrictions: Restrictions = UNRESTRICTED, **context: Any) -> Result:
        return run(self.database.execute(operation, restrictions, Context(Principal("tester"), **context)))

    def rows(self, table: str, ref: Ref = HEAD, where: Filter | None = None) -> list[dict[str, Any]]:
        return self(Select(table, where=where, ref=ref)).python()

    def insert(self, table: str, *rows: dict[str, Any], ref: Ref = HEAD) -> Result:
        return self(Insert.of(table, rows, ref=ref))

    def upsert(self, table: str, *rows: dict[str, Any], ref: Ref = HEAD) -> Result:
        return self(Insert.of(table, rows, OnConflict(), ref=ref))

    def update(self, table: str, key: int, ref: Ref = HEAD, **values: Any) -> Result:
        return self(Update(table, values, eq("id", key), ref=ref))

    def delete(self, table: str, key: int, ref: Ref = HEAD) -> Result:
        return self(Delete(table, eq("id", key), ref=ref))

    def branch(self, name: str, at: Ref = HEAD) -> Ref:
        self(Branching((CreateBranch(name, at),)))
        return Ref(name)


def opened(path: Path, *, create: bool = False) -> Ask:
    placement = Placement("test", f"sqlite:///{path}", create=create)
    return Ask(open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal")))


@pytest.fixture
def statements() -> Iterator[Iterator[int]]:
    """Give a counter of the statements that connections opened from now on run; looking at it counts as one."""
    found = count()

    def opened(connection: sqlite3.Connection, _record: object) -> None:
        connection.set_trace_callback(lambda _: next(found) and None)

    event.listen(Engine, "connect", opened)
    yield found
    event.remove(Engine, "connect", opened)


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    found = opened(tmp_path / "test.db", create=True)
    yield found
    found.database.close()


@pytest.fixture
def other(ask: Ask, tmp_path: Path) -> Iterator[Ask]:
    """The same file, opened once more, as another process would have it."""
    found = opened(tmp_path / "test.db")
    yield found
    found.database.close()
