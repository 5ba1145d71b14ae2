"""Background work as a plugin declares it: the task, when it runs by itself, and what a run of it is given."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from synthdb_host.contracts import Context

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["Schedule", "Task", "TaskRun"]

T = TypeVar("T")


class TaskRun(Protocol):
    """One attempt at a job, as its task is given it; ``attempt`` is 1 for the first.

    ``context`` is what operations of the task pass to the gate. ``is_cancelled`` says that the task should stop
    soon: its job was cancelled, given to another process, or this process is ending.
    """

    host: "PluginHost"
    payload: Mapping[str, Any]
    attempt: int
    context: Context

    @property
    def is_cancelled(self) -> bool:
        """Whether the next ``progress`` will raise."""

    def progress(self, done: float, total: float = 1.0, message: str = "") -> None:
        """Tell how far the work is. Call it often: it is cheap, and where a task stops when it must.

        Raises:
            JobStopped: the task is to stop here; let it pass.
        """

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine of the host, such as ``host.gate.execute(...)``, and give its value."""


@dataclass(frozen=True, slots=True)
class Task:
    """A kind of background work, named ``{plugin}.{task}``.

    ``run`` is called on a thread of its own and returns a value for JSON, or None, when the work is done; whoever
    may list jobs sees it. It is done *at least once*: a process that dies in the middle leaves it to another one,
    so that it must be able to go on from whatever it finds. After an exception it is tried again, ``retries``
    times, first after ``backoff_seconds`` and then after twice the time before. ``lease_seconds`` is how soon
    another process notices that one died; without it the setting ``jobs.lease_seconds`` says. A task that raises
    :class:`synthdb_host.errors.Postponed` is run again later, as if it had not begun. Jobs that are done are
    remembered for a while unless ``remembered`` says no.
    """

    name: str
    run: Callable[[TaskRun], object]
    retries: int = 3
    backoff_seconds: float = 10.0
    lease_seconds: float | None = None
    remembered: bool = True


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a task runs by itself: the five fields of ``cron``, read in the time zone ``zone``.

    ``misfire`` says what to do when no process was there at the time: ``run`` once, however often it was missed,
    or ``skip`` to the next time. ``overlap`` says what to do while the last job of the schedule still waits or
    runs: ``skip`` this time or ``allow`` two at once. The name is the task's if there is none.
    """

    task: str
    cron: str
    zone: str = "UTC"
    misfire: Literal["run", "skip"] = "run"
    overlap: Literal["skip", "allow"] = "skip"
    payload: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""

    def __post_init__(self) -> None:
        """Take the task's name."""
        object.__setattr__(self, "name", self.name or self.task)
