"""What no HTTP client sends harms nobody: the server stays up, others are served, nothing is written."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Final

import pytest

from tests.integration.client import Client
from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PATH: Final = "/rest/v1/open/rows"
HEAD: Final = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
GET: Final = f"GET {PATH}?select=count() HTTP/1.1\r\nHost: localhost\r\n".encode()
ROW: Final = b'{"from":"rubbish"}'
SIZE: Final = b"Content-Length: %d\r\n\r\n" % len(ROW)
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE: Final = b"x" * (1 << 20)
LARGE: Final = 100_000
SECONDS: Final = 20

REFUSED: Final = {
    "no HTTP at all": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n", {400}),
    "no version": (b"GET /\r\n\r\n", {400}),
    "a NUL in a header": (GET + b"X-Odd: a\x00b\r\n\r\n", {400}),
    "a header of a megabyte": (GET + b"X-Long: " + MEGABYTE + b"\r\n\r\n", {400, 431}),
    "an address of a megabyte": (b"GET /" + MEGABYTE + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 414, 431}),
    "ten thousand headers": (GET + b"X-Many: 1\r\n" * 10_000 + b"\r\n", {400, 431}),
    "a length that is no number": (HEAD + b"Content-Length: ten\r\n\r\n" + ROW, {400}),
    "a negative length": (HEAD + b"Content-Length: -1\r\n\r\n" + ROW, {400}),
    "two lengths": (HEAD + b"Content-Length: 1\r\n" + SIZE + ROW, {400}),
    "a length and chunks": (HEAD + b"Content-Length: 5\r\n" + CHUNKED + b"0\r\n\r\n", {400}),
    "chunks of garbage": (HEAD + CHUNKED + b"zz\r\ngarbage\r\n", {400}),
    "a chunk longer than it says": (HEAD + CHUNKED + b"2\r\n" + ROW + b"\r\n0\r\n\r\n", {400}),
    "a length short of the body": (HEAD + b"Content-Length: 5\r\n\r\n" + ROW, {400}),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server with one row."""
    folder = tmp_path_factory.mktemp("rubbish")
    with serving(folder, folder / "open.db") as server:
        with server.client() as client:
            assert 201 == client.post(PATH, {"from": "a client"}).status
        yield server


@pytest.fixture
def bystander(server: Server) -> Iterator[Client]:
    """Give a client that must not notice anything, nor may the workers or the database."""
    workers = server.worker_pids
    with server.client() as client:
        before = client.get(f"{PATH}?from=eq.rubbish").data
        yield client
        assert before == client.get(f"{PATH}?from=eq.rubbish").data
    assert workers == server.worker_pids
    assert "Traceback" not in server.log


@pytest.mark.parametrize(("sent", "statuses"), REFUSED.values(), ids=REFUSED.keys())
def test_rubbish_is_refused(server: Server, bystander: Client, sent: bytes, statuses: set[int]) -> None:
    """What cannot be read as a request gets an answer that says so, and the connection is closed."""
    with _connected(server) as connection:
        _send(connection, sent)
        answer = _read(connection)

    assert _status(answer) in statuses
    assert 200 == bystander.get(PATH).status


@pytest.mark.parametrize(
    "sent",
    [b"", b"POST /re", HEAD, HEAD + SIZE + ROW[:5], HEAD + CHUNKED + b"5\r\n" + ROW[:5]],
    ids=["nothing", "half a line", "half a head", "half a body", "an open chunk"],
)
def test_a_client_that_hangs_up_leaves_nothing_behind(server: Server, bystander: Client, sent: bytes) -> None:
    """A connection that ends in the middle of a request writes nothing and disturbs nobody."""
    for _ in range(20):
        with _connected(server) as connection:
            connection.sendall(sent)

    assert 200 == bystander.get(PATH).status


def test_clients_that_stall_keep_nobody_waiting(server: Server, bystander: Client) -> None:
    """While a hundred connections hang in the middle of a request, all others are served."""
    stalled = [_connected(server) for _ in range(100)]
    try:
        for number, connection in enumerate(stalled):
            connection.sendall(HEAD + SIZE + ROW[:5] if number % 2 else HEAD)
        with server.client() as other:
            assert {200} == {client.get(PATH).status for client in (bystander, other) for _ in range(20)}
    finally:
        for connection in stalled:
            connection.close()


def test_a_body_that_comes_byte_by_byte_is_read(server: Server) -> None:
    """A slow client is served like any other."""
    row = json.dumps({"from": "a slow client"}).encode()
    with _connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(row))
        for place in range(len(row)):
            connection.sendall(row[place : place + 1])
        answer = _read(connection)

    assert 201 == _status(answer)


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    """Many requests sent at once on one connection get one answer each, in their order."""
    paths = [f"{PATH}?limit=1&select=n:{'id' if number % 2 else 'from'}" for number in range(20)]
    requests = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n".encode() for path in paths]
    with _connected(server) as connection:
        connection.sendall(b"\r\n".join(requests[:-1]) + b"\r\n" + requests[-1] + b"Connection: close\r\n\r\n")
        answer = _read(connection)

    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert [b'[{"n":1}]' if number % 2 else b'[{"n":"a client"}]' for number in range(20)] == bodies


def test_large_requests_right_after_an_answer_are_answered(server: Server) -> None:
    """On one kept connection, a request that follows an answer at once is never dropped, whatever its size."""
    row = {"from": "a large client", "text": "x" * LARGE}
    with server.client() as client:
        assert [201] * 200 == [client.post("/rest/v1/open/large", row).status for _ in range(200)]


def _connected(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS)


def _send(connection: socket.socket, data: bytes) -> None:
    """Send what the server still takes: it may have answered and closed before the end."""
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return


def _read(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    with closing(connection):
        parts = []
        try:
            while part := connection.recv(65_536):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
