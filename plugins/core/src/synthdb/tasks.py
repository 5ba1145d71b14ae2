"""Background work on databases: forgetting versions, dropping expired branches, flattening deep chains, backfills.

Each task goes through the gate like any caller, in steps that are whole by themselves: one that is stopped in the
middle goes on from what it finds.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from synthdb.settings import CoreSettings
from synthdb_host.contracts import Result
from synthdb_host.encoding import format_timestamp
from synthdb_host.operations import Operation
from synthdb_host.tasks import Schedule, Task, TaskRun
from synthdb_host.versions import Backfill, Branches, Branching, Collect, Compact, DropBranch, Ref

__all__ = ["BACKFILL", "DEEPEST", "schedules", "tasks"]

DEEPEST: Final = 8
"""Branches with more branches than this below them are flattened by themselves."""

BACKFILL: Final = "core.backfill"
"""The task that a write leaves work for; the schedule finds what was left where no job could be queued."""

_AT_ONCE: Final = 5_000


def tasks() -> list[Task]:
    """Give the tasks; their payloads name one ``database``, or all of them without it."""
    return [
        Task("core.gc", _forget),
        Task("core.expire", _expire),
        Task("core.compact", _compact),
        Task(BACKFILL, _backfill),
    ]


def schedules() -> list[Schedule]:
    """Give the times at which they run by themselves."""
    return [
        Schedule("core.expire", "17 * * * *"),
        Schedule("core.compact", "40 2 * * *"),
        Schedule("core.gc", "10 3 * * *"),
        Schedule(BACKFILL, "27 * * * *"),
    ]


def _databases(run: TaskRun) -> list[str]:
    chosen = run.payload.get("database")
    return [str(chosen)] if chosen is not None else list(run.host.databases.names())


def _ask(run: TaskRun, database: str, operation: Operation) -> Result:
    return run.wait(run.host.gate.execute(database, operation, run.context))


# -- forgetting ------------------------------------------------------------------------------------------


def _forget(run: TaskRun) -> dict[str, int]:
    """Forget versions older than the payload's ``before``, or than the settings say; nothing if they say nothing."""
    before = run.payload.get("before") or _horizon(run)
    if before is None:
        return {}
    databases, forgotten = _databases(run), {}
    for done, database in enumerate(databases):
        run.progress(done, len(databases), f"forgetting old versions in {database}")
        forgotten[database] = _forget_in(run, database, str(before))
    return forgotten


def _horizon(run: TaskRun) -> str | None:
    settings = run.host.plugin_settings("core")
    if not isinstance(settings, CoreSettings) or settings.retention_days is None:
        return None
    return format_timestamp(datetime.now(UTC) - timedelta(days=settings.retention_days))


def _forget_in(run: TaskRun, database: str, before: str) -> int:
    total = 0
    while step := _ask(run, database, Collect(before, _AT_ONCE)).affected or 0:
        total += step
        run.progress(0.0, message=f"{total} versions forgotten in {database}")
    return total


# -- branches --------------------------------------------------------------------------------------------


def _branches(run: TaskRun, database: str) -> list[dict[str, Any]]:
    return _ask(run, database, Branches()).python()


def _expire(run: TaskRun) -> dict[str, list[str]]:
    """Drop branches whose time is over; those that others come from stay until these are gone."""
    return {database: list(_expire_in(run, database)) for database in _databases(run)}


def _expire_in(run: TaskRun, database: str) -> Iterator[str]:
    listed, now = _branches(run, database), datetime.now(UTC)
    origins = {branch["parent"] for branch in listed}
    for branch in listed:
        over = branch["expires"] is not None and branch["expires"] <= now
        if over and not branch["protected"] and branch["name"] not in origins:
            run.progress(0.0, message=f"dropping branch {branch['name']} of {database}")
            _ask(run, database, Branching((DropBranch(branch["name"], if_exists=True),)))
            yield branch["name"]


def _compact(run: TaskRun) -> dict[str, int]:
    """Flatten the payload's ``branch`` (with ``whole``: copy main too), or every branch of a deep chain."""
    copied = {}
    for database in _databases(run):
        for name in _to_compact(run, database):
            run.progress(0.0, message=f"flattening branch {name} of {database}")
            step = _ask(run, database, Compact(Ref(name), whole=bool(run.payload.get("whole"))))
            copied[f"{database}@{name}"] = step.affected or 0
    return copied


def _to_compact(run: TaskRun, database: str) -> list[str]:
    chosen = run.payload.get("branch")
    if chosen is not None:
        return [str(chosen)]
    parents = {branch["name"]: branch["parent"] for branch in _branches(run, database)}
    return [name for name in parents if _depth(parents, name) > DEEPEST]


def _depth(parents: Mapping[str, str | None], name: str) -> int:
    depth, parent = 0, parents.get(name)
    while parent is not None:
        depth, parent = depth + 1, parents.get(parent)
    return depth


# -- columns ---------------------------------------------------------------------------------------------


def _backfill(run: TaskRun) -> dict[str, int]:
    """Move the values of columns that got a wider type, until there are none left."""
    databases, looked = _databases(run), {}
    for done, database in enumerate(databases):
        run.progress(done, len(databases), f"filling columns of {database}")
        looked[database] = _backfill_in(run, database)
    return looked


def _backfill_in(run: TaskRun, database: str) -> int:
    total = 0
    while step := _ask(run, database, Backfill(_AT_ONCE)).affected or 0:
        total += step
        run.progress(0.0, message=f"{total} rows looked at in {database}")
    return total
