"""Giving a column another type: its values move into a new physical column, exactly or not at all."""

from dataclasses import dataclass
from typing import Final

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.naming import quote
from synthdb.engine.session import Session
from synthdb.storage.codecs import Codec, codec_of
from synthdb.storage.connections import is_sqlite
from synthdb.storage.conversions import in_sql
from synthdb.storage.layout import MAIN
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError, TypeConflict
from synthdb_host.values import convert

__all__ = ["is_metadata_only", "move_values"]

_EXACT_REAL: Final = 2**53
_ROWS_AT_A_TIME: Final = 10_000


def is_metadata_only(session: Session, table: StoredTable, column: StoredColumn, target: ColumnType) -> bool:
    """Say whether the stored values are right as they are: integers, each exactly a real, that become real."""
    if (column.column.type.name, target.name) != ("integer", "real") or not is_sqlite(session.driver):
        return False
    name = quote(column.physical)
    statement = f"SELECT 1 FROM {table.rows()} WHERE {name} > {_EXACT_REAL} OR {name} < -{_EXACT_REAL} LIMIT 1"
    return session.driver.execute(statement).fetchone() is None


def move_values(session: Session, table: StoredTable, column: StoredColumn, physical: str, target: ColumnType) -> None:
    """Fill the new physical column from the old one.

    Raises:
        TypeConflict: a value cannot become one of the new type without a loss.
    """
    # On main, older versions of rows are only read with the type of their time. A branch also reads what its
    # parents had, which may be in any of the places; versions that it cannot see need not fit.
    places = (table.physical,) if session.branch == MAIN else session.parts(table.physical)
    source = table.unfilled.value(column.physical)
    expression = in_sql(source, column.column.type, target)
    if expression is not None:
        for place in places:
            session.driver.execute(f"UPDATE {quote(place)} SET {quote(physical)} = {expression}")
        return
    codec = codec_of(target)
    if session.branch != MAIN:
        _require_convertible(session, table, column, codec)
    identity = quote(table.identity.physical)
    keys = {table.physical: (identity,), table.history: ("rowid",), table.overlay: ("branch", identity)}
    for place in places:
        _move_by_row(session, _Move(quote(place), keys[place], column, source, quote(physical), codec))


@dataclass(frozen=True, slots=True)
class _Move:
    """A column of one physical table whose values move; ``known`` is by what a row is found again."""

    place: str
    known: tuple[str, ...]
    column: StoredColumn
    source: str
    physical: str
    codec: Codec


def _require_convertible(session: Session, table: StoredTable, column: StoredColumn, codec: Codec) -> None:
    old = quote(column.physical)
    for (stored,) in session.driver.execute(f"SELECT {old} FROM {table.rows()} WHERE {old} IS NOT NULL"):
        _converted(column, stored, codec)


def _move_by_row(session: Session, move: _Move) -> None:
    old = move.source
    cursor = session.driver.execute(f"SELECT {old}, {', '.join(move.known)} FROM {move.place} WHERE {old} IS NOT NULL")
    convert_one = _converted if session.branch == MAIN else _converted_if_possible
    while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
        moved = [(convert_one(move.column, stored, move.codec), *known) for stored, *known in rows]
        where = " AND ".join(f"{name} = ?" for name in move.known)
        statement = f"UPDATE {move.place} SET {move.physical} = ? WHERE {where}"
        session.driver.executemany(statement, moved)


def _converted_if_possible(column: StoredColumn, stored: object, codec: Codec) -> object:
    try:
        return _converted(column, stored, codec)
    except TypeConflict:
        return None


def _converted(column: StoredColumn, stored: object, codec: Codec) -> object:
    value = stored if column.codec.to_python is None else column.codec.to_python(stored)
    try:
        return codec.encode(convert(value, column.column.type, codec.type))
    except RequestError as error:
        raise TypeConflict(
            f"Column {column.name!r} cannot become {codec.type}: {error.detail}", data={"column": column.name}
        ) from error
