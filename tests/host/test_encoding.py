"""Encoding: rows become JSON, text and Python, exactly and whatever their columns are called."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdb_host.catalog import ColumnType
from synthdb_host.encoding import ResultColumn, RowEncoder, format_timestamp, to_text

TEXT = ColumnType("text")

_HOSTILE = (
    'say "hi"',
    "back\\slash",
    "line\nbreak",
    "nul\0",
    "ünïcödé ☃ 𝄞",
    "class",
    "__init__",
    "__struct_fields__",
    "",
    " ",
    "f0",
    "a.b",
    "it's",
    "</script>",
    "\u2028",
)


def _encoder(**columns: str) -> RowEncoder:
    return RowEncoder([ResultColumn.of_python(name, ColumnType.parse(kind)) for name, kind in columns.items()])


@pytest.mark.parametrize("name", _HOSTILE)
def test_a_column_may_have_any_name(name: str) -> None:
    """The name is a JSON key and nothing else."""
    encoder = RowEncoder([ResultColumn(name, TEXT), ResultColumn(f"{name}2", TEXT)])
    assert [{name: "x", f"{name}2": None}] == json.loads(encoder.json([("x", None)]))
    assert {name: "x", f"{name}2": None} == json.loads(encoder.json_object(("x", None)))
    assert [["x", ""]] == list(encoder.text([("x", None)]))
    assert [{name: "x", f"{name}2": None}] == encoder.python([("x", None)])


@given(names=st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, min_size=1, max_size=8))
def test_all_columns_arrive_in_their_order(names: list[str]) -> None:
    """However many there are and whatever they are called."""
    encoder = RowEncoder([ResultColumn(name, TEXT) for name in names])
    row = tuple(str(position) for position in range(len(names)))
    assert list(zip(names, row, strict=True)) == list(json.loads(encoder.json_object(row)).items())


def test_three_hundred_columns_are_encoded() -> None:
    """A wide table is no special case."""
    names = [f"column {number}" for number in range(300)]
    encoder = RowEncoder([ResultColumn(name, TEXT) for name in names])
    assert dict.fromkeys(names, "x") == json.loads(encoder.json_object(("x",) * 300))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("integer", 2**63 - 1, "9223372036854775807"),
        ("integer", -(2**63), "-9223372036854775808"),
        ("integer", 2**53 + 1, "9007199254740993"),
        ("integer", 2**80, "1208925819614629174706176"),
        ("real", 0.1, "0.1"),
        ("real", 5.0, "5.0"),
        ("decimal(18,4)", Decimal("19.9900"), "19.9900"),
        ("decimal(18,2)", Decimal("1E+2"), "100"),
        ("decimal(60,30)", Decimal("123456789012345678901234567890.5"), "123456789012345678901234567890.5"),
        ("decimal(18,8)", Decimal("0.00000001"), "0.00000001"),
        ("boolean", True, "true"),
        ("date", date(1, 1, 1), '"0001-01-01"'),
        ("timestamp", datetime(1, 1, 1, tzinfo=UTC), '"0001-01-01T00:00:00.000000Z"'),
        ("timestamp", datetime(2013, 1, 1, 5, 0, 0, 1, tzinfo=UTC), '"2013-01-01T05:00:00.000001Z"'),
        ("uuid", UUID(int=5), '"00000000-0000-0000-0000-000000000005"'),
        ("json", {"a": [1, None, "☃"]}, '{"a":[1,null,"☃"]}'),
        ("bytes", b"x", '"eA=="'),
        ("text", '"\\\n☃', '"\\"\\\\\\n☃"'),
        ("text", None, "null"),
        ("decimal(18,4)", None, "null"),
        ("timestamp", None, "null"),
    ],
)
def test_a_value_is_written_exactly(kind: str, value: object, expected: str) -> None:
    """Numbers keep all digits, times their microseconds, NULL is null."""
    encoder = _encoder(value=kind)
    assert f'[{{"value":{expected}}}]' == encoder.json([(value,)]).decode()
    assert f'{{"value":{expected}}}\n' == encoder.ndjson([(value,)]).decode()


@given(value=st.decimals(allow_nan=False, allow_infinity=False, places=10, min_value=-(10**20), max_value=10**20))
def test_every_decimal_survives_json(value: Decimal) -> None:
    """The JSON number has the digits of the decimal, so that parsing it exactly gives it back."""
    text = _encoder(value="decimal(40,10)").json_object((value,))
    assert {"value": value} == json.loads(text, parse_float=Decimal, parse_int=Decimal)


@given(value=st.datetimes(timezones=st.just(UTC)))
def test_every_timestamp_survives_its_text(value: datetime) -> None:
    """In all years, to the microsecond."""
    text = format_timestamp(value)
    assert value == datetime.fromisoformat(text)
    assert 27 == len(text)


def test_a_timestamp_is_written_in_utc() -> None:
    """Another zone is converted; without a zone it is taken as UTC."""
    east = timezone(timedelta(hours=2))
    assert "2013-01-01T03:00:00.000000Z" == format_timestamp(datetime(2013, 1, 1, 5, tzinfo=east))
    assert "2013-01-01T05:00:00.000000Z" == format_timestamp(datetime(2013, 1, 1, 5))  # noqa: DTZ001 - without a zone on purpose


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("x,y", "x,y"),
        (5, "5"),
        (0.1, "0.1"),
        (True, "true"),
        (False, "false"),
        (Decimal("19.9900"), "19.9900"),
        (Decimal("1E-10"), "0.0000000001"),
        (date(2013, 1, 1), "2013-01-01"),
        (datetime(2013, 1, 1, tzinfo=UTC), "2013-01-01T00:00:00.000000Z"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (b"x", "eA=="),
        ([1, "a"], '[1,"a"]'),
        ({"a": None}, '{"a":null}'),
    ],
)
def test_a_value_is_written_as_the_text_of_a_cell(value: object, expected: str) -> None:
    """The text form that parses back to the value."""
    assert expected == to_text(value)


def _nested(*, many: bool) -> ResultColumn:
    inner = (ResultColumn.of_python("price", ColumnType.parse("decimal(10,2)")), ResultColumn("name", TEXT))
    return ResultColumn("items", ColumnType("json"), nested=inner, many=many)


@pytest.mark.parametrize(
    ("many", "cell", "expected"),
    [
        (
            True,
            [(Decimal("1.50"), "a"), (None, "b")],
            '[{"price":1.50,"name":"a"},{"price":null,"name":"b"}]',
        ),
        (True, [], "[]"),
        (False, (Decimal("1.50"), "a"), '{"price":1.50,"name":"a"}'),
        (False, None, "null"),
    ],
)
def test_an_embed_is_written_inside_its_row(many: bool, cell: Any, expected: str) -> None:  # noqa: FBT001 - a parameter of the table above
    """To-many is a list, to-one an object or null; CSV has the same JSON in a cell."""
    encoder = RowEncoder([ResultColumn("id", ColumnType("integer")), _nested(many=many)])
    assert f'[{{"id":1,"items":{expected}}}]' == encoder.json([(1, cell)]).decode()
    assert [["1", "" if cell is None else expected]] == list(encoder.text([(1, cell)]))


def test_embeds_nest_to_any_depth() -> None:
    """Each level converts its own values."""
    column = _nested(many=True)
    for _ in range(5):
        column = ResultColumn("level", ColumnType("json"), nested=(column,), many=False)
    row: Any = [(Decimal("1.50"), "a")]
    for _ in range(5):
        row = (row,)
    found = json.loads(RowEncoder([column]).json_object((row,)))
    for _ in range(5):
        found = found["level"]
    assert {"items": [{"price": 1.5, "name": "a"}]} == found


def test_converters_see_values_but_never_null() -> None:
    """A stored value becomes what JSON and Python want, each by its own converter."""
    column = ResultColumn("flag", ColumnType("boolean"), to_json=bool, to_python=lambda value: value == 1)
    encoder = RowEncoder([column])
    assert b'[{"flag":true},{"flag":null},{"flag":false}]' == encoder.json([(1,), (None,), (0,)])
    assert [{"flag": True}, {"flag": None}, {"flag": False}] == encoder.python([(1,), (None,), (0,)])


def test_python_values_of_an_embed_are_converted_too() -> None:
    """Rows in rows become dictionaries in dictionaries."""
    inner = (ResultColumn("n", ColumnType("integer"), to_python=lambda value: value + 1),)
    encoder = RowEncoder([ResultColumn("items", ColumnType("json"), nested=inner, many=True)])
    assert [{"items": [{"n": 2}, {"n": 3}]}] == encoder.python([([(1,), (2,)],)])


def test_stored_json_text_is_passed_through() -> None:
    """A converter may give JSON that is written already; it appears as it is, in cells too."""
    column = ResultColumn("doc", ColumnType("json"), to_json=lambda text: msgspec.Raw(text.encode()))
    encoder = RowEncoder([column])
    assert b'[{"doc":{"n":1.10}}]' == encoder.json([('{"n":1.10}',)])
    assert [['{"n":1.10}']] == list(encoder.text([('{"n":1.10}',)]))


def test_no_rows_are_an_empty_array() -> None:
    """And no lines."""
    encoder = _encoder(value="text")
    assert (b"[]", b"", []) == (encoder.json([]), encoder.ndjson([]), encoder.python([]))
