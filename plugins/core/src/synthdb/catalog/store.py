"""Reading the catalog from a database file, and writing new versions of its rows."""

import sqlite3
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from synthdb.catalog.backfills import NONE, read_backfills
from synthdb.catalog.layering import Mark, layers_of
from synthdb.catalog.model import StoredCatalog, StoredColumn, StoredTable
from synthdb.catalog.places import MAIN_HEAD, Layer, Place, place_of
from synthdb.catalog.records import ColumnRecord, ConstraintRecord, TableRecord, condition_from, value_from
from synthdb.storage.codecs import codec_of
from synthdb.storage.layout import quote
from synthdb_host.catalog import CheckConstraint, Column, ColumnType, ForeignKey, Index, Table, UniqueKey

__all__ = [
    "Records",
    "Versions",
    "as_now",
    "bump_catalog",
    "load_catalog",
    "read_branch_marks",
    "read_marks",
    "read_pinned",
    "read_records",
    "read_versions",
    "remove_column",
    "remove_table",
    "stored_tables",
]

_TABLES = msgspec.json.Decoder(TableRecord)
_COLUMNS = msgspec.json.Decoder(ColumnRecord)


class Records(msgspec.Struct, frozen=True):
    """The valid catalog rows: tables, their physical names, their columns in order of creation.

    ``roots`` are the columns that a merge has taken for others, and for which.
    """

    tables: dict[int, TableRecord]
    physical: dict[int, str]
    columns: dict[int, dict[int, ColumnRecord]]
    roots: dict[int, int]


def read_versions(connection: sqlite3.Connection) -> tuple[int, int]:
    """Give the catalog version and the layout version."""
    row: tuple[int, int] = connection.execute("SELECT catalog, layout FROM _meta").fetchone()
    return row


def read_pinned(connection: sqlite3.Connection) -> int:
    """Give the newest commit that a branch or tag was made at; -1 if none was."""
    return int(connection.execute("SELECT pinned FROM _meta").fetchone()[0])


def bump_catalog(connection: sqlite3.Connection) -> None:
    """Raise the catalog and layout versions: every cached plan of every process becomes stale."""
    connection.execute("UPDATE _meta SET catalog = catalog + 1, layout = layout + 1")


def read_records(connection: sqlite3.Connection, place: Place = MAIN_HEAD) -> Records:
    """Read all catalog rows that are valid at a place, of dropped tables and columns too."""
    found: dict[int, str] = {}
    definitions: dict[int, str] = {}
    for layer in reversed(place.layers):
        found.update(_valid(connection, "table", layer))
        definitions.update(_valid(connection, "column", layer))
    tables = {table_id: _TABLES.decode(definition) for table_id, definition in found.items()}
    physical = dict(connection.execute("SELECT id, physical FROM _table"))
    columns: dict[int, dict[int, ColumnRecord]] = {table_id: {} for table_id in tables}
    roots: dict[int, int] = {}
    for column_id, table_id, root in connection.execute("SELECT id, table_id, root FROM _column ORDER BY id"):
        if root is not None:
            roots[column_id] = root
        if column_id in definitions and table_id in columns:
            columns[table_id][column_id] = _COLUMNS.decode(definitions[column_id])
    return Records(tables, physical, columns, roots)


def _valid(connection: sqlite3.Connection, kind: str, layer: Layer) -> list[tuple[int, str]]:
    select = f"SELECT {kind}_id, definition FROM _{kind}_version WHERE branch = ?"
    if layer.bound is None:
        return connection.execute(f"{select} AND to_tx IS NULL", (layer.branch,)).fetchall()
    within = "from_tx <= ?2 AND (to_tx IS NULL OR to_tx > ?2)"
    return connection.execute(f"{select} AND {within}", (layer.branch, layer.bound)).fetchall()


def load_catalog(connection: sqlite3.Connection, place: Place = MAIN_HEAD) -> StoredCatalog:
    """Read the whole catalog of a place; call it inside a transaction, so that it is of one moment."""
    version, layout = read_versions(connection)
    requires = connection.execute("SELECT requires FROM _meta").fetchone()[0]
    records = read_records(connection, place)
    tables = stored_tables(connection, records, place)
    by_name = {table.name: table for table in sorted(tables, key=lambda table: table.name)}
    dropped = tuple(sorted(record.name for record in records.tables.values() if record.dropped and not record.gone))
    return StoredCatalog(version, layout, by_name, frozenset(msgspec.json.decode(requires)), place, dropped=dropped)


def as_now(connection: sqlite3.Connection, place: Place) -> StoredCatalog:
    """Read the catalog that the branch of a place has now, over the rows of then.

    Values whose type was changed since are converted; those that cannot be become NULL.
    """
    then = {table.id: table for table in load_catalog(connection, place).tables.values()}
    now = load_catalog(connection, place_of(connection, place.branch))
    marks = read_marks(connection, place)
    tables = {
        name: replace(
            table,
            layers=layers_of(place, marks.get(table.id, {})),
            converted=_conversions(then[table.id], table) if table.id in then else {},
        )
        for name, table in now.tables.items()
    }
    return replace(now, tables=tables, place=place, schema="now")


def _conversions(then: StoredTable, now: StoredTable) -> dict[str, str]:
    """Say how columns whose values were elsewhere are read from there."""
    before = {column.root: column for column in then.columns.values()}
    moved = {
        column: before[column.root]
        for column in now.columns.values()
        if column.root in before and before[column.root].physical != column.physical
    }
    return {
        quote(column.physical): (
            f"synthdb_cast({then.unfilled.value(old.physical, '_r.')}, '{old.codec.type}', '{column.codec.type}')"
        )
        for column, old in moved.items()
    }


def stored_tables(connection: sqlite3.Connection, records: Records, place: Place) -> list[StoredTable]:
    """Give the tables of a place that are not dropped, in order of creation."""
    marks = read_marks(connection, place)
    overlays = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE name GLOB '_o_*'")}
    unfilled = read_backfills(connection)
    return [
        replace(
            _stored_table(connection, records, table_id, layers_of(place, marks.get(table_id, {})), overlays),
            unfilled=unfilled.get(table_id, NONE),
        )
        for table_id, record in sorted(records.tables.items())
        if not record.dropped
    ]


def read_marks(connection: sqlite3.Connection, place: Place) -> dict[int, dict[int, Mark]]:
    """Give, by table and branch, what :mod:`synthdb.catalog.layering` calls marks, for the branches of a place."""
    found: dict[int, dict[int, Mark]] = {}
    for branch in place.chain:
        for table_id, mark in read_branch_marks(connection, branch):
            found.setdefault(table_id, {})[branch] = mark
    return found


def read_branch_marks(connection: sqlite3.Connection, branch: int) -> Iterator[tuple[int, Mark]]:
    """Give the marks of one branch by table."""
    select = "SELECT table_id, mark, covers, covered FROM _layer WHERE branch = ?"
    for table_id, *mark in connection.execute(select, (branch,)):
        yield table_id, Mark(*mark)


def _stored_table(
    connection: sqlite3.Connection,
    records: Records,
    table_id: int,
    layers: tuple[Layer, ...],
    overlays: Container[str],
) -> StoredTable:
    record, physical = records.tables[table_id], records.physical[table_id]
    columns = {
        column.name: _stored_column(column_id, column, records.roots.get(column_id, column_id))
        for column_id, column in records.columns[table_id].items()
        if not column.dropped
    }
    pragma = connection.execute("SELECT name FROM pragma_table_info(?)", (physical,))
    stored = tuple(name for (name,) in pragma if name not in ("_tx", "_created"))
    table = _table(records, table_id, record, columns)
    return StoredTable(table_id, table, physical, columns, stored, layers, f"_o_{physical}" in overlays)


def _stored_column(column_id: int, record: ColumnRecord, root: int) -> StoredColumn:
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
    return StoredColumn(column_id, column, record.physical, record.affinity, codec_of(column_type), root)


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
        preconditions=record.preconditions,
        dropped=tuple(
            _stored_column(column_id, column, column_id).column
            for column_id, column in records.columns[table_id].items()
            if column.dropped and not column.gone
        ),
    )


def _foreign_key(records: Records, constraint: ConstraintRecord, columns: tuple[str, ...]) -> ForeignKey:
    target = constraint.table if constraint.table is not None else -1
    referenced = tuple(records.columns[target][column_id].name for column_id in constraint.references)
    return ForeignKey(constraint.name, columns, records.tables[target].name, referenced, constraint.on_delete)


class Versions:
    """Writes new versions of catalog rows: those of one commit on one branch.

    ``written`` says whether any of them was another one than before, ``tables`` which tables they are of.
    """

    def __init__(self, connection: sqlite3.Connection, place: Place, commit: int) -> None:
        self._connection = connection
        self._place = place
        self._commit = commit
        self.written = False
        self.tables: set[int] = set()

    def put_table(self, table_id: int, record: TableRecord) -> None:
        """Make ``record`` the valid version of a table."""
        if self._put("table", table_id, msgspec.json.encode(record).decode()):
            self.tables.add(table_id)

    def put_column(self, column_id: int, record: ColumnRecord) -> None:
        """Make ``record`` the valid version of a column."""
        if self._put("column", column_id, msgspec.json.encode(record).decode()):
            found = self._connection.execute("SELECT table_id FROM _column WHERE id = ?", (column_id,)).fetchone()
            self.tables.add(found[0])

    def _put(self, kind: str, item: int, definition: str) -> bool:
        if self._current(kind, item) == definition:
            return False
        self.written = True
        # A version of this same commit was never visible to anyone: it is replaced, not ended.
        where, branch = f"WHERE {kind}_id = ? AND branch = ?", self._place.branch
        execute = self._connection.execute
        execute(f"DELETE FROM _{kind}_version {where} AND from_tx = ?", (item, branch, self._commit))
        ended = f"UPDATE _{kind}_version SET to_tx = ? {where} AND to_tx IS NULL"
        execute(ended, (self._commit, item, branch))
        execute(
            f"INSERT INTO _{kind}_version ({kind}_id, branch, from_tx, definition) VALUES (?, ?, ?, ?)",
            (item, branch, self._commit, definition),
        )
        return True

    def _current(self, kind: str, item: int) -> str | None:
        for branch, bound, _ in self._place.layers:
            until = "to_tx IS NULL" if bound is None else f"from_tx <= {bound} AND (to_tx IS NULL OR to_tx > {bound})"
            select = f"SELECT definition FROM _{kind}_version WHERE {kind}_id = ? AND branch = ? AND {until}"
            found = self._connection.execute(select, (item, branch)).fetchone()
            if found is not None:
                return str(found[0])
        return None


def remove_table(connection: sqlite3.Connection, table_id: int, column_ids: Sequence[int]) -> None:
    """Forget a table and its columns altogether."""
    for column_id in column_ids:
        remove_column(connection, column_id)
    connection.execute("DELETE FROM _table_version WHERE table_id = ?", (table_id,))
    connection.execute("DELETE FROM _layer WHERE table_id = ?", (table_id,))
    connection.execute("DELETE FROM _backfill WHERE table_id = ?", (table_id,))
    connection.execute("DELETE FROM _table WHERE id = ?", (table_id,))


def remove_column(connection: sqlite3.Connection, column_id: int) -> None:
    """Forget a column altogether."""
    connection.execute("DELETE FROM _column_version WHERE column_id = ?", (column_id,))
    connection.execute("DELETE FROM _column WHERE id = ?", (column_id,))
