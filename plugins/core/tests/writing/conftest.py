"""A database in a file, and short ways to ask it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from synthdb.engine.sqlite import SqliteDatabase, open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.catalog import Table
from synthdb_host.contracts import UNRESTRICTED, Context, Placement, Principal, Restrictions, Result
from synthdb_host.operations import Change, ColumnRef, Comparison, Define, Filter, Insert, Operation, Select
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run


@dataclass
class Ask:
    """A database and the file behind it."""

    database: SqliteDatabase
    path: Path

    def __call__(self, operation: Operation, restrictions: Restrictions = UNRESTRICTED, **context: Any) -> Result:
        return run(self.database.execute(operation, restrictions, Context(Principal("tester"), **context)))

    def insert(self, table: str, *rows: dict[str, Any]) -> Result:
        return self(Insert.of(table, rows))

    def define(self, *changes: Change) -> Result:
        return self(Define(changes))

    def rows(self, table: str, where: Filter | None = None) -> list[dict[str, Any]]:
        return self(Select(table, where=where)).python()

    def table(self, name: str) -> Table:
        return run(self.database.catalog()).table(name)

    def types(self, table: str) -> dict[str, str]:
        return {column.name: str(column.type) for column in self.table(table).columns}

    def file(self, statement: str, *parameters: Any) -> list[Any]:
        """Look into the file as any SQLite tool would."""
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            connection.close()


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    path = tmp_path / "test.db"
    placement = Placement("test", f"sqlite:///{path}", create=True)
    database = open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal"))
    yield Ask(database, path)
    database.close()


def equals(column: str, value: object) -> Filter:
    return Comparison(ColumnRef(column), "eq", value)
