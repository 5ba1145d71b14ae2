"""Aggregates over groups of rows."""

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from synthdb_host.catalog import ColumnType, Table
from synthdb_host.errors import InvalidSelect
from synthdb_host.operations import Aggregate
from synthdb_host.values import EXACT
from synthdb_memory.columns import cast_value, resolve
from synthdb_memory.state import Row

__all__ = ["aggregator"]

INTEGER = ColumnType("integer")
REAL = ColumnType("real")

Aggregator = Callable[[Sequence[Row]], Any]


def aggregator(table: Table, aggregate: Aggregate) -> tuple[ColumnType, Aggregator]:
    """Give the type of an aggregate and a function from the rows of a group to its value.

    Raises:
        InvalidSelect: the aggregate does not exist for the column's type.
    """
    column_type, calculate = _plain(table, aggregate)
    if aggregate.cast is None:
        return column_type, calculate
    target = ColumnType.parse(aggregate.cast)
    return target, lambda rows: cast_value(calculate(rows), column_type, target)


def _plain(table: Table, aggregate: Aggregate) -> tuple[ColumnType, Aggregator]:
    if aggregate.distinct and aggregate.function != "count":
        raise InvalidSelect(f"{aggregate.function!r} is not taken of different values.")
    if aggregate.column is None:
        if aggregate.function != "count" or aggregate.distinct:
            raise InvalidSelect(f"{aggregate.function!r} needs a column.")
        return INTEGER, len
    source, getter = resolve(table, aggregate.column)
    if aggregate.distinct:
        if source.name == "json":
            raise InvalidSelect("Different values of json cannot be counted.")
        return INTEGER, lambda rows: len({getter(row) for row in rows} - {None})
    target, calculate = _function(aggregate.function, source)

    def value(rows: Sequence[Row]) -> object:
        present = [item for row in rows if (item := getter(row)) is not None]
        return calculate(present) if present or aggregate.function == "count" else None

    return target, value


def _function(name: str, source: ColumnType) -> tuple[ColumnType, Callable[[list[Any]], Any]]:
    if name == "count":
        return INTEGER, len
    if source.name in {"json", "bytes"}:
        raise InvalidSelect(f"{name!r} is not defined for {source}.")
    if name in ("min", "max"):
        return source, min if name == "min" else max
    if source.name not in ("integer", "real", "decimal"):
        raise InvalidSelect(f"{name!r} is not defined for {source}.")
    return _sum(source) if name == "sum" else _average(source)


def _sum(source: ColumnType) -> tuple[ColumnType, Callable[[list[Any]], Any]]:
    if source.name == "decimal":
        return ColumnType("decimal", 100, source.scale), _exact_sum
    return source, math.fsum if source.name == "real" else sum


def _average(source: ColumnType) -> tuple[ColumnType, Callable[[list[Any]], Any]]:
    if source.name == "decimal":
        return REAL, lambda values: float(_exact_sum(values) / len(values))
    return REAL, lambda values: math.fsum(values) / len(values)


def _exact_sum(values: list[Decimal]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, value)
    return total
