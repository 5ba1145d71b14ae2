"""Consumers at work: who is told of commits, and the task that brings a stream its changes.

A commit is only a hint to look. What a stream has still to read is found by comparing its place, which the database
keeps, with the log; then a job is queued for it, of which there is one at a time. So a hint that is lost costs time
and no change.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event, Thread
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from synthdb_host import stepping
from synthdb_host.consumers import ChangeBatch, Consumer, Stream
from synthdb_host.contracts import ANY_TENANT, Context, Principal
from synthdb_host.contributions import Contribution, Contributions
from synthdb_host.errors import HistoryGone, Postponed, RequestError
from synthdb_host.records import KeepRecords, Records
from synthdb_host.tasks import Schedule, Task, TaskRun
from synthdb_host.versions import Changes, Log

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost
    from synthdb_host.jobs import Runner

__all__ = ["KIND", "Consumers", "with_consumers"]

KIND: Final = "consumers"
"""The kind of the records that say how far streams are."""

_PAUSE_SECONDS: Final = 0.05
"""Between two looks, so that many commits are one hint."""

_SLICE_SECONDS: Final = 5.0
"""How long a stream may go on while others wait."""

_STRIDE: Final = 1_000
"""Commits of other tables are noted so many at a time."""

_NEEDED: Final = frozenset({"changes", "records"})
_RETRIES: Final = 500

_log = logging.getLogger(__name__)


def with_consumers(contributions: Contributions) -> Contributions:
    """Add a task and a schedule for each consumer."""
    if not contributions.consumers:
        return contributions
    tasks, schedules = dict(contributions.tasks), list(contributions.schedules)
    for name, one in contributions.consumers.items():
        lease = one.record.lease_seconds
        task = Task(name, _Following(one.record), retries=_RETRIES, lease_seconds=lease, remembered=False)
        tasks[name] = Contribution(one.plugin, task)
        schedules.append(Contribution(one.plugin, Schedule(name, "*/5 * * * *")))
    return replace(contributions, tasks=MappingProxyType(tasks), schedules=tuple(schedules))


class Consumers:
    """Who follows the changes of the host's databases: ``host.consumers``."""

    def __init__(self, host: "PluginHost") -> None:
        self._host = host
        self._waiting: dict[str, None] = {}
        self._event, self._stopping = Event(), Event()
        self._thread: Thread | None = None

    def committed(self, database: str) -> None:
        """Hear that there may be something to read; costs next to nothing."""
        self._waiting[database] = None
        self._event.set()

    def ended(self, task: str, payload: Mapping[str, Any]) -> None:
        """Hear that a job has ended: what was committed just before its end has found it still there."""
        if task in self._host.contributions.consumers and "database" in payload:
            self.committed(str(payload["database"]))

    def hasten(self, consumer: str, database: str, stream: str) -> None:
        """Let a stream that waits to try again do so now."""
        self._host.jobs.store.hasten(_key(consumer, database, stream))
        self.committed(database)

    def look_everywhere(self) -> None:
        """Look into every database."""
        if self._host.contributions.consumers:
            for database in self._host.databases.names():
                self.committed(database)

    def flush(self) -> None:
        """Queue jobs for what was heard, on this thread; for programs whose host runs everything at once."""
        self._look(stepping.run)

    def start(self, run: "Runner", wake: Callable[[], None] | None) -> None:
        """Begin to queue jobs for what is heard; ``wake`` is called when one was queued."""
        if wake is not None and self._host.contributions.consumers:
            self._thread = Thread(target=self._work, args=(run, wake), name="synthdb-consumers", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Queue jobs for what was heard, and end."""
        self._stopping.set()
        self._event.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self, run: "Runner", wake: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            self._event.wait()
            self._event.clear()
            if self._look(run):
                wake()
            self._stopping.wait(_PAUSE_SECONDS)
        self._look(run)

    def _look(self, run: "Runner") -> int:
        """Queue a job for each stream that has something to read, and give how many there are."""
        queued = 0
        while self._waiting:
            database, _ = self._waiting.popitem()
            try:
                for consumer, stream in run(self._behind(database)):
                    payload = {"database": database, "stream": stream}
                    self._host.jobs.enqueue(consumer, payload, key=_key(consumer, database, stream))
                    queued += 1
            except RequestError as error:
                _log.debug("no consumer follows %s: %s", database, error)
            except Exception:  # noqa: BLE001 - the schedule looks again
                _log.exception("consumers of %s could not be woken", database)
        return queued

    async def _behind(self, database: str) -> list[tuple[str, str]]:
        """Give the consumers and streams that have something to read."""
        found = []
        for name, contribution in self._host.contributions.consumers.items():
            consumer, context = contribution.record, _context(contribution.record)
            if not _NEEDED.issubset(await self._host.gate.capabilities(database, context)):
                continue
            streams = await _streams(self._host, consumer, database)
            places = [_Place(self._host, consumer, database, stream, context) for stream in streams]
            await self._forget_others(database, name, {place.key for place in places}, context)
            found += [(name, one.stream.name) for one in places if not one.stream.paused and await one.is_behind()]
        return found

    async def _forget_others(self, database: str, consumer: str, keys: set[str], context: Context) -> None:
        """Forget the places of streams that are no longer there."""
        kept = (await self._host.gate.execute(database, Records(KIND, f"{consumer}/"), context)).python()
        if strays := {row["key"]: None for row in kept if row["key"] not in keys}:
            await self._host.gate.execute(database, KeepRecords(KIND, strays), context)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a stream of a consumer is in the log of a database."""

    host: "PluginHost"
    consumer: Consumer
    database: str
    stream: Stream
    context: Context

    @property
    def key(self) -> str:
        """The key of its record."""
        return f"{self.consumer.name}/{self.stream.name}"

    async def load(self) -> str | None:
        """Give the offset behind which to read."""
        kept = await self._ask(Records(KIND, self.key))
        return next((row["value"] for row in kept if row["key"] == self.key), self.stream.since)

    async def keep(self, offset: str, before: str | None) -> None:
        """Note how far it is; raises PreconditionFailed if another one did meanwhile."""
        known = await self._ask(Records(KIND, self.key))
        was = before if any(row["key"] == self.key for row in known) else None
        await self._ask(KeepRecords(KIND, {self.key: offset}, {self.key: was}))

    async def read(self, since: str | None, limit: int) -> list[dict[str, Any]]:
        """Give the next changes."""
        return await self._ask(Changes(since, self.stream.tables, limit=limit))

    async def head(self) -> str:
        """Give the offset of the newest commit."""
        newest = await self._ask(Log(limit=1))
        return str(newest[0]["id"]) if newest else "0"

    async def is_behind(self) -> bool:
        """Say whether there is something to do."""
        head, place = await self.head(), await self.load()
        if int(head) <= int(place or 0):
            return False
        try:
            return int(head) - int(place or 0) > _STRIDE or bool(await self.read(place, 1))
        except HistoryGone:
            return True

    async def _ask(self, operation: Changes | Log | Records | KeepRecords) -> list[dict[str, Any]]:
        return (await self.host.gate.execute(self.database, operation, self.context)).python()


@dataclass(frozen=True, slots=True)
class _Following:
    """The task of a consumer: brings one stream its changes, or without a stream looks which are behind."""

    consumer: Consumer

    def __call__(self, run: TaskRun) -> None:
        if "database" not in run.payload:
            run.host.consumers.look_everywhere()
            return
        database, name = str(run.payload["database"]), str(run.payload["stream"])
        streams = run.wait(_streams(run.host, self.consumer, database))
        stream = next((one for one in streams if one.name == name and not one.paused), None)
        if stream is not None:
            self._follow(run, _Place(run.host, self.consumer, database, stream, run.context))

    def _follow(self, run: TaskRun, place: _Place) -> None:
        until, offset = time.monotonic() + _SLICE_SECONDS, run.wait(place.load())
        while True:
            head = run.wait(place.head())
            try:
                changes = run.wait(place.read(offset, self.consumer.limit))
            except HistoryGone:
                if self.consumer.lost is None:
                    raise
                self.consumer.lost(ChangeBatch(run, place.database, place.stream, ()))
                run.wait(place.keep(head, offset))
                return
            if not changes:
                if int(head) - int(offset or 0) > _STRIDE:
                    run.wait(place.keep(head, offset))
                return
            self.consumer.handle(ChangeBatch(run, place.database, place.stream, changes))
            run.wait(place.keep(changes[-1]["offset"], offset))
            offset = changes[-1]["offset"]
            run.progress(0.0)
            if time.monotonic() > until:
                raise Postponed("others have their turn", 0.0)


def _key(consumer: str, database: str, stream: str) -> str:
    return f"{consumer}:{database}:{stream}"


def _context(consumer: Consumer) -> Context:
    return Context(Principal(f"job:{consumer.name}", "local", tenant=ANY_TENANT))


async def _streams(host: "PluginHost", consumer: Consumer, database: str) -> tuple[Stream, ...]:
    if consumer.streams is None:
        return (Stream(tables=consumer.tables),)
    return tuple(await consumer.streams(host, database))
