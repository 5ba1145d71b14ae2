"""Clients that take their time: each is given what a setting says, and nobody else waits for them."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.integration.serving import Server, wait_until
from tests.integration.storming import calm, exchange, head, storming

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

TABLE: Final = "/rest/v1/films/films"
HEAD: Final = head("POST", TABLE, {"Content-Type": "application/x-ndjson", "Content-Length": "500"})
CHUNKED: Final = head("POST", TABLE, {"Content-Type": "application/x-ndjson", "Transfer-Encoding": "chunked"})
LINE: Final = b'{"id":92,"title":"slow"}\n'
CHUNK: Final = b"%x\r\n%b\r\n" % (len(LINE), LINE)
SHORT: Final = {
    "SYNTHDB_LIMITS__HEADER_TIMEOUT_SECONDS": "1",
    "SYNTHDB_LIMITS__BODY_TIMEOUT_SECONDS": "1",
    "SYNTHDB_LIMITS__WRITE_TIMEOUT_SECONDS": "1",
    # However the connections of a test are spread over the workers.
    "SYNTHDB_LIMITS__MAX_STREAMS": "32",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with storming(tmp_path_factory.mktemp("slow"), SHORT) as server:
        rows = [{"id": number, "note": "x" * 2_000} for number in range(9_000)]
        with server.client() as client:
            assert 201 == client.post(f"{server.address}/notes", rows).status
        yield server


@contextmanager
def others_are_served(server: Server) -> Iterator[None]:
    """Read and write from other connections before and after what happens in the block."""
    with server.client() as client:
        for _ in range(20):
            assert 200 == client.get(f"{server.address}/films?id=eq.1").status
            assert 204 == client.patch(f"{server.address}/films?id=eq.1", {"year": 1979}).status
        yield
        assert 200 == client.get(f"{server.address}/films?id=eq.1").status


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=60)


@pytest.mark.parametrize(
    "pieces",
    (
        pytest.param([b"GET / HTTP/1.1\r\n"] + [b"A: b\r\n"] * 40, id="a head, line by line"),
        pytest.param([bytes([byte]) for byte in HEAD[:40]], id="a head, byte by byte"),
        pytest.param([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"], id="TLS"),
        pytest.param([HEAD, *[bytes([byte]) for byte in LINE * 2]], id="a body, byte by byte"),
        pytest.param([HEAD], id="no body"),
        pytest.param([HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")], id="a promised body"),
        pytest.param([CHUNKED, *[CHUNK] * 40], id="chunks without end"),
        pytest.param([CHUNKED, CHUNK + b"0\r\n", *[b"A: b\r\n"] * 40], id="trailers without end"),
        pytest.param([CHUNKED + b"FFFFFFFFFFFFFFFFFFFF\r\n" + LINE], id="a chunk without end"),
    ),
)
def test_a_request_has_its_time(server: Server, pieces: list[bytes]) -> None:
    """Whoever takes longer reads why, and nothing of it took effect."""
    with calm(server), others_are_served(server):
        reply = exchange(server, *pieces, pause=0.05)
        assert (408, "request_timeout") == (reply.status, reply.code)
    with server.client() as client:
        assert [] == client.get(f"{server.address}/films?id=eq.92").data


def test_a_second_request_has_its_time_too(server: Server) -> None:
    """A connection that was used well gives no right to keep it open."""
    good = head("GET", "/healthz/live", {})
    with calm(server), connect(server) as connection:
        connection.sendall(good + HEAD + LINE)
        found = b""
        while part := connection.recv(65_536):
            found += part
    assert [b"200", b"408"] == re.findall(rb"HTTP/1.1 (\d+)", found)


def test_idle_connections_are_closed(server: Server) -> None:
    """Five hundred connections that say nothing end without a word, and keep nobody out meanwhile."""
    with calm(server), ExitStack() as stack:
        idle = [stack.enter_context(connect(server)) for _ in range(500)]
        with others_are_served(server):
            pass
        assert {b""} == {connection.recv(1) for connection in idle}


@pytest.mark.parametrize("media_type", ("application/json", "application/x-ndjson"))
def test_an_answer_that_nobody_takes_is_given_up(server: Server, media_type: str) -> None:
    """The connection is cut off, what was held for it is free, and writers never waited for it."""
    request = head("GET", "/rest/v1/films/notes", {"Accept": media_type})
    with calm(server), ExitStack() as stack:
        unread = [stack.enter_context(connect(server)) for _ in range(20)]
        for connection in unread:
            # A small window, so that little of the answer lies in the kernel.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.sendall(request)
        with others_are_served(server):
            wait_until(lambda: _open(server) == 0, "the answers that nobody takes are given up")


def test_a_client_that_goes_away_is_forgotten(server: Server) -> None:
    """Connections that are closed in the middle of an answer leave nothing."""
    request = head("GET", "/rest/v1/films/notes", {"Accept": "application/x-ndjson"})
    with calm(server):
        for _ in range(20):
            with connect(server) as connection:
                connection.sendall(request)
                connection.recv(1_000)
        wait_until(lambda: _open(server) == 0, "the connections are gone")


def test_a_slow_reader_gets_its_whole_answer(server: Server) -> None:
    """Time runs only while nothing is taken: who reads slowly, but reads, is not cut off."""
    with calm(server), connect(server) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.sendall(head("GET", "/rest/v1/films/notes?limit=2000", {"Connection": "close"}))
        found = b""
        while part := connection.recv(200_000):
            found += part
            time.sleep(0.05)
    assert found.endswith(b"]")
    assert 2_000 == found.count(b'"note"')


def test_there_are_only_so_many_connections(tmp_path: Path) -> None:
    """What is too much is told to come later, and when others have gone all is well again."""
    with storming(tmp_path, {"SYNTHDB_LIMITS__MAX_CONNECTIONS": "10"}) as server, ExitStack() as stack:
        opened = [stack.enter_context(connect(server)) for _ in range(60)]
        for connection in opened:
            connection.sendall(b"GET /healthz/live HTTP/1.1\r\n")
        wait_until(lambda: _open(server) <= 20, "those that are too many are gone")
        for connection in opened:
            connection.sendall(b"Host: localhost\r\nConnection: close\r\n\r\n")
        assert {b"200", b"503"} == {connection.recv(12)[9:] for connection in opened}
        stack.close()
        with server.client() as client:
            assert 200 == client.get("/healthz/live").status


def _open(server: Server) -> int:
    """Count the connections that the workers have open."""
    table = Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]
    entries = [line.split() for line in table]
    return sum(entry[1].endswith(f":{server.port:04X}") and entry[3] in {"01", "08"} for entry in entries)
