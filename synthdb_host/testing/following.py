"""Conformance: following a branch, for any number of callers at once."""

import threading
from collections.abc import Mapping
from typing import Any

from synthdb_host.contracts import UNRESTRICTED, ChangeSet, Restrictions, TableRestriction
from synthdb_host.errors import UnsupportedCapability
from synthdb_host.operations import ColumnRef, Comparison, Filter, Not, RenameColumn, RenameTable
from synthdb_host.stepping import run
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import Offset

__all__ = ["FollowTests"]

_WAIT_SECONDS = 10.0


class FollowTests:
    """Commits are told of, and what they changed is shown to each caller as far as he may see it."""

    @needs("follow")
    def test_whoever_watches_is_told_of_every_commit(self, session: Session) -> None:
        """Until he does not want to be."""
        told = threading.Event()
        watch = session.database.watch(told.set)
        for number in range(3):
            session.insert("people", {"name": f"N{number}"})
            assert told.wait(_WAIT_SECONDS)
            told.clear()
        watch.close()
        watch.close()
        session.insert("people", {"name": "Zoe"})
        assert not told.is_set()

    @needs("follow")
    def test_a_change_shows_the_row_before_and_after(self, session: Session) -> None:
        """And which columns are not the same."""
        since = _end(session)
        commits = [
            session.insert("people", {"name": "Ada", "age": 36}).commit,
            session.update("people", {"age": 37}, where("id", "eq", 1)).commit,
            session.delete("people", where("id", "eq", 1)).commit,
        ]
        old, new = {"id": 1, "name": "Ada", "age": 36}, {"id": 1, "name": "Ada", "age": 37}
        found = _seen(session, since)
        assert [("insert", None, old, None), ("update", old, new, ["age"]), ("delete", new, None, None)] == [
            (row["op"], row["old"], row["new"], row["changed"]) for row in found
        ]
        assert commits == [row["commit"] for row in found]
        assert [("people", [1], session.ref.branch)] * 3 == [(row["table"], row["key"], row["branch"]) for row in found]

    @needs("follow")
    def test_reading_goes_on_in_the_middle_of_a_commit(self, session: Session) -> None:
        """However large a commit, a set holds about as many changes as were asked for, and none is lost or repeated."""
        since = _end(session)
        session.insert("people", *({"name": f"N{number}"} for number in range(7)))
        session.insert("pets", {"name": "Rex"})
        whole = [row["seq"] for row in _seen(session, since)]
        assert 8 == len(whole) == len(set(whole))
        for first in whole:
            rest = [row["seq"] for row in _seen(session, Offset.parse(first))]
            assert whole[whole.index(first) + 1 :] == rest
        parts: list[str] = []
        while changes := _some(session, since, 3):
            rows = _rows(changes, {}, UNRESTRICTED)
            assert len(rows) <= 3
            parts, since = parts + [row["seq"] for row in rows], changes.end
        assert whole == parts

    @needs("follow")
    def test_a_row_enters_and_leaves_a_condition(self, session: Session) -> None:
        """It is inserted when it comes to satisfy it, and leaves when it no longer does."""
        since = _end(session)
        session.insert("people", {"name": "Ada", "age": 10}, {"name": "Bob", "age": 50})
        session.update("people", {"age": 20}, where("name", "eq", "Ada"))
        session.update("people", {"age": 30}, where("name", "eq", "Ada"))
        session.update("people", {"age": 5}, where("name", "eq", "Ada"))
        session.delete("people", every_row=True)
        found = _seen(session, since, {"people": where("age", "gte", 20)})
        assert [
            ("insert", None, 50), ("insert", None, 20), ("update", 20, 30), ("leave", 30, None), ("delete", 50, None),
        ] == [(row["op"], *_ages(row)) for row in found]  # fmt: skip

    @needs("follow")
    def test_a_caller_sees_what_his_restrictions_leave(self, session: Session) -> None:
        """A policy may use columns that are hidden, a caller's condition may not; changes of hidden ones are silent."""
        since = _end(session)
        session.insert("people", {"name": "Ada", "age": 10}, {"name": "Bob", "age": 50})
        session.update("people", {"age": 60}, where("name", "eq", "Bob"))
        session.update("people", {"name": "Rob"}, where("name", "eq", "Bob"))
        session.update("people", {"age": 1}, where("name", "eq", "Rob"))
        limits = Restrictions({"people": TableRestriction(where("age", "gte", 20), hidden=frozenset({"age"}))})
        found = _rows(_some(session, since, 100), {}, limits)
        bob, rob = {"id": 2, "name": "Bob"}, {"id": 2, "name": "Rob"}
        assert [("insert", None, bob), ("update", bob, rob), ("leave", rob, None)] == [
            (row["op"], row["old"], row["new"]) for row in found
        ]
        changes = _some(session, since, 100)
        with session.refused("unknown_column"):
            _rows(changes, {"people": where("age", "eq", 1)}, limits)

    @needs("follow")
    def test_what_is_followed_must_be_there(self, session: Session) -> None:
        """Whether it was changed or not: tables, columns, operators and values are checked."""
        session.insert("people", {"name": "Ada", "age": 1})
        changes = run(session.database.changes(session.ref.branch, None, 1))
        conditions: list[tuple[str, Filter | None, str]] = [
            ("ghosts", None, "unknown_table"),
            ("people", where("ghost", "eq", 1), "unknown_column"),
            ("people", where("age", "eq", "old"), "invalid_filter"),
            ("people", where("age", "nope", 1), "unknown_operator"),
        ]
        for table, condition, code in conditions:
            with session.refused(code):
                _rows(changes, {table: condition}, UNRESTRICTED)

    @needs("follow")
    def test_conditions_decide_as_they_do_in_a_select(self, session: Session) -> None:
        """Null is unknown, and a value compares as it does everywhere."""
        session.insert("things", {"n": 1, "t": "Abc", "doc": {"a": [1]}}, {"n": None, "t": None}, {"n": 3, "t": "b%"})
        conditions: list[Filter] = [
            where("n", "gt", 1), Not(where("n", "gt", 1)), where("n", "in", (1, 2)), where("n", "is", None),
            where("n", "isdistinct", 1), where("t", "like", "A%"), where("t", "ilike", "a_c"),
            where("t", "match", "^b"), where("doc", "cs", {"a": [1]}), where("n", "eq", (1, 3), quantifier="any"),
            Comparison(ColumnRef("doc", ("a", 0)), "eq", 1),
        ]  # fmt: skip
        for condition in conditions:
            rows = session.rows("things", where=condition)
            assert rows == [row["new"] for row in _seen(session, Offset(0), {"things": condition})]

    @needs("follow", "define")
    def test_old_changes_are_shown_as_the_table_is_now(self, session: Session) -> None:
        """Under its name of now, so that a policy that names a column or table holds for what it once was called."""
        since = _end(session)
        session.insert("people", {"name": "Ada", "pay": 5})
        session.define(RenameColumn("people", "pay", "salary"))
        session.define(RenameTable("people", "staff"))
        found = _seen(session, since)
        assert [("staff", {"id": 1, "name": "Ada", "salary": 5})] == [(row["table"], row["new"]) for row in found]
        limits = Restrictions({"staff": TableRestriction(hidden=frozenset({"salary"}))})
        assert [{"id": 1, "name": "Ada"}] == [row["new"] for row in _rows(_some(session, since, 9), {}, limits)]

    @needs("follow", "branches")
    def test_a_branch_has_its_own_changes(self, session: Session) -> None:
        """And those that it was made from."""
        since = _end(session)
        session.insert("people", {"name": "Ada"})
        dev = session.fork("dev")
        dev.insert("people", {"name": "Bob"})
        session.insert("people", {"name": "Cleo"})
        assert ["Ada", "Cleo"] == [row["new"]["name"] for row in _seen(session, since)]
        assert ["Ada", "Bob"] == [row["new"]["name"] for row in _seen(dev, since)]
        with session.refused("unknown_ref"):
            run(session.database.changes("nowhere", None, 1))

    @needs("follow")
    def test_an_offset_of_another_log_is_refused(self, session: Session) -> None:
        """It may have come from a database that was since restored from an older copy."""
        _end(session)
        with session.refused("history_gone"):
            run(session.database.changes(session.ref.branch, Offset(10**6), 1))


def _end(session: Session) -> Offset:
    if "follow" not in session.database.capabilities:
        raise UnsupportedCapability("This storage cannot be followed.")
    session.place.stay()
    return run(session.database.changes(session.ref.branch, None, 1)).end


def _some(session: Session, since: Offset, limit: int) -> Any:
    changes = run(session.database.changes(session.ref.branch, since, limit))
    return changes if changes.tables else None


def _rows(changes: ChangeSet, tables: Mapping[str, Filter | None], restrictions: Restrictions) -> list[dict[str, Any]]:
    offsets, result = run(changes.seen(tables, restrictions))
    rows = result.python()
    assert [str(offset) for offset in offsets] == [row["seq"] for row in rows]
    assert sorted(offsets) == list(offsets)
    return rows


def _seen(session: Session, since: Offset, tables: Mapping[str, Filter | None] | None = None) -> list[dict[str, Any]]:
    changes = run(session.database.changes(session.ref.branch, since, 1_000))
    return _rows(changes, tables or {}, session.restrictions)


def _ages(row: Mapping[str, Any]) -> tuple[int | None, int | None]:
    old, new = (row[name] and row[name]["age"] for name in ("old", "new"))
    return old, new
