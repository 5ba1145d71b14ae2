"""Jobs: recorded, claimed by one worker, tried again, cancelled, and forgotten in the end."""

import json
import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from synthdb_host.errors import Conflict, InvalidValue, JobStopped, Unavailable, UnknownJob, UnknownTask
from synthdb_host.job_worker import JobWorker
from synthdb_host.jobs import Job
from synthdb_host.manager import Host
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings
from synthdb_host.tasks import Task, TaskRun
from tests.host import working
from tests.host.working import Bench, Workshop, build

pytestmark = pytest.mark.usefixtures("clean")

DATA = Path("data")


def bench(run: Callable[[TaskRun], object] = lambda run: None, **more: Any) -> Bench:
    """Make a bench with the task ``shop.task``."""
    return Bench(build(DATA, Task("shop.task", run, **more), jobs={"poll_seconds": 0.01}))


class TestDoing:
    def test_a_job_is_done_with_its_payload_and_its_result_is_kept(self) -> None:
        """What a task returns is read again as JSON gives it."""
        seen: list[TaskRun] = []

        def run(run: TaskRun) -> object:
            seen.append(run)
            run.progress(1, 4, "a quarter")
            return {"sum": sum(run.payload["numbers"]), "pair": (1, 2)}

        place = bench(run)
        queued = place.store.add("shop.task", {"numbers": [1, 2, 3]})

        assert ("queued", 0, None) == (queued.state, queued.attempts, queued.owner)
        assert 1 == place.work()
        job = place.job()
        assert ("done", {"sum": 6, "pair": [1, 2]}, 1, 1.0) == (job.state, job.result, job.attempts, job.progress)
        assert (None, None, None) == (job.owner, job.lease_until, job.error)
        assert (place.host, 1, False) == (seen[0].host, seen[0].attempt, seen[0].is_cancelled)
        assert ("job:shop.task", "local") == (seen[0].context.principal.id, seen[0].context.principal.kind)

    def test_jobs_are_done_in_the_order_in_which_they_are_due(self) -> None:
        """The one that has waited for longest comes first; none comes before its time."""
        done: list[int] = []
        place = bench(lambda run: done.append(run.payload["number"]))
        for number, at in enumerate((place.now + 5, place.now - 5, None)):
            place.store.add("shop.task", {"number": number}, run_at=at)
        place.work()
        assert [1, 2] == done
        place.now += 5
        place.work()
        assert [1, 2, 0] == done

    def test_a_task_reaches_data_through_the_gate(self) -> None:
        """Its coroutines are run for it."""
        place = Bench(build(DATA, *working.TASKS))
        place.host.start_worker(EmbeddedScheduler())
        place.store.add("shop.rows", {})
        place.work()
        place.host.stop_worker()

        assert ("done", 1) == (place.job().state, place.job().result)

    def test_jobs_of_tasks_that_are_not_here_wait_for_a_process_that_has_them(self) -> None:
        """Disabling a plugin loses none of its jobs."""
        place = bench()
        place.store.add("other.task", {})

        assert 0 == place.work()
        assert "queued" == place.job().state

    def test_a_message_and_the_progress_are_recorded_while_it_runs(self) -> None:
        """And never more than all of it."""
        seen: list[Job] = []

        def run(run: TaskRun) -> None:
            run.progress(3, 2, "nearly")
            _until(lambda: place.job().message == "nearly")
            seen.append(place.job())

        place = bench(run)
        place.store.add("shop.task", {})
        place.work()

        assert [("running", 1.0, "nearly")] == [(job.state, job.progress, job.message) for job in seen]


class TestFailing:
    def test_a_job_that_fails_is_tried_again_after_longer_and_longer_waits(self) -> None:
        """The clock decides; the last failure is final."""
        moments: list[float] = []

        def run(run: TaskRun) -> None:
            moments.append(place.now)
            raise InvalidValue("no such colour")

        place = bench(run, retries=3, backoff_seconds=10)
        place.store.add("shop.task", {})
        start = place.now
        while place.job().state == "queued":
            place.work()
            place.now += 5

        assert [0, 10, 30, 70] == [moment - start for moment in moments]
        assert ("failed", 4, "no such colour") == (place.job().state, place.job().attempts, place.job().error)
        assert place.job().finished_at

    def test_a_wait_is_never_longer_than_an_hour(self) -> None:
        """However often it failed."""
        place = bench(_fail, retries=20, backoff_seconds=3000)
        place.store.add("shop.task", {})
        place.work()
        place.now += 3000
        place.work()

        assert timedelta(hours=1) == place.job().run_at - datetime.fromtimestamp(place.now, UTC)

    def test_a_success_after_failures_leaves_no_error(self) -> None:
        """A retry is nothing that an operator must look after."""

        def run(run: TaskRun) -> None:
            if run.attempt == 1:
                raise InvalidValue("too early")

        place = bench(run, backoff_seconds=0)
        place.store.add("shop.task", {})

        assert 2 == place.work()
        assert ("done", 2, None) == (place.job().state, place.job().attempts, place.job().error)

    def test_the_text_of_a_foreign_error_is_not_recorded(self, caplog: pytest.LogCaptureFixture) -> None:
        """It may hold a secret: the job tells its type and place, the log of the operator the rest."""
        caplog.set_level(logging.ERROR)
        place = bench(_fail, retries=0)
        place.store.add("shop.task", {})
        place.work()

        assert (place.job().error or "").startswith("ValueError at ")
        assert "test_jobs.py:" in (place.job().error or "")
        assert "hunter2" not in json.dumps(str(place.job()))
        assert ["job 1, task shop.task: attempt 1 failed"] == [record.message for record in caplog.records]

    @pytest.mark.parametrize(
        "run",
        [lambda run: object(), lambda run: exit(3), lambda run: run.progress("half")],  # noqa: PLR1722 - SystemExit is the case
        ids=["no JSON", "SystemExit", "wrong progress"],
    )
    def test_whatever_a_task_does_the_worker_lives(self, run: Callable[[TaskRun], object]) -> None:
        """The job has failed, and the next one is done."""
        place = bench(run, retries=0)
        place.store.add("shop.task", {})
        place.store.add("shop.task", {})

        assert 2 == place.work()
        assert ["failed", "failed"] == [job.state for job in place.store.list()]


class TestLeases:
    def test_a_job_whose_worker_died_is_claimed_again_when_its_lease_ends(self) -> None:
        """Not before."""
        place = bench(lambda run: run.attempt, lease_seconds=30)
        place.store.add("shop.task", {})
        place.store.claim({"shop.task": 30}, "dead")
        place.now += 30
        assert 0 == place.work()
        place.now += 1

        assert 1 == place.work()
        assert ("done", 2) == (place.job().state, place.job().result)

    def test_a_worker_that_lost_its_lease_changes_nothing_any_more(self) -> None:
        """Neither progress nor an end: what the new owner does stands."""
        place = bench()
        place.store.add("shop.task", {})
        slow = place.store.claim({"shop.task": 1}, "slow")
        place.now += 2
        new = place.store.claim({"shop.task": 60}, "new")
        assert slow
        assert new
        stale = place.store.beat(slow, 60, 0.1, "stale")
        place.store.done(slow, '"stale"')
        place.store.fail(slow, "stale")
        place.store.release(slow)

        assert "another process has it" == stale
        assert new == place.job()
        assert "" == place.store.beat(new, 60, 0.2, "fresh")
        assert ("running", "fresh", "new") == (place.job().state, place.job().message, place.job().owner)

    def test_two_workers_never_claim_one_job(self) -> None:
        """Between looking and claiming another one may have been faster; then the next job is taken."""
        place = bench()
        for number in range(2):
            place.store.add("shop.task", {"number": number})
        claims: list[Job | None] = []

        class Slow(dict[str, float]):
            """Leases that let another worker in between looking and claiming."""

            def __getitem__(self, name: str) -> float:
                if not claims:
                    claims.append(place.store.claim({"shop.task": 60}, "fast"))
                return 60.0

        claims.append(place.store.claim(Slow({"shop.task": 60.0}), "slow"))

        assert [1, 2] == [job.id for job in claims if job]
        assert place.store.claim({"shop.task": 60}, "late") is None

    def test_a_job_that_takes_its_process_with_it_each_time_is_given_up(self) -> None:
        """Else it would take down one worker after the other."""
        place = bench(retries=1)
        place.store.add("shop.task", {})
        for _ in range(2):
            place.store.claim({"shop.task": 1}, "dead")
            place.now += 2
        place.work()

        assert ("failed", "its process died in the last attempt") == (place.job().state, place.job().error)

    def test_a_stopping_worker_gives_its_job_back(self) -> None:
        """The attempt is not counted, and another process has it at once."""
        begun = threading.Event()

        def run(run: TaskRun) -> int:
            begun.set()
            while run.attempt == 1 and not stopped:
                run.progress(0.5)
            return run.attempt

        stopped: list[bool] = []
        place = bench(run, retries=0)
        place.store.add("shop.task", {})
        place.worker.start(lambda coroutine: None)
        assert begun.wait(10)
        place.worker.stop()

        assert ("queued", 0, None) == (place.job().state, place.job().attempts, place.job().owner)
        stopped.append(True)
        place.worker = place.another()
        assert (1, "done") == (place.work(), place.job().state)

    def test_a_silent_task_keeps_its_lease_as_long_as_its_process_lives(self) -> None:
        """The clock may pass the end of the lease many times."""

        def run(run: TaskRun) -> None:
            for _ in range(5):
                place.now += 8
                _until(lambda: place.job().lease_until == datetime.fromtimestamp(place.now + 10, UTC))
            claims.append(place.store.claim({"shop.task": 10}, "thief"))

        claims: list[Job | None] = []
        place = bench(run, lease_seconds=10)
        place.store.add("shop.task", {})
        place.work()

        assert ([None], "done", 1) == (claims, place.job().state, place.job().attempts)


class TestCancelling:
    def test_a_job_that_waits_is_cancelled_at_once(self) -> None:
        """It never runs."""
        place = bench(_fail)
        place.store.add("shop.task", {})

        assert "cancelled" == place.store.cancel(1).state
        assert 0 == place.work()

    def test_a_job_that_runs_stops_where_it_tells_its_progress(self) -> None:
        """The task may look before it begins something long."""
        seen: list[bool] = []

        def run(run: TaskRun) -> None:
            place.store.cancel(1)
            _until(lambda: run.is_cancelled)
            seen.append(True)
            run.progress(0.5)
            seen.append(False)

        place = bench(run)
        place.store.add("shop.task", {})
        place.work()

        assert ([True], "cancelled") == (seen, place.job().state)
        assert place.job().finished_at

    def test_a_job_that_fails_as_it_is_cancelled_is_not_tried_again(self) -> None:
        """Its failure may come before it learns that it should stop."""

        def run(run: TaskRun) -> None:
            place.store.cancel(1)
            _fail(run)

        place = Bench(build(DATA, Task("shop.task", run)))
        place.store.add("shop.task", {})

        assert (1, "cancelled") == (place.work(), place.job().state)

    def test_a_job_whose_process_died_after_it_was_cancelled_is_not_done_again(self) -> None:
        """It ends when its lease does."""
        place = bench(_fail)
        place.store.add("shop.task", {})
        place.store.claim({"shop.task": 1}, "dead")
        assert "running" == place.store.cancel(1).state
        place.now += 2
        place.work()

        assert "cancelled" == place.job().state

    def test_what_has_ended_cannot_be_cancelled_but_tried_again_if_it_failed(self) -> None:
        """Each refusal says in which state the job is."""
        place = bench(lambda run: _fail(run) if fails else None, retries=0)
        fails = [True]
        place.store.add("shop.task", {})
        with pytest.raises(Conflict, match="job 1 did not fail: it is queued"):
            place.store.retry(1)
        place.work()
        with pytest.raises(Conflict, match="job 1 is not waiting or running: it is failed"):
            place.store.cancel(1)
        fails.clear()

        assert ("queued", 0, None) == (place.store.retry(1).state, place.job().attempts, place.job().error)
        assert (1, "done") == (place.work(), place.job().state)
        with pytest.raises(UnknownJob, match="there is no job 7"):
            place.store.cancel(7)

    def test_a_task_that_stops_without_being_asked_has_failed(self) -> None:
        """Else it would be given back and begun for ever."""

        def run(run: TaskRun) -> None:
            raise JobStopped("I am tired")

        place = bench(run, retries=0)
        place.store.add("shop.task", {})

        assert (1, "failed") == (place.work(), place.job().state)


class TestQueueing:
    def test_a_job_with_a_key_is_queued_once_until_it_has_ended(self) -> None:
        """The same work is not queued twice; afterwards there may be new work."""
        place = bench()
        first = place.store.add("shop.task", {"number": 1}, key="main")

        assert first == place.store.add("shop.task", {"number": 2}, key="main")
        assert 2 == place.store.add("shop.task", {}, key="other").id
        assert 3 == place.store.add("shop.task", {}).id
        place.work()
        assert 4 == place.store.add("shop.task", {}, key="main").id

    def test_a_job_is_not_tried_again_beside_one_of_its_key(self) -> None:
        """The key holds for retries, too."""
        place = bench()
        place.store.add("shop.task", {}, key="main")
        place.store.cancel(1)
        place.store.add("shop.task", {}, key="main")
        with pytest.raises(Conflict, match="another one of its key"):
            place.store.retry(1)

    def test_plugins_queue_and_read_jobs_through_the_host(self) -> None:
        """A time may be given, and lists are filtered."""
        host = build(DATA, Task("shop.task", _fail), Task("shop.other", _fail))
        at = datetime(2030, 1, 1, tzinfo=UTC)
        job = host.jobs.enqueue("shop.task", {"a": 1}, key="k", at=at)
        host.jobs.enqueue("shop.other")

        assert (job, at, {"a": 1}) == (host.jobs.get(job.id), job.run_at, job.payload)
        assert ["shop.other", "shop.task"] == [one.name for one in host.jobs.list()]
        assert [job] == list(host.jobs.list(name="shop.task", state="queued"))
        assert () == host.jobs.list(state="done")
        assert 1 == len(host.jobs.list(limit=1))

    def test_a_task_that_does_not_exist_is_refused(self) -> None:
        """With the name that was probably meant."""
        with pytest.raises(UnknownTask, match=r"there is no task 'shop.tusk'; did you mean 'shop.task'\?"):
            bench().host.jobs.enqueue("shop.tusk")

    def test_a_host_without_a_control_database_runs_tasks_at_once_and_records_nothing(self) -> None:
        """The library and ``serve --database``; asking for more is a clear error."""
        said: list[tuple[float, str]] = []

        def run(run: TaskRun) -> object:
            run.progress(1, 2, "half")
            return run.payload["a"]

        plugins = {"shop": Workshop(Task("shop.task", run))}
        host = Host.build(HostSettings(data=DATA), plugins=plugins, discover=False, databases={})

        assert 3 == host.jobs.run_now("shop.task", {"a": 3}, lambda part, text: said.append((part, text)))
        assert [(0.5, "half")] == said
        assert host.jobs.worker(lambda: True) is None
        with pytest.raises(Unavailable, match="no control database"):
            host.jobs.enqueue("shop.task")
        assert not DATA.exists()

    def test_a_host_without_tasks_has_no_worker(self) -> None:
        """Nobody pays for what is not there."""
        assert build(DATA).jobs.worker(lambda: True) is None
        assert isinstance(build(DATA, Task("shop.task", _fail)).jobs.worker(lambda: True), JobWorker)


def test_finished_jobs_are_removed_after_some_time() -> None:
    """The setting says when; those that wait stay, and no id comes twice."""
    place = bench()
    place.store.add("shop.task", {})
    place.work()
    place.store.add("other.task", {})
    place.now += 31 * 86_400
    place.work()

    assert [2] == [job.id for job in place.store.list()]
    assert 3 == place.store.add("shop.task", {}).id


def test_a_worker_that_cannot_reach_the_table_goes_on_when_it_can(caplog: pytest.LogCaptureFixture) -> None:
    """What went wrong is logged."""
    host = build(DATA, Task("shop.task", lambda run: None), jobs={"poll_seconds": 0.01})
    DATA.write_text("a file")
    worker = JobWorker(host, host.jobs.store)
    worker.start(lambda coroutine: None)
    _until(lambda: "background work failed" in caplog.messages)
    DATA.unlink()
    host.jobs.enqueue("shop.task")
    _until(lambda: host.jobs.get(1).state == "done")
    worker.stop()


def _fail(run: TaskRun) -> None:
    raise ValueError("the password is hunter2")


def _until(holds: Callable[[], bool]) -> None:
    """Wait until something holds; the test's own limit is the end."""
    while not holds():
        threading.Event().wait(0.005)
