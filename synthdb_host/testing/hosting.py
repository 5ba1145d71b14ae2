"""Hosts with chosen plugins, and clients for them."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import falcon.testing

from synthdb_host.http import build_app
from synthdb_host.job_worker import JobWorker
from synthdb_host.jobs import Job
from synthdb_host.manager import Host
from synthdb_host.settings import HostSettings

__all__ = ["ApiClient", "build_host", "run_jobs"]

T = TypeVar("T")


def build_host(
    data: Path,
    plugins: Mapping[str, object],
    *,
    databases: Mapping[str, str] | None = None,
    discover: bool = False,
    **settings: Any,
) -> Host:
    """Build a host of these plugin instances alone, or with ``discover`` of the installed ones too.

    Args:
        data: the data folder.
        plugins: instances by id; each has its manifest beside its module or as an attribute ``manifest``.
        databases: URLs by name; without it there is a control database in the data folder.
        discover: whether installed plugins load.
        settings: the host's settings, such as ``admin_token``.

    Raises:
        StartupError: with every problem of every plugin.
    """
    return Host.build(HostSettings(data=data, **settings), plugins=plugins, discover=discover, databases=databases)


def run_jobs(host: Host, *, at: datetime | None = None) -> tuple[Job, ...]:
    """Do what a server would have done in the background by a moment, and give all jobs, the newest first.

    Args:
        host: one with a control database.
        at: what the time is, for waits and schedules; by default it is what it is. A schedule begins with the
            first call, and fires in a later one.
    """
    worker = JobWorker(host, replace(host.jobs.store, clock=time.time if at is None else at.timestamp))
    host.consumers.flush()
    while worker.step():
        host.consumers.flush()
    return host.jobs.list()


class ApiClient:
    """Sends requests to a host's application without a socket; its worker runs until it is closed."""

    def __init__(self, host: Host) -> None:
        self.host = host
        app = build_app(host)
        self._loop = asyncio.new_event_loop()
        self._conductor = falcon.testing.ASGIConductor(app)
        self._loop.run_until_complete(self._conductor.__aenter__())

    def request(self, method: str, path: str, **options: Any) -> falcon.testing.Result:
        """Send a request and give the response; options are those of ``falcon.testing.simulate_request``."""
        return self.run(self.begin(method, path, **options))

    async def begin(self, method: str, path: str, **options: Any) -> falcon.testing.Result:
        """Send a request from a coroutine that :meth:`run` runs, so that several can be under way at once."""
        options.setdefault("host", "localhost")
        options.setdefault("remote_addr", "127.0.0.1")
        result: falcon.testing.Result = await self._conductor.simulate_request(method, path, **options)
        return result

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the host, such as ``client.host.gate.execute(...)``, on the worker's event loop."""
        return self._loop.run_until_complete(coroutine)

    def get(self, path: str, **options: Any) -> falcon.testing.Result:
        """Send a GET request."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> falcon.testing.Result:
        """Send a POST request; ``json=`` gives its body."""
        return self.request("POST", path, **options)

    def socket(self, path: str, **options: Any) -> AbstractAsyncContextManager[falcon.testing.ASGIWebSocketSimulator]:
        """Open a WebSocket, in a coroutine that :meth:`run` runs; options are those of ``simulate_ws``."""
        options = {"host": "localhost", "remote_addr": "127.0.0.1", **options}
        found: AbstractAsyncContextManager[falcon.testing.ASGIWebSocketSimulator]
        found = self._conductor.simulate_ws(path, **options)
        return found

    def close(self) -> None:
        """Stop the worker as a server would."""
        if not self._loop.is_closed():
            self._loop.run_until_complete(self._conductor.__aexit__(None, None, None))
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
