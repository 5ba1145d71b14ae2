"""The subscription root: for each table a field of its changes."""

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from synthdb.graphql.bindings import ColumnField, TableType, bound
from synthdb.graphql.scalars import scalar_of
from synthdb.graphql.types.conditions import condition_type
from synthdb.graphql.types.mutations import branch_input
from synthdb.graphql.types.registry import Registry
from synthdb_host.catalog import ColumnType, Table

__all__ = ["subscription_root"]

_OPERATIONS = {
    "insert": "The row was inserted, or came to satisfy the condition.",
    "update": "The row was changed.",
    "delete": "The row was deleted.",
    "leave": "The row no longer satisfies the condition, or may no longer be seen.",
    "row": "The row was there at the beginning; its change has no offset.",
    "ready": "Changes follow. Go on from this offset if the connection is lost before the first of them.",
    "resync": "The changes after the offset that was asked for are no longer kept; what is known is to be thrown away.",
}


def subscription_root(registry: Registry) -> GraphQLObjectType | None:
    """Give the type of subscriptions; None: there is no table."""
    tables = sorted(registry.catalog.tables.values(), key=lambda table: registry.names_of(table.name).table)
    if not tables:
        return None
    return registry.once(
        "subscription_root",
        GraphQLObjectType,
        fields=lambda: {f"{registry.names_of(table.name).table}_changes": _field(registry, table) for table in tables},
    )


def _field(registry: Registry, table: Table) -> GraphQLField:
    args = {
        "where": GraphQLArgument(
            condition_type(registry, table.name), description="On the table's own columns, before and after."
        ),
        "since": GraphQLArgument(GraphQLString, description="The offset of the last change that is known."),
        "snapshot": GraphQLArgument(GraphQLBoolean, description="Whether the rows that are there come first."),
        "at": GraphQLArgument(branch_input(registry), description="The branch to follow."),
    }
    change = GraphQLNonNull(_change_type(registry, table))
    description = f"What commits change in {table.name}, in their order, each change once."
    return GraphQLField(change, args=args, description=description, extensions=bound(TableType(table)))


def _change_type(registry: Registry, table: Table) -> GraphQLObjectType:
    name = registry.names_of(table.name).table
    return registry.once(f"{name}_change", GraphQLObjectType, fields=lambda: dict(_change_fields(registry, table)))


def _change_fields(registry: Registry, table: Table) -> Iterator[tuple[str, GraphQLField]]:
    image = _image_type(registry, table)
    yield "offset", GraphQLField(GraphQLString, description="Where it is in the log; what follows can be asked for.")
    yield "commit", GraphQLField(GraphQLString)
    yield "at", GraphQLField(scalar_of(ColumnType("timestamp")))
    yield "branch", GraphQLField(GraphQLNonNull(GraphQLString))
    yield "operation", GraphQLField(GraphQLNonNull(_operation_type(registry)))
    yield "key", GraphQLField(scalar_of(ColumnType("json")), description="The values of the key, in its order.")
    yield "old", GraphQLField(image, description="The row before.")
    yield "new", GraphQLField(image, description="The row after.")
    names = GraphQLList(GraphQLNonNull(GraphQLString))
    yield "changed", GraphQLField(names, description="The columns that an update has changed.")


def _operation_type(registry: Registry) -> GraphQLEnumType:
    values = {name: GraphQLEnumValue(name, description=meaning) for name, meaning in _OPERATIONS.items()}
    return registry.once("change_operation", GraphQLEnumType, values=values)


def _image_type(registry: Registry, table: Table) -> GraphQLObjectType:
    """Give the type of a row as a change shows it: old ones may lack what every row has now."""
    names = registry.names_of(table.name)
    fields = {
        names.columns[column.name]: GraphQLField(
            scalar_of(column.type), description=column.comment, extensions=bound(ColumnField(column))
        )
        for column in table.columns
    }
    return registry.once(f"{names.table}_image", GraphQLObjectType, fields=fields)
