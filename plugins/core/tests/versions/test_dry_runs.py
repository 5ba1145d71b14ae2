"""Dry runs of merges, cherry-picks, reverts and restores keep no writer waiting."""

from collections.abc import Iterator
from typing import Any

import pytest

from synthdb_host.catalog import UniqueKey
from synthdb_host.contracts import Context, Principal
from synthdb_host.errors import MergeConflict, ProtectedBranch
from synthdb_host.merge_reports import CombinedTable
from synthdb_host.operations import AddUniqueKey, AlterColumn, Define
from synthdb_host.stepping import run
from synthdb_host.versions import AlterBranch, Branching, CherryPick, Merge, Ref, Restore, Revert


@pytest.fixture
def dev(ask: Any) -> Ref:
    """A branch that has changed two rows of a table with a unique key, and main that has changed one of them."""
    ask.insert("t", {"n": 1, "name": "a"}, {"n": 2, "name": "b"}, {"n": 3, "name": "c"})
    ask(Define((AddUniqueKey("t", UniqueKey("u", ("n",))), AlterColumn("t", "name", not_null=True))))
    ref: Ref = ask.branch("dev")
    ask.update("t", 1, ref, name="x")
    ask.update("t", 2, ref, n=20)
    return ref


@pytest.fixture
def written(ask: Any, dev: Ref) -> Iterator[None]:
    """Hold the writer by a transaction for as long as the test takes."""
    transaction = run(ask.database.begin(Context(Principal("writer"))))
    yield
    run(transaction.rollback())


@pytest.mark.usefixtures("written")
def test_they_do_not_wait_for_a_writer(ask: Any, dev: Ref) -> None:
    """They only read, so they are answered while a transaction holds the writer."""
    told = [
        ask(operation, dry_run=True)
        for operation in (Merge(dev), CherryPick("4"), Revert("4", ref=dev), Restore(Ref("dev", "2"), ref=dev))
    ]

    assert [2, 1, 1, 2] == [result.affected for result in told]
    assert {"t": CombinedTable(updated=2)} == told[0].report.tables
    assert all(result.commit is None for result in told)


def test_conflicts_are_those_of_the_merge(ask: Any, dev: Ref) -> None:
    """On cells; and where there are none, on unique keys."""
    ask.update("t", 1, name="y")
    ask.insert("t", {"n": 20, "name": "z"})
    assert [("cell", "name")] == _conflicts(ask, dev)
    ask.update("t", 1, name="a")
    assert [("constraint", None)] == _conflicts(ask, dev)


def _conflicts(ask: Any, dev: Ref) -> list[tuple[str, str | None]]:
    told, found = ask(Merge(dev), dry_run=True).report, ask(Merge(dev)).report
    assert told == found
    return [(conflict.kind, conflict.column) for conflict in found.conflicts]


def test_refusals_are_those_of_the_real_thing(ask: Any, dev: Ref) -> None:
    """A protected branch, and a restore that would break a constraint."""
    ask(Branching((AlterBranch("dev", protected=True),)))
    with pytest.raises(ProtectedBranch):
        ask(Revert("4", ref=dev), dry_run=True)
    then = ask.update("t", 3, name="d").commit
    ask(Define((AlterColumn("t", "name", not_null=False),)))
    lacking = ask.update("t", 3, name=None).commit
    ask.update("t", 3, name="e")
    ask(Define((AlterColumn("t", "name", not_null=True),)))
    with pytest.raises(MergeConflict):
        ask(Restore(Ref(at=lacking), ("t",)), dry_run=True)
    assert 1 == ask(Restore(Ref(at=then), ("t",)), dry_run=True).affected
