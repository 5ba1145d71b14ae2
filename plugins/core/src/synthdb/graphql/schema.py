"""The schema of a catalog, as Strawberry's class; the only module that knows what that keeps to itself."""

from collections.abc import Mapping
from functools import cached_property

import strawberry
from graphql import GraphQLSchema, print_schema

from synthdb.graphql.names import Names
from synthdb.graphql.plugin_types import PluginTypes
from synthdb.graphql.subscriptions.types import subscription_root
from synthdb.graphql.types.mutations import mutation_root
from synthdb.graphql.types.registry import Registry
from synthdb.graphql.types.roots import query_root
from synthdb_host.catalog import Catalog

__all__ = ["Schema"]


@strawberry.type
class _Nothing:
    nothing: bool = False


class Schema(strawberry.Schema):
    """A schema made from a catalog, with the fields that plugins add, and mutations as far as actions are allowed.

    With ``relay`` there are connections and global ids.
    ``key`` says all that it depends on while the process lives; equal keys are equal schemas.
    """

    def __init__(
        self,
        catalog: Catalog,
        key: str,
        plugins: PluginTypes | None = None,
        actions: Mapping[str, frozenset[str]] | None = None,
        *,
        relay: bool = True,
    ) -> None:
        super().__init__(query=_Nothing)
        plugins = plugins or PluginTypes()
        registry = Registry(catalog, plugins, actions or {}, relay=relay)
        self.catalog = catalog
        self.key = key
        self.names: Names = registry.names
        self._schema = GraphQLSchema(
            query=query_root(registry),
            mutation=mutation_root(registry),
            subscription=subscription_root(registry),
            types=tuple(plugins.types.values()),
        )
        # Resolvers of Strawberry find their schema there.
        self._schema._strawberry_schema = self  # type: ignore[attr-defined] # noqa: SLF001 - as Strawberry itself does

    @property
    def graphql(self) -> GraphQLSchema:
        """The schema as graphql-core has it."""
        return self._schema

    @cached_property
    def sdl(self) -> str:
        """The schema in the schema definition language."""
        return print_schema(self._schema) + "\n"
