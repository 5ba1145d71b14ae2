"""The types of one schema while it is built: each is made once, and may be named before it is made."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar, cast

from graphql import GraphQLNamedType

from synthdb.graphql.names import Names, TableNames
from synthdb.graphql.plugin_types import PluginTypes
from synthdb_host.catalog import Catalog, Table

__all__ = ["NODE_ID", "Registry"]

NODE_ID: Final = "nodeId"
"""The field of a global id; tables have columns of their own that are called id."""

T = TypeVar("T", bound=GraphQLNamedType)


class Registry:
    """Makes the types of a catalog.

    Args:
        catalog: the tables as a caller sees them.
        plugins: the fields that plugins add.
        actions: what the caller may do with each table but to read it.
        relay: whether there are connections and global ids.
    """

    def __init__(
        self, catalog: Catalog, plugins: PluginTypes, actions: Mapping[str, frozenset[str]], *, relay: bool
    ) -> None:
        self.catalog = catalog
        self.plugins = plugins
        self.relay = relay
        self.names = Names(catalog, plugins.names)
        self._actions = actions
        self._made: dict[str, GraphQLNamedType] = {}

    def names_of(self, table: str) -> TableNames:
        """Give the names of a table and its parts."""
        return self.names.tables[table]

    def actions_on(self, table: str) -> frozenset[str]:
        """Give what the caller may do with a table but to read it."""
        return self._actions.get(table, frozenset())

    def is_node(self, table: Table) -> bool:
        """Say whether rows of a table have a global id: they have a key, and nothing else is called so."""
        names = self.names_of(table.name)
        taken = NODE_ID in names.columns.values() or any(name == NODE_ID for name, _ in names.relations)
        return self.relay and bool(table.key) and not taken

    def is_connected(self, table: str) -> bool:
        """Say whether there are connections to a table: its rows have one order, by columns that the caller sees."""
        found = self.catalog.table(table)
        return self.relay and (bool(found.key) or found.identity in found.by_name)

    def once(self, name: str, make: Callable[..., T], **facts: Any) -> T:  # noqa: ANN401 - what the type's class takes
        """Give the type of a name, made with these facts where it is not there yet."""
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = make(name, **facts)
        return cast("T", found)
