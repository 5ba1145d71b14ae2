"""Input types of orders."""

from collections.abc import Mapping
from typing import Final

from graphql import GraphQLEnumType, GraphQLEnumValue, GraphQLInputField, GraphQLInputObjectType

from synthdb.graphql.bindings import ColumnField, RelationField, Sorting, TableType, bound
from synthdb.graphql.types.registry import Registry
from synthdb_host.catalog import Table

__all__ = ["direction_type", "order_type"]

_DIRECTIONS: Final = {
    "asc": Sorting(descending=False, nulls=None),
    "asc_nulls_first": Sorting(descending=False, nulls="first"),
    "asc_nulls_last": Sorting(descending=False, nulls="last"),
    "desc": Sorting(descending=True, nulls=None),
    "desc_nulls_first": Sorting(descending=True, nulls="first"),
    "desc_nulls_last": Sorting(descending=True, nulls="last"),
}


def order_type(registry: Registry, table: str) -> GraphQLInputObjectType:
    """Give the input type of an order of a table's rows."""
    found = registry.catalog.table(table)
    return registry.once(
        f"{registry.names_of(table).table}_order_by",
        GraphQLInputObjectType,
        fields=lambda: _fields(registry, found),
        extensions=bound(TableType(found)),
    )


def direction_type(registry: Registry) -> GraphQLEnumType:
    """Give the enumeration of directions."""
    values = {name: GraphQLEnumValue(sorting) for name, sorting in _DIRECTIONS.items()}
    description = "A direction to sort in; nulls are last when ascending and first when descending."
    return registry.once("order_by", GraphQLEnumType, values=values, description=description)


def _fields(registry: Registry, table: Table) -> Mapping[str, GraphQLInputField]:
    names, direction = registry.names_of(table.name), direction_type(registry)
    fields = {
        names.columns[column.name]: GraphQLInputField(direction, extensions=bound(ColumnField(column)))
        for column in table.columns
    }
    for name, relation in names.relations:
        if not relation.many:
            extensions = bound(RelationField(relation))
            fields[name] = GraphQLInputField(order_type(registry, relation.table), extensions=extensions)
    return fields
