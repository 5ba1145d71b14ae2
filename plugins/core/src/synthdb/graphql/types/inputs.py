"""Input types of what is written: new rows, what is set on rows, and what happens to rows that are there already."""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
)

from synthdb.graphql.bindings import ColumnField, NestedField, TableType, bound
from synthdb.graphql.names import distinct
from synthdb.graphql.scalars import scalar_of
from synthdb.graphql.types.aggregates import select_column_type
from synthdb.graphql.types.conditions import condition_type
from synthdb.graphql.types.registry import Registry
from synthdb_host.catalog import Column, Relation, Table

__all__ = ["conflict_type", "insert_type", "key_type", "set_type", "settable", "updates_type"]


def insert_type(registry: Registry, table: Table) -> GraphQLInputObjectType:
    """Give the type of a new row, with new rows that are related to it."""
    names = registry.names_of(table.name)

    def fields() -> Mapping[str, GraphQLInputField]:
        found = {names.columns[column.name]: _column(column) for column in table.columns}
        for name, relation in names.relations:
            if "insert" in registry.actions_on(relation.table):
                nested = _nested_type(registry, relation)
                found[name] = GraphQLInputField(nested, extensions=bound(NestedField(relation)))
        return found

    extensions = bound(TableType(table))
    return registry.once(f"{names.table}_insert_input", GraphQLInputObjectType, fields=fields, extensions=extensions)


def _nested_type(registry: Registry, relation: Relation) -> GraphQLInputObjectType:
    """Give the type of rows that are written with the one that they are related to."""
    table = registry.catalog.table(relation.table)
    kind = "arr" if relation.many else "obj"

    def fields() -> Mapping[str, GraphQLInputField]:
        row = GraphQLNonNull(insert_type(registry, table))
        data: Any = GraphQLNonNull(GraphQLList(row)) if relation.many else row
        found = {"data": GraphQLInputField(data)}
        if "update" in registry.actions_on(table.name):
            found["on_conflict"] = GraphQLInputField(conflict_type(registry, table))
        return found

    name = f"{registry.names_of(table.name).table}_{kind}_rel_insert_input"
    return registry.once(name, GraphQLInputObjectType, fields=fields)


def conflict_type(registry: Registry, table: Table) -> GraphQLInputObjectType:
    """Give the type of what an insert does with rows that are there already."""
    name = registry.names_of(table.name).table
    fields = {
        "constraint": GraphQLInputField(
            _constraint_type(registry, table), description="The unique key that rows may have already."
        ),
        "columns": GraphQLInputField(
            _several(select_column_type(registry, table)), description="The columns of that key, instead of its name."
        ),
        "where": GraphQLInputField(
            condition_type(registry, table.name), description="Leave rows alone for which this does not hold."
        ),
    }
    if settable(table):
        columns = GraphQLNonNull(_several(_update_column_type(registry, table)))
        description = "The columns that are set on rows that are there; none: these are left alone."
        fields["update_columns"] = GraphQLInputField(columns, default_value=[], description=description)
    return registry.once(f"{name}_on_conflict", GraphQLInputObjectType, fields=fields)


def _constraint_type(registry: Registry, table: Table) -> GraphQLEnumType:
    name = registry.names_of(table.name).table
    primary = f"{name}_pkey"
    called = distinct([key.name for key in table.unique_keys], {primary})
    values = {called[key.name]: GraphQLEnumValue(key.columns, _listed(key.columns)) for key in table.unique_keys}
    values[primary] = GraphQLEnumValue(table.key, _listed(table.key))
    return registry.once(f"{name}_constraint", GraphQLEnumType, values=dict(sorted(values.items())))


def _listed(columns: tuple[str, ...]) -> str:
    return f"Unique: {', '.join(columns)}."


def _update_column_type(registry: Registry, table: Table) -> GraphQLEnumType:
    names = registry.names_of(table.name)
    values = {names.columns[column.name]: GraphQLEnumValue(column.name) for column in settable(table)}
    return registry.once(f"{names.table}_update_column", GraphQLEnumType, values=values)


def settable(table: Table) -> list[Column]:
    """Give the columns that can be changed: all but the one that a row is known by for ever."""
    return [column for column in table.columns if column.name != table.identity]


def set_type(registry: Registry, table: Table) -> GraphQLInputObjectType:
    """Give the type of what is set on rows; a column that is left out stays."""
    names = registry.names_of(table.name)
    fields = {names.columns[column.name]: _column(column) for column in settable(table)}
    return registry.once(f"{names.table}_set_input", GraphQLInputObjectType, fields=fields)


def key_type(registry: Registry, table: Table) -> GraphQLInputObjectType:
    """Give the type of the key of a row."""
    names = registry.names_of(table.name)
    fields = {
        names.columns[name]: GraphQLInputField(
            GraphQLNonNull(scalar_of(table.column(name).type)), extensions=bound(ColumnField(table.column(name)))
        )
        for name in table.key
    }
    return registry.once(f"{names.table}_pk_columns_input", GraphQLInputObjectType, fields=fields)


def updates_type(registry: Registry, table: Table) -> GraphQLInputObjectType:
    """Give the type of one of several updates."""
    fields = {
        "where": GraphQLInputField(GraphQLNonNull(condition_type(registry, table.name))),
        "_set": GraphQLInputField(set_type(registry, table)),
    }
    return registry.once(f"{registry.names_of(table.name).table}_updates", GraphQLInputObjectType, fields=fields)


def _several(type_: GraphQLEnumType) -> GraphQLList[Any]:
    return GraphQLList(GraphQLNonNull(type_))


def _column(column: Column) -> GraphQLInputField:
    return GraphQLInputField(scalar_of(column.type), description=column.comment, extensions=bound(ColumnField(column)))
