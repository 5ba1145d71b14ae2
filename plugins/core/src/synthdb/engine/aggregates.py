"""Aggregates as typed SQL expressions.

A sum of integers or decimals is exact: SQLite adds 64-bit integers and says so when they overflow; the read
is then compiled again with sums of any size. An average of integers or reals is a real, one of
decimals a decimal with six more digits after the point, rounded half to even.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from synthdb.engine.binds import text_of
from synthdb.engine.exact import EXACT_FORM, as_decimal
from synthdb.engine.expressions import Expression, Scope, cast_to, expression_of
from synthdb.storage.codecs import Codec, codec_of
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import BadRequest
from synthdb_host.operations import Aggregate

__all__ = ["aggregate_of"]

_AVERAGE_DIGITS: Final = 6
_SUM_DIGITS: Final = 20
_MOST_DIGITS: Final = 100
_INTEGER: Final = codec_of(ColumnType("integer"))
_REAL: Final = codec_of(ColumnType("real"))
_SUMMED: Final = ("integer", "real", "decimal")


def aggregate_of(scope: Scope, aggregate: Aggregate, error: type[BadRequest], *, exact: bool) -> Expression:
    """Turn an aggregate into SQL. With ``exact``, sums may be of any size.

    Raises:
        UnknownColumn: there is no such column.
        BadRequest: (as ``error``) the column's type has no such aggregate.
    """
    exact = exact or (aggregate.cast is not None and aggregate.function in ("sum", "avg"))
    found = _function(scope, aggregate, error, exact=exact)
    if aggregate.cast is None:
        return found
    if found.codec.declared == EXACT_FORM:
        scale = text_of(str(found.type.scale or 0))
        found = Expression(sa.func.synthdb_decimal(found.sql, scale), codec_of(ColumnType("text")), found.label)
    return cast_to(found, aggregate.cast, error)


def _function(scope: Scope, aggregate: Aggregate, error: type[BadRequest], *, exact: bool) -> Expression:
    function = aggregate.function
    if function == "count":
        return Expression(_counted(scope, aggregate, error), _INTEGER, "count", not_null=True)
    if aggregate.distinct:
        raise error(f"{function} is not taken of different values.")
    if aggregate.column is None:
        raise error(f"{function} needs a column.")
    column = expression_of(scope, aggregate.column, error)
    label = f"{column.label}.{function}()"
    name = column.type.name
    if function in ("min", "max") and name not in ("json", "bytes"):
        return replace(column, sql=getattr(sa.func, function)(column.sql), label=label, not_null=False)
    if function not in ("sum", "avg") or name not in _SUMMED:
        raise error(f"{function} cannot be taken of column {column.label!r} of type {column.type}.")
    sql, codec = (_sum if function == "sum" else _average)(column, exact=exact)
    return Expression(sql, codec, label)


def _counted(scope: Scope, aggregate: Aggregate, error: type[BadRequest]) -> sa.ColumnElement[Any]:
    if aggregate.column is None:
        if aggregate.distinct:
            raise error("Different values are counted of a column.")
        return sa.func.count(sa.text("*"))
    column = expression_of(scope, aggregate.column, error, raw=True)
    if not aggregate.distinct:
        return sa.func.count(column.sql)
    if column.type.name == "json":
        raise error(f"Different values of column {column.label!r} cannot be counted: it is json.")
    return sa.func.count(sa.distinct(column.sql))


def _sum(column: Expression, *, exact: bool) -> tuple[sa.ColumnElement[Any], Codec]:
    if column.type.name == "real":
        return sa.func.sum(column.sql), _REAL
    if exact or column.codec.declared == "TEXT":
        return sa.func.synthdb_sum(column.sql, text_of(str(column.type))), _exact_codec(_sum_type(column.type))
    if column.type.name == "integer":
        return sa.func.sum(column.sql), _INTEGER
    return sa.func.sum(column.sql), replace(column.codec, type=_sum_type(column.type))


def _average(column: Expression, *, exact: bool) -> tuple[sa.ColumnElement[Any], Codec]:
    if column.type.name != "decimal":
        return sa.func.avg(column.sql), _REAL
    scale = min((column.type.scale or 0) + _AVERAGE_DIGITS, _MOST_DIGITS)
    codec = _exact_codec(
        ColumnType("decimal", min((column.type.precision or 0) + _AVERAGE_DIGITS, _MOST_DIGITS), scale)
    )
    if exact or column.codec.declared == "TEXT":
        return sa.func.synthdb_average(column.sql, text_of(str(column.type))), codec
    zeros = "0" * (column.type.scale or 0)
    total = sa.func.sum(column.sql).op("||")(text_of("/"))
    return total.op("||")(sa.func.count(column.sql)).op("||")(text_of(zeros)), codec


def _sum_type(column_type: ColumnType) -> ColumnType:
    if column_type.name == "integer":
        return column_type
    return ColumnType("decimal", min((column_type.precision or 0) + _SUM_DIGITS, _MOST_DIGITS), column_type.scale)


def _exact_codec(column_type: ColumnType) -> Codec:
    """Read what the exact aggregates yield."""
    scale = column_type.scale or 0

    def number(text: str) -> Decimal | int:
        return int(text) if column_type.name == "integer" else as_decimal(text, scale)

    return Codec(
        column_type,
        EXACT_FORM,
        to_json=lambda text: msgspec.Raw(format(number(text), "f" if scale else "").encode()),
        to_python=number,
    )
