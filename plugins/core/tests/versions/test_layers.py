"""Branches of branches, and the plans with which SQLite reads them."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event

from synthdb_host.catalog import Index
from synthdb_host.operations import AddIndex, Aggregate, ColumnRef, Comparison, Define, Order, Output, Select
from synthdb_host.versions import HEAD, Ref

SIZE = ColumnRef("size")


@pytest.fixture
def connections() -> Iterator[list[sqlite3.Connection]]:
    """Give the list of all connections that are opened; the first one reads."""
    found: list[sqlite3.Connection] = []

    def opened(connection: sqlite3.Connection, _record: object) -> None:
        found.append(connection)

    event.listen(Engine, "connect", opened)
    yield found
    event.remove(Engine, "connect", opened)


@pytest.mark.parametrize("depth", [2, 5, 40])
def test_a_branch_of_branches_shows_what_each_of_them_left(ask: Any, depth: int) -> None:
    """However many branches lie below, the nearest version of a row is the one that is seen, at every level."""
    ask.insert("things", *({"name": f"n{number}", "size": 0} for number in range(1, 61)))
    ref, refs = HEAD, []
    expected = dict.fromkeys(range(1, 61), 0)
    for level in range(1, depth + 1):
        parent, ref = ref, ask.branch(f"level{level}", ref)
        ask.update("things", 1, ref, size=level)
        ask.update("things", 1 + level, ref, size=level)
        if level % 3 == 0:
            ask.delete("things", level, ref)
            expected.pop(level, None)
        expected |= {1: level, 1 + level: level}
        ask.update("things", 60, parent, size=-level)
        refs.append((ref, dict(expected)))

    for number, (branch, shown) in enumerate(refs):
        # Its parent's child was made after this; what this branch got since then is its own.
        own = shown | ({60: -(number + 2)} if number + 1 < depth else {})
        assert own == {row["id"]: row["size"] for row in ask.rows("things", branch)}


@pytest.mark.parametrize("at", [None, "2"], ids=["now", "then"])
def test_counts_and_extremes_are_those_of_the_rows(ask: Any, at: str | None) -> None:
    """They are taken in another way on a branch; what they give is what the rows say, NULLs and deletions included."""
    ask.insert("things", *({"name": f"n{number}", "size": number} for number in range(1, 20)))
    parent = ask.branch("parent")
    child = ask.branch("child", parent)
    ask.delete("things", 19, parent)
    ask.insert("things", {"id": 50, "size": None}, {"id": 51, "size": -3}, ref=child)
    ask.update("things", 19, child, size=77)
    ask.delete("things", 1, child)
    ask.insert("things", {"name": "later", "size": 1_000})

    for branch in (parent, child):
        ref = Ref(branch.branch, at)
        sizes = [row["size"] for row in ask.rows("things", ref) if row["size"] is not None]
        expected = (len(ask.rows("things", ref)), min(sizes), max(sizes))
        assert expected == tuple(ask(aggregated(ref, *one)).rows[0][0] for one in AGGREGATES)
        counted = ask(Select("things", limit=0, count="exact", ref=ref))
        assert expected[0] == counted.total


AGGREGATES = [("count", None), ("min", SIZE), ("max", SIZE)]


def aggregated(ref: Ref, function: Any, column: ColumnRef | None) -> Select:
    return Select("things", (Output(Aggregate(function, column), "value"),), ref=ref)


def _ids(select: Callable[[Ref], Select]) -> str:
    return select.__name__


def a_row(ref: Ref) -> Select:
    return Select("things", where=Comparison(ColumnRef("id"), "eq", 5), ref=ref)


def a_page(ref: Ref) -> Select:
    return Select(
        "things", where=Comparison(ColumnRef("id"), "gt", 5), order=(Order(ColumnRef("id")),), limit=9, ref=ref
    )


def rows_by_index(ref: Ref) -> Select:
    return Select("things", where=Comparison(SIZE, "eq", 5), ref=ref)


def a_page_by_index(ref: Ref) -> Select:
    return Select("things", order=(Order(SIZE, descending=True),), limit=9, ref=ref)


def a_page_without_its_key(ref: Ref) -> Select:
    return Select("things", (Output(ColumnRef("name"), "name"),), limit=9, ref=ref)


def a_page_by_index_without_it(ref: Ref) -> Select:
    return Select(
        "things", (Output(ColumnRef("name"), "name"),), order=(Order(SIZE, descending=True),), limit=9, ref=ref
    )


SELECTS = [a_row, a_page, rows_by_index, a_page_by_index, a_page_without_its_key, a_page_by_index_without_it]


@pytest.mark.parametrize("select", SELECTS, ids=_ids)
def test_each_part_of_a_branch_is_read_by_an_index(
    connections: list[sqlite3.Connection], ask: Any, select: Callable[[Ref], Select]
) -> None:
    """Nothing of a branch of a branch is read that the answer does not need, and nothing is sorted."""
    ask.insert("things", *({"name": f"n{number}", "size": number} for number in range(100)))
    ask(Define((AddIndex("things", Index("by_size", ("size",))),)))
    parent = ask.branch("parent")
    ask.update("things", 5, parent, name="changed")
    child = ask.branch("child", parent)
    ask.update("things", 5, child, name="changed again")

    for ref in (parent, child):
        plan = explained(connections, ask, select(ref))
        assert [] == [step for step in plan if step.startswith(("MATERIALIZE", "CO-ROUTINE", "USE TEMP"))]
        assert any(step.startswith("SEARCH") for step in plan)


def explained(readers: list[sqlite3.Connection], ask: Any, select: Select) -> list[str]:
    """Give the steps of the plan by which a select is read."""
    ask(select)
    statements: list[str] = []
    reader = readers[0]
    reader.set_trace_callback(statements.append)
    ask(select)
    reader.set_trace_callback(None)
    (statement,) = [text for text in statements if "_o_things" in text]
    return [row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {statement}")]
