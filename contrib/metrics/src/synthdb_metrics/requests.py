"""Every request, counted under its route and the plugin that answers there."""

from time import perf_counter
from typing import Final

import falcon
import falcon.asgi

from synthdb_host.contributions import Contributions, prefix
from synthdb_metrics.series import Series

__all__ = ["RequestMetrics"]

_METHODS: Final = frozenset(falcon.COMBINED_METHODS)
_NOWHERE: Final = "none"
"""The route of requests for which there is none: what callers make up is no label."""


class RequestMetrics:
    """A middleware that times requests."""

    def __init__(self, series: Series, contributions: Contributions) -> None:
        self._series = series
        mounts = {one.record.mount: one.plugin for one in contributions.api_generators}
        self._mounts = mounts | {prefix(one.plugin): one.plugin for one in contributions.routes}
        self._plugins: dict[str, str] = {}

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """Look at the clock."""
        req.context.metrics_began = perf_counter()

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, req_succeeded: bool,  # noqa: FBT001 - the signature is Falcon's
    ) -> None:  # fmt: skip
        """Look at it again."""
        now = perf_counter()
        # What was answered before it came to us took next to no time.
        seconds = now - getattr(req.context, "metrics_began", now)
        route = req.uri_template or _NOWHERE
        method = req.method if req.method in _METHODS else _NOWHERE
        self._series.request(self._plugin(route), method, route, resp.status_code, seconds)

    def _plugin(self, route: str) -> str:
        """Give the plugin that answers at a route; the host itself has some, too."""
        found = self._plugins.get(route)
        if found is None:
            owners = (plugin for mount, plugin in self._mounts.items() if f"{route}/".startswith(f"{mount}/"))
            found = self._plugins[route] = next(owners, "host")
        return found
