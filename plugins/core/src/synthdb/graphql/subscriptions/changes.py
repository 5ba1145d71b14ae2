"""The results of one subscription, from the first to the last."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import msgspec

from synthdb.graphql.computing import Turns
from synthdb.graphql.limits import Limits
from synthdb.graphql.subscriptions.events import Event
from synthdb.graphql.subscriptions.watching import Watched
from synthdb_host.contracts import Context
from synthdb_host.errors import HistoryGone, Timeout
from synthdb_host.feeds import Feed
from synthdb_host.gate import Gate
from synthdb_host.operations import Ref, Select

__all__ = ["Changes"]

_PIECE_ROWS: Final = 100
_TURN_ROWS: Final = 10
"""Rows that are written before others have their turn."""

_Row = dict[str, msgspec.Raw]
_rows: Final = msgspec.json.Decoder(list[_Row]).decode


class Changes:
    """An asynchronous iterable of results, each the body of an answer. Whoever opens it closes it.

    It ends when the server stops.

    Args:
        gate: the way to data.
        database: whose changes they are.
        watched: what is followed.
        caller: who follows.
        limits: how long reading the rows may take that are there.
        turns: those of all who read such rows.
    """

    def __init__(
        self, gate: Gate, database: str, watched: Watched, caller: Context, limits: Limits, turns: Turns
    ) -> None:
        self._gate = gate
        self._database = database
        self._watched = watched
        self._caller = replace(caller, deadline=None)
        self._limits = limits
        self._turns = turns
        self._feed: Feed | None = None
        self._is_lost = False

    async def open(self) -> None:
        """Begin to follow, where it was left off if that is still possible.

        Raises:
            RequestError: it is refused.
        """
        follow = self._watched.follow
        try:
            self._feed = await self._gate.follow(self._database, follow, self._caller)
        except HistoryGone:
            self._is_lost = True
            self._feed = await self._gate.follow(self._database, replace(follow, since=None), self._caller)

    def close(self) -> None:
        """Follow no more; harmless a second time."""
        if self._feed is not None:
            self._feed.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        feed, watched = self._feed, self._watched
        assert feed is not None  # noqa: S101 - it was opened
        begins = feed.offset
        if self._is_lost:
            yield self._said("resync")
        if watched.snapshot and (self._is_lost or watched.follow.since is None) and begins.commit:
            async for body in self._snapshot(begins.commit):
                yield body
        yield self._said("ready", str(begins))
        async for page in feed:
            for body in watched.writer.bodies(page):
                yield body

    def _said(self, operation: str, offset: str | None = None) -> bytes:
        return self._watched.writer.body(Event(branch=self._watched.follow.branch, op=operation, seq=offset))

    async def _snapshot(self, commit: int) -> AsyncIterator[bytes]:
        """Give the rows as they were after a commit: those that the changes after it are changes of."""
        watched, branch = self._watched, self._watched.follow.branch
        select = Select(watched.table.name, where=watched.where, ref=Ref(branch, str(commit)))
        begun = time.monotonic()
        caller = replace(self._caller, deadline=begun + self._limits.seconds)
        stream = await self._gate.stream(self._database, select, caller)
        try:
            while (rows := await stream.read(_PIECE_ROWS, stream.encoder.json)) is not None:
                await self._turns.next()
                for number, row in enumerate(_rows(rows), 1):
                    if number % _TURN_ROWS == 0:
                        await self._turns.next()
                    key = b"[%b]" % b",".join([bytes(row[name]) for name in watched.table.key if name in row])
                    yield watched.writer.body(Event(branch=branch, op="row", key=msgspec.Raw(key), new=row))
                if time.monotonic() > begun + self._limits.stream_seconds:
                    raise Timeout("What is there took too long to be sent.", hint="Follow fewer rows.")
        finally:
            stream.close()
