"""Schema on write: tables and columns appear with their first values, and inferred types widen."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from synthdb_host.catalog import Column, ColumnType, Table
from synthdb_host.contracts import Restrictions
from synthdb_host.errors import RequestError, SchemaLocked, TooManyColumns, TypeConflict
from synthdb_host.inference import settle_all
from synthdb_host.operations import MISSING
from synthdb_host.values import convert
from synthdb_memory.naming import check_new
from synthdb_memory.state import State, Stored

__all__ = ["MOST_COLUMNS", "fit_columns", "new_table", "retype"]

MOST_COLUMNS = 800
_MOST_NEW_COLUMNS = 200


def new_table(state: State, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Stored:
    """Make an empty table that suits the rows: an integer or uuid ``id`` of theirs is its identity."""
    name = check_new(name, state.tables, "table")
    types = {
        column: type_of(row[position] for row in rows) for position, column in enumerate(columns) if column == "id"
    }
    kind = types.get("id", ColumnType("integer"))
    identity = "id" if kind.name in ("integer", "uuid") else "_id"
    key_type = kind if identity == "id" else ColumnType("integer")
    generated: Literal["integer", "uuid7"] = "uuid7" if key_type.name == "uuid" else "integer"
    column = Column(identity, key_type, not_null=True)
    stored = Stored(Table(name, (column,), identity, (identity,), generated))
    state.add(stored)
    return stored


def type_of(values: Iterable[object]) -> ColumnType:
    """Give the narrowest type of all the values; NULLs say nothing.

    Raises:
        TypeConflict: bytes and other values have no common type.
    """
    return _settled(None, [value for value in values if value is not MISSING])


def _settled(current: ColumnType | None, values: list[object]) -> ColumnType:
    found = settle_all(current, values)
    if found is None:
        raise TypeConflict("The values have no common type: bytes are never anything else.")
    return found


def fit_columns(
    stored: Stored, columns: Sequence[str], rows: Sequence[Sequence[object]], restrictions: Restrictions
) -> None:
    """Add the columns that are missing and widen the inferred ones that are too narrow.

    Raises:
        SchemaLocked: the table's mode forbids new columns.
        UnknownColumn: the caller may not define columns, or the column is hidden from it.
    """
    limit = restrictions.tables.get(stored.schema.name)
    hidden = limit.hidden if limit else frozenset()
    new = 0
    for position, name in enumerate(columns):
        values = [row[position] for row in rows]
        column = stored.schema.by_name.get(name)
        if name in hidden or (column is None and not restrictions.may_define):
            visible = replace(stored.schema, columns=())
            visible.column(name)
        if column is None:
            new += 1
            _add_column(stored, name, values, new)
        elif column.inferred and stored.schema.mode == "flexible" and restrictions.may_define:
            _widen(stored, column, values)


def _add_column(stored: Stored, name: str, values: list[object], new: int) -> None:
    schema = stored.schema
    if schema.mode != "flexible":
        raise SchemaLocked(
            f"Table {schema.name!r} is {schema.mode}: writing cannot add the column {name!r}.",
            hint="Add the column with a define operation first.",
        )
    if new > _MOST_NEW_COLUMNS or len(schema.columns) >= MOST_COLUMNS:
        raise TooManyColumns(f"The write adds too many columns to {schema.name!r}.", hint="Use a json column.")
    column = Column(check_new(name, schema.by_name, "column"), type_of(values), inferred=True)
    stored.schema = replace(schema, columns=(*schema.columns, column))
    stored.rows = {number: {**row, column.name: None} for number, row in stored.rows.items()}


def _widen(stored: Stored, column: Column, values: list[object]) -> None:
    new = [value for value in values if value is not None and value is not MISSING]
    if not new or settle_all(column.type, new) == column.type != ColumnType("text"):
        return
    old = [value for row in stored.rows.values() if (value := row[column.name]) is not None]
    # A column that has held nothing but NULL takes its type from its first values.
    target = _settled(column.type if old else None, [*new, *old])
    if target != column.type:
        retype(stored, column, target)


def retype(stored: Stored, column: Column, target: ColumnType) -> None:
    """Give a column another type and convert its values.

    Raises:
        TypeConflict: a value would lose something.
    """
    name = column.name
    try:
        stored.rows = {
            number: {**row, name: convert(row[name], column.type, target)} for number, row in stored.rows.items()
        }
    except RequestError as error:
        raise TypeConflict(f"Column {name!r} cannot become {target}: {error.detail}") from error
    changed = replace(column, type=target, default=convert(column.default, column.type, target))
    columns = tuple(changed if item.name == name else item for item in stored.schema.columns)
    stored.schema = replace(stored.schema, columns=columns)
