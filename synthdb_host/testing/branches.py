"""Conformance: branches and tags."""

from typing import Final

import pytest

from synthdb_host.operations import AddColumn, Batch, Define, DropTable, Insert, Ref
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, column, where
from synthdb_host.versions import (
    AlterBranch,
    Branches,
    Branching,
    CreateBranch,
    CreateTag,
    DropBranch,
    DropTag,
    Tags,
)

__all__ = ["BranchTests"]

_NAMES: Final = ("", "0day", "_hidden", "a@b", "a\nb")


def _people(session: Session) -> None:
    session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})


class BranchTests:
    """Branches are states that go their own way."""

    @needs("branches")
    def test_a_branch_starts_as_what_it_was_made_from(self, session: Session) -> None:
        """Rows, types and versions of the catalog's content are the same."""
        _people(session)
        dev = session.fork("dev")
        assert session.rows("people") == dev.rows("people")
        assert session.catalog().tables == dev.catalog().tables

    @needs("branches")
    def test_neither_side_sees_what_the_other_does_later(self, session: Session) -> None:
        """Inserts, updates, deletes and new columns stay where they were made."""
        _people(session)
        dev = session.fork("dev")
        session.update("people", {"age": 37}, where("id", "eq", 1))
        session.delete("people", where("id", "eq", 2))
        session.insert("people", {"name": "Cleo", "age": 50, "city": "Rome"})
        dev.update("people", {"name": "Adi"}, where("id", "eq", 1))
        assert [("Ada", 37), ("Cleo", 50)] == [(row["name"], row["age"]) for row in session.rows("people")]
        assert [("Adi", 36), ("Bob", 25)] == [(row["name"], row["age"]) for row in dev.rows("people")]
        assert {"name": "text", "age": "integer"} == dev.types("people")

    @needs("branches")
    def test_a_parents_change_after_a_grandchilds_fork_reaches_neither(self, session: Session) -> None:
        """Each level is what it was when the next was made, however deep."""
        _people(session)
        child = session.fork("child")
        child.update("people", {"age": 1}, where("id", "eq", 1))
        grandchild = child.fork("grandchild")
        child.update("people", {"age": 2}, every_row=True)
        session.update("people", {"age": 3}, every_row=True)
        great = grandchild.fork("great")
        grandchild.delete("people", where("id", "eq", 2))
        assert [3, 3] == session.values("people", "age")
        assert [2, 2] == child.values("people", "age")
        assert [1] == grandchild.values("people", "age")
        assert [1, 25] == great.values("people", "age")

    @needs("branches")
    def test_a_row_deleted_on_a_branch_can_be_written_again_there(self, session: Session) -> None:
        """Under its own identity, and its other versions stay."""
        _people(session)
        dev = session.fork("dev")
        dev.delete("people", where("id", "eq", 1))
        dev.insert("people", {"id": 1, "name": "Eve", "age": 5})
        assert ["Eve", "Bob"] == dev.values("people", "name")
        dev.delete("people", every_row=True)
        assert [] == dev.rows("people")
        assert ["Ada", "Bob"] == session.values("people", "name")

    @needs("branches")
    def test_identities_are_given_once_over_all_branches(self, session: Session) -> None:
        """Rows made on different branches never share one, not even when they were deleted or the branch dropped."""
        _people(session)
        dev = session.fork("dev")
        dev.insert("people", {"name": "Cleo"})
        session.insert("people", {"name": "Dan"})
        dev.delete("people", where("name", "eq", "Cleo"))
        dev.insert("people", {"name": "Eve"})
        session.execute(Branching((DropBranch("dev"),)))
        session.insert("people", {"name": "Fay"})
        assert [1, 2, 4, 6] == session.values("people", "id")

    @needs("branches", "define")
    def test_the_schema_of_a_branch_is_its_own(self, session: Session) -> None:
        """A table dropped, a column added and a table made on a branch are so on the branch only."""
        _people(session)
        session.insert("things", {"value": 1})
        dev = session.fork("dev")
        dev.define(DropTable("things"), AddColumn("people", column("note", "text", default="none")))
        dev.insert("fresh", {"value": 1})
        assert {"people", "fresh"} == set(dev.catalog().tables)
        assert ["none", "none"] == dev.values("people", "note")
        assert {"people", "things"} == set(session.catalog().tables)
        with session.refused("unknown_column"):
            session.rows("people", "note")
        with dev.refused("unknown_table"):
            dev.rows("things")

    @needs("branches")
    def test_a_batch_writes_to_the_branch_it_names(self, session: Session) -> None:
        """All or nothing there, too."""
        _people(session)
        dev = session.fork("dev")
        dev.execute(Batch((Insert.of("people", [{"name": "Cleo"}]), Insert.of("pets", [{"name": "Rex"}]))))
        with dev.refused("unique_violation"):
            dev.execute(Batch((Insert.of("people", [{"name": "Dan"}]), Insert.of("people", [{"id": 1}]))))
        assert ["Ada", "Bob", "Cleo"] == dev.values("people", "name")
        assert {"people"} == set(session.catalog().tables)

    @needs("branches")
    def test_branches_are_listed_by_name(self, session: Session) -> None:
        """With what they were made from; a prefix and a page choose some."""
        _people(session)
        session.fork("dev-a").fork("dev-b")
        listed = session.execute(Branches("dev")).python()
        assert [("dev-a", session.ref.branch), ("dev-b", "dev-a")] == [(row["name"], row["parent"]) for row in listed]
        assert ["dev-b"] == [row["name"] for row in session.execute(Branches("dev", after="dev-a")).python()]
        assert ["dev-a"] == [row["name"] for row in session.execute(Branches("dev", limit=1)).python()]

    @needs("branches")
    def test_a_branch_is_renamed_and_described(self, session: Session) -> None:
        """Its rows stay, and the old name is unknown."""
        _people(session)
        dev = session.fork("dev")
        dev.insert("people", {"name": "Cleo"})
        session.execute(Branching((AlterBranch("dev", name="stage", comment="next"),)))
        assert ["Ada", "Bob", "Cleo"] == session.at(Ref("stage")).values("people", "name")
        (row,) = session.execute(Branches("stage")).python()
        assert "next" == row["comment"]
        with session.refused("unknown_ref"):
            dev.rows("people")

    @needs("branches")
    def test_a_protected_branch_is_not_written_to(self, session: Session) -> None:
        """Until the protection is taken away; it cannot be dropped either."""
        _people(session)
        dev = session.fork("dev")
        session.execute(Branching((AlterBranch("dev", protected=True),)))
        with dev.refused("protected_branch"):
            dev.insert("people", {"name": "Cleo"})
        with dev.refused("protected_branch"):
            dev.update("people", {"age": 1}, every_row=True)
        with dev.refused("protected_branch"):
            dev.delete("people", every_row=True)
        with dev.refused("protected_branch"):
            session.execute(Branching((DropBranch("dev"),)))
        session.execute(Branching((AlterBranch("dev", protected=False),)))
        dev.insert("people", {"name": "Cleo"})
        assert 3 == len(dev.rows("people"))

    @needs("branches", "define")
    def test_the_schema_of_a_protected_branch_stays(self, session: Session) -> None:
        """A define operation is a write."""
        _people(session)
        dev = session.fork("dev")
        session.execute(Branching((AlterBranch("dev", protected=True),)))
        with dev.refused("protected_branch"):
            dev.define(DropTable("people"))

    @needs("branches")
    def test_a_branch_that_others_were_made_from_is_not_dropped(self, session: Session) -> None:
        """Nor one that a tag is on; when they are gone it can be."""
        _people(session)
        dev = session.fork("dev")
        dev.fork("deep")
        with session.refused("conflict"):
            session.execute(Branching((DropBranch("dev"),)))
        session.execute(Branching((DropBranch("deep"), DropBranch("dev"))))
        with session.refused("unknown_ref"):
            dev.rows("people")
        session.execute(Branching((DropBranch("dev", if_exists=True),)))
        with session.refused("unknown_ref"):
            session.execute(Branching((DropBranch("dev"),)))

    @needs("branches")
    def test_a_dropped_branchs_name_is_free_for_another(self, session: Session) -> None:
        """Which knows nothing of the one before."""
        _people(session)
        session.fork("dev").update("people", {"age": 0}, every_row=True)
        session.execute(Branching((DropBranch("dev"),)))
        assert [36, 25] == session.fork("dev").values("people", "age")

    @needs("branches")
    def test_names_of_branches_and_tags_are_unique(self, session: Session) -> None:
        """Among both together."""
        _people(session)
        session.fork("dev")
        session.execute(Branching((CreateTag("v1", session.ref),)))
        for name in ("dev", "v1", session.ref.branch):
            with session.refused("duplicate_name"):
                session.execute(Branching((CreateBranch(name, session.ref),)))
            with session.refused("duplicate_name"):
                session.execute(Branching((CreateTag(name, session.ref),)))
        session.execute(Branching((CreateBranch("dev", if_not_exists=True),)))

    @needs("branches")
    @pytest.mark.parametrize("name", _NAMES)
    def test_a_name_that_cannot_be_a_ref_is_refused(self, session: Session, name: str) -> None:
        """One that looks like a commit or has a moment in it would be read as something else."""
        _people(session)
        session.fork("dev")
        with session.refused("invalid_name"):
            session.execute(Branching((CreateBranch(name, session.ref),)))

    @needs("branches")
    def test_several_changes_of_branches_are_all_or_nothing(self, session: Session) -> None:
        """An error in the last one undoes the first."""
        _people(session)
        session.fork("dev")
        changes = (CreateBranch("one", session.ref), CreateTag("two", session.ref), DropBranch("nowhere"))
        with session.refused("unknown_ref"):
            session.execute(Branching(changes))
        assert [] == session.execute(Branches("one")).python()
        assert [] == session.execute(Tags()).python()

    @needs("branches")
    def test_a_tag_keeps_a_state_under_a_name(self, session: Session) -> None:
        """Whatever is written later; it can be read and branched from, but not written to."""
        _people(session)
        session.execute(Branching((CreateTag("v1", session.ref),)))
        session.update("people", {"age": 0}, every_row=True)
        tagged = session.at(Ref("v1"))
        assert [36, 25] == tagged.values("people", "age")
        assert [36, 25] == session.fork("dev", at=Ref("v1")).values("people", "age")
        with tagged.refused("read_only"):
            tagged.insert("people", {"name": "Cleo"})
        assert ["v1"] == [row["name"] for row in session.execute(Tags()).python()]
        session.execute(Branching((DropTag("v1"), DropTag("v1", if_exists=True))))
        with session.refused("unknown_ref"):
            tagged.rows("people")

    @needs("branches", "dry_run")
    def test_a_dry_run_makes_no_branch(self, session: Session) -> None:
        """It is refused like the real thing, and answered like it."""
        _people(session)
        session.trying().execute(Branching((CreateBranch("dev", session.ref),)))
        assert [] == session.execute(Branches("dev")).python()
        with session.refused("unknown_ref"):
            session.trying().execute(Branching((DropBranch("nowhere"),)))

    @needs("branches", "dry_run", "define")
    def test_a_dry_run_on_a_branch_changes_nothing_on_it(self, session: Session) -> None:
        """Rows and schema are what they were."""
        _people(session)
        dev = session.fork("dev")
        before = dev.everything()
        dev.trying().insert("people", {"name": "Cleo", "city": "Rome"})
        dev.trying().execute(Define((DropTable("people"),)))
        dev.trying().delete("people", every_row=True)
        assert before == dev.everything()
