"""Making, renaming, copying and removing tables."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, get_args

import msgspec.structs

from synthdb.catalog.model import StoredTable
from synthdb.catalog.records import TableRecord
from synthdb.catalog.store import remove_table
from synthdb.engine.columns import check_column_count, new_column, table_record
from synthdb.engine.constraints import add_check, add_foreign_key, add_index, add_unique_key, require_references
from synthdb.engine.history import put_rows
from synthdb.engine.namesakes import find_namesake, take_over
from synthdb.engine.naming import checked_name, ensure_free, physical_column, physical_table, quote
from synthdb.engine.session import Session
from synthdb.engine.sharing import is_alone
from synthdb.engine.values import inferred_type
from synthdb.storage.codecs import codec_of
from synthdb.storage.layout import create_history
from synthdb_host.catalog import Column, ColumnType, TableMode, UniqueKey
from synthdb_host.errors import Conflict, InvalidName, InvalidValue, UnknownTable
from synthdb_host.operations import (
    AddCheck,
    AddForeignKey,
    AddIndex,
    AddUniqueKey,
    CopyTable,
    CreateTable,
    DropTable,
    RenameTable,
    RequirePreconditions,
    RestoreTable,
    SetMode,
)

__all__ = [
    "copy_table",
    "create_table",
    "drop_table",
    "ensure_table",
    "rename_table",
    "require_preconditions",
    "restore_table",
    "set_mode",
]

_ROWS_AT_A_TIME: Final = 10_000
_IDENTITY_TYPES = ("integer", "uuid")


def ensure_table(session: Session, name: str, given: Mapping[str, Sequence[object]]) -> StoredTable:
    """Find a table, or make it as the first rows written to it want it.

    Raises:
        Forbidden: there is none and the caller may not define one.
    """
    found = session.catalog.tables.get(name)
    if found is not None:
        return found
    if session.restrictions.may_define is False:
        session.table(name)
    columns = tuple(Column(column, inferred_type(values), inferred=True) for column, values in given.items())
    create_table(session, CreateTable(name, columns))
    return session.table(checked_name(name, "table"))


def create_table(session: Session, change: CreateTable) -> None:
    """Make a table with its keys, indexes, foreign keys and checks.

    Raises:
        DuplicateName, InvalidName, TooManyColumns, InvalidValue: the definition is wrong.
    """
    name = checked_name(change.table, "table")
    if change.if_not_exists and name in session.catalog.tables:
        return
    ensure_free(name, session.catalog.tables, "table")
    _require_mode(change.mode)
    columns = _checked_columns(change)
    identity = _identity(change, columns)
    ordered = [identity, *(column for column in columns if column.name != identity.name)]
    if not _is_taken_over(session, name, ordered, change):
        _create_physical(session, name, ordered, change)
    session.refresh_schema()
    _add_constraints(session, name, change)


def _checked_columns(change: CreateTable) -> list[Column]:
    check_column_count(len(change.columns), len(change.columns))
    columns: list[Column] = []
    for column in change.columns:
        named = replace(column, name=checked_name(column.name))
        ensure_free(named.name, [other.name for other in columns])
        columns.append(replace(named, not_null=True) if named.name in change.key else named)
    names = [column.name for column in columns]
    for name in change.key:
        if name not in names:
            raise InvalidValue(f"The key column {name!r} is not a column of the table.")
    return columns


def _identity(change: CreateTable, columns: Sequence[Column]) -> Column:
    """Choose the identity: a single integer or uuid key under its own name, else an ``id`` of the engine's."""
    wanted = change.key if len(change.key) == 1 else (() if change.key else ("id",))
    for column in columns:
        if column.name in wanted and column.type.name in _IDENTITY_TYPES:
            return replace(column, not_null=True, inferred=False)
    name = "_id" if any(column.name.casefold() == "id" for column in columns) else "id"
    return Column(name, ColumnType("uuid" if change.generated == "uuid7" else "integer"), not_null=True)


def _is_taken_over(session: Session, name: str, columns: Sequence[Column], change: CreateTable) -> bool:
    """Make the table of one of the same name and kind that another branch has; False if there is none."""
    generated = _generated(columns)
    namesake = find_namesake(session, name)
    if namesake is None or not namesake.is_like(columns, change.key, generated):
        return False
    record = TableRecord(name, 0, (), generated, change.mode, comment=change.comment)
    return take_over(session, namesake, columns, record, change.key)


def _generated(columns: Sequence[Column]) -> Literal["integer", "uuid7"]:
    return "integer" if columns[0].type.name == "integer" else "uuid7"


def _create_physical(session: Session, name: str, columns: Sequence[Column], change: CreateTable) -> None:
    driver = session.driver
    physical = physical_table(driver, name)
    cursor = driver.execute("INSERT INTO _table (physical, next_id) VALUES (?, 1)", (physical,))
    table_id = int(cursor.lastrowid or 0)
    names: list[str] = []
    for column in columns:
        names.append("_id" if column.name == "_id" else physical_column(column.name, names))
    ids = [new_column(session, table_id, column, name) for column, name in zip(columns, names, strict=True)]
    by_name = {column.name: column_id for column, column_id in zip(columns, ids, strict=True)}
    integer = columns[0].type.name == "integer"
    definitions = [f"{quote(n)} {codec_of(c.type).declared}" for c, n in zip(columns, names, strict=True)]
    key = f"{definitions[0]} PRIMARY KEY{'' if integer else ' NOT NULL'}"
    body = ", ".join([key, *definitions[1:], "_tx INTEGER NOT NULL", "_created INTEGER NOT NULL"])
    driver.execute(f"CREATE TABLE {quote(physical)} ({body}){'' if integer else ' WITHOUT ROWID'}")
    create_history(driver, physical, ", ".join(definitions), names[0])
    record = TableRecord(
        name, ids[0], tuple(by_name[key] for key in change.key) or (ids[0],), _generated(columns),
        change.mode, comment=change.comment,
    )  # fmt: skip
    session.versions.put_table(table_id, record)


def _add_constraints(session: Session, name: str, change: CreateTable) -> None:
    table = session.table(name)
    if change.key and table.table.key != (table.table.identity,):
        add_unique_key(session, AddUniqueKey(name, UniqueKey(f"{name}_key", change.key)))
    for unique in change.unique_keys:
        add_unique_key(session, AddUniqueKey(name, unique))
    for index in change.indexes:
        add_index(session, AddIndex(name, index))
    for foreign in change.foreign_keys:
        add_foreign_key(session, AddForeignKey(name, foreign))
    for check in change.checks:
        add_check(session, AddCheck(name, check))


def rename_table(session: Session, change: RenameTable) -> None:
    """Give a table another name; foreign keys to it follow by themselves."""
    table = session.table(change.table)
    session.require_unlocked(table)
    name = checked_name(change.name, "table")
    ensure_free(name, [other for other in session.catalog.tables if other != table.name], "table")
    _put(session, table, msgspec.structs.replace(table_record(session, table), name=name))


def set_mode(session: Session, change: SetMode) -> None:
    """Change how writes may change the table's schema."""
    _require_mode(change.mode)
    table = session.table(change.table)
    _put(session, table, msgspec.structs.replace(table_record(session, table), mode=change.mode))


def require_preconditions(session: Session, change: RequirePreconditions) -> None:
    """Say whether writes that come over HTTP must name the version of the row that they change."""
    table = session.table(change.table)
    _put(session, table, msgspec.structs.replace(table_record(session, table), preconditions=change.required))


def _require_mode(mode: str) -> None:
    if mode not in get_args(TableMode):
        raise InvalidValue(f"There is no table mode {mode!r}.", hint=f"Modes: {', '.join(get_args(TableMode))}.")


def _put(session: Session, table: StoredTable, record: TableRecord) -> None:
    session.versions.put_table(table.id, record)
    session.refresh_schema()


def drop_table(session: Session, change: DropTable) -> None:
    """Remove a table; softly, it stays in the file until a restore or a hard drop.

    Raises:
        Conflict: another table refers to it.
    """
    table = session.catalog.tables.get(change.table)
    if table is None:
        _drop_missing(session, change)
        return
    session.require_unlocked(table)
    for key in session.catalog.incoming.get(table.name, ()):
        if key.table != table.name:
            raise Conflict(f"Table {key.table!r} refers to {table.name!r}.", hint="Drop its foreign key first.")
    if change.hard:
        _remove(session, table.id)
    else:
        _put(session, table, msgspec.structs.replace(table_record(session, table), dropped=True))


def _drop_missing(session: Session, change: DropTable) -> None:
    dropped = _dropped_table(session, change.table)
    if dropped is not None and change.hard:
        _remove(session, dropped)
    elif not change.if_exists:
        session.table(change.table)


def _remove(session: Session, table_id: int) -> None:
    records = session.records()
    for other_id, other in records.tables.items():
        if (
            other_id != table_id
            and not other.gone
            and any(constraint.table == table_id for constraint in other.constraints)
        ):
            raise Conflict(
                f"The dropped table {other.name!r} refers to this one.", hint="Drop that one hard first, or restore it."
            )
    if not is_alone(session):
        session.versions.put_table(table_id, msgspec.structs.replace(records.tables[table_id], dropped=True, gone=True))
        session.refresh_schema()
        return
    physical = records.physical[table_id]
    session.driver.execute(f"DROP TABLE {quote(physical)}")
    session.driver.execute(f"DROP TABLE {quote('_h_' + physical)}")
    session.driver.execute(f"DROP TABLE IF EXISTS {quote('_o_' + physical)}")
    remove_table(session.driver, table_id, list(records.columns[table_id]))
    session.changes.pop(table_id, None)
    session.refresh_schema(changed=True)


def _dropped_table(session: Session, name: str) -> int | None:
    dropped = {key: record for key, record in session.records().tables.items() if record.dropped and not record.gone}
    found = [key for key, record in dropped.items() if record.name == name]
    return found[-1] if found else None


def restore_table(session: Session, change: RestoreTable) -> None:
    """Bring a softly dropped table back.

    Raises:
        UnknownTable: no dropped table has this name.
        DuplicateName: a table has it by now.
        Conflict, ForeignKeyViolation: what it refers to is gone.
    """
    table_id = _dropped_table(session, change.table)
    if table_id is None:
        raise UnknownTable(f"There is no dropped table {change.table!r}.")
    ensure_free(change.table, session.catalog.tables, "table")
    tables = session.records().tables
    record = msgspec.structs.replace(tables[table_id], dropped=False)
    for constraint in record.constraints:
        if constraint.table not in (None, table_id) and tables[constraint.table].dropped:
            raise Conflict(
                f"{change.table!r} refers to {tables[constraint.table].name!r}, which is dropped.",
                hint="Restore that table first.",
            )
    session.versions.put_table(table_id, record)
    session.refresh_schema()
    table = session.table(change.table)
    for key in table.table.foreign_keys:
        require_references(session, table, key)


def copy_table(session: Session, change: CopyTable) -> None:
    """Make a table like another, with its rows if asked. Rows keep their identities."""
    source = session.table(change.source)
    table = source.table
    if change.name == change.source:
        raise InvalidName("A copy needs another name.")
    key = () if table.identity == "_id" else table.key
    columns = tuple(column for column in table.columns if column.name != "_id" and not _is_engine_id(source, column))
    create_table(session, CreateTable(
        change.name, columns, () if key == (table.identity,) and _is_engine_id(source, table.column(key[0])) else key,
        table.generated, table.mode, tuple(u for u in table.unique_keys if u.columns != table.key),
        table.foreign_keys, table.indexes, table.checks, table.comment,
    ))  # fmt: skip
    if table.preconditions:
        require_preconditions(session, RequirePreconditions(change.name))
    if change.data:
        _copy_rows(session, source, session.table(checked_name(change.name, "table")))


def _is_engine_id(source: StoredTable, column: Column) -> bool:
    return column.name == source.table.identity == "id" and source.table.key != ("id",)


def _copy_rows(session: Session, source: StoredTable, target: StoredTable) -> None:
    pairs = [(target.columns[name].physical, column.physical) for name, column in source.columns.items()]
    number = session.numbers.next(session.driver, source)
    session.driver.execute("UPDATE _table SET next_id = max(next_id, ?) WHERE id = ?", (number, target.id))
    session.numbers.forget()
    values = ", ".join(quote(name) for _, name in pairs)
    names = [name for name, _ in pairs]
    cursor = session.driver.execute(f"SELECT {values} FROM {source.rows()}")
    place = names.index(target.identity.physical)
    target = session.touch(target)
    while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
        put_rows(session, target, names, [(*row, session.commit) for row in rows])
        session.tally(target, [row[place] for row in rows]).inserted += len(rows)
