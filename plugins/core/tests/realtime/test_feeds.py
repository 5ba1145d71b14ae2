"""Following through the gate: who is shown what, and what it costs the storage."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest

from plugins.core.tests.servers import STORAGES, url_of
from synthdb.engine.sqlite import SqliteDatabase
from synthdb.plugin import plugin as core
from synthdb_host.contracts import Authorizer, Context, Decision, Policy, Principal, Resource, RowPolicy, Verdict
from synthdb_host.errors import FellBehind, Forbidden, HistoryGone, InvalidParameter, RequestError, Unavailable
from synthdb_host.feeds import Feed
from synthdb_host.manager import Host
from synthdb_host.operations import Delete, Insert, Operation, Update
from synthdb_host.server_scheduling import ServerScheduler
from synthdb_host.settings import FeedSettings
from synthdb_host.testing.gating import Guard, allow_all, allow_only
from synthdb_host.testing.hosting import build_host
from synthdb_host.testing.session import where
from synthdb_host.versions import Follow, Offset

T = TypeVar("T")

ADA: Final = Context(Principal("ada", claims={"tenant": 1}))
BOB: Final = Context(Principal("bob", claims={"tenant": 2}))
_WAIT: Final = 20.0


@pytest.fixture(params=STORAGES)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new database, on each storage."""
    return url_of(request.param, tmp_path, "shop")


def lived(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a test's coroutine on an event loop of its own."""
    return asyncio.run(make())


@asynccontextmanager
async def served(url: str, guard: Guard | None = None, **feeds: int) -> AsyncIterator[Host]:
    """Give a host that works as it does in a server."""
    plugins: dict[str, object] = {"core": core(), "guard": guard or Guard(authorizers=[allow_all()])}
    host = build_host(Path("unused"), plugins, databases={"shop": url}, feeds=FeedSettings(**feeds))
    scheduler = ServerScheduler(asyncio.get_running_loop())
    host.start_worker(scheduler)
    try:
        yield host
    finally:
        await asyncio.to_thread(scheduler.close)
        host.stop_worker()


async def write(host: Host, *operations: Operation) -> list[str]:
    """Write, and give the commits."""
    return [str((await host.gate.execute("shop", operation, ADA)).commit) for operation in operations]


async def some(feed: Feed, count: int) -> list[dict[str, Any]]:
    """Give the next changes, at least so many."""
    rows: list[dict[str, Any]] = []
    async with asyncio.timeout(_WAIT):
        while len(rows) < count:
            rows += (await anext(feed)).result.python()
    return rows


def tenants() -> Guard:
    """Make a guard under which everybody sees the rows of his tenant, without what they cost."""

    async def restrict(principal: Principal, _: str, resource: Resource) -> RowPolicy | None:
        if principal.id == "ada" or resource.table != "orders":
            return None
        return RowPolicy(rows=where("tenant", "eq", principal.claims["tenant"]), hidden=frozenset({"cost"}))

    return Guard(authorizers=[allow_all()], policies=[Policy("tenant", restrict)])


def orders(*tenant: int) -> Insert:
    """Insert orders of tenants."""
    return Insert.of("orders", [{"tenant": number, "cost": 10, "what": "tea"} for number in tenant])


def test_everybody_is_shown_what_he_may_see(shop: str) -> None:
    """A row that comes to a tenant is new to him, and one that goes to another leaves him without a word of where."""

    async def lives() -> list[list[Any]]:
        async with served(shop, tenants()) as host:
            await write(host, orders(1))
            feeds = [await host.gate.follow("shop", Follow(), who) for who in (ADA, BOB)]
            move = Update("orders", {"tenant": 2}, where("id", "eq", 2))
            cost = Update("orders", {"cost": 99}, where("id", "eq", 2))
            back = Update("orders", {"tenant": 1}, where("id", "eq", 2))
            await write(host, orders(1), move, cost, back, orders(2))
            found = [await some(feed, count) for feed, count in zip(feeds, (5, 3), strict=True)]
            for feed in feeds:
                feed.close()
            return [[(row["op"], row["old"], row["new"]) for row in rows] for rows in found]

    ada, bob = lived(lives)
    assert ["insert", "update", "update", "update", "insert"] == [op for op, _, _ in ada]
    order = {"id": 2, "tenant": 2, "what": "tea"}
    assert [("insert", None, order), ("leave", order, None), ("insert", None, {**order, "id": 3})] == bob


def test_an_idle_follower_costs_no_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a commit is read once, however many follow."""
    reads: list[str] = []
    changes = SqliteDatabase.changes

    async def counted(self: SqliteDatabase, *arguments: Any) -> Any:
        reads.append("changes")
        return await changes(self, *arguments)

    async def lives() -> list[list[str]]:
        statements: list[str] = []
        async with served(url_of("sqlite", tmp_path, "shop")) as host:
            await write(host, orders(1))
            monkeypatch.setattr(sqlite3, "connect", _traced(sqlite3.connect, statements))
            feeds = [await host.gate.follow("shop", Follow(), ADA) for _ in range(20)]
            waiting = [asyncio.ensure_future(anext(feed)) for feed in feeds]
            await asyncio.sleep(0.3)
            statements.clear()
            reads.clear()
            await asyncio.sleep(0.5)
            idle = [*statements, *reads]
            await write(host, orders(2))
            await asyncio.wait_for(asyncio.gather(*waiting), _WAIT)
            return [idle, reads.copy()]

    monkeypatch.setattr(SqliteDatabase, "changes", counted)
    idle, busy = lived(lives)
    assert [] == idle
    assert len(busy) <= 2


def _traced(connect: Callable[..., sqlite3.Connection], statements: list[str]) -> Callable[..., sqlite3.Connection]:
    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(statements.append)
        return connection

    return traced


_OTHER: Final = """
import sys
from synthdb import connect
with connect(sys.argv[1]) as db:
    for number in range(20):
        db.insert("orders", {"tenant": 2, "what": str(number)})
"""


def test_commits_of_other_processes_are_told_of(shop: str) -> None:
    """Each change once and in order, without being asked for."""

    async def lives() -> list[dict[str, Any]]:
        async with served(shop) as host:
            await write(host, orders(1))
            feed = await host.gate.follow("shop", Follow(), ADA)
            command = [sys.executable, "-c", _OTHER, shop]
            other = await asyncio.to_thread(subprocess.run, command, check=True)
            assert other.returncode == 0
            return await some(feed, 20)

    assert [str(number) for number in range(20)] == [row["new"]["what"] for row in lived(lives)]


def test_a_follower_goes_on_where_he_was(shop: str) -> None:
    """From any change, in the middle of a commit too; what is no longer kept is an error, and never a gap."""

    async def lives() -> None:
        async with served(shop, page_changes=2) as host:
            await write(host, orders(1))
            first = await host.gate.follow("shop", Follow(), ADA)
            await write(host, orders(1, 2, 3), Delete("orders", where("tenant", "eq", 1)), orders(4))
            whole = [row["seq"] for row in await some(first, 6)]
            for place, seq in enumerate(whole[:-1], 1):
                again = await host.gate.follow("shop", Follow(since=seq), ADA)
                assert whole[place:] == [row["seq"] for row in await some(again, len(whole) - place)]
                again.close()
            with pytest.raises(HistoryGone):
                await host.gate.follow("shop", Follow(since="1000000"), ADA)
            with pytest.raises(InvalidParameter):
                await host.gate.follow("shop", Follow(since="yesterday"), ADA)

    lived(lives)


def test_who_is_too_slow_is_sent_away(shop: str) -> None:
    """When the newest changes fill what is kept for all, and never before; he can go on from where he was."""

    async def lives() -> None:
        async with served(shop, page_changes=10, buffer_bytes=4_000) as host:
            await write(host, orders(1))
            slow, fast = [await host.gate.follow("shop", Follow(), ADA) for _ in range(2)]
            await write(host, orders(1))
            seen = (await some(slow, 1))[-1]["seq"]
            for _ in range(30):
                await write(host, orders(1))
                await some(fast, 1)
            with pytest.raises(FellBehind):
                await some(slow, 1)
            again = await host.gate.follow("shop", Follow(since=seen), ADA)
            assert 30 == len(await some(again, 30))

    lived(lives)


def test_permissions_are_asked_for_again(shop: str) -> None:
    """Whoever may no longer see a table is shown no change of it; who named it is told so."""
    allowed = {"select", "follow"}

    async def authorize(principal: Principal, action: str, _: Resource) -> Decision:
        free = principal.id == "ada" or action in allowed
        return Decision(Verdict.ALLOW if free else Verdict.ABSTAIN)

    async def lives() -> None:
        async with served(shop, Guard(authorizers=[Authorizer("some", authorize)])) as host:
            await write(host, orders(1))
            named = await host.gate.follow("shop", Follow({"orders": None}), BOB)
            every = await host.gate.follow("shop", Follow(), BOB)
            await write(host, orders(2))
            assert [2, 2] == [(await some(feed, 1))[0]["new"]["tenant"] for feed in (named, every)]
            allowed.discard("select")
            (commit,) = await write(host, orders(3))
            with pytest.raises(Forbidden):
                await some(named, 1)
            waiting = asyncio.ensure_future(some(every, 1))
            while every.offset < Offset.parse(commit):  # noqa: ASYNC110 - a feed tells nobody how far it is
                await asyncio.sleep(0.01)
            allowed.add("select")
            await write(host, orders(4))
            assert [4] == [row["new"]["tenant"] for row in await waiting]
            allowed.discard("follow")
            await write(host, orders(5))
            with pytest.raises(Forbidden):
                await some(every, 1)

    lived(lives)


def test_following_needs_its_permission(shop: str) -> None:
    """And that to read each table that is named."""
    guard = Guard(authorizers=[allow_only(("follow", None), ("select", "orders"), ("define", None))])

    async def lives() -> None:
        async with served(shop, guard) as host:
            with pytest.raises(RequestError):
                await host.gate.follow("shop", Follow({"orders": None}), ADA)  # there is no such table yet
            with pytest.raises(Forbidden):
                await host.gate.follow("shop", Follow({"people": None}), ADA)
            (await host.gate.follow("shop", Follow(), ADA)).close()

    lived(lives)


def test_followers_are_limited(shop: str) -> None:
    """In a worker, of one principal, and in what each asks for; who leaves makes room."""

    async def lives() -> None:
        async with served(shop, max_followers=3, max_followers_per_principal=2, max_terms=2) as host:
            await write(host, orders(1))
            first = await host.gate.follow("shop", Follow(), ADA)
            await host.gate.follow("shop", Follow(), ADA)
            with pytest.raises(Unavailable):
                await host.gate.follow("shop", Follow(), ADA)
            first.close()
            first.close()
            await host.gate.follow("shop", Follow(), ADA)
            many = where("id", "gt", 1)
            with pytest.raises(InvalidParameter):
                await host.gate.follow("shop", Follow({"orders": many, "b": many, "c": many}), BOB)

    lived(lives)


def test_feeds_end_with_the_worker(shop: str) -> None:
    """Whoever waits is woken, and nobody can begin."""

    async def lives() -> None:
        async with served(shop) as host:
            await write(host, orders(1))
            feed = await host.gate.follow("shop", Follow(), ADA)
            waiting = asyncio.ensure_future(anext(feed, None))
            await asyncio.sleep(0.05)
            host.gate.feeds.end()
            assert await asyncio.wait_for(waiting, _WAIT) is None
            with pytest.raises(Unavailable):
                await host.gate.follow("shop", Follow(), ADA)

    lived(lives)


def test_a_cancelled_wait_loses_nothing(shop: str) -> None:
    """What comes meanwhile is there afterwards."""

    async def lives() -> list[dict[str, Any]]:
        async with served(shop) as host:
            await write(host, orders(1))
            feed = await host.gate.follow("shop", Follow(), ADA)
            for _ in range(5):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(feed), 0.02)
            await write(host, orders(7))
            return await some(feed, 1)

    assert [7] == [row["new"]["tenant"] for row in lived(lives)]
