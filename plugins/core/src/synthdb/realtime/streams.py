"""One follower's stream of events, from the first to the last."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Final

import msgspec

from synthdb.realtime.events import beat, changes, event, retry
from synthdb.realtime.requests import Asked
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Context, Credentials
from synthdb_host.errors import FellBehind, HistoryGone, RequestError, Timeout
from synthdb_host.feeds import Feed, Page
from synthdb_host.filters import Filter
from synthdb_host.gate import Gate
from synthdb_host.operations import Ref, Select
from synthdb_host.problems import encode, translate
from synthdb_host.settings import Limits

__all__ = ["EventStream"]

_log = logging.getLogger("synthdb.core")

_RETRY_MILLISECONDS: Final = 2_000
_SPREAD_MILLISECONDS: Final = (200, 3_000)
"""Who is sent away because the server stops comes back at some moment in between, and not all at once."""

_ASK_SECONDS: Final = 1.0
"""Who asks is asked for again at most so often."""

_PIECE_ROWS: Final = 500


class EventStream:
    """The body of an answer: an asynchronous iterable of bytes. Whoever opens it closes it.

    Args:
        gate: the way to data.
        asked: what is followed.
        caller: who follows.
        credentials: what proves it, looked at again while the stream lasts.
        settings: how long what may take.
        limits: what a snapshot may cost.
    """

    def __init__(
        self,
        gate: Gate,
        asked: Asked,
        caller: Context,
        credentials: Credentials,
        settings: CoreSettings,
        limits: Limits,
    ) -> None:
        self._gate = gate
        self._asked = asked
        self._caller = replace(caller, deadline=None)
        self._credentials = credentials
        self._settings = settings
        self._limits = limits
        self._feed: Feed | None = None
        self._next: asyncio.Task[Page | None] | None = None
        self._is_lost = False
        self._reason = "stopping"
        self._asked_at = time.monotonic()
        self._ends = self._asked_at + settings.realtime_lifetime_seconds

    async def open(self) -> None:
        """Begin to follow, where it was left off if that is still possible.

        Raises:
            RequestError: it is refused.
        """
        asked = self._asked
        try:
            self._feed = await self._gate.follow(asked.database, asked.follow, self._caller)
        except HistoryGone:
            self._is_lost = True
            self._feed = await self._gate.follow(asked.database, replace(asked.follow, since=None), self._caller)

    async def close(self) -> None:
        """Follow no more; harmless a second time."""
        if self._next is not None:
            self._next.cancel()
        if self._feed is not None:
            self._feed.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._pieces():
                yield piece
        finally:
            await self.close()

    async def _pieces(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._beginning():
                yield piece
            while (found := await self._wait()) is not None:
                for piece in found:
                    yield piece
        except FellBehind:
            yield event("resync", {"reason": FellBehind.code, "lost": False})
        except HistoryGone:
            yield event("resync", {"reason": HistoryGone.code, "lost": True})
        except Exception as error:  # noqa: BLE001 - the answer has begun: whatever it is, is said in it
            problem = translate(error)
            if problem.code == "internal_error":
                _log.exception("a feed failed", extra={"request_id": self._caller.request_id})
            yield event("problem", encode(problem, "", self._caller.request_id))
        else:
            if self._reason == "stopping":
                yield retry(random.randint(*_SPREAD_MILLISECONDS))  # noqa: S311 - no secret
            yield event("end", {"reason": self._reason})

    async def _beginning(self) -> AsyncIterator[bytes]:
        feed = self._followed()
        yield retry(_RETRY_MILLISECONDS)
        if self._is_lost:
            yield event("resync", {"reason": HistoryGone.code, "lost": True})
        begins = feed.offset
        if self._asked.snapshot and (self._is_lost or self._asked.follow.since is None) and begins.commit:
            async for piece in self._snapshot(begins.commit):
                yield piece
        yield event("ready", {"seq": str(begins)}, begins)

    async def _snapshot(self, commit: int) -> AsyncIterator[bytes]:
        """Send the rows as they were after a commit: those that the changes after it are changes of."""
        asked, ref = self._asked, Ref(self._asked.follow.branch, str(commit))
        ends = time.monotonic() + self._limits.max_stream_seconds
        tables: Mapping[str, Filter | None] = asked.follow.tables
        if not tables:
            tables = dict.fromkeys((await self._gate.catalog(asked.database, self._caller, ref)).tables)
        for name, where in tables.items():
            caller = replace(self._caller, deadline=time.monotonic() + self._limits.statement_timeout_seconds)
            stream = await self._gate.stream(asked.database, Select(name, where=where, ref=ref), caller)
            try:
                while (rows := await stream.read(_PIECE_ROWS, stream.encoder.json)) is not None:
                    yield event("rows", b'{"table":%s,"rows":%s}' % (msgspec.json.encode(name), rows))
                    if time.monotonic() > ends:
                        raise Timeout("What is there took too long to be sent.", hint="Follow fewer tables.")
            finally:
                stream.close()

    async def _wait(self) -> list[bytes] | None:
        """Give what is to be sent next: changes, or a sign of life; None: it is over."""
        now = time.monotonic()
        if now >= self._ends:
            self._reason = "lifetime"
            return None
        if self._next is None:
            self._next = asyncio.ensure_future(anext(self._followed(), None))
        timeout = min(self._settings.realtime_heartbeat_seconds, self._ends - now)
        done, _ = await asyncio.wait({self._next}, timeout=timeout)
        if not await self._is_same():
            self._reason = "principal"
            return None
        if not done:
            return [beat(self._followed().offset)]
        page, self._next = self._next.result(), None
        return None if page is None else list(changes(page))

    async def _is_same(self) -> bool:
        """Say whether who follows is still who he was: his token may be over, or mean something else.

        Raises:
            Unauthenticated: it is over.
        """
        now = time.monotonic()
        if now - self._asked_at < _ASK_SECONDS:
            return True
        self._asked_at = now
        return await self._gate.authenticate(self._credentials) == self._caller.principal

    def _followed(self) -> Feed:
        if self._feed is None:
            raise RequestError("The stream was not opened.")
        return self._feed
