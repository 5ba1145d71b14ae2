"""Background work of real processes: they share the jobs, die in the middle of one, and are asked to stop."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb_host.manager import Host
from synthdb_host.tasks import Schedule
from tests.host.working import TASKS, build

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PROGRAM: Final = Path(__file__).with_name("working.py")
PATIENCE: Final = 30.0


@dataclass
class Yard:
    """A data folder on which processes work, and what their tasks note."""

    folder: Path
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.host: Host = build(self.folder / "data", *TASKS)
        self.host.migrate()

    def start(self, mode: str, **settings: Any) -> subprocess.Popen[str]:
        """Start a process; it says ``ready`` and waits for a line before it works, unless it serves."""
        options = {"mode": mode, "data": str(self.folder / "data"), "jobs": {"poll_seconds": 0.05}, **settings}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SYNTHDB_")}
        environment["PYTHONPATH"] = str(PROGRAM.parents[1] / "plugins" / "memory" / "src")
        process = subprocess.Popen(
            [sys.executable, PROGRAM, json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.processes.append(process)
        return process

    def race(self, count: int, **settings: Any) -> None:
        """Let so many processes do all jobs, beginning together, and wait for their end."""
        racing = [self.start("work", **settings) for _ in range(count)]
        for process in racing:
            assert process.stdout
            assert "ready\n" == process.stdout.readline()
        _go(racing)
        assert [0] * count == [process.wait(PATIENCE) for process in racing]

    @property
    def notes(self) -> list[str]:
        """What tasks noted."""
        file = self.folder / "notes.txt"
        return file.read_text().splitlines() if file.exists() else []

    def begun(self, count: int = 1) -> int:
        """Wait until a job was begun so often, and give the process that did it last."""
        eventually(lambda: sum(note.startswith("begin") for note in self.notes) >= count)
        return int(self.notes[-1].split()[1])

    def state(self) -> str:
        """Give the state of the first job."""
        return self.host.jobs.get(1).state


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    """A yard whose processes end with the test."""
    yard = Yard(tmp_path)
    yield yard
    for process in yard.processes:
        if process.poll() is None:
            process.terminate()
        # A worker that was just starting may miss the signal; it is killed after the server's 30 seconds of grace.
        process.communicate(timeout=2 * PATIENCE)


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _go(processes: Sequence[subprocess.Popen[str]]) -> None:
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()


def test_two_processes_share_200_jobs_and_each_runs_once(yard: Yard, record_property: Callable[..., None]) -> None:
    """Claims compare and set, whoever looks at the same time."""
    for number in range(200):
        yard.host.jobs.enqueue("shop.note", {"number": number})
    yard.race(2)

    assert sorted(map(str, range(200))) == sorted(yard.notes)
    jobs = yard.host.jobs.list(limit=1000)
    assert {("done", 1)} == {(job.state, job.attempts) for job in jobs}
    record_property("jobs", len(jobs))


def test_two_processes_fire_each_schedule_once(yard: Yard) -> None:
    """Also where its jobs may overlap, so that nothing else keeps the second one out."""
    schedules = [
        {
            "task": "shop.note", "cron": "0 0 29 2 *", "name": f"shop.s{number}", "overlap": "allow",
            "payload": {"number": number},
        }
        for number in range(20)
    ]  # fmt: skip
    past = replace(yard.host.jobs.store, clock=datetime(2023, 1, 1, tzinfo=UTC).timestamp)
    for one in schedules:
        past.fire(Schedule(**one))  # type: ignore[arg-type]  # as JSON has it
    yard.race(2, schedules=schedules)

    assert sorted(map(str, range(20))) == sorted(yard.notes)


def test_a_job_whose_process_is_killed_is_done_by_another_one(yard: Yard) -> None:
    """``kill -9`` in the middle: its lease ends, and the job goes on elsewhere."""
    yard.host.jobs.enqueue("shop.wait")
    first, second = yard.start("watch"), yard.start("watch")
    _go([first])
    victim = yard.begun()
    assert first.pid == victim
    first.kill()
    _go([second])
    (yard.folder / "go").touch()
    eventually(lambda: yard.state() == "done")

    assert [f"begin {first.pid}", f"begin {second.pid}", f"end {second.pid}"] == yard.notes
    assert 2 == yard.host.jobs.get(1).result


def test_a_job_that_runs_elsewhere_is_cancelled(yard: Yard) -> None:
    """Its process learns of it, stops the task and goes on with the next job."""
    yard.host.jobs.enqueue("shop.wait")
    yard.host.jobs.enqueue("shop.note", {"number": 5})
    process = yard.start("watch")
    _go([process])
    yard.begun()
    yard.host.jobs.store.cancel(1)
    eventually(lambda: yard.host.jobs.get(2).state == "done")

    assert "cancelled" == yard.state()
    assert [f"begin {process.pid}", "5"] == yard.notes


class TestServing:
    def test_a_stopping_server_gives_its_job_back(self, yard: Yard) -> None:
        """SIGTERM: the job is queued again, no attempt is lost, and the next server does it."""
        yard.host.jobs.enqueue("shop.wait")
        server = yard.start("serve", port=0)
        yard.begun()
        server.terminate()

        assert 0 == server.wait(PATIENCE)
        job = yard.host.jobs.get(1)
        assert ("queued", 0, None) == (job.state, job.attempts, job.owner)
        (yard.folder / "go").touch()
        yard.start("serve", port=0)
        eventually(lambda: yard.state() == "done")
        assert 1 == yard.host.jobs.get(1).result

    def test_one_worker_of_a_server_works_and_another_takes_over_when_it_dies(self, yard: Yard) -> None:
        """The other worker, or the one that replaces it."""
        yard.host.jobs.enqueue("shop.wait")
        yard.host.jobs.enqueue("shop.wait")
        yard.start("serve", port=0, workers=2, jobs={"poll_seconds": 0.05, "concurrency": 1})
        first = yard.begun()
        for _ in range(20):
            assert [f"begin {first}"] == yard.notes
            time.sleep(0.05)
        os.kill(first, signal.SIGKILL)
        second = yard.begun(2)
        (yard.folder / "go").touch()
        eventually(lambda: yard.host.jobs.get(2).state == "done")

        assert first != second
        assert {f"end {second}"} == {note for note in yard.notes if note.startswith("end")}

    def test_a_task_of_a_server_reaches_data_through_the_gate(self, yard: Yard) -> None:
        """Its coroutines run on the event loop that serves requests."""
        yard.host.jobs.enqueue("shop.rows")
        yard.start("serve", port=0)
        eventually(lambda: yard.state() == "done")

        assert 1 == yard.host.jobs.get(1).result


def test_a_host_without_tasks_imports_nothing_for_them() -> None:
    """Core alone pays nothing."""
    code = (
        "import sys; from synthdb_host import server; from synthdb_host.manager import Host; "
        "from synthdb_host.settings import HostSettings; Host.build(HostSettings(), discover=False).jobs.worker(bool); "
        "print({'cronsim', 'synthdb_host.job_store', 'synthdb_host.job_worker', 'alembic'} & set(sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "set()\n" == result.stdout
