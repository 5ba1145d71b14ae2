"""Background work as plugins see it: jobs, which are recorded in the control database, and their tasks."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from synthdb_host import stepping
from synthdb_host.contracts import ANY_TENANT, Context, Principal
from synthdb_host.errors import JobStopped, Unavailable, UnknownTask
from synthdb_host.selection import closest
from synthdb_host.tasks import Task

if TYPE_CHECKING:
    from synthdb_host.control import Control
    from synthdb_host.hosting import PluginHost
    from synthdb_host.job_store import JobStore
    from synthdb_host.job_worker import JobWorker

__all__ = ["Attempt", "Job", "JobState", "Jobs", "Report", "Runner"]

T = TypeVar("T")

JobState = Literal["queued", "running", "done", "failed", "cancelled"]

Runner = Callable[[Coroutine[Any, Any, Any]], Any]
"""Runs a coroutine of the host to its end and gives its value."""

Report = Callable[[float, str], None]
"""Told the part of the work that is done, and a message."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it was when it was read."""

    id: int
    name: str
    payload: Mapping[str, Any]
    key: str | None
    state: JobState
    attempts: int
    run_at: datetime
    progress: float | None
    message: str
    result: Any
    error: str | None
    owner: str | None
    lease_until: datetime | None
    cancelled_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class Attempt:
    """A :class:`synthdb_host.tasks.TaskRun`; ``stopped`` is why the task is to stop, if it is."""

    def __init__(
        self,
        host: "PluginHost",
        name: str,
        payload: Mapping[str, Any],
        *,
        attempt: int = 1,
        run: Runner = stepping.run,
        report: Report | None = None,
    ) -> None:
        self.host, self.payload, self.attempt = host, payload, attempt
        self.context = Context(Principal(f"job:{name}", "local", tenant=ANY_TENANT))
        self.stopped = ""
        self.latest: tuple[float | None, str] = (None, "")
        self._run, self._report = run, report

    @property
    def is_cancelled(self) -> bool:
        """Whether the next ``progress`` will raise."""
        return bool(self.stopped)

    def progress(self, done: float, total: float = 1.0, message: str = "") -> None:
        """Note how far the work is; raises JobStopped."""
        self.latest = (min(done / total, 1.0) if total else 1.0, message)
        if self._report:
            self._report(*self.latest)
        if self.stopped:
            raise JobStopped(f"the job stops: {self.stopped}")

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the host and give its value."""
        value: T = self._run(coroutine)
        return value


class Jobs:
    """The background work of a host: ``host.jobs``.

    A host without a control database (the embedded library, ``serve --database``) records no jobs; it can only
    run a task at once.
    """

    def __init__(self, host: "PluginHost", control: "Control | None") -> None:
        self._host, self._control = host, control

    @property
    def are_recorded(self) -> bool:
        """Whether jobs can be queued here."""
        return self._control is not None

    @property
    def store(self) -> "JobStore":
        """The table of jobs.

        Raises:
            Unavailable: the host has no control database.
        """
        if self._control is None:
            raise Unavailable(
                "this host has no control database that jobs could be recorded in",
                hint="host.jobs.run_now runs a task at once",
            )
        from synthdb_host.job_store import JobStore  # noqa: PLC0415 - embedded use pays for no SQLAlchemy

        return JobStore(self._control)

    def enqueue(
        self, name: str, payload: Mapping[str, Any] | None = None, *, key: str | None = None, at: datetime | None = None
    ) -> Job:
        """Record a job for any process that serves this control database; it is durable when this returns.

        Args:
            name: the task.
            payload: a value for JSON; no secrets, for everybody who may list jobs sees it.
            key: if a job of this key waits or runs, that one is given and no other is made.
            at: not before this time.

        Raises:
            UnknownTask: no active plugin contributes it.
            Unavailable: the host has no control database.
        """
        return self.store.add(self._task(name).name, payload or {}, key, at.timestamp() if at else None)

    def get(self, job: int) -> Job:
        """Give a job; raises UnknownJob."""
        return self.store.get(job)

    def list(self, *, state: JobState | None = None, name: str | None = None, limit: int = 100) -> tuple[Job, ...]:
        """List jobs, the newest first."""
        return self.store.list(state, name, limit)

    def run_now(self, name: str, payload: Mapping[str, Any] | None = None, report: Report | None = None) -> object:
        """Run a task on this thread, unrecorded, and give its result; needs a host that runs everything at once.

        Raises:
            UnknownTask: no active plugin contributes it.
            Exception: whatever the task raises; nothing is tried again.
        """
        return self._task(name).run(Attempt(self._host, name, payload or {}, report=report))

    def worker(self, has_turn: Callable[[], bool]) -> "JobWorker | None":
        """Make the worker of a serving process, or None where there is nothing that it could ever do."""
        if self._control is None or not self._host.contributions.tasks:
            return None
        from synthdb_host.job_worker import JobWorker  # noqa: PLC0415 - hosts without tasks do not pay for it

        return JobWorker(self._host, self.store, has_turn)

    def _task(self, name: str) -> Task:
        tasks = self._host.contributions.tasks
        if name not in tasks:
            raise UnknownTask(f"there is no task {name!r}{closest(name, tasks)}")
        return tasks[name].record
