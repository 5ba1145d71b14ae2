"""SQL: one read-only statement over logical tables and columns.

What a statement sees: every logical table under its name, with its logical columns only. Dates, timestamps
and uuids are text, JSON is text, booleans are 0 and 1; a decimal of up to 15 digits is a number (a REAL,
exact to its digits), a longer one text. A result column that is plainly a table's column comes out in its
logical type, decimals exactly; any other as SQLite yields it.

Row restrictions stand inside the views, hidden columns are not in them. Names qualified with a database
(``main.films``), the engine's tables, SQLite's schema, PRAGMA, ATTACH, EXPLAIN and functions that reach
outside are refused. An alias called ``main`` or ``temp`` is refused too.
"""

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.binds import Value
from synthdb.engine.sql_functions import may_fail
from synthdb.engine.sql_plans import explain, places_of
from synthdb.engine.sql_tokens import Token, tokens_of
from synthdb.engine.sql_types import result_columns
from synthdb.engine.sql_views import SqlViews
from synthdb_host.contracts import Restrictions, Result
from synthdb_host.encoding import RowEncoder, format_timestamp
from synthdb_host.errors import InvalidSql
from synthdb_host.operations import Sql

__all__ = ["run_sql"]

_BEGINNINGS: Final = frozenset({"select", "values", "with"})
_DATABASES: Final = frozenset({"main", "temp"})
_LONGEST_VALUE: Final = 64 * 1024 * 1024
_STRIDE: Final = 1_000
_INTERRUPTED: Final = "interrupted"


def run_sql(connection: sqlite3.Connection, catalog: StoredCatalog, sql: Sql, restrictions: Restrictions) -> Result:
    """Run a statement on a connection that nothing else uses meanwhile; ``sql.limit`` bounds the rows.

    Raises:
        InvalidSql: the statement is not a single read of logical tables, or SQLite refuses it.
        sqlite3.OperationalError: it was interrupted.
    """
    tokens = tokens_of(sql.statement)
    _check_statement(tokens)
    parameters = [_parameter(value) for value in sql.parameters]
    words = {token.value.lower() for token in tokens if token.may_name}
    views = SqlViews(connection, words, fenced=_needs_fence(tokens), marked=sql.explain)
    places = places_of(connection, catalog, words, restrictions) if sql.explain else None
    try:
        with _prepared(connection, views, catalog, restrictions):
            if places is not None:
                return explain(connection, views, places, _bare(sql.statement, tokens), parameters)
            cursor = connection.execute(sql.statement, parameters)
            names = [column[0] for column in cursor.description]
            _skip(cursor, sql.offset)
            rows = cursor.fetchall() if sql.limit is None else cursor.fetchmany(sql.limit) if sql.limit else []
            cursor.close()
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeEncodeError) as error:
        if isinstance(error, sqlite3.OperationalError) and str(error) == _INTERRUPTED:
            raise
        raise _refusal(error, views) from error
    return Result(RowEncoder(result_columns(sql.statement, views.shown, names, rows)), rows)


def _skip(cursor: sqlite3.Cursor, rows: int) -> None:
    while rows > 0 and cursor.fetchmany(min(rows, _STRIDE)):
        rows -= _STRIDE


@contextmanager
def _prepared(
    connection: sqlite3.Connection, views: SqlViews, catalog: StoredCatalog, restrictions: Restrictions
) -> Iterator[None]:
    """Make the views, set the guard, and leave the connection as it was."""
    read_only = connection.execute("PRAGMA query_only").fetchone()[0]
    longest = connection.getlimit(sqlite3.SQLITE_LIMIT_LENGTH)
    connection.execute("PRAGMA query_only = OFF").close()
    connection.execute("SAVEPOINT synthdb_sql").close()
    try:
        views.create(catalog, restrictions)
        connection.execute("PRAGMA query_only = ON").close()
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
        connection.set_authorizer(views.authorize)
        yield
    finally:
        connection.set_authorizer(None)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
        connection.execute("ROLLBACK TO synthdb_sql").close()
        connection.execute("RELEASE synthdb_sql").close()
        connection.execute(f"PRAGMA query_only = {read_only}").close()


def _check_statement(tokens: Sequence[Token]) -> None:
    if not tokens or tokens[0].kind != "name" or tokens[0].value.lower() not in _BEGINNINGS:
        raise InvalidSql("Only a single SELECT, WITH or VALUES statement can be run.")
    if any(token.text == ";" for token in tokens[:-1]):
        raise InvalidSql("Only one statement can be run at a time.")
    for token, following in itertools.pairwise(tokens):
        if following.text == "." and token.may_name and token.value.lower() in _DATABASES:
            raise InvalidSql(f"Names cannot be qualified with {token.value!r}.", hint="Write the table's name alone.")


def _bare(statement: str, tokens: Sequence[Token]) -> str:
    """Give a statement without the semicolon and comments at its end."""
    last = next(token for token in reversed(tokens) if token.text != ";")
    return statement[: last.start + len(last.text)]


def _needs_fence(tokens: Sequence[Token]) -> bool:
    """Say whether the statement calls something that could fail because of a row that a policy hides."""
    for position, token in enumerate(tokens):
        word = token.value.lower()
        if token.kind == "name" and word in ("like", "glob", "match", "regexp"):
            return True
        following = tokens[position + 1].text if position + 1 < len(tokens) else ""
        if following == "(" and token.may_name and (token.kind != "name" or may_fail(word)):
            return True
        if token.text in ("-", "|") and following in (">", "|"):
            return True
    return False


def _parameter(value: object) -> Value:
    """Give a parameter the form in which columns of its type show themselves."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
    if isinstance(value, date | UUID):
        return str(value)
    if value is None or isinstance(value, int | float | bytes):
        return value
    raise InvalidSql(f"A parameter cannot be a {type(value).__name__}.")


def _refusal(error: Exception, views: SqlViews) -> InvalidSql:
    if views.absent in str(error):
        return InvalidSql("The statement names a table that does not exist.")
    if views.denied:
        return InvalidSql(views.denied)
    if isinstance(error, OverflowError):
        return InvalidSql("A parameter is larger than 64 bits.")
    return InvalidSql(f"SQLite refuses the statement: {str(error).replace(views.nonce, '')}.")
