"""Streams of changes over HTTP."""

import falcon.asgi

from synthdb.realtime.requests import read_request
from synthdb.realtime.streams import EventStream
from synthdb.rest.limits import Limits
from synthdb.settings import CoreSettings
from synthdb_host.gate import Gate
from synthdb_host.settings import HostSettings

__all__ = ["ChangesResource"]


class ChangesResource:
    """What commits change on a branch, at ``/changes`` and of one table at ``/changes/{table}``."""

    def __init__(self, gate: Gate, settings: HostSettings, core: CoreSettings) -> None:
        self._gate = gate
        self._limits = settings.limits
        self._grammar = Limits.of(settings)
        self._core = core

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Send changes as they are made, until the client or the server has had enough."""
        asked = read_request(req, self._grammar)
        resp.content_type = "text/event-stream"
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Accel-Buffering", "no")
        if req.method == "HEAD":
            return
        caller, credentials = req.context.caller, req.context.credentials
        stream = EventStream(self._gate, asked, caller, credentials, self._core, self._limits)
        await stream.open()
        # Falcon takes any asynchronous iterable, and closes it.
        resp.stream = stream  # type: ignore[assignment]  # it says less than it takes
