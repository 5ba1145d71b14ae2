"""Conformance: reading the past, and the log."""

import pytest

from synthdb_host.encoding import format_timestamp
from synthdb_host.operations import (
    AddColumn,
    Batch,
    Delete,
    DropColumn,
    DropTable,
    Insert,
    Ref,
    RenameColumn,
    RenameTable,
    Select,
    Update,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, aggregate, by, column, columns, embed, where
from synthdb_host.versions import Branching, CreateTag, Diff, History, Log

__all__ = ["AsOfTests"]


def _begin(session: Session) -> None:
    """Ask for the past, which a storage without one refuses."""
    session.execute(Log(session.ref))


def _ages(session: Session) -> tuple[str, str, str]:
    """Write three commits; gives their ids."""
    _begin(session)
    first = session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25}).commit
    second = session.update("people", {"age": 37}, where("id", "eq", 1)).commit
    third = session.delete("people", where("id", "eq", 2)).commit
    assert first is not None
    assert second is not None
    assert third is not None
    return first, second, third


def _at(session: Session, moment: str) -> Session:
    return session.at(Ref(session.ref.branch, moment))


class AsOfTests:
    """Every state that ever was can be read."""

    @needs("as_of")
    def test_a_past_state_is_read_by_commit(self, session: Session) -> None:
        """Rows as they were, whatever happened to them since."""
        first, second, third = _ages(session)
        assert [("Ada", 36), ("Bob", 25)] == [(r["name"], r["age"]) for r in _at(session, first).rows("people")]
        assert [("Ada", 37), ("Bob", 25)] == [(r["name"], r["age"]) for r in _at(session, second).rows("people")]
        assert session.rows("people") == _at(session, third).rows("people")

    @needs("as_of")
    def test_a_commits_id_alone_names_the_state_after_it(self, session: Session) -> None:
        """On the branch that it was made on."""
        first, second, _ = _ages(session)
        assert [36, 25] == session.at(Ref(first)).values("people", "age")
        assert [37, 25] == session.at(Ref(second)).values("people", "age")

    @needs("as_of")
    def test_commits_are_numbers_in_text_in_their_order(self, session: Session) -> None:
        """One after the other, and later ones have later times."""
        ids = [int(commit) for commit in _ages(session)]
        assert [ids[0], ids[0] + 1, ids[0] + 2] == ids
        times = [row["at"] for row in session.execute(Log(session.ref)).python()]
        assert sorted(set(times), reverse=True) == times

    @needs("as_of")
    def test_a_past_state_is_read_by_the_time_of_a_commit(self, session: Session) -> None:
        """The last moment that is not later counts."""
        first, second, _ = _ages(session)
        times = {row["id"]: format_timestamp(row["at"]) for row in session.execute(Log(session.ref)).python()}
        assert [36, 25] == _at(session, times[first]).values("people", "age")
        assert [37, 25] == _at(session, times[second]).values("people", "age")
        assert [37] == _at(session, "2999-01-01T00:00:00Z").values("people", "age")
        assert [37] == _at(session, "0 seconds ago").values("people", "age")

    @needs("as_of")
    def test_a_past_state_is_filtered_sorted_counted_and_embedded(self, session: Session) -> None:
        """Every kind of reading is of then."""
        _begin(session)
        session.insert("people", {"name": "Ada"}, {"name": "Bob"})
        commit = session.insert("pets", {"name": "Rex", "owner": 1}, {"name": "Tom", "owner": 2}).commit
        assert commit is not None
        session.delete("people", where("id", "eq", 1))
        session.update("pets", {"name": "Max", "owner": None}, every_row=True)
        then = _at(session, commit)
        assert [2, 1] == then.values("people", "id", order=by("name", descending=True))
        assert ["Tom"] == then.values("pets", "name", where("owner", "eq", 2))
        counts = Select("pets", (aggregate("count"), aggregate("max", "name")))
        assert [{"count": 2, "max": "Tom"}] == then.execute(counts).python()
        owner = embed("of", "owner", "id", Select("people", columns("name")), many=False)
        found = then.rows("pets", "name", embeds=(owner,), order=by("id"))
        assert [{"name": "Ada"}, {"name": "Bob"}] == [row["of"] for row in found]

    @needs("as_of", "define")
    def test_a_past_state_has_the_schema_of_then(self, session: Session) -> None:
        """Its names, columns and types."""
        _begin(session)
        commit = session.insert("people", {"name": "Ada", "age": 36}).commit
        session.define(RenameColumn("people", "name", "title"), DropColumn("people", "age"))
        session.define(RenameTable("people", "folk"), AddColumn("folk", column("note", "text")))
        session.define(DropTable("folk"))
        assert commit is not None
        then = _at(session, commit)
        assert {"people"} == set(then.catalog().tables)
        assert [{"id": 1, "name": "Ada", "age": 36}] == then.rows("people")

    @needs("as_of", "define")
    def test_a_past_state_can_be_seen_with_the_schema_of_now(self, session: Session) -> None:
        """Names and columns of now over the rows of then; what did not exist is its default."""
        _begin(session)
        commit = session.insert("people", {"name": "Ada", "age": 36}).commit
        session.update("people", {"age": 40}, every_row=True)
        session.define(RenameColumn("people", "age", "years"), AddColumn("people", column("note", "text")))
        now = session.at(Ref(session.ref.branch, commit, schema="now"))
        assert [{"id": 1, "name": "Ada", "years": 36, "note": None}] == now.rows("people")

    @needs("as_of")
    def test_a_widened_column_is_narrow_in_the_past(self, session: Session) -> None:
        """Values are those of the type of then."""
        _begin(session)
        commit = session.insert("things", {"value": 5}).commit
        session.insert("things", {"value": "five"})
        assert commit is not None
        assert [5] == _at(session, commit).values("things", "value")
        assert ["5", "five"] == session.values("things", "value")
        assert {"value": "integer"} == _at(session, commit).types("things")

    @needs("as_of")
    def test_the_past_is_not_written_to(self, session: Session) -> None:
        """By no kind of write."""
        first, *_ = _ages(session)
        then = _at(session, first)
        with session.refused("read_only"):
            then.insert("people", {"name": "Eve"})
        with session.refused("read_only"):
            then.update("people", {"age": 1}, every_row=True)
        with session.refused("read_only"):
            then.delete("people", every_row=True)

    @needs("as_of")
    @pytest.mark.parametrize("moment", ["nowhere", "99999999", "2013-99-01", "5 moons ago"])
    def test_a_moment_that_cannot_be_is_refused(self, session: Session, moment: str) -> None:
        """A commit that does not exist, and text that is no time."""
        _ages(session)
        with session.refused("unknown_ref"):
            _at(session, moment).rows("people")

    @needs("as_of")
    def test_a_write_that_changes_nothing_is_no_commit(self, session: Session) -> None:
        """It is answered like any other, and there is nothing of it in the log."""
        _ages(session)
        before = session.execute(Log(session.ref)).python()
        result = session.update("people", {"age": 37}, where("id", "eq", 1))
        assert (1, None) == (result.affected, result.commit)
        assert session.delete("people", where("id", "eq", 99)).commit is None
        assert before == session.execute(Log(session.ref)).python()

    @needs("as_of")
    def test_a_batch_is_one_commit(self, session: Session) -> None:
        """However many operations are in it."""
        _ages(session)
        batch = Batch(
            (
                Insert.of("people", [{"name": "Eve"}]),
                Update("people", {"age": 1}, every_row=True),
                Delete("people", where("name", "eq", "Eve")),
            )
        )
        before = len(session.execute(Log(session.ref)).rows)
        assert session.execute(batch).commit is not None
        assert before + 1 == len(session.execute(Log(session.ref)).rows)

    @needs("as_of")
    def test_the_log_tells_who_did_what_newest_first(self, session: Session) -> None:
        """Author, branch and kind; filters and pages choose."""
        first, second, third = _ages(session)
        entries = session.execute(Log(session.ref)).python()
        assert [third, second, first] == [entry["id"] for entry in entries][:3]
        assert ({"tester"}, session.ref.branch) == ({entry["author"] for entry in entries}, entries[0]["branch"])
        assert [third] == [entry["id"] for entry in session.execute(Log(session.ref, limit=1)).python()]
        older = session.execute(Log(session.ref, before=third, limit=1)).python()
        assert [second] == [entry["id"] for entry in older]
        within = session.execute(Log(session.ref, since=second, until=second)).python()
        assert [second] == [entry["id"] for entry in within]
        assert [] == session.execute(Log(session.ref, author="nobody")).python()
        assert [] == session.execute(Log(session.ref, table="nowhere")).python()

    @needs("as_of")
    def test_a_rows_history_is_every_version_of_it(self, session: Session) -> None:
        """Newest first, with what was done and by which commit; a deletion has no row."""
        first, second, _ = _ages(session)
        found = session.execute(History("people", (1,), ref=session.ref)).python()
        ada = {"id": 1, "name": "Ada"}
        expected = [(second, "update", ada | {"age": 37}), (first, "insert", ada | {"age": 36})]
        assert expected == [(entry["commit"], entry["change"], entry["row"]) for entry in found]
        gone = session.execute(History("people", (2,), ref=session.ref)).python()
        assert [("delete", None), ("insert", 25)] == [
            (entry["change"], entry["row"] and entry["row"]["age"]) for entry in gone
        ]

    @needs("as_of")
    def test_a_cells_history_is_every_change_of_it(self, session: Session) -> None:
        """Changes of other cells of the row are left out."""
        first, second, _ = _ages(session)
        session.update("people", {"name": "Adi"}, where("id", "eq", 1))
        found = session.execute(History("people", (1,), "age", session.ref)).python()
        assert [(second, 37), (first, 36)] == [(entry["commit"], entry["value"]) for entry in found]

    @needs("as_of")
    def test_two_states_are_compared_row_by_row(self, session: Session) -> None:
        """What leads from one to the other, and back."""
        first, second, third = _ages(session)
        ada, bob = {"id": 1, "name": "Ada", "age": 36}, {"id": 2, "name": "Bob", "age": 25}
        older, newer = ada, ada | {"age": 37}
        there = session.execute(Diff(Ref(first), Ref(third))).python()
        assert [([1], "update", older, newer), ([2], "delete", bob, None)] == [
            (row["key"], row["change"], row["old"], row["new"]) for row in there
        ]
        back = session.execute(Diff(Ref(third), Ref(first))).python()
        assert [([1], "update", newer, older), ([2], "insert", None, bob)] == [
            (row["key"], row["change"], row["old"], row["new"]) for row in back
        ]
        assert [] == session.execute(Diff(Ref(third), session.ref)).python()
        summary = session.execute(Diff(Ref(first), Ref(third), detail="summary")).python()
        assert [{"table": "people", "inserted": 0, "updated": 1, "deleted": 1}] == summary
        session.insert("pets", {"name": "Rex"})
        assert [] == session.execute(Diff(Ref(first), Ref(second), tables=("people",), limit=0)).python()
        assert ["pets"] == [row["table"] for row in session.execute(Diff(Ref(third), session.ref)).python()]

    @needs("as_of", "branches")
    def test_three_dots_compare_with_where_both_were_the_same(self, session: Session) -> None:
        """What the base did since is no part of it."""
        _ages(session)
        dev = session.fork("dev")
        dev.insert("people", {"name": "Cleo"})
        session.insert("people", {"name": "Dan"})
        two = session.execute(Diff(session.ref, dev.ref)).python()
        assert [(["Cleo"], "insert"), (["Dan"], "delete")] == [
            ([(row["new"] or row["old"])["name"]], row["change"]) for row in two
        ]
        three = session.execute(Diff(session.ref, dev.ref, three_dot=True)).python()
        assert ["Cleo"] == [row["new"]["name"] for row in three]

    @needs("as_of", "branches")
    def test_a_branch_before_it_existed_is_what_its_parent_was(self, session: Session) -> None:
        """And before it was first written to it is what it was made from, whatever its parent has done since."""
        first, _, third = _ages(session)
        dev = session.fork("dev")
        later = session.update("people", {"age": 50}, every_row=True).commit
        written = dev.update("people", {"age": 60}, every_row=True).commit
        assert later is not None
        assert written is not None
        dev.delete("people", every_row=True)
        assert [36, 25] == _at(dev, first).values("people", "age")
        assert [37] == _at(dev, third).values("people", "age")
        assert [37] == _at(dev, later).values("people", "age")
        assert [60] == _at(dev, written).values("people", "age")
        assert [50] == _at(session, written).values("people", "age")

    @needs("as_of", "branches")
    def test_a_branch_can_be_made_of_the_past(self, session: Session) -> None:
        """It goes its own way from there."""
        first, _, third = _ages(session)
        dev = session.fork("dev", at=Ref(session.ref.branch, first))
        dev.insert("people", {"name": "Cleo", "age": 50})
        assert [36, 25, 50] == dev.values("people", "age")
        assert [37, 25] == session.fork("other", at=Ref(str(int(third) - 1))).values("people", "age")

    @needs("as_of", "branches")
    def test_a_tag_may_be_of_the_past(self, session: Session) -> None:
        """It keeps that state readable under its name."""
        first, *_ = _ages(session)
        session.execute(Branching((CreateTag("v1", Ref(session.ref.branch, first)),)))
        assert [36, 25] == session.at(Ref("v1")).values("people", "age")
