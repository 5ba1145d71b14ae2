"""A law of following: what was there at an offset, and the changes after it, are what is there now."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.errors import RequestError
from synthdb_host.operations import And, Filter, Literal, Not, Operation, Or, Select
from synthdb_host.stepping import run
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import Offset
from tests.laws.conftest import IS_LONG
from tests.laws.engine import engine_in
from tests.laws.histories import MERGES, ROWS, START, Step, World, histories
from tests.laws.pair import model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800), pytest.mark.parametrize("storage", ["model", "engine"])]

_KINDS: Final = (*ROWS, *ROWS, "fork", *MERGES)
_NAMES: Final = ("a", "b", "id")
_VALUES: Final = {"a": (0, 1, 2, Literal("1")), "b": ("x", "y", "Z", ""), "id": (1, 2, 5)}
_OPERATORS: Final = {
    "a": ("eq", "neq", "gt", "lte", "isdistinct", "in"),
    "b": ("eq", "gt", "like", "ilike", "match", "isdistinct"),
    "id": ("eq", "lt", "neq"),
}

law = settings(
    deadline=None,
    derandomize=not IS_LONG,
    max_examples=1_000 if IS_LONG else 40,
    suppress_health_check=list(HealthCheck),
)


def _comparison(draw: st.DrawFn) -> Filter:
    name = draw(st.sampled_from(_NAMES))
    operator = draw(st.sampled_from(_OPERATORS[name]))
    value: Any = draw(st.sampled_from(_VALUES[name]))
    if operator == "in":
        value = (value, draw(st.sampled_from(_VALUES[name])))
    if draw(st.booleans()) and name != "id":
        return where(name, "is", draw(st.sampled_from((None, "not_null"))))
    return where(name, operator, value)


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> Filter:
    """Draw a condition on the table ``t``."""
    kind = draw(st.sampled_from(("one", "and", "or", "not"))) if depth else "one"
    if kind == "one":
        return _comparison(draw)
    if kind == "not":
        return Not(draw(conditions(depth - 1)))
    parts = tuple(draw(st.lists(conditions(depth - 1), max_size=3)))
    return And(parts) if kind == "and" else Or(parts)


@contextmanager
def _database(storage: str) -> Iterator[Session]:
    if storage == "model":
        with model() as session:
            yield session
    else:
        with tempfile.TemporaryDirectory() as folder, engine_in(Path(folder)) as session:
            yield session


@law
@given(
    before=histories(*_KINDS, most=8),
    after=histories(*_KINDS, most=14),
    asked=st.lists(conditions(), min_size=1, max_size=4),
    policy=st.none() | conditions(),
    size=st.integers(1, 5),
)
def test_a_snapshot_and_the_changes_after_it_are_what_is_there(
    storage: str, before: list[Step], after: list[Step], asked: list[Filter], policy: Filter | None, size: int
) -> None:
    """For every condition and policy, and whatever is read at a time; each change is of a row that was as it says."""
    with _database(storage) as session:
        world = World(session, [session.ref.branch])
        _live(world, [*START, *before])
        limited = Session(session.database, Restrictions({"t": TableRestriction(policy)}))
        states = [_rows(limited, condition) for condition in asked]
        since = run(session.database.changes("main", None, 1)).end
        _live(world, after)
        while changes := _next(session, since, size):
            since = changes.end
            for condition, rows in zip(asked, states, strict=True):
                offsets, result = run(changes.seen({"t": condition}, limited.restrictions))
                assert len(offsets) <= size
                for change in result.python():
                    _apply(rows, change)
        assert states == [_rows(limited, condition) for condition in asked]


def _next(session: Session, since: Offset, size: int) -> Any:
    found = run(session.database.changes("main", since, size))
    return found if found.end > since else None


def _apply(rows: dict[int, Any], change: Mapping[str, Any]) -> None:
    key = change["key"][0]
    assert change["old"] == rows.pop(key, None)
    assert (change["old"] is None) == (change["op"] == "insert")
    assert (change["new"] is None) == (change["op"] in ("delete", "leave"))
    if change["new"] is not None:
        rows[key] = change["new"]


def _rows(session: Session, condition: Filter) -> dict[int, Any]:
    return {row["id"]: row for row in session.execute(Select("t", where=condition)).python()}


def _live(world: World, steps: list[Step]) -> None:
    for step in steps:
        try:
            operation = world.operation(step)
            if operation is not None:
                _take(world, operation)
        except RequestError:
            continue


def _take(world: World, operation: Operation) -> None:
    result = world.session.execute(operation)
    conflicts = result.report is not None and bool(result.report.conflicts)
    world.note(operation, result.commit, conflicts=conflicts)
