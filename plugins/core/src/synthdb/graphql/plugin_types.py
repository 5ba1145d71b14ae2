"""The fields that plugins add: Strawberry's types, made into those of graphql-core once, under the plugin's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import strawberry
from graphql import GraphQLField, GraphQLNamedType, GraphQLSchema, is_introspection_type, is_specified_scalar_type
from strawberry.directive import StrawberryDirective
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import StrawberryType

from synthdb_host.contracts import GraphqlType
from synthdb_host.contributions import Contribution, graphql_field
from synthdb_host.errors import ConfigurationError

__all__ = ["PluginTypes"]


@dataclass(frozen=True, slots=True)
class PluginTypes:
    """The root fields of all plugins in queries and mutations, by name, and all types that they lead to."""

    fields: Mapping[str, GraphQLField] = field(default_factory=dict)
    mutations: Mapping[str, GraphQLField] = field(default_factory=dict)
    types: Mapping[str, GraphQLNamedType] = field(default_factory=dict)

    @classmethod
    def of(cls, contributions: Sequence[Contribution[GraphqlType]]) -> Self:
        """Make the types of what plugins contribute.

        Raises:
            ConfigurationError: a type is not Strawberry's, cannot be made without arguments, or two plugins have types
                of one name.
        """
        fields: dict[str, GraphQLField] = {}
        mutations: dict[str, GraphQLField] = {}
        types: dict[str, GraphQLNamedType] = {}
        owners: dict[str, str] = {}
        for one in contributions:
            name = graphql_field(one.plugin)
            schema, found = _made(one, name)
            for called, kind in found.items():
                if types.setdefault(called, kind) is not kind:
                    raise ConfigurationError(
                        f"plugins {owners[called]} and {one.plugin} both have a GraphQL type {called!r}: disable one"
                    )
                owners[called] = one.plugin
            # It can be null, so that an error below it is the plugin's alone.
            fields[name] = _field(schema.query_type, one.record.query)
            if one.record.mutation is not None:
                mutations[name] = _field(schema.mutation_type, one.record.mutation)
        return cls(fields, mutations, types)

    @property
    def names(self) -> frozenset[str]:
        """What a table cannot be called."""
        return frozenset({*self.fields, *self.types})


def _field(type_: Any, made: type) -> GraphQLField:  # noqa: ANN401 - a type that was just made
    return GraphQLField(type_, resolve=lambda _root, _info: made(), description=type_.description)


def _made(one: Contribution[GraphqlType], name: str) -> tuple[GraphQLSchema, dict[str, GraphQLNamedType]]:
    query, mutation = one.record.query, one.record.mutation
    try:
        query()
        if mutation is not None:
            mutation()
        schema = strawberry.Schema(query, mutation, config=StrawberryConfig(name_converter=_Prefixed(name)))
    except Exception as error:
        raise ConfigurationError(f"plugin {one.plugin}, synthdb_graphql_types: {error}") from error
    graphql = schema._schema  # noqa: SLF001 - Strawberry keeps the types to itself; its version is pinned
    own = {
        called: kind
        for called, kind in graphql.type_map.items()
        if not is_introspection_type(kind) and not is_specified_scalar_type(kind)
    }
    return graphql, own


class _Prefixed(NameConverter):
    """Names types with the plugin's field before them, and fields as they are written."""

    def __init__(self, prefix: str) -> None:
        super().__init__(auto_camel_case=False)
        self._prefix = prefix

    def from_type(self, type_: StrawberryType | StrawberryDirective[Any]) -> str:
        """Name a type, but those that the specification names."""
        name = super().from_type(type_)
        return name if name in _SPECIFIED else f"{self._prefix}_{name}"


_SPECIFIED = frozenset({"Boolean", "Float", "ID", "Int", "String"})
