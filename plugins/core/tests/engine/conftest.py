"""A catalog and its physical tables, made by hand, so that reading is tested without the write path."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from synthdb.catalog.model import StoredCatalog, StoredColumn, StoredTable
from synthdb.engine.functions import register_functions
from synthdb.engine.reader import Reader
from synthdb.storage.codecs import codec_of
from synthdb_host.catalog import Column, ColumnType, ForeignKey, Table
from synthdb_host.contracts import UNRESTRICTED, Restrictions, Result
from synthdb_host.operations import Select

Row = Sequence[object]


@dataclass
class Shelf:
    """A small database to read from: tables are put in, selects are run."""

    connection: sqlite3.Connection
    catalog: StoredCatalog
    reader: Reader

    def put(
        self, name: str, columns: str, rows: Sequence[Row] = (), *, keys: Sequence[ForeignKey] = (),
        physical: str | None = None,
    ) -> StoredTable:  # fmt: skip
        """Make a table; ``columns`` is like ``id integer, n decimal(10,2)``, the first is the identity."""
        parsed = [_column(position, part) for position, part in enumerate(_split(columns))]
        logical = tuple(column.column for column in parsed)
        table = Table(name, logical, logical[0].name, (logical[0].name,), foreign_keys=tuple(keys))
        stored = StoredTable(len(self.catalog.tables) + 1, table, physical or name, {c.name: c for c in parsed})
        definitions = ", ".join(
            f"{quoted(c.physical)} {c.affinity}" + (" PRIMARY KEY" if position == 0 else "")
            for position, c in enumerate(parsed)
        )
        self.connection.execute(
            f"CREATE TABLE {quoted(stored.physical)} ({definitions}, _tx INTEGER, _created INTEGER)"
        )
        tables = {**self.catalog.tables, name: stored}
        self.catalog = StoredCatalog(self.catalog.version + 1, 1, tables, frozenset())
        self.add(name, rows)
        return stored

    def add(self, name: str, rows: Sequence[Row]) -> None:
        """Put rows into a table, given as Python values in column order."""
        stored = self.catalog.table(name)
        codecs = [column.codec for column in stored.columns.values()]
        encoded = [[*[c.encode(v) for c, v in zip(codecs, row, strict=True)], 1, 1] for row in rows]
        places = ", ".join("?" * (len(codecs) + 2))
        self.connection.executemany(f"INSERT INTO {quoted(stored.physical)} VALUES ({places})", encoded)

    def run(self, select: Select, restrictions: Restrictions = UNRESTRICTED) -> Result:
        """Run a select."""
        return self.reader.run(self.connection, self.catalog, select, restrictions)

    def read(self, select: Select, restrictions: Restrictions = UNRESTRICTED) -> list[dict[str, Any]]:
        """Run a select and give Python rows."""
        return self.run(select, restrictions).python()


def quoted(name: str) -> str:
    """Write a name into SQL."""
    return '"' + name.replace('"', '""') + '"'


def _split(columns: str) -> list[str]:
    parts: list[str] = []
    for part in columns.split(","):
        if parts and parts[-1].count("(") > parts[-1].count(")"):
            parts[-1] += "," + part
        else:
            parts.append(part)
    return [part.strip() for part in parts]


def _column(position: int, text: str) -> StoredColumn:
    name, _, type_text = text.partition(" ")
    not_null = type_text.endswith(" not null")
    column_type = ColumnType.parse(type_text.removesuffix(" not null"))
    codec = codec_of(column_type)
    return StoredColumn(position, Column(name, column_type, not_null), name, codec.declared, codec, position)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """Give an empty database."""
    connection = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
    register_functions(connection)
    yield Shelf(connection, StoredCatalog(1, 1, {}, frozenset()), Reader())
    connection.close()
