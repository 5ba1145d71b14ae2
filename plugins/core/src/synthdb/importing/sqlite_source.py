"""Importing an existing SQLite database: types by declaration and by the values that are there."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthdb.importing.names import NameMaker, constraint_name
from synthdb.importing.planning import IDENTITY, Intake
from synthdb.importing.records import CHUNK_RECORDS, Chunk
from synthdb.importing.sqlite_tables import SourceColumn, SourceTable, opened, quoted, read_tables
from synthdb.importing.sqlite_types import choose_type, default_of
from synthdb_host.catalog import Column, ColumnType, ForeignKey, Index, OnDelete, Table, UniqueKey

__all__ = ["SqliteReader", "sqlite_intakes"]

_ON_DELETE: dict[str, OnDelete] = {
    "NO ACTION": "no_action", "RESTRICT": "restrict", "CASCADE": "cascade", "SET NULL": "set_null",
}  # fmt: skip


@dataclass(frozen=True)
class SqliteReader:
    """Reads one table of a SQLite database in a fixed order; a line is the number of a row."""

    path: Path
    table: SourceTable
    names: tuple[str, ...]
    types: tuple[ColumnType, ...]

    @property
    def notes(self) -> Sequence[str]:
        """Nothing: what there is to say is said when the table is described."""
        return ()

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """Read the rows after the first ``skip``."""
        columns = ", ".join(quoted(column.name) for column in self.table.columns)
        name = quoted(self.table.name)
        with opened(self.path) as connection:
            (count,) = connection.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608 - quoted
            rest = f"{name} ORDER BY {self.table.order} LIMIT -1 OFFSET ?"
            cursor = connection.execute(f"SELECT {columns} FROM {rest}", (skip,))  # noqa: S608 - quoted
            end = skip
            while rows := cursor.fetchmany(CHUNK_RECORDS):
                first, end = end + 1, end + len(rows)
                yield Chunk(self._columns(rows), range(first, end + 1), end, end / max(count, 1))

    def _columns(self, rows: list[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
        cells = zip(*rows, strict=True)
        typed = zip(self.names, self.types, cells, strict=True)
        return {name: _prepared(column_type, values) for name, column_type, values in typed}


_PREPARE: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "json": json.loads,
    "bytes": lambda value: value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape"),
}


def _prepared(column_type: ColumnType, values: Sequence[Any]) -> Sequence[Any]:
    prepare = _PREPARE.get(column_type.name)
    return [None if value is None else prepare(value) for value in values] if prepare else values


def sqlite_intakes(path: Path, digest: str) -> tuple[list[Intake], list[str]]:
    """Describe every table of a SQLite database, and say what cannot be carried over.

    Raises:
        InvalidBody: it is no SQLite database, or cannot be read.
    """
    with opened(path) as connection:
        tables, notes = read_tables(connection)
        naming = _Naming(connection, tables)
        intakes = [_intake(connection, path, digest, table, naming) for table in tables]
    return intakes, notes + naming.notes


class _Naming:
    """The names that tables and columns get."""

    def __init__(self, connection: sqlite3.Connection, tables: Sequence[SourceTable]) -> None:
        self._tables = NameMaker()
        self._columns: dict[str, NameMaker] = {}
        self._keys = {table.name.casefold(): table.key for table in tables}
        for table in tables:
            self.table(table.name)
            taken = () if table.key or _tells_rows_apart(connection, table, IDENTITY) else (IDENTITY,)
            self._columns[table.name.casefold()] = NameMaker(taken=taken)

    @property
    def notes(self) -> list[str]:
        return [note.replace("column ", "table ", 1) for note in self._tables.notes]

    def table(self, name: str) -> str:
        return self._tables.name(name)

    def columns(self, table: str, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(self._columns[table.casefold()].name(name) for name in names)

    def renamed(self, table: str) -> list[str]:
        return self._columns[table.casefold()].notes

    def target(self, name: str) -> str | None:
        """Give the real name of a table that a foreign key refers to, in any case."""
        known = (raw for raw in self._tables.known() if raw.casefold() == name.casefold())
        return next((self._tables.name(raw) for raw in known), None)

    def key(self, table: str) -> tuple[str, ...]:
        return self._keys.get(table.casefold(), ())


def _tells_rows_apart(connection: sqlite3.Connection, table: SourceTable, name: str) -> bool:
    """Whether a column of this name, if there is one, could be the key."""
    if name not in {column.name for column in table.columns}:
        return True
    counts = f"SELECT count(*), count(DISTINCT {quoted(name)}) FROM {quoted(table.name)}"  # noqa: S608 - quoted
    rows, values = connection.execute(counts).fetchone()
    return bool(rows == values)


def _intake(connection: sqlite3.Connection, path: Path, digest: str, source: SourceTable, naming: _Naming) -> Intake:
    notes = list(source.notes)
    names = naming.columns(source.name, [column.name for column in source.columns])
    columns = tuple(
        _column(connection, source, column, name, notes) for column, name in zip(source.columns, names, strict=True)
    )
    table = _table(source, columns, naming, notes)
    reader = SqliteReader(path, source, names, tuple(column.type for column in columns))
    return Intake(
        reader, f"{path}:{source.name}", table.name, f"{digest}/{source.name}", declared=table,
        notes=(*naming.renamed(source.name), *notes),
    )  # fmt: skip


def _column(
    connection: sqlite3.Connection, table: SourceTable, column: SourceColumn, name: str, notes: list[str]
) -> Column:
    column_type, why = choose_type(connection, table.name, column)
    default = default_of(column, column_type)
    notes += [f"column {name!r}: {text}" for text in (why, default.note) if text]
    return Column(name, column_type, column.not_null, default.value, default.given)


def _table(source: SourceTable, columns: tuple[Column, ...], naming: _Naming, notes: list[str]) -> Table:
    name = naming.table(source.name)
    key = naming.columns(source.name, source.key)
    uniques, indexes = [], []
    for index in source.indexes:
        own = naming.columns(source.name, index.columns)
        if index.unique:
            label = constraint_name(name, own, "key") if index.name.startswith("sqlite_") else index.name
            uniques.append(UniqueKey(label, own))
        else:
            indexes.append(Index(index.name, own))
    return Table(
        name, columns, "", key, unique_keys=tuple(uniques), indexes=tuple(indexes),
        foreign_keys=_foreign_keys(source, naming, notes),
    )  # fmt: skip


def _foreign_keys(source: SourceTable, naming: _Naming, notes: list[str]) -> tuple[ForeignKey, ...]:
    found = []
    for key in source.foreign_keys:
        target = naming.target(key.table)
        references = key.references or naming.key(key.table)
        if target is None or not references:
            notes.append(f"the reference to {key.table!r}, which does not exist or has no key, is not carried over")
            continue
        if key.on_delete not in _ON_DELETE:
            notes.append(f"ON DELETE {key.on_delete} of the reference to {key.table!r} is not carried over")
        own = naming.columns(source.name, key.columns)
        label = constraint_name(naming.table(source.name), own, "fkey")
        on_delete = _ON_DELETE.get(key.on_delete, "no_action")
        found.append(ForeignKey(label, own, target, naming.columns(key.table, references), on_delete))
    return tuple(found)
