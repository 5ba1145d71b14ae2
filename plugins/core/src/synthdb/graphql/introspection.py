"""What a schema says about itself: made once, away from the event loop, and kept as bytes."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final

from synthdb.graphql.computing import computed
from synthdb_host.errors import Unavailable

__all__ = ["Introspection"]

_MOST_BYTES: Final = 32 * 1024 * 1024
_MOST_WAITING: Final = 16
"""Questions that may wait for their turn; more are turned away."""


class Introspection:
    """Keeps the answers of introspection, which take a second where there are hundreds of tables."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = asyncio.Lock()
        self._waiting = 0

    async def get(self, key: Hashable | None, make: Callable[[], bytes]) -> bytes:
        """Give the answer of a key, made if it is not there; None: it is not kept.

        Raises:
            Unavailable: too many others wait for theirs.
        """
        found = None if key is None else self._kept.get(key)
        if found is None:
            found = await self._made(key, make)
        if key in self._kept:
            self._kept.move_to_end(key)
        return found

    async def _made(self, key: Hashable | None, make: Callable[[], bytes]) -> bytes:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("Too many ask for the schema.", hint="Ask again a little later.")
        self._waiting += 1
        try:
            # One at a time, so that a burst of them leaves the server to others.
            async with self._lock:
                found = None if key is None else self._kept.get(key)
                return found if found is not None else self._keep(key, await computed(make))
        finally:
            self._waiting -= 1

    def _keep(self, key: Hashable | None, data: bytes) -> bytes:
        if key is not None and len(data) <= _MOST_BYTES:
            self._kept[key] = data
            self._bytes += len(data)
            while self._bytes > _MOST_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])
        return data
