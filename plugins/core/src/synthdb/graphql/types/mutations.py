"""The mutation root: fields for each table, as far as the caller may write it."""

from collections.abc import Iterator

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLString,
)

from synthdb.graphql.bindings import MutationField, MutationKind, ResponseField, bound
from synthdb.graphql.types.arguments import key_arguments
from synthdb.graphql.types.conditions import condition_type
from synthdb.graphql.types.inputs import conflict_type, insert_type, key_type, set_type, settable, updates_type
from synthdb.graphql.types.registry import Registry
from synthdb.graphql.types.rows import many, row_type
from synthdb_host.catalog import Table

__all__ = ["branch_input", "mutation_root"]

_VERSION = "Only if the row still has this version, which REST gives as its entity tag."


def mutation_root(registry: Registry) -> GraphQLObjectType | None:
    """Give the type of mutations; None: nothing may be written."""
    fields = {name: field for table in registry.catalog.tables.values() for name, field in _fields(registry, table)}
    fields |= registry.plugins.mutations
    return registry.once("mutation_root", GraphQLObjectType, fields=dict(sorted(fields.items()))) if fields else None


def _fields(registry: Registry, table: Table) -> Iterator[tuple[str, GraphQLField]]:
    name, actions = registry.names_of(table.name).table, registry.actions_on(table.name)
    row, response = row_type(registry, table.name), GraphQLNonNull(_response_type(registry, table))
    if "insert" in actions:
        new = GraphQLNonNull(insert_type(registry, table))
        more = _conflict(registry, table) if "update" in actions else {}
        args = {"objects": GraphQLArgument(GraphQLNonNull(GraphQLList(new))), **more}
        yield f"insert_{name}", _field(registry, response, args, "insert", table)
        yield f"insert_{name}_one", _field(registry, row, {"object": GraphQLArgument(new), **more}, "insert_one", table)
    if "update" in actions and settable(table):
        values = {"_set": GraphQLArgument(set_type(registry, table))}
        yield f"update_{name}", _field(registry, response, {**_where(registry, table), **values}, "update", table)
        key = {"pk_columns": GraphQLArgument(GraphQLNonNull(key_type(registry, table)))}
        args = {**key, **values, **_version()}
        yield f"update_{name}_by_pk", _field(registry, row, args, "update_key", table)
        updates = GraphQLNonNull(GraphQLList(GraphQLNonNull(updates_type(registry, table))))
        several = GraphQLNonNull(GraphQLList(response))
        yield f"update_{name}_many", _field(registry, several, _one("updates", updates), "update_many", table)
    if "delete" in actions:
        yield f"delete_{name}", _field(registry, response, _where(registry, table), "delete", table)
        args = {**key_arguments(registry, table), **_version()}
        yield f"delete_{name}_by_pk", _field(registry, row, args, "delete_key", table)


def _field(
    registry: Registry, type_: GraphQLOutputType, args: dict[str, GraphQLArgument], kind: MutationKind, table: Table
) -> GraphQLField:
    args = {**args, **_one("at", branch_input(registry))}
    return GraphQLField(type_, args=args, description=table.comment, extensions=bound(MutationField(kind, table)))


def _response_type(registry: Registry, table: Table) -> GraphQLObjectType:
    fields = {
        "affected_rows": GraphQLField(GraphQLNonNull(GraphQLInt), extensions=bound(ResponseField("affected_rows"))),
        "returning": GraphQLField(many(row_type(registry, table.name)), extensions=bound(ResponseField("returning"))),
    }
    return registry.once(f"{registry.names_of(table.name).table}_mutation_response", GraphQLObjectType, fields=fields)


def _one(name: str, type_: GraphQLInputType) -> dict[str, GraphQLArgument]:
    return {name: GraphQLArgument(type_)}


def _where(registry: Registry, table: Table) -> dict[str, GraphQLArgument]:
    return {
        "where": GraphQLArgument(
            GraphQLNonNull(condition_type(registry, table.name)), description="Which rows; {} means every row."
        )
    }


def _conflict(registry: Registry, table: Table) -> dict[str, GraphQLArgument]:
    return _one("on_conflict", conflict_type(registry, table))


def _version() -> dict[str, GraphQLArgument]:
    return {"if_version": GraphQLArgument(GraphQLString, description=_VERSION)}


def branch_input(registry: Registry) -> GraphQLInputObjectType:
    """Give the input type that names a branch."""
    fields = {"branch": GraphQLInputField(GraphQLNonNull(GraphQLString))}
    description = "A branch to write to or to follow; all mutations of an operation write to the same."
    return registry.once("at_branch_input", GraphQLInputObjectType, fields=fields, description=description)
