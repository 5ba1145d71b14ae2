"""Many subscribers with policies of their own, two processes that write, and subscribers that are cut off at random."""

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import pytest

from synthdb import connect
from synthdb_host.testing.serving import LiveServer

from .serving import resident, tenants
from .streaming import EventSource, WebSocket
from .writing import TENANTS

IS_LONG: Final = bool(os.environ.get("SOAK"))
SUBSCRIBERS: Final = 500 if IS_LONG else 40
SECONDS: Final = 60 if IS_LONG else 10
COMMITS: Final = SECONDS * 1_000 // 60
"""By each of two processes, which make 2,000 a minute together."""

_PATIENCE: Final = 120
_MOST_GROWTH: Final = 64 * 1024
"""KiB of memory."""

_HERE: Final = Path(__file__).parent
_QUERY: Final = """subscription ($since: String) { orders_changes(since: $since) {
    offset operation key old { id tenant what } new { id tenant what } } }"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


class _Subscriber:
    """Follows, is cut off at some time, and goes on where it was; every second one on a WebSocket."""

    def __init__(self, url: str, number: int) -> None:
        self.tenant = number % TENANTS
        self.changes: list[tuple[Any, ...]] = []
        self.heard: dict[str, float] = {}
        """When it heard of a commit as it was made."""

        self.cuts = 0
        self.is_ready = asyncio.Event()
        self._url = url
        self._token = f"{self.tenant}/subscriber-{number}"
        self._last = "1"
        self.kind = "socket" if number // TENANTS % 2 else "events"
        self._follow = self._follow_socket if self.kind == "socket" else self._follow_events
        self._chance = random.Random(number)

    async def run(self) -> None:
        """Go on for ever."""
        while True:
            try:
                async with asyncio.timeout(self._chance.uniform(0.2, SECONDS / 2)):
                    await self._follow()
            except TimeoutError:
                self.cuts += 1
            await asyncio.sleep(self._chance.choice((0, 0, 0, 0.5)))

    async def _follow_events(self) -> None:
        source = await EventSource.follow(f"{self._url}/realtime/v1/shop/changes/orders", self._token, self._last)
        try:
            assert ("ready", {"seq": self._last}) == await source.next()
            self.is_ready.set()
            begun = time.monotonic()
            while True:
                name, data = await source.next()
                assert name in ("change", "beat"), data
                if name == "change":
                    self._take(data["seq"], data["op"], data, begun)
        finally:
            source.abort()

    async def _follow_socket(self) -> None:
        socket = await WebSocket.connect(f"{self._url}/graphql/v1/shop", self._token)
        try:
            await socket.begin()
            socket.subscribe(_QUERY, since=self._last)
            ready = (await socket.receive())["payload"]["data"]["orders_changes"]
            assert ("ready", self._last) == (ready["operation"], ready["offset"])
            self.is_ready.set()
            begun = time.monotonic()
            while True:
                message = await socket.receive()
                if message["type"] != "ping":
                    data = message["payload"]["data"]["orders_changes"]
                    self._take(data["offset"], data["operation"], data, begun)
        finally:
            socket.abort()

    def _take(self, seq: str, op: str, data: dict[str, Any], begun: float) -> None:
        commit = seq.partition(".")[0]
        self.changes.append((commit, op, data["key"], data["old"], data["new"]))
        self.heard.setdefault(commit, time.monotonic() if time.monotonic() - begun > 1 else 0.0)
        self._last = seq


def _expected(log: list[dict[str, Any]], tenant: int) -> list[tuple[Any, ...]]:
    """Give the log as the policy of a tenant leaves it."""
    found = []
    for change in log:
        old, new = (row if row and row["tenant"] == tenant else None for row in (change["old"], change["new"]))
        if old or new:
            op = "insert" if not old else "update" if new else "leave" if change["new"] else "delete"
            found.append((change["offset"], op, change["key"], old, new))
    return found


async def _write(file: Path) -> tuple[dict[str, float], dict[int, float]]:
    """Write, and give when it was done by what was written, and when a bare poll saw a commit."""
    poll = await _start("polling.py", str(file))
    writers = [await _start("writing.py", str(file), seed, str(COMMITS), str(SECONDS)) for seed in ("a", "b")]
    done = [await writer.communicate() for writer in writers]
    assert [0, 0] == [writer.returncode for writer in writers]
    await asyncio.sleep(0.5)
    poll.terminate()
    seen, _ = await poll.communicate()
    written = (line.split() for out, _ in done for line in out.decode().splitlines())
    polled = (line.split() for line in seen.decode().splitlines())
    return {what: float(at) for what, at in written}, {int(commit): float(at) for commit, at in polled}


async def _start(program: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(_HERE / program), *arguments, stdout=asyncio.subprocess.PIPE
    )


def _report(
    log: list[dict[str, Any]], subscribers: list[_Subscriber], written: dict[str, float], polled: dict[int, float]
) -> None:
    """Print how soon subscribers heard of commits, beside the poll: a figure, which nothing depends on."""
    committed = {item["offset"]: written[item["new"]["what"]] for item in log if item["new"]}
    heard: dict[str, list[float]] = {"events": [], "socket": []}
    for subscriber in subscribers:
        heard[subscriber.kind] += [
            1_000 * max(0.0, at - committed[commit])
            for commit, at in subscriber.heard.items()
            if at and commit in committed
        ]
    seen = [
        1_000 * max(0.0, min(at for newest, at in polled.items() if newest >= int(commit)) - then)
        for commit, then in committed.items()
    ]
    for name, found in (*heard.items(), ("poll", seen)):
        at = quantiles(found, n=100)
        print(f"{name:6} median {at[49]:.1f} ms, p99 {at[98]:.1f} ms of {len(found)}")  # noqa: T201 - for whoever asks


async def _lives(server: LiveServer, file: Path) -> None:
    subscribers = [_Subscriber(server.url, number) for number in range(SUBSCRIBERS)]
    tasks = [asyncio.ensure_future(subscriber.run()) for subscriber in subscribers]
    async with asyncio.timeout(_PATIENCE):
        await asyncio.gather(*(subscriber.is_ready.wait() for subscriber in subscribers))
    before = resident(server)
    written, polled = await _write(file)
    with connect(file) as db:
        log = db.changes("1", limit=100_000)
    expected = [_expected(log, tenant) for tenant in range(TENANTS)]
    async with asyncio.timeout(_PATIENCE):
        while any(len(one.changes) < len(expected[one.tenant]) for one in subscribers):
            await asyncio.sleep(0.05)
            for task in tasks:
                assert not task.done() or task.result() is None
    growth = resident(server) - before
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for one in subscribers:
        assert expected[one.tenant] == one.changes
    assert sum(one.cuts for one in subscribers) > SUBSCRIBERS
    print(f"{sum(one.cuts for one in subscribers)} cuts, {growth} KiB more")  # noqa: T201 - for whoever asks
    _report(log, subscribers, written, polled)
    assert growth < _MOST_GROWTH


def test_every_subscriber_is_shown_the_log_as_his_policy_leaves_it(tmp_path: Path) -> None:
    """Each change once and in order, however often he was cut off; memory does not grow with what was sent."""
    with tenants(tmp_path) as server:
        asyncio.run(_lives(server, tmp_path / "shop.db"))
