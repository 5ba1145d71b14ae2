"""How followers of a real server part with it: by server-sent events, on WebSockets, and by GraphQL over events."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import pytest

from synthdb_host.testing.serving import LiveServer

from .listening import write
from .serving import tenants
from .streaming import Closed, Connection, EventSource, WebSocket, lived

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_QUERY: Final = "subscription ($since: String) { orders_changes(since: $since) { offset operation new { what } } }"
_BEAT_SECONDS: Final = 0.25
_BEATING: Final = {
    "plugins__core__realtime_heartbeat_seconds": _BEAT_SECONDS, "plugins__core__graphql__init_seconds": _BEAT_SECONDS,
}  # fmt: skip
_SILENT: Final = {"plugins__core__realtime_heartbeat_seconds": 600}

Told = tuple[str, Any]


class Follower(Protocol):
    """Somebody who follows the orders: ``next`` gives what he is told, the kind first."""

    connection: Connection

    async def next(self) -> Told:
        """Give what comes next, a sign of life as ``beat``; when it is over, raise ``Closed``."""


class _Events:
    """By server-sent events."""

    def __init__(self, source: EventSource) -> None:
        self.connection: Connection = source
        self._source = source

    async def next(self) -> Told:
        name, data = await self._source.next()
        if name == "change":
            return name, (data["seq"], data["new"]["what"])
        return name, None if name == "ready" else data


class _Socket:
    """By a subscription on a WebSocket."""

    def __init__(self, socket: WebSocket) -> None:
        self.connection: Connection = socket
        self._socket = socket

    async def next(self) -> Told:
        message = await self._socket.receive()
        return ("beat", None) if message["type"] == "ping" else _result(message["type"], message.get("payload"))


class _GraphqlEvents:
    """By a subscription over server-sent events."""

    def __init__(self, source: EventSource) -> None:
        self.connection: Connection = source
        self._source = source

    async def next(self) -> Told:
        name, data = await self._source.next()
        return (name, data) if name in ("beat", "complete") else _result(name, data)


def _result(kind: str, data: Any) -> Told:
    if kind == "error" or "errors" in data:
        (error,) = data if kind == "error" else data["errors"]
        return "error", error["extensions"]["code"]
    change = data["data"]["orders_changes"]
    return ("ready", None) if change["operation"] == "ready" else ("change", (change["offset"], change["new"]["what"]))


async def _follow_events(url: str, since: str | None = None, token: str | None = None, **how: Any) -> Follower:
    return _Events(await EventSource.follow(f"{url}/realtime/v1/shop/changes/orders", token, since, **how))


async def _follow_socket(url: str, since: str | None = None, token: str | None = None, **how: Any) -> Follower:
    socket = await WebSocket.connect(f"{url}/graphql/v1/shop", token, **how)
    await socket.begin()
    socket.subscribe(_QUERY, since=since)
    return _Socket(socket)


async def _follow_graphql(url: str, since: str | None = None, token: str | None = None, **how: Any) -> Follower:
    asked = urlencode({"query": _QUERY, "variables": json.dumps({"since": since})})
    return _GraphqlEvents(await EventSource.follow(f"{url}/graphql/v1/shop?{asked}", token, **how))


Follow = Callable[..., Awaitable[Follower]]
FOLLOWS: Final[dict[str, Follow]] = {
    "events": _follow_events, "socket": _follow_socket, "graphql events": _follow_graphql
}  # fmt: skip
every = pytest.mark.parametrize("kind", FOLLOWS)


async def _ready(follow: Follow, server: LiveServer, **how: Any) -> Follower:
    """Begin to follow, as soon as there is room for it."""
    while True:
        follower = await follow(server.url, **how)
        if follower.connection.status in (101, 200) and await _first(follower) == ("ready", None):
            return follower
        follower.connection.abort()
        await asyncio.sleep(0.1)


async def _first(follower: Follower) -> Told:
    while (told := await follower.next())[0] == "beat":
        pass
    return told


async def _rest(follower: Follower, begun: asyncio.Event | None = None) -> tuple[list[Told], int | None]:
    """Give all that comes, once it has begun, and the code of the end."""
    found = []
    try:
        while True:
            told = await follower.next()
            if begun is None or begun.is_set():
                found.append(told)
    except Closed as closed:
        return found, closed.code


def test_a_server_that_stops_tells_everybody_at_once(tmp_path: Path) -> None:
    """Before four more signs of life, of which there are four in a second; those who never read hold nobody up."""

    async def lives(server: LiveServer) -> None:
        deaf = [await _ready(follow, server, buffer=4_096) for follow in FOLLOWS.values()]
        for _ in range(25):
            await asyncio.to_thread(write, f"{server.url}/rest/v1/shop/orders", *([{"what": "x" * 10_000}] * 20))
        told = {kind: [await _ready(follow, server) for _ in range(10)] for kind, follow in FOLLOWS.items()}
        # Each sees that it lives before the server stops.
        for follower in (one for some in told.values() for one in some):
            assert ("beat", None) == await follower.next()
        begun = asyncio.Event()
        rests = {kind: [asyncio.ensure_future(_rest(one, begun)) for one in some] for kind, some in told.items()}
        await asyncio.sleep(_BEAT_SECONDS)
        server.process.terminate()
        begun.set()
        ends = {
            "events": ([("end", {"reason": "stopping"})], 1000), "socket": ([], 1012), "graphql events": ([], 1000),
        }  # fmt: skip
        for kind, tasks in rests.items():
            for found, code in await asyncio.gather(*tasks):
                assert ends[kind] == ([item for item in found if item[0] != "beat"], code)
                assert len(found) <= 1 / _BEAT_SECONDS
        assert 0 == await asyncio.to_thread(server.stop)
        assert len(deaf) == len(FOLLOWS)

    with tenants(tmp_path, **_BEATING, limits__write_timeout_seconds=1) as server:
        lived(lambda: lives(server))


@every
def test_who_vanishes_is_noticed_before_a_sign_of_life_is_due(tmp_path: Path, kind: str) -> None:
    """So that another one has his place; here that would take ten minutes."""

    async def lives(server: LiveServer) -> None:
        (await _ready(FOLLOWS[kind], server)).connection.abort()
        await _ready(FOLLOWS["events"], server)

    with tenants(tmp_path, **_SILENT, feeds__max_followers=1) as server:
        lived(lambda: lives(server))


@every
def test_who_is_too_slow_is_told_so_and_can_go_on(tmp_path: Path, kind: str) -> None:
    """From the last change that he was told of, with no gap and nothing twice."""
    count, size = 30, 20

    async def lives(server: LiveServer) -> None:
        follower = await _ready(FOLLOWS[kind], server, buffer=4_096)
        # What is kept is kept for all: it goes on with those who read.
        fast = await _ready(FOLLOWS["events"], server)
        for number in range(count):
            rows = [{"what": f"{number * size + row} {'x' * 10_000}"} for row in range(size)]
            await asyncio.to_thread(write, f"{server.url}/rest/v1/shop/orders", *rows)
            for _ in rows:
                assert "change" == (await fast.next())[0]
        found: list[tuple[str, str]] = []
        while (told := await follower.next())[0] in ("change", "beat"):
            found += [told[1]] if told[0] == "change" else []
        behind = {"reason": "fell_behind", "lost": False}
        assert told == (("resync", behind) if kind == "events" else ("error", "fell_behind"))
        assert 0 < len(found) < count * size
        again = await _ready(FOLLOWS[kind], server, since=found[-1][0])
        while len(found) < count * size:
            name, change = await again.next()
            found += [change] if name == "change" else []
        assert list(map(str, range(count * size))) == [what.partition(" ")[0] for _, what in found]

    with tenants(tmp_path, feeds__buffer_bytes=100_000) as server:
        lived(lambda: lives(server))


@every
def test_who_follows_does_so_no_longer_than_his_token(tmp_path: Path, kind: str) -> None:
    """Though nothing is written; he is told why, and cannot begin again."""

    async def lives(server: LiveServer) -> None:
        token = f"0/ada/{time.time() + 4}"
        follower = await _ready(FOLLOWS[kind], server, token=token)
        found, code = await _rest(follower)
        names = [name for name, _ in found if name != "beat"]
        expected = {
            "events": (["problem"], 1000),
            "socket": ([], 4401),
            "graphql events": (["error", "complete"], 1000),
        }
        assert expected[kind] == (names, code)
        assert len(found) > len(names)
        again = await EventSource.follow(f"{server.url}/realtime/v1/shop/changes", token)
        assert 401 == again.status

    with tenants(tmp_path, **_BEATING) as server:
        lived(lambda: lives(server))
