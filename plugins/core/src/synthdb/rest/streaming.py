"""Answers of any length: rows are sent as they are read, so that memory holds a few of them at a time."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import falcon.asgi

from synthdb.rest.ranges import content_range, page_status
from synthdb.rest.shapes import Shape
from synthdb_host.contracts import Context, RowWriter
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import RequestError, Timeout, Unavailable, UnsupportedCapability
from synthdb_host.gate import Gate
from synthdb_host.gated import GatedStream
from synthdb_host.operations import Select
from synthdb_host.settings import HostSettings

__all__ = ["Streams"]

_log = logging.getLogger("synthdb.core")

_PIECE_ROWS: Final = 2_000

_TURNS: Final = 2
"""Streams that read at the same time; the worker's other reader threads are for reads that end soon."""


class Streams:
    """Answers reads of more rows than fit into one body.

    Args:
        gate: the way to data.
        settings: the host's settings; its limits are those of streams too.
    """

    def __init__(self, gate: Gate, settings: HostSettings) -> None:
        self._gate = gate
        self._limits = settings.limits
        self._open = 0
        self._turns = asyncio.Semaphore(_TURNS)

    def takes(self, shape: Shape, select: Select) -> bool:
        """Say whether a read is to be streamed: it may have more rows than one body, in a form that can be streamed."""
        limit = select.limit
        return shape.representation.writer is not None and (limit is None or limit > self._limits.max_rows)

    async def answer(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, shape: Shape, select: Select) -> bool:
        """Answer with a stream, or with a body if all rows are read at once; False: the storage has no streams.

        Raises:
            RequestError: it cannot be read; after the first rows were read, the answer is broken off instead.
            Unavailable: there are too many streams already.
        """
        make = shape.representation.writer
        if make is None:
            return False
        self._admit()
        try:
            caller: Context = req.context.caller
            stream = await self._gate.stream(shape.database, select, caller)
        except BaseException as error:
            self._leave()
            if isinstance(error, UnsupportedCapability):
                return False
            raise
        pace = _Pace(self._limits.max_stream_seconds, self._limits.statement_timeout_seconds, self._turns)
        body = _Body(stream, make, pace, req.context.request_id, self._leave)
        try:
            is_whole = await body.begin()
            self._describe(resp, shape, select, body, is_whole=is_whole)
        except BaseException:
            await body.close()
            raise
        if is_whole or req.method == "HEAD":
            await body.close()
        if is_whole:
            resp.data = body.first
        else:
            resp.stream = body  # of which HEAD is given nothing, not even a length
        return True

    def _describe(
        self, resp: falcon.asgi.Response, shape: Shape, select: Select, body: "_Body", *, is_whole: bool
    ) -> None:
        resp.content_type = shape.representation.content_type
        total = body.total
        if is_whole or total is not None:
            rest = max((total or 0) - select.offset, 0)
            count = body.rows if is_whole else min(rest, rest if select.limit is None else select.limit)
            resp.set_header("Content-Range", content_range(select.offset, count, total))
            resp.status = page_status(select.offset, count, total)

    def _admit(self) -> None:
        if self._open >= self._limits.max_streams:
            raise Unavailable(
                f"{self._open} long answers are being sent already.", hint="Try again later.", data={"retry_after": 5}
            )
        self._open += 1

    def _leave(self) -> None:
        self._open -= 1


@dataclass(frozen=True, slots=True)
class _Pace:
    """How many seconds a whole answer may take, and the reading of each of its pieces, which has its turn."""

    whole: float
    piece: float
    turns: asyncio.Semaphore


class _Body:
    """A body for Falcon: its pieces, one after another. It lets go of the rows when it is closed, or too slow.

    What goes wrong once the answer has begun cannot be told any more, so the answer is broken off: the connection is
    closed without the end of the body, which every client of HTTP/1.1 notices.
    """

    def __init__(
        self,
        stream: GatedStream,
        make: Callable[[RowEncoder], RowWriter],
        pace: _Pace,
        request_id: str,
        leave: Callable[[], None],
    ) -> None:
        self._stream = stream
        self._make = make
        self._writer: RowWriter | None = None
        self._pace = pace
        self._request_id = request_id
        self._leave: Callable[[], None] | None = leave
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(pace.whole, self._expire)
        self._is_sent = self._is_finished = False
        self.total = stream.total
        self.rows = 0
        self.first = b""

    async def begin(self) -> bool:
        """Read the first rows, and say whether they are all."""
        while not self._is_finished and len(self.first) < 1:
            self.first += await self._next()
        if not self._is_finished:
            self.first += await self._next()
        return self._is_finished

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._is_sent:
            self._is_sent = True
            first, self.first = self.first, b""
            return first
        if self._is_finished:
            raise StopAsyncIteration
        try:
            return await self._next()
        except RequestError as error:
            self._report(error)
            # Whatever is raised here ends the connection; this alone does so without a traceback in the log.
            raise asyncio.CancelledError from error

    async def close(self) -> None:
        """Let go of the rows; Falcon calls it when the body is sent or given up."""
        self._timer.cancel()
        self._stream.close()
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    async def _next(self) -> bytes:
        writer = self._writer = self._writer or self._make(self._stream.encoder)

        def write(rows: Sequence[Sequence[Any]]) -> bytes:
            self.rows += len(rows)
            return writer.write(rows)

        async with self._pace.turns:
            piece = await self._stream.read(_PIECE_ROWS, write, time.monotonic() + self._pace.piece)
        if piece is not None:
            return piece
        self._is_finished = True
        return writer.finish()

    def _expire(self) -> None:
        self._report(Timeout(f"It took longer than {self._pace.whole:g} seconds."))
        self._stream.close()
        if self._task is not None:
            self._task.cancel()

    def _report(self, error: RequestError) -> None:
        facts = {"request_id": self._request_id, "code": error.code, "rows": self.rows}
        _log.warning("an answer was broken off: %s", error.detail, extra={"facts": facts})
