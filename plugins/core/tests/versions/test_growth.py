"""What versions cost does not grow with what they do not touch: counted in steps of SQLite's machine, not in time."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event

from synthdb_host.operations import ColumnRef, Comparison, Insert, Order, Select
from synthdb_host.versions import (
    HEAD,
    Branches,
    Branching,
    Collect,
    CreateBranch,
    CreateTag,
    Diff,
    DropBranch,
    DropTag,
    Merge,
    Ref,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

IS_LONG: Final = os.environ.get("SOAK") == "1"
MANY: Final = 20_000 if IS_LONG else 600
COMMITS: Final = 10_000 if IS_LONG else 400
ROWS: Final = 10_000 if IS_LONG else 1_000
MORE_ROWS: Final = 1_000_000 if IS_LONG else 50_000
FEW: Final = 20
_FRESH: Final = count(100)
HOT: Final = 7
"""A row that every branch changes."""


class Machine:
    """Every connection that is opened, and how many steps they all take."""

    def __init__(self) -> None:
        self._connections: list[sqlite3.Connection] = []
        self._steps = count()

    def opened(self, connection: sqlite3.Connection, _record: object) -> None:
        self._connections.append(connection)

    def steps(self, work: Callable[[], object]) -> int:
        """Do some work, a second time, so that nothing is compiled any more; gives its steps."""
        work()
        for connection in self._connections:
            connection.set_progress_handler(self._step, 1)
        before = next(self._steps)
        work()
        for connection in self._connections:
            connection.set_progress_handler(None, 0)
        return next(self._steps) - before

    def _step(self) -> int:
        next(self._steps)
        return 0


@pytest.fixture
def machine() -> Iterator[Machine]:
    found = Machine()
    event.listen(Engine, "connect", found.opened)
    yield found
    event.remove(Engine, "connect", found.opened)


@pytest.fixture
def database(machine: Machine, ask: Any) -> Any:
    """Give a database of which every connection is watched."""
    return ask


def fill(ask: Any, rows: int) -> None:
    for start in range(0, rows, 10_000):
        many = [(f"n{number}", number % 97) for number in range(start, min(start + 10_000, rows))]
        ask(Insert("things", ("name", "size"), many))


def grow(ask: Any, first: int, end: int) -> None:
    """Make branches, each of which changes a row that all change, a row of its own, and adds a row."""
    for number in range(first, end):
        ref = ask.branch(f"b{number:05}")
        ask.update("things", HOT, ref, size=number)
        ask.update("things", 1 + number % ROWS, ref, name="changed")
        ask.insert("things", {"name": "new", "size": number}, ref=ref)


def listed(ref: Ref) -> Select:
    where = Comparison(ColumnRef("id"), "gt", HOT + 1)
    return Select("things", where=where, order=(Order(ColumnRef("id")),), limit=50, ref=ref)


def measured(ask: Any, machine: Machine) -> dict[str, int]:
    """Count the steps of everything that is to stay cheap."""
    ref = Ref("b00003")
    return {
        "create": machine.steps(lambda: ask(Branching((CreateBranch(f"more{next(_FRESH)}"),)))),
        "list": machine.steps(lambda: ask(Branches(limit=10, after="b00004"))),
        "list by prefix": machine.steps(lambda: ask(Branches(prefix="b0000", limit=10))),
        "read a row that every branch changed": machine.steps(lambda: ask.rows("things", ref, _key(HOT))),
        "read a row": machine.steps(lambda: ask.rows("things", ref, _key(HOT + 1))),
        "read a page": machine.steps(lambda: ask(listed(ref))),
        "read a page of main": machine.steps(lambda: ask(listed(HEAD))),
        "diff": machine.steps(lambda: ask(Diff(HEAD, ref, three_dot=True))),
        "write": machine.steps(lambda: ask.update("things", HOT + 1, ref, size=next(_FRESH))),
    }


def _key(key: int) -> Comparison:
    return Comparison(ColumnRef("id"), "eq", key)


def assert_within_twice(few: dict[str, int], many: dict[str, int]) -> None:
    grown = {what: (steps, many[what]) for what, steps in few.items() if many[what] > 2 * steps}
    assert {} == grown


def test_nothing_gets_dearer_by_other_branches(database: Any, machine: Machine) -> None:
    """With many branches, each with rows of its own, everything costs what it costs with 20."""
    fill(database, ROWS)
    grow(database, 0, FEW)
    few = measured(database, machine)

    grow(database, FEW, MANY)

    assert_within_twice(few, measured(database, machine))


def test_nothing_gets_dearer_by_the_size_of_tables(tmp_path: Path, database: Any, machine: Machine) -> None:
    """What is in proportion to what changed is not in proportion to what there is."""
    fill(database, ROWS)
    grow(database, 0, FEW)
    small = measured(database, machine) | merged(database, machine, "small")

    fill(database, MORE_ROWS - ROWS)

    large = measured(database, machine) | merged(database, machine, "large")
    assert_within_twice(small, large)


def merged(ask: Any, machine: Machine, prefix: str) -> dict[str, int]:
    """Count the steps of merging branches with one changed row each."""
    refs = [ask.branch(f"{prefix}{number}") for number in range(2)]
    for number, ref in enumerate(refs):
        ask.update("things", 100 + number, ref, name=prefix)
    waiting = iter(refs)
    return {"merge": machine.steps(lambda: ask(Merge(next(waiting))))}


def test_forgetting_does_not_get_dearer_by_branches_or_commits(database: Any, machine: Machine) -> None:
    """What is collected costs the same with many branches and commits that have nothing to do with it."""
    fill(database, ROWS)
    grow(database, 0, FEW)
    few = collected(database, machine)

    grow(database, FEW, MANY)
    for number in range(COMMITS):
        # The branches go on showing what these rows were.
        database.update("things", 10 + number % (ROWS - 10), size=next(_FRESH))
        database.insert("things", {"name": "more", "size": number})
    database(Collect(database.insert("things", {"name": "last"}).commit))

    assert_within_twice(few, collected(database, machine))


def collected(ask: Any, machine: Machine) -> dict[str, int]:
    """Count the steps of forgetting 200 versions, made by 200 commits."""
    for size in range(200):
        ask.update("things", HOT + 2, size=size + next(_FRESH))
    before = ask.update("things", HOT + 2, size=-1).commit

    return {"collect": machine.steps(lambda: ask(Collect(before, limit=100)))}


@pytest.mark.parametrize("pin", ["tag", "branch"])
def test_what_nothing_needs_any_more_is_forgotten_at_last(ask: Any, pin: str) -> None:
    """Versions that were looked at and kept are looked at again once the tag or branch that needed them is gone."""
    ask.insert("things", {"name": "a", "size": 1})
    ask(Branching((CreateTag("kept") if pin == "tag" else CreateBranch("kept"),)))
    last = ask.update("things", 1, size=2).commit
    assert [0, 0] == [ask(Collect(last)).affected for _ in range(2)]
    assert [{"id": 1, "name": "a", "size": 1}] == ask.rows("things", Ref("kept"))

    ask(Branching((DropTag("kept") if pin == "tag" else DropBranch("kept"),)))

    assert [1, 0] == [ask(Collect(last)).affected for _ in range(2)]


def test_comparing_does_not_get_dearer_by_earlier_merges(database: Any, machine: Machine) -> None:
    """Where two branches come from is found without looking at merges that were made before."""
    fill(database, ROWS)
    merge_many(database, 0, FEW)
    few = compared(database, machine, "few")

    merge_many(database, FEW, MANY // 4)

    assert_within_twice(few, compared(database, machine, "many"))


def merge_many(ask: Any, first: int, end: int) -> None:
    for number in range(first, end):
        ref = ask.branch(f"m{number}")
        ask.update("things", 1 + number % ROWS, ref, size=next(_FRESH))
        ask(Merge(ref))


def compared(ask: Any, machine: Machine, name: str) -> dict[str, int]:
    ref = ask.branch(name)
    ask.update("things", HOT, ref, size=next(_FRESH))
    return {"diff": machine.steps(lambda: ask(Diff(HEAD, ref, three_dot=True)))} | merged(ask, machine, name)
