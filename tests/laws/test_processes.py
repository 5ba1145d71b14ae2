"""Several processes at work on the branches of one file."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb_host.operations import Ref
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import Branching, CreateBranch, DropBranch, Log
from tests.integration.evidence import commit_faults
from tests.laws.conftest import IS_LONG
from tests.laws.engine import engine_of
from tests.laws.processes import WorkerProcess

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

_PAIRS: Final = 10_000 if IS_LONG else 200
_SECONDS: Final = 60 if IS_LONG else 5
_WRITERS: Final = 8
_PAGE: Final = 10_000


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[tuple[Session, Path]]:
    """Give a database that other processes open, too, and its file."""
    with engine_of(tmp_path / "shared.db") as session:
        session.insert("things", *({"number": number} for number in range(10)))
        yield session, tmp_path / "shared.db"


def test_a_first_write_to_a_branch_is_seen_by_whoever_has_read_it(
    shared: tuple[Session, Path], seed: str, record_property: Callable[[str, object], None]
) -> None:
    """Another process writes to a branch, or to the one below it, that was read here when it was still empty."""
    record_property("seed", seed)
    session, file = shared
    chance, wrong = random.Random(seed), []
    with WorkerProcess(file) as other:
        for pair in range(_PAIRS):
            top = session.fork(f"top-{pair}")
            deep = top.fork(f"deep-{pair}")
            row, value = chance.randint(1, 10), pair + 100
            before = deep.values("things", "number")
            written = chance.choice((top, deep))
            other.ask("set", written.ref.branch, row, value)
            after = before if written is top else [*before[: row - 1], value, *before[row:]]
            found = deep.values("things", "number"), deep.values("things", "number", where("id", "eq", row))
            if found != (after, [after[row - 1]]):
                wrong.append((pair, written.ref.branch, found))
            session.execute(Branching((DropBranch(f"deep-{pair}"), DropBranch(f"top-{pair}"))))
    assert [] == wrong


def test_a_write_to_the_parent_does_not_reach_a_branch_read_before(shared: tuple[Session, Path], seed: str) -> None:
    """The first write to the parent after a fork, by another process, against a cached read of the branch."""
    session, file = shared
    chance, wrong = random.Random(seed), []
    parent = session.fork("parent")
    with WorkerProcess(file) as other:
        for pair in range(_PAIRS):
            child = parent.fork(f"child-{pair}")
            before = child.values("things", "number")
            other.ask("set", parent.ref.branch, chance.randint(1, 10), pair + 100)
            if before != child.values("things", "number"):
                wrong.append(pair)
            session.execute(Branching((DropBranch(f"child-{pair}"),)))
    assert [] == wrong


def test_eight_processes_write_on_main_and_eight_branches(
    shared: tuple[Session, Path], record_property: Callable[[str, object], None]
) -> None:
    """No error reaches a caller, every commit is in the log once and in order, and the sums add up."""
    session, file = shared
    session.insert("sums", {"writer": -1, "amount": 0})
    branches = ["main", *(f"branch-{number}" for number in range(_WRITERS))]
    session.execute(Branching(tuple(CreateBranch(name) for name in branches[1:])))
    with ExitStack() as stack:
        workers = [stack.enter_context(WorkerProcess(file)) for _ in range(_WRITERS)]
        for writer, worker in enumerate(workers):
            worker.tell("fill", writer, ["main", branches[writer + 1], branches[(writer + 1) % _WRITERS + 1]], _SECONDS)
        reports = [worker.answer() for worker in workers]
    record_property("commits", sum(len(report["commits"]) for report in reports))
    assert [] == [error for report in reports for error in report["errors"]]
    _check_log(session, branches, [commit for report in reports for commit in report["commits"]])
    _check_sums(session, branches, reports)
    assert [] == commit_faults(file)


def _check_log(session: Session, branches: list[str], commits: list[str]) -> None:
    entries = [entry for name in branches for entry in _log(session, name) if entry["branch"] == name]
    entries.sort(key=lambda entry: int(entry["id"]))
    assert [str(number) for number in range(1, len(entries) + 1)] == [entry["id"] for entry in entries]
    assert sorted(entries, key=lambda entry: entry["at"]) == entries
    assert Counter(commits) == Counter(entry["id"] for entry in entries[2:])


def _log(session: Session, name: str) -> Iterator[dict[str, Any]]:
    page = session.execute(Log(Ref(name), limit=_PAGE)).python()
    while page:
        yield from page
        page = session.execute(Log(Ref(name), before=page[-1]["id"], limit=_PAGE)).python()


def _check_sums(session: Session, branches: list[str], reports: list[dict[str, Any]]) -> None:
    expected = {name: sum(report["sums"].get(name, 0) for report in reports) for name in branches}
    assert expected == {name: sum(session.at(Ref(name)).values("sums", "amount")) for name in branches}
