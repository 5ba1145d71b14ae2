"""SQL on PostgreSQL: one read-only statement over logical tables and columns, in PostgreSQL's own dialect.

What a statement sees is what it sees on SQLite (see ``engine.sql``): views of the logical tables, with the rows and
columns that the caller may see, and nothing else of the server. Three things hold that, each by itself: the statement
is judged as PostgreSQL understood it (``judging``); it runs as a role without any rights but to read those views; and
in a transaction that is read only, and is rolled back.
"""

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import psycopg

from synthdb.catalog.model import StoredCatalog, StoredColumn
from synthdb.engine.naming import quote
from synthdb.engine.server.explaining import explanation
from synthdb.engine.server.judging import ABSENT, judge, judged
from synthdb.engine.server.views import ServerViews
from synthdb.engine.server.words import words_of, written
from synthdb.engine.sql_types import distinct, tolerant
from synthdb.storage.codecs import codec_of
from synthdb.storage.postgresql.driver import PostgresDriver
from synthdb.storage.postgresql.errors import Unreachable
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Restrictions, Result
from synthdb_host.encoding import ResultColumn, RowEncoder, format_timestamp
from synthdb_host.errors import InvalidSql
from synthdb_host.operations import Sql

__all__ = ["run_server_sql"]

_JUDGED: Final = "synthdb_judged"
_CURSOR: Final = "synthdb_sql"
_STRIDE: Final = 1_000
_DOCUMENTS: Final = frozenset({114, 3802})
_KINDS: Final = {bool: "boolean", int: "integer", float: "real", bytes: "bytes"}
_JSON: Final = codec_of(ColumnType("json"))
_OWN: Final = "SELECT oid, relname FROM pg_catalog.pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'v'"


def run_server_sql(
    driver: PostgresDriver, catalog: StoredCatalog, sql: Sql, restrictions: Restrictions, schema: str, role: str
) -> Result:
    """Run a statement in the open transaction, which is rolled back; ``sql.limit`` bounds the rows.

    Raises:
        InvalidSql: the statement is not a single read of logical tables, or PostgreSQL refuses it.
        sqlite3.OperationalError: it was interrupted, or the server is gone.
    """
    words = words_of(sql.statement)
    parameters = [_parameter(value) for value in sql.parameters]
    views = ServerViews.of(catalog, {word.name for word in words if word.name}, restrictions, schema)
    wanted = sum(1 for word in words if word.kind == "parameter")
    places = [_typed_null(value) for value in parameters] or (["NULL"] * wanted if sql.explain else [])
    try:
        readable = _show(driver, views, judged(_JUDGED, written(sql.statement, words, places)), role)
        judge(driver, _JUDGED, readable)
        if sql.explain:
            text = written(sql.statement, words, places)
            return explanation(driver, views, readable, _JUDGED, role, text, restrictions)
        text = written(sql.statement, words, [f"${number}" for number in range(1, len(parameters) + 1)])
        _drop_rights(driver, role)
        driver.ask(f"DECLARE {_CURSOR} NO SCROLL CURSOR FOR {text}", parameters)
        if sql.offset:
            driver.script(f"MOVE FORWARD {sql.offset} FROM {_CURSOR}")
        return _fetched(driver, sql.limit, views, readable)
    except sqlite3.Error as error:
        raise _refusal(error) from error
    finally:
        driver.rollback()


def _show(driver: PostgresDriver, views: ServerViews, judged_view: str, role: str) -> dict[int, str]:
    """Make the views; gives them by their numbers."""
    grants = [f"GRANT SELECT ON pg_temp.{quote(name)} TO {quote(role)}" for name in views.shown]
    if views.statements:
        driver.script("; ".join([*views.statements, *grants]))
    readable = {int(number): str(name) for number, name in driver.ask(_OWN).fetchall()}
    driver.ask(judged_view)
    return readable


def _drop_rights(driver: PostgresDriver, role: str) -> None:
    driver.script(f"DROP VIEW pg_temp.{_JUDGED}; SET LOCAL ROLE {quote(role)}; SET TRANSACTION READ ONLY")


def _fetched(driver: PostgresDriver, limit: int | None, views: ServerViews, readable: dict[int, str]) -> Result:
    columns, rows = driver.fetch_texts(_CURSOR, _STRIDE if limit is None else min(limit, _STRIDE))
    while columns and len(rows) % _STRIDE == 0 and rows and (limit is None or len(rows) < limit):
        size = _STRIDE if limit is None else min(limit - len(rows), _STRIDE)
        _, more = driver.fetch_texts(_CURSOR, size)
        if not more:
            break
        rows += more
    names = distinct([column.name for column in columns])
    found: list[ResultColumn] = []
    for place, (name, column) in enumerate(zip(names, columns, strict=True)):
        stored = _origin(views, readable, column.table, column.number)
        found.append(_result_column(name, stored, column.kind, [row[place] for row in rows]))
    return Result(RowEncoder(found), rows)


def _origin(views: ServerViews, readable: dict[int, str], table: int, number: int) -> StoredColumn | None:
    """Give the column that a result column plainly is."""
    shown = views.shown.get(readable.get(table, ""))
    return shown[number - 1] if shown and 0 < number <= len(shown) else None


def _result_column(name: str, stored: StoredColumn | None, kind: int, values: Sequence[Any]) -> ResultColumn:
    codec = stored.codec if stored is not None else _JSON if kind in _DOCUMENTS else None
    if codec is not None:
        return ResultColumn(name, codec.type, *tolerant(codec))
    first = next((value for value in values if value is not None), "")
    if isinstance(first, list):
        return ResultColumn.of_python(name, _JSON.type)
    return ResultColumn(name, ColumnType(_KINDS.get(type(first), "text")))


def _parameter(value: object) -> Any:  # noqa: ANN401 - what the driver takes
    """Give a parameter the form in which columns of its type show themselves."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise InvalidSql("A parameter is larger than 64 bits.")
    if value is None or isinstance(value, int | float | bytes):
        return value
    raise InvalidSql(f"A parameter cannot be a {type(value).__name__}.")


def _typed_null(value: object) -> str:
    kinds = {bool: "bigint", int: "bigint", float: "float8", bytes: "bytea"}
    return f"CAST(NULL AS {kinds[type(value)]})" if type(value) in kinds else "NULL"


def _refusal(error: sqlite3.Error) -> Exception:
    """Give what the caller is to know of an error."""
    code = getattr(error, "sqlite_errorcode", 0)
    cause = error.__cause__
    if isinstance(error, Unreachable) or code == sqlite3.SQLITE_INTERRUPT:
        return error
    if isinstance(cause, psycopg.errors.UndefinedTable | psycopg.errors.InvalidSchemaName):
        return InvalidSql(ABSENT)
    if isinstance(cause, psycopg.errors.InsufficientPrivilege):
        return InvalidSql("The statement reads what SQL of users may not read.")
    said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else str(error)
    return InvalidSql(f"PostgreSQL refuses the statement: {said}.")
