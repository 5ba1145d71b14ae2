"""What is counted and timed, and how it is told."""

from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from synthdb_host.contracts import Outcome
from synthdb_metrics.settings import MetricsSettings
from synthdb_metrics.shared import Shared

__all__ = ["Series"]

_KEPT = 4_096
"""How many combinations of labels are found without a search."""


class Series:
    """The counters and histograms of one process, and what those of all processes of the server add up to."""

    def __init__(self, settings: MetricsSettings, shared: Shared | None) -> None:
        self._registry = registry = CollectorRegistry()
        self._shared = shared
        self._with_databases = settings.databases
        info = Gauge(
            "synthdb_info", "The version of the host.", ["version"], registry=registry, multiprocess_mode="max"
        )
        info.labels(version("synthdb-host")).set(1)
        self._requests = Histogram(
            "synthdb_request_seconds", "From the head of a request to the head of its answer.",
            ["plugin", "method", "route", "status"], registry=registry, buckets=settings.seconds,
        )  # fmt: skip
        names = ["operation", "code", *(["database"] if settings.databases else [])]
        self._operations = Histogram(
            "synthdb_operation_seconds", "Of operations that passed the gate; code: why not, or ok.",
            names, registry=registry, buckets=settings.seconds,
        )  # fmt: skip
        self._rows = Counter("synthdb_operation_rows", "Rows that operations read or wrote.", names, registry=registry)
        self._request = lru_cache(_KEPT)(self._requests.labels)
        self._operation: Callable[..., tuple[Histogram, Counter]] = lru_cache(_KEPT)(
            lambda *labels: (self._operations.labels(*labels), self._rows.labels(*labels))
        )

    def request(self, plugin: str, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._request(plugin, method, route, str(status)).observe(seconds)

    def operation(self, database: str, kind: str, outcome: Outcome) -> None:
        """Count an operation."""
        labels = (kind, outcome.code or "ok", *((database,) if self._with_databases else ()))
        times, rows = self._operation(*labels)
        times.observe(outcome.seconds)
        rows.inc(outcome.rows)

    def written(self, accept: str | None) -> tuple[str, bytes]:
        """Give the media type and the text of all that was counted so far, in the form that is accepted."""
        registry = self._registry
        if self._shared is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, path=str(self._shared.folder))  # type: ignore[no-untyped-call] # the library's
        encode, media_type = choose_encoder(accept or "")
        return media_type, encode(registry)
