"""Streams of changes from a real server."""

import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from plugins.core.tests.servers import STORAGES, url_of
from synthdb_host.testing.serving import LiveServer

from .listening import Listener, write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

_FEED = "/realtime/v1/shop"
_REST = "/rest/v1/shop/orders"


@pytest.fixture(params=STORAGES)
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Start servers of one database, ``shop``, with a row in ``orders``; what is given are settings."""
    servers: list[LiveServer] = []

    def start(**settings: object) -> LiveServer:
        environment = {f"SYNTHDB_{name.upper()}": str(value) for name, value in settings.items()}
        server = LiveServer(tmp_path, "--database", url_of(request.param, tmp_path, "shop"), environment=environment)
        servers.append(server)
        write(server.url + _REST, {"what": "tea", "price": 1})
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    """Close what a test leaves open."""
    yield
    while Listener.opened:
        Listener.opened.pop().close()


def test_changes_are_sent_as_they_are_made(serve: Callable[..., LiveServer]) -> None:
    """With what was there before, and the place to go on from; nothing may hold them up on the way."""
    server = serve()
    listener = Listener(f"{server.url}{_FEED}/changes", headers={"Accept-Encoding": "gzip"})
    assert (200, "text/event-stream") == (listener.status, listener.headers["content-type"])
    assert ("no", "no-store") == (listener.headers["x-accel-buffering"], listener.headers["cache-control"])
    assert "content-encoding" not in listener.headers
    assert "ready" == next(listener).name
    write(f"{server.url}{_REST}?id=eq.1", {"price": 2}, method="PATCH")
    event = next(listener)
    assert ("change", event.data["seq"]) == (event.name, event.id)
    assert {"table": "orders", "op": "update", "key": [1], "branch": "main", "changed": ["price"]}.items() <= (
        event.data.items()
    )
    assert [{"id": 1, "what": "tea", "price": 1}, {"id": 1, "what": "tea", "price": 2}] == [
        event.data["old"], event.data["new"],
    ]  # fmt: skip


def test_a_client_that_comes_back_gets_what_it_missed(serve: Callable[..., LiveServer]) -> None:
    """Exactly that, from every place; the header goes before the address, as a browser has it."""
    server = serve()
    listener = Listener(f"{server.url}{_FEED}/changes?since=0")
    for number in range(4):
        write(server.url + _REST, {"price": number}, {"price": -number})
    whole = [event.id for event in listener.changes(9)]
    listener.close()
    for place in range(8):
        for again in (
            Listener(f"{server.url}{_FEED}/changes?since=0", whole[place]),
            Listener(f"{server.url}{_FEED}/changes?since={whole[place]}"),
        ):
            assert whole[place + 1 :] == [event.id for event in again.changes(8 - place)]
            again.close()


def test_what_the_server_dies_of_costs_no_change(serve: Callable[..., LiveServer]) -> None:
    """Killed in the middle, and started again."""
    server = serve()
    listener = Listener(f"{server.url}{_FEED}/changes")
    next(listener)
    write(server.url + _REST, {"price": 7})
    assert [7] == [event.data["new"]["price"] for event in listener.changes(1)]
    server.kill()
    again = serve()
    write(again.url + _REST, {"price": 8})
    back = Listener(f"{again.url}{_FEED}/changes", listener.last)
    assert [1, 8] == [event.data["new"]["price"] for event in back.changes(2)]


def test_a_condition_is_followed(serve: Callable[..., LiveServer]) -> None:
    """In the grammar of REST, on a branch too."""
    server = serve()
    _post(f"{server.url}/meta/v1/shop/branches", {"name": "dev"})
    listener = Listener(f"{server.url}{_FEED}@dev/changes/orders?price=gte.5&or=(what.eq.tea,what.is.null)")
    next(listener)
    for values in ({"price": 6}, {"price": 7}, {"price": 7, "what": "pie"}, {"what": "tea"}, {"price": 0}):
        write(f"{server.url}/rest/v1/shop@dev/orders?id=eq.1", values, method="PATCH")
    write(server.url + _REST, {"price": 9})
    found = [(event.data["op"], (event.data["new"] or {}).get("price")) for event in listener.changes(5)]
    assert [("insert", 6), ("update", 7), ("leave", None), ("insert", 7), ("leave", None)] == found


def test_what_is_there_comes_before_what_changes(serve: Callable[..., LiveServer]) -> None:
    """While others write: together they are what is there in the end, with no gap and nothing twice."""
    server = serve()
    done = threading.Event()

    def work() -> None:
        for number in range(60):
            write(server.url + _REST, {"price": number})
            write(f"{server.url}{_REST}?id=eq.{number + 1}", {"price": -1}, method="PATCH")
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    listeners = []
    while not done.is_set():
        listeners.append(Listener(f"{server.url}{_FEED}/changes/orders?snapshot=true"))
        time.sleep(0.05)
    thread.join()
    expected = {row["id"]: row for row in _get(server.url + _REST)}
    write(server.url + _REST, {"what": "last"})
    for listener in listeners:
        rows: dict[int, Any] = {}
        for event in listener:
            if event.name == "rows":
                rows |= {row["id"]: row for row in event.data["rows"]}
            elif event.name == "change":
                if (event.data["new"] or {}).get("what") == "last":
                    break
                key = event.data["key"][0]
                assert event.data["old"] == rows.get(key)
                rows[key] = event.data["new"]
        assert expected == rows
        listener.close()


def test_who_comes_back_too_late_is_told_so(serve: Callable[..., LiveServer]) -> None:
    """Once, and then is told of what comes; with a snapshot he gets another one."""
    server = serve()
    listener = Listener(f"{server.url}{_FEED}/changes", "99999.3")
    assert [("resync", True), ("ready", None)] == [
        (event.name, event.data.get("lost")) for event in listener.until("ready")
    ]
    write(server.url + _REST, {"price": 3})
    assert 3 == next(listener).data["new"]["price"]
    again = Listener(f"{server.url}{_FEED}/changes?snapshot=true", "99999.3")
    assert ["resync", "rows", "ready"] == [event.name for event in again.until("ready")]


def test_an_idle_stream_shows_that_it_lives(serve: Callable[..., LiveServer]) -> None:
    """And moves on in the log, so that whoever sees nothing is not behind one day."""
    server = serve(plugins__core__realtime_heartbeat_seconds=0.1)
    listener = Listener(f"{server.url}{_FEED}/changes/orders?price=lt.0")
    begin = next(listener).id
    for number in range(3):
        write(server.url + _REST, {"price": number})
    time.sleep(1)
    write(server.url + _REST, {"price": -1})
    next(listener)
    assert listener.comments > 0
    assert begin != listener.last


def test_a_stream_ends_when_its_time_is_over(serve: Callable[..., LiveServer]) -> None:
    """And says why."""
    server = serve(plugins__core__realtime_lifetime_seconds=0.3)
    events = list(Listener(f"{server.url}{_FEED}/changes"))
    assert [("ready", None), ("end", "lifetime")] == [(event.name, event.data.get("reason")) for event in events]


def test_a_server_that_stops_sends_everybody_away(serve: Callable[..., LiveServer]) -> None:
    """At once, and tells them when to come back."""
    server = serve()
    listeners = [Listener(f"{server.url}{_FEED}/changes") for _ in range(20)]
    for listener in listeners:
        next(listener)
    server.process.terminate()
    assert [["end"]] * 20 == [[event.name for event in listener] for listener in listeners]
    assert 0 == server.stop()


def test_who_hangs_up_makes_room(serve: Callable[..., LiveServer]) -> None:
    """Though nothing is ever sent to him."""
    server = serve(feeds__max_followers=3)
    for _ in range(3):
        listeners = [_patient(f"{server.url}{_FEED}/changes") for _ in range(3)]
        refused = Listener(f"{server.url}{_FEED}/changes")
        assert (503, "unavailable") == (refused.status, refused.body()["code"])
        for listener in listeners:
            listener.close()


def test_who_never_reads_takes_no_memory_and_no_place(serve: Callable[..., LiveServer]) -> None:
    """What he does not take is not kept for him; others are told of everything meanwhile."""
    server = serve(feeds__buffer_bytes=100_000, limits__write_timeout_seconds=1, feeds__max_followers=2)
    deaf = Listener(f"{server.url}{_FEED}/changes")
    other = Listener(f"{server.url}{_FEED}/changes")
    next(other)
    for _ in range(40):
        write(server.url + _REST, *({"what": "x" * 10_000} for _ in range(20)))
        other.changes(20)
    assert 200 == _patient(f"{server.url}{_FEED}/changes").status
    with contextlib.suppress(ConnectionError):
        assert "end" not in [event.name for event in deaf]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/changes?since=yesterday", 400, "invalid_parameter"),
        ("/changes?since=1&since=2", 400, "invalid_parameter"),
        ("/changes?since=-1", 400, "invalid_parameter"),
        ("/changes?since=1.2.3", 400, "invalid_parameter"),
        ("/changes?snapshot=maybe", 400, "invalid_parameter"),
        ("/changes?price=eq.1", 400, "invalid_parameter"),
        ("/changes?tables=ghosts", 404, "unknown_table"),
        ("/changes/ghosts", 404, "unknown_table"),
        ("/changes/orders?ghost=eq.1", 400, "unknown_column"),
        ("/changes/orders?price=eq.x", 400, "invalid_filter"),
        ("/changes/orders?price=nope.1", 400, "unknown_operator"),
        ("/changes/orders?select=id", 400, "invalid_parameter"),
        ("/changes/orders?order=id", 400, "invalid_parameter"),
        ("/changes/orders?limit=1", 400, "invalid_parameter"),
        ("/changes/orders?tables=orders", 400, "invalid_parameter"),
        ("/changes/%FF", 400, "invalid_parameter"),
        ("/changes/orders?%FF=eq.1", 400, "invalid_parameter"),
        ("/changes/orders?or=(" + ",".join(["price.eq.1"] * 101) + ")", 400, "invalid_parameter"),
        ("@nowhere/changes", 404, "unknown_ref"),
        ("@main@2020-01-01/changes", 400, "invalid_parameter"),
        ("@1/changes", 404, "unknown_ref"),
        ("x/changes", 404, "unknown_database"),
        ("/nothing", 404, "not_found"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused(shared: str, path: str, status: int, code: str) -> None:
    """Before anything is sent, with a problem like any other."""
    listener = Listener(f"{shared}{_FEED}{path}")
    assert (status, code) == (listener.status, listener.body()["code"])
    listener.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that tests only ask."""
    folder = tmp_path_factory.mktemp("shared")
    server = LiveServer(folder, "--database", str(folder / "shop.db"))
    write(server.url + _REST, {"what": "tea", "price": 1})
    yield server.url
    server.close()


def test_it_can_be_left_out(serve: Callable[..., LiveServer]) -> None:
    """Like every API."""
    server = serve(disabled_apis="core.realtime")
    assert 404 == Listener(f"{server.url}{_FEED}/changes").status


def _patient(url: str) -> Listener:
    """Follow, as soon as there is room."""
    for _ in range(100):
        listener = Listener(url)
        if listener.status == 200:
            next(listener)
            return listener
        listener.close()
        time.sleep(0.1)
    raise AssertionError("There was no room.")


def _post(url: str, body: Any) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30).close()


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)
