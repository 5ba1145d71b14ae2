"""Clients of event streams and of WebSockets that are no more than a socket, many of them on one event loop."""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, Final, Self
from urllib.parse import urlsplit

__all__ = ["Closed", "Connection", "EventSource", "WebSocket", "frame", "lived"]

_PATIENCE: Final = 60
_MOST_LINE: Final = 2**20
_TEXT: Final = 0x1
_CLOSE: Final = 0x8
_PING: Final = 0x9
_PONG: Final = 0xA
_MASKED: Final = 0x80
_TWO_BYTES: Final = 126
_EIGHT_BYTES: Final = 127


class Closed(Exception):
    """The other side has closed the connection: with a code, or without a word."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__(code)
        self.code = code


def lived(make: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's coroutine, with patience, and hang up whatever it leaves open."""

    async def lives() -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                await make()
        finally:
            while Connection.opened:
                Connection.opened.pop().abort()
            await asyncio.sleep(0)

    asyncio.run(lives())


class Connection:
    """A connection on which a request was sent, and the head of its answer read; ``opened`` are all.

    Args:
        reader, writer: the connection.
    """

    opened: ClassVar[list["Connection"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}

    @classmethod
    async def open(
        cls, url: str, headers: Mapping[str, str], *, method: str = "GET", body: bytes = b"", buffer: int | None = None
    ) -> Self:
        """Ask for an address; with ``buffer`` the system takes no more bytes than these that nobody has read."""
        parts = urlsplit(url)
        own = socket.socket()
        if buffer is not None:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        # At once, so that whoever is cancelled leaves nothing half open.
        own.connect((parts.hostname, parts.port))
        own.setblocking(False)
        made = cls(*await asyncio.open_connection(sock=own, limit=buffer or _MOST_LINE))
        cls.opened.append(made)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        sent = {"Host": parts.netloc, **headers, **({"Content-Length": str(len(body))} if body else {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        made.writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
        try:
            await made._read_head()
        except BaseException:
            made.abort()
            raise
        return made

    async def _read_head(self) -> None:
        self.status = int((await self.line()).split()[1])
        while line := (await self.line()).strip():
            name, _, value = line.decode().partition(": ")
            self.headers[name.lower()] = value

    async def line(self) -> bytes:
        """Read a line.

        Raises:
            Closed: the connection ended before it.
        """
        try:
            return await self.reader.readuntil(b"\n")
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise Closed from error

    async def exactly(self, size: int) -> bytes:
        """Read so many bytes.

        Raises:
            Closed: the connection ended before them.
        """
        try:
            return await self.reader.readexactly(size)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            raise Closed from error

    def abort(self) -> None:
        """Be gone, without a word."""
        self.writer.transport.abort()


class EventSource(Connection):
    """A stream of events; ``last`` is the id to go on from."""

    last: str | None = None
    _left = b""

    @classmethod
    async def follow(
        cls, url: str, token: str | None = None, last: str | None = None, buffer: int | None = None
    ) -> Self:
        """Begin to follow."""
        headers = {"Accept": "text/event-stream"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if last is not None:
            headers["Last-Event-ID"] = last
        made = await cls.open(url, headers, buffer=buffer)
        made.last = last
        return made

    async def next(self) -> tuple[str, Any]:
        """Give name and data of the next event; a sign of life is a ``beat``.

        Raises:
            Closed: there is no more; the code is 1000 if the answer has an end.
        """
        name, data, ident, is_beat = "", None, self.last, False
        while line := await self._line():
            field, _, value = line.decode().partition(": ")
            is_beat = is_beat or field == ":"
            if field == "event":
                name = value
            elif field == "data":
                data = json.loads(value) if value else None
            elif field == "id":
                ident = value
        # Only now, for whoever waits for this may be cancelled on the way.
        self.last = ident
        if name or is_beat:
            return name or "beat", data
        return await self.next()

    async def _line(self) -> bytes:
        while b"\n" not in self._left:
            size = int(await self.line(), 16)
            piece = await self.exactly(size + 2)
            if size == 0:
                raise Closed(1000)
            self._left += piece[:-2]
        line, _, self._left = self._left.partition(b"\n")
        return line


class WebSocket(Connection):
    """A WebSocket."""

    @classmethod
    async def connect(
        cls, url: str, token: str | None = None, protocol: str = "graphql-transport-ws", buffer: int | None = None
    ) -> Self:
        """Open it."""
        headers = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(), "Sec-WebSocket-Protocol": protocol,
        }  # fmt: skip
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await cls.open(url, headers, buffer=buffer)

    async def begin(self) -> None:
        """Say who it is, which was said already."""
        self.send(type="connection_init")
        assert {"type": "connection_ack"} == await self.receive()

    def subscribe(self, query: str, ident: str = "1", **variables: object) -> None:
        """Ask for an operation."""
        self.send(type="subscribe", id=ident, payload={"query": query, "variables": variables})

    def send(self, **message: object) -> None:
        """Send a message, without waiting that it is taken."""
        self.frame(_TEXT, json.dumps(message).encode())

    def frame(self, opcode: int, payload: bytes, *, first: int = 0x80, masked: int = _MASKED) -> None:
        """Send a frame; ``first`` are the other bits of its first byte."""
        self.writer.write(frame(opcode, payload, first=first, masked=masked))

    async def receive(self) -> Any:
        """Give the next message, and answer pings of WebSockets on the way.

        Raises:
            Closed: there is none any more.
        """
        while True:
            opcode, payload = await self._frame()
            if opcode == _TEXT:
                return json.loads(payload)
            if opcode == _CLOSE:
                self.frame(_CLOSE, payload[:2])
                raise Closed(struct.unpack("!H", payload[:2])[0] if payload else 1005)
            if opcode == _PING:
                self.frame(_PONG, payload)

    async def _frame(self) -> tuple[int, bytes]:
        first, size = await self.exactly(2)
        if size == _TWO_BYTES:
            (size,) = struct.unpack("!H", await self.exactly(2))
        elif size == _EIGHT_BYTES:
            (size,) = struct.unpack("!Q", await self.exactly(8))
        return first & 0x0F, await self.exactly(size)


def frame(opcode: int, payload: bytes, *, first: int = 0x80, masked: int = _MASKED) -> bytes:
    """Write a frame as a client does; the mask is zeros, which change nothing."""
    size = len(payload)
    if size < _TWO_BYTES:
        head = bytes([first | opcode, masked | size])
    elif size < 1 << 16:
        head = bytes([first | opcode, masked | _TWO_BYTES]) + struct.pack("!H", size)
    else:
        head = bytes([first | opcode, masked | _EIGHT_BYTES]) + struct.pack("!Q", size)
    return head + (b"\0\0\0\0" if masked else b"") + payload
