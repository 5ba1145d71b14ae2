"""Consumers are brought every change at least once and in order, each stream on its own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from synthdb_host.access import LOCAL
from synthdb_host.consumers import ChangeBatch, Consumer, Stream
from synthdb_host.contracts import Context
from synthdb_host.errors import Postponed, StartupError
from synthdb_host.hookspecs import hookimpl
from synthdb_host.job_worker import JobWorker
from synthdb_host.jobs import Job
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import Insert, Operation
from synthdb_host.records import KeepRecords, Records
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings, PluginsSection
from synthdb_host.stepping import run
from synthdb_host.tasks import Task
from synthdb_host.testing.hosting import run_jobs
from synthdb_host.versions import Collect


class Following:
    """A plugin with given consumers."""

    manifest = Manifest(id="shop", host_api=">=1.0,<2")

    def __init__(self, *consumers: Consumer, tasks: Sequence[Task] = ()) -> None:
        self._consumers, self._tasks = consumers, tasks

    @hookimpl
    def synthdb_consumers(self) -> Sequence[Consumer]:
        return self._consumers

    @hookimpl
    def synthdb_tasks(self) -> Sequence[Task]:
        return self._tasks


class Place:
    """A host with a control database, a database ``main``, and consumers; ``heard`` is what they were brought."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard: list[tuple[str, list[Any]]] = []
        self.hosts: list[Host] = []

    def build(self, *consumers: Consumer, tasks: Sequence[Task] = ()) -> Host:
        section = PluginsSection(autoload=False, enabled=("core",))
        settings = HostSettings(data=self.folder / "data", plugins=section)
        host = Host.build(settings, plugins={"shop": Following(*consumers, tasks=tasks)})
        host.prepare()
        host.start_worker(EmbeddedScheduler())
        self.hosts.append(host)
        return host

    def hear(self, batch: ChangeBatch) -> None:
        """Note a batch."""
        self.heard.append((batch.stream.name, [(one["table"], one["key"][0]) for one in batch.changes]))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    for host in place.hosts:
        host.stop_worker()


def ask(host: Host, operation: Operation) -> Any:
    return run(host.gate.execute("main", operation, Context(LOCAL))).python()


def write(host: Host, *tables: str) -> None:
    """Make a commit in each table."""
    for table in tables:
        ask(host, Insert.of(table, [{"a": 1}]))


def jobs(host: Host, name: str = "shop.follow") -> list[Job]:
    return [job for job in host.jobs.list() if job.name == name]


def places(host: Host) -> dict[str, Any]:
    return {row["key"]: row["value"] for row in ask(host, Records("consumers", "shop."))}


def test_a_consumer_is_brought_what_was_committed_once_and_in_order(place: Place) -> None:
    """It goes on where it was, and a job that is done leaves nothing."""
    host = place.build(Consumer("shop.follow", place.hear, limit=2))
    write(host, "a", "b", "a")
    run_jobs(host)
    write(host, "b")
    run_jobs(host)
    run_jobs(host)

    assert [("", [("a", 1), ("b", 1)]), ("", [("a", 2)]), ("", [("b", 2)])] == place.heard
    assert [] == jobs(host)
    assert {"shop.follow/": "4"} == places(host)


def test_what_was_committed_before_a_host_was_there_is_found(place: Place) -> None:
    """The schedule looks, too."""
    write(place.build(), "a")
    host = place.build(Consumer("shop.follow", place.hear))
    start = datetime(2030, 1, 1, tzinfo=UTC)
    run_jobs(host, at=start)
    assert [] == place.heard
    run_jobs(host, at=start + timedelta(minutes=6))

    assert [("", [("a", 1)])] == place.heard


def test_only_the_tables_that_are_followed_are_brought(place: Place) -> None:
    """Commits of others are passed over, and noted now and then."""
    host = place.build(Consumer("shop.follow", place.hear, tables=("b",)))
    write(host, "a", "b", "a")
    run_jobs(host)
    assert ([("", [("b", 1)])], {"shop.follow/": "2"}) == (place.heard, places(host))
    for _ in range(1_001):
        write(host, "a")
    run_jobs(host)

    assert ([("", [("b", 1)])], {"shop.follow/": "1004"}) == (place.heard, places(host))


def failing(place: Place, times: int, error: Callable[[], Exception]) -> Callable[[ChangeBatch], None]:
    def handle(batch: ChangeBatch) -> None:
        place.hear(batch)
        if len(place.heard) <= times:
            raise error()

    return handle


def test_what_fails_comes_again_and_holds_back_what_follows(place: Place) -> None:
    """After a while, like every task."""
    host = place.build(Consumer("shop.follow", failing(place, 2, ValueError), limit=1))
    write(host, "a", "a")
    now = datetime.now(UTC)
    run_jobs(host)
    assert [("queued", 1)] == [(job.state, job.attempts) for job in jobs(host)]
    for seconds in (15, 60):
        run_jobs(host, at=now + timedelta(seconds=seconds))

    assert [[("a", 1)], [("a", 1)], [("a", 1)], [("a", 2)]] == [keys for _, keys in place.heard]
    assert [] == jobs(host)


def test_a_consumer_says_itself_when_it_goes_on(place: Place) -> None:
    """No attempt is lost, a commit does not hasten it, and somebody may."""
    host = place.build(Consumer("shop.follow", failing(place, 2, lambda: Postponed("later", 1_000))))
    write(host, "a")
    run_jobs(host)
    write(host, "a")
    run_jobs(host)
    assert [("queued", 0, "later")] == [(job.state, job.attempts, job.message) for job in jobs(host)]
    assert 1 == len(place.heard)
    host.consumers.hasten("shop.follow", "main", "")
    run_jobs(host)
    assert 2 == len(place.heard)
    run_jobs(host, at=datetime.now(UTC) + timedelta(seconds=1_001))

    assert [("", [("a", 1), ("a", 2)])] * 2 == place.heard[1:]


def test_streams_go_on_each_on_its_own(place: Place) -> None:
    """One that fails holds up no other; a paused one keeps its place, and one that is gone is forgotten."""
    streams = [Stream("x"), Stream("y", ("b",)), Stream("z", since="1")]

    async def named(host: Host, database: str) -> Sequence[Stream]:
        return streams

    def handle(batch: ChangeBatch) -> None:
        if batch.stream.name == "x":
            raise Postponed("x waits", 1_000)
        place.hear(batch)

    host = place.build(Consumer("shop.follow", handle, streams=named))  # type: ignore[arg-type] # a host is one
    write(host, "a", "b")
    run_jobs(host)
    assert [("y", [("b", 1)]), ("z", [("b", 1)])] == sorted(place.heard)
    streams[1:] = [replace(streams[1], paused=True)]
    write(host, "b")
    run_jobs(host)
    assert {"shop.follow/y": "2"} == places(host)
    streams[1] = replace(streams[1], paused=False)
    run_jobs(host)
    write(host, "a")
    run_jobs(host)

    assert ("y", [("b", 2)]) == place.heard[-1]


def test_a_consumer_is_told_when_changes_are_lost(place: Place) -> None:
    """And goes on with what comes after."""
    lost: list[str] = []
    host = place.build(Consumer("shop.follow", place.hear, lost=lambda batch: lost.append(batch.database)))
    write(host, "a", "a", "a")
    ask(host, Collect("3"))
    run_jobs(host)
    write(host, "a")
    run_jobs(host)

    assert (["main"], [("", [("a", 4)])]) == (lost, place.heard)


def test_who_was_overtaken_notes_nothing(place: Place) -> None:
    """A worker that was thought dead cannot set a stream back."""

    def overtaken(batch: ChangeBatch) -> None:
        place.hear(batch)
        if len(place.heard) == 1:
            run(batch.run.host.gate.execute("main", KeepRecords("consumers", {"shop.follow/": "1"}), Context(LOCAL)))

    host = place.build(Consumer("shop.follow", overtaken))
    write(host, "a", "a")
    run_jobs(host)
    assert [("queued", "The record 'shop.follow/' was changed meanwhile.")] == [
        (job.state, job.error) for job in jobs(host)
    ]
    run_jobs(host, at=datetime.now(UTC) + timedelta(seconds=11))

    assert [[("a", 1), ("a", 2)], [("a", 2)]] == [keys for _, keys in place.heard]


def test_a_host_without_a_control_database_calls_no_consumer(tmp_path: Path, place: Place) -> None:
    """There are no jobs."""
    plugins = {"shop": Following(Consumer("shop.follow", place.hear))}
    settings = HostSettings(data=tmp_path / "data", plugins=PluginsSection(autoload=False, enabled=("core",)))
    host = Host.build(settings, plugins=plugins, databases={"main": f"sqlite:///{tmp_path / 'main.db'}"})
    host.start_worker(EmbeddedScheduler())
    write(host, "a")
    host.consumers.flush()
    host.stop_worker()

    assert not host.jobs.are_recorded
    assert [] == place.heard


@pytest.mark.parametrize(
    ("consumers", "tasks", "message"),
    [
        ([Consumer("other.follow", print)], [], "must start with 'shop.'"),
        ([Consumer("shop.x", print), Consumer("shop.x", print)], [], "already taken"),
        ([Consumer("shop.x", print)], [Task("shop.x", print)], "already taken"),
    ],
    ids=["prefix", "twice", "task"],
)
def test_a_name_that_cannot_be_fails_the_start(
    place: Place, consumers: list[Consumer], tasks: list[Task], message: str
) -> None:
    """A consumer's name is that of its task, too."""
    with pytest.raises(StartupError, match=message):
        place.build(*consumers, tasks=tasks)


@pytest.mark.slow
def test_a_job_that_waits_holds_up_no_other(place: Place) -> None:
    """A server does several at a time, as the settings say."""
    both = threading.Barrier(2, timeout=20)
    host = place.build(tasks=[Task("shop.meet", lambda _: both.wait() and None)])
    for _ in range(2):
        host.jobs.enqueue("shop.meet")
    worker = JobWorker(host, host.jobs.store)
    worker.start(run)
    for _ in range(400):
        if all(job.state == "done" for job in jobs(host, "shop.meet")):
            break
        threading.Event().wait(0.05)
    worker.stop()

    assert ["done", "done"] == [job.state for job in jobs(host, "shop.meet")]
