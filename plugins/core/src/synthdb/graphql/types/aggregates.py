"""Types of aggregates: over all rows that are chosen, and over groups of them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLFloat,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
)

from synthdb.graphql.bindings import Aggregated, AggregatedColumn, AggregatePart, ColumnField, Counting, bound
from synthdb.graphql.scalars import NUMERIC, scalar_of
from synthdb.graphql.types.arguments import list_arguments
from synthdb.graphql.types.conditions import comparison_type
from synthdb.graphql.types.orders import direction_type
from synthdb.graphql.types.registry import Registry
from synthdb_host.catalog import Column, Table

__all__ = ["aggregate_type", "select_column_type"]

_Function = Literal["sum", "avg", "min", "max"]
_FUNCTIONS: Final[tuple[_Function, ...]] = ("sum", "avg", "min", "max")
_SUMMED: Final = frozenset({"integer", "real", "decimal"})
_UNSORTED: Final = frozenset({"json", "bytes"})

_RowType = Callable[[Registry, str], GraphQLObjectType]
"""Gives the type of a table's rows, which has aggregates of other tables in turn."""


def aggregate_type(registry: Registry, table: str, row_type: _RowType) -> GraphQLObjectType:
    """Give the type of aggregates over a table's rows."""

    def fields() -> Mapping[str, GraphQLField]:
        rows = {name: item for name, item in list_arguments(registry, table).items() if name != "where"}
        return {
            "aggregate": _part("aggregate", GraphQLNonNull(_functions_type(registry, found))),
            "nodes": _part("nodes", _several(row_type(registry, table)), rows),
            "groups": _part("groups", _several(_group_type(registry, found)), _group_arguments(registry, found)),
        }

    found = registry.catalog.table(table)
    return registry.once(f"{registry.names_of(table).table}_aggregate", GraphQLObjectType, fields=fields)


def select_column_type(registry: Registry, table: Table) -> GraphQLEnumType:
    """Give the enumeration of a table's columns."""
    names = registry.names_of(table.name)
    values = {names.columns[column.name]: GraphQLEnumValue(column.name) for column in table.columns}
    return registry.once(f"{names.table}_select_column", GraphQLEnumType, values=values)


def _part(part: Any, type_: Any, args: Mapping[str, GraphQLArgument] | None = None) -> GraphQLField:  # noqa: ANN401 - words, output types
    return GraphQLField(type_, args=dict(args or {}), extensions=bound(AggregatePart(part)))


def _several(type_: GraphQLObjectType) -> Any:  # noqa: ANN401 - an output type
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(type_)))


def _functions_type(registry: Registry, table: Table) -> GraphQLObjectType:
    name = registry.names_of(table.name).table

    def fields() -> Iterator[tuple[str, GraphQLField]]:
        yield (
            "count",
            GraphQLField(GraphQLNonNull(GraphQLInt), args=_counted(registry, table), extensions=bound(Counting())),
        )
        for function, columns in _aggregable(table):
            leaves = {
                registry.names_of(table.name).columns[column.name]: GraphQLField(
                    _result(function, column), extensions=bound(AggregatedColumn(function, column))
                )
                for column in columns
            }
            type_ = registry.once(f"{name}_{function}_fields", GraphQLObjectType, fields=leaves)
            yield function, GraphQLField(GraphQLNonNull(type_), extensions=bound(Aggregated(function)))

    return registry.once(f"{name}_aggregate_fields", GraphQLObjectType, fields=lambda: dict(fields()))


def _counted(registry: Registry, table: Table) -> dict[str, GraphQLArgument]:
    column = GraphQLList(GraphQLNonNull(select_column_type(registry, table)))
    description = "Count the rows in which this column has a value; one column at most."
    different = GraphQLArgument(GraphQLBoolean, description="Count the different values of the column instead.")
    return {"columns": GraphQLArgument(column, description=description), "distinct": different}


def _aggregable(table: Table) -> Iterator[tuple[_Function, list[Column]]]:
    """Give each function with the columns that it can be taken of."""
    for function in _FUNCTIONS:
        summing = function in ("sum", "avg")
        columns = [
            column
            for column in table.columns
            if (column.type.name in _SUMMED if summing else column.type.name not in _UNSORTED)
        ]
        if columns:
            yield function, columns


def _result(function: _Function, column: Column) -> GraphQLScalarType:
    if function != "avg":
        return scalar_of(column.type)
    return NUMERIC if column.type.name == "decimal" else GraphQLFloat


# -- groups ----------------------------------------------------------------------------------------------


def _group_type(registry: Registry, table: Table) -> GraphQLObjectType:
    names = registry.names_of(table.name)

    def key() -> Mapping[str, GraphQLField]:
        # What the rows are not grouped by is null.
        return {
            names.columns[column.name]: GraphQLField(scalar_of(column.type), extensions=bound(ColumnField(column)))
            for column in table.columns
        }

    key_type = registry.once(f"{names.table}_group_key", GraphQLObjectType, fields=key)
    fields = {
        "key": _part("key", GraphQLNonNull(key_type)),
        "aggregate": _part("aggregate", GraphQLNonNull(_functions_type(registry, table))),
    }
    return registry.once(f"{names.table}_group", GraphQLObjectType, fields=fields)


def _group_arguments(registry: Registry, table: Table) -> dict[str, GraphQLArgument]:
    columns = GraphQLList(GraphQLNonNull(select_column_type(registry, table)))
    order = GraphQLList(GraphQLNonNull(_group_order_type(registry, table)))
    return {
        "group_by": GraphQLArgument(GraphQLNonNull(columns)),
        "having": GraphQLArgument(_having_type(registry, table)),
        "order_by": GraphQLArgument(order),
        "limit": GraphQLArgument(GraphQLInt),
        "offset": GraphQLArgument(GraphQLInt),
    }


def _having_type(registry: Registry, table: Table) -> GraphQLInputObjectType:
    def leaf(function: _Function, column: Column) -> GraphQLInputObjectType:
        return comparison_type(registry, _result(function, column))

    count = comparison_type(registry, GraphQLInt)
    return _tree(registry, table, "having", count, leaf)


def _group_order_type(registry: Registry, table: Table) -> GraphQLInputObjectType:
    names, direction = registry.names_of(table.name), direction_type(registry)
    key = {
        names.columns[column.name]: GraphQLInputField(direction, extensions=bound(ColumnField(column)))
        for column in table.columns
    }
    key_type = registry.once(f"{names.table}_group_key_order_by", GraphQLInputObjectType, fields=key)
    more = {"key": GraphQLInputField(key_type, extensions=bound(AggregatePart("key")))}
    return _tree(registry, table, "group_order_by", direction, lambda _function, _column: direction, more)


def _tree(
    registry: Registry, table: Table, use: str, count: Any, leaf: Callable[[_Function, Column], Any],  # noqa: ANN401 - input types
    more: Mapping[str, GraphQLInputField] | None = None,
) -> GraphQLInputObjectType:  # fmt: skip
    """Give an input type that has the shape of the aggregates themselves."""
    names = registry.names_of(table.name)

    def fields() -> Iterator[tuple[str, GraphQLInputField]]:
        yield from (more or {}).items()
        yield "count", GraphQLInputField(count, extensions=bound(Counting()))
        for function, columns in _aggregable(table):
            leaves = {
                names.columns[column.name]: GraphQLInputField(
                    leaf(function, column), extensions=bound(AggregatedColumn(function, column))
                )
                for column in columns
            }
            type_ = registry.once(f"{names.table}_{function}_{use}", GraphQLInputObjectType, fields=leaves)
            yield function, GraphQLInputField(type_, extensions=bound(Aggregated(function)))

    return registry.once(f"{names.table}_{use}", GraphQLInputObjectType, fields=lambda: dict(fields()))
