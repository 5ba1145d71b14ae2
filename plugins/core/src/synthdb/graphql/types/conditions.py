"""Input types of conditions: on a table's rows, and on one value."""

from collections.abc import Iterator, Mapping
from typing import Final

from graphql import (
    GraphQLBoolean,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLString,
)

from synthdb.graphql.bindings import (
    ColumnField,
    Comparing,
    HavingKeys,
    Joining,
    RelatedAggregate,
    RelationField,
    TableType,
    bound,
)
from synthdb.graphql.scalars import scalar_of
from synthdb.graphql.types.registry import Registry
from synthdb_host.catalog import Table

__all__ = ["comparison_type", "condition_type"]

_PLAIN: Final = ("eq", "neq")
_SORTED: Final = ("gt", "gte", "lt", "lte")
_LISTED: Final = {"_in": Comparing("in"), "_nin": Comparing("in", negated=True)}
_TEXT: Final = {
    "_like": Comparing("like"),
    "_nlike": Comparing("like", negated=True),
    "_ilike": Comparing("ilike"),
    "_nilike": Comparing("ilike", negated=True),
    "_regex": Comparing("match"),
    "_nregex": Comparing("match", negated=True),
    "_iregex": Comparing("imatch"),
    "_niregex": Comparing("imatch", negated=True),
}
_JSON: Final = {"_contains": Comparing("cs"), "_contained_in": Comparing("cd")}
_UNSORTED: Final = frozenset({"jsonb", "bytea"})


def condition_type(registry: Registry, table: str) -> GraphQLInputObjectType:
    """Give the input type of conditions on a table's rows; several in one object must all hold."""
    found = registry.catalog.table(table)
    return registry.once(
        f"{registry.names_of(table).table}_bool_exp",
        GraphQLInputObjectType,
        fields=lambda: _fields(registry, found),
        extensions=bound(TableType(found)),
    )


def comparison_type(registry: Registry, scalar: GraphQLScalarType) -> GraphQLInputObjectType:
    """Give the input type of conditions on a value of a type."""
    return registry.once(
        f"{scalar.name}_comparison_exp", GraphQLInputObjectType, fields=lambda: dict(_operators(scalar))
    )


def _fields(registry: Registry, table: Table) -> Mapping[str, GraphQLInputField]:
    names, own = registry.names_of(table.name), condition_type(registry, table.name)
    several = GraphQLList(GraphQLNonNull(own))
    fields = {
        "_and": GraphQLInputField(several, extensions=bound(Joining("and"))),
        "_not": GraphQLInputField(own, extensions=bound(Joining("not"))),
        "_or": GraphQLInputField(several, extensions=bound(Joining("or"))),
    }
    for column in table.columns:
        comparison = comparison_type(registry, scalar_of(column.type))
        fields[names.columns[column.name]] = GraphQLInputField(comparison, extensions=bound(ColumnField(column)))
    for name, relation in names.relations:
        extensions = bound(RelationField(relation))
        fields[name] = GraphQLInputField(condition_type(registry, relation.table), extensions=extensions)
        if relation.many:
            extensions = bound(RelatedAggregate(relation))
            fields[f"{name}_aggregate"] = GraphQLInputField(
                _aggregate_type(registry, relation.table), extensions=extensions
            )
    return fields


def _aggregate_type(registry: Registry, table: str) -> GraphQLInputObjectType:
    """Give the input type of conditions on the number of a row's related rows."""
    name = f"{registry.names_of(table).table}_aggregate_bool_exp"

    def counted() -> GraphQLInputObjectType:
        fields = {
            "filter": GraphQLInputField(condition_type(registry, table), description="Which rows are counted."),
            "predicate": GraphQLInputField(GraphQLNonNull(comparison_type(registry, GraphQLInt))),
        }
        return registry.once(f"{name}_count", GraphQLInputObjectType, fields=fields)

    return registry.once(name, GraphQLInputObjectType, fields=lambda: {"count": GraphQLInputField(counted())})


def _operators(scalar: GraphQLScalarType) -> Iterator[tuple[str, GraphQLInputField]]:
    operators = _PLAIN if scalar.name in _UNSORTED else (*_PLAIN, *_SORTED)
    for operator in operators:
        yield f"_{operator}", _operator(scalar, Comparing(operator))
    yield "_is_null", _operator(GraphQLBoolean, Comparing("is"))
    for name, comparing in _LISTED.items():
        yield name, _operator(GraphQLList(GraphQLNonNull(scalar)), comparing)
    if scalar.name == "jsonb":
        keys = GraphQLList(GraphQLNonNull(GraphQLString))
        yield "_has_key", GraphQLInputField(GraphQLString, extensions=bound(HavingKeys("one")))
        yield "_has_keys_any", GraphQLInputField(keys, extensions=bound(HavingKeys("any")))
        yield "_has_keys_all", GraphQLInputField(keys, extensions=bound(HavingKeys("all")))
    for name, comparing in {"String": _TEXT, "jsonb": _JSON}.get(scalar.name, {}).items():
        yield name, _operator(scalar, comparing)


def _operator(operand: GraphQLInputType, comparing: Comparing) -> GraphQLInputField:
    return GraphQLInputField(operand, extensions=bound(comparing))
