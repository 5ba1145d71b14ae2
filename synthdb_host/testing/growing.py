"""Conformance: tables, columns and types appear with the data, and nothing is lost when they change."""

from decimal import Decimal
from typing import Any, Final

import pytest

from synthdb_host.operations import MISSING, AddColumn, Insert, Literal, SetMode
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, column, where

__all__ = ["GrowingTests"]

_INFERRED: Final[tuple[tuple[Any, str], ...]] = (
    (5, "integer"),
    (1.5, "real"),
    (True, "boolean"),
    ("text", "text"),
    ("5", "text"),
    ("2013-01-01", "date"),
    ("2013-01-01T05:00:00Z", "timestamp"),
    ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
    ({"a": 1}, "json"),
    ([1], "json"),
    (b"x", "bytes"),
    (2**63, "decimal"),
    (Decimal("19.9900"), "decimal"),
    (Literal("5"), "integer"),
    (Literal("00501"), "text"),
    (Literal("1.5"), "real"),
    (Literal("19.9900"), "decimal"),
    (Literal("true"), "boolean"),
)

_WIDENED: Final[tuple[tuple[list[Any], str, list[Any] | None], ...]] = (
    ([5, 1.5], "real", [5.0, 1.5]),
    ([1.5, 5], "real", [1.5, 5.0]),
    ([2**53 + 1, 1.5], "decimal", [Decimal(2**53 + 1), Decimal("1.5")]),
    ([1.5, 2**53 + 1], "decimal", [Decimal("1.5"), Decimal(2**53 + 1)]),
    ([5, 2**63], "decimal", [Decimal(5), Decimal(2**63)]),
    ([5, Decimal("0.25")], "decimal", [Decimal(5), Decimal("0.25")]),
    ([1.5, Literal("0.250")], "decimal", [Decimal("1.5"), Decimal("0.250")]),
    ([Literal("0.10"), Literal("0.1234")], "decimal", [Decimal("0.1000"), Decimal("0.1234")]),
    (
        [Literal("0.10"), Literal("12345678901234567890.5")],
        "decimal",
        [Decimal("0.1"), Decimal("12345678901234567890.5")],
    ),
    ([5, "five"], "text", ["5", "five"]),
    ([1.5, "x"], "text", ["1.5", "x"]),
    ([True, "x"], "text", ["true", "x"]),
    ([True, 5], "text", ["true", "5"]),
    ([Literal("7"), Literal("007")], "text", ["7", "007"]),
    (["2013-01-01", "soon"], "text", ["2013-01-01", "soon"]),
    (["2013-01-01", "2013-01-01T05:00:00Z"], "timestamp", None),
    ([Literal("19.9900"), "x"], "text", ["19.9900", "x"]),
    (["text", 5], "text", ["text", "5"]),
    ([5, {"a": 1}], "json", [5, {"a": 1}]),
    (["text", [1]], "json", ["text", [1]]),
    ([{"a": 1}, "text"], "json", [{"a": 1}, "text"]),
    ([None, 5], "integer", [None, 5]),
    ([5, "6"], "integer", [5, 6]),
    ([5, "007"], "text", ["5", "007"]),
)


class GrowingTests:
    """Schema on write."""

    def test_a_table_exists_when_it_is_first_written_to(self, session: Session) -> None:
        """Its identity is an integer ``id`` that the engine gives, and its mode is flexible."""
        assert {} == session.catalog().tables
        session.insert("people", {"name": "Ada"})
        table = session.table("people")
        assert ("id", ("id",), "integer", "flexible") == (
            table.identity,
            table.key,
            table.generated,
            table.mode,
        )
        assert ["id", "name"] == [item.name for item in table.columns]
        assert table.column("name").inferred

    @pytest.mark.parametrize(("value", "expected"), _INFERRED)
    def test_a_new_column_takes_the_narrowest_exact_type(self, session: Session, value: Any, expected: str) -> None:
        """Text becomes a richer type only where nothing of it is lost."""
        session.insert("things", {"value": value})
        assert {"value": expected} == session.types("things")

    @pytest.mark.parametrize(("values", "expected_type", "expected"), _WIDENED)
    def test_an_inferred_column_widens_and_keeps_every_value(
        self, session: Session, values: list[Any], expected_type: str, expected: list[Any] | None
    ) -> None:
        """One write after the other, the type grows and the old values stay what they were."""
        for value in values:
            session.insert("things", {"value": value})
        assert {"value": expected_type} == session.types("things")
        if expected is not None:
            assert expected == session.values("things", "value")
            assert [type(value) for value in expected] == [type(found) for found in session.values("things", "value")]

    @pytest.mark.parametrize(("values", "expected_type", "expected"), _WIDENED)
    def test_one_write_of_mixed_values_gives_the_same_type(
        self, session: Session, values: list[Any], expected_type: str, expected: list[Any] | None
    ) -> None:
        """A bulk insert ends where single inserts end."""
        session.insert("things", *({"value": value} for value in values))
        assert {"value": expected_type} == session.types("things")
        if expected is not None:
            assert expected == session.values("things", "value")

    def test_decimals_keep_the_longest_scale(self, session: Session) -> None:
        """``0.10`` and ``0.1234`` share four digits after the point."""
        session.insert("things", {"value": Literal("0.10")}, {"value": Literal("0.1234")})
        assert 4 == session.table("things").column("value").type.scale
        assert ["0.1000", "0.1234"] == [str(value) for value in session.values("things", "value")]

    def test_bytes_have_no_common_type_with_others(self, session: Session) -> None:
        """Bytes are never turned into text behind one's back."""
        session.insert("things", {"value": b"x"})
        with session.refused("invalid_value", "type_conflict"):
            session.insert("things", {"value": 5})

    def test_a_column_that_appears_later_is_null_before(self, session: Session) -> None:
        """The rows that were there get NULL, and the column comes last."""
        session.insert("people", {"name": "Ada"})
        session.insert("people", {"name": "Bob", "age": 36})
        assert [None, 36] == session.values("people", "age")
        assert ["id", "name", "age"] == [item.name for item in session.table("people").columns]

    def test_rows_of_one_write_may_have_different_columns(self, session: Session) -> None:
        """What a row does not give is NULL."""
        session.insert("people", {"name": "Ada"}, {"age": 36}, {})
        assert [("Ada", None), (None, 36), (None, None)] == [
            (row["name"], row["age"]) for row in session.rows("people")
        ]

    def test_an_update_may_add_and_widen_columns(self, session: Session) -> None:
        """Updates are writes."""
        session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
        session.update("people", {"age": "old", "city": "Paris"}, where("name", "eq", "Ada"))
        assert [("old", "Paris"), ("25", None)] == [(row["age"], row["city"]) for row in session.rows("people")]

    def test_an_id_in_the_data_is_the_identity(self, session: Session) -> None:
        """Integer ids are kept, and the engine goes on after the greatest."""
        session.insert("things", {"id": 10, "value": "a"}, {"id": 4, "value": "b"})
        session.insert("things", {"value": "c"})
        assert [4, 10, 11] == session.values("things", "id")

    def test_an_id_of_another_kind_is_a_column_like_others(self, session: Session) -> None:
        """The engine's own identity is then called ``_id``."""
        session.insert("things", {"id": "abc"})
        table = session.table("things")
        assert ("_id", "text") == (table.identity, table.column("id").type.name)
        assert [{"_id": 1, "id": "abc"}] == session.rows("things")

    @needs("define")
    def test_a_declared_type_never_widens(self, session: Session) -> None:
        """Only what was inferred may change by writing."""
        session.create("people", column("age", "integer"))
        with session.refused("invalid_value"):
            session.insert("people", {"age": "old"})
        with session.refused("invalid_value", "lossy_value"):
            session.insert("people", {"age": 1.5})
        assert {"age": "integer"} == session.types("people")

    @needs("define")
    @pytest.mark.parametrize("mode", ["strict", "locked"])
    def test_a_table_that_is_not_flexible_takes_rows_but_no_columns(self, session: Session, mode: Any) -> None:
        """Its schema is changed by define operations only."""
        session.insert("people", {"age": 36})
        session.define(SetMode("people", mode))
        session.insert("people", {"age": 25})
        with session.refused("schema_locked", "unknown_column"):
            session.insert("people", {"age": 1, "name": "Ada"})
        with session.refused("schema_locked", "unknown_column"):
            session.update("people", {"name": "Ada"}, every_row=True)
        with session.refused("invalid_value", "schema_locked"):
            session.insert("people", {"age": "old"})

    @needs("define")
    def test_a_locked_table_changes_only_its_mode(self, session: Session) -> None:
        """Unlocking is the one change that it allows."""
        session.create("people", column("age", "integer"), mode="locked")
        with session.refused("schema_locked"):
            session.define(AddColumn("people", column("name", "text")))
        session.define(SetMode("people", "strict"), AddColumn("people", column("name", "text")))
        assert {"age": "integer", "name": "text"} == session.types("people")

    def test_who_may_not_define_cannot_make_tables_and_columns(self, session: Session) -> None:
        """For such a caller, what does not exist stays unknown or forbidden, and types stay as they are."""
        session.insert("people", {"age": 36})
        caller = session.restricted(may_define=False)
        caller.insert("people", {"age": 25})
        with session.refused("unknown_table", "forbidden"):
            caller.insert("things", {"value": 1})
        with session.refused("unknown_column", "forbidden"):
            caller.insert("people", {"name": "Ada"})
        with session.refused("invalid_value", "forbidden"):
            caller.insert("people", {"age": "old"})

    def test_too_many_columns_are_refused(self, session: Session) -> None:
        """One write adds at most 200 columns; documents belong into a json column."""
        with session.refused("too_many_columns"):
            session.insert("wide", {f"c{number}": 1 for number in range(201)})
        session.insert("wide", {f"c{number}": 1 for number in range(150)})
        assert 151 == len(session.table("wide").columns)

    def test_a_row_may_be_empty(self, session: Session) -> None:
        """All its columns take their defaults."""
        session.insert("people", {"name": "Ada"})
        session.insert("people", {})
        session.execute(Insert("people", ("name",), [(MISSING,), (MISSING,)]))
        assert ["Ada", None, None, None] == session.values("people", "name")

    def test_a_refused_write_leaves_no_column_behind(self, session: Session) -> None:
        """The schema change is part of the write."""
        session.insert("people", {"name": "Ada"})
        with session.refused("invalid_value"):
            session.insert("people", {"name": "Bob", "age": 36, "note": "nul \0"})
        with session.refused("invalid_value"):
            session.insert("things", {"note": "nul \0"})
