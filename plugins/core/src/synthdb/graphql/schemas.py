"""Schemas, each made once and kept as long as it is asked for."""

import asyncio
from collections import OrderedDict
from typing import Final

from synthdb.graphql.plugin_types import PluginTypes
from synthdb.graphql.schema import Schema
from synthdb_host.contracts import Context
from synthdb_host.gate import Gate
from synthdb_host.operations import HEAD, Ref

__all__ = ["Schemas"]

_MOST: Final = 100


class Schemas:
    """Makes schemas and keeps them by what they depend on: the catalog as the caller sees it."""

    def __init__(self, gate: Gate, plugins: PluginTypes | None = None) -> None:
        self._gate = gate
        self._plugins = plugins
        self._kept: OrderedDict[str, Schema] = OrderedDict()
        self._lock = asyncio.Lock()

    async def get(self, database: str, ref: Ref | None, caller: Context) -> Schema:
        """Give the schema of a database at a ref, as a caller sees it.

        Raises:
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        catalog = await self._gate.catalog(database, caller, ref or HEAD)
        key = f"{database} {catalog.version}"
        found = self._kept.get(key)
        if found is None:
            # One at a time: a burst of callers waits for the one that makes it, and the event loop goes on.
            async with self._lock:
                found = self._kept.get(key) or self._keep(await asyncio.to_thread(Schema, catalog, key, self._plugins))
        self._kept.move_to_end(key)
        return found

    def _keep(self, schema: Schema) -> Schema:
        self._kept[schema.key] = schema
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return schema
