"""Where a storage's work runs in a server: one writer thread with group commit, and a few readers.

The event loop's thread queues write units and never waits. The writer takes what waits for one runner as one
group, so that many requests share one durable commit, and goes on with the next runner, so that a busy
database does not hold up the others.
"""

import asyncio
import queue
import threading
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from synthdb_host.contracts import UnitRunner
from synthdb_host.errors import Unavailable

__all__ = ["GROUP_SIZE", "ServerScheduler"]

T = TypeVar("T")

GROUP_SIZE: Final = 64
"""The most units that are committed as one group."""

_Runner = UnitRunner[Any, Any]
_Job = tuple[Any, "asyncio.Future[Any]"]
_Waiting = OrderedDict[_Runner, deque[_Job]]


class ServerScheduler:
    """Decides where work runs in one worker process. Its methods belong to the event loop's thread.

    Args:
        loop: the worker's event loop.
        read_threads: how many blocking reads run at a time.
        max_waiting: how many writes, and how many reads, may wait before more are refused.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, read_threads: int = 4, max_waiting: int = 4096) -> None:
        self._loop = loop
        self._max_waiting = max_waiting
        self._writes = 0
        self._reads = 0
        self._closed = False
        self._queue: queue.SimpleQueue[tuple[_Runner, _Job] | None] = queue.SimpleQueue()
        self._readers = ThreadPoolExecutor(read_threads, thread_name_prefix="synthdb-read")
        # A daemon, because a worker that must die at once owes nothing to writes that nobody was promised.
        self._writer = threading.Thread(target=self._write, name="synthdb-write", daemon=True)
        self._writer.start()

    def submit_write(self, runner: _Runner, unit: Any) -> Awaitable[Any]:  # noqa: ANN401 - opaque here
        """Queue a write unit; awaiting gives its outcome, and giving up on that does not stop the write.

        Raises:
            Unavailable: too many writes wait, or the worker is stopping.
        """
        self._admit(self._writes, "writes")
        future = self._loop.create_future()
        self._writes += 1
        self._queue.put((runner, (unit, future)))
        return future

    def offload(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run blocking work on a reader thread.

        Raises:
            Unavailable: too many reads wait, or the worker is stopping.
        """
        self._admit(self._reads, "reads")
        self._reads += 1
        future = self._loop.run_in_executor(self._readers, work)
        future.add_done_callback(self._read_done)
        return future

    @property
    def inline_budget(self) -> float:
        """Seconds that a read may hold up the event loop."""
        return 0.02

    def close(self) -> None:
        """Refuse new work, finish what was queued, and stop the threads. Blocks until then."""
        self._closed = True
        self._queue.put(None)
        self._writer.join()
        self._readers.shutdown()

    def _admit(self, waiting: int, what: str) -> None:
        if self._closed:
            raise Unavailable("The server is stopping.")
        if waiting >= self._max_waiting:
            raise Unavailable(
                f"{waiting} {what} are waiting already.", hint="Try again later.", data={"retry_after": 1}
            )

    def _read_done(self, _: "asyncio.Future[Any]") -> None:
        self._reads -= 1

    def _write(self) -> None:
        waiting: _Waiting = OrderedDict()
        open_ = True
        while open_ or waiting:
            open_ = self._collect(waiting) and open_
            if waiting:
                runner, jobs = _next_group(waiting)
                self._answer(jobs, _outcomes(runner, [unit for unit, _ in jobs]))

    def _collect(self, waiting: _Waiting) -> bool:
        """Sort what has arrived by runner, waiting for something if there is nothing to do; False: stop."""
        try:
            item = self._queue.get(block=not waiting)
            while item is not None:
                runner, job = item
                waiting.setdefault(runner, deque()).append(job)
                item = self._queue.get_nowait()
        except queue.Empty:
            return True
        return False

    def _answer(self, jobs: Sequence[_Job], outcomes: Sequence[Any]) -> None:
        try:
            self._loop.call_soon_threadsafe(self._resolve, jobs, outcomes)
        except RuntimeError:
            if not self._loop.is_closed():
                raise

    def _resolve(self, jobs: Sequence[_Job], outcomes: Sequence[Any]) -> None:
        self._writes -= len(jobs)
        for (_, future), outcome in zip(jobs, outcomes, strict=True):
            if future.done():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)


def _next_group(waiting: _Waiting) -> tuple[_Runner, list[_Job]]:
    runner, jobs = waiting.popitem(last=False)
    group = [jobs.popleft() for _ in range(min(GROUP_SIZE, len(jobs)))]
    if jobs:
        waiting[runner] = jobs
    return runner, group


def _outcomes(runner: _Runner, units: Sequence[Any]) -> Sequence[Any]:
    try:
        outcomes = runner(units)
    except BaseException as error:  # noqa: BLE001 - the writer must live; whoever waits gets the error
        return [error] * len(units)
    if len(outcomes) != len(units):
        wrong = RuntimeError(f"{runner!r} gave {len(outcomes)} outcomes for {len(units)} units.")
        return [wrong] * len(units)
    return outcomes
