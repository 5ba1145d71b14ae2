"""Inference and widening: which type a value gets when nobody declared one."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdb_host.catalog import ColumnType
from synthdb_host.errors import InvalidValue, RequestError
from synthdb_host.inference import decimal_type, infer, infer_text, settle, widen
from synthdb_host.operations import Literal
from synthdb_host.values import adapt, convert, format_text, parse_text

TEXT = ColumnType("text")
INTEGER = ColumnType("integer")
REAL = ColumnType("real")
DATE = ColumnType("date")
TIMESTAMP = ColumnType("timestamp")
JSON = ColumnType("json")
BYTES = ColumnType("bytes")
UUID_TYPE = ColumnType("uuid")
BOOLEAN = ColumnType("boolean")

_LOOKS_RICH = st.one_of(
    st.from_regex(r"[-+]?[0-9]{0,25}(\.[0-9]{0,25})?(e[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,8})?[Zz]?)?", fullmatch=True),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.uuids().map(str),
    st.floats().map(repr),
    st.integers().map(str),
    st.sampled_from(["true", "false", "True", "TRUE", "null", ""]),
    st.text(),
)

_VALUES = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12),
    st.booleans(),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
)


@pytest.mark.slow
@given(text=_LOOKS_RICH)
def test_text_is_inferred_richer_only_when_its_canonical_form_is_the_same_text(text: str) -> None:
    """Nothing is lost by inference; a timestamp may leave out trailing zeros of the fraction."""
    column_type = infer_text(text)
    if column_type == TEXT:
        return
    canonical = format_text(column_type, parse_text(column_type, text))
    if column_type == TIMESTAMP:
        assert canonical[:-1].startswith(text[:-1])
        assert not canonical[len(text) - 1 : -1].strip(".0")
    else:
        assert canonical == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "integer"),
        ("-7", "integer"),
        ("9223372036854775807", "integer"),
        ("-9223372036854775808", "integer"),
        ("9223372036854775808", "decimal(19,0)"),
        ("1.5", "real"),
        ("-0.25", "real"),
        ("5.0", "real"),
        ("-0.0", "real"),
        ("19.9900", "decimal(16,4)"),
        ("0.10", "decimal(14,2)"),
        ("12345678901234567.25", "decimal(19,2)"),
        ("2013-01-01", "date"),
        ("0001-01-01", "date"),
        ("2013-01-01T05:00:00Z", "timestamp"),
        ("2013-01-01T05:00:00.123456Z", "timestamp"),
        ("true", "boolean"),
        ("false", "boolean"),
        ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
    ],
)
def test_canonical_text_gets_its_type(text: str, expected: str) -> None:
    """Each rich type is recognised in its canonical form."""
    assert str(infer_text(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "00501",
        "007",
        "-0",
        "-0.00",
        "+5",
        "1e5",
        "1E5",
        " 5",
        "5 ",
        "1_000",
        "1,000",
        ".5",
        "5.",
        "nan",
        "NaN",
        "inf",
        "-inf",
        "0x10",
        "٣",
        "True",
        "FALSE",
        "t",
        "yes",
        "",
        "null",
        "2013-02-30",
        "2013-1-1",
        "2013-01-01T05:00:00",
        "2013-01-01T05:00:00+00:00",
        "2013-01-01 05:00:00",
        "2013-01-01T24:00:00Z",
        "2013-01-01T05:00:00.1234567Z",
        "0000-01-01",
        "123E4567-e89b-12d3-a456-426614174000",
        "123e4567e89b12d3a456426614174000",
        "5\n",
        "{}",
        "[1]",
        "9" * 101,
    ],
)
def test_text_that_is_not_canonical_stays_text(text: str) -> None:
    """Codes with leading zeros, local date forms and half-numbers keep every character."""
    assert infer_text(text) == TEXT


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "integer"),
        (True, "boolean"),
        (1.0, "real"),
        (2**63, "decimal(19,0)"),
        (Decimal("19.9900"), "decimal(16,4)"),
        (Decimal("1E+3"), "decimal(12,0)"),
        (date(2013, 1, 1), "date"),
        (datetime(2013, 1, 1, tzinfo=UTC), "timestamp"),
        (UUID(int=5), "uuid"),
        ({"a": 1}, "json"),
        ([1], "json"),
        (b"x", "bytes"),
        (None, "text"),
        (10**200, "text"),
        ("5", "text"),
        ("true", "text"),
        ("2013-01-01", "date"),
        ("2013-01-01T05:00:00Z", "timestamp"),
        ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
        (Literal("5"), "integer"),
        (Literal("true"), "boolean"),
    ],
)
def test_a_python_value_gets_its_type(value: object, expected: str) -> None:
    """A JSON string is never a number or boolean, a literal may be."""
    assert str(infer(value)) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, Decimal("NaN"), Decimal("Infinity"), object(), {1, 2}])
def test_what_no_type_holds_is_refused(value: object) -> None:
    """Numbers are finite, and unknown Python objects are not pickled or printed into a column."""
    with pytest.raises(InvalidValue):
        infer(value)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("integer", "real", "real"),
        ("integer", "decimal(16,4)", "decimal(23,4)"),
        ("real", "decimal(16,4)", "decimal(16,4)"),
        ("decimal(16,4)", "decimal(14,2)", "decimal(16,4)"),
        ("decimal(19,0)", "decimal(16,4)", "decimal(23,4)"),
        ("decimal(100,0)", "decimal(16,4)", "text"),
        ("date", "timestamp", "timestamp"),
        ("boolean", "integer", "text"),
        ("uuid", "text", "text"),
        ("date", "integer", "text"),
        ("json", "integer", "json"),
        ("json", "text", "json"),
        ("text", "integer", "text"),
        ("bytes", "text", "None"),
        ("bytes", "json", "None"),
        ("bytes", "bytes", "bytes"),
    ],
)
def test_widening_follows_the_lattice_in_both_directions(a: str, b: str, expected: str) -> None:
    """Widening is symmetric and gives what the lattice says."""
    assert str(widen(ColumnType.parse(a), ColumnType.parse(b))) == expected
    assert str(widen(ColumnType.parse(b), ColumnType.parse(a))) == expected


@given(first=_VALUES, second=_VALUES)
def test_settling_gives_a_type_that_holds_the_new_value_exactly(first: object, second: object) -> None:
    """Whatever arrives, an inferred column finds a type for it."""
    settled = settle(infer(first), second)
    assert settled is not None
    stored = adapt(settled, second)
    if settled.name == "text":
        assert stored == str(second) or stored == format_text(infer(second), adapt(infer(second), second))
    elif not isinstance(second, str):
        # A real is the shortest decimal that reads back as it.
        same = float(stored) == second if isinstance(second, float) and isinstance(stored, Decimal) else None
        assert same or stored == adapt(infer(second), second) or isinstance(second, date)


@pytest.mark.parametrize(
    ("current", "value", "expected"),
    [
        ("integer", "5", "integer"),
        ("integer", "007", "text"),
        ("integer", Literal("5.5"), "real"),
        ("integer", 1.5, "real"),
        ("real", 2**53 + 1, "decimal(16,0)"),
        ("real", Literal("5"), "real"),
        ("real", Literal("5.50"), "decimal(14,2)"),
        ("decimal(14,2)", 1.125, "decimal(15,3)"),
        ("decimal(14,2)", 1e300, "text"),
        ("date", "2013-01-01T00:00:00Z", "timestamp"),
        ("timestamp", "2013-01-01T05:00:00Z", "timestamp"),
        ("boolean", "true", "boolean"),
        ("boolean", 1, "text"),
        ("json", "abc", "json"),
        ("json", 5, "json"),
        ("text", 5, "text"),
        ("text", {"a": 1}, "json"),
        ("bytes", 5, "None"),
        ("integer", None, "integer"),
    ],
)
def test_an_inferred_column_settles_on_a_type_for_old_and_new(current: str, value: object, expected: str) -> None:
    """Text in a column's own form is taken as a value; everything else widens."""
    assert str(settle(ColumnType.parse(current), value)) == expected


@given(value=_VALUES)
def test_every_value_survives_its_text_form(value: object) -> None:
    """``parse_text`` reads back what ``format_text`` writes."""
    column_type = infer(value)
    stored = adapt(column_type, value)
    assert parse_text(column_type, format_text(column_type, stored)) == stored


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("integer", True),
        ("integer", 2**63),
        ("integer", -(2**63) - 1),
        ("integer", "abc"),
        ("integer", 5.5),
        ("integer", b"5"),
        ("integer", math.inf),
        ("integer", "1e9999"),
        ("real", True),
        ("real", math.nan),
        ("real", 2**53 + 1),
        ("real", 10**400),
        ("real", "0.1234567890123456789"),
        ("real", "1e999"),
        ("decimal(5,2)", "1000"),
        ("decimal(5,2)", "0.001"),
        ("decimal(5,2)", Decimal("NaN")),
        ("boolean", 1),
        ("boolean", "maybe"),
        ("date", "2013-02-30"),
        ("date", 5),
        ("date", "2013-01-01T05:00:00Z"),
        ("timestamp", "2013-01-01T05:00:00.1234567Z"),
        ("timestamp", "yesterday"),
        ("timestamp", "0001-01-01T00:00:00+01:00"),
        ("uuid", "x"),
        ("uuid", "123e4567-e89b12d3-a456-426614174000"),
        ("uuid", 5),
        ("json", Literal("{")),
        ("json", Literal("NaN")),
        ("json", math.inf),
        ("json", {"a": "\0"}),
        ("bytes", "%"),
        ("bytes", 5),
        ("text", "a\0b"),
        ("text", "\ud800"),
        ("text", {"a": 1}),
        ("text", b"x"),
    ],
)
def test_a_value_that_does_not_fit_exactly_is_refused(type_name: str, value: object) -> None:
    """Nothing is rounded, cut or coerced across kinds."""
    with pytest.raises(RequestError) as caught:
        adapt(ColumnType.parse(type_name), value)
    assert caught.value.code in ("invalid_value", "lossy_value")


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("integer", "007", 7),
        ("integer", 5.0, 5),
        ("integer", "1e3", 1000),
        ("real", 5, 5.0),
        ("real", "1.10", 1.1),
        ("decimal(5,2)", 0.1, Decimal("0.10")),
        ("decimal(5,2)", "-0", Decimal("0.00")),
        ("boolean", "T", True),
        ("date", datetime(2013, 1, 1, tzinfo=UTC), date(2013, 1, 1)),
        ("timestamp", date(2013, 1, 1), datetime(2013, 1, 1, tzinfo=UTC)),
        ("timestamp", "2013-01-01 05:00+02:00", datetime(2013, 1, 1, 3, tzinfo=UTC)),
        ("uuid", "0" * 31 + "5", UUID(int=5)),
        ("json", "5", "5"),
        ("json", Literal("5"), 5),
        ("json", Literal('"5"'), "5"),
        ("json", Decimal("2.50"), 2.5),
        ("bytes", "eA==", b"x"),
        ("text", 5, "5"),
        ("text", Decimal("1E+2"), "100"),
        ("text", Literal("x"), "x"),
        ("text", True, "true"),
    ],
)
def test_a_value_takes_the_type_of_its_column(type_name: str, value: object, expected: object) -> None:
    """Other spellings of the same value are accepted, in the column's Python type."""
    adapted = adapt(ColumnType.parse(type_name), value)
    assert expected == adapted
    assert type(expected) is type(adapted)


def test_a_decimal_keeps_the_digits_of_its_scale() -> None:
    """The scale is part of the value's text, however many digits there are."""
    column_type = ColumnType.parse("decimal(60,30)")
    value = adapt(column_type, "123456789012345678901234567890.5")
    assert format_text(column_type, value) == "123456789012345678901234567890.500000000000000000000000000000"


def test_a_longer_text_is_no_decimal_type() -> None:
    """A number of more than 100 digits is text, not an error."""
    assert decimal_type("1." + "0" * 100) == TEXT


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (5, "integer", "text", "5"),
        (1.5, "real", "decimal(4,2)", Decimal("1.50")),
        ("5", "text", "integer", 5),
        (date(2013, 1, 1), "date", "text", "2013-01-01"),
        ("x", "text", "json", "x"),
        (None, "text", "integer", None),
        (UUID(int=5), "uuid", "json", "00000000-0000-0000-0000-000000000005"),
        (True, "boolean", "text", "true"),
        ({"a": 1}, "json", "text", '{"a":1}'),
        (b"x", "bytes", "text", "eA=="),
    ],
)
def test_a_stored_value_converts_to_another_type(value: object, source: str, target: str, expected: object) -> None:
    """Widening and altering carry the value over."""
    assert convert(value, ColumnType.parse(source), ColumnType.parse(target)) == expected


@pytest.mark.parametrize(
    ("value", "source", "target"),
    [
        ("007", "text", "integer"),
        ("x", "text", "date"),
        (1.5, "real", "integer"),
        (2**53 + 1, "integer", "real"),
    ],
)
def test_a_conversion_that_loses_something_is_refused(value: object, source: str, target: str) -> None:
    """A change of type never changes a value silently."""
    with pytest.raises(RequestError) as caught:
        convert(value, ColumnType.parse(source), ColumnType.parse(target))
    assert caught.value.code in ("invalid_value", "lossy_value")
