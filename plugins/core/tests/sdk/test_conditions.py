"""What the Python client writes into an address is what the REST interface reads."""

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from synthdb.rest.limits import Limits
from synthdb.rest.query import parse_query
from synthdb.sdk.runtimes.python.conditions import (
    Comparison,
    Condition,
    Path,
    all_of,
    any_of,
    compare,
    none_of,
    within,
)
from synthdb.sdk.runtimes.python.targets import query_string
from synthdb.sdk.runtimes.python.values import decode, decode_row, encode
from synthdb_host import operations as host

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8) | st.text(
    '"\\,.:()*{}!-><ab %&=+', max_size=8
)
# The catalog takes no name that begins or ends with white space, and none with control characters.
NAMES = (
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=8)
    | st.text('"\\,.:()*{}!-><ab%&=+', min_size=1, max_size=8)
    | st.sampled_from(["select", "order", "limit", "and", "or", "not", "having", "columns", "count", "cursor"])
)
OPERATORS = st.sampled_from(["eq", "neq", "gt", "gte", "lt", "lte", "match"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSON = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))
COMPARISONS = st.builds(compare, NAMES, OPERATORS, TEXTS)

patient = settings(deadline=None)


def read(condition: Condition) -> list[host.Filter]:
    """Read a condition as the server does."""
    text = query_string([condition.parameters()]).removeprefix("?")
    return parse_query(text, Limits()).root.where


def meant(condition: Condition, column: str, operator: str, value: Any) -> bool:
    """Say whether a condition is read as one comparison."""
    return read(condition) == [host.Comparison(host.ColumnRef(column), operator, value)]


@patient
@given(NAMES, OPERATORS, TEXTS)
def test_a_comparison_is_read_as_it_was_meant(name: str, operator: str, text: str) -> None:
    """Whatever the names of columns and the values are."""
    assert meant(compare(name, operator, text), name, operator, host.Literal(text))


@patient
@given(NAMES, st.lists(TEXTS, min_size=1, max_size=4))
def test_a_list_is_read_as_it_was_meant(name: str, texts: list[str]) -> None:
    """Every value of it stays one value."""
    assert meant(within(name, texts), name, "in", tuple(map(host.Literal, texts)))


@patient
@given(NAMES, st.lists(NAMES | st.integers(0, 99), min_size=1, max_size=3), TEXTS)
def test_a_path_is_read_as_it_was_meant(name: str, steps: list[str | int], text: str) -> None:
    """Keys and indexes of JSON are told apart."""
    expected = host.ColumnRef(name, tuple(steps), as_text=True)

    assert [host.Comparison(expected, "eq", host.Literal(text))] == read(compare(Path(name, *steps), "eq", text))


@patient
@given(st.lists(COMPARISONS, min_size=1, max_size=3), st.lists(COMPARISONS, min_size=1, max_size=3))
def test_groups_are_read_as_they_were_meant(first: list[Comparison], second: list[Comparison]) -> None:
    """Also within each other, and negated."""
    alone = [read(item)[0] for item in (*first, *second)]
    inner = host.And(tuple(alone[len(first) :]))

    assert [host.Or((*alone[: len(first)], inner))] == read(any_of(*first, all_of(*second)))
    assert [host.Not(host.Or(tuple(alone[: len(first)])))] == read(none_of(*first))


@patient
@given(JSON)
def test_json_is_what_it_was(value: Any) -> None:
    """No number loses a digit."""
    assert {"x": value} == decode_row({"x": decode(encode(value))}, {"x": "json"})
    assert Decimal("0.10000000000000000055") == decode(encode(Decimal("0.10000000000000000055")))
