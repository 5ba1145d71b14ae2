"""Laws of merging that need no second opinion; the copies in memory are held to them too."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from synthdb_host.contracts import Result
from synthdb_host.errors import RequestError
from synthdb_host.testing.session import Session
from synthdb_host.versions import CherryPick, Diff, Log, Resolve, Restore, Revert
from tests.laws.conftest import IS_LONG
from tests.laws.engine import AT_ONCE, contents, engine_in
from tests.laws.histories import ROWS, SCHEMA, START, Step, World, histories
from tests.laws.pair import model

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1_800),
    pytest.mark.parametrize("storage", ["model", "engine", "backfilled"]),
]

law = settings(
    deadline=None,
    # The short form takes the same histories each time; the long one finds new ones.
    derandomize=not IS_LONG,
    max_examples=1_000 if IS_LONG else 40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
some = histories(*ROWS, "grow", *SCHEMA, "backfill", most=10)
rows = histories(*ROWS, most=15)


@contextmanager
def _database(storage: str) -> Iterator[Session]:
    if storage == "model":
        with model() as session:
            yield session
    else:
        at_once = 0 if storage == "backfilled" else AT_ONCE
        with tempfile.TemporaryDirectory() as folder, engine_in(Path(folder), at_once) as session:
            yield session


def _live(session: Session, steps: Sequence[Step]) -> None:
    """Take steps on the branch of a session; what cannot be is left out."""
    world = World(session, [session.ref.branch])
    for step in steps:
        try:
            operation = world.operation(step)
            if operation is not None:
                session.execute(operation)
        except RequestError:
            continue


@contextmanager
def _sides(storage: str, left: Sequence[Step], right: Sequence[Step]) -> Iterator[tuple[Session, Session]]:
    """Give two branches of the same beginning that have gone their own ways."""
    with _database(storage) as session:
        _live(session, START)
        one, other = session.fork("left"), session.fork("right")
        _live(one, left)
        _live(other, right)
        yield one, other


def _conflicts(result: Result) -> tuple[Any, ...]:
    return result.report.conflicts if result.report else ()


@law
@given(left=some, right=some)
def test_a_second_merge_changes_nothing(storage: str, left: list[Step], right: list[Step]) -> None:
    """Once merged, a branch has nothing new; while in conflict, a merge changes nothing however often it is tried."""
    with _sides(storage, left, right) as (one, other):
        first = one.merge(other)
        state = contents(one, one.ref)
        second = one.merge(other)
        assert (None, _conflicts(first)) == (second.commit, _conflicts(second))
        assert state == contents(one, one.ref)


@law
@given(left=some, right=some)
def test_merging_both_ways_makes_both_equal(storage: str, left: list[Step], right: list[Step]) -> None:
    """Whatever happened on either side, if nothing is in conflict or everything is decided for one side."""
    with _sides(storage, left, right) as (one, other):
        if _conflicts(one.merge(other)):
            one.execute(Resolve(other.ref, "ours", ref=one.ref))
        if not _conflicts(one.merge(other)):
            assert () == _conflicts(other.merge(one))
            assert contents(one, one.ref) == contents(other, other.ref)


@law
@given(left=some, right=some)
def test_undoing_a_merge_gives_what_was_before(storage: str, left: list[Step], right: list[Step]) -> None:
    """Rows and schema."""
    with _sides(storage, left, right) as (one, other):
        before = contents(one, one.ref)
        merged = one.merge(other).commit
        if merged is not None:
            one.execute(Revert(merged, ref=one.ref))
            assert before == contents(one, one.ref)


@law
@given(left=some, right=some)
def test_picking_every_commit_is_merging(storage: str, left: list[Step], right: list[Step]) -> None:
    """Where no merge lies between: the same state, or the same conflicts."""
    with _sides(storage, left, right) as (one, other):
        twin = one.fork("twin")
        entries = other.execute(Log(other.ref)).python()
        commits = sorted(int(entry["id"]) for entry in entries if entry["branch"] == "right")
        if commits:
            merged = one.merge(other)
            picked = twin.execute(CherryPick(str(commits[0]), str(commits[-1]), twin.ref))
            assert _conflicts(merged) == _conflicts(picked)
            assert contents(one, one.ref) == contents(twin, twin.ref)


@law
@given(left=some, right=some)
def test_restoring_a_state_gives_that_state(storage: str, left: list[Step], right: list[Step]) -> None:
    """Of the same branch or of another one."""
    with _sides(storage, left, right) as (one, other):
        one.execute(Restore(other.ref, ref=one.ref))
        assert contents(other, other.ref) == contents(one, one.ref)


@law
@given(left=rows, right=rows)
def test_a_difference_leads_from_one_state_to_the_other(storage: str, left: list[Step], right: list[Step]) -> None:
    """Applied to the rows of the first it gives the rows of the second."""
    with _sides(storage, left, right) as (one, other):
        assert _rows(other) == _applied(_rows(one), one.execute(Diff(one.ref, other.ref)).python())


@law
@given(left=rows, right=rows)
def test_a_difference_backwards_is_the_inverse(storage: str, left: list[Step], right: list[Step]) -> None:
    """Old and new change places, insert and delete too."""
    turned: Final = {"insert": "delete", "delete": "insert", "update": "update"}
    with _sides(storage, left, right) as (one, other):
        there = one.execute(Diff(one.ref, other.ref)).python()
        back = one.execute(Diff(other.ref, one.ref)).python()
        assert there == [row | {"change": turned[row["change"]], "old": row["new"], "new": row["old"]} for row in back]


def _rows(session: Session) -> dict[tuple[str, int], Any]:
    return {(name, row["id"]): row for name, (_, found) in contents(session, session.ref).items() for row in found}


def _applied(before: dict[tuple[str, int], Any], changes: list[dict[str, Any]]) -> dict[tuple[str, int], Any]:
    after = dict(before)
    for change in changes:
        place = (change["table"], change["key"][0])
        assert after.pop(place, None) == change["old"]
        if change["new"] is not None:
            after[place] = change["new"]
    return after
