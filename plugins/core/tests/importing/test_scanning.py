"""A column's type is the narrowest that every value fits exactly, in the form it is written."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdb.importing.conversion import CellConverter
from synthdb.importing.scanning import ColumnScan, Finding
from synthdb_host.catalog import ColumnType
from synthdb_host.inference import infer_text
from synthdb_host.operations import MISSING
from synthdb_host.values import format_text, parse_text

NULLS = frozenset({""})


def found(values: Sequence[object], *, cells: bool = True, size: int = 1000) -> Finding:
    """Scan a column in chunks of ``size``."""
    scan = ColumnScan(NULLS, cells=cells)
    for start in range(0, len(values), size):
        part = values[start : start + size]
        scan.add(part, range(start + 2, start + 2 + len(part)))
    return scan.finding()


@pytest.mark.parametrize(
    ("cells", "expected"),
    (
        (["1", "-17", "0"], "integer"),
        (["9223372036854775807", "-9223372036854775808"], "integer"),
        (["9223372036854775808"], "decimal(19,0)"),
        (["1", "2.5"], "real"),
        (["0.1", "39.02", "-0.5"], "real"),
        (["10.357019999999999", "8.05546"], "real"),
        (["48.053808600000004", "1.5"], "real"),
        (["1009.2", "1e3"], "real"),
        (["1e3", "1e5"], "text"),
        (["10", "1e5"], "text"),
        (["19.9900"], "decimal(16,4)"),
        (["19.9900", "3"], "decimal(16,4)"),
        (["0.00001"], "decimal(17,5)"),
        (["12345678901234567", "0.5"], "decimal(18,1)"),
        (["00501", "10001"], "text"),
        (["+1"], "text"),
        (["-0"], "text"),
        ([" 1"], "text"),
        (["1_000"], "text"),
        (["٣"], "text"),
        (["1\n2", "3"], "text"),
        (["true", "false"], "boolean"),
        (["true", "1"], "text"),
        (["2013-01-31", "2012-02-29"], "date"),
        (["2013-02-30"], "text"),
        (["2013-01-31T10:00:00Z", "2013-01-31T10:00:00.123456Z"], "timestamp"),
        (["2013-01-31 10:00:00", "2013-01-31 10:00"], "timestamp"),
        (["2013-01-31T10:00:00+00:00"], "timestamp"),
        (["2013-01-31", "2013-01-31T10:00:00Z"], "timestamp"),
        (["2013-01-31T10:00:00+02:00"], "text"),
        (["2013-01-31 25:00:00"], "text"),
        (["6ba7b810-9dad-11d1-80b4-00c04fd430c8"], "uuid"),
        (["6BA7B810-9DAD-11D1-80B4-00C04FD430C8"], "text"),
        (["", ""], "text"),
        (["", "5"], "integer"),
        (["NA", "5", "N/A", "NULL", "null"], "integer"),
        (["NA", "2013-01-31"], "date"),
        (["NA", "x"], "text"),
        (["NA"], "text"),
    ),
    ids=str,
)
def test_cells_have_the_narrowest_exact_type(cells: list[str], expected: str) -> None:
    """Nothing is guessed: what is not exactly the form of a richer type is text."""
    assert expected == str(found(cells).type)
    assert expected == str(found(cells, size=1).type)


def test_a_missing_value_is_noticed() -> None:
    """An empty cell makes a column nullable, wherever it stands."""
    assert not found(["1", "2"]).nullable
    assert found(["1", ""], size=1).nullable
    assert found(["x", "", "y"], size=1).nullable


def test_tokens_for_no_value_are_stated() -> None:
    """NA is read as no value only in a column of numbers, and the report says so."""
    finding = found(["1", "NA"])

    assert finding.nullable
    assert {"", "NA"} == finding.nulls
    assert ("'NA' is read as no value",) == finding.notes
    assert NULLS == found(["x", "NA"]).nulls


def test_the_reason_for_text_is_stated_with_its_line() -> None:
    """Who expected a number learns which line spoils it."""
    (note,) = found(["1", "2", "n/k", "4"], size=2).notes

    assert "text, because it holds '1' (line 2), 'n/k' (line 4)" == note.replace("'2' (line 3)", "'1' (line 2)")


def test_times_without_a_zone_are_stated() -> None:
    """Taking a time as UTC is an assumption, so the report names it."""
    assert ("times without a zone are taken as UTC",) == found(["2013-01-31 10:00:00"]).notes


@pytest.mark.parametrize(
    ("values", "expected"),
    (
        ([1, 2], "integer"),
        ([1, 2.5], "real"),
        ([2**53 + 1, 0.5], "decimal(17,1)"),
        ([2**63], "decimal(19,0)"),
        ([Decimal("0.1000000000000000055511151231257827")], "decimal(46,34)"),
        ([True, None], "boolean"),
        (["5", "6"], "text"),
        (["true"], "text"),
        (["2013-01-31"], "date"),
        ([{"a": 1}, [1]], "json"),
        ([{"a": 1}, "x"], "json"),
        ([1, "x"], "text"),
        ([MISSING, 1], "integer"),
    ),
    ids=str,
)
def test_json_values_keep_what_json_says(values: list[object], expected: str) -> None:
    """A JSON string is never a number, and mixed values find a type that holds them all."""
    finding = found(values, cells=False)

    assert expected == str(finding.type)
    assert finding.nullable == (None in values or MISSING in values)


CELLS = st.one_of(
    st.from_regex(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", fullmatch=True),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)),
    st.sampled_from(["true", "false", "x", "007", "1e3", "-0", "-0.0", "0.0001", "0.00001"]),
    st.uuids().map(str),
    st.text(max_size=3),
).filter(lambda text: text not in {"", "NA"})


@given(cells=st.lists(CELLS, min_size=1, max_size=8))
def test_no_cell_loses_anything_by_its_columns_type(cells: list[str]) -> None:
    """Every value of a column means the same number, moment or text after it was converted."""
    finding = found(cells)
    values = CellConverter(finding.type, finding).bulk(cells)

    for cell, value in zip(cells, values, strict=True):
        assert same(finding.type, cell, value)


def same(column_type: ColumnType, cell: str, value: Any) -> bool:
    """Whether a value is what a cell says."""
    if column_type.name in ("integer", "decimal"):
        return bool(Decimal(cell) == value)
    if column_type.name == "real":
        return float(cell) == value and (Decimal(repr(value)) == Decimal(cell) or f"{value:.17g}" == cell)
    if column_type.name == "timestamp":
        return bool(parse_text(column_type, cell) == value)
    return format_text(column_type, value) == cell


@given(cell=CELLS)
def test_a_single_cell_has_the_type_of_the_hosts_rules(cell: str) -> None:
    """The fast way and the host's rules agree, but for the forms that only whole files are trusted with."""
    expected = infer_text(cell)
    actual = found([cell]).type

    looser = expected.name in ("text", "decimal") and actual.name in ("timestamp", "real")
    assert looser or str(expected) == str(actual)
