"""The schema of a catalog, as Strawberry's class; the only module that knows what that keeps to itself."""

from functools import cached_property

import strawberry
from graphql import GraphQLSchema, print_schema

from synthdb.graphql.names import Names
from synthdb.graphql.types.registry import Registry
from synthdb.graphql.types.roots import query_root
from synthdb_host.catalog import Catalog

__all__ = ["Schema"]


@strawberry.type
class _Nothing:
    nothing: bool = False


class Schema(strawberry.Schema):
    """A schema made from a catalog. ``key`` says all that it depends on; equal keys are equal schemas."""

    def __init__(self, catalog: Catalog, key: str) -> None:
        super().__init__(query=_Nothing)
        registry = Registry(catalog)
        self.key = key
        self.names: Names = registry.names
        self._schema = GraphQLSchema(query=query_root(registry))

    @property
    def graphql(self) -> GraphQLSchema:
        """The schema as graphql-core has it."""
        return self._schema

    @cached_property
    def sdl(self) -> str:
        """The schema in the schema definition language."""
        return print_schema(self._schema) + "\n"
