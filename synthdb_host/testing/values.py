"""Conformance: every value comes back as it was written."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest

from synthdb_host.operations import Literal, Select
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, by, column, columns, where

__all__ = ["ValueTests"]

_EXTREMES: Final[tuple[tuple[str, Any], ...]] = (
    ("text", ""),
    ("text", "  spaces, \"quotes\", 'apostrophes', \\ and \n lines "),
    ("text", "naïve ☃ 𝄞 e\u0301 \u202e"),
    ("text", "'; DROP TABLE things; --"),
    ("text", "x" * 100_000),
    ("integer", 0),
    ("integer", 2**63 - 1),
    ("integer", -(2**63)),
    ("integer", 2**53 + 1),
    ("real", 0.1),
    ("real", -1.5e-300),
    ("real", 1.7976931348623157e308),
    ("real", 5e-324),
    ("real", 5.0),
    ("decimal(18,4)", Decimal("19.9900")),
    ("decimal(18,4)", Decimal("-99999999999999.9999")),
    ("decimal(18,0)", Decimal(10**17)),
    ("decimal(60,30)", Decimal("123456789012345678901234567890.123456789012345678901234567890")),
    ("decimal(100,0)", Decimal("-" + "9" * 100)),
    ("boolean", True),
    ("boolean", False),
    ("date", date(1, 1, 1)),
    ("date", date(9999, 12, 31)),
    ("date", date(2024, 2, 29)),
    ("timestamp", datetime(1, 1, 1, tzinfo=UTC)),
    ("timestamp", datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ("timestamp", datetime(2013, 1, 1, 5, 0, 0, 1, tzinfo=UTC)),
    ("uuid", UUID(int=0)),
    ("uuid", UUID(int=2**128 - 1)),
    ("json", {"a": [1, 2.5, None, True, {"b": "☃"}], "": {}}),
    ("json", []),
    ("json", "a string"),
    ("json", 5),
    ("json", False),
    ("bytes", b""),
    ("bytes", bytes(range(256))),
)

_REFUSED: Final[tuple[tuple[str, Any], ...]] = (
    ("integer", "abc"),
    ("integer", 2**63),
    ("integer", 1.5),
    ("integer", True),
    ("real", 2**53 + 1),
    ("real", "nan"),
    ("real", float("inf")),
    ("decimal(5,2)", "1000"),
    ("decimal(5,2)", "0.001"),
    ("boolean", "maybe"),
    ("boolean", 1),
    ("date", "2013-02-30"),
    ("date", "2013-01-01T05:00:00Z"),
    ("timestamp", "2013-01-01T05:00:00.1234567Z"),
    ("uuid", "no uuid"),
    ("json", Literal("{")),
    ("bytes", "%"),
    ("text", {"a": 1}),
    ("text", "nul \0 inside"),
)

_TEXTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("integer", "9223372036854775807", "9223372036854775807"),
    ("real", "5", "5.0"),
    ("decimal(18,4)", "19.99", "19.9900"),
    ("boolean", "true", "true"),
    ("date", "2013-01-01", '"2013-01-01"'),
    ("timestamp", "2013-01-01T05:00:00+02:00", '"2013-01-01T03:00:00.000000Z"'),
    ("uuid", "123E4567-E89B-12D3-A456-426614174000", '"123e4567-e89b-12d3-a456-426614174000"'),
    ("json", '{"a":[1]}', '{"a":[1]}'),
    ("bytes", "eA==", '"eA=="'),
    ("text", "5", '"5"'),
)

_NAMES: Final = (
    "select",
    "order by",
    'say "hi"',
    "it's",
    "semi;colon",
    "ünïcödé ☃",
    "dot.ted",
    "per%cent",
    "back\\slash",
    "[brackets]",
    "`tick`",
    "rowid",
    "CamelCase",
    ":colon",
    "?",
    "0digit",
    "n" * 128,
)


class ValueTests:
    """Round trips, text forms and names."""

    @needs("define")
    @pytest.mark.parametrize(("type_name", "value"), _EXTREMES)
    def test_a_value_of_a_declared_type_comes_back_as_it_is(self, session: Session, type_name: str, value: Any) -> None:
        """Each type keeps its values to the last bit, and in its Python type."""
        session.create("things", column("value", type_name))
        session.insert("things", {"value": value})
        (found,) = session.values("things", "value")
        assert value == found
        assert type(value) is type(found)

    @pytest.mark.parametrize(("type_name", "value"), _EXTREMES)
    def test_a_value_is_equal_to_itself_in_a_filter(self, session: Session, type_name: str, value: Any) -> None:
        """What was written is found again by equality, in an inferred column too."""
        session.insert("things", {"value": value})
        assert [1] == session.values("things", "id", where("value", "eq", value))

    @needs("define")
    @pytest.mark.parametrize(("type_name", "value"), _REFUSED)
    def test_a_value_that_does_not_fit_a_declared_type_is_refused(
        self, session: Session, type_name: str, value: Any
    ) -> None:
        """Nothing is rounded, cut or guessed, and nothing of the write stays."""
        session.create("things", column("value", type_name))
        with session.refused("invalid_value", "lossy_value"):
            session.insert("things", {"value": None}, {"value": value})

    @needs("define")
    @pytest.mark.parametrize(("type_name", "text", "json"), _TEXTS)
    def test_a_literal_takes_the_type_of_its_column(
        self, session: Session, type_name: str, text: str, json: str
    ) -> None:
        """A CSV cell becomes a value of the column's type, and that is written to JSON exactly."""
        session.create("things", column("value", type_name))
        session.insert("things", {"value": Literal(text)})
        result = session.execute(Select("things", columns("value")))
        assert f'[{{"value":{json}}}]' == result.json().decode()

    @needs("define")
    def test_text_for_a_json_column_is_a_string_but_a_literal_is_json(self, session: Session) -> None:
        """A JSON string stays a string; a CSV cell holds JSON text."""
        session.create("things", column("value", "json"))
        session.insert("things", {"value": "[1]"}, {"value": Literal("[1]")})
        assert ["[1]", [1]] == session.values("things", "value")

    def test_a_missing_value_is_null_and_not_an_empty_text(self, session: Session) -> None:
        """NULL, the empty text and zero are three things."""
        session.insert("things", {"text": "", "number": 0}, {"text": None, "number": None})
        assert ["", None] == session.values("things", "text")
        assert [0, None] == session.values("things", "number")

    @needs("define")
    @pytest.mark.parametrize("type_name", ["decimal(18,2)", "decimal(40,20)"])
    def test_decimals_are_compared_and_sorted_as_numbers(self, session: Session, type_name: str) -> None:
        """Whatever their digits: 9 is less than 10, and -10 less than -9."""
        texts = ["10", "9", "-9", "-10", "0", "9.5", "-0.01"]
        session.create("things", column("value", type_name))
        session.insert("things", *({"value": Literal(text)} for text in texts))
        expected = sorted(Decimal(text) for text in texts)
        assert expected == session.values("things", "value", order=by("value"))
        assert [value for value in expected if value > 9] == session.values(
            "things", "value", where("value", "gt", Literal("9")), order=by("value")
        )

    def test_any_printable_name_can_name_a_table_and_a_column(self, session: Session) -> None:
        """Names are data: quotes, keywords and other scripts mean nothing special."""
        for name in _NAMES:
            session.insert(name, {"other": 0, name: 1}, {"other": 0, name: 2})
            session.update(name, {name: 3}, where(name, "eq", 2))
            assert [3, 1] == session.values(name, name, order=by(name, descending=True))
        assert set(_NAMES) == set(session.catalog().tables)

    @pytest.mark.parametrize("name", ["", "_hidden", "a\nb", "nul\0", "n" * 129])
    def test_a_name_that_cannot_be_is_refused(self, session: Session, name: str) -> None:
        """Empty, over-long and unprintable ones, and the underscore that marks the engine's own."""
        session.insert("things", {"value": 1})
        with session.refused("invalid_name"):
            session.insert("things", {name: 1})
        with session.refused("invalid_name"):
            session.insert(name, {"value": 1})
