"""Rows of branches that were merged and dropped are kept for as long as a merge may start from them."""

from typing import Any

import pytest

from synthdb_host.errors import HistoryGone
from synthdb_host.versions import Branching, Collect, DropBranch, Log, Merge, Ref, StorageReport


@pytest.fixture
def dev(ask: Any) -> Ref:
    """A branch that has changed a row."""
    ask.insert("t", {"n": 0}, {"n": 0})
    ref: Ref = ask.branch("dev")
    ask.update("t", 1, ref, n=5)
    return ref


def _rows_of_branches(ask: Any) -> int:
    return sum(line["rows"] for line in ask(StorageReport()).python() if line["kind"] == "branches")


def _drop(ask: Any, ref: Ref) -> None:
    ask(Branching((DropBranch(ref.branch),)))


def test_they_are_forgotten_once_nothing_can_start_from_them(ask: Any, dev: Ref) -> None:
    """All that has anything of the branch has the merge, too; the log goes on telling of it."""
    commit = ask(Log(dev, limit=1)).python()[0]["id"]
    merged = ask(Merge(dev)).commit
    _drop(ask, dev)
    assert 1 == _rows_of_branches(ask)
    later = ask.branch("later")
    ask.update("t", 1, later, n=6)

    # The row on the branch, and what it was on main before.
    assert [2, 0] == [ask(Collect(merged)).affected for _ in range(2)]

    assert [{"id": 1, "n": 5}, {"id": 2, "n": 0}] == ask.rows("t")
    assert [commit] == [line["merged"] for line in ask(Log()).python() if line["id"] == merged]
    with pytest.raises(HistoryGone):
        ask.rows("t", Ref(commit))
    assert () == ask(Merge(later)).report.conflicts
    assert 6 == ask.rows("t")[0]["n"]


def test_they_are_kept_where_two_branches_took_them_over(ask: Any, dev: Ref) -> None:
    """What both have of it is the newest that they have in common."""
    other = ask.branch("other")
    ask.update("t", 2, other, n=1)
    ask(Merge(dev, other))
    ask(Merge(dev))
    _drop(ask, dev)
    last = ask.update("t", 1, other, n=6).commit
    before = _rows_of_branches(ask)

    ask(Collect(last))

    assert before == _rows_of_branches(ask)
    assert () == ask(Merge(other)).report.conflicts
    assert [{"id": 1, "n": 6}, {"id": 2, "n": 1}] == ask.rows("t")


def test_they_are_kept_while_they_are_young(ask: Any, dev: Ref) -> None:
    """Commits since the moment can be read by their id."""
    before = ask.insert("t", {"n": 9}).commit
    commit = ask.update("t", 1, dev, n=7).commit
    ask(Merge(dev))
    _drop(ask, dev)

    ask(Collect(before))

    assert 7 == ask.rows("t", Ref(commit))[0]["n"]


def test_they_are_kept_below_a_branch_that_is_there(ask: Any, dev: Ref) -> None:
    """A branch made of a commit of theirs shows them."""
    commit = ask(Log(dev, limit=1)).python()[0]["id"]
    merged = ask(Merge(dev)).commit
    _drop(ask, dev)
    later = ask.branch("later", Ref(commit))

    ask(Collect(merged))
    assert 5 == ask.rows("t", later)[0]["n"]

    _drop(ask, later)
    ask(Collect(merged))
    assert 0 == _rows_of_branches(ask)
