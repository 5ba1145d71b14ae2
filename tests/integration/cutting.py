"""A server that stands before another one and breaks connections at the worst moment."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from tests.integration.serving import free_port

__all__ = ["cutting"]

_CUT: Final = b"x-cut:"
_STALL: Final = b"x-stall:"
_SECONDS: Final = 30
_BLOCK: Final = 65_536


@contextmanager
def cutting(port: int) -> Iterator[int]:
    """Pass requests on to the server at a port; gives the port to send them to.

    The first request that has a value of the header ``X-Cut`` is passed on whole and answered by the server, but the
    answer is thrown away and the connection broken. Of the answer to the first one that has a value of ``X-Stall`` only
    the beginning is sent, and then nothing. Each connection serves one request.
    """
    own, seen = free_port(), set[bytes]()
    with socket.create_server(("127.0.0.1", own)) as listener:
        threading.Thread(target=_accept, args=(listener, port, seen), daemon=True).start()
        yield own
        # Else the thread would go on to wait for a connection.
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, seen: set[bytes]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_pass_on, args=(connection, port, seen), daemon=True).start()


def _pass_on(connection: socket.socket, port: int, seen: set[bytes]) -> None:
    with connection, socket.create_connection(("127.0.0.1", port), timeout=_SECONDS) as server:
        connection.settimeout(_SECONDS)
        request = _request(connection)
        if not request:
            return
        server.sendall(request)
        if (mark := _mark(request, _STALL)) is not None:
            _stream(connection, server, stalls=mark not in seen)
            seen.add(mark)
            return
        answer = _answer(server)
        if (mark := _mark(request, _CUT)) is not None and mark not in seen:
            seen.add(mark)
            return
        connection.sendall(answer)


def _stream(connection: socket.socket, server: socket.socket, *, stalls: bool) -> None:
    with suppress(OSError):
        while block := server.recv(_BLOCK):
            connection.sendall(block)
            if stalls:
                # Until the client hangs up.
                connection.recv(1)
                return


def _request(connection: socket.socket) -> bytes:
    """Read one request, and ask the server to close the connection after it."""
    head, body = _head(connection)
    if not head:
        return b""
    body += _exactly(connection, _length(head) - len(body))
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body


def _head(connection: socket.socket) -> tuple[bytes, bytes]:
    found = b""
    while b"\r\n\r\n" not in found:
        block = connection.recv(_BLOCK)
        if not block:
            return b"", b""
        found += block
    head, _, body = found.partition(b"\r\n\r\n")
    return head, body


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        found += connection.recv(_BLOCK)
    return found


def _answer(server: socket.socket) -> bytes:
    found = b""
    while block := server.recv(_BLOCK):
        found += block
    return found


def _mark(request: bytes, name: bytes) -> bytes | None:
    for line in request.partition(b"\r\n\r\n")[0].lower().split(b"\r\n"):
        if line.startswith(name):
            return line
    return None
