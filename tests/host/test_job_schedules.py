"""Schedules: when they fire, that they fire once, and what is refused at registration."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from synthdb_host.errors import StartupError
from synthdb_host.job_times import next_time
from synthdb_host.manager import Host
from synthdb_host.settings import HostSettings
from synthdb_host.tasks import Schedule, Task
from tests.host.working import Bench, Workshop, build

pytestmark = pytest.mark.usefixtures("clean")

TASK = Task("shop.task", lambda run: None)
HOUR, DAY = 3600.0, 86_400.0


def times(cron: str, zone: str, start: str, count: int) -> list[str]:
    """Give the next times after a local time, with their offsets."""
    schedule, where = Schedule("shop.task", cron, zone), ZoneInfo(zone)

    def following(moment: float) -> Iterator[float]:
        for _ in range(count):
            moment = next_time(schedule, moment)
            yield moment

    begin = datetime.fromisoformat(start).replace(tzinfo=where).timestamp()
    return [datetime.fromtimestamp(at, where).isoformat()[5:] for at in following(begin)]


@pytest.mark.parametrize(
    ("cron", "zone", "start", "expected"),
    [
        ("30 2 * * *", "UTC", "2026-03-28T02:30", ["03-29T02:30:00+00:00", "03-30T02:30:00+00:00"]),
        ("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["03-29T03:00:00+02:00", "03-30T02:30:00+02:00"]),
        ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["10-25T02:30:00+02:00", "10-26T02:30:00+01:00"]),
        ("0 * * * *", "Europe/Berlin", "2026-10-25T01:30",
         ["10-25T02:00:00+02:00", "10-25T02:00:00+01:00", "10-25T03:00:00+01:00"]),
        ("0 9 * * MON-FRI", "Asia/Kolkata", "2026-03-06T10:00", ["03-09T09:00:00+05:30"]),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00", ["02-29T00:00:00+00:00"]),
    ],
    ids=["UTC", "gap", "twice", "hourly-twice", "weekdays", "leap-day"],
)  # fmt: skip
def test_cron_is_read_in_its_time_zone(cron: str, zone: str, start: str, expected: list[str]) -> None:
    """A time in the gap is taken after it, one that comes twice is taken once, an hourly one each hour."""
    assert expected == times(cron, zone, start, len(expected))


def test_a_time_of_a_repeated_hour_is_not_taken_again_in_the_second_one() -> None:
    """A process that starts between the two does not fire it once more."""
    second = datetime(2026, 10, 25, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"), fold=1).timestamp()
    found = next_time(Schedule("shop.task", "30 2 * * *", "Europe/Berlin"), second)

    assert datetime(2026, 10, 26, 1, 30, tzinfo=UTC).timestamp() == found


def bench(**more: Any) -> Bench:
    """Make a bench with a schedule at midnight, which a worker has seen."""
    place = Bench(build(Path("data"), TASK, schedules=[Schedule("shop.task", "0 0 * * *", **more)]))
    place.now += HOUR
    assert 0 == place.work()
    return place


class TestFiring:
    def test_a_schedule_fires_at_its_time_and_not_before(self) -> None:
        """With its payload; it does not fire because it is new."""
        place = bench(payload={"a": 1})
        place.now += 22 * HOUR
        assert 0 == place.work()
        place.now += HOUR

        assert 1 == place.work()
        assert ("shop.task", {"a": 1}, "done") == (place.job().name, place.job().payload, place.job().state)
        place.now += DAY
        assert 1 == place.work()

    def test_of_several_workers_one_fires(self) -> None:
        """Each time is taken by comparing and setting the next one."""
        place = bench()
        workers = [place.another() for _ in range(5)]
        place.now += DAY
        for worker in workers:
            worker.step()

        assert 1 == len(place.store.list())

    def test_a_missed_time_is_made_up_for_once(self) -> None:
        """However often it was missed."""
        place = bench()
        place.now += 10 * DAY
        place.worker = place.another()

        assert (1, 0) == (place.work(), place.work())

    def test_a_missed_time_is_left_out_where_the_schedule_says_so(self) -> None:
        """A worker that is only a little late has not missed it."""
        place = bench(misfire="skip")
        place.now += 10 * DAY
        assert 0 == place.work()
        place.now += 23 * HOUR + 30

        assert 1 == place.work()

    @pytest.mark.parametrize(("overlap", "jobs"), [("skip", 1), ("allow", 2)])
    def test_the_schedule_says_whether_its_jobs_may_overlap(self, overlap: str, jobs: int) -> None:
        """A job that another worker has claimed still runs."""
        place = bench(overlap=overlap)
        place.now += DAY
        place.store.fire(place.host.contributions.schedules[0].record)
        assert place.store.claim({"shop.task": 100 * DAY}, "other")
        place.now += DAY
        place.work()

        assert jobs == len(place.store.list())

    def test_a_schedule_whose_time_was_changed_begins_anew(self) -> None:
        """The old time is not made up for."""
        place = bench()
        later = Bench(build(Path("data"), TASK, schedules=[Schedule("shop.task", "0 12 * * *")]))
        later.now = place.now + DAY
        assert 0 == later.work()
        later.now += 12 * HOUR

        assert 1 == later.work()

    def test_a_schedule_fires_while_a_job_runs(self) -> None:
        """A long job does not make others miss their time."""

        def run(run: object) -> None:
            place.now += DAY
            while not place.store.list(name="shop.task"):
                time.sleep(0.005)

        schedules = [Schedule("shop.task", "0 0 * * *", misfire="skip")]
        tasks = (TASK, Task("shop.long", run))
        place = Bench(build(Path("data"), *tasks, schedules=schedules, jobs={"poll_seconds": 0.01}))
        place.work()
        place.store.add("shop.long", {})

        assert 2 == place.work()

    def test_the_next_and_the_last_time_are_known(self) -> None:
        """Also before it ever fired."""
        place = bench()
        record = place.host.contributions.schedules[0].record
        assert (datetime(2026, 3, 2, tzinfo=UTC), None) == place.store.times(record)
        place.now += DAY
        place.work()

        assert (datetime(2026, 3, 3, tzinfo=UTC), datetime(2026, 3, 2, 1, tzinfo=UTC)) == place.store.times(record)


def problems(*plugins: Workshop) -> str:
    """Give the report of a start-up that must fail."""
    given = {plugin.manifest.id: plugin for plugin in plugins}
    with pytest.raises(StartupError) as caught:
        Host.build(HostSettings(), plugins=given, discover=False, databases={})
    return str(caught.value)


class TestRegistration:
    @pytest.mark.parametrize(
        ("schedule", "complaint"),
        [
            (Schedule("shop.task", "0 25 * * *"), "schedule 'shop.task': cron '0 25 * * *': Bad hour"),
            (Schedule("shop.task", "often"), "schedule 'shop.task': cron 'often': Wrong number of fields"),
            (Schedule("shop.task", "0 0 31 2 *"), "schedule 'shop.task': cron '0 0 31 2 *': Bad day-of-month"),
            (Schedule("shop.task", "0 0 * 2 MON#5,1#7"), "Bad day-of-week"),
            (Schedule("shop.task", "@daily"), "Wrong number of fields"),
            (
                Schedule("shop.task", "0 0 * * *", "Mars/Base"),
                "schedule 'shop.task': time zone 'Mars/Base' is not known here",
            ),
            (Schedule("shop.task", "0 0 * * *", name="x"), "the name 'x' must start with 'shop.'"),
            (Schedule("shop.task", "0 0 * * *", payload={"at": {1}}), "set is not JSON serializable"),
            (Schedule("shop.absent", "0 0 * * *"), "there is no task 'shop.absent'"),
        ],
        ids=["hour", "words", "never", "weekday", "nickname", "zone", "name", "payload", "task"],
    )
    def test_a_schedule_that_makes_no_sense_fails_the_start_with_its_plugin(
        self, schedule: Schedule, complaint: str
    ) -> None:
        """All in the one report, with hook and reason."""
        report = problems(Workshop(TASK, schedules=[schedule]))

        assert "plugin shop, synthdb_schedules: " in report
        assert complaint in report

    def test_the_names_of_tasks_begin_with_their_plugin(self) -> None:
        """So that two plugins never mean one name."""
        report = problems(Workshop(Task("gc", lambda run: None)))

        assert "plugin shop, synthdb_tasks: ValueError: the name 'gc' must start with 'shop.'" in report

    @pytest.mark.parametrize("hook", ["synthdb_tasks", "synthdb_schedules"])
    def test_a_name_that_is_taken_is_an_error_naming_both(self, hook: str) -> None:
        """As for every other contribution."""
        schedule = Schedule("shop.task", "0 0 * * *")
        twice = {"synthdb_tasks": ((TASK, TASK), ()), "synthdb_schedules": ((TASK,), (schedule, schedule))}
        tasks, schedules = twice[hook]

        report = problems(Workshop(*tasks, schedules=schedules))
        assert f"plugin shop, {hook}: name 'shop.task' is already taken by plugin shop" in report

    def test_a_task_may_have_several_schedules_of_other_names(self) -> None:
        """The name of a schedule is its task's only if it has none."""
        schedules = [Schedule("shop.task", "0 0 * * *"), Schedule("shop.task", "0 6 * * *", name="shop.early")]
        host = build(Path("data"), TASK, schedules=schedules)

        assert ["shop.task", "shop.early"] == [one.record.name for one in host.contributions.schedules]
        assert "shop" == host.contributions.tasks["shop.task"].plugin
