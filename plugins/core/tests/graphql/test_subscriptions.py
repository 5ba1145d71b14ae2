"""Subscriptions: what they show, and the protocols that carry them."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import falcon
import falcon.testing
import msgspec
import pytest

from plugins.core.tests.graphql.conftest import Api, fill, serving
from plugins.core.tests.servers import url_of
from synthdb.engine.sqlite import SqliteDatabase
from synthdb_host.access import LOCAL
from synthdb_host.contracts import Context, Policy, Principal, Resource, RowPolicy
from synthdb_host.operations import Delete, Insert, Operation, Update
from synthdb_host.testing.gating import Guard
from synthdb_host.testing.session import where

_WAIT: Final = 20.0
_PROTOCOL: Final = "graphql-transport-ws"
_ROOT: Final = Path(__file__).parents[4]
_ALL: Final = "subscription ($since: String) { films_changes(since: $since) { offset operation key new { title } } }"

Socket = falcon.testing.ASGIWebSocketSimulator


def film(number: int, year: int | None = None, **values: object) -> Insert:
    """Give the insert of a film."""
    return Insert.of("films", [{"id": number, "title": f"T{number}", "year": year, **values}])


class Client:
    """Speaks the protocol on one socket."""

    def __init__(self, api: Api, socket: Socket) -> None:
        self.socket = socket
        self._gate = api.client.host.gate

    async def write(self, operation: Operation) -> None:
        """Run an operation through the gate."""
        await self._gate.execute("db", operation, Context(LOCAL))

    async def send(self, kind: str, **members: object) -> None:
        """Send a message."""
        await self.socket.send_text(msgspec.json.encode({"type": kind, **members}).decode())

    async def receive(self) -> Any:
        """Give the next message."""
        return msgspec.json.decode(await asyncio.wait_for(self.socket.receive_text(), _WAIT))

    async def begin(self, **payload: object) -> None:
        """Open the connection."""
        await self.send("connection_init", payload=payload)
        assert {"type": "connection_ack"} == await self.receive()

    async def subscribe(self, query: str, ident: str = "1", **variables: object) -> None:
        """Ask for an operation."""
        await self.send("subscribe", id=ident, payload={"query": query, "variables": variables})

    async def event(self, field: str = "films_changes") -> Any:
        """Give the next event of the one subscription."""
        message = await self.receive()
        assert "next" == message["type"], message
        return message["payload"]["data"][field]

    async def code(self) -> int | None:
        """Give the code with which the server closes the socket."""
        with suppress(falcon.WebSocketDisconnected):
            while True:
                await self.receive()
        return self.socket.close_code


def talk(
    api: Api, script: Callable[[Client], Awaitable[None]], path: str = "/graphql/v1/db", protocol: str = _PROTOCOL,
    headers: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Open a socket and run a script on it."""

    async def run() -> None:
        options: Any = {"subprotocols": [protocol], "headers": headers or {}}
        async with api.client.socket(path, **options) as socket:
            await script(Client(api, socket))

    api.client.run(run())


def test_changes_come_in_order_with_the_row_before_and_after(api: Api) -> None:
    """And with exact values, under the names that the operation gives them."""

    async def script(client: Client) -> None:
        await client.begin()
        await client.subscribe(
            """subscription Films { changes: films_changes {
                 __typename operation commit branch key changed ...Images } }
               fragment Images on films_change { old { n: title } new { __typename title rating data } }"""
        )
        ready = await client.event("changes")
        assert ("ready", None, None) == (ready["operation"], ready["key"], ready["new"])
        await client.write(film(7, rating="9.10", data={"big": 2**60}))
        await client.write(Update("films", {"title": "U"}, where("id", "eq", 7)))
        await client.write(Delete("films", where("id", "eq", 7)))
        text = await asyncio.wait_for(client.socket.receive_text(), _WAIT)
        assert '"rating":9.10' in text
        inserted = msgspec.json.decode(text)["payload"]["data"]["changes"]
        assert ("films_change", "insert", "main", [7]) == tuple(
            inserted[name] for name in ("__typename", "operation", "branch", "key")
        )
        assert {"__typename": "films_image", "title": "T7", "rating": 9.1, "data": {"big": 2**60}} == inserted["new"]
        updated, deleted = await client.event("changes"), await client.event("changes")
        assert ("update", {"n": "T7"}, "U", ["title"]) == (
            updated["operation"], updated["old"], updated["new"]["title"], updated["changed"],
        )  # fmt: skip
        assert ("delete", {"n": "U"}, None) == (deleted["operation"], deleted["old"], deleted["new"])

    talk(api, script)


def test_a_row_enters_and_leaves_the_condition(api: Api) -> None:
    """The condition is of the same language as that of a query."""

    async def script(client: Client) -> None:
        await client.begin()
        await client.subscribe(
            "subscription ($y: bigint) { films_changes(where: {year: {_gte: $y}}) { operation key } }", y=2000
        )
        assert "ready" == (await client.event())["operation"]
        for year in (1990, 2001, 2002, 1991):
            await client.write(film(7, year) if year == 1990 else Update("films", {"year": year}, where("id", "eq", 7)))
        found = [(await client.event())["operation"] for _ in range(3)]
        assert ["insert", "update", "leave"] == found

    talk(api, script)


def test_who_goes_on_misses_nothing_and_is_told_nothing_twice(api: Api) -> None:
    """From any offset that he was given, also from the one before the first change."""
    offsets: list[str] = []

    async def script(client: Client) -> None:
        await client.begin()
        await client.subscribe(_ALL)
        offsets.append((await client.event())["offset"])
        await client.write(Insert.of("films", [{"id": number, "title": f"T{number}"} for number in (7, 8, 9)]))
        offsets.extend([(await client.event())["offset"] for _ in range(3)])

    async def again(client: Client) -> None:
        await client.begin()
        for place, offset in enumerate(offsets):
            await client.subscribe(_ALL, str(place), since=offset)
            ready = await client.event()
            assert (offset, "ready") == (ready["offset"], ready["operation"])
            assert offsets[place + 1 :] == [(await client.event())["offset"] for _ in offsets[place + 1 :]]

    talk(api, script)
    talk(api, again)


def test_the_rows_that_are_there_come_first(api: Api) -> None:
    """Then their changes; who goes on gets changes alone."""

    async def script(client: Client) -> None:
        query = """subscription ($s: String) { films_changes(snapshot: true, since: $s, where: {id: {_lte: 2}}) {
            offset operation key new { title } } }"""
        await client.begin()
        await client.subscribe(query)
        found = [await client.event() for _ in range(3)]
        assert [("row", [1], "Alien", None), ("row", [2], "The Piano", None)] == [
            (event["operation"], event["key"], event["new"]["title"], event["offset"]) for event in found[:2]
        ]
        await client.subscribe(query, "2", s=found[2]["offset"])
        assert "ready" == (await client.event())["operation"]

    talk(api, script)


def test_who_comes_back_too_late_is_told_that_changes_are_lost(api: Api) -> None:
    """An offset that the log does not have is answered with a resync, then the rows, then what comes."""

    async def script(client: Client) -> None:
        await client.begin()
        query = 'subscription { films_changes(since: "999999", snapshot: true, where: {id: {_eq: 1}}) { operation } }'
        await client.subscribe(query)
        assert ["resync", "row", "ready"] == [(await client.event())["operation"] for _ in range(3)]

    talk(api, script)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ('subscription { films_changes(since: "x") { offset } }', "invalid_parameter"),
        ("subscription { films_changes(where: {roles: {fee: {_gt: 1}}}) { offset } }", "invalid_filter"),
        ("subscription { films_changes(where: {id: {_eq: null}}) { offset } }", "invalid_filter"),
        ('subscription { films_changes(at: {as_of: "1"}) { offset } }', "invalid_document"),
        ('subscription { films_changes(at: {branch: "nowhere"}) { offset } }', "unknown_ref"),
        ("subscription { films_changes { offset } people_changes { offset } }", "invalid_document"),
        ("subscription { films_changes @skip(if: true) { offset } }", "invalid_document"),
        ("subscription { ghosts_changes { offset } }", "invalid_document"),
        ("subscription {", "invalid_document"),
        ("subscription ($n: Int!) { films_changes { offset @include(if: true) key } }", "invalid_document"),
        ("query { films { " + " ".join(f"a{n}: id" for n in range(300)) + " } }", "too_complex"),
    ],
)
def test_what_cannot_be_followed_is_an_error_of_the_operation(api: Api, query: str, code: str) -> None:
    """The connection stays."""

    async def script(client: Client) -> None:
        await client.begin()
        await client.subscribe(query)
        message = await client.receive()
        assert ("error", "1", code) == (message["type"], message["id"], message["payload"][0]["extensions"]["code"])
        await client.send("ping")
        assert {"type": "pong"} == await client.receive()

    talk(api, script)


def test_queries_are_answered_on_the_socket(api: Api) -> None:
    """With one result each; the id is free again afterwards."""

    async def script(client: Client) -> None:
        await client.begin()
        for _ in range(2):
            await client.subscribe("{ films(limit: 1) { title } }")
            assert {"films": [{"title": "Alien"}]} == (await client.receive())["payload"]["data"]
            assert {"id": "1", "type": "complete"} == await client.receive()

    talk(api, script)


def test_the_client_ends_an_operation(api: Api) -> None:
    """Nothing more is told, and the follower is gone."""

    async def script(client: Client) -> None:
        await client.begin()
        await client.subscribe(_ALL)
        await client.event()
        await client.send("complete", id="1")
        await client.write(film(7))
        await client.send("ping")
        assert {"type": "pong"} == await client.receive()
        await client.subscribe(_ALL)
        assert "ready" == (await client.event())["operation"]

    talk(api, script)


def test_a_connection_is_closed_with_the_protocols_codes(api: Api) -> None:
    """For whatever is no message, comes at the wrong moment, or twice."""

    def closed(*messages: str) -> int | None:
        found: list[int | None] = []

        async def script(client: Client) -> None:
            for message in messages:
                await client.socket.send_text(message)
            found.append(await client.code())

        talk(api, script)
        return found[0]

    begin, follow = '{"type":"connection_init"}', msgspec.json.encode(
        {"id": "1", "type": "subscribe", "payload": {"query": _ALL}}
    ).decode()  # fmt: skip
    for rubbish in ("", "x", "[]", "1", "{}", '{"type":"start"}', '{"type":1}', '{"type":"subscribe"}', "[" * 10_000):
        assert 4400 == closed(rubbish), rubbish[:50]
    assert 4400 == closed(begin, '{"type":"subscribe","id":"1"}')
    assert 4400 == closed(begin, '{"type":"subscribe","id":"","payload":{}}')
    assert 4400 == closed('{"type":"connection_init","payload":[]}')
    assert 4401 == closed(follow)
    assert 4409 == closed(begin, follow, follow)
    assert 4429 == closed(begin, begin)


def test_another_protocol_is_not_spoken(api: Api) -> None:
    """Its client is told so."""

    async def script(client: Client) -> None:
        assert 4406 == await client.code()

    talk(api, script, protocol="graphql-ws")


def test_who_does_not_say_who_it_is_is_closed(tmp_path: Path) -> None:
    """After the time that it has."""

    async def script(client: Client) -> None:
        assert 4408 == await client.code()

    with serving(url_of("sqlite", tmp_path), tmp_path, graphql={"init_seconds": 0.1}) as api:
        talk(api, script)


def test_there_are_limits_of_operations_and_of_connections(tmp_path: Path) -> None:
    """One operation too many is an error; one connection too many is sent away."""
    with serving(url_of("sqlite", tmp_path), tmp_path, graphql={"max_operations": 2, "max_sockets": 1}) as api:
        fill(api)

        async def script(client: Client) -> None:
            await client.begin()
            for ident in "12":
                await client.subscribe(_ALL, ident)
                await client.event()
            await client.subscribe(_ALL, "3")
            message = await client.receive()
            assert ("error", "unavailable") == (message["type"], message["payload"][0]["extensions"]["code"])
            async with api.client.socket("/graphql/v1/db", subprotocols=[_PROTOCOL]) as other:
                assert 1013 == await Client(api, other).code()

        talk(api, script)


def test_a_page_of_another_site_cannot_connect(api: Api) -> None:
    """A browser would let it, and send what proves who its user is."""

    async def nothing(_client: Client) -> None:
        raise AssertionError

    for headers in ({"Origin": "https://evil.example"}, {"Origin": "http://localhost:81"}, {"Origin": "null"}):
        with pytest.raises(falcon.WebSocketDisconnected):
            talk(api, nothing, headers=headers)


def test_a_browser_shows_its_token_in_the_first_message(tmp_path: Path) -> None:
    """Because it cannot send the header; a wrong one closes the connection."""
    with serving(url_of("sqlite", tmp_path), tmp_path, admin_token="secret") as api:
        fill(api)

        async def good(client: Client) -> None:
            await client.begin(Authorization="Bearer secret")
            await client.subscribe("{ __typename }")
            assert {"__typename": "query_root"} == (await client.receive())["payload"]["data"]

        async def bad(client: Client) -> None:
            await client.send("connection_init", payload={"Authorization": "Bearer wrong"})
            assert 4403 == await client.code()

        talk(api, good)
        talk(api, bad)
        talk(api, good, headers={"Authorization": "Bearer wrong"})


class _Changing:
    """A policy that can be made stricter while somebody follows."""

    def __init__(self) -> None:
        self.least: int | None = None

    async def restrict(self, _principal: Principal, _action: str, resource: Resource) -> RowPolicy | None:
        """Show only films of some years, without their ratings."""
        if resource.table != "films" or self.least is None:
            return None
        return RowPolicy(rows=where("year", "gte", self.least), hidden=frozenset({"rating"}))


def test_each_change_is_restricted_by_the_policies_of_that_moment(tmp_path: Path) -> None:
    """Rows that may not be seen are not told of, and hidden columns are not in the schema."""
    policy = _Changing()
    guard = Guard(policies=[Policy("years", policy.restrict)])
    with serving(url_of("sqlite", tmp_path), tmp_path, plugins={"guard": guard}) as api:
        fill(api)
        policy.least = 0

        async def script(client: Client) -> None:
            await client.begin()
            await client.subscribe("subscription { films_changes { new { rating } } }", "0")
            assert "error" == (await client.receive())["type"]
            await client.subscribe("subscription { films_changes { operation key } }")
            await client.event()
            await client.write(film(7, 1990))
            assert [7] == (await client.event())["key"]
            policy.least = 2000
            await client.write(film(8, 1990))
            await client.write(film(9, 2001))
            assert [9] == (await client.event())["key"]

        talk(api, script)


def _counted(method: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(method.__name__)
        return method(*arguments, **options)

    return counted


def test_idle_subscriptions_run_no_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are on a connection."""
    calls: list[str] = []
    for name in ("catalog", "changes", "execute"):
        monkeypatch.setattr(SqliteDatabase, name, _counted(getattr(SqliteDatabase, name), calls))
    with serving(url_of("sqlite", tmp_path), tmp_path) as api:
        fill(api)

        async def script(client: Client) -> None:
            await client.begin()
            for number in range(20):
                await client.subscribe(_ALL, str(number))
                await client.event()
            await asyncio.sleep(0.2)
            calls.clear()
            await asyncio.sleep(0.5)
            assert [] == calls
            await client.write(film(7))
            assert {str(number) for number in range(20)} == {(await client.receive())["id"] for _ in range(20)}

        talk(api, script)
        assert calls.count("changes") <= 2


def test_server_sent_events_carry_operations_too(api: Api) -> None:
    """In the mode of distinct connections: one operation, one response."""
    headers = {"Accept": "text/event-stream", "Content-Type": "application/json"}
    for query, wanted in (
        ("{ films(limit: 1) { title } }", {"data": {"films": [{"title": "Alien"}]}}),
        ("{ ghosts { id } }", None),
    ):
        body = msgspec.json.encode({"query": query})
        answer = api.client.post("/graphql/v1/db", body=body, headers=headers)
        assert (200, "text/event-stream") == (answer.status_code, answer.headers["content-type"])
        (data,) = re.findall(r"event: next\ndata: (.*)\n\n", answer.text)
        assert answer.text.endswith("event: complete\ndata:\n\n")
        told = msgspec.json.decode(data)
        assert told == wanted if wanted else "invalid_document" == told["errors"][0]["extensions"]["code"]
    assert 400 == api.client.post("/graphql/v1/db", body=b"rubbish", headers=headers).status_code
    found = api.client.get("/graphql/v1/db?query=mutation{x}", headers={"Accept": "text/event-stream"})
    assert '"errors"' in found.text


def test_a_subscription_needs_a_connection_that_stays(api: Api) -> None:
    """An ordinary request is told so."""
    assert "invalid_document" == api.error(_ALL)["extensions"]["code"]


def test_what_the_page_shows_happens(tmp_path: Path) -> None:
    """Its subscription gives the events that stand below it."""
    page = (_ROOT / "docs" / "graphql-subscriptions.md").read_text("utf-8")
    query, events = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in ("graphql", "json"))

    async def script(client: Client) -> None:
        await client.begin()
        await client.subscribe(query)
        found = [await client.event()]
        await client.write(film(5, 2001))
        await client.write(Update("films", {"title": "Up"}, where("id", "eq", 5)))
        await client.write(Update("films", {"year": 1999}, where("id", "eq", 5)))
        found += [await client.event() for _ in range(3)]
        assert [msgspec.json.decode(line) for line in events.splitlines()] == [
            {"data": {"films_changes": event}} for event in found
        ]

    with serving(url_of("sqlite", tmp_path), tmp_path) as api:
        fill(api)
        talk(api, script)
