"""Types of Relay's connections, and what has a global id (https://relay.dev/graphql/connections.htm)."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from synthdb.graphql.bindings import ConnectionPart, GlobalId, bound
from synthdb.graphql.types.arguments import list_arguments
from synthdb.graphql.types.registry import NODE_ID, Registry
from synthdb_host.catalog import Table

__all__ = ["connection_arguments", "connection_type", "global_id", "node_type"]

_RowType = Callable[[Registry, str], GraphQLObjectType]
"""Gives the type of a table's rows, which has connections to other tables in turn."""


def connection_type(registry: Registry, table: str, row_type: _RowType) -> GraphQLObjectType:
    """Give the type of a page of a table's rows."""
    name = registry.names_of(table).table

    def edge_fields() -> Mapping[str, GraphQLField]:
        return {"cursor": _part("cursor", GraphQLString), "node": _part("node", row_type(registry, table))}

    edge = registry.once(f"{name}_edge", GraphQLObjectType, fields=edge_fields)
    fields = {
        "edges": _part("edges", GraphQLList(GraphQLNonNull(edge))),
        "pageInfo": _part("pageInfo", _page_type(registry)),
    }
    return registry.once(f"{name}_connection", GraphQLObjectType, fields=fields)


def connection_arguments(registry: Registry, table: str) -> dict[str, GraphQLArgument]:
    """Give the arguments that choose, sort and page the rows of a connection."""
    known = list_arguments(registry, table)
    return {
        "first": GraphQLArgument(GraphQLInt, description="Rows from the beginning, or after a cursor."),
        "after": GraphQLArgument(GraphQLString),
        "last": GraphQLArgument(GraphQLInt, description="Rows from the end, or before a cursor; not with first."),
        "before": GraphQLArgument(GraphQLString),
        "where": known["where"],
        "order_by": known["order_by"],
    }


def node_type(registry: Registry) -> GraphQLInterfaceType:
    """Give the interface of all rows that have a global id."""
    description = "A row of any table."
    return registry.once("Node", GraphQLInterfaceType, fields={NODE_ID: _global_id()}, description=description)


def global_id(table: Table) -> GraphQLField:
    """Give the field of a row's global id."""
    return _global_id(bound(GlobalId(table)))


def _global_id(extensions: dict[str, Any] | None = None) -> GraphQLField:
    return GraphQLField(
        GraphQLNonNull(GraphQLID), description="Which row it is, of which table.", extensions=extensions
    )


def _page_type(registry: Registry) -> GraphQLObjectType:
    fields = {
        "hasNextPage": _part("hasNextPage", GraphQLBoolean),
        "hasPreviousPage": _part("hasPreviousPage", GraphQLBoolean),
        # Of a page without rows there is none.
        "startCursor": _part("startCursor", GraphQLString, nullable=True),
        "endCursor": _part("endCursor", GraphQLString, nullable=True),
    }
    return registry.once("PageInfo", GraphQLObjectType, fields=fields)


def _part(part: Any, type_: Any, *, nullable: bool = False) -> GraphQLField:  # noqa: ANN401 - words, output types
    return GraphQLField(type_ if nullable else GraphQLNonNull(type_), extensions=bound(ConnectionPart(part)))
