"""Background work that is done by itself: what is old is forgotten, what is deep flattened, what is wider filled."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from synthdb.tasks import DEEPEST, schedules, tasks
from synthdb_host.access import LOCAL
from synthdb_host.contracts import Context, Result
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import HistoryGone
from synthdb_host.manager import Host
from synthdb_host.operations import Insert, Operation, Ref, Select, Update
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings, PluginsSection
from synthdb_host.stepping import run
from synthdb_host.testing.hosting import run_jobs
from synthdb_host.versions import HEAD, AlterBranch, Branches, Branching, CreateBranch, StorageReport

DAY = timedelta(days=1)


class Place:
    """A host with a control database and one database of its own."""

    def __init__(self, folder: Path, plugins: dict[str, Any] | None = None) -> None:
        section = PluginsSection(autoload=False, enabled=("core",), **(plugins or {}))
        settings = HostSettings(data=folder / "data", plugins=section)
        self.host = Host.build(settings)
        self.host.prepare()
        self.host.start_worker(EmbeddedScheduler())

    def __call__(self, operation: Operation) -> Result:
        return run(self.host.gate.execute("main", operation, Context(LOCAL)))

    def grow(self, versions: int) -> None:
        """Write a row and then so many newer versions of it."""
        self(Insert.of("things", [{"size": 0}]))
        for size in range(1, versions + 1):
            self(Update("things", {"size": size}, every_row=True))

    def kept(self) -> int:
        """Count the versions in the history."""
        report = self(StorageReport()).python()
        return sum(line["rows"] for line in report if line["kind"] == "history")

    def branches(self) -> list[str]:
        return [branch["name"] for branch in self(Branches()).python()]

    def work(self, name: str, **payload: Any) -> Any:
        return self.host.jobs.run_now(name, payload)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.host.stop_worker()


def test_old_versions_are_forgotten_and_states_before_are_gone(place: Place) -> None:
    """In steps, until none is left; what is now stays."""
    place.grow(20)

    assert {"main": 20} == place.work("core.gc", before="21")
    assert 0 == place.kept()
    assert [{"id": 1, "size": 20}] == place(Select("things")).python()
    with pytest.raises(HistoryGone):
        place(Select("things", ref=Ref("main", "5")))


def test_what_is_younger_than_the_settings_say_is_kept(place: Place) -> None:
    """A month, unless another time is set."""
    place.grow(5)

    assert {"main": 0} == place.work("core.gc")
    assert 5 == place.kept()


def test_a_branch_whose_time_is_over_is_dropped(place: Place) -> None:
    """One that others were made from stays until they are gone, a protected one for good."""
    place.grow(1)
    past = format_timestamp(datetime.now(UTC) - DAY)
    future = format_timestamp(datetime.now(UTC) + DAY)
    made = {"old": HEAD, "young": HEAD, "origin": HEAD, "child": Ref("origin"), "safe": HEAD}
    for name, at in made.items():
        place(Branching((CreateBranch(name, at, expires=future if name == "young" else past),)))
    place(Branching((AlterBranch("safe", protected=True),)))

    assert {"main": ["child", "old"]} == place.work("core.expire")
    assert {"main": ["origin"]} == place.work("core.expire")
    assert ["main", "safe", "young"] == place.branches()


def test_a_deep_branch_is_flattened(place: Place) -> None:
    """What it shows stays; one that is asked for by name need not be deep, and may take main with it."""
    place.grow(3)
    ref = HEAD
    for depth in range(DEEPEST + 2):
        place(Branching((CreateBranch(f"b{depth}", ref),)))
        ref = Ref(f"b{depth}")
        place(Insert.of("things", [{"size": depth}], ref=ref))
    before = place(Select("things", ref=ref)).python()

    done = place.work("core.compact")

    assert {f"main@b{DEEPEST}": DEEPEST, f"main@b{DEEPEST + 1}": DEEPEST + 1} == done
    assert before == place(Select("things", ref=ref)).python()
    assert {"main@b0": 1} == place.work("core.compact", database="main", branch="b0", whole=True)


def test_a_widened_column_is_filled_by_a_job(tmp_path: Path) -> None:
    """The write that widens it queues one, of which there is one at a time for a database."""
    place = Place(tmp_path, {"core": {"backfill_above_rows": 100}})
    place(Insert.of("things", [{"size": number} for number in range(200)]))
    place(Insert.of("things", [{"size": "large"}]))
    before = place(Select("things")).python()
    assert [("core.backfill", {"database": "main"})] == [(job.name, job.payload) for job in place.host.jobs.list()]
    place(Insert.of("things", [{"size": [1]}]))

    jobs = [job for job in run_jobs(place.host) if job.name == "core.backfill"]

    assert [("done", {"main": 401})] == [(job.state, job.result) for job in jobs]
    assert {"main": 0} == place.work("core.backfill")
    assert [*before, {"id": 202, "size": [1]}] == place(Select("things")).python()
    place.host.stop_worker()


def test_it_is_done_by_itself(place: Place) -> None:
    """Each task has a schedule, and a server does what is due."""
    place.grow(3)
    start = datetime(2030, 1, 1, tzinfo=UTC)
    run_jobs(place.host, at=start)

    jobs = run_jobs(place.host, at=start + DAY + DAY / 2)

    assert {task.name for task in tasks()} == {schedule.task for schedule in schedules()}
    assert {task.name: "done" for task in tasks()} == {job.name: job.state for job in jobs}
