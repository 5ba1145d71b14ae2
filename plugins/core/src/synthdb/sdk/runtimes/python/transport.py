"""Requests over HTTP: connections that are kept, time-outs, and retries that never do a thing twice."""

import contextlib
import http.client
import random
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlsplit

from .errors import ClientError, NotConnected, Refused, TimedOut, refusal
from .values import decode

__all__ = ["Lines", "Reply", "Request", "Retries", "Transport"]

_KEPT_SECONDS: Final = 2.0
"""A connection that was idle for longer may be closed by the server at any moment."""

_REFUSED: Final = 400
_READS: Final = frozenset({"GET", "HEAD", "QUERY"})
_BUSY: Final = frozenset({429, 502, 503})
_RUNNING: Final = "idempotency_in_progress"
"""The code of an answer that says that an earlier try of the same request is still at work."""

_KEY: Final = "Idempotency-Key"
_MOST_PROBLEM_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Retries:
    """How often, and after which pauses, a request is sent again that got no answer or found the server busy.

    Each pause is twice as long as the one before, at most ``longest_pause`` seconds, and by chance up to half shorter.
    """

    most: int = 4
    first_pause: float = 0.1
    longest_pause: float = 5.0

    def pause(self, attempt: int, asked: float | None) -> float:
        """Give the seconds to wait after a failed attempt; ``asked`` is what the server asked for."""
        longest = min(self.first_pause * 2.0**attempt, self.longest_pause)
        return max(longest * random.uniform(0.5, 1.0), min(asked or 0.0, self.longest_pause))  # noqa: S311 - no secret


@dataclass(frozen=True)
class Request:
    """A request: ``target`` is path and query below the server's address.

    One that ``reads`` may be sent any number of times; so may a repeatable one, which has a key.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    repeatable: bool = True
    reads: bool = False

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.reads or self.method in _READS

    def safe_to_repeat(self) -> "Request":
        """Give the request with a key by which the server knows it again, if it writes rows."""
        if self.is_read or not self.repeatable or _KEY in self.headers:
            return self
        return replace(self, headers={**self.headers, _KEY: f'"{uuid.uuid4()}"'})


@dataclass(frozen=True)
class Reply:
    """An answer; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends requests to one server. It can be used by many threads at once.

    Args:
        url: the server's address; a path in it stands before every other.
        timeout: seconds to wait for a connection and for each part of an answer.
        retries: how often to try again.
        context: how a server with ``https`` is verified.
    """

    def __init__(self, url: str, timeout: float, retries: Retries, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = f"{url!r} is not the address of a server, such as http://127.0.0.1:8000"
            raise ClientError(message)
        self._host, self._port = parts.hostname, parts.port
        self._context = (context or ssl.create_default_context()) if parts.scheme == "https" else None
        self.base = parts.path.rstrip("/")
        self._timeout = timeout
        self.retries = retries
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()

    def send(self, request: Request) -> Reply:
        """Send a request, again if that is needed and safe, and give the answer.

        Raises:
            NotConnected: there was no answer.
            Refused: the answer is a refusal.
        """
        request = request.safe_to_repeat()
        for attempt in range(self.retries.most + 1):
            failure: ClientError
            asked = None
            try:
                reply = self._once(request)
            except NotConnected as error:
                failure = error
            else:
                if reply.status < _REFUSED:
                    return reply
                failure = refusal(reply.status, _problem(reply.body))
                asked = _seconds(reply.headers.get("retry-after"))
            if attempt == self.retries.most or not _may_repeat(request, failure):
                raise failure
            time.sleep(self.retries.pause(attempt, asked))
        raise AssertionError

    def lines(self, request: Request) -> "tuple[Mapping[str, str], Lines]":
        """Send a request that reads, and give the lines of the answer as they come.

        Only the request is repeated; an answer that breaks off is an error, raised while it is read.
        """
        for attempt in range(self.retries.most + 1):
            try:
                connection, opened, response = self._open(request)
            except NotConnected:
                if attempt == self.retries.most:
                    raise
                time.sleep(self.retries.pause(attempt, None))
                continue
            if response.status >= _REFUSED:
                with _translated(request):
                    body = response.read(_MOST_PROBLEM_BYTES)
                connection.close()
                raise refusal(response.status, _problem(body))
            return _headers(response), Lines(request, connection, opened, response)
        raise AssertionError

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            kept, self._idle = self._idle, []
        for _, connection in kept:
            connection.close()

    def _once(self, request: Request) -> Reply:
        connection, _, response = self._open(request)
        try:
            with _translated(request):
                body = response.read()
        except NotConnected:
            connection.close()
            raise
        self._keep(connection, response)
        return Reply(response.status, _headers(response), body)

    def _open(self, request: Request) -> tuple[http.client.HTTPConnection, socket.socket, http.client.HTTPResponse]:
        connection = self._connection()
        try:
            with _translated(request):
                connection.request(request.method, self.base + request.target, request.body, dict(request.headers))
                # Of an answer that is the last one on its connection, the connection forgets this.
                opened: socket.socket = connection.sock
                return connection, opened, connection.getresponse()
        except NotConnected:
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        with self._lock:
            while self._idle:
                since, kept = self._idle.pop()
                if time.monotonic() - since < _KEPT_SECONDS:
                    return kept
                kept.close()
        if self._context is not None:
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=self._context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _keep(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        if response.will_close:
            connection.close()
            return
        with self._lock:
            self._idle.append((time.monotonic(), connection))


class Lines:
    """The lines of an answer as they come, each with its end; the connection is closed after the last one."""

    def __init__(
        self,
        request: Request,
        connection: http.client.HTTPConnection,
        opened: socket.socket,
        response: http.client.HTTPResponse,
    ) -> None:
        self._socket = opened
        self._lines = _read_lines(request, connection, response)

    def __iter__(self) -> Iterator[bytes]:
        return self._lines

    def __next__(self) -> bytes:
        return next(self._lines)

    def hang_up(self) -> None:
        """End the connection, also while another thread waits for a line."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


def _read_lines(
    request: Request, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
) -> Iterator[bytes]:
    try:
        while True:
            with _translated(request):
                line = response.readline()
            if not line:
                _check_whole(request, response)
                return
            yield line
    finally:
        connection.close()


def _check_whole(request: Request, response: http.client.HTTPResponse) -> None:
    # Of an answer with a length, the standard library does not say that a line was its last one too early.
    if response.length:
        message = f"{request.method} {request.target} was not answered in full"
        raise NotConnected(message)


class _translated:  # noqa: N801 - it reads as a phrase after ``with``
    """Raises this client's errors instead of those of the standard library."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, TimeoutError):
            message = f"{self._request.method} {self._request.target} was not answered in time"
            raise TimedOut(message) from error
        if isinstance(error, OSError | http.client.HTTPException):
            message = f"{self._request.method} {self._request.target} was not answered: {error}"
            raise NotConnected(message) from error


def _may_repeat(request: Request, failure: ClientError) -> bool:
    if isinstance(failure, Refused):
        return failure.status in _BUSY or failure.code == _RUNNING
    return request.is_read or request.repeatable


def _headers(response: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _problem(body: bytes) -> object:
    try:
        return decode(body)
    except ValueError:
        return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdigit() else None
