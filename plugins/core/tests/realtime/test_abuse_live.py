"""What clients of streams and sockets do that they should not: it costs them their connection, and others nothing."""

import asyncio
import json
import struct
import urllib.request
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb_host.testing.serving import LiveServer

from .listening import write
from .serving import resident, tenants
from .streaming import Closed, Connection, EventSource, WebSocket, frame, lived

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_PATIENCE: Final = 60
_TERMS: Final = {
    "limits__write_timeout_seconds": 1, "feeds__buffer_bytes": 2_000_000, "feeds__max_followers_per_principal": 1_000,
}  # fmt: skip
_SUBSCRIBE: Final = "subscription { orders_changes { offset new { what } } }"
_MEBIBYTE: Final = 1024 * 1024
_MOST_GROWTH: Final = 48 * 1024
"""KiB of memory."""

_TEXT, _BINARY, _CLOSE, _PING = 1, 2, 8, 9
_MORE: Final = 0
"""The first bits of a frame that others follow."""

_BEGIN: Final = frame(_TEXT, b'{"type":"connection_init"}')
_FOLLOW: Final = frame(
    _TEXT, json.dumps({"type": "subscribe", "id": "1", "payload": {"query": _SUBSCRIBE}}).encode()
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """Serve; after all tests it is there as before."""
    with tenants(tmp_path_factory.mktemp("abused")) as server:
        yield server
        assert 200 == _status(server)


def _status(server: LiveServer) -> int:
    with urllib.request.urlopen(f"{server.url}/rest/v1/shop/orders?limit=1", timeout=_PATIENCE) as answer:
        answer.read()
        return int(answer.status)


def _socket(server: LiveServer, **options: Any) -> Coroutine[Any, Any, WebSocket]:
    return WebSocket.connect(f"{server.url}/graphql/v1/shop", **options)


async def _code(socket: WebSocket) -> int | None:
    """Read until the end, and give the code of it."""
    try:
        while True:
            await socket.receive()
    except Closed as closed:
        return closed.code


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        pytest.param(frame(_TEXT, b"{}", masked=0), 1002, id="unmasked"),
        pytest.param(frame(_TEXT, b"{}", first=0xC0), 1002, id="reserved bits"),
        pytest.param(frame(3, b"{}"), 1002, id="reserved kind"),
        pytest.param(frame(_PING, b"", first=_MORE), 1002, id="a ping in parts"),
        pytest.param(frame(_PING, b"x" * 126), 1002, id="a long ping"),
        pytest.param(frame(0, b"{}"), 1002, id="a part of nothing"),
        pytest.param(frame(_TEXT, b"{", first=_MORE) + frame(_TEXT, b"}"), 1002, id="a message in another"),
        pytest.param(b"\x81\xfe\x00\x02\0\0\0\0{}", 1002, id="a length that is too long"),
        pytest.param(b"\x81\xff" + b"\xff" * 8, 1002, id="a length that no message has"),
        pytest.param(frame(_CLOSE, struct.pack("!H", 1005)), 1002, id="a code that is not sent"),
        pytest.param(frame(_CLOSE, b"x"), 1002, id="half a code"),
        pytest.param(frame(_TEXT, b'{"type":"\xff"}'), 1007, id="no UTF-8"),
        pytest.param(frame(_TEXT, b"\xf0\x9f", first=_MORE) + frame(0, b"{}"), 1007, id="no UTF-8 in parts"),
        pytest.param(frame(_TEXT, b" " * 10 * _MEBIBYTE), 1009, id="10 MiB"),
        pytest.param(
            frame(_TEXT, b"", first=_MORE) + frame(0, b" " * 8_192, first=_MORE) * 1_300, 1009, id="10 MiB in parts"
        ),
        pytest.param(frame(_BINARY, b"{}"), 4400, id="binary"),
        pytest.param(frame(_TEXT, b"[" * _MEBIBYTE), 4400, id="depth"),
        pytest.param(frame(_TEXT, b'{"type":"start"}'), 4400, id="another protocol"),
        pytest.param(_FOLLOW, 4401, id="an operation first"),
        pytest.param(frame(_TEXT, b'{"type":"complete","id":"1"}') + _FOLLOW, 4401, id="the end first"),
        pytest.param(_BEGIN * 2, 4429, id="beginning twice"),
        pytest.param(_BEGIN + _FOLLOW * 2, 4409, id="an operation twice"),
        pytest.param(frame(_TEXT, b'{"type":"connection_init","payload":{"authorization":7}}'), 4403, id="no token"),
    ],
)
def test_what_is_not_the_protocol_ends_the_connection_with_a_code(server: LiveServer, sent: bytes, code: int) -> None:
    """That of RFC 6455, or of graphql-transport-ws."""

    async def lives() -> None:
        socket = await _socket(server)
        socket.writer.write(sent)
        assert code == await _code(socket)

    lived(lives)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-WebSocket-Version": "12"}, 426), ({"Sec-WebSocket-Key": "short"}, 400), ({"Upgrade": "h2c"}, 400),
        ({"Origin": "https://evil.example"}, 403),
    ],
    ids=["version", "key", "another upgrade", "another site"],
)  # fmt: skip
def test_a_handshake_that_is_wrong_is_refused(server: LiveServer, headers: dict[str, str], status: int) -> None:
    """As HTTP refuses."""

    async def lives() -> None:
        good = {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": "graphql-transport-ws",
        }  # fmt: skip
        made = await Connection.open(f"{server.url}/graphql/v1/shop", {**good, **headers})
        assert status == made.status

    lived(lives)


def test_thousands_of_operations_on_one_socket_are_refused(server: LiveServer) -> None:
    """All but the first, each with the error; those go on."""

    async def lives() -> None:
        socket = await _socket(server)
        await socket.begin()
        for number in range(5_000):
            socket.subscribe(_SUBSCRIBE, str(number))
        refused, ready = 0, set[str]()
        while refused + len(ready) < 5_000:
            message = await socket.receive()
            if message["type"] == "error":
                assert "unavailable" == message["payload"][0]["extensions"]["code"]
                refused += 1
            else:
                ready.add(message["id"])
        assert {str(number) for number in range(50)} == ready

    lived(lives)


async def _never_read(server: LiveServer) -> None:
    url = f"{server.url}/realtime/v1/shop/changes"
    other = await EventSource.follow(url)
    assert "ready" == (await other.next())[0]
    before = resident(server)
    deaf: list[Connection] = [await EventSource.follow(url, buffer=4_096) for _ in range(10)]
    for _ in range(10):
        socket = await _socket(server, buffer=4_096)
        await socket.begin()
        for number in range(50):
            socket.subscribe(_SUBSCRIBE, str(number))
        deaf.append(socket)
    rows = [{"what": "x" * 10_000} for _ in range(20)]
    for _ in range(40):
        await asyncio.to_thread(write, f"{server.url}/rest/v1/shop/orders", *rows)
        for _ in rows:
            assert "change" == (await other.next())[0]
    growth = resident(server) - before
    await asyncio.sleep(3)
    for connection in deaf:
        with suppress(ConnectionError):
            while await connection.reader.read(_MEBIBYTE):
                pass
    assert growth < _MOST_GROWTH


def test_who_never_reads_costs_no_memory(tmp_path: Path) -> None:
    """Whatever he asks for; he is cut off, while others are told of everything."""
    with tenants(tmp_path, **_TERMS) as server:
        lived(lambda: _never_read(server))


@pytest.mark.parametrize(
    ("sent", "is_answered"),
    [
        pytest.param(frame(_PING, b"x" * 125), True, id="pings"),
        pytest.param(frame(_TEXT, b'{"type":"ping"}'), True, id="pings of the protocol"),
        pytest.param(frame(_TEXT, b'{"type":"complete","id":"1"}'), False, id="ends of nothing"),
        pytest.param(frame(_TEXT, b"", first=_MORE) + frame(0, b"", first=_MORE) * 100, False, id="parts of nothing"),
    ],
)
def test_a_flood_whose_answers_nobody_reads_costs_no_memory(
    server: LiveServer, sent: bytes, *, is_answered: bool
) -> None:
    """It is read no faster than it is answered."""

    async def lives() -> None:
        socket = await _socket(server, buffer=4_096)
        await socket.begin()
        before = resident(server)
        block, is_taken = sent * (65_536 // len(sent)), True
        for _ in range(400 if is_answered else 20):
            socket.writer.write(block)
            try:
                async with asyncio.timeout(2):
                    await socket.writer.drain()
            except TimeoutError:
                is_taken = False
                break
            except ConnectionResetError:
                # Whoever begins a message inside another one is cut off, sooner or later than it has sent all.
                break
        assert 200 == await asyncio.to_thread(_status, server)
        assert resident(server) - before < _MOST_GROWTH
        assert is_taken is not is_answered

    lived(lives)
