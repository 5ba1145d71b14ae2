"""Conformance: deciding conflicts, and cherry-picks, reverts and restores."""

from typing import Any

import pytest

from synthdb_host.operations import AddColumn, DropTable, Ref, RenameColumn
from synthdb_host.testing.merges import conflicts_of
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, column, where
from synthdb_host.versions import (
    AlterBranch,
    Branching,
    CherryPick,
    Conflicts,
    Merge,
    Resolve,
    Restore,
    Revert,
)

__all__ = ["DecidingTests", "RepeatingTests"]


def _disagreeing(session: Session) -> Session:
    """Make both sides change the ages of two rows, and the name of one."""
    session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
    dev = session.fork("dev")
    dev.update("people", {"age": 37, "name": "Adi"}, where("id", "eq", 1))
    dev.update("people", {"age": 26}, where("id", "eq", 2))
    session.update("people", {"age": 38, "name": "Eda"}, where("id", "eq", 1))
    session.update("people", {"age": 28}, where("id", "eq", 2))
    assert 3 == len(conflicts_of(session, dev))
    return dev


def _ages(session: Session) -> list[tuple[Any, ...]]:
    return [(row["name"], row["age"]) for row in session.rows("people")]


class DecidingTests:
    """Conflicts are decided one by one or together, and decisions are remembered."""

    @needs("merge", "branches")
    @pytest.mark.parametrize(
        ("choice", "expected"),
        [("ours", [("Eda", 38), ("Bob", 28)]), ("theirs", [("Adi", 37), ("Bob", 26)])],
    )
    def test_all_conflicts_are_decided_at_once(self, session: Session, choice: Any, expected: list[Any]) -> None:
        """For one side; then the merge goes through."""
        dev = _disagreeing(session)
        session.execute(Resolve(dev.ref, choice, ref=session.ref))
        assert session.merge(dev).commit is not None
        assert expected == _ages(session)

    @needs("merge", "branches")
    def test_conflicts_are_decided_cell_by_cell(self, session: Session) -> None:
        """For a side or for a value of its own; as long as one is open, nothing is changed."""
        dev = _disagreeing(session)
        session.execute(Resolve(dev.ref, "theirs", "people", (1,), "age", ref=session.ref))
        session.execute(Resolve(dev.ref, "ours", "people", (1,), "name", ref=session.ref))
        assert [("cell", "people", (2,), "age", 25, 28, 26)] == conflicts_of(session, dev)
        session.execute(Resolve(dev.ref, "value", "people", (2,), "age", 99, ref=session.ref))
        assert session.merge(dev).commit is not None
        assert [("Eda", 37), ("Bob", 99)] == _ages(session)

    @needs("merge", "branches")
    def test_a_row_is_decided_as_a_whole(self, session: Session) -> None:
        """Cells that were not in conflict are that side's, too."""
        dev = _disagreeing(session)
        dev.insert("people", {"id": 9, "name": "Eve"})
        session.execute(Resolve(dev.ref, "ours", "people", (1,), ref=session.ref))
        session.execute(Resolve(dev.ref, "theirs", "people", (2,), ref=session.ref))
        assert session.merge(dev).commit is not None
        assert [("Eda", 38), ("Bob", 26), ("Eve", None)] == _ages(session)

    @needs("merge", "branches")
    def test_a_deletion_can_win_or_lose(self, session: Session) -> None:
        """A row that is gone on one side is gone or back."""
        session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
        dev = session.fork("dev")
        dev.delete("people", every_row=True)
        session.update("people", {"age": 1}, every_row=True)
        session.merge(dev)
        session.execute(Resolve(dev.ref, "theirs", "people", (1,), ref=session.ref))
        session.execute(Resolve(dev.ref, "ours", "people", (2,), ref=session.ref))
        assert session.merge(dev).commit is not None
        assert [("Bob", 1)] == _ages(session)

    @needs("merge", "branches")
    def test_a_decision_can_be_taken_back(self, session: Session) -> None:
        """The conflict is open again."""
        dev = _disagreeing(session)
        session.execute(Resolve(dev.ref, "ours", ref=session.ref))
        session.execute(Resolve(dev.ref, "open", "people", (2,), "age", ref=session.ref))
        assert [("cell", "people", (2,), "age", 25, 28, 26)] == conflicts_of(session, dev)

    @needs("merge", "branches")
    def test_a_decision_holds_as_long_as_the_values_are_the_same(self, session: Session) -> None:
        """It is remembered for the next try, and forgotten when one of the three changes."""
        dev = _disagreeing(session)
        session.execute(Resolve(dev.ref, "ours", ref=session.ref))
        dev.insert("people", {"name": "Cleo"})
        dev.update("people", {"age": 27}, where("id", "eq", 2))
        assert [("cell", "people", (2,), "age", 25, 28, 27)] == conflicts_of(session, dev)

    @needs("merge", "branches")
    def test_conflicts_are_listed_until_they_are_merged(self, session: Session) -> None:
        """With what was decided about each."""
        dev = _disagreeing(session)
        session.execute(Resolve(dev.ref, "ours", "people", (2,), "age", ref=session.ref))
        listed = session.execute(Conflicts(dev.ref.branch, session.ref)).python()
        assert [("people", [1], "age", None), ("people", [1], "name", None), ("people", [2], "age", "ours")] == [
            (row["table"], row["key"], row["column"], row["resolution"]) for row in listed
        ]
        session.execute(Resolve(dev.ref, "theirs", "people", (1,), ref=session.ref))
        session.merge(dev)
        assert [] == session.execute(Conflicts(dev.ref.branch, session.ref)).python()

    @needs("merge", "branches", "dry_run")
    def test_a_dry_merge_keeps_no_conflicts(self, session: Session) -> None:
        """They are told, and not listed."""
        session.insert("people", {"name": "Ada", "age": 36})
        dev = session.fork("dev")
        dev.update("people", {"age": 37}, every_row=True)
        session.update("people", {"age": 38}, every_row=True)
        report = session.trying().merge(dev).report
        assert report is not None
        assert 1 == len(report.conflicts)
        assert [] == session.execute(Conflicts(dev.ref.branch, session.ref)).python()

    @needs("merge", "branches", "define")
    def test_a_schema_conflict_is_decided(self, session: Session) -> None:
        """For one of the names."""
        session.insert("people", {"name": "Ada", "age": 36})
        dev = session.fork("dev")
        dev.define(RenameColumn("people", "age", "years"))
        session.define(RenameColumn("people", "age", "old"))
        session.merge(dev)
        session.execute(Resolve(dev.ref, "theirs", "people", ref=session.ref))
        assert session.merge(dev).commit is not None
        assert {"name", "years"} == set(session.types("people"))

    @needs("merge", "branches")
    def test_a_protected_branch_is_merged_into(self, session: Session) -> None:
        """That is what it is protected for."""
        session.insert("people", {"name": "Ada", "age": 36})
        dev = session.fork("dev")
        work = dev.fork("work")
        work.update("people", {"age": 37}, every_row=True)
        session.execute(Branching((AlterBranch("dev", protected=True),)))
        for refused in (Restore(session.ref, ref=dev.ref), Revert("1", ref=dev.ref), CherryPick("1", ref=dev.ref)):
            with dev.refused("protected_branch"):
                session.execute(refused)
        session.execute(Merge(work.ref, dev.ref))
        assert [37] == dev.values("people", "age")


class RepeatingTests:
    """Changes made once more elsewhere, and undone."""

    @needs("merge", "branches")
    def test_a_commit_is_picked_onto_another_branch(self, session: Session) -> None:
        """Its changes only; what came before it on its branch is left."""
        session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
        dev = session.fork("dev")
        dev.update("people", {"age": 0}, where("id", "eq", 1))
        second = dev.update("people", {"age": 26}, where("id", "eq", 2)).commit
        third = dev.insert("people", {"name": "Cleo", "age": 50}).commit
        assert second is not None
        assert session.execute(CherryPick(second, third, session.ref)).commit is not None
        assert [("Ada", 36), ("Bob", 26), ("Cleo", 50)] == _ages(session)
        assert session.execute(CherryPick(second, ref=session.ref)).commit is None

    @needs("merge", "branches")
    def test_a_pick_that_does_not_fit_is_a_conflict(self, session: Session) -> None:
        """Nothing is changed."""
        session.insert("people", {"name": "Ada", "age": 36})
        dev = session.fork("dev")
        picked = dev.update("people", {"age": 37}, every_row=True).commit
        session.update("people", {"age": 38}, every_row=True)
        assert picked is not None
        result = session.execute(CherryPick(picked, ref=session.ref))
        assert result.report is not None
        assert (None, 1) == (result.commit, len(result.report.conflicts))
        assert [("Ada", 38)] == _ages(session)

    @needs("merge", "branches")
    def test_a_commit_is_undone_and_what_came_later_stays(self, session: Session) -> None:
        """One commit, or a range of them."""
        session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
        dev = session.fork("dev")
        first = dev.update("people", {"age": 0}, where("id", "eq", 1)).commit
        second = dev.insert("people", {"name": "Cleo", "age": 50}).commit
        dev.update("people", {"age": 26}, where("id", "eq", 2))
        assert first is not None
        dev.execute(Revert(first, ref=dev.ref))
        assert [("Ada", 36), ("Bob", 26), ("Cleo", 50)] == _ages(dev)
        assert second is not None
        dev.execute(Revert(second, ref=dev.ref))
        assert [("Ada", 36), ("Bob", 26)] == _ages(dev)

    @needs("merge", "branches")
    def test_undoing_a_merge_gives_what_was_before_it(self, session: Session) -> None:
        """Undoing that brings it back."""
        session.insert("people", {"name": "Ada", "age": 36})
        dev = session.fork("dev")
        dev.insert("people", {"name": "Bob", "age": 25})
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        merged = session.merge(dev).commit
        assert merged is not None
        undone = session.execute(Revert(merged, ref=session.ref)).commit
        assert [("Ada", 36)] == _ages(session)
        assert undone is not None
        session.execute(Revert(undone, ref=session.ref))
        assert [("Ada", 37), ("Bob", 25)] == _ages(session)

    @needs("merge", "branches", "define")
    def test_everything_is_restored_as_it_was(self, session: Session) -> None:
        """Rows and schema; tables made since are dropped. It is a commit, and so can be undone itself."""
        commit = session.insert("people", {"name": "Ada", "age": 36}).commit
        session.update("people", {"age": 37}, every_row=True)
        session.insert("people", {"name": "Bob", "city": "Rome"})
        session.insert("things", {"value": 1})
        session.define(RenameColumn("people", "name", "title"))
        before = session.everything()
        assert commit is not None
        restored = session.execute(Restore(Ref(commit), ref=session.ref)).commit
        assert [{"id": 1, "name": "Ada", "age": 36}] == session.rows("people")
        assert {"people"} == set(session.catalog().tables)
        assert restored is not None
        session.execute(Revert(restored, ref=session.ref))
        assert before[2] == session.everything()[2]

    @needs("merge", "branches", "define")
    def test_a_dropped_table_comes_back_with_a_restore(self, session: Session) -> None:
        """As it was."""
        commit = session.insert("people", {"name": "Ada", "age": 36}).commit
        session.insert("people", {"name": "Bob"})
        session.define(DropTable("people"))
        assert commit is not None
        session.execute(Restore(Ref(commit), ref=session.ref))
        assert [("Ada", 36)] == _ages(session)

    @needs("merge", "branches", "define")
    def test_a_table_is_restored_and_others_are_left(self, session: Session) -> None:
        """Its schema is that of now: what it did not have then is the default."""
        session.insert("things", {"value": 1})
        commit = session.insert("people", {"name": "Ada", "age": 36}).commit
        session.update("people", {"age": 0}, every_row=True)
        session.insert("people", {"name": "Bob"})
        session.update("things", {"value": 2}, every_row=True)
        session.define(RenameColumn("people", "age", "years"), AddColumn("people", column("note", "text")))
        assert commit is not None
        session.execute(Restore(Ref(commit), ("people",), ref=session.ref))
        assert [{"id": 1, "name": "Ada", "years": 36, "note": None}] == session.rows("people")
        assert [2] == session.values("things", "value")

    @needs("merge", "branches")
    def test_rows_are_restored_by_their_keys(self, session: Session) -> None:
        """The others stay; a row that was not there then goes."""
        commit = session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25}).commit
        session.update("people", {"age": 0}, every_row=True)
        session.insert("people", {"id": 9, "name": "Eve"})
        assert commit is not None
        session.execute(Restore(Ref(commit), ("people",), ((1,), (9,)), session.ref))
        assert [("Ada", 36), ("Bob", 0)] == _ages(session)

    @needs("merge", "branches")
    def test_deleted_rows_come_back_as_they_last_were(self, session: Session) -> None:
        """On the branch that they were deleted on."""
        session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
        dev = session.fork("dev")
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        dev.delete("people", every_row=True)
        dev.execute(Restore(None, ("people",), ((1,),), dev.ref))
        assert [("Ada", 37)] == _ages(dev)
        assert [("Ada", 36), ("Bob", 25)] == _ages(session)

    @needs("merge", "branches")
    def test_restoring_what_is_there_is_no_commit(self, session: Session) -> None:
        """Nothing changed, nothing written."""
        commit = session.insert("people", {"name": "Ada", "age": 36}).commit
        assert commit is not None
        assert session.execute(Restore(Ref(commit), ref=session.ref)).commit is None
