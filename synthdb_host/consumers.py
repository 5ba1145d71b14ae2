"""Following the commit log as a plugin declares it: the consumer, its streams, and what a call of it is given."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synthdb_host.tasks import TaskRun

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["ChangeBatch", "Consumer", "Stream"]


@dataclass(frozen=True, slots=True)
class Stream:
    """What a consumer follows in a database: the main branch, from its own place.

    ``name`` tells the streams of a database apart. Without ``tables`` all are followed. ``since`` is the offset behind
    which it begins, None: the first commit. One that is ``paused`` keeps its place and is brought nothing; that of one
    that is no longer named is forgotten.
    """

    name: str = ""
    tables: tuple[str, ...] = ()
    since: str | None = None
    paused: bool = False


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """The changes of whole commits, in their order, and the run of the task that brings them.

    Each change has offset, at, branch, author, message, table, change, key, old and new, see
    :class:`synthdb_host.versions.Changes`.
    """

    run: TaskRun
    database: str
    stream: Stream
    changes: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Consumer:
    """Reads every change at least once, in order, named ``{plugin}.{consumer}``.

    ``handle`` deals with a batch: what it has returned from is not given again, but for a process that dies just then.
    If it raises, the same changes come again: at once after as long a wait as of any task, or after the seconds of
    :class:`synthdb_host.errors.Postponed`. ``limit`` is how many changes a batch has, but that those of a commit come
    whole. ``streams`` says what is followed in a database, each stream on its own; without it there is one, of
    ``tables`` from the first commit on. ``lost`` is called instead of ``handle`` when changes that were not dealt with
    are no longer kept, and the stream goes on with what comes next; without it the job fails.
    """

    name: str
    handle: Callable[[ChangeBatch], None]
    tables: tuple[str, ...] = ()
    limit: int = 1_000
    streams: "Callable[[PluginHost, str], Awaitable[Sequence[Stream]]] | None" = None
    lost: Callable[[ChangeBatch], None] | None = None
    lease_seconds: float | None = None
