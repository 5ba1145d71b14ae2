"""Whoever follows is asked for again: a token that is over ends the stream."""

import asyncio
from pathlib import Path
from typing import Final

import pytest

from synthdb.plugin import plugin as core
from synthdb.realtime.requests import Asked
from synthdb.realtime.streams import EventStream
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Authenticator, Context, Credentials, Principal
from synthdb_host.operations import Insert
from synthdb_host.server_scheduling import ServerScheduler
from synthdb_host.settings import Limits
from synthdb_host.testing.gating import Guard, allow_all
from synthdb_host.testing.hosting import build_host
from synthdb_host.versions import Follow

pytestmark = pytest.mark.slow

_ADA: Final = Principal("ada", claims={"tenant": 1})


@pytest.mark.parametrize(
    ("later", "last"),
    [(None, b"unauthenticated"), (Principal("ada", claims={"tenant": 2}), b'{"reason":"principal"}')],
    ids=["over", "another"],
)
def test_a_stream_ends_with_what_allowed_it(tmp_path: Path, later: Principal | None, last: bytes) -> None:
    """Whether the token is over or has come to mean something else, and though nothing is written."""
    known: list[Principal | None] = [_ADA]

    async def authenticate(_: Credentials) -> Principal | None:
        return known[0]

    async def lives() -> list[bytes]:
        guard = Guard(authorizers=[allow_all()], authenticators=[Authenticator("bearer", authenticate)])
        url = f"sqlite:///{tmp_path / 'shop.db'}"
        host = build_host(tmp_path, {"core": core(), "guard": guard}, databases={"shop": url})
        scheduler = ServerScheduler(asyncio.get_running_loop())
        host.start_worker(scheduler)
        await host.gate.execute("shop", Insert.of("orders", [{"n": 1}]), Context(_ADA))
        settings = CoreSettings(realtime_heartbeat_seconds=0.2)
        asked, credentials = Asked("shop", Follow(), snapshot=False), Credentials("bearer", "t")
        stream = EventStream(host.gate, asked, Context(_ADA), credentials, settings, Limits())
        await stream.open()
        known[0] = later
        pieces = [piece async for piece in stream]
        await asyncio.to_thread(scheduler.close)
        host.stop_worker()
        return pieces

    pieces = asyncio.run(asyncio.wait_for(lives(), 30))
    assert last in pieces[-1]
    assert any(piece.startswith(b":") for piece in pieces)
