"""Conformance: parts of a batch that take values from each other, and rows that are updated each by its key."""

import pytest

from synthdb_host.contracts import TableRestriction
from synthdb_host.errors import RequestError
from synthdb_host.operations import (
    MISSING,
    And,
    Batch,
    Delete,
    Insert,
    OnConflict,
    Or,
    Reference,
    Select,
    Update,
)
from synthdb_host.testing.session import Session, columns, where

__all__ = ["EachRowTests", "ReferenceTests"]

_EACH = OnConflict(resolution="update")


def _people(session: Session) -> None:
    session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25}, {"name": "Cy", "age": None})


class ReferenceTests:
    """References, and errors of parts."""

    def test_a_part_takes_values_from_parts_before_it(self, session: Session) -> None:
        """In rows, in values, in conditions of every depth, and in what is read of a related table."""
        _people(session)
        made = Insert.of("people", [{"name": "Dan", "age": 7}], returning=Select("people", columns("id", "age")))
        pets = Insert.of("pets", [{"name": "Rex", "owner": Reference(0, "id")}, {"name": "Tom", "owner": 1}])
        chosen = And((where("owner", "in", (Reference(0, "id"), 99)), Or((where("name", "eq", "Rex"),))))
        update = Update("people", {"age": Reference(3, "age")}, where("id", "eq", Reference(0, "id")))
        bob = Select("people", columns("age"), where=where("name", "eq", "Bob"))
        parts = (made, pets, Select("pets", columns("name"), where=chosen), bob, update)
        result = session.execute(Batch(parts, references=True))
        assert [{"name": "Rex"}] == result.parts[2].python()
        assert [36, 25, None, 25] == session.values("people", "age")
        session.execute(Batch((bob, Delete("people", where("age", "eq", Reference(0, "age")))), references=True))
        assert ["Ada", "Cy"] == session.values("people", "name")

    def test_a_condition_takes_the_values_of_every_row(self, session: Session) -> None:
        """As the operand of ``in`` or among others there; of no row there is no value."""
        _people(session)
        old = Select("people", columns("id"), where=where("age", "gt", 30))
        none = Select("people", columns("id"), where=where("age", "gt", 90))
        every = Reference(0, "id", every=True)
        among = (Reference(1, "id", every=True), every, 3)
        update = Update("people", {"age": 1}, where("id", "in", every))
        result = session.execute(
            Batch((old, none, update, Select("people", columns("id"), where=where("id", "in", among))), references=True)
        )
        assert (1, [{"id": 1}, {"id": 3}]) == (result.parts[2].affected, result.parts[3].python())
        nobody = Delete("people", where("id", "in", every))
        assert 0 == session.execute(Batch((none, nobody), references=True)).parts[1].affected
        with session.refused("invalid_reference"):
            lost = Update("people", {"age": 2}, where("id", "in", Reference(0, "nothing", every=True)))
            session.execute(Batch((Select("people", columns("id")), lost), references=True))

    @pytest.mark.parametrize("reference", [Reference(1, "id"), Reference(0, "nothing"), Reference(7, "id")])
    def test_a_reference_to_what_is_not_there_is_refused(self, session: Session, reference: Reference) -> None:
        """Nothing of the batch is done."""
        _people(session)
        first = Select("people", columns("id"), limit=1)
        with session.refused("invalid_reference"):
            part = Insert.of("pets", [{"owner": reference}])
            session.execute(Batch((first, part), references=True))
        with session.refused("invalid_reference"):
            many = Select("people", columns("id"))
            session.execute(Batch((many, Insert.of("pets", [{"owner": Reference(0, "id")}])), references=True))

    @pytest.mark.parametrize(
        "part",
        [
            Insert.of("people", [{"id": 1}]),
            Select("people", columns("nothing")),
            Update("people", {"age": 1}, where("id", "eq", 9), min_affected=1),
        ],
    )
    def test_an_error_says_which_part_it_is_of(self, session: Session, part: Insert | Select | Update) -> None:
        """By its number."""
        _people(session)
        with pytest.raises(RequestError) as caught:
            session.execute(Batch((Select("people"), part)))
        assert 1 == caught.value.data["operation"]

    def test_too_few_rows_are_an_error(self, session: Session) -> None:
        """Of an update and of a deletion."""
        _people(session)
        with session.refused("not_found"):
            session.update("people", {"age": 1}, where("name", "neq", "Ada"), min_affected=3)
        with session.refused("not_found"):
            session.delete("people", where("id", "eq", 9), min_affected=1)
        assert 2 == session.update("people", {"age": 1}, where("name", "neq", "Ada"), min_affected=2).affected


class EachRowTests:
    """Updates in which each row has its own values."""

    def test_each_row_gets_its_own_values(self, session: Session) -> None:
        """What a row does not give stays."""
        _people(session)
        rows = [(1, "Eve", MISSING), (3, MISSING, 50), (2, None, 1)]
        returning = Select("people", columns("id", "name", "age"))
        result = session.execute(Insert("people", ("id", "name", "age"), rows, _EACH, returning))
        assert (3, 0) == (result.affected, result.inserted)
        assert [("Eve", 36), (None, 1), ("Cy", 50)] == [(row["name"], row["age"]) for row in session.rows("people")]
        assert 3 == len(result.rows)

    def test_a_row_that_is_not_there_is_an_error(self, session: Session) -> None:
        """Nothing is changed; no row, column or table is made."""
        _people(session)
        with session.refused("not_found"):
            session.insert("people", {"id": 1, "age": 1}, {"id": 9, "age": 1}, on_conflict=_EACH)
        with session.refused("unknown_table"):
            session.insert("nowhere", {"id": 1, "age": 1}, on_conflict=_EACH)

    def test_a_row_is_known_once(self, session: Session) -> None:
        """Two values for one row contradict each other."""
        _people(session)
        with session.refused("unique_violation"):
            session.insert("people", {"id": 1, "age": 1}, {"id": 1, "age": 2}, on_conflict=_EACH)

    def test_a_row_that_is_not_seen_is_not_there(self, session: Session) -> None:
        """Its caller is not told that it exists."""
        _people(session)
        caller = session.restricted(people=TableRestriction(rows=where("age", "gt", 30)))
        with session.refused("not_found"):
            caller.insert("people", {"id": 1, "name": "x"}, {"id": 2, "name": "x"}, on_conflict=_EACH)
        assert 1 == caller.insert("people", {"id": 1, "name": "x"}, on_conflict=_EACH).affected
