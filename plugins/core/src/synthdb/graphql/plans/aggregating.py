"""Aggregates as selects: one over all rows, and groups of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from synthdb.graphql.bindings import (
    Aggregated,
    AggregatedColumn,
    AggregatePart,
    ColumnField,
    Counting,
    Sorting,
    binding,
)
from synthdb.graphql.layouts import Cell, Constant, Layout, Member, Within
from synthdb.graphql.plans.collecting import TYPENAME, Selected
from synthdb.graphql.plans.conditions import compared, object_of, settled
from synthdb.graphql.plans.pages import limited, skipped
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import Aggregate, ColumnRef, Filter, Order, Output, Select, and_all

__all__ = ["grouped", "whole"]

_Given = Mapping[str, Any]
_Arguments = Callable[[Selected], _Given]


def whole(field: Selected, table: str, arguments: _Arguments) -> tuple[Select, Layout]:
    """Read aggregates over all rows.

    Raises:
        InvalidParameter: an argument cannot be read.
        Open: a variable decides on more than a value.
    """
    outputs: list[Output] = []
    layout = _functions(field, outputs, arguments, "")
    return Select(table, tuple(outputs) or (_COUNT,)), layout


_COUNT = Output(Aggregate("count"), "\ncount")


def grouped(field: Selected, table: str, given: _Given, arguments: _Arguments, most: int) -> tuple[Select, Layout]:
    """Read groups, at most so many.

    Raises:
        InvalidParameter: an argument cannot be read, or there is nothing to group by.
        Open: a variable decides on more than a value.
    """
    columns: Sequence[str] = list(dict.fromkeys(settled(item) for item in settled(given["group_by"])))
    if not columns:
        raise InvalidParameter("group_by names no column.", hint="Ask for aggregate, which is over all rows.")
    # Also without a function that is asked for, rows are grouped.
    outputs = [*[Output(ColumnRef(name), name) for name in columns], _COUNT]
    members = [(item.key, _member(item, outputs, arguments)) for item in field.fields]
    assert field.definition is not None  # noqa: S101 - it is bound by its definition
    types = field.definition.args
    order = tuple(_orders(object_of(types["order_by"].type), settled(given.get("order_by") or ()), outputs))
    having = and_all(*_having(object_of(types["having"].type), settled(given.get("having")) or {}))
    limit, offset = limited(given.get("limit"), most), skipped(given.get("offset"))
    select = Select(table, tuple(outputs), having=having, order=order, limit=limit, offset=offset)
    return select, Layout(tuple(members), field)


def _member(item: Selected, outputs: list[Output], arguments: _Arguments) -> Member:
    if item.name == TYPENAME:
        return Constant(item.parent.name)
    assert item.definition is not None  # noqa: S101 - groups have no other meta field
    part: AggregatePart = binding(item.definition)
    if part.part == "aggregate":
        return Within(_functions(item, outputs, arguments, f"\n{item.key}"))
    return Within(Layout(tuple([(inner.key, _grouped_by(inner)) for inner in item.fields]), item))


def _grouped_by(item: Selected) -> Member:
    if item.name == TYPENAME:
        return Constant(item.parent.name)
    assert item.definition is not None  # noqa: S101 - keys have no other meta field
    column: ColumnField = binding(item.definition)
    return Cell(column.column.name, item)


def _functions(field: Selected, outputs: list[Output], arguments: _Arguments, path: str) -> Layout:
    members = [(item.key, _function(item, outputs, arguments, f"{path}\n{item.key}")) for item in field.fields]
    return Layout(tuple(members), field)


def _function(item: Selected, outputs: list[Output], arguments: _Arguments, name: str) -> Member:
    if item.name == TYPENAME:
        return Constant(item.parent.name)
    assert item.definition is not None  # noqa: S101 - there is no other meta field
    match binding(item.definition):
        case Counting():
            outputs.append(Output(_counted(arguments(item)), name))
            return Cell(name, item, whole=True)
        case AggregatedColumn(function, column):
            outputs.append(Output(Aggregate(function, ColumnRef(column.name)), name))
            return Cell(name, item)
        case _:
            return Within(_functions(item, outputs, arguments, name))


def _counted(given: _Given) -> Aggregate:
    columns = [settled(item) for item in settled(given.get("columns")) or ()]
    if len(columns) > 1:
        raise InvalidParameter("Rows are counted by one column at most.")
    column = ColumnRef(columns[0]) if columns else None
    return Aggregate("count", column, distinct=bool(settled(given.get("distinct"))))


def _having(type_: Any, given: _Given) -> Iterator[Filter]:  # noqa: ANN401 - an input type
    for name, value in given.items():
        if value is None:
            continue
        field = type_.fields[name]
        match binding(field):
            case Counting():
                yield compared(Aggregate("count"), object_of(field.type), settled(value))
            case AggregatedColumn(function, column):
                yield compared(Aggregate(function, ColumnRef(column.name)), object_of(field.type), settled(value))
            case Aggregated():
                yield from _having(object_of(field.type), settled(value))


def _orders(type_: Any, given: Sequence[_Given], outputs: list[Output]) -> Iterator[Order]:  # noqa: ANN401 - an input type
    for item in given:
        yield from _ordered(type_, settled(item), outputs)


def _ordered(type_: Any, given: _Given, outputs: list[Output]) -> Iterator[Order]:  # noqa: ANN401 - an input type
    for name, value in given.items():
        if value is None:
            continue
        field, chosen = type_.fields[name], settled(value)
        match binding(field):
            case Counting():
                yield _by(Aggregate("count"), chosen, outputs)
            case AggregatedColumn(function, column):
                yield _by(Aggregate(function, ColumnRef(column.name)), chosen, outputs)
            case ColumnField(column):
                yield Order(ColumnRef(column.name), chosen.descending, chosen.nulls)
            case _:
                yield from _ordered(object_of(field.type), chosen, outputs)


def _by(aggregate: Aggregate, sorting: Sorting, outputs: list[Output]) -> Order:
    """Sort groups by an aggregate, which has to be among the outputs."""
    name = f"?{len(outputs)}"
    outputs.append(Output(aggregate, name))
    return Order(ColumnRef(name), sorting.descending, sorting.nulls)
