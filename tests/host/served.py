"""A host with a probing plugin: the program that the server's tests start, with its settings as JSON."""

import asyncio
import gc
import json
import os
import sys
from collections.abc import Sequence

import falcon.asgi
from synthdb_memory.plugin import plugin as memory

from synthdb_host.contracts import Route
from synthdb_host.errors import SynthDBError
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import Insert, Select
from synthdb_host.server import serve_host
from synthdb_host.settings import HostSettings


def say(word: str) -> None:
    """Tell the test what happens here."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class Process:
    """Says which process answers, after a while if asked to."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        say("asked")
        await asyncio.sleep(req.get_param_as_float("seconds") or 0)
        resp.media = os.getpid()


class Memory:
    """Says how many objects no collection of this process looks at."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = gc.get_freeze_count()


class Body:
    """Says how long the body is."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = len(await req.stream.read())


class Rows:
    """Writes and counts rows."""

    def __init__(self, host: Host) -> None:
        self.gate = host.gate

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        result = await self.gate.execute("shop", Insert.of("rows", [{"a": 1}]), req.context.caller)
        resp.media = result.affected

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        question = Select("rows", limit=0, count="exact")
        resp.media = (await self.gate.execute("shop", question, req.context.caller)).total


class Probe:
    """The plugin; ``broken`` makes its worker start fail."""

    manifest = Manifest(id="probe", host_api=">=1.0,<2")

    def __init__(self, *, broken: bool) -> None:
        self.broken = broken

    @hookimpl
    def synthdb_worker_start(self, host: Host) -> None:
        if self.broken:
            raise RuntimeError("no such printer")

    @hookimpl
    def synthdb_worker_stop(self, host: Host) -> None:
        say("stopped")

    @hookimpl
    def synthdb_routes(self) -> Sequence[Route]:
        return [
            Route("/process", lambda host: Process()),
            Route("/memory", lambda host: Memory()),
            Route("/body", lambda host: Body()),
            Route("/rows", Rows),
        ]


def main() -> None:
    """Serve until a signal comes."""
    options = json.loads(sys.argv[1])
    probe = Probe(broken=options.pop("broken", False))
    host = Host.build(
        HostSettings(**options),
        plugins={"memory": memory, "probe": probe},
        discover=False,
        databases={"shop": "memory://shop"},
    )
    try:
        serve_host(host)
    except SynthDBError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
