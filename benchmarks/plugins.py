"""``python -m benchmarks.plugins``: what plugins on the request hooks cost a point read.

The same read, without a socket, of hosts with core and so many plugins more that observe operations, or stand around
requests, and do nothing; in turns and in one run.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import falcon.asgi

from synthdb.plugin import plugin as core
from synthdb_host import Context, Insert, Manifest, Middleware, Outcome, Principal, hookimpl
from synthdb_host.access import PROCESS
from synthdb_host.http import build_app
from synthdb_host.testing.hosting import build_host

__all__ = ["main"]

_NUMBERS: Final = (0, 1, 10)
_PATH: Final = "/rest/v1/bench/items/500"
_ROWS: Final = 1_000

App = Callable[..., Awaitable[None]]


class Observing:
    """Observes operations."""

    def __init__(self, number: int) -> None:
        self.manifest = Manifest(id=f"observing{number}", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_observed(self, database: str, principal: Principal, outcome: Outcome) -> None:
        """Do nothing."""


class Around:
    """Stands around requests."""

    def __init__(self, number: int) -> None:
        self.manifest = Manifest(id=f"around{number}", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_middleware(self) -> Sequence[Middleware]:
        """Contribute what does nothing."""
        return [Middleware(self.manifest.id, lambda host: Passing(), place="after_authentication")]


class Passing:
    """Lets everything pass."""

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Do nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print what each number of plugins costs beside core alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.plugins", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="of 300 reads for each host")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="synthdb-bench-") as folder:
        asyncio.run(_measure(Path(folder), options.rounds))
    return 0


async def _measure(folder: Path, rounds: int) -> None:
    kinds: Mapping[str, type[Observing | Around]] = {"observing operations": Observing, "around requests": Around}
    apps = {
        (kind, number): await _started(folder / f"{number}{kind[:2]}", [make(one) for one in range(number)])
        for kind, make in kinds.items()
        for number in _NUMBERS
    }
    found: dict[tuple[str, int], list[float]] = {which: [] for which in apps}
    for turn in range(rounds):
        for which in sorted(apps, reverse=turn % 2 == 1):
            found[which].append(await _timed(apps[which]))
    for kind in kinds:
        base = statistics.median(found[kind, 0])
        for number in _NUMBERS:
            # Pairs of one round share its noise.
            ratios = [mine / alone for mine, alone in zip(found[kind, number], found[kind, 0], strict=True)]
            more = (statistics.median(ratios) - 1) * 100
            sys.stdout.write(f"{number:>3} plugins {kind:<22} {base * (1 + more / 100):6.1f} us  {more:+5.1f} %\n")


async def _started(folder: Path, plugins: Sequence[Observing | Around]) -> App:
    """Give the application of a host with a table, its worker started."""
    data = folder / "data"
    given: dict[str, object] = {"core": core(), **{one.manifest.id: one for one in plugins}}
    host = build_host(data, given, databases={"bench": f"sqlite:///{folder}.db"}, log_level="error")
    app = build_app(host)
    begun = asyncio.Event()

    async def receive() -> dict[str, str]:
        if begun.is_set():
            await asyncio.Event().wait()
        return {"type": "lifespan.startup"}

    async def send(_: Mapping[str, Any]) -> None:
        begun.set()

    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}}
    _LIFE.append(asyncio.create_task(app(scope, receive, send)))
    await begun.wait()
    rows = [{"id": number, "name": f"item {number}"} for number in range(1, _ROWS + 1)]
    await host.gate.execute("bench", Insert.of("items", rows), Context(PROCESS))
    return app


_LIFE: Final[list[asyncio.Task[None]]] = []
"""What keeps the applications going; the loop alone would forget them."""


async def _timed(app: App) -> float:
    """Give the microseconds of CPU time of a read."""
    answers: list[Mapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Mapping[str, Any]) -> None:
        answers.append(event)

    begun = time.process_time()
    for _ in range(300):
        await app(_scope(), receive, send)
    spent = time.process_time() - begun
    if {event["status"] for event in answers if "status" in event} != {200}:
        raise RuntimeError("a read was not answered with a row")
    return spent / 300 * 1e6


def _scope() -> dict[str, Any]:
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": _PATH,
        "raw_path": _PATH.encode(), "query_string": b"", "headers": [(b"host", b"localhost")], "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": "",
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
