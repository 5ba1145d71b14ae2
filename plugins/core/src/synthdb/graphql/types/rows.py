"""Object types: the rows of a table, with the rows that are related to them."""

from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLOutputType

from synthdb.graphql.bindings import ColumnField, RelatedAggregate, RelatedConnection, RelationField, TableType, bound
from synthdb.graphql.names import described
from synthdb.graphql.scalars import scalar_of
from synthdb.graphql.types.aggregates import aggregate_type
from synthdb.graphql.types.arguments import aggregate_arguments, list_arguments
from synthdb.graphql.types.connections import connection_arguments, connection_type, global_id, node_type
from synthdb.graphql.types.registry import NODE_ID, Registry
from synthdb_host.catalog import Column, Relation, Table

__all__ = ["many", "row_type"]


def row_type(registry: Registry, table: str) -> GraphQLObjectType:
    """Give the object type of a table's rows."""
    found = registry.catalog.table(table)
    return registry.once(
        registry.names_of(table).table,
        GraphQLObjectType,
        fields=lambda: _fields(registry, found),
        interfaces=lambda: (node_type(registry),) if registry.is_node(found) else (),
        description=described(found.comment, table, registry.names_of(table).table),
        extensions=bound(TableType(found)),
    )


def many(row: GraphQLObjectType) -> GraphQLOutputType:
    """Give the type of a list of rows."""
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(row)))


def _fields(registry: Registry, table: Table) -> dict[str, GraphQLField]:
    names = registry.names_of(table.name)
    fields = {
        names.columns[column.name]: _column(table, column, names.columns[column.name]) for column in table.columns
    }
    if registry.is_node(table):
        fields[NODE_ID] = global_id(table)
    for name, relation in names.relations:
        fields[name] = _relation(registry, relation)
        if relation.many:
            fields[f"{name}_aggregate"] = GraphQLField(
                GraphQLNonNull(aggregate_type(registry, relation.table, row_type)),
                args=aggregate_arguments(registry, relation.table),
                extensions=bound(RelatedAggregate(relation)),
            )
        if relation.many and registry.is_connected(relation.table):
            fields[f"{name}_connection"] = GraphQLField(
                GraphQLNonNull(connection_type(registry, relation.table, row_type)),
                args=connection_arguments(registry, relation.table),
                extensions=bound(RelatedConnection(relation, registry.catalog.table(relation.table))),
            )
    return fields


def _column(table: Table, column: Column, name: str) -> GraphQLField:
    scalar = scalar_of(column.type)
    required = column.not_null or column.name == table.identity
    return GraphQLField(
        GraphQLNonNull(scalar) if required else scalar,
        description=described(column.comment, column.name, name),
        extensions=bound(ColumnField(column)),
    )


def _relation(registry: Registry, relation: Relation) -> GraphQLField:
    row = row_type(registry, relation.table)
    extensions = bound(RelationField(relation))
    if not relation.many:
        return GraphQLField(row, extensions=extensions)
    return GraphQLField(many(row), args=list_arguments(registry, relation.table), extensions=extensions)
