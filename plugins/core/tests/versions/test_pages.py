"""Pages of branches and of the past are slices of the whole, however much of it is history."""

from collections.abc import Iterable
from itertools import product
from random import Random
from typing import Any

import pytest

from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.operations import And, ColumnRef, Comparison, Filter, Order, Output, Select
from synthdb_host.versions import HEAD, Ref

ROWS = 40


def changed(ask: Any, random: Random, ref: Ref = HEAD, changes: int = 60) -> str:
    """Change, delete and add rows; gives the last commit."""
    commit = ""
    for number in range(changes):
        key = random.randrange(1, ROWS + 10)
        kind = random.choice(["update", "update", "delete", "insert"])
        if kind == "insert":
            commit = ask.insert("t", {"a": number}, ref=ref).commit
        elif kind == "delete":
            commit = ask.delete("t", key, ref).commit or commit
        else:
            commit = ask.update("t", key, ref, a=-number).commit or commit
    return commit


@pytest.fixture
def places(ask: Any) -> list[Ref]:
    """A past of main, a branch that main has left behind, its past, and a branch of that past."""
    random = Random(7)
    ask.insert("t", *[{"a": number} for number in range(ROWS)])
    first = changed(ask, random)
    dev = ask.branch("dev")
    changed(ask, random)
    second = changed(ask, random, dev, 30)
    changed(ask, random)
    changed(ask, random, dev, 30)
    deep = ask.branch("deep", Ref("dev", second))
    changed(ask, random, deep, 20)
    changed(ask, random, dev, 20)
    return [Ref("main", first), dev, Ref("dev", second), deep]


def key(operator: str, value: int) -> Comparison:
    """Compare the identity."""
    return Comparison(ColumnRef("id"), operator, value)


CONDITIONS: tuple[Filter | None, ...] = (
    None, key("gt", 12), key("lt", 30), And((key("gte", 5), Comparison(ColumnRef("a"), "lt", 0)))
)  # fmt: skip


def pages(ref: Ref, **more: Any) -> Iterable[tuple[Select, Select]]:
    """Give reads of all rows, and pages of the same."""
    for where, descending, limit in product(CONDITIONS, (False, True), (0, 1, 3, 10, 200)):
        order = (Order(ColumnRef("id"), descending),)
        whole = Select("t", where=where, order=order, ref=ref, **more)
        yield whole, Select("t", where=where, order=order, limit=limit, ref=ref, **more)


def test_a_page_is_a_slice_of_the_whole(ask: Any, places: list[Ref]) -> None:
    """In both directions, from anywhere, under conditions, with the identity among the columns and without."""
    for ref in places:
        for outputs in ((), (Output(ColumnRef("a"), "a"),)):
            for whole, page in pages(ref, outputs=outputs):
                assert ask(whole).python()[: page.limit] == ask(page).python()


def test_a_page_without_an_order_is_in_the_order_of_the_identity(ask: Any, places: list[Ref]) -> None:
    """As all rows are."""
    for ref in places:
        assert ask.rows("t", ref)[:7] == ask(Select("t", limit=7, ref=ref)).python()


def test_a_page_holds_what_its_caller_may_see(ask: Any, places: list[Ref]) -> None:
    """Of rows, and of columns."""
    seen = Restrictions({"t": TableRestriction(rows=Comparison(ColumnRef("a"), "lt", 0))})
    blind = Restrictions({"t": TableRestriction(hidden=frozenset({"id"}))})
    for ref in places:
        for whole, page in pages(ref):
            assert ask(whole, seen).python()[: page.limit] == ask(page, seen).python()
        assert ask(Select("t", ref=ref), blind).python()[:7] == ask(Select("t", limit=7, ref=ref), blind).python()


def test_a_page_looks_at_the_history_no_further_than_it_reaches(ask: Any) -> None:
    """Versions that a page does not hold cost it nothing, however many there are."""
    ask.insert("t", *[{"a": number} for number in range(200)])
    dev = ask.branch("dev")
    for number in range(10):
        ask.update("t", 190 + number, dev, a=number)
        ask.update("t", 190 + number, a=number)
    page = Select("t", limit=5, ref=dev)
    driver = ask.database._connections.reader().driver  # noqa: SLF001 - there is no other way to count steps
    ask(page)

    def steps() -> int:
        taken = []
        driver.set_progress_handler(lambda: taken.append(1), 10)
        ask(page)
        driver.set_progress_handler(None, 0)
        return len(taken)

    before = steps()
    for number in range(300):
        ask.update("t", 190 + number % 10, a=1_000 + number)
    assert steps() <= before + 2
