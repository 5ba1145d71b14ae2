"""Operations over server-sent events: ``graphql-sse`` in its mode of distinct connections."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Final

from synthdb.graphql.refusals import Refused
from synthdb.graphql.requests import Sent
from synthdb.graphql.service import Place, Service
from synthdb.graphql.subscriptions.connection import Terms
from synthdb.graphql.subscriptions.operating import Failed, Stopping, results
from synthdb_host.contracts import Credentials
from synthdb_host.errors import RequestError, Unauthenticated

__all__ = ["EventStream"]

_ASK_SECONDS: Final = 1.0
_BEAT: Final = b":\n\n"
_COMPLETE: Final = b"event: complete\ndata:\n\n"


class EventStream:
    """The body of an answer: an asynchronous iterable of bytes, which has no end before its operation has.

    It ends without the event ``complete`` where the client is to connect again and go on.

    Args:
        service: what answers operations.
        sent: the operation.
        place: what it is about, and who asks.
        credentials: what proves who asks, looked at again while the stream lasts.
        terms: how long what may take.
    """

    def __init__(self, service: Service, sent: Sent, place: Place, credentials: Credentials, terms: Terms) -> None:
        self._gate = service.gate
        self._results = results(service, sent, place)
        self._principal = place.caller.principal
        self._credentials = credentials
        self._terms = terms
        self._next: asyncio.Future[bytes | None] | None = None
        self._asked_at = time.monotonic()
        self._ends = self._asked_at + terms.lifetime_seconds

    async def close(self) -> None:
        """Follow no more; harmless a second time."""
        waiting, self._next = self._next, None
        if waiting is not None:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await self._results.aclose()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            yield _BEAT
            async for piece in self._pieces():
                yield piece
            if time.monotonic() < self._ends:
                yield _COMPLETE
        except Stopping:
            return
        except Failed as failed:
            yield _event(failed.body)
            yield _COMPLETE
        except RequestError as error:
            yield _event(Refused(error).body)
            yield _COMPLETE
        finally:
            await self.close()

    async def _pieces(self) -> AsyncIterator[bytes]:
        while (now := time.monotonic()) < self._ends:
            if self._next is None:
                self._next = asyncio.ensure_future(anext(self._results, None))
            timeout = min(self._terms.heartbeat_seconds, self._ends - now)
            done, _ = await asyncio.wait({self._next}, timeout=timeout)
            await self._ask_again()
            if not done:
                yield _BEAT
                continue
            body, self._next = self._next.result(), None
            if body is None:
                return
            yield _event(body)

    async def _ask_again(self) -> None:
        now = time.monotonic()
        if now - self._asked_at >= _ASK_SECONDS:
            self._asked_at = now
            if await self._gate.authenticate(self._credentials) != self._principal:
                raise Unauthenticated("You are no longer who you were.", hint="Connect again.")


def _event(body: bytes) -> bytes:
    return b"event: next\ndata: %b\n\n" % body
