"""Conformance: versions of rows, and writes that expect one."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from synthdb_host.catalog import UniqueKey
from synthdb_host.contracts import TableRestriction
from synthdb_host.errors import PreconditionFailed, PreconditionRequired, RequestError
from synthdb_host.expectations import ANY_VERSION, Expected
from synthdb_host.operations import (
    AddColumn,
    Batch,
    Delete,
    Insert,
    OnConflict,
    Ref,
    RenameColumn,
    RequirePreconditions,
    Select,
    Update,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, aggregate, by, column, columns, where
from synthdb_host.versions import Log

__all__ = ["RowVersionTests", "StateTests"]

_NEW = Expected(none_match=frozenset({ANY_VERSION}))
_PRESENT = Expected(match=frozenset({ANY_VERSION}))


def _is(*versions: str) -> Expected:
    return Expected(match=frozenset(versions))


def _versions(session: Session, table: str = "people") -> dict[Any, str]:
    found = session.execute(Select(table, columns("id"), versions=True))
    return {row[0]: version for row, version in zip(found.rows, found.versions, strict=True)}


class RowVersionTests:
    """Nothing that somebody else has written is overwritten by who has not seen it."""

    @needs("row_versions")
    def test_a_version_changes_with_its_row_and_only_then(self, session: Session) -> None:
        """Neither reading, nor writing other rows or the same values changes it."""
        session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
        first = _versions(session)
        session.update("people", {"age": 26}, where("id", "eq", 2))
        session.update("people", {"age": 36}, where("id", "eq", 1))
        second = _versions(session)
        assert first[1] == second[1]
        assert first[2] != second[2]
        session.update("people", {"age": 25}, where("id", "eq", 2))
        assert _versions(session)[2] not in (first[2], second[2])

    @needs("row_versions", "define")
    def test_a_table_can_demand_that_guarded_writes_expect_something(self, session: Session) -> None:
        """Who may overwrite what he has not seen is refused; adding rows, and all that is not guarded, goes on."""
        session.insert("people", {"name": "Ada", "age": 36})
        session.define(RequirePreconditions("people"))
        assert session.table("people").preconditions
        merge, key = OnConflict(("id",)), where("id", "eq", 1)
        refused = (
            Update("people", {"age": 1}, key, guarded=True),
            Delete("people", key, guarded=True),
            Insert("people", ("id", "age"), ((1, 1),), merge, guarded=True),
        )
        for operation in refused:
            with pytest.raises(PreconditionRequired):
                session.execute(operation)
        version = _versions(session)[1]
        session.execute(replace(refused[0], expected=_is(version)))
        session.execute(Insert("people", ("name",), (("Bob",),), guarded=True))
        session.execute(replace(refused[2], on_conflict=OnConflict(("id",), "ignore")))
        session.update("people", {"age": 2}, key)
        session.define(RequirePreconditions("people", required=False))
        session.execute(refused[1])
        assert [2] == session.values("people", "id")

    @needs("row_versions")
    def test_a_row_that_comes_back_has_another_version(self, session: Session) -> None:
        """Whoever saw the row before it was deleted has not seen this one."""
        session.insert("people", {"id": 7, "name": "Ada"})
        before = _versions(session)[7]
        session.delete("people", where("id", "eq", 7))
        session.insert("people", {"id": 7, "name": "Ada"})
        assert before != _versions(session)[7]

    @needs("row_versions", "define")
    def test_a_change_of_schema_leaves_versions_alone(self, session: Session) -> None:
        """What a caller has seen of a row is still what it holds."""
        session.insert("people", {"name": "Ada", "age": 36})
        before = _versions(session)
        session.define(AddColumn("people", column("city", "text")), RenameColumn("people", "age", "years"))
        assert before == _versions(session)

    @needs("row_versions")
    def test_versions_come_in_the_order_of_the_rows(self, session: Session) -> None:
        """Sorted and cut like them, and without one for groups."""
        for age in (3, 1, 2):
            session.insert("people", {"age": age})
        known = _versions(session)
        page = session.execute(Select("people", columns("age"), order=by("age"), limit=2, versions=True))
        assert ([(1,), (2,)], (known[2], known[3])) == ([tuple(row) for row in page.rows], page.versions)
        grouped = session.execute(Select("people", (aggregate("count"),), versions=True))
        assert () == grouped.versions

    @needs("row_versions")
    def test_a_write_of_one_row_answers_its_version(self, session: Session) -> None:
        """Of a new row, a changed one and one left as it was."""
        shape = Select("people", columns("id", "name"))
        made = session.insert("people", {"name": "Ada"}, returning=shape)
        assert (_versions(session)[1],) == made.versions
        for name in ("Eve", "Eve"):
            changed = session.update("people", {"name": name}, where("id", "eq", 1))
            assert (_versions(session)[1],) == changed.versions
        merged = session.insert("people", {"id": 1, "name": "Ada"}, on_conflict=OnConflict())
        assert (_versions(session)[1],) == merged.versions
        assert () == session.insert("people", {"name": "Bob"}, {"name": "Cleo"}).versions
        assert () == session.delete("people", where("id", "eq", 1)).versions

    @needs("row_versions")
    def test_a_write_of_a_version_that_is_no_longer_is_refused(self, session: Session) -> None:
        """And leaves nothing behind; of the version that is there it is done."""
        session.insert("people", {"name": "Ada"})
        old = _versions(session)[1]
        session.update("people", {"name": "Eve"}, where("id", "eq", 1), expected=_is(old))
        for write in _writes(_is(old, "nonsense")):
            with session.refused("precondition_failed"):
                session.execute(write)
        for number in range(3):
            session.execute(_writes(_is("nonsense", _versions(session)[1]))[number])
        assert [] == session.rows("people")

    @needs("row_versions")
    def test_a_write_can_refuse_versions(self, session: Session) -> None:
        """Named ones, or all."""
        session.insert("people", {"name": "Ada"})
        seen = Expected(none_match=frozenset({_versions(session)[1]}))
        for write in (*_writes(seen), *_writes(_NEW)):
            with session.refused("precondition_failed"):
                session.execute(write)
        session.update("people", {"name": "Eve"}, where("id", "eq", 1))
        session.execute(_writes(seen)[0])

    @needs("row_versions")
    def test_every_row_that_a_write_finds_must_be_as_expected(self, session: Session) -> None:
        """One that is not is enough to refuse it; none found is no reason to."""
        session.insert("people", {"name": "Ada"})
        session.insert("people", {"name": "Bob"})
        known = _versions(session)
        with session.refused("precondition_failed"):
            session.update("people", {"name": "x"}, every_row=True, expected=_is(known[1]))
        assert 2 == session.update("people", {"name": "x"}, every_row=True, expected=_is(*known.values())).affected
        assert 0 == session.delete("people", where("id", "eq", 9), expected=_PRESENT).affected

    @needs("row_versions", "define")
    def test_an_insert_can_demand_that_its_rows_are_new(self, session: Session) -> None:
        """Or that they are there; by the declared key, or another unique one."""
        key = UniqueKey("by_email", ("email",))
        session.create("people", column("name", "text"), column("email", "text"), key=("name",), unique_keys=(key,))
        ada = {"name": "Ada", "email": "a@x"}
        with session.refused("precondition_failed"):
            session.insert("people", ada, on_conflict=OnConflict(), expected=_PRESENT)
        made = session.insert("people", ada, {"name": "Bob"}, on_conflict=OnConflict(), expected=_NEW)
        assert 2 == made.inserted
        for conflict in (None, OnConflict(), OnConflict(resolution="ignore")):
            with session.refused("precondition_failed"):
                session.insert("people", {"name": "Cleo"}, ada, on_conflict=conflict, expected=_NEW)
        by_email = OnConflict(("email",))
        with session.refused("precondition_failed"):
            session.insert("people", {"name": "Eve", "email": "a@x"}, on_conflict=by_email, expected=_NEW)
        session.insert("people", {"name": "Ada", "email": "b@x"}, on_conflict=OnConflict(), expected=_PRESENT)
        assert ["b@x", None] == session.values("people", "email")

    @needs("row_versions")
    def test_a_part_that_is_not_as_expected_undoes_its_batch(self, session: Session) -> None:
        """A part finds what the parts before it wrote."""
        session.insert("people", {"name": "Ada"})
        old = _versions(session)[1]
        change = Update("people", {"name": "Eve"}, where("id", "eq", 1))
        with session.refused("precondition_failed"):
            session.execute(Batch((change, *_writes(_is(old))[:1])))
        session.execute(Batch((*_writes(_is(old))[:1], change)))
        assert ["Eve"] == session.values("people", "name")

    @needs("row_versions")
    def test_rows_that_a_caller_does_not_see_are_not_compared(self, session: Session) -> None:
        """A refusal would tell that they are there."""
        session.insert("people", {"name": "Ada"}, {"name": "Bob"})
        limited = session.restricted(people=TableRestriction(rows=where("name", "eq", "Bob")))
        assert 0 == limited.update("people", {"name": "x"}, where("id", "eq", 1), expected=_is("0")).affected
        with session.refused("precondition_failed"):
            limited.update("people", {"name": "x"}, where("id", "eq", 2), expected=_is("0"))

    @needs("row_versions", "branches")
    def test_a_branch_shows_the_versions_of_what_it_shows(self, session: Session) -> None:
        """Those of its origin, until it writes itself; what either writes then is nothing to the other."""
        session.insert("people", {"name": "Ada"}, {"name": "Bob"})
        dev = session.fork("dev")
        known = _versions(session)
        assert known == _versions(dev)
        dev.update("people", {"name": "Eve"}, where("id", "eq", 1), expected=_is(known[1]))
        assert (known, known[2]) == (_versions(session), _versions(dev)[2])
        with session.refused("precondition_failed"):
            dev.update("people", {"name": "x"}, where("id", "eq", 1), expected=_is(known[1]))
        session.update("people", {"name": "Amy"}, where("id", "eq", 1), expected=_is(known[1]))
        assert 3 == len({known[1], _versions(session)[1], _versions(dev)[1]})

    @needs("row_versions", "merge")
    def test_what_a_merge_changes_has_another_version(self, session: Session) -> None:
        """And what it leaves alone has not."""
        session.insert("people", {"name": "Ada"}, {"name": "Bob"})
        dev = session.fork("dev")
        known = _versions(session)
        dev.update("people", {"name": "Eve"}, where("id", "eq", 1))
        session.merge(dev)
        assert known[1] != _versions(session)[1]
        assert known[2] == _versions(session)[2]

    @needs("row_versions", "as_of")
    def test_the_past_shows_the_versions_of_then(self, session: Session) -> None:
        """Of each commit its own."""
        made = session.insert("people", {"name": "Ada"})
        session.place.stay()
        changed = session.update("people", {"name": "Eve"}, where("id", "eq", 1))
        commits = [row["id"] for row in session.execute(Log(session.ref, limit=2)).python()]
        assert commits == [changed.commit, made.commit]
        for written in (made, changed):
            past = session.at(Ref(session.ref.branch, written.commit))
            assert {1: written.versions[0]} == _versions(past)

    @needs("row_versions")
    def test_of_writers_who_saw_the_same_only_one_writes(self, session: Session) -> None:
        """The others are refused, however close they come."""
        session.insert("counters", {"n": 0})
        session.place.stay()
        lost: list[str] = []

        def count() -> None:
            for _ in range(10):
                while not _counted_up(session, lost):
                    pass

        _together([count] * 4)
        assert [40] == session.values("counters", "n")
        assert set(lost) <= {"precondition_failed"}


class StateTests:
    """A caller who has what was read need not read it again."""

    @needs("row_versions")
    def test_a_state_is_the_same_until_something_is_written(self, session: Session) -> None:
        """Rows, in any table, and the schema; for every read."""
        session.insert("people", {"name": "Ada"})
        session.place.stay()
        seen = [_state(session)]
        assert seen == [_state(session)]
        for write in (
            Insert.of("people", [{"name": "Bob"}]),
            Update("people", {"name": "Eve"}, where("id", "eq", 2)),
            Delete("people", where("id", "eq", 2)),
            Insert.of("things", [{"name": "new"}]),
            Insert.of("people", [{"id": 2, "name": "Bob"}]),
        ):
            session.execute(write)
            seen.append(_state(session))
        assert len(set(seen)) == len(seen)

    @needs("row_versions")
    def test_what_is_known_is_not_read_again(self, session: Session) -> None:
        """As long as it is as it was."""
        session.insert("people", {"name": "Ada"})
        session.place.stay()
        read = Select("people", columns("name"), known=frozenset())
        first = session.execute(read)
        assert [{"name": "Ada"}] == first.python()
        knowing = replace(read, known=frozenset({"another", str(first.state)}))
        again = session.execute(knowing)
        assert (None, (), first.state) == (again.encoder, again.rows, again.state)
        session.insert("people", {"name": "Bob"})
        assert [{"name": "Ada"}, {"name": "Bob"}] == session.execute(knowing).python()
        assert session.execute(replace(read, known=None)).state is None

    @needs("row_versions", "branches")
    def test_a_branch_has_a_state_of_its_own(self, session: Session) -> None:
        """Writes elsewhere do not change it."""
        session.insert("people", {"name": "Ada"})
        dev = session.fork("dev")
        dev.insert("people", {"name": "Bob"})
        before = _state(dev)
        session.update("people", {"name": "Eve"}, every_row=True)
        session.update("people", {"name": "Amy"}, every_row=True)
        middle = _state(dev)
        session.insert("people", {"name": "Cleo"})
        assert middle == _state(dev)
        dev.insert("people", {"name": "Dan"})
        assert 3 == len({before, _state(session), _state(dev)})

    @needs("row_versions", "as_of")
    def test_the_past_keeps_its_state(self, session: Session) -> None:
        """Whatever is written later."""
        made = session.insert("people", {"name": "Ada"})
        session.place.stay()
        session.insert("people", {"name": "Bob"})
        assert 2 == len(session.execute(Log(session.ref)).rows)
        past = session.at(Ref(session.ref.branch, made.commit))
        before = _state(past)
        session.update("people", {"name": "Eve"}, every_row=True)
        assert before == _state(past) != _state(session)


def _state(session: Session) -> str:
    state = session.execute(Select("people", columns("id"), known=frozenset())).state
    assert state is not None
    return state


def _writes(expected: Expected) -> tuple[Update | Insert | Delete, ...]:
    """Give a write of each kind of the row 1."""
    chosen = where("id", "eq", 1)
    return (
        Update("people", {"name": "updated"}, chosen, expected=expected),
        Insert.of("people", [{"id": 1, "name": "merged"}], OnConflict(), expected=expected),
        Delete("people", chosen, expected=expected),
    )


def _counted_up(session: Session, lost: list[str]) -> bool:
    found = session.execute(Select("counters", columns("n"), versions=True))
    change = Update("counters", {"n": found.rows[0][0] + 1}, where("id", "eq", 1), expected=_is(*found.versions))
    try:
        session.execute(change)
    except PreconditionFailed as error:
        lost.append(error.code)
        return False
    return True


def _together(works: Iterable[Callable[[], None]]) -> None:
    failed: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except (AssertionError, RequestError) as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == failed
