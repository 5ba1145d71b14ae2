"""A plugin with background tasks, for tests; as a program, a process that does its jobs or serves.

Usage: ``python working.py OPTIONS`` where the JSON object OPTIONS has ``mode``: ``work`` (do all jobs, then end),
``watch`` (do jobs and fire schedules until killed) or ``serve``; the rest are settings of the host.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from synthdb_memory.plugin import plugin as memory

from synthdb_host.hookspecs import hookimpl
from synthdb_host.job_store import JobStore
from synthdb_host.job_worker import JobWorker
from synthdb_host.jobs import Job
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import Insert, Select
from synthdb_host.server import serve_host
from synthdb_host.settings import HostSettings
from synthdb_host.tasks import Schedule, Task, TaskRun


class Workshop:
    """A plugin with given tasks and schedules."""

    def __init__(self, *tasks: Task, schedules: Sequence[Schedule] = (), id_: str = "shop") -> None:
        self.manifest = Manifest(id=id_, host_api=">=1.0,<2")
        self._tasks, self._schedules = tasks, schedules

    @hookimpl
    def synthdb_tasks(self) -> Sequence[Task]:
        return self._tasks

    @hookimpl
    def synthdb_schedules(self) -> Sequence[Schedule]:
        return self._schedules


@dataclass
class Bench:
    """A host with a worker whose clock stands until it is set."""

    host: Host
    now: float = datetime(2026, 3, 1, tzinfo=UTC).timestamp()
    store: JobStore = field(init=False)
    worker: JobWorker = field(init=False)

    def __post_init__(self) -> None:
        self.store = replace(self.host.jobs.store, clock=lambda: self.now)
        self.worker = self.another()

    def another(self) -> JobWorker:
        """Give one more worker, as another process has it."""
        return JobWorker(self.host, self.store)

    def work(self) -> int:
        """Do what is due and give how many attempts that took."""
        return sum(1 for _ in iter(self.worker.step, False))

    def job(self, id_: int = 1) -> Job:
        """Read a job."""
        return self.store.get(id_)


def build(data: Path, *tasks: Task, schedules: Sequence[Schedule] = (), **settings: Any) -> Host:
    """Build a host of one plugin with tasks, and a control database."""
    plugins = {"shop": Workshop(*tasks, schedules=schedules), "memory": memory}
    return Host.build(HostSettings(data=data, **settings), plugins=plugins, discover=False)


def _note(run: TaskRun, text: str) -> None:
    with (run.host.settings.data.parent / "notes.txt").open("a") as file:
        file.write(f"{text}\n")


def note(run: TaskRun) -> None:
    """Append the number of the job to a file."""
    _note(run, str(run.payload["number"]))


def wait_for_go(run: TaskRun) -> int:
    """Say which process begins, go on when a file is there, and say that it ends."""
    _note(run, f"begin {os.getpid()}")
    while not (run.host.settings.data.parent / "go").exists():
        time.sleep(0.02)
        run.progress(0.5, message="waiting")
    _note(run, f"end {os.getpid()}")
    return run.attempt


def rows(run: TaskRun) -> int | None:
    """Write a row through the gate and count."""
    if "books" not in run.host.databases.names():
        run.host.databases.create("books", "memory://books")
    run.wait(run.host.gate.execute("books", Insert.of("rows", [{"a": 1}]), run.context))
    return run.wait(run.host.gate.execute("books", Select("rows", limit=0, count="exact"), run.context)).total


TASKS = (
    Task("shop.note", note),
    Task("shop.wait", wait_for_go, lease_seconds=2.0),
    Task("shop.rows", rows),
)


def main(options: dict[str, Any]) -> None:
    """Do what the mode says."""
    modes: dict[str, Callable[[Host], None]] = {"work": _work, "watch": _watch, "serve": serve_host}
    mode = modes[options.pop("mode")]
    schedules = [Schedule(**one) for one in options.pop("schedules", ())]
    mode(build(Path(options.pop("data")), *TASKS, schedules=schedules, **options))


def _work(host: Host) -> None:
    worker = JobWorker(host, host.jobs.store)
    _wait_for_start()
    while worker.step():
        pass


def _watch(host: Host) -> None:
    worker = JobWorker(host, host.jobs.store)
    _wait_for_start()
    while True:
        if not worker.step():
            time.sleep(0.05)


def _wait_for_start() -> None:
    """Say that everything is imported, and wait, so that several processes begin together."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
