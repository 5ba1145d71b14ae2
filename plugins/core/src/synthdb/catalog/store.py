"""Reading the catalog from a database file, and writing new versions of its rows."""

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from synthdb.catalog.model import StoredCatalog, StoredColumn, StoredTable
from synthdb.catalog.records import ColumnRecord, ConstraintRecord, TableRecord, condition_from, value_from
from synthdb.storage.codecs import codec_of
from synthdb.storage.layout import MAIN
from synthdb_host.catalog import CheckConstraint, Column, ColumnType, ForeignKey, Index, Table, UniqueKey

__all__ = [
    "Records",
    "bump_catalog",
    "load_catalog",
    "put_column",
    "put_table",
    "read_records",
    "read_versions",
    "remove_column",
    "remove_table",
]

_TABLES = msgspec.json.Decoder(TableRecord)
_COLUMNS = msgspec.json.Decoder(ColumnRecord)


class Records(msgspec.Struct, frozen=True):
    """The valid catalog rows: tables, their physical names, their columns in order of creation."""

    tables: dict[int, TableRecord]
    physical: dict[int, str]
    columns: dict[int, dict[int, ColumnRecord]]


def read_versions(connection: sqlite3.Connection) -> tuple[int, int]:
    """Give the catalog version and the layout version."""
    row: tuple[int, int] = connection.execute("SELECT catalog, layout FROM _meta").fetchone()
    return row


def bump_catalog(connection: sqlite3.Connection) -> None:
    """Raise the catalog and layout versions: every cached plan of every process becomes stale."""
    connection.execute("UPDATE _meta SET catalog = catalog + 1, layout = layout + 1")


def read_records(connection: sqlite3.Connection) -> Records:
    """Read all catalog rows that are valid now, of dropped tables and columns too."""
    tables = connection.execute("SELECT table_id, definition FROM _table_version WHERE to_tx IS NULL")
    found = {table_id: _TABLES.decode(definition) for table_id, definition in tables}
    physical = dict(connection.execute("SELECT id, physical FROM _table"))
    columns: dict[int, dict[int, ColumnRecord]] = {table_id: {} for table_id in found}
    rows = connection.execute(
        "SELECT c.table_id, c.id, v.definition FROM _column c JOIN _column_version v ON v.column_id = c.id "
        "WHERE v.to_tx IS NULL ORDER BY c.id"
    )
    for table_id, column_id, definition in rows:
        columns[table_id][column_id] = _COLUMNS.decode(definition)
    return Records(found, physical, columns)


def load_catalog(connection: sqlite3.Connection) -> StoredCatalog:
    """Read the whole catalog; call it inside a transaction, so that it is of one moment."""
    version, layout = read_versions(connection)
    requires = connection.execute("SELECT requires FROM _meta").fetchone()[0]
    records = read_records(connection)
    tables = [
        _stored_table(connection, records, table_id)
        for table_id, record in sorted(records.tables.items())
        if not record.dropped
    ]
    by_name = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    return StoredCatalog(version, layout, by_name, frozenset(msgspec.json.decode(requires)))


def _stored_table(connection: sqlite3.Connection, records: Records, table_id: int) -> StoredTable:
    record, physical = records.tables[table_id], records.physical[table_id]
    columns = {
        column.name: _stored_column(column_id, column)
        for column_id, column in records.columns[table_id].items()
        if not column.dropped
    }
    pragma = connection.execute("SELECT name FROM pragma_table_info(?)", (physical,))
    stored = tuple(name for (name,) in pragma if name not in ("_tx", "_created"))
    return StoredTable(table_id, _table(records, table_id, record, columns), physical, columns, stored)


def _stored_column(column_id: int, record: ColumnRecord) -> StoredColumn:
    column_type = ColumnType.parse(record.type)
    default = value_from(record.default)
    column = Column(
        record.name,
        column_type,
        record.not_null,
        default,
        record.has_default,
        record.inferred,
        record.comment,
    )
    return StoredColumn(column_id, column, record.physical, record.affinity, codec_of(column_type))


def _table(records: Records, table_id: int, record: TableRecord, columns: Mapping[str, StoredColumn]) -> Table:
    names = {column_id: column.name for column_id, column in records.columns[table_id].items()}
    by_kind: dict[str, list[ConstraintRecord]] = {"index": [], "unique": [], "foreign": [], "check": []}
    for constraint in record.constraints:
        by_kind[constraint.kind].append(constraint)

    def named(constraint: ConstraintRecord) -> tuple[str, ...]:
        return tuple(names[column_id] for column_id in constraint.columns)

    return Table(
        name=record.name,
        columns=tuple(column.column for column in columns.values()),
        identity=names[record.identity],
        key=tuple(names[column_id] for column_id in record.key),
        generated=record.generated,
        mode=record.mode,
        unique_keys=tuple(UniqueKey(item.name, named(item)) for item in by_kind["unique"]),
        foreign_keys=tuple(_foreign_key(records, item, named(item)) for item in by_kind["foreign"]),
        indexes=tuple(Index(item.name, named(item)) for item in by_kind["index"]),
        checks=tuple(
            CheckConstraint(item.name, condition_from(item.condition, names.__getitem__)) for item in by_kind["check"]
        ),
        comment=record.comment,
    )


def _foreign_key(records: Records, constraint: ConstraintRecord, columns: tuple[str, ...]) -> ForeignKey:
    target = constraint.table if constraint.table is not None else -1
    referenced = tuple(records.columns[target][column_id].name for column_id in constraint.references)
    return ForeignKey(constraint.name, columns, records.tables[target].name, referenced, constraint.on_delete)


def put_table(connection: sqlite3.Connection, table_id: int, record: TableRecord, commit: int) -> None:
    """Make ``record`` the valid version of a table from ``commit`` on."""
    _put(connection, "table", table_id, msgspec.json.encode(record).decode(), commit)


def put_column(connection: sqlite3.Connection, column_id: int, record: ColumnRecord, commit: int) -> None:
    """Make ``record`` the valid version of a column from ``commit`` on."""
    _put(connection, "column", column_id, msgspec.json.encode(record).decode(), commit)


def _put(connection: sqlite3.Connection, kind: str, item: int, definition: str, commit: int) -> None:
    # A version of this same commit was never visible to anyone: it is replaced, not ended.
    where = f"WHERE {kind}_id = ? AND branch = {MAIN}"
    connection.execute(f"DELETE FROM _{kind}_version {where} AND from_tx = ?", (item, commit))
    connection.execute(f"UPDATE _{kind}_version SET to_tx = ? {where} AND to_tx IS NULL", (commit, item))
    connection.execute(
        f"INSERT INTO _{kind}_version ({kind}_id, branch, from_tx, definition) VALUES (?, {MAIN}, ?, ?)",
        (item, commit, definition),
    )


def remove_table(connection: sqlite3.Connection, table_id: int, column_ids: Sequence[int]) -> None:
    """Forget a table and its columns altogether."""
    for column_id in column_ids:
        remove_column(connection, column_id)
    connection.execute("DELETE FROM _table_version WHERE table_id = ?", (table_id,))
    connection.execute("DELETE FROM _table WHERE id = ?", (table_id,))


def remove_column(connection: sqlite3.Connection, column_id: int) -> None:
    """Forget a column altogether."""
    connection.execute("DELETE FROM _column_version WHERE column_id = ?", (column_id,))
    connection.execute("DELETE FROM _column WHERE id = ?", (column_id,))
