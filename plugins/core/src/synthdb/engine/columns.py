"""Changes to the columns of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec.structs

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.catalog.records import ColumnRecord, ConstraintRecord, TableRecord, value_to
from synthdb.catalog.store import remove_column
from synthdb.engine.backfilling import PlannedIndex, defer, forget, is_deferred, plan_index
from synthdb.engine.indexes import PhysicalIndex, build_index, drop_index, free_name
from synthdb.engine.naming import checked_name, ensure_free, physical_column, quote
from synthdb.engine.retyping import is_metadata_only, move_values
from synthdb.engine.session import Session
from synthdb.engine.sharing import is_alone
from synthdb.storage.codecs import codec_of
from synthdb.storage.layout import MAIN
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.errors import Conflict, NotNullViolation, TooManyColumns, TypeConflict, UnknownColumn
from synthdb_host.operations import (
    MISSING,
    AddColumn,
    AlterColumn,
    CopyColumn,
    DropColumn,
    RenameColumn,
    RestoreColumn,
)
from synthdb_host.values import adapt

__all__ = [
    "COLUMNS_PER_CHANGE",
    "COLUMNS_PER_TABLE",
    "PHYSICAL_COLUMNS",
    "add_column",
    "add_columns",
    "alter_column",
    "check_column_count",
    "column_record",
    "copy_column",
    "drop_column",
    "has_rows",
    "new_column",
    "rename_column",
    "restore_column",
    "retype_columns",
    "table_record",
]

COLUMNS_PER_CHANGE: Final = 200
COLUMNS_PER_TABLE: Final = 800
_COMPARED_ALIKE: Final = (frozenset({"integer", "real", "decimal"}), frozenset({"date", "timestamp"}))
"""Types among which a comparison goes on meaning the same."""
PHYSICAL_COLUMNS: Final = 1_990
"""SQLite's 2,000, less the engine's own in the history table."""


def table_record(session: Session, table: StoredTable) -> TableRecord:
    """Read the valid catalog row of a table."""
    return session.records().tables[table.id]


def _column_record(session: Session, table: StoredTable, column: StoredColumn) -> ColumnRecord:
    return session.records().columns[table.id][column.id]


def _put(session: Session, column: StoredColumn, record: ColumnRecord) -> None:
    session.versions.put_column(column.id, record)
    session.refresh_schema()


def has_rows(session: Session, table: StoredTable) -> bool:
    """Say whether the table has any row."""
    return session.driver.execute(f"SELECT 1 FROM {table.rows()} LIMIT 1").fetchone() is not None


# -- adding ----------------------------------------------------------------------------------------------


def new_column(session: Session, table_id: int, column: Column, physical: str) -> int:
    """Write the catalog rows of a new column; gives its id."""
    cursor = session.driver.execute("INSERT INTO _column (table_id) VALUES (?)", (table_id,))
    column_id = int(cursor.lastrowid or 0)
    session.versions.put_column(column_id, column_record(column, physical, codec_of(column.type).declared))
    return column_id


def column_record(column: Column, physical: str, affinity: str) -> ColumnRecord:
    """Describe a column whose values are in a physical column."""
    default = value_to(adapt(column.type, column.default))
    return ColumnRecord(
        column.name, str(column.type), physical, affinity, column.not_null, default,
        column.has_default or column.default is not None, column.inferred, column.comment,
    )  # fmt: skip


def add_column(session: Session, change: AddColumn) -> None:
    """Add one column; with ``if_not_exists`` nothing happens where there is one of the name."""
    table = session.table(change.table)
    if not (change.if_not_exists and change.column.name in table.columns):
        add_columns(session, table, [change.column])


def add_columns(session: Session, table: StoredTable, columns: Sequence[Column]) -> None:
    """Add columns; rows that exist take the default.

    Raises:
        TooManyColumns, DuplicateName, SchemaLocked, InvalidName: as they say.
        NotNullViolation: a column without a default must have values, but the table has rows.
    """
    session.require_unlocked(table)
    check_column_count(len(columns), len(table.stored) + len(columns))
    taken, stored = list(table.columns), list(table.stored)
    for column in columns:
        named = replace(column, name=checked_name(column.name))
        ensure_free(named.name, taken)
        if named.not_null and named.default is None and has_rows(session, table):
            raise NotNullViolation(f"Column {named.name!r} needs a default: the table has rows.")
        physical = physical_column(named.name, stored)
        _add_physical(session, table, physical, codec_of(named.type).declared, named)
        new_column(session, table.id, named, physical)
        taken.append(named.name)
        stored.append(physical)
    session.refresh_schema()


def check_column_count(new: int, total: int) -> None:
    """Raise TooManyColumns if a change adds, or a table has, more columns than the limit."""
    if new > COLUMNS_PER_CHANGE or total > COLUMNS_PER_TABLE:
        raise TooManyColumns(
            f"{new} new columns, {total} in all: at most {COLUMNS_PER_CHANGE} at once, {COLUMNS_PER_TABLE} in all.",
            hint="Store such data in one json column.",
        )


def _add_physical(session: Session, table: StoredTable, physical: str, declared: str, column: Column | None) -> None:
    clause = ""
    if column is not None and column.default is not None:
        # A constant DEFAULT gives rows that exist their value without rewriting them.
        stored = codec_of(column.type).encode(column.default)
        clause = f" DEFAULT {session.driver.execute('SELECT quote(?)', (stored,)).fetchone()[0]}"
    for name in session.parts(table.physical):
        session.driver.execute(f"ALTER TABLE {quote(name)} ADD COLUMN {quote(physical)} {declared}{clause}")


# -- changing --------------------------------------------------------------------------------------------


def retype_columns(session: Session, table: StoredTable, types: Mapping[str, ColumnType]) -> None:
    """Give columns other types, keeping every value exactly.

    Raises:
        TypeConflict: a value cannot become one of the new type.
    """
    session.require_unlocked(table)
    stored = list(table.stored)
    records = session.records().columns[table.id]
    moved: list[int] = []
    deferred: dict[int, str] = {}
    for name, target in types.items():
        column = table.column(name)
        if name in session.catalog.checked[table.name]:
            _require_alike(column, target)
        record = records[column.id]
        default = value_to(adapt(target, column.column.default))
        if is_metadata_only(session, table, column, target):
            changed = msgspec.structs.replace(record, type=str(target), default=default)
            session.versions.put_column(column.id, changed)
            continue
        physical = physical_column(name, stored)
        stored.append(physical)
        if len(stored) > PHYSICAL_COLUMNS:
            raise TooManyColumns(f"Columns of {table.name!r} have changed their type too often.")
        declared = codec_of(target).declared
        _add_physical(session, table, physical, declared, None)
        if is_deferred(session, table, column, target):
            defer(session, table, column, physical, target)
            deferred[column.id] = physical
        else:
            move_values(session, table, column, physical, target)
        changed = msgspec.structs.replace(
            record, type=str(target), physical=physical, affinity=declared, default=default
        )
        session.versions.put_column(column.id, changed)
        moved.append(column.id)
    _rebuild_indexes(session, table, moved, deferred)
    session.refresh_schema()


def _require_alike(column: StoredColumn, target: ColumnType) -> None:
    if not any({column.column.type.name, target.name} <= alike for alike in _COMPARED_ALIKE):
        raise TypeConflict(
            f"Column {column.name!r} cannot become {target}: a check compares it as {column.column.type}.",
            hint="Drop the check first.",
            data={"column": column.name},
        )


def _rebuild_indexes(session: Session, table: StoredTable, moved: Sequence[int], deferred: Mapping[int, str]) -> None:
    records = session.records()
    record = records.tables[table.id]
    physical = {key: column.physical for key, column in records.columns[table.id].items()}

    def rebuilt(constraint: ConstraintRecord) -> ConstraintRecord:
        if constraint.physical is None or not any(column_id in constraint.columns for column_id in moved):
            return constraint
        columns = tuple(physical[key] for key in constraint.columns)
        unique = constraint.kind == "unique" and session.branch == MAIN
        index = PhysicalIndex(table.physical, columns, unique, session.parts(table.physical)[2:])
        drops = constraint.physical if session.branch == MAIN else None
        waits_for = next((deferred[key] for key in constraint.columns if key in deferred), None)
        if waits_for is not None:
            name = free_name(session.driver, index)
            plan_index(session.driver, table, waits_for, PlannedIndex(name, columns, drops))
            return msgspec.structs.replace(constraint, physical=name)
        drop_index(session.driver, drops)
        return msgspec.structs.replace(constraint, physical=build_index(session.driver, index))

    constraints = tuple(rebuilt(constraint) for constraint in record.constraints)
    if constraints != record.constraints:
        session.versions.put_table(table.id, msgspec.structs.replace(record, constraints=constraints))


def alter_column(session: Session, change: AlterColumn) -> None:
    """Change a column's type, default or whether it must have values.

    Raises:
        TypeConflict, NotNullViolation, Conflict: rows that exist, or the table's key, forbid it.
    """
    table = session.table(change.table)
    session.require_unlocked(table)
    column = table.column(change.column)
    if change.type is not None and change.type != column.column.type:
        _refuse_fixed(session, table, column)
        retype_columns(session, table, {column.name: change.type})
        table = session.table(change.table)
        column = table.column(change.column)
    if change.not_null is False:
        _refuse_named(table, column, "make optional")
    if change.not_null and not column.column.not_null:
        _require_no_nulls(session, table, column)
    record = _column_record(session, table, column)
    default, has_default = record.default, record.has_default
    if change.drop_default:
        default, has_default = None, False
    elif change.default is not MISSING:
        default, has_default = value_to(adapt(column.column.type, change.default)), True
    not_null = record.not_null if change.not_null is None else change.not_null
    inferred = record.inferred and change.type is None
    _put(session, column, msgspec.structs.replace(
        record, not_null=not_null, default=default, has_default=has_default, inferred=inferred
    ))  # fmt: skip


def _require_no_nulls(session: Session, table: StoredTable, column: StoredColumn) -> None:
    statement = f"SELECT 1 FROM {table.rows()} WHERE {quote(column.physical)} IS NULL LIMIT 1"
    if session.driver.execute(statement).fetchone():
        raise NotNullViolation(
            f"Rows of {table.name!r} have no value in {column.name!r}.", data={"column": column.name}
        )


def _refuse_named(table: StoredTable, column: StoredColumn, what: str) -> None:
    if column.name in (table.table.identity, *table.table.key):
        raise Conflict(f"You cannot {what} {column.name!r}: it is the key of {table.name!r}.")


def _refuse_fixed(session: Session, table: StoredTable, column: StoredColumn) -> None:
    _refuse_named(table, column, "change the type of")
    if column.name in session.catalog.fixed[table.name]:
        raise Conflict(
            f"You cannot change the type of {column.name!r}: a foreign key compares it.", hint="Drop that key first."
        )


def rename_column(session: Session, change: RenameColumn) -> None:
    """Give a column another name; data and constraints follow by themselves."""
    table = session.table(change.table)
    session.require_unlocked(table)
    column, name = table.column(change.column), checked_name(change.name)
    ensure_free(name, [other for other in table.columns if other != column.name])
    _put(session, column, msgspec.structs.replace(_column_record(session, table, column), name=name))


def copy_column(session: Session, change: CopyColumn) -> None:
    """Add a column like another one of the table, with its values if asked."""
    table = session.table(change.table)
    source = table.column(change.source)
    add_columns(session, table, [replace(source.column, name=change.name, not_null=False)])
    if change.data:
        table = session.table(change.table)
        target = table.column(change.name)
        if target.affinity == source.affinity:
            value = table.unfilled.value(source.physical)
            for place in session.parts(table.physical):
                session.driver.execute(f"UPDATE {quote(place)} SET {quote(target.physical)} = {value}")
        else:
            move_values(session, table, source, target.physical, source.column.type)


# -- removing --------------------------------------------------------------------------------------------


def drop_column(session: Session, change: DropColumn) -> None:
    """Remove a column; softly, its values stay in the file until a restore or a hard drop.

    Raises:
        Conflict: it is part of the key, of a constraint, or referred to.
    """
    records = session.records()
    table = session.table(change.table)
    session.require_unlocked(table)
    if change.column not in table.columns and change.hard:
        column_id = _dropped_column(session, table, change.column)
    else:
        column = table.column(change.column)
        _refuse_named(table, column, "drop")
        column_id = column.id
    record = records.columns[table.id][column_id]
    _refuse_constrained(table_record(session, table), records.tables, table, column_id, record.name)
    if not change.hard or not is_alone(session):
        session.versions.put_column(column_id, msgspec.structs.replace(record, dropped=True, gone=change.hard))
    else:
        for name in session.parts(table.physical):
            session.driver.execute(f"ALTER TABLE {quote(name)} DROP COLUMN {quote(record.physical)}")
        forget(session, column_id)
        remove_column(session.driver, column_id)
    session.refresh_schema(changed=True)


def _refuse_constrained(
    record: TableRecord, tables: Mapping[int, TableRecord], table: StoredTable, column_id: int, name: str
) -> None:
    for constraint in record.constraints:
        used = column_id in constraint.columns or (
            constraint.kind == "check" and _mentions(constraint.condition, column_id)
        )
        if used:
            raise Conflict(f"Column {name!r} is part of {constraint.name!r}.", hint="Drop that constraint first.")
    for other in tables.values():
        for constraint in other.constraints:
            if constraint.table == table.id and column_id in constraint.references:
                raise Conflict(
                    f"Column {name!r} is referred to by {other.name!r}.", hint="Drop that foreign key first."
                )


def _mentions(condition: object, column_id: int) -> bool:
    if not isinstance(condition, list | tuple):
        return False
    if condition and condition[0] == "compare":
        return bool(condition[1] == column_id)
    return any(_mentions(item, column_id) for item in condition)


def _dropped_column(session: Session, table: StoredTable, name: str) -> int:
    found = [
        column_id
        for column_id, record in session.records().columns[table.id].items()
        if record.dropped and not record.gone and record.name == name
    ]
    if not found:
        raise UnknownColumn(f"Table {table.name!r} has no dropped column {name!r}.")
    return found[-1]


def restore_column(session: Session, change: RestoreColumn) -> None:
    """Bring a softly dropped column back; rows written since have no value in it."""
    table = session.table(change.table)
    session.require_unlocked(table)
    column_id = _dropped_column(session, table, change.column)
    ensure_free(change.column, table.columns)
    record = session.records().columns[table.id][column_id]
    restored = msgspec.structs.replace(record, dropped=False, not_null=False)
    session.versions.put_column(column_id, restored)
    session.refresh_schema()
