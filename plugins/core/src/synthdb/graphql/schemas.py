"""Schemas, each made once and kept as long as it is asked for."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from synthdb.graphql.computing import computed
from synthdb.graphql.plugin_types import PluginTypes
from synthdb.graphql.schema import Schema
from synthdb.rest.allowing import is_writable
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Context, Resource
from synthdb_host.gate import Gate
from synthdb_host.operations import HEAD, Ref

__all__ = ["Known", "Schemas"]

_ACTIONS: Final = ("insert", "update", "delete")
_Actions = frozenset[str] | Mapping[str, frozenset[str]]
"""What may be done: with every table the same, as nearly always, or with each its own."""

_MOST: Final = 100
_MOST_VERSIONS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Known:
    """A schema, and the version of the catalog that reads are bound to which are made of it."""

    schema: Schema
    bound: str


class Schemas:
    """Makes schemas and keeps them by what they depend on: the tables as the caller sees them.

    Branches and moments with the same tables share one.
    """

    def __init__(self, gate: Gate, plugins: PluginTypes | None = None, *, relay: bool = True) -> None:
        self._gate = gate
        self._plugins = plugins
        self._relay = relay
        self._kept: OrderedDict[str, Schema] = OrderedDict()
        self._keys: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._lock = asyncio.Lock()

    async def get(self, database: str, ref: Ref | None, caller: Context) -> Schema:
        """Give the schema of a database at a ref as it is now, as a caller sees it.

        Raises:
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        return (await self.known(database, ref, caller, recent=False)).schema

    async def known(self, database: str, ref: Ref | None, caller: Context, *, recent: bool) -> Known:
        """Give the schema and what it is bound to; with ``recent`` it may be as it was a moment ago.

        Raises:
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        catalog = await self._gate.catalog(database, caller, ref or HEAD, recent=recent)
        actions = await self._actions(database, ref or HEAD, catalog, caller)
        version = database, catalog.version, _digest(actions)
        found = self._kept.get(self._keys.get(version, ""))
        if found is None:
            # One at a time: a burst of callers waits for the one that makes it, and the event loop goes on.
            async with self._lock:
                key = self._keys.get(version)
                if key is None:
                    key = f"{await computed(partial(_key, catalog))} {version[2]}"
                found = self._kept.get(key) or self._keep(
                    await computed(
                        partial(Schema, catalog, key, self._plugins, _by_table(actions, catalog), relay=self._relay)
                    )
                )
                self._keys[version] = key
                if len(self._keys) > _MOST_VERSIONS:
                    self._keys.popitem(last=False)
        self._kept.move_to_end(found.key)
        return Known(found, catalog.whole or catalog.version)

    async def _actions(self, database: str, ref: Ref, catalog: Catalog, caller: Context) -> _Actions:
        """Give what the caller may do with each table but to read it."""
        if not is_writable(ref):
            return frozenset()
        if not self._gate.judges_tables:
            return await self._gate.permitted(Resource(database), _ACTIONS, caller)
        return {
            name: await self._gate.permitted(Resource(database, name, str(ref)), _ACTIONS, caller)
            for name in catalog.tables
        }

    def _keep(self, schema: Schema) -> Schema:
        self._kept[schema.key] = schema
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return schema


def _key(catalog: Catalog) -> str:
    """Say all that a schema depends on, but what may be written."""
    return hashlib.blake2b(repr(sorted(catalog.tables.items())).encode(), digest_size=16).hexdigest()


def _by_table(actions: _Actions, catalog: Catalog) -> Mapping[str, frozenset[str]]:
    return dict.fromkeys(catalog.tables, actions) if isinstance(actions, frozenset) else actions


def _digest(actions: _Actions) -> str:
    if isinstance(actions, frozenset):
        return "+".join(sorted(actions))
    text = repr([(name, sorted(allowed)) for name, allowed in sorted(actions.items())])
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
