"""Many followers with policies of their own, two processes that write, and followers that are cut off at random."""

import asyncio
import os
import random
import resource
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb.plugin import plugin as core
from synthdb_host.contracts import Context, Policy, Principal, Resource, RowPolicy
from synthdb_host.manager import Host
from synthdb_host.operations import Insert
from synthdb_host.server_scheduling import ServerScheduler
from synthdb_host.settings import FeedSettings
from synthdb_host.testing.gating import Guard, allow_all
from synthdb_host.testing.hosting import build_host
from synthdb_host.testing.session import where
from synthdb_host.versions import Changes, Follow

from .writing import TENANTS

IS_LONG: Final = bool(os.environ.get("SOAK"))
FOLLOWERS: Final = 500 if IS_LONG else 60
COMMITS: Final = 2_000 if IS_LONG else 100
"""By each of two processes; in the long form they make 2,000 a minute together."""

SECONDS: Final = 120 if IS_LONG else 4
_MOST_GROWTH: Final = 300_000
"""KiB of memory."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


async def _restrict(principal: Principal, _: str, resource: Resource) -> RowPolicy | None:
    tenant = principal.claims.get("tenant")
    return None if tenant is None or resource.table != "orders" else RowPolicy(where("tenant", "eq", tenant))


class _Follower:
    """Follows, is cut off at some time, and goes on where it was."""

    def __init__(self, host: Host, number: int) -> None:
        self.tenant = number % TENANTS
        self.changes: list[dict[str, Any]] = []
        self.cuts = 0
        self._host = host
        self._caller = Context(Principal(f"follower-{number}", claims={"tenant": self.tenant}))
        self._seed = number

    async def run(self) -> None:
        chance, last = random.Random(self._seed), "1"
        while True:
            feed = await self._host.gate.follow("shop", Follow({"orders": None}, since=last), self._caller)
            try:
                async with asyncio.timeout(chance.uniform(0.2, SECONDS / 2)):
                    async for page in feed:
                        rows = page.result.python()
                        # Cut off in the middle of a page, too.
                        keep = chance.randint(1, len(rows)) if chance.random() < 0.1 else len(rows)
                        self.changes += rows[:keep]
                        last = self.changes[-1]["seq"]
                        if keep < len(rows):
                            break
            except TimeoutError:
                pass
            finally:
                feed.close()
            self.cuts += 1


def _expected(log: list[dict[str, Any]], tenant: int) -> list[tuple[Any, ...]]:
    found = []
    for change in log:
        old, new = (row if row and row["tenant"] == tenant else None for row in (change["old"], change["new"]))
        if old or new:
            op = "insert" if not old else "update" if new else "leave" if change["new"] else "delete"
            found.append((change["offset"], op, change["key"], old, new))
    return found


async def _write(folder: Path) -> None:
    program = str(Path(__file__).parent / "writing.py")
    writers = [
        await asyncio.create_subprocess_exec(
            sys.executable, program, str(folder / "shop.db"), seed, str(COMMITS), str(SECONDS)
        )
        for seed in ("a", "b")
    ]
    assert [0, 0] == [await writer.wait() for writer in writers]


async def _lives(folder: Path) -> None:
    guard = Guard(authorizers=[allow_all()], policies=[Policy("tenant", _restrict)])
    url = f"sqlite:///{folder / 'shop.db'}"
    settings = FeedSettings(max_followers=FOLLOWERS)
    host = build_host(folder, {"core": core(), "guard": guard}, databases={"shop": url}, feeds=settings)
    scheduler = ServerScheduler(asyncio.get_running_loop())
    host.start_worker(scheduler)
    everyone = Context(Principal("everyone"))
    await host.gate.execute("shop", Insert.of("orders", [{"tenant": 0, "what": "first"}]), everyone)
    followers = [_Follower(host, number) for number in range(FOLLOWERS)]
    tasks = [asyncio.ensure_future(follower.run()) for follower in followers]
    await asyncio.sleep(0.5)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await _write(folder)
    log = (await host.gate.execute("shop", Changes("1", limit=100_000), everyone)).python()
    expected = [_expected(log, tenant) for tenant in range(TENANTS)]
    async with asyncio.timeout(120):
        while any(len(one.changes) < len(expected[one.tenant]) for one in followers):
            await asyncio.sleep(0.05)
            for task in tasks:
                assert not task.done() or task.result() is None
    for task in tasks:
        task.cancel()
    for one in followers:
        found = [(row["commit"], row["op"], row["key"], row["old"], row["new"]) for row in one.changes]
        assert expected[one.tenant] == found
    assert sum(one.cuts for one in followers) > FOLLOWERS / 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < _MOST_GROWTH
    await asyncio.to_thread(scheduler.close)
    host.stop_worker()


def test_every_follower_is_shown_the_log_as_his_policy_leaves_it(tmp_path: Path) -> None:
    """Each change once and in order, however often he was cut off; memory does not grow with what was sent."""
    asyncio.run(_lives(tmp_path))
