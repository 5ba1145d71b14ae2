"""The address that Prometheus reads."""

import asyncio
from typing import Final

import falcon.asgi

from synthdb_host.contracts import Resource
from synthdb_host.errors import Forbidden
from synthdb_host.gate import Gate
from synthdb_metrics.series import Series

__all__ = ["PrometheusResource"]

_ACTION: Final = "metrics"
_SERVER: Final = Resource("")


class PrometheusResource:
    """All that was counted, in the text format of Prometheus or that of OpenMetrics."""

    def __init__(self, gate: Gate, series: Series) -> None:
        self._gate = gate
        self._series = series

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Write it, on another thread: that of many workers takes a while to add up."""
        if _ACTION not in await self._gate.permitted(_SERVER, [_ACTION], req.context.caller):
            raise Forbidden("The metrics of this server are not for you.")
        resp.content_type, resp.data = await asyncio.to_thread(self._series.written, req.get_header("accept"))
        resp.set_header("Cache-Control", "no-store")
