"""Arguments of fields that give lists of rows."""

from typing import Final

from graphql import GraphQLArgument, GraphQLInt, GraphQLList, GraphQLNonNull

from synthdb.graphql.bindings import ColumnField, bound
from synthdb.graphql.names import distinct
from synthdb.graphql.scalars import scalar_of
from synthdb.graphql.types.conditions import condition_type
from synthdb.graphql.types.orders import order_type
from synthdb.graphql.types.registry import Registry
from synthdb_host.catalog import Table

__all__ = ["aggregate_arguments", "key_arguments", "list_arguments"]

_OTHERS: Final = ("at", "if_version")
"""Arguments that stand beside those of a key."""


def list_arguments(registry: Registry, table: str) -> dict[str, GraphQLArgument]:
    """Give the arguments that choose, sort and page the rows of a table."""
    return {
        "where": GraphQLArgument(condition_type(registry, table)),
        "order_by": GraphQLArgument(GraphQLList(GraphQLNonNull(order_type(registry, table)))),
        "limit": GraphQLArgument(GraphQLInt),
        "offset": GraphQLArgument(GraphQLInt),
    }


def aggregate_arguments(registry: Registry, table: str) -> dict[str, GraphQLArgument]:
    """Give the arguments that choose the rows of an aggregate."""
    return {"where": GraphQLArgument(condition_type(registry, table))}


def key_arguments(registry: Registry, table: Table) -> dict[str, GraphQLArgument]:
    """Give the arguments that say the key of a row."""
    names = registry.names_of(table.name).columns
    called = distinct([names[name] for name in table.key], set(_OTHERS))
    return {
        called[names[name]]: GraphQLArgument(
            GraphQLNonNull(scalar_of(table.column(name).type)), extensions=bound(ColumnField(table.column(name)))
        )
        for name in table.key
    }
