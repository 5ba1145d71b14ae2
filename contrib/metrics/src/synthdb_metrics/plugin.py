"""The plugin's hooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from synthdb_host.contracts import Middleware, Outcome, Permission, Principal, Route
from synthdb_host.hookspecs import hookimpl
from synthdb_host.operations import Operation
from synthdb_host.versions import Follow
from synthdb_metrics.settings import MetricsSettings
from synthdb_metrics.shared import Shared

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost
    from synthdb_metrics.series import Series

__all__ = ["MetricsPlugin"]


class MetricsPlugin:
    """Counts and times what a server does."""

    def __init__(self) -> None:
        self._shared: Shared | None = None
        self._series: Series | None = None

    @hookimpl
    def synthdb_startup(self, host: "PluginHost") -> None:
        """Agree on where workers add up what they count, before they are forked."""
        self._shared = Shared() if host.settings.workers > 1 else None

    @hookimpl
    def synthdb_permissions(self) -> Sequence[Permission]:
        """Name what is needed to read the metrics."""
        return [Permission("metrics", "server", "Read how much the server does, and how long it takes.")]

    @hookimpl
    def synthdb_middleware(self) -> Sequence[Middleware]:
        """Stand before authentication, so that those who are refused are counted, too."""
        return [Middleware("metrics", self._middleware, place="before_authentication")]

    @hookimpl
    def synthdb_routes(self) -> Sequence[Route]:
        """Tell it."""
        return [Route("/prometheus", self._resource)]

    @hookimpl
    def synthdb_observed(
        self, database: str, operation: Operation | Follow, principal: Principal, outcome: Outcome
    ) -> None:
        """Count an operation; where nothing is served nobody would ask."""
        if self._series is not None:
            self._series.operation(database, type(operation).__name__, outcome)

    def _middleware(self, host: "PluginHost") -> object:
        series = self._made(host)
        from synthdb_metrics.requests import RequestMetrics  # noqa: PLC0415 - only servers need it

        return RequestMetrics(series, host.contributions)

    def _resource(self, host: "PluginHost") -> object:
        series = self._made(host)
        from synthdb_metrics.resources import PrometheusResource  # noqa: PLC0415 - only servers need it

        return PrometheusResource(host.gate, series)

    def _made(self, host: "PluginHost") -> "Series":
        if self._series is None:
            if self._shared is not None:
                # The library looks for it once, when it is imported.
                self._shared.enter()
            from synthdb_metrics.series import Series  # noqa: PLC0415 - only servers need it

            settings = cast("MetricsSettings", host.plugin_settings("metrics"))
            self._series = Series(settings, self._shared)
        return self._series
