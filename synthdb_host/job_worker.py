"""The worker of one process: fires schedules, claims jobs, keeps their leases, and records how they ended.

It looks after the job, which runs on a thread of its own: as long as the process lives, the lease is extended
and schedules fire, however long the task is silent.
"""

import json
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Final

from synthdb_host import stepping
from synthdb_host.errors import Postponed, SynthDBError
from synthdb_host.job_store import JobStore
from synthdb_host.jobs import Attempt, Job, Runner
from synthdb_host.registration import blame
from synthdb_host.tasks import Task

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["STOP_SECONDS", "JobWorker"]

STOP_SECONDS: Final = 10.0
"""How long a stopping process waits for its job to stop; one that does not is done again when its lease ends."""

_MAX_BACKOFF_SECONDS: Final = 3600.0
_SWEEP_SECONDS: Final = 3600.0
_DAY: Final = 86_400.0

_log = logging.getLogger(__name__)


class JobWorker:
    """Does the jobs of a host, a few at a time.

    Args:
        host: whose tasks and schedules.
        store: the table of jobs.
        has_turn: asked before each look for work, so that of several processes only one works.
    """

    def __init__(self, host: "PluginHost", store: JobStore, has_turn: Callable[[], bool] = lambda: True) -> None:
        self._host, self._store, self._has_turn = host, store, has_turn
        self._settings = host.settings.jobs
        self._tasks = {name: one.record for name, one in host.contributions.tasks.items()}
        self._leases = {name: task.lease_seconds or self._settings.lease_seconds for name, task in self._tasks.items()}
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._next: dict[str, float] = {}
        self._swept = 0.0
        self._run: Runner = stepping.run
        self._stopping, self._woken = Event(), Event()
        self._looking, self._had_turn = Lock(), False
        # Daemons, because a process that must die at once owes nothing to a job that others will find.
        names = [f"synthdb-jobs-{number}" for number in range(self._settings.concurrency)]
        self._threads = [Thread(target=self._work, name=name, daemon=True) for name in names]

    def start(self, run: Runner) -> None:
        """Begin to work; ``run`` runs a coroutine of the host and gives its value."""
        self._run = run
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look for work now."""
        self._woken.set()

    def stop(self) -> None:
        """Ask the running jobs to stop and give them back; returns when that is done, or takes too long."""
        self._stopping.set()
        self._woken.set()
        ends = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(ends - time.monotonic(), 0.0))

    def step(self) -> bool:
        """Fire what is due and do one job, if there is one."""
        job = self._next_job()
        if job is not None:
            self._deal_with(job)
        return job is not None

    def _next_job(self) -> Job | None:
        self._fire()
        job = self._store.claim(self._leases, self._owner)
        if job is None:
            self._sweep()
        return job

    def _deal_with(self, job: Job) -> None:
        if job.cancelled_at:
            self._store.release(job)
        elif job.attempts > self._tasks[job.name].retries + 1:
            self._store.fail(job, "its process died in the last attempt")
        else:
            self._do(job, self._tasks[job.name])

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                # One thread looks for work; when it has found some, the next one looks.
                with self._looking:
                    job = self._look()
                if job is not None:
                    self._deal_with(job)
            except Exception:  # noqa: BLE001 - the worker must live; the job is claimed again when its lease ends
                _log.exception("background work failed")
                self._stopping.wait(self._settings.poll_seconds)

    def _look(self) -> Job | None:
        """Give a job, or after a while none."""
        if self._stopping.is_set():
            return None
        job = None
        if self._has_turn():
            if not self._had_turn:
                self._had_turn = True
                self._host.consumers.look_everywhere()
            job = self._next_job()
        if job is None:
            self._woken.wait(self._settings.poll_seconds)
            self._woken.clear()
        return job

    def _do(self, job: Job, task: Task) -> None:
        attempt = Attempt(self._host, job.name, job.payload, attempt=job.attempts, run=self._run)
        future: Future[str | None] = Future()
        Thread(target=_run, args=(task, attempt, future), name=f"synthdb-job-{job.id}", daemon=True).start()
        lease = self._leases[job.name]
        while not wait([future], timeout=min(self._settings.poll_seconds, lease / 3)).done:
            self._look_after(job, lease, attempt)
        error = future.exception()
        if error is None and task.remembered:
            self._store.done(job, future.result())
        elif error is None:
            self._store.remove(job)
        elif attempt.stopped:
            self._store.release(job)
        elif isinstance(error, Postponed):
            self._store.postpone(job, str(error), error.seconds)
        else:
            self._fail(job, task, error)
        self._host.consumers.ended(job.name, job.payload)

    def _look_after(self, job: Job, lease: float, attempt: Attempt) -> None:
        if self._stopping.is_set():
            attempt.stopped = "its process ends"
        try:
            attempt.stopped = self._store.beat(job, lease, *attempt.latest) or attempt.stopped
            self._fire()
        except Exception:  # noqa: BLE001 - the next one may succeed before the lease ends
            _log.exception("job %s: its lease could not be extended", job.id)

    def _fail(self, job: Job, task: Task, error: BaseException) -> None:
        _log.error("job %s, task %s: attempt %s failed", job.id, job.name, job.attempts, exc_info=error)
        text = str(error) if isinstance(error, SynthDBError) else f"{type(error).__name__} at {blame(error)}"
        seconds = min(task.backoff_seconds * 2 ** (job.attempts - 1), _MAX_BACKOFF_SECONDS)
        self._store.fail(job, text, seconds if job.attempts <= task.retries else None)

    def _fire(self) -> None:
        for one in self._host.contributions.schedules:
            if self._next.get(one.record.name, 0.0) <= self._store.clock():
                self._next[one.record.name] = self._store.fire(one.record)

    def _sweep(self) -> None:
        if self._store.clock() - self._swept > _SWEEP_SECONDS:
            self._store.sweep(self._settings.retention_days * _DAY)
            self._swept = self._store.clock()


def _run(task: Task, attempt: Attempt, future: "Future[str | None]") -> None:
    try:
        result = task.run(attempt)
        future.set_result(None if result is None else json.dumps(result))
    except BaseException as error:  # noqa: BLE001 - whatever ends the task is the worker's to judge
        future.set_exception(error)
