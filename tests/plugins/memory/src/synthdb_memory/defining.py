"""Schema changes on a working copy of the state."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from synthdb_host.catalog import Column, ColumnType, Table
from synthdb_host.errors import (
    Conflict,
    DuplicateName,
    InvalidName,
    NotFound,
    NotNullViolation,
    SchemaLocked,
    UniqueViolation,
    UnknownColumn,
    UnknownTable,
    UnsupportedCapability,
)
from synthdb_host.operations import (
    MISSING,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AddUniqueKey,
    AlterColumn,
    Change,
    CopyColumn,
    CopyTable,
    CreateTable,
    Define,
    DropColumn,
    DropConstraint,
    DropTable,
    RenameColumn,
    RenameTable,
    RequirePlugin,
    RequirePreconditions,
    RestoreColumn,
    RestoreTable,
    SetMode,
)
from synthdb_host.values import adapt
from synthdb_memory.constraints import check_references, unique_sets
from synthdb_memory.growing import retype
from synthdb_memory.naming import check_new
from synthdb_memory.refs import check_ref
from synthdb_memory.state import Dropped, State, Stored

__all__ = ["define"]


def define(state: State, operation: Define) -> None:
    """Make all the changes."""
    check_ref(operation.ref)
    operation.check_version(state.catalog().version)
    for change in operation.changes:
        _CHANGES[type(change)](state, change)
    check_references(state, list(state.tables))


def _open(state: State, name: str) -> Stored:
    """Find a table whose schema may change."""
    stored = state.table(name)
    if stored.schema.mode == "locked":
        raise SchemaLocked(f"Table {name!r} is locked.", hint="Change its mode first.")
    return stored


def _referrers(state: State, name: str) -> list[Stored]:
    keys = [(stored, key) for stored in state.tables.values() for key in stored.schema.foreign_keys]
    return [stored for stored, key in keys if key.table == name and stored.schema.name != name]


# -- tables ----------------------------------------------------------------------------------------------


def _create_table(state: State, change: CreateTable) -> None:
    if change.checks:
        raise UnsupportedCapability("This storage keeps no checks.", data={"capability": "checks"})
    if change.if_not_exists and change.table in state.tables:
        return
    name = check_new(change.table, state.tables, "table")
    columns: dict[str, Column] = {}
    for column in change.columns:
        columns[column.name] = _new_column(column, columns)
    identity, generated = _identity(change, columns)
    if identity not in columns:
        kind = ColumnType("uuid" if generated == "uuid7" else "integer")
        columns = {identity: Column(identity, kind, not_null=True)} | columns
    key = change.key or (identity,)
    described = [
        replace(column, not_null=column.not_null or column.name in (identity, *key)) for column in columns.values()
    ]
    table = Table(name, tuple(described), identity, key, generated, change.mode, comment=change.comment)
    for item in key:
        table.column(item)
    state.add(Stored(table))
    for unique in change.unique_keys:
        _add_unique_key(state, AddUniqueKey(name, unique))
    for index in change.indexes:
        _add_index(state, AddIndex(name, index))
    for foreign in change.foreign_keys:
        _add_foreign_key(state, AddForeignKey(name, foreign))


def _identity(change: CreateTable, columns: Mapping[str, Column]) -> tuple[str, Any]:
    """Choose the identity: a declared single integer or uuid key, else a column of the engine."""
    if len(change.key) == 1 and (declared := columns.get(change.key[0])):
        kinds = {"integer": "integer", "uuid": "uuid7"}
        if declared.type.name in kinds:
            return declared.name, kinds[declared.type.name]
    wanted = "uuid" if change.generated == "uuid7" else "integer"
    own = columns.get("id")
    return ("id" if own is None or (not change.key and own.type.name == wanted) else "_id"), change.generated


def _new_column(column: Column, taken: Mapping[str, Column]) -> Column:
    name = check_new(column.name, taken, "column")
    default = adapt(column.type, column.default) if column.has_default else None
    return replace(column, name=name, default=default)


def _drop_table(state: State, change: DropTable) -> None:
    if change.if_exists and change.table not in state.tables:
        return
    stored = _open(state, change.table)
    if _referrers(state, change.table):
        raise Conflict(f"Other tables refer to {change.table!r}.", hint="Drop their foreign keys first.")
    del state.tables[change.table]
    if not change.hard:
        state.dropped[change.table] = stored


def _restore_table(state: State, change: RestoreTable) -> None:
    if change.table not in state.dropped:
        raise UnknownTable(f"There is no dropped table {change.table!r}.")
    name = check_new(change.table, state.tables, "table")
    state.tables[name] = state.dropped.pop(change.table)


def _rename_table(state: State, change: RenameTable) -> None:
    stored = _open(state, change.table)
    name = check_new(change.name, set(state.tables) - {change.table}, "table")
    del state.tables[change.table]
    state.tables[name] = stored
    stored.schema = replace(stored.schema, name=name)
    for other in state.tables.values():
        keys = tuple(
            replace(key, table=name) if key.table == change.table else key for key in other.schema.foreign_keys
        )
        other.schema = replace(other.schema, foreign_keys=keys)


def _set_mode(state: State, change: SetMode) -> None:
    stored = state.table(change.table)
    stored.schema = replace(stored.schema, mode=change.mode)


def _require_preconditions(state: State, change: RequirePreconditions) -> None:
    stored = state.table(change.table)
    stored.schema = replace(stored.schema, preconditions=change.required)


def _copy_table(state: State, change: CopyTable) -> None:
    source = state.table(change.source)
    name = check_new(change.name, state.tables, "table")
    copy = source.copy() if change.data else Stored(source.schema)
    copy.schema = replace(source.schema, name=name)
    copy.dropped, copy.uid, copy.ids = {}, 0, {}
    state.tables[name] = copy


# -- columns ---------------------------------------------------------------------------------------------


def _add_column(state: State, change: AddColumn) -> None:
    stored = _open(state, change.table)
    if change.if_not_exists and change.column.name in stored.schema.by_name:
        return
    column = _new_column(change.column, stored.schema.by_name)
    if column.not_null and not column.has_default and stored.rows:
        raise NotNullViolation(f"Column {column.name!r} needs a default for the rows that exist.")
    stored.schema = replace(stored.schema, columns=(*stored.schema.columns, column))
    stored.rows = {number: {**row, column.name: column.default} for number, row in stored.rows.items()}


def _drop_column(state: State, change: DropColumn) -> None:
    stored = _open(state, change.table)
    schema, column = stored.schema, stored.schema.column(change.column)
    used = {name for columns in unique_sets(schema) for name in columns}
    used |= {name for key in schema.foreign_keys for name in key.columns}
    if column.name in used:
        raise Conflict(f"A key of {schema.name!r} uses the column {column.name!r}.", hint="Drop the key first.")
    ids = stored.ids.pop(column.name, frozenset())
    if not change.hard:
        values = {number: row[column.name] for number, row in stored.rows.items()}
        stored.dropped[column.name] = Dropped(column, values, ids)
    stored.schema = replace(
        schema,
        columns=tuple(item for item in schema.columns if item.name != column.name),
        indexes=tuple(index for index in schema.indexes if column.name not in index.columns),
    )
    stored.rows = {
        number: {name: value for name, value in row.items() if name != column.name}
        for number, row in stored.rows.items()
    }


def _restore_column(state: State, change: RestoreColumn) -> None:
    stored = _open(state, change.table)
    if change.column not in stored.dropped:
        raise UnknownColumn(f"Table {change.table!r} has no dropped column {change.column!r}.")
    check_new(change.column, stored.schema.by_name, "column")
    dropped = stored.dropped.pop(change.column)
    column, values = replace(dropped.column, not_null=False), dropped.values
    stored.schema = replace(stored.schema, columns=(*stored.schema.columns, column))
    stored.ids[column.name] = dropped.ids
    stored.rows = {number: {**row, column.name: values.get(number)} for number, row in stored.rows.items()}


def _rename_column(state: State, change: RenameColumn) -> None:
    stored = _open(state, change.table)
    old = stored.schema.column(change.column).name
    new = check_new(change.name, set(stored.schema.by_name) - {old}, "column")
    stored.schema = _renamed(stored.schema, old, new)
    stored.ids[new] = stored.ids.pop(old, frozenset())
    stored.rows = {
        number: {new if name == old else name: value for name, value in row.items()}
        for number, row in stored.rows.items()
    }
    for other in state.tables.values():
        keys = tuple(
            replace(key, references=_swap(key.references, old, new)) if key.table == change.table else key
            for key in other.schema.foreign_keys
        )
        other.schema = replace(other.schema, foreign_keys=keys)


def _renamed(table: Table, old: str, new: str) -> Table:
    return replace(
        table,
        columns=tuple(replace(c, name=new) if c.name == old else c for c in table.columns),
        identity=new if table.identity == old else table.identity,
        key=_swap(table.key, old, new),
        unique_keys=tuple(replace(key, columns=_swap(key.columns, old, new)) for key in table.unique_keys),
        indexes=tuple(replace(index, columns=_swap(index.columns, old, new)) for index in table.indexes),
        foreign_keys=tuple(replace(key, columns=_swap(key.columns, old, new)) for key in table.foreign_keys),
    )


def _swap(columns: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if name == old else name for name in columns)


def _alter_column(state: State, change: AlterColumn) -> None:
    stored = _open(state, change.table)
    column = stored.schema.column(change.column)
    if change.type is not None and change.type != column.type:
        retype(stored, column, change.type)
        column = replace(stored.schema.column(change.column), inferred=False)
    if change.not_null is not None:
        column = replace(column, not_null=change.not_null)
    if change.default is not MISSING:
        column = replace(column, default=adapt(column.type, change.default), has_default=True)
    if change.drop_default:
        column = replace(column, default=None, has_default=False)
    if column.not_null and any(row[column.name] is None for row in stored.rows.values()):
        raise NotNullViolation(f"Rows of {change.table!r} have no value in {column.name!r}.")
    columns = tuple(column if item.name == column.name else item for item in stored.schema.columns)
    stored.schema = replace(stored.schema, columns=columns)


def _copy_column(state: State, change: CopyColumn) -> None:
    stored = _open(state, change.table)
    source = stored.schema.column(change.source)
    _add_column(state, AddColumn(change.table, replace(source, name=change.name, not_null=False)))
    if change.data:
        stored.rows = {number: {**row, change.name: row[source.name]} for number, row in stored.rows.items()}


# -- constraints -----------------------------------------------------------------------------------------


def _check_constraint(table: Table, name: str, columns: tuple[str, ...]) -> None:
    if not name or not columns:
        raise InvalidName("A constraint needs a name and columns.")
    for column in columns:
        table.column(column)
    taken = {index.name.casefold() for index in table.indexes}
    taken |= {key.name.casefold() for key in table.unique_keys}
    taken |= {key.name.casefold() for key in table.foreign_keys}
    if name.casefold() in taken:
        raise DuplicateName(f"Table {table.name!r} has a constraint {name!r} already.")


def _add_index(state: State, change: AddIndex) -> None:
    stored = _open(state, change.table)
    _check_constraint(stored.schema, change.index.name, change.index.columns)
    stored.schema = replace(stored.schema, indexes=(*stored.schema.indexes, change.index))


def _add_unique_key(state: State, change: AddUniqueKey) -> None:
    stored, key = _open(state, change.table), change.key
    _check_constraint(stored.schema, key.name, key.columns)
    values = [tuple(row[name] for name in key.columns) for row in stored.rows.values()]
    given = [repr(item) for item in values if None not in item]
    if len(set(given)) != len(given):
        raise UniqueViolation(f"Rows of {change.table!r} have the same {', '.join(key.columns)}.")
    stored.schema = replace(stored.schema, unique_keys=(*stored.schema.unique_keys, key))


def _add_foreign_key(state: State, change: AddForeignKey) -> None:
    stored, key = _open(state, change.table), change.key
    _check_constraint(stored.schema, key.name, key.columns)
    target = state.table(key.table).schema
    if not any(set(key.references) == set(unique) for unique in unique_sets(target)):
        raise Conflict(f"{', '.join(key.references)} is no unique key of {key.table!r}.")
    for own, other in zip(key.columns, key.references, strict=True):
        if stored.schema.column(own).type.name != target.column(other).type.name:
            raise Conflict(f"Column {own!r} has another type than {key.table}.{other}.")
    stored.schema = replace(stored.schema, foreign_keys=(*stored.schema.foreign_keys, key))


def _drop_constraint(state: State, change: DropConstraint) -> None:
    stored = _open(state, change.table)
    schema = stored.schema
    kept = replace(
        schema,
        indexes=tuple(item for item in schema.indexes if item.name != change.name),
        unique_keys=tuple(item for item in schema.unique_keys if item.name != change.name),
        foreign_keys=tuple(item for item in schema.foreign_keys if item.name != change.name),
    )
    if kept == schema:
        raise NotFound(f"Table {change.table!r} has no constraint {change.name!r}.")
    stored.schema = kept


def _add_check(state: State, change: AddCheck) -> None:
    raise UnsupportedCapability("This storage keeps no checks.", data={"capability": "checks"})


def _require_plugin(state: State, change: RequirePlugin) -> None:
    without = state.requires - {change.id}
    state.requires = without | {change.id} if change.required else without


_CHANGES: Final[Mapping[type[Change], Callable[[State, Any], None]]] = {
    CreateTable: _create_table,
    DropTable: _drop_table,
    RestoreTable: _restore_table,
    RenameTable: _rename_table,
    SetMode: _set_mode,
    RequirePreconditions: _require_preconditions,
    AddColumn: _add_column,
    DropColumn: _drop_column,
    RestoreColumn: _restore_column,
    RenameColumn: _rename_column,
    AlterColumn: _alter_column,
    AddIndex: _add_index,
    AddUniqueKey: _add_unique_key,
    AddForeignKey: _add_foreign_key,
    AddCheck: _add_check,
    DropConstraint: _drop_constraint,
    CopyTable: _copy_table,
    CopyColumn: _copy_column,
    RequirePlugin: _require_plugin,
}
