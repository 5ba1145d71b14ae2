"""The query root: fields for each table."""

from collections.abc import Iterator

from graphql import GraphQLArgument, GraphQLBoolean, GraphQLField, GraphQLNonNull, GraphQLObjectType

from synthdb.graphql.bindings import ColumnField, RootField, bound
from synthdb.graphql.scalars import scalar_of
from synthdb.graphql.types.arguments import list_arguments
from synthdb.graphql.types.registry import Registry
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
        yield name, _field(many(row), list_arguments(registry, table.name), RootField("list", table))
        if table.key:
            yield f"{name}_by_pk", _field(row, _key(registry, table), RootField("key", table))
    if not tables:
        # A type needs a field.
        yield "no_tables", GraphQLField(GraphQLBoolean, description="There is no table that you may read.")


def _field(type_: object, args: dict[str, GraphQLArgument], root: RootField) -> GraphQLField:
    return GraphQLField(type_, args=args, description=root.table.comment, extensions=bound(root))  # type: ignore[arg-type] # an output type


def _key(registry: Registry, table: Table) -> dict[str, GraphQLArgument]:
    names = registry.names_of(table.name).columns
    return {
        names[name]: GraphQLArgument(
            GraphQLNonNull(scalar_of(table.column(name).type)), extensions=bound(ColumnField(table.column(name)))
        )
        for name in table.key
    }
