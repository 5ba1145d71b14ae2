"""Bytes that are no HTTP, or that two readers could understand differently: refused where they are read."""

import socket
from collections.abc import Iterator
from typing import Final

import pytest

from tests.integration.serving import Server
from tests.integration.storming import calm, complaint, exchange, head, post, storming

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

HOST: Final = b"Host: localhost\r\n"
TABLE: Final = "/rest/v1/films/films"
POST: Final = b"POST " + TABLE.encode() + b" HTTP/1.1\r\nConnection: close\r\n" + HOST
CHUNKED: Final = POST + b"Transfer-Encoding: chunked\r\n\r\n"
UPGRADE: Final = {"Upgrade": "websocket", "Connection": "Upgrade"}
KEY: Final = {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}

MALFORMED: Final = {
    "a NUL in the address": b"GET /a\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "a space in the address": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes in the address": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "HTTP/0.9": b"GET /\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "HTTP/1.10": b"GET / HTTP/1.10\r\n" + HOST + b"\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    "line feeds alone": b"GET / HTTP/1.1\nHost: localhost\n\n",
    "a folded header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n",
    "a folded header at the start": b"GET / HTTP/1.1\r\n A: b\r\n" + HOST + b"\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\n" + HOST + b"A : b\r\n\r\n",
    "a header without a name": b"GET / HTTP/1.1\r\n" + HOST + b": b\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\n" + HOST + b"Authorization\r\n\r\n",
    "a NUL in a header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\x00\r\n\r\n",
    "a return in a header": b"GET / HTTP/1.1\r\n" + HOST + b"A: b\rC: d\r\n\r\n",
    "a method in lower case": b"get / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method that is no word": b"G(T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method without end": b"A" * 5_000 + b" / HTTP/1.1\r\n" + HOST + b"\r\n",
    "a line of a proxy": b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\nGET / HTTP/1.1\r\n" + HOST + b"\r\n",
    "empty lines": b"\r\n" * 50_000,
    "one length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 30\r\n\r\n{}",
    "a list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "a length in hexadecimal": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "no length": POST + b"Content-Length: \r\n\r\n{}",
    "a length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "a coding that nobody knows": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks that are not last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks behind a tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": CHUNKED.replace(b"1.1", b"1.0", 1) + b"0\r\n\r\n",
    "a chunk's size in words": CHUNKED + b"zz\r\n",
    "a negative chunk": CHUNKED + b"-1\r\n",
    "a chunk of 0x2": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "a chunk with a space": CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n",
    "a chunk that is longer": CHUNKED + b"2\r\n{}xx0\r\n\r\n",
    "chunks with line feeds": CHUNKED + b"2\n{}\n0\n\n",
    "an endless chunk extension": CHUNKED + b"2;" + b"a" * 1_000_000 + b"\r\n{}\r\n0\r\n\r\n",
    "a key that is no key": head("GET", "/", UPGRADE | {"Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"}),
}  # fmt: skip

REFUSED: Final = {
    "10,000 headers": (431, head("GET", "/", {f"A{number}": "b" for number in range(10_000)})),
    "a header of a megabyte": (431, head("GET", "/", {"A": "b" * 1_000_000})),
    "a header that never ends": (431, b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"b" * 10_000_000),
    "10,000 trailers": (
        431,
        CHUNKED + b"2\r\n{}\r\n0\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(10_000)) + b"\r\n",
    ),
    "a trailer of a megabyte": (431, CHUNKED + b"2\r\n{}\r\n0\r\nA: " + b"b" * 1_000_000 + b"\r\n\r\n"),
    "an address of 10 MB": (414, b"GET /" + b"b" * 10_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    "an address without an end": (414, b"GET /" + b"b" * 10_000_000),
    "a query of 100 kB": (414, head("GET", f"{TABLE}?id=in.({'1,' * 50_000}1)", {})),
    "a length of 400 digits": (413, POST + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n{}"),
    "a length of a terabyte": (413, POST + b"Content-Length: 1000000000000\r\n\r\n{}"),
    "a body of 70 MB": (413, post(TABLE, b" " * 70_000_000)),
    "a chunk of 70 MB": (413, CHUNKED + b"%x\r\n" % 70_000_000 + b" " * 70_000_000 + b"\r\n0\r\n\r\n"),
    "compressed chunks": (415, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "a WebSocket of 2010": (426, head("GET", "/", UPGRADE | KEY | {"Sec-WebSocket-Version": "0"})),
}

ADDRESSES: Final = {
    "half an escape": f"{TABLE}?title=eq.%e",
    "an escape of letters": "/rest/v1/films/fi%zzlms",
    "an overlong dot": "/rest/v1/films/%c0%ae%c0%ae/films",
    "a surrogate": "/rest/v1/films/%ed%a0%80",
    "a NUL": "/rest/v1/films/films%00.json",
    "dots": "/rest/v1/films/../../meta/v1/films/films",
    "dots, escaped": "/rest/v1/%2e%2e/%2e%2e/films/films",
    "dots in a database": "/rest/v1/..%2f..%2fetc%2fpasswd/films",
    "backslashes": "/rest/v1/films\\..\\films",
    "slashes": "/rest" + "/" * 5_000,
    "ten thousand parts": "/rest/v1/films/films" + "/1" * 10_000,
    "another scheme": "http://evil.example/rest/v1/films/films",
    "an asterisk": "*",
    "a fragment": f"{TABLE}#x",
    "a semicolon": f"{TABLE};jsessionid=1",
    "10,000 parameters": f"{TABLE}?" + "id=gt" * 10_000,
    "a value without a name": f"{TABLE}?=eq.1",
    "a tree without end": f"{TABLE}?or=" + "(and" * 5_000 + "(id.eq.1)" + ")" * 5_000,
    "not without end": f"{TABLE}?or=(" + "not." * 10_000 + "id.eq.1)",
    "embeds without end": f"{TABLE}?select=" + "people(films(" * 2_000 + "id" + "))" * 2_000,
    "5,000 embeds": f"{TABLE}?select=" + ",".join(["people(id)"] * 5_000),
    "a ref without end": "/rest/v1/films@" + "x" * 10_000 + "/films",
}
METHODS: Final = ("BREW", "TRACE", "CONNECT", "PROPFIND", "PRI", "M-SEARCH", "A" * 20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # The limits are those of every server; only what never ends ends sooner.
    short = {"SYNTHDB_LIMITS__HEADER_TIMEOUT_SECONDS": "2", "SYNTHDB_LIMITS__BODY_TIMEOUT_SECONDS": "2"}
    with storming(tmp_path_factory.mktemp("wire"), short) as server:
        yield server


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in MALFORMED.items()])
def test_what_is_no_request_is_refused(server: Server, raw: bytes) -> None:
    """It is answered with a problem, and the connection ends: nothing behind it is read as another request."""
    with calm(server):
        reply = exchange(server, raw)
        assert not complaint(reply)
        assert (400, "malformed_request") == (reply.status, reply.code)


@pytest.mark.parametrize("name", ("HTTP/0.9", "two hosts", "two lengths", "a chunk's size in words"))
def test_a_later_request_is_refused_too(server: Server, name: str) -> None:
    """After a good request, on the same connection, what is wrong is answered as well."""
    good = head("GET", "/healthz/live", {})
    with calm(server), socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(good)
        assert b"HTTP/1.1 200" == connection.recv(65_536)[:12]
        connection.sendall(MALFORMED[name])
        assert b"HTTP/1.1 400" == connection.recv(65_536)[:12]


@pytest.mark.parametrize(("status", "raw"), [pytest.param(*case, id=name) for name, case in REFUSED.items()])
def test_what_is_too_much_is_refused(server: Server, status: int, raw: bytes) -> None:
    """The client reads why, though it was still sending."""
    with calm(server):
        reply = exchange(server, raw)
        assert not complaint(reply)
        assert status == reply.status


@pytest.mark.parametrize("path", [pytest.param(path, id=name) for name, path in ADDRESSES.items()])
def test_an_address_of_nothing_is_refused(server: Server, path: str) -> None:
    """An address that cannot be read, or leads nowhere, is answered with a problem, whatever the method."""
    with calm(server):
        for method in ("GET", "DELETE", "OPTIONS"):
            reply = exchange(server, head(method, path, {"Connection": "close"}))
            assert not complaint(reply, (200, 204) if method == "OPTIONS" else ())


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_nobody_offers_is_refused(server: Server, method: str) -> None:
    """There is a problem for unknown methods too."""
    with calm(server):
        for path in ("/", TABLE, "/meta/v1/films/branches", "/healthz/live"):
            assert not complaint(exchange(server, head(method, path, {"Connection": "close"})))


def test_nothing_is_smuggled_behind_a_refused_request(server: Server) -> None:
    """What follows a request that could be read in two ways is thrown away."""
    hidden = post(f"{TABLE}?select=id", b'{"id":90,"title":"smuggled"}')
    with calm(server):
        for name in (
            "two lengths",
            "a length and chunks",
            "chunks twice",
            "a chunk that is longer",
            "chunks in HTTP/1.0",
        ):
            assert 400 == exchange(server, MALFORMED[name] + hidden).status
    with server.client() as client:
        assert [] == client.get(f"{server.address}/films?id=eq.90").data


def test_a_body_that_ends_early_writes_nothing(server: Server) -> None:
    """Lines that arrived before the client went away are not taken for all of them."""
    lines = b'{"id":91,"title":"half"}\n'
    request = head("POST", TABLE, {"Content-Type": "application/x-ndjson", "Content-Length": "500"}) + lines
    with calm(server):
        for how in (socket.SHUT_WR, socket.SHUT_RDWR):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                connection.sendall(request)
                connection.shutdown(how)
                while connection.recv(65_536):
                    pass
    with server.client() as client:
        assert [] == client.get(f"{server.address}/films?id=eq.91").data
