"""Conformance: merging rows, with all that can be in conflict."""

from typing import Any, Final

import msgspec
import pytest

from synthdb_host.merge_reports import CombinedTable
from synthdb_host.operations import Ref
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import Branching, CreateTag, History, Log, Merge, Resolve

__all__ = ["MergeTests", "conflicts_of"]

_ADA: Final = {"id": 1, "name": "Ada", "age": 36}
_BOB: Final = {"id": 2, "name": "Bob", "age": 25}


def _forked(session: Session) -> Session:
    session.insert("people", _ADA, _BOB)
    return session.fork("dev")


def conflicts_of(session: Session, source: Session) -> list[tuple[Any, ...]]:
    """Try a merge and give what is in conflict; nothing is changed."""
    before = session.everything()
    result = session.merge(source)
    assert result.commit is None
    assert before == session.everything()
    assert result.report is not None
    return [
        (c.kind, c.table, c.key, c.column, _plain(c.base), _plain(c.ours), _plain(c.theirs))
        for c in result.report.conflicts
    ]


def _plain(value: object) -> Any:
    """Give what a client reads."""
    return msgspec.json.decode(msgspec.json.encode(value))


class MergeTests:
    """What one side changed is taken, what both changed alike is agreed, the rest is a conflict."""

    @needs("merge", "branches")
    def test_a_merge_takes_what_the_source_changed(self, session: Session) -> None:
        """Inserts, updates and deletes; what the target did stays."""
        dev = _forked(session)
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        dev.delete("people", where("id", "eq", 2))
        dev.insert("people", {"id": 7, "name": "Cleo", "age": 50})
        session.insert("people", {"id": 8, "name": "Dan", "age": 60})
        result = session.merge(dev)
        assert result.report is not None
        assert (CombinedTable(1, 1, 1), ()) == (result.report.tables["people"], result.report.conflicts)
        assert [(1, 37), (7, 50), (8, 60)] == [(row["id"], row["age"]) for row in session.rows("people")]
        assert [(1, 37), (7, 50)] == [(row["id"], row["age"]) for row in dev.rows("people")]

    @needs("merge", "branches")
    def test_a_merge_is_a_commit_of_its_kind(self, session: Session) -> None:
        """It says what was merged."""
        dev = _forked(session)
        written = dev.update("people", {"age": 37}, where("id", "eq", 1)).commit
        merged = session.merge(dev).commit
        (entry,) = session.execute(Log(session.ref, limit=1)).python()
        assert (merged, "merge", written) == (entry["id"], entry["kind"], entry["merged"])

    @needs("merge", "branches")
    def test_merging_nothing_new_is_no_commit(self, session: Session) -> None:
        """Of a fresh branch, of the branch itself, and of what was merged before."""
        dev = _forked(session)
        assert None is session.merge(dev).commit
        assert None is session.merge(session).commit
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        session.merge(dev)
        session.update("people", {"age": 38}, where("id", "eq", 1))
        assert None is session.merge(dev).commit
        assert [38, 25] == session.values("people", "age")

    @needs("merge", "branches")
    def test_different_cells_of_one_row_are_both_taken(self, session: Session) -> None:
        """A row is compared cell by cell."""
        dev = _forked(session)
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        session.update("people", {"name": "Adi"}, where("id", "eq", 1))
        session.merge(dev)
        assert {"id": 1, "name": "Adi", "age": 37} == session.rows("people")[0]

    @needs("merge", "branches")
    def test_equal_edits_agree(self, session: Session) -> None:
        """The same value on both sides, the same new row, the same deletion."""
        dev = _forked(session)
        for side in (session, dev):
            side.update("people", {"age": 37}, where("id", "eq", 1))
            side.delete("people", where("id", "eq", 2))
            side.insert("people", {"id": 9, "name": "Eve", "age": 5})
        assert [] == conflicts_of(session.trying(), dev)
        session.merge(dev)
        assert [(1, 37), (9, 5)] == [(row["id"], row["age"]) for row in session.rows("people")]

    @needs("merge", "branches")
    def test_a_cell_that_both_changed_is_a_conflict(self, session: Session) -> None:
        """With what it was, and what each made of it; nothing else is applied either."""
        dev = _forked(session)
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        dev.insert("people", {"name": "Cleo", "age": 50})
        session.update("people", {"age": 38}, where("id", "eq", 1))
        assert [("cell", "people", (1,), "age", 36, 38, 37)] == conflicts_of(session, dev)

    @needs("merge", "branches")
    def test_deleting_what_the_other_changed_is_a_conflict(self, session: Session) -> None:
        """Whichever side did which, one for the whole row; one that nobody changed just goes."""
        dev = _forked(session)
        dev.delete("people", every_row=True)
        session.update("people", {"age": 38}, where("id", "eq", 1))
        changed = _ADA | {"age": 38}
        assert [("row", "people", (1,), None, _ADA, changed, None)] == conflicts_of(session, dev)
        assert [("row", "people", (1,), None, _ADA, None, changed)] == conflicts_of(dev, session)

    @needs("merge", "branches")
    def test_rows_of_one_key_on_both_sides_are_one_row(self, session: Session) -> None:
        """Their cells agree or are in conflict, one by one, without a base."""
        dev = _forked(session)
        session.insert("people", {"id": 9, "name": "Eve", "age": 5})
        dev.insert("people", {"id": 9, "name": "Eve", "age": 6})
        assert [("cell", "people", (9,), "age", None, 5, 6)] == conflicts_of(session, dev)

    @needs("merge", "branches")
    def test_the_base_moves_on_with_every_merge(self, session: Session) -> None:
        """What was merged once is no change any more, in either direction."""
        dev = _forked(session)
        dev.update("people", {"age": 37}, where("id", "eq", 1))
        session.merge(dev)
        session.update("people", {"age": 38}, where("id", "eq", 1))
        dev.update("people", {"name": "Bo"}, where("id", "eq", 2))
        assert session.merge(dev).commit is not None
        assert [("Ada", 38), ("Bo", 25)] == [(row["name"], row["age"]) for row in session.rows("people")]
        dev.merge(session)
        dev.update("people", {"age": 39}, where("id", "eq", 1))
        session.update("people", {"age": 26}, where("id", "eq", 2))
        assert session.merge(dev).commit is not None
        assert [39, 26] == session.values("people", "age")

    @needs("merge", "branches")
    def test_a_synced_branch_can_take_back_what_it_was_given(self, session: Session) -> None:
        """After a sync from the parent, undoing the parent's change on the branch is a change of the branch."""
        dev = _forked(session)
        session.update("people", {"age": 37}, where("id", "eq", 1))
        dev.merge(session)
        dev.update("people", {"age": 36}, where("id", "eq", 1))
        session.merge(dev)
        assert [36, 25] == session.values("people", "age")

    @needs("merge", "branches")
    def test_siblings_merge_over_where_they_parted(self, session: Session) -> None:
        """And nested branches into those they were made from, level by level."""
        dev = _forked(session)
        other = session.fork("other")
        deep = dev.fork("deep")
        deep.update("people", {"age": 37}, where("id", "eq", 1))
        other.update("people", {"age": 26}, where("id", "eq", 2))
        other.merge(deep)
        assert [37, 26] == other.values("people", "age")
        dev.merge(deep)
        assert [37, 25] == dev.values("people", "age")
        session.merge(other)
        session.merge(dev)
        assert [37, 26] == session.values("people", "age")

    @needs("merge", "branches")
    def test_branches_merged_crosswise_agree_on_what_both_have(self, session: Session) -> None:
        """With two best bases that differ, a value that both sides have is agreed, another one is a conflict."""
        left, right = _forked(session), session.fork("right")
        left.update("people", {"age": 40}, where("id", "eq", 1))
        right.update("people", {"age": 50}, where("id", "eq", 2))
        tip = left.fork("tip")
        left.merge(right)
        right.merge(tip)
        left.update("people", {"name": "Adi"}, where("id", "eq", 1))
        right.update("people", {"age": 51}, where("id", "eq", 2))
        assert left.merge(right).commit is not None
        assert [("Adi", 40), ("Bob", 51)] == [(row["name"], row["age"]) for row in left.rows("people")]

    @needs("merge", "branches")
    def test_a_conflict_between_two_bases_is_no_base(self, session: Session) -> None:
        """Where the bases disagree, so do sides that differ, and sides that are the same agree."""
        left, right = _forked(session), session.fork("right")
        left.update("people", {"age": 40}, every_row=True)
        right.update("people", {"age": 50}, every_row=True)
        tip = left.fork("tip")
        left.merge(right)
        left.execute(Resolve(right.ref, "ours", ref=left.ref))
        assert left.merge(right).commit is not None
        right.merge(tip)
        right.execute(Resolve(tip.ref, "ours", ref=right.ref))
        assert right.merge(tip).commit is not None
        left.update("people", {"age": 60}, where("id", "eq", 1))
        right.update("people", {"age": 60}, where("id", "eq", 1))
        assert [("cell", "people", (2,), "age", None, 40, 50)] == conflicts_of(left, right)

    @needs("merge", "branches")
    def test_a_tag_or_a_past_state_can_be_merged(self, session: Session) -> None:
        """What came after it is not."""
        dev = _forked(session)
        first = dev.update("people", {"age": 37}, where("id", "eq", 1)).commit
        session.execute(Branching((CreateTag("v1", dev.ref),)))
        dev.update("people", {"age": 0}, every_row=True)
        assert first is not None
        session.execute(Merge(Ref("v1"), session.ref))
        assert [37, 25] == session.values("people", "age")
        assert None is session.execute(Merge(Ref(dev.ref.branch, first), session.ref)).commit

    @needs("merge", "branches")
    def test_new_tables_and_columns_come_with_a_merge(self, session: Session) -> None:
        """With their rows; rows that the source does not have get the default."""
        dev = _forked(session)
        dev.update("people", {"city": "Rome"}, where("id", "eq", 1))
        dev.insert("pets", {"name": "Rex"})
        session.insert("people", {"id": 3, "name": "Cleo", "age": 50})
        session.merge(dev)
        assert ["Rome", None, None] == session.values("people", "city")
        assert [{"id": 1, "name": "Rex"}] == session.rows("pets")
        session.insert("pets", {"name": "Tom"})
        assert [1, 2] == session.values("pets", "id")

    @needs("merge", "branches")
    def test_a_row_of_a_merge_has_the_history_of_its_making(self, session: Session) -> None:
        """The commit that first made a change stands for it, not the merge."""
        dev = _forked(session)
        written = dev.update("people", {"age": 37}, where("id", "eq", 1)).commit
        session.merge(dev)
        found = session.execute(History("people", (1,), ref=session.ref)).python()
        assert (written, "update", "dev") == (found[0]["commit"], found[0]["change"], found[0]["branch"])
        assert ["update", "insert"] == [entry["change"] for entry in found]

    @needs("merge", "branches", "dry_run")
    def test_a_dry_merge_tells_what_would_be(self, session: Session) -> None:
        """And changes nothing."""
        dev = _forked(session)
        dev.delete("people", where("id", "eq", 2))
        before = session.everything()
        result = session.trying().merge(dev)
        assert result.report is not None
        assert CombinedTable(deleted=1) == result.report.tables["people"]
        assert before == session.everything()
        assert session.merge(dev).commit is not None

    @needs("merge", "branches")
    @pytest.mark.parametrize("source", ["nowhere", "99999999"])
    def test_a_source_that_does_not_exist_is_refused(self, session: Session, source: str) -> None:
        """Before anything happens."""
        _forked(session)
        with session.refused("unknown_ref"):
            session.execute(Merge(Ref(source), session.ref))
