"""Bodies: exact JSON, CSV and NDJSON, and the same forms on the way out."""

import resource
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from synthdb.rest.body import Bodies, decode_json, exact_number
from synthdb.rest.media import decode_csv, decode_ndjson, media_types
from synthdb.rest.representation import Representations
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.errors import InvalidBody, RequestError, TooComplex, UnsupportedMediaType
from synthdb_host.operations import MISSING, Literal

BODIES = Bodies(media_types())
FORMS = Representations(media_types())
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def result(names: tuple[str, ...], *rows: tuple[Any, ...]) -> Result:
    return Result(RowEncoder([ResultColumn.of_python(name, ColumnType("text")) for name in names]), rows)


def encode_csv(found: Result, accept: str = "text/csv") -> bytes:
    return FORMS.choose(accept).encode(found)


def encode_ndjson(found: Result) -> bytes:
    return FORMS.choose("application/x-ndjson").encode(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("0.1", 0.1),
        ("-2.5", -2.5),
        ("1e5", 1e5),
        ("1E-7", 1e-7),
        ("19.9900", Decimal("19.9900")),
        ("1.0", 1.0),
        ("1.00", Decimal("1.00")),
        ("12345678901234567890.5", Decimal("12345678901234567890.5")),
        ("0.30000000000000000001", Decimal("0.30000000000000000001")),
        ("1e400", Decimal("1e400")),
        ("1.10e1", 11.0),
    ),
)
def test_a_number_keeps_its_digits(text: str, expected: object) -> None:
    """A float stands only for the digits that were written; everything else is a Decimal."""
    found = exact_number(text)
    assert found == expected
    assert type(found) is type(expected)
    assert str(found) == str(expected)


@pytest.mark.parametrize(
    "text", ("1e999999999", "1e-999999999", "1e99999999999999999999", "0." + "1" * 500, "1" * 500 + ".5")
)
def test_a_number_of_absurd_size_is_refused(text: str) -> None:
    """A short text cannot become gigabytes of digits."""
    with pytest.raises(InvalidBody):
        exact_number(text)


def test_whole_numbers_are_exact_at_any_length() -> None:
    """JSON integers beyond 64 bits arrive whole."""
    assert decode_json(b"[9007199254740993, 123456789012345678901234567890]") == [
        9007199254740993,
        123456789012345678901234567890,
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    (
        pytest.param(b"", InvalidBody, id="empty"),
        pytest.param(b"{", InvalidBody, id="open"),
        pytest.param(b"{} x", InvalidBody, id="text after it"),
        pytest.param(b"NaN", InvalidBody, id="not a number"),
        pytest.param(b"{'a':1}", InvalidBody, id="single quotes"),
        pytest.param(b'{"a":"\xff"}', InvalidBody, id="not UTF-8"),
        pytest.param(b'"\\ud800"', InvalidBody, id="lone surrogate"),
        pytest.param(b'{"a":1e999999999}', InvalidBody, id="absurd number"),
        pytest.param(b"1" * 5000, InvalidBody, id="absurd integer"),
        pytest.param(b"[" * 100_000, TooComplex, id="deep"),
    ),
)
def test_a_body_that_is_not_json_is_refused(body: bytes, error: type[RequestError]) -> None:
    """Whatever is wrong with JSON is one of two documented errors."""
    with pytest.raises(error):
        decode_json(body)


@pytest.mark.parametrize("body", (b"1", b'"a"', b"null", b"[1]", b"[{},[]]", b"[null]", b"[[{}]]", b"true"))
def test_rows_are_objects(body: bytes) -> None:
    """An insert takes an object or an array of objects."""
    with pytest.raises(InvalidBody):
        BODIES.rows(None, body, None, defaults=False)


def test_rows_with_differing_keys_leave_columns_to_their_defaults() -> None:
    """What a row does not mention is not written."""
    columns, rows = BODIES.rows("application/json", b'[{"a":1},{"b":2,"a":3}]', None, defaults=False)
    assert columns == ("a", "b")
    assert [tuple(row) for row in rows] == [(1, MISSING), (3, 2)]


@pytest.mark.parametrize(("defaults", "absent"), ((False, None), (True, MISSING)))
def test_named_columns_are_null_or_default_where_absent(defaults: bool, absent: object) -> None:  # noqa: FBT001 - a case
    """With columns=, other keys are ignored, and missing=default decides about absent ones."""
    body = b'[{"a":1,"x":9},{"b":2}]'
    columns, rows = BODIES.rows("application/json; charset=utf-8", body, ("a", "b"), defaults=defaults)
    assert (columns, rows) == (("a", "b"), [(1, absent), (absent, 2)])


def test_named_columns_choose_from_csv_too() -> None:
    """columns= works for every media type."""
    assert BODIES.rows("text/csv", b"a,b\n1,2\n", ("b", "c"), defaults=False) == (("b", "c"), [("2", None)])


@pytest.mark.parametrize("content_type", ("text/plain", "application/xml", "multipart/form-data; boundary=x", "x"))
def test_other_media_types_are_refused(content_type: str) -> None:
    """Only what some plugin reads is read."""
    with pytest.raises(UnsupportedMediaType):
        BODIES.rows(content_type, b"", None, defaults=False)
    with pytest.raises(UnsupportedMediaType):
        BODIES.values(content_type, b"")


def test_an_update_takes_one_json_object() -> None:
    """An array of one row will do; CSV will not."""
    assert BODIES.values(None, b'{"a":1.50}') == {"a": Decimal("1.50")}
    assert BODIES.values(None, b'[{"a":1}]') == {"a": 1}
    with pytest.raises(InvalidBody):
        BODIES.values(None, b'[{"a":1},{"a":2}]')
    with pytest.raises(UnsupportedMediaType):
        BODIES.values("text/csv", b"a\n1\n")


# -- CSV -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "columns", "rows"),
    (
        pytest.param(b"a,b\n1,2\n", ("a", "b"), [["1", "2"]], id="plain"),
        pytest.param(b"a,b\r\n1,2\r\n3,4", ("a", "b"), [["1", "2"], ["3", "4"]], id="CRLF, no last newline"),
        pytest.param(b"\xef\xbb\xbfa\n1\n", ("a",), [["1"]], id="byte order mark"),
        pytest.param(b'a,b\n"x,y","say ""hi"""\n', ("a", "b"), [["x,y", 'say "hi"']], id="quotes"),
        pytest.param(b'a\n"two\nlines"\n', ("a",), [["two\nlines"]], id="newline in a cell"),
        pytest.param(b'a,b\n,""\n', ("a", "b"), [[None, ""]], id="empty is NULL, quoted empty is text"),
        pytest.param(b'a,b\nNULL,"NULL"\n', ("a", "b"), [[None, "NULL"]], id="NULL and its quoted text"),
        pytest.param(b"a,b\n1,2\n\n3,4\n\n", ("a", "b"), [["1", "2"], ["3", "4"]], id="blank lines"),
        pytest.param(b"a\n1\n\n2\n", ("a",), [["1"], [None], ["2"]], id="a blank line of one column is NULL"),
        pytest.param(b"a,b\n", ("a", "b"), [], id="header only"),
        pytest.param(b"NULL\n1\n", ("NULL",), [["1"]], id="a column named NULL"),
        pytest.param(b'"a,b",c d\n1,2\n', ("a,b", "c d"), [["1", "2"]], id="names with commas and spaces"),
        pytest.param(b"a,b\n1,", ("a", "b"), [["1", None]], id="ends with a comma"),
    ),
)
def test_csv_is_read(body: bytes, columns: tuple[str, ...], rows: list[list[str | None]]) -> None:
    """RFC 4180, with a header line; cells are literals that take the type of their column."""
    found_columns, found_rows = decode_csv(body)
    assert (found_columns, [list(row) for row in found_rows]) == (columns, rows)
    assert all(cell is None or type(cell) is Literal for row in found_rows for cell in row)


@pytest.mark.parametrize(
    ("body", "where"),
    (
        pytest.param(b"", "line 1", id="empty"),
        pytest.param(b"a,a\n1,2\n", "line 1", id="one name twice"),
        pytest.param(b"a,b\n1\n", "line 2", id="short row"),
        pytest.param(b"a,b\n1,2\n1,2,3\n", "line 3", id="long row"),
        pytest.param(b'a,b\n"x\ny",2\n1\n', "line 4", id="lines inside cells are counted"),
        pytest.param(b'a\n"x\n', "line 2", id="open quote"),
        pytest.param(b'a\n"x"y\n', "line 2", id="text after a quote"),
        pytest.param(b'a\nx"y\n', "line 2", id="quote inside a cell"),
        pytest.param(b"a\n\xff\n", None, id="not UTF-8"),
    ),
)
def test_bad_csv_is_refused_with_its_line(body: bytes, where: str | None) -> None:
    """The error names the line, counted as an editor counts it."""
    with pytest.raises(InvalidBody) as caught:
        decode_csv(body)
    assert caught.value.where == where


@given(st.lists(st.tuples(st.none() | TEXT, st.none() | TEXT), min_size=1))
@example([("NULL", ""), (None, None), (" x", '"'), ("\r", "\n")])
def test_csv_comes_back_as_it_went_out(rows: list[tuple[str | None, str | None]]) -> None:
    """Every text and NULL survives writing and reading."""
    columns, found = decode_csv(encode_csv(result(("a", "b,c"), *rows)))
    assert columns == ("a", "b,c")
    assert [tuple(row) for row in found] == rows


def test_csv_of_nothing_has_a_header() -> None:
    """A result without rows still says what its columns are."""
    assert encode_csv(result(("a", "b"))) == b"a,b\r\n"
    assert encode_csv(Result()) == b""


# -- NDJSON ----------------------------------------------------------------------------------------------


def test_ndjson_is_one_object_a_line() -> None:
    """Keys may differ, blank lines are skipped, digits are kept."""
    columns, rows = decode_ndjson(b'{"a":1}\n\r\n{"b":2.50}')
    assert columns == ("a", "b")
    assert rows == [(1, MISSING), (MISSING, Decimal("2.50"))]
    assert encode_ndjson(result(("a",), ("x",), (None,))) == b'{"a":"x"}\n{"a":null}\n'


@pytest.mark.parametrize("body", (b'{"a":1}\n{', b'{"a":1}\n[]', b'{"a":1}\n1'))
def test_bad_ndjson_is_refused_with_its_line(body: bytes) -> None:
    """The error names the line."""
    with pytest.raises(InvalidBody) as caught:
        decode_ndjson(body)
    assert caught.value.where == "line 2"


def test_stripped_nulls_keep_every_digit() -> None:
    """nulls=stripped drops null members at every depth and changes no number."""
    form = Representations(media_types()).choose("application/vnd.pgrst.array+json;nulls=stripped")
    encoder = RowEncoder(
        [ResultColumn.of_python(name, ColumnType(kind)) for name, kind in (("a", "decimal"), ("b", "json"))]
    )
    rows = [(Decimal("1.500"), {"x": None, "y": [None, 9007199254740993]}), (None, None)]
    assert form.encode(Result(encoder, rows)) == b'[{"a":1.500,"b":{"y":[null,9007199254740993]}},{}]'


SPARSE = [f'{{"c{number}":1}}' for number in range(4_000)]
"""Rows of which no two have the same key: few bytes that would become 16 million cells."""


@pytest.mark.parametrize(
    ("media_type", "body", "columns"),
    (
        pytest.param("application/json", f"[{','.join(SPARSE)}]", None, id="JSON"),
        pytest.param("application/x-ndjson", "\n".join(SPARSE), None, id="NDJSON"),
        pytest.param("application/json", f"[{','.join(SPARSE)}]", tuple(map(str, range(4_000))), id="columns"),
        pytest.param("text/csv", "a" + "\n1" * 4_000, tuple(map(str, range(4_000))), id="columns of CSV"),
    ),
)
def test_rows_that_would_become_far_more_cells_than_were_sent_are_refused(
    media_type: str, body: str, columns: tuple[str, ...] | None
) -> None:
    """A small body cannot take memory by the square of its size."""
    with pytest.raises(TooComplex):
        BODIES.rows(media_type, body.encode(), columns, defaults=True)


def test_a_long_csv_cell_takes_memory_by_its_length_alone() -> None:
    """Reading a quoted cell of many megabytes keeps no mark for each of its characters."""
    body = b'a\n"' + b"x" * 5_000_000 + b'"\n'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    decode_csv(body)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
