"""Where a storage's work runs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

__all__ = ["Scheduler", "UnitRunner"]


T = TypeVar("T")
U = TypeVar("U")

UnitRunner = Callable[[Sequence[U]], Sequence[T | BaseException]]
"""Runs a group of write units as one durable transaction and gives each unit's outcome, in order."""


class Scheduler(Protocol):
    """Decides where a storage's work runs; the only thing that suspends a storage's coroutines.

    A server's scheduler uses threads; the embedded one runs everything at once on the calling thread.
    """

    def submit_write(self, runner: UnitRunner[Any, Any], unit: Any) -> Awaitable[Any]:  # noqa: ANN401 - opaque to the scheduler
        """Queue a write unit. Units of one runner run in order, possibly as a group, never two groups at once.

        Awaiting gives the unit's outcome or raises it. A cancelled awaiter does not cancel its write.
        """

    def offload(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run blocking work away from the event loop, if there is one."""

    @property
    def inline_budget(self) -> float | None:
        """Seconds that a read may hold the calling thread before it must be offloaded; None: no limit."""
