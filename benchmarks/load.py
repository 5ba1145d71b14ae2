"""The load generator: keep-alive connections that send a request, wait for its answer, send the next."""

import asyncio
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Final, TypeVar, cast

__all__ = ["Exchange", "Load", "fetch", "generate"]

T = TypeVar("T")

_TIMEOUT_SECONDS: Final = 60
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it goes over the wire."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self, port: int) -> bytes:
        """Give the bytes to send to a server on loopback."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass(slots=True)
class Load:
    """What happened under load: answers by kind, the time it took, and each answer's latency in seconds.

    ``failed`` are answers that are no success; ``dropped`` are requests whose connection was closed instead.
    """

    succeeded: int = 0
    failed: int = 0
    dropped: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Give the latency that this share of the answers did not exceed, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def generate(port: int, request: Callable[[int], bytes], *, connections: int, seconds: float, at_most: int) -> Load:
    """Load a server for some seconds, or until it has got ``at_most`` requests.

    Args:
        port: where the server listens on 127.0.0.1.
        request: gives the bytes of the n-th request.
        connections: how many requests are under way at a time.
        seconds: when to send no more.
        at_most: how many requests to send at most.

    Raises:
        TimeoutError: an answer took longer than a minute.
    """
    return _run(_generate(port, request, connections, seconds, at_most))


def fetch(port: int, exchange: Exchange) -> tuple[int, bytes]:
    """Send one request; give the status and the body of the answer.

    Raises:
        OSError: nobody listens on the port, or the connection broke.
    """
    return _run(_fetch(port, exchange))


def _run(work: Coroutine[Any, Any, T]) -> T:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


async def _generate(port: int, request: Callable[[int], bytes], connections: int, seconds: float, at_most: int) -> Load:
    load = Load()
    numbers = count()
    started = time.perf_counter()
    deadline = started + seconds

    def following() -> bytes | None:
        number = next(numbers)
        return request(number) if number < at_most and time.perf_counter() < deadline else None

    async with asyncio.timeout(seconds + _TIMEOUT_SECONDS):
        await asyncio.gather(*(_keep_asking(port, load, following) for _ in range(connections)))
    load.seconds = time.perf_counter() - started
    return load


async def _keep_asking(port: int, load: Load, following: Callable[[], bytes | None]) -> None:
    """Use one connection until there is nothing to ask; make another whenever the server closes it."""
    loop = asyncio.get_running_loop()
    more = True
    while more:
        _, client = await loop.create_connection(lambda: _Client(load, following), "127.0.0.1", port)
        more = await client.finished


async def _fetch(port: int, exchange: Exchange) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        closing = replace(exchange, headers=(*exchange.headers, ("Connection", "close")))
        writer.write(closing.encoded(port))
        head, _, body = (await asyncio.wait_for(reader.read(), _TIMEOUT_SECONDS)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    return int(head[9:12] or 0), _dechunked(body) if _CHUNKED.search(head) else body


def _dechunked(body: bytes) -> bytes:
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        parts.append(rest[:length])
        body = rest[length + 2 :] if length else b""
    return b"".join(parts)


class _Client(asyncio.Protocol):
    """One connection; ``following`` gives the bytes of the next request, or None to stop."""

    def __init__(self, load: Load, following: Callable[[], bytes | None]) -> None:
        self._load = load
        self._following = following
        self._received = bytearray()
        self._wanted: int | None = None
        self._sent = 0.0
        self._transport: asyncio.WriteTransport | None = None
        self.finished: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """False: there was nothing more to ask. True: the server closed the connection before its answer."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # what uvloop gives is no subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        if self._wanted is None and (end := received.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(received, 0, end + 2)
            self._wanted = end + 4 + int(length[1]) if length else -1
        if self._wanted is not None and self._complete(self._wanted):
            self._answered(ok=received[9:10] == b"2")
            received.clear()
            self._wanted = None
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self._load.dropped += 1
            self.finished.set_result(True)

    def _complete(self, wanted: int) -> bool:
        # Without a length the body is chunked, and its last chunk is empty.
        return len(self._received) >= wanted if wanted >= 0 else self._received.endswith(b"0\r\n\r\n")

    def _answered(self, *, ok: bool) -> None:
        self._load.latencies.append(time.perf_counter() - self._sent)
        if ok:
            self._load.succeeded += 1
        else:
            self._load.failed += 1

    def _send(self) -> None:
        assert self._transport is not None
        message = self._following()
        if message is None:
            self.finished.set_result(False)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(message)
