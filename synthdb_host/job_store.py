"""The table of jobs: every change is one statement that compares and sets, so that any number may work.

Who has claimed a job is told by ``owner`` and ``attempts`` together. Each later change compares both, so that a
worker that was thought dead changes nothing any more.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from synthdb_host.control import Control
from synthdb_host.errors import Conflict, UnknownJob
from synthdb_host.job_times import next_time
from synthdb_host.jobs import Job, JobState
from synthdb_host.tasks import Schedule

__all__ = ["JobStore"]

_MISFIRE_SECONDS: Final = 60.0
"""A schedule that is later than this was missed, not just waited for."""

_TIMES: Final = ("run_at", "lease_until", "cancelled_at", "created_at", "finished_at")
_JOBS: Final = sa.table("jobs", *map(sa.column, Job.__slots__))
_SCHEDULES: Final = sa.table("job_schedules", *map(sa.column, ("name", "spec", "next_at", "fired_at")))
_J: Final = _JOBS.c
_S: Final = _SCHEDULES.c
_ACTIVE: Final = _J.state.in_(("queued", "running"))
_IDLE: Final = {"owner": None, "lease_until": None}


@dataclass(frozen=True)
class JobStore:
    """Jobs and schedules in a control database, by a clock of seconds since 1970."""

    control: Control
    clock: Callable[[], float] = time.time

    def add(self, name: str, payload: Mapping[str, Any], key: str | None = None, run_at: float | None = None) -> Job:
        """Queue a job, or give the one of this key that waits or runs."""
        with self.control.ready().begin() as connection:
            row = self._insert(connection, name, payload, key, run_at)
            return _job(row or connection.execute(sa.select(_JOBS).where(_J.key == key, _ACTIVE)).one())

    def get(self, job: int) -> Job:
        """Give a job; raises UnknownJob."""
        row = self._first(sa.select(_JOBS).where(_J.id == job))
        if row is None:
            raise UnknownJob(f"there is no job {job}")
        return _job(row)

    def list(self, state: JobState | None = None, name: str | None = None, limit: int = 100) -> tuple[Job, ...]:
        """List jobs, the newest first."""
        wanted = {_J.state: state, _J.name: name}
        question = sa.select(_JOBS).where(*(one == value for one, value in wanted.items() if value))
        with self.control.ready().connect() as connection:
            return tuple(map(_job, connection.execute(question.order_by(_J.id.desc()).limit(limit))))

    def cancel(self, job: int) -> Job:
        """End a job that waits, or ask the one that runs to stop; raises UnknownJob or Conflict."""
        waits, now = _J.state == "queued", self.clock()
        state = sa.case((waits, "cancelled"), else_=_J.state)
        finished = sa.case((waits, now), else_=sa.null())
        change = sa.update(_JOBS).where(_J.id == job, _ACTIVE)
        change = change.values(cancelled_at=now, state=state, finished_at=finished)
        return self._changed(job, change, "is not waiting or running")

    def retry(self, job: int) -> Job:
        """Queue a job that failed or was cancelled once more; raises UnknownJob or Conflict."""
        fresh = dict.fromkeys(("progress", "result", "error", "cancelled_at", "finished_at"))
        change = sa.update(_JOBS).where(_J.id == job, _J.state.in_(("failed", "cancelled")))
        return self._changed(
            job, change.values(state="queued", attempts=0, run_at=self.clock(), **fresh), "did not fail"
        )

    def claim(self, leases: Mapping[str, float], owner: str) -> Job | None:
        """Take the job that has been due for longest, of the tasks that have a lease here; its attempt is counted."""
        now = self.clock()
        waits = sa.and_(_J.state == "queued", _J.run_at <= now)
        due = sa.and_(_J.name.in_(tuple(leases)), sa.or_(waits, sa.and_(_J.state == "running", _J.lease_until < now)))
        question = sa.select(_J.id, _J.name, _J.attempts).where(due).order_by(_J.run_at, _J.id).limit(1)
        while found := self._first(question):
            same = sa.and_(_J.id == found.id, _J.attempts == found.attempts, due)
            values = {"state": "running", "owner": owner, "attempts": found.attempts + 1}
            claimed = self._change(sa.update(_JOBS).where(same).values(lease_until=now + leases[found.name], **values))
            if claimed:
                return _job(claimed)
        return None

    def beat(self, job: Job, lease: float, progress: float | None, message: str) -> str:
        """Extend the lease and record the progress; gives why the task is to stop, if it is."""
        row = self._settle(job, lease_until=self.clock() + lease, progress=progress, message=message)
        return "another process has it" if row is None else "it was cancelled" if row.cancelled_at else ""

    def done(self, job: Job, result: str | None) -> None:
        """Record that a job is done, with its result as JSON."""
        self._settle(job, state="done", result=result, error=None, progress=1.0, finished_at=self.clock(), **_IDLE)

    def fail(self, job: Job, error: str, seconds: float | None = None) -> None:
        """Record that an attempt failed; the job is tried again after so many seconds, or never."""
        if seconds is None:
            self._settle(job, state="failed", error=error, finished_at=self.clock(), **_IDLE)
        else:
            self._requeue(job, error=error, run_at=self.clock() + seconds)

    def release(self, job: Job) -> None:
        """Give a job back that was stopped, its attempt not counted."""
        self._requeue(job, attempts=job.attempts - 1)

    def postpone(self, job: Job, message: str, seconds: float) -> None:
        """Give a job back that goes on after so many seconds, its attempts forgotten."""
        self._requeue(job, attempts=0, message=message, run_at=self.clock() + seconds)

    def hasten(self, key: str) -> None:
        """Let the job of a key that waits for its time be due now."""
        with self.control.ready().begin() as connection:
            waits = sa.and_(_J.key == key, _J.state == "queued")
            connection.execute(sa.update(_JOBS).where(waits).values(run_at=self.clock()))

    def remove(self, job: Job) -> None:
        """Forget a job that is done."""
        with self.control.ready().begin() as connection:
            connection.execute(sa.delete(_JOBS).where(_mine(job)))

    def sweep(self, seconds: float) -> None:
        """Remove jobs that finished so long ago."""
        with self.control.ready().begin() as connection:
            connection.execute(sa.delete(_JOBS).where(_J.finished_at < self.clock() - seconds))

    def fire(self, schedule: Schedule) -> float:
        """Queue a schedule's job if it is time, once for all processes; gives its next time."""
        now, spec = self.clock(), f"{schedule.cron} {schedule.zone}"
        row = self._first(sa.select(_S.next_at).where(_S.name == schedule.name, _S.spec == spec))
        following = next_time(schedule, now)
        with self.control.ready().begin() as connection:
            if row is None:
                _begin_schedule(connection, schedule.name, spec, following)
            elif row.next_at > now:
                return float(row.next_at)
            else:
                same = sa.and_(_S.name == schedule.name, _S.spec == spec, _S.next_at == row.next_at)
                change = sa.update(_SCHEDULES).where(same).values(next_at=following, fired_at=now)
                mine = connection.execute(change).rowcount
                if mine and (schedule.misfire == "run" or now - row.next_at <= _MISFIRE_SECONDS):
                    key = f"schedule:{schedule.name}" if schedule.overlap == "skip" else None
                    self._insert(connection, schedule.task, schedule.payload, key, None)
        return following

    def times(self, schedule: Schedule) -> tuple[datetime, datetime | None]:
        """Give the next time of a schedule, and when it was last taken."""
        fired_at = self._first(sa.select(_S.fired_at).where(_S.name == schedule.name))
        return _moment(next_time(schedule, self.clock())), _moment(fired_at[0] if fired_at else None)

    def _insert(
        self, connection: sa.Connection, name: str, payload: Mapping[str, Any], key: str | None, run_at: float | None
    ) -> sa.Row[Any] | None:
        """Add a job unless one of its key is active; being a write, it also keeps other writers out."""
        now = self.clock()
        values = {
            "name": name, "payload": json.dumps(payload), "key": key, "state": "queued", "attempts": 0,
            "run_at": now if run_at is None else run_at, "message": "", "created_at": now,
        }  # fmt: skip
        free = sa.true() if key is None else ~sa.exists().where(_J.key == key, _ACTIVE)
        row = sa.select(*map(sa.literal, values.values())).where(free)
        return connection.execute(sa.insert(_JOBS).from_select(list(values), row).returning(*_J)).one_or_none()

    def _requeue(self, job: Job, **values: Any) -> None:  # noqa: ANN401 - of the columns' types
        """Let a job wait again, or end it if it was cancelled."""
        cancelled = _J.cancelled_at.is_not(None)
        state = sa.case((cancelled, "cancelled"), else_="queued")
        finished = sa.case((cancelled, self.clock()), else_=sa.null())
        self._settle(job, state=state, finished_at=finished, **_IDLE, **values)

    def _settle(self, job: Job, **values: Any) -> sa.Row[Any] | None:  # noqa: ANN401 - of the columns' types
        """Change a job that is still this worker's; gives nothing if it is not."""
        return self._change(sa.update(_JOBS).where(_mine(job)).values(**values))

    def _changed(self, job: int, change: sa.Update, otherwise: str) -> Job:
        try:
            row = self._change(change)
        except IntegrityError as error:
            raise Conflict(f"job {job}: another one of its key waits or runs") from error
        if row is None:
            raise Conflict(f"job {job} {otherwise}: it is {self.get(job).state}")
        return _job(row)

    def _change(self, change: sa.Update) -> sa.Row[Any] | None:
        with self.control.ready().begin() as connection:
            return connection.execute(change.returning(*_J)).one_or_none()

    def _first(self, question: sa.Select[Any]) -> sa.Row[Any] | None:
        with self.control.ready().connect() as connection:
            return connection.execute(question).first()


def _mine(job: Job) -> sa.ColumnElement[bool]:
    """Say that a job is still that of the worker that claimed it."""
    return sa.and_(_J.id == job.id, _J.state == "running", _J.owner == job.owner, _J.attempts == job.attempts)


def _begin_schedule(connection: sa.Connection, name: str, spec: str, next_at: float) -> None:
    """Record a schedule that is new or has changed, unless another process just did."""
    connection.execute(sa.delete(_SCHEDULES).where(_S.name == name, _S.spec != spec))
    row = sa.select(*map(sa.literal, (name, spec, next_at))).where(~sa.exists().where(_S.name == name))
    connection.execute(sa.insert(_SCHEDULES).from_select(["name", "spec", "next_at"], row))


def _job(row: sa.Row[Any]) -> Job:
    values = row._asdict()
    times = {name: _moment(values[name]) for name in _TIMES}
    read = {name: None if (text := values[name]) is None else json.loads(text) for name in ("payload", "result")}
    return Job(**values | times | read)


def _moment(seconds: float | None) -> Any:  # noqa: ANN401 - None only of what may be None
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
