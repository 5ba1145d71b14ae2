"""Documents, each made once and kept as long as it is asked for."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final

from synthdb.openapi.document import encode
from synthdb.openapi.meta_entries import DATABASE_ACTIONS
from synthdb.openapi.scope import Scope, Server
from synthdb.queries.seeing import SeenQueries
from synthdb.rest.assets import entity_tag
from synthdb_host.contracts import Context, Resource
from synthdb_host.gate import Gate
from synthdb_host.operations import HEAD, Ref

__all__ = ["Document", "Documents"]

_MOST_BYTES: Final = 32 * 1024 * 1024
_TABLE_ACTIONS: Final = ("insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a document and their entity tag."""

    data: bytes
    etag: str


class Documents:
    """Makes documents and keeps them by what they depend on: the catalog as the caller sees it, and what he may do."""

    def __init__(self, gate: Gate, server: Server) -> None:
        self._gate = gate
        self._server = server
        self._kept: OrderedDict[object, Document] = OrderedDict()
        self._bytes = 0
        self._lock = asyncio.Lock()

    async def get(self, database: str, ref: Ref | None, caller: Context) -> Document:
        """Give the document of a database at a ref, as a caller sees it.

        Raises:
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        scope = await self._scope(database, ref, caller)
        seen = await SeenQueries.read(self._gate, database, ref or HEAD, scope.catalog, caller)
        key = database, ref, scope.catalog.version, tuple(scope.actions.items()), seen.version
        found = self._kept.get(key)
        if found is None:
            # One at a time: a burst of callers waits for the one that makes it, and the event loop goes on.
            async with self._lock:
                found = self._kept.get(key) or await self._make(key, scope, seen, caller)
        self._kept.move_to_end(key)
        return found

    async def _scope(self, database: str, ref: Ref | None, caller: Context) -> Scope:
        catalog = await self._gate.catalog(database, caller, ref or HEAD)
        place = str(ref or HEAD)
        actions: dict[str | None, frozenset[str]] = {
            None: await self._gate.permitted(Resource(database, ref=place), DATABASE_ACTIONS, caller)
        }
        for name in sorted(catalog.tables):
            actions[name] = await self._gate.permitted(Resource(database, name, place), _TABLE_ACTIONS, caller)
        capabilities = await self._gate.capabilities(database, caller)
        return Scope(self._server, database, ref, catalog, actions, capabilities)

    async def _make(self, key: object, scope: Scope, seen: SeenQueries, caller: Context) -> Document:
        queries = await seen.usable(scope.catalog, caller)
        return self._keep(key, await asyncio.to_thread(_made, replace(scope, queries=queries)))

    def _keep(self, key: object, document: Document) -> Document:
        self._kept[key] = document
        self._bytes += len(document.data)
        while self._bytes > _MOST_BYTES and len(self._kept) > 1:
            self._bytes -= len(self._kept.popitem(last=False)[1].data)
        return document


def _made(scope: Scope) -> Document:
    data = encode(scope)
    return Document(data, entity_tag(data))
