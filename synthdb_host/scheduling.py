"""Where a storage's work runs without a server: at once, on the calling thread."""

import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from synthdb_host.contracts import UnitRunner

__all__ = ["EmbeddedScheduler"]

T = TypeVar("T")


class EmbeddedScheduler:
    """Runs writes and reads at once on the calling thread and never suspends.

    Safe to use from several threads: the units of one runner run one after another. Each runner's lock lives
    as long as the scheduler, so give every host its own.
    """

    def __init__(self) -> None:
        self._locks: defaultdict[UnitRunner[Any, Any], threading.Lock] = defaultdict(threading.Lock)

    async def submit_write(self, runner: UnitRunner[Any, Any], unit: Any) -> Any:  # noqa: ANN401 - opaque here
        """Run one write unit as a group of its own and give its outcome, or raise it."""
        with self._locks[runner]:
            (outcome,) = runner((unit,))
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def offload(self, work: Callable[[], T]) -> T:
        """Run blocking work right here."""
        return work()

    @property
    def inline_budget(self) -> None:
        """No limit: there is no event loop to hold up."""
        return None
