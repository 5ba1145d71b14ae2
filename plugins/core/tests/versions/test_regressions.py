"""What once went wrong, and must not again."""

from typing import Any

import pytest

from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.errors import Forbidden, HistoryGone, InvalidValue, UnknownRef
from synthdb_host.operations import Define, DropTable, Or, RenameTable
from synthdb_host.versions import (
    Branching,
    CherryPick,
    Collect,
    Compact,
    Conflicts,
    Diff,
    DropBranch,
    Log,
    Merge,
    Ref,
    Resolve,
    StorageReport,
)

LIMITED = Restrictions({"secret": TableRestriction(Or(()))})


def drop(ask: Any, name: str) -> None:
    ask(Branching((DropBranch(name),)))


def test_a_branch_made_of_an_empty_database_sees_nothing_of_main(ask: Any) -> None:
    """Commit 0, before all, is a moment like any other."""
    dev = ask.branch("dev")
    ask.insert("things", {"size": 1})
    ask(Merge(Ref("main"), dev))
    ask.delete("things", 1)
    ask.insert("things", {"size": 2})

    assert [{"id": 1, "size": 1}] == ask.rows("things", dev)


def test_a_merged_branch_that_is_dropped_stays_the_base_of_later_merges(ask: Any) -> None:
    """What main has changed since is not taken back by another branch that had merged the same."""
    ask.insert("things", {"size": 1})
    dev, other = ask.branch("dev"), ask.branch("other")
    ask.update("things", 1, dev, size=2)
    ask.insert("things", {"id": 9, "size": 9}, ref=dev)
    ask(Merge(dev))
    ask(Merge(dev, other))
    drop(ask, "dev")
    ask.update("things", 1, size=1)
    ask.delete("things", 9)

    assert 0 == ask(Merge(other)).affected
    assert [{"id": 1, "size": 1}] == ask.rows("things")


def test_commits_of_a_branch_that_was_dropped_with_its_rows_are_gone(ask: Any) -> None:
    """They are in the log, but are neither read nor picked."""
    ask.insert("things", {"size": 1})
    commit = ask.insert("things", {"size": 2}, ref=ask.branch("dev")).commit
    drop(ask, "dev")

    with pytest.raises(HistoryGone):
        ask.rows("things", Ref(commit))
    with pytest.raises(HistoryGone):
        ask(CherryPick(commit))


def test_what_a_branch_made_between_two_merges_starts_from_is_kept(ask: Any) -> None:
    """Collecting forgets nothing that a later merge compares with."""
    ask.insert("things", {"size": 1}, {"size": 9})
    dev = ask.branch("dev")
    ask.update("things", 1, size=2)
    ask(Merge(Ref("main"), dev))
    late = ask.branch("late", dev)
    ask.insert("things", {"size": 5}, ref=late)
    ask.delete("things", 2)
    ask(Merge(Ref("main"), dev))
    last = ask(Log(limit=1)).python()[0]["id"]
    ask(Collect(last))

    ask(Merge(late))

    assert [2, 5] == [row["size"] for row in ask.rows("things")]


@pytest.mark.parametrize("whole", [False, True])
def test_a_branch_that_was_compacted_before_its_first_write_is_written_to(ask: Any, whole: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """The overlay is there already."""
    ask.insert("things", {"size": 1})
    dev = ask.branch("dev")
    ask(Compact(dev, whole=whole))
    ask.insert("things", {"size": 2}, ref=dev)

    assert [1, 2] == [row["size"] for row in ask.rows("things", dev)]


def disputed(ask: Any) -> Ref:
    ask.insert("secret", {"size": 1})
    dev: Ref = ask.branch("dev")
    ask.update("secret", 1, dev, size=2)
    ask.update("secret", 1, size=3)
    ask(Merge(dev))
    return dev


@pytest.mark.parametrize("change", [RenameTable("secret", "renamed"), DropTable("secret")], ids=["renamed", "dropped"])
def test_conflicts_of_a_table_of_which_there_is_no_limit_now_are_not_shown_to_callers_with_limits(
    ask: Any, change: Any
) -> None:
    """Nobody can say whether they may see it."""
    disputed(ask)
    ask(Define((change,)))

    assert [] == ask(Conflicts(), LIMITED).python()
    assert 1 == len(ask(Conflicts()).python())


def test_callers_with_limits_decide_no_conflicts(ask: Any) -> None:
    """A decision writes what they may not see."""
    dev = disputed(ask)

    with pytest.raises(Forbidden):
        ask(Resolve(dev, "theirs"), LIMITED)


def test_a_value_that_does_not_fit_its_column_decides_nothing(ask: Any) -> None:
    """It would let every later merge fail."""
    dev = disputed(ask)

    with pytest.raises(InvalidValue):
        ask(Resolve(dev, "value", value="many"))


def test_a_three_dot_diff_shows_callers_with_limits_no_table_that_both_sides_dropped(ask: Any) -> None:
    """Its limits are not known any more."""
    ask.insert("secret", {"size": 1})
    dev = ask.branch("dev")
    ask(Define((DropTable("secret"),), ref=dev))
    ask(Define((DropTable("secret"),)))

    assert [] == ask(Diff(Ref("main"), dev, three_dot=True), Restrictions({})).python()


def test_the_storage_report_leaves_out_tables_that_are_not_for_the_caller(ask: Any) -> None:
    """Sizes tell, too."""
    ask.insert("secret", {"size": 1})
    ask.insert("open", {"size": 1})

    assert {"open"} == {line["table"] for line in ask(StorageReport(), LIMITED).python()}


@pytest.mark.parametrize("text", ["9" * 30, "9" * 5_000], ids=["long", "longer"])
def test_a_number_that_no_commit_can_have_is_no_commit(ask: Any, text: str) -> None:
    """However long it is."""
    ask.insert("things", {"size": 1})

    for ref in (Ref(text), Ref("main", text)):
        with pytest.raises(UnknownRef):
            ask.rows("things", ref)
    with pytest.raises(UnknownRef):
        ask(CherryPick(text))


def test_the_log_of_a_very_deep_branch_is_read(ask: Any) -> None:
    """SQLite takes no condition of a thousand parts."""
    ask.insert("things", {"size": 1})
    ref = Ref("main")
    for depth in range(1_050):
        ref = ask.branch(f"b{depth}", ref)

    assert 1 == len(ask(Log(ref)).python())
