"""The query root: fields for each table."""

from collections.abc import Iterator, Sequence

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLID,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
)

from synthdb.graphql.bindings import NodeField, RootField, bound
from synthdb.graphql.types.aggregates import aggregate_type
from synthdb.graphql.types.arguments import aggregate_arguments, key_arguments, list_arguments
from synthdb.graphql.types.connections import connection_arguments, connection_type, node_type
from synthdb.graphql.types.registry import NODE_ID, Registry
from synthdb.graphql.types.rows import many, row_type
from synthdb_host.catalog import Table

__all__ = ["query_root"]


def query_root(registry: Registry) -> GraphQLObjectType:
    """Give the type of queries."""
    return registry.once("query_root", GraphQLObjectType, fields=lambda: dict(_fields(registry)))


def _fields(registry: Registry) -> Iterator[tuple[str, GraphQLField]]:
    tables = sorted(registry.catalog.tables.values(), key=lambda table: registry.names_of(table.name).table)
    for table in tables:
        name, row = registry.names_of(table.name).table, row_type(registry, table.name)
        yield name, _field(registry, many(row), list_arguments(registry, table.name), RootField("list", table))
        if table.key:
            yield f"{name}_by_pk", _field(registry, row, key_arguments(registry, table), RootField("key", table))
        aggregate = GraphQLNonNull(aggregate_type(registry, table.name, row_type))
        arguments = aggregate_arguments(registry, table.name)
        yield f"{name}_aggregate", _field(registry, aggregate, arguments, RootField("aggregate", table))
        if registry.is_connected(table.name):
            connection = GraphQLNonNull(connection_type(registry, table.name, row_type))
            arguments = connection_arguments(registry, table.name)
            yield f"{name}_connection", _field(registry, connection, arguments, RootField("connection", table))
    yield from _node(registry, tables)
    yield from registry.plugins.fields.items()
    if not tables and not registry.plugins.fields:
        # A type needs a field.
        yield "no_tables", GraphQLField(GraphQLBoolean, description="There is no table that you may read.")


def _node(registry: Registry, tables: Sequence[Table]) -> Iterator[tuple[str, GraphQLField]]:
    """Give the field that finds any row, unless a table is called so."""
    if any(registry.is_node(table) for table in tables) and all(
        registry.names_of(table.name).table != "node" for table in tables
    ):
        # Relay's compiler takes a field with this one argument for what it looks for, and none with another one.
        args = {NODE_ID: GraphQLArgument(GraphQLNonNull(GraphQLID))}
        yield "node", GraphQLField(node_type(registry), args=args, extensions=bound(NodeField()))


def _field(
    registry: Registry, type_: GraphQLOutputType, args: dict[str, GraphQLArgument], root: RootField
) -> GraphQLField:
    args = {**args, "at": GraphQLArgument(_at(registry))}
    return GraphQLField(type_, args=args, description=root.table.comment, extensions=bound(root))


def _at(registry: Registry) -> GraphQLInputObjectType:
    fields = {"branch": GraphQLInputField(GraphQLString), "as_of": GraphQLInputField(GraphQLString)}
    description = "A state to read: a branch, tag or commit, and a moment of it: a commit, a time, or '5 minutes ago'."
    return registry.once("at_input", GraphQLInputObjectType, fields=fields, description=description)
