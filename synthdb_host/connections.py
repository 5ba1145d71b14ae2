"""Connections with time limits, whose every refusal is a problem document.

Gunicorn reads and writes HTTP; it gives a request as long as the client likes, and refuses in plain text.
"""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from gunicorn.asgi import websocket  # type: ignore[import-untyped] # gunicorn ships no types
from gunicorn.asgi.parser import PythonProtocol  # type: ignore[import-untyped] # gunicorn ships no types
from gunicorn.asgi.protocol import ASGIProtocol  # type: ignore[import-untyped] # gunicorn ships no types
from gunicorn.workers import gasgi  # type: ignore[import-untyped] # gunicorn ships no types

from synthdb_host import errors
from synthdb_host.errors import RequestError
from synthdb_host.problems import PROBLEM_TYPE, encode, meaning
from synthdb_host.settings import Limits

__all__ = ["Connection", "Socket", "Worker"]

_log = logging.getLogger(__name__)

_LINGER_SECONDS: Final = 2
"""How long the rest of a refused request is read and thrown away, so that the client gets to read the answer."""

_MOST_DETAIL: Final = 200

_REFUSALS: Final[dict[int, type[RequestError]]] = {
    cls.status: cls
    for cls in (
        errors.RequestTimeout, errors.AddressTooLong, errors.UpgradeRequired, errors.HeadersTooLarge,
        errors.InternalError, errors.Unavailable,
    )
}  # fmt: skip
"""What to answer where gunicorn would with a status; with all others it is a malformed request."""


class Worker(gasgi.ASGIWorker):  # type: ignore[misc] # gunicorn ships no types
    """Gunicorn's worker for ASGI, with our connections."""

    def init_process(self) -> None:
        """Start the worker, after the fork."""
        # Gunicorn makes its connections of the classes of these names, and has no setting for them.
        gasgi.ASGIProtocol = Connection
        websocket.WebSocketProtocol = Socket
        super().init_process()

    def handle_exit_signal(self) -> None:
        """Finish what is being done, and end what has no end of its own."""
        super().handle_exit_signal()
        self.app.stopping()


class Connection(ASGIProtocol):  # type: ignore[misc] # gunicorn ships no types
    """A connection on which each part of a request has its time, and each answer must be taken.

    The time of the first head begins with the connection, that of a later one with its first byte; in between,
    gunicorn closes what is idle.
    """

    def __init__(self, worker: Any) -> None:  # noqa: ANN401 - gunicorn is not typed
        super().__init__(worker)
        self._limits: Limits = worker.app.limits
        self._arriving: str | None = None
        self._arrival: asyncio.TimerHandle | None = None
        self._taking: asyncio.TimerHandle | None = None
        self._is_heard = self._is_answering = self._is_lingering = False

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to wait for a request, unless there are too many connections."""
        super().connection_made(transport)
        if self.worker.nr_conns > self._limits.max_connections:
            self._is_heard = True
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, f"There are {self._limits.max_connections:,} connections.")
        else:
            self._await_rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        for timer in (self._arrival, self._taking):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, or throw away what nobody wants to know any more."""
        self._is_heard = True
        if not self._is_lingering:
            super().data_received(data)

    def pause_writing(self) -> None:
        """Begin to watch whether the client takes its answer."""
        super().pause_writing()
        self._watch_taking()

    def _feed_callback_parser(self, data: bytes) -> bool:
        if self._current_request is None:
            self._is_answering = False
        goes_on: bool = super()._feed_callback_parser(data)
        self._await_rest()
        return goes_on

    def _await_rest(self) -> None:
        """Give the part of a request that is arriving its time, once."""
        parser: PythonProtocol | None = self._callback_parser
        if parser is None or parser.is_complete or self._closed:
            arriving = None
        else:
            arriving = "head" if self._current_request is None else "body"
        if arriving == self._arriving:
            return
        self._arriving = arriving
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
        if arriving is not None:
            # From now on the connection is not idle.
            self._cancel_keepalive_timer()
            limits = self._limits
            seconds = limits.header_timeout_seconds if arriving == "head" else limits.body_timeout_seconds
            self._arrival = self.worker.loop.call_later(seconds, self._give_up, arriving, seconds)

    def _give_up(self, part: str, seconds: float) -> None:
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"The {part} of the request did not arrive in {seconds:g} seconds.")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        # Who never said anything is told nothing.
        if self._is_heard:
            self._send_error_response(status, detail)
        self._close_transport()
        self._request_ready.set()

    def _send_error_response(self, status: int, message: str, extra_headers: Sequence[tuple[str, str]] = ()) -> None:
        """Answer with a problem where gunicorn would with plain text."""
        if self._closed or self._is_answering:
            return
        cls = _REFUSALS.get(status, errors.MalformedRequest)
        # Some of gunicorn's messages are just what it stumbled over.
        why = f"The request cannot be read: {message[:_MOST_DETAIL]}." if cls is errors.MalformedRequest else message
        problem = cls(meaning(cls) if cls is errors.InternalError else why)
        path = "/" if self._current_request is None else self._current_request.path
        request_id = secrets.token_hex(4)
        _log.info("refused", extra={"facts": {"request_id": request_id, "code": problem.code, "why": problem.detail}})
        body = encode(problem, path, request_id)
        more = [("Retry-After", "1")] if problem.status == HTTPStatus.SERVICE_UNAVAILABLE else []
        headers = [
            ("Content-Type", PROBLEM_TYPE), ("Content-Length", str(len(body))), ("Connection", "close"),
            ("X-Content-Type-Options", "nosniff"), ("X-Request-Id", request_id), *more, *extra_headers,
        ]  # fmt: skip
        first = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}"
        lines = [first, *(f"{name}: {value}" for name, value in headers), "", ""]
        self._safe_write("\r\n".join(lines).encode("latin-1") + body)

    def _send_response_start(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - gunicorn is not typed
        self._is_answering = True
        super()._send_response_start(*arguments, **options)

    def _will_close(self, request: object, response_requires_close: bool) -> bool:  # noqa: FBT001 - gunicorn's signature
        """Say so where the connection ends because the answer comes before the body."""
        return self._is_incomplete or bool(super()._will_close(request, response_requires_close))

    @property
    def _is_incomplete(self) -> bool:
        parser: PythonProtocol | None = self._callback_parser
        return parser is not None and not parser.is_complete

    def _close_transport(self) -> None:
        """Close; where the client is still sending, go on to read for a moment, or it would lose the answer."""
        if self._closed or not self._is_heard or not self._is_incomplete or not self._linger():
            super()._close_transport()
        self._watch_taking()

    def _linger(self) -> bool:
        self._is_lingering = self._closed = True
        try:
            self.transport.write_eof()
        except (OSError, RuntimeError):
            return False
        self._resume_reading()
        if self._body_receiver is not None:
            self._body_receiver.signal_disconnect()
        self.worker.loop.call_later(_LINGER_SECONDS, self.transport.close)
        return True

    def _watch_taking(self) -> None:
        """Cut the connection off when the client takes nothing of its answer for too long."""
        waiting = 0 if self._conn_lost_handled else self.transport.get_write_buffer_size()
        if self._taking is None and waiting:
            seconds = self._limits.write_timeout_seconds
            self._taking = self.worker.loop.call_later(seconds, self._check_taking, waiting)

    def _check_taking(self, before: int) -> None:
        self._taking = None
        if self.transport.get_write_buffer_size() >= before:
            self.transport.abort()
        else:
            self._watch_taking()


class Socket(websocket.WebSocketProtocol):  # type: ignore[misc] # gunicorn ships no types
    """A WebSocket whose client can neither keep the event loop busy with a message nor fill the memory with answers."""

    def _unmask(self, payload: bytes, masking_key: bytes) -> bytes:
        """Unmask a message as one number: byte by byte, as gunicorn does it, a MiB takes 70 ms."""
        size = len(payload)
        mask = (masking_key * (size // len(masking_key) + 1))[:size]
        return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")

    async def _send_frame(self, opcode: int, payload: bytes) -> None:
        """Send a frame; who does not take the answers to its pings is read no further."""
        if opcode == websocket.OPCODE_PONG and self._drain is not None:
            await self._drain()
        if self.transport.is_closing():
            # Cut off, perhaps by ourselves: there is nobody to send to, nor to wait for.
            self.closed = True
            self._close_event.set()
        else:
            await super()._send_frame(opcode, payload)
