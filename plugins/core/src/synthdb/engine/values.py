"""Encoding the values of a write, column by column, and widening inferred columns that do not fit them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.columns import add_columns, retype_columns
from synthdb.engine.naming import checked_name, quote
from synthdb.engine.retyping import is_metadata_only
from synthdb.engine.session import Session
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.errors import InvalidValue, LossyValue, UnknownColumn
from synthdb_host.inference import settle, settle_all
from synthdb_host.operations import MISSING, Missing

__all__ = ["encode_columns", "ensure_columns", "inferred_type"]

_ABSENT = {type(None), Missing}
_SCALAR = frozenset({"integer", "real", "decimal", "boolean", "date", "timestamp", "uuid"})
_HASHABLE = {bool, int, float, Decimal, str, date, datetime, UUID}
_WORTH_REMEMBERING = 16


def inferred_type(values: Sequence[object], start: ColumnType | None = None) -> ColumnType:
    """Give the narrowest type that holds all values, and ``start``'s; text if there are none.

    Raises:
        InvalidValue: no one type holds them all.
    """
    settled = settle_all(start, _present(values))
    if settled is None:
        raise InvalidValue("No column type holds all of these values.")
    return settled


def ensure_columns(session: Session, table: StoredTable, given: Mapping[str, Sequence[object]]) -> StoredTable:
    """Add the columns that a write names and a flexible table lacks.

    Raises:
        UnknownColumn: the table is not flexible, or the column is hidden from the caller.
    """
    restriction = session.restrictions.tables.get(table.name)
    hidden = restriction.hidden if restriction else frozenset()
    unknown = [name for name in given if name not in table.columns or name in hidden]
    if not unknown:
        return table
    if table.table.mode != "flexible" or hidden.intersection(unknown):
        raise UnknownColumn(
            f"Table {table.name!r} has no column {unknown[0]!r}.",
            hint=f"Its columns are {', '.join(name for name in table.columns if name not in hidden)}.",
            data={"table": table.name, "column": unknown[0]},
        )
    session.require_define()
    columns = [Column(checked_name(name), inferred_type(given[name]), inferred=True) for name in unknown]
    add_columns(session, table, columns)
    return session.table(table.name)


def encode_columns(
    session: Session, table: StoredTable, given: Mapping[str, Sequence[object]]
) -> tuple[StoredTable, dict[str, Sequence[Any]]]:
    """Encode values by column, widening inferred columns of a flexible table where they need it.

    Raises:
        InvalidValue: a value does not fit; ``where`` names its row and column.
        LossyValue: it would lose digits.
    """
    encoded: dict[str, Sequence[Any]] = {}
    misfits: dict[str, ColumnType] = {}
    for name, values in given.items():
        column = table.columns[name]
        if _is_plain(column, values):
            encoded[name] = values
            continue
        widenable = _is_widenable(session, table, column)
        if widenable and (first := _first_type(session, table, column, values)) is not None:
            misfits[name] = first
            continue
        try:
            encoded[name] = _encode(column, values, keep_text=widenable)
        except (InvalidValue, LossyValue) as error:
            if not widenable:
                raise
            misfits[name] = _widened(session, table, column, values, error)
    if not misfits:
        return table, encoded
    session.require_define()
    retype_columns(session, table, misfits)
    return encode_columns(session, session.table(table.name), given)


def _is_widenable(session: Session, table: StoredTable, column: StoredColumn) -> bool:
    fixed = session.catalog.fixed[table.name]
    return column.column.inferred and table.table.mode == "flexible" and column.name not in fixed


def _encode(column: StoredColumn, values: Sequence[object], *, keep_text: bool) -> Sequence[Any]:
    """Encode one column's values; with ``keep_text``, a value in text that is not its canonical text is a misfit."""
    kinds = set(map(type, values)) - _ABSENT
    repeats = len(values) >= _WORTH_REMEMBERING and len(kinds) == 1 and kinds <= _HASHABLE
    if not repeats or column.codec.type.name not in _SCALAR:
        return [_encode_one(column, value, row, keep_text=keep_text) for row, value in enumerate(values)]
    # Dates, codes and prices repeat; equal values of one kind have one stored form.
    first = {value: row for row, value in reversed(list(enumerate(values)))}
    known = {value: _encode_one(column, value, row, keep_text=keep_text) for value, row in first.items()}
    return [known[value] for value in values]


def _is_plain(column: StoredColumn, values: Sequence[object]) -> bool:
    """Say whether values are their own stored form."""
    codec = column.codec
    if len(values) == 1:
        kind = type(values[0])
        return codec.is_plain(values) if kind is codec.plain else kind in _ABSENT
    kinds = set(map(type, values))
    if len(kinds) == 1 and codec.plain in kinds:
        return codec.is_plain(values)
    absent = kinds & _ABSENT
    if kinds == absent:
        return True
    return kinds - absent == {codec.plain} and codec.is_plain(_present(values))


def _present(values: Sequence[object]) -> list[object]:
    return [value for value in values if value is not None and value is not MISSING]


def _encode_one(column: StoredColumn, value: object, row: int, *, keep_text: bool) -> Any:  # noqa: ANN401 - stored
    if value is None or value is MISSING:
        return value
    try:
        if keep_text and isinstance(value, str):
            _require_canonical(column, value)
        return column.codec.encode(value)
    except (InvalidValue, LossyValue) as error:
        error.where = error.where or f"row {row + 1}, column {column.name!r}"
        error.data.setdefault("column", column.name)
        raise


def _require_canonical(column: StoredColumn, text: str) -> None:
    if settle(column.column.type, text) != column.column.type:
        raise InvalidValue(f"{text!r} is not written as a {column.column.type} is.")


def _widened(
    session: Session,
    table: StoredTable,
    column: StoredColumn,
    values: Sequence[object],
    error: InvalidValue | LossyValue,
) -> ColumnType:
    start = column.column.type if _has_values(session, table, column) else None
    try:
        wanted = inferred_type(values, start)
        if start is not None and wanted.name in ("real", "decimal") and wanted != start:
            wanted = _fitted(session, table, column, wanted, values)
    except InvalidValue:
        raise error from None
    if wanted == column.column.type:
        raise error
    return wanted


def _fitted(
    session: Session, table: StoredTable, column: StoredColumn, wanted: ColumnType, values: Sequence[object]
) -> ColumnType:
    """Give the numeric type that also holds every stored value exactly: what fits depends on the digits."""
    if is_metadata_only(session, table, column, wanted):
        return wanted
    statement = f"SELECT {quote(column.physical)} FROM {table.rows()} WHERE {quote(column.physical)} NOTNULL"
    decode = column.codec.to_python or (lambda stored: stored)
    stored = [decode(row[0]) for row in session.driver.execute(statement)]
    return inferred_type([*stored, *values], wanted)


def _first_type(
    session: Session, table: StoredTable, column: StoredColumn, values: Sequence[object]
) -> ColumnType | None:
    """Give another type for a column that is text only because nothing but NULL was ever written to it."""
    if column.column.type.name != "text" or any(isinstance(value, str) for value in values):
        return None
    wanted = inferred_type(values)
    return None if wanted == column.column.type or _has_values(session, table, column) else wanted


def _has_values(session: Session, table: StoredTable, column: StoredColumn) -> bool:
    statement = f"SELECT 1 FROM {table.rows()} WHERE {quote(column.physical)} IS NOT NULL LIMIT 1"
    return session.driver.execute(statement).fetchone() is not None
