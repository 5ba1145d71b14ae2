"""Giving a column another type: its values move into a new physical column, exactly or not at all."""

from typing import Final

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.naming import quote
from synthdb.engine.session import Session
from synthdb.storage.codecs import Codec, codec_of
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError, TypeConflict
from synthdb_host.values import convert

__all__ = ["is_metadata_only", "move_values"]

_EXACT_REAL: Final = 2**53
_ROWS_AT_A_TIME: Final = 10_000

# Conversions that SQLite does exactly as convert() would, without taking rows through Python.
_IN_SQL: Final = {
    ("integer", "text"): "CAST({0} AS TEXT)",
    ("boolean", "text"): "CASE {0} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END",
    ("date", "text"): "{0}",
    ("uuid", "text"): "{0}",
    ("timestamp", "text"): "{0}",
    ("date", "timestamp"): "{0} || 'T00:00:00.000000Z'",
}


def is_metadata_only(session: Session, table: StoredTable, column: StoredColumn, target: ColumnType) -> bool:
    """Say whether the stored values are right as they are: integers, each exactly a real, that become real."""
    if (column.column.type.name, target.name) != ("integer", "real"):
        return False
    name = quote(column.physical)
    statement = f"SELECT 1 FROM {quote(table.physical)} WHERE {name} > {_EXACT_REAL} OR {name} < -{_EXACT_REAL} LIMIT 1"
    return session.driver.execute(statement).fetchone() is None


def move_values(session: Session, table: StoredTable, column: StoredColumn, physical: str, target: ColumnType) -> None:
    """Fill the new physical column from the old one.

    Raises:
        TypeConflict: a value cannot become one of the new type without a loss.
    """
    expression = _IN_SQL.get((column.column.type.name, target.name))
    if expression is not None:
        source = expression.format(quote(column.physical))
        session.driver.execute(f"UPDATE {quote(table.physical)} SET {quote(physical)} = {source}")
        return
    _move_by_row(session, table, column, physical, codec_of(target))


def _move_by_row(session: Session, table: StoredTable, column: StoredColumn, physical: str, codec: Codec) -> None:
    name, identity = quote(table.physical), quote(table.identity.physical)
    old = quote(column.physical)
    cursor = session.driver.execute(f"SELECT {identity}, {old} FROM {name} WHERE {old} IS NOT NULL")
    while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
        moved = [(_converted(column, stored, codec), row_id) for row_id, stored in rows]
        session.driver.executemany(f"UPDATE {name} SET {quote(physical)} = ? WHERE {identity} = ?", moved)


def _converted(column: StoredColumn, stored: object, codec: Codec) -> object:
    value = stored if column.codec.to_python is None else column.codec.to_python(stored)
    try:
        return codec.encode(convert(value, column.column.type, codec.type))
    except RequestError as error:
        raise TypeConflict(
            f"Column {column.name!r} cannot become {codec.type}: {error.detail}", data={"column": column.name}
        ) from error
