"""Arguments of fields that give lists of rows."""

from graphql import GraphQLArgument, GraphQLInt, GraphQLList, GraphQLNonNull

from synthdb.graphql.types.conditions import condition_type
from synthdb.graphql.types.orders import order_type
from synthdb.graphql.types.registry import Registry

__all__ = ["aggregate_arguments", "list_arguments"]


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
