"""What conditions select, checked against the same question answered in Python."""

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb.engine.conditions import compile_condition
from synthdb.engine.shapes import shape_of, values_of
from synthdb_host.errors import (
    InvalidFilter,
    RequestError,
    TooComplex,
    UnknownColumn,
    UnknownOperator,
    UnknownRelation,
)
from synthdb_host.operations import And, ColumnRef, Comparison, EmbedExists, Filter, Literal, Not, Or, Select

from .conftest import Shelf

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "neq": operator.ne, "gt": operator.gt, "gte": operator.ge, "lt": operator.lt,
    "lte": operator.le,
}  # fmt: skip
PATIENT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def column(name: str, operator_name: str, value: object, *path: str | int, **more: Any) -> Comparison:
    """Build a comparison of a column or a path."""
    quantifier = more.pop("quantifier", None)
    return Comparison(ColumnRef(name, path, **more), operator_name, value, quantifier)


@pytest.fixture
def films(shelf: Shelf) -> Shelf:
    """Give a table with a column of each type."""
    shelf.put(
        "films",
        "id integer, title text, price decimal(10,2), worth decimal(30,4), tags json, seen boolean, "
        "score real, at timestamp, day date, raw bytes, code uuid",
        [
            (1, "Alien", "9.99", "10.5", {"a": [1, 2], "b": True, "n": 5, 'q"x': 1}, True, 1.5,
             "2020-01-01T00:00:00Z", "2020-01-01", b"x", "6f9619ff-8b86-4011-b42d-00c04fc964ff"),
            (2, "brazil*[1]", "19.90", "-3.25", ["x", "y"], False, -2.0, "2021-06-01T12:00:00.5Z",
             "2021-06-01", b"yz", None),
            (3, None, None, None, None, None, None, None, None, None, None),
            (4, "50%_a\\b", "-1.00", "123456789012345678901234.5", 1.0, True, 2.0**60, None, None, b"", None),
        ],
    )  # fmt: skip
    return shelf


def ids(shelf: Shelf, condition: Filter) -> list[int]:
    """Name the rows that a condition selects."""
    return [row["id"] for row in shelf.read(Select("films", where=condition))]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (column("id", "eq", Literal("2")), [2]),
        (column("id", "gt", 1.5), [2, 3, 4]),
        (column("id", "lt", Decimal("1e30")), [1, 2, 3, 4]),
        (column("id", "gte", -(10**40)), [1, 2, 3, 4]),
        (column("id", "eq", "Infinity"), []),
        (column("price", "eq", "9.990"), [1]),
        (column("price", "eq", "9.991"), []),
        (column("price", "neq", "9.991"), [1, 2, 4]),
        (column("price", "gt", "9.985"), [1, 2]),
        (column("price", "lte", "9.9900001"), [1, 4]),
        (column("price", "in", ["9.99", "1.005", 19.9, None]), [1, 2]),
        (column("worth", "lt", "-3.2499999"), [2]),
        (column("worth", "gt", "1e60"), []),
        (column("worth", "gte", "123456789012345678901234.49999"), [4]),
        (column("worth", "in", ["10.5", "-3.25"]), [1, 2]),
        (column("score", "gt", "1.4"), [1, 4]),
        (column("score", "eq", 2**60), [4]),
        (column("score", "in", [1.5, "-2"]), [1, 2]),
        (column("title", "like", "A%"), [1]),
        (column("title", "like", "a%"), []),
        (column("title", "ilike", "a%"), [1]),
        (column("title", "like", "brazil*[1]"), [2]),
        (column("title", "like", "brazil?1%"), []),
        (column("title", "like", "50\\%\\_a\\\\b"), [4]),
        (column("title", "ilike", "50\\%\\_A\\\\b"), [4]),
        (column("title", "like", "5_%"), [4]),
        (column("title", "match", "^[A-Z]"), [1]),
        (column("title", "imatch", "^[A-Z]"), [1, 2]),
        (column("title", "like", ["A%", "%[%"], quantifier="any"), [1, 2]),
        (column("title", "like", ["A%", "%n"], quantifier="all"), [1]),
        (column("id", "eq", [], quantifier="any"), []),
        (column("title", "isdistinct", "Alien"), [2, 3, 4]),
        (column("title", "isdistinct", None), [1, 2, 4]),
        (column("title", "eq", None), []),
        (column("title", "in", []), []),
        (Not(column("title", "in", [])), [1, 2, 3, 4]),
        (Not(column("title", "in", ["Alien", None])), []),
        (Not(column("price", "in", ["1.005"])), [1, 2, 4]),
        (Not(column("worth", "in", ["1e60"])), [1, 2, 4]),
        (Not(column("id", "in", [0.5, "Infinity", 2])), [1, 3, 4]),
        (Not(column("tags", "in", [0.5], "n", as_text=True, cast="integer")), [1]),
        (column("seen", "is", True), [1, 4]),
        (column("seen", "is", Literal("unknown")), [3]),
        (column("seen", "is", None), [3]),
        (column("seen", "is", "not_null"), [1, 2, 4]),
        (column("seen", "eq", "true"), [1, 4]),
        (column("at", "gte", "2021-06-01T14:00:00+02:00"), [2]),
        (column("day", "lt", "2021-06-01"), [1]),
        (column("raw", "in", [b"yz", Literal("eA==")]), [1, 2]),
        (column("raw", "eq", b""), [4]),
        (column("code", "eq", "6F9619FF-8B86-4011-B42D-00C04FC964FF"), [1]),
        (column("tags", "cs", {"b": True}), [1]),
        (column("tags", "cs", Literal("{x}")), [2]),
        (column("tags", "cs", Literal('["y"]')), [2]),
        (column("tags", "cd", ["x", "y", "z"]), [2]),
        (column("tags", "ov", ["q", "y"]), [2]),
        (column("tags", "eq", 1), [4]),
        (column("tags", "neq", ["x", "y"]), [1, 4]),
        (column("tags", "in", [["x", "y"], 1]), [2, 4]),
        (column("tags", "isdistinct", ["x", "y"]), [1, 3, 4]),
        (column("tags", "gt", 3, "n"), [1]),
        (column("tags", "eq", 2, "a", 1), [1]),
        (column("tags", "eq", 2, "a", -1), [1]),
        (column("tags", "eq", "true", "b", as_text=True), [1]),
        (column("tags", "eq", "1", 'q"x', as_text=True), [1]),
        (column("tags", "gte", "5", "n", as_text=True, cast="integer"), [1]),
        (column("tags", "is", None, "nothing"), [1, 2, 3, 4]),
        (column("price", "like", "9.9%", cast="text"), [1]),
        (column("title", "eq", 1, cast="integer"), []),
        (column("at", "eq", "2020-01-01", cast="date"), [1]),
        (And(()), [1, 2, 3, 4]),
        (Or(()), []),
        (Or((column("id", "eq", 1), And((column("id", "gt", 1), column("seen", "is", False))))), [1, 2]),
    ],
)  # fmt: skip
def test_a_condition_selects_what_postgresql_would(films: Shelf, condition: Filter, expected: list[int]) -> None:
    """Values are read by the column's type, compared exactly, and unknown is never true."""
    assert ids(films, condition) == expected


@pytest.mark.parametrize(
    ("condition", "error"),
    [
        (column("nope", "eq", 1), UnknownColumn),
        (column("_tx", "eq", 1), UnknownColumn),
        (column("id", "almost", 1), UnknownOperator),
        (column("id", "like", "1%"), UnknownOperator),
        (column("title", "cs", "x"), UnknownOperator),
        (column("title", "fts", "x"), UnknownOperator),
        (column("id", "sl", "x"), UnknownOperator),
        (column("id", "eq", "one"), InvalidFilter),
        (column("id", "eq", True), InvalidFilter),
        (column("id", "eq", float("nan")), InvalidFilter),
        (column("id", "eq", [1]), InvalidFilter),
        (column("price", "in", "9.99"), InvalidFilter),
        (column("price", "in", ["9.99", "x"]), InvalidFilter),
        (column("title", "eq", {"a": 1}), InvalidFilter),
        (column("title", "eq", "a\0b"), InvalidFilter),
        (column("title", "eq", "\ud800"), InvalidFilter),
        (column("title", "like", "a\\"), InvalidFilter),
        (column("title", "like", 5), InvalidFilter),
        (column("title", "match", "("), InvalidFilter),
        (column("title", "match", "a" * 501), InvalidFilter),
        (column("title", "is", True), InvalidFilter),
        (column("title", "is", "maybe"), InvalidFilter),
        (column("title", "eq", 1, "a"), InvalidFilter),
        (column("title", "eq", 1, cast="money"), InvalidFilter),
        (column("seen", "eq", "maybe"), InvalidFilter),
        (column("day", "eq", "2020-13-01"), InvalidFilter),
        (column("tags", "eq", Literal("{")), InvalidFilter),
        (column("id", "eq", 5, quantifier="any"), InvalidFilter),
        (column("id", "eq", [1] * 101, quantifier="any"), TooComplex),
        (EmbedExists("actors"), UnknownRelation),
    ],
)
def test_a_condition_that_does_not_fit_is_refused(films: Shelf, condition: Filter, error: type[RequestError]) -> None:
    """The documented error says so before anything is read; nothing else escapes."""
    with pytest.raises(error):
        ids(films, condition)


def test_deep_nesting_is_refused(films: Shelf) -> None:
    """A filter nested too deeply is an error, not a crash."""
    condition: Filter = column("id", "eq", 1)
    for _ in range(5_000):
        condition = Not(condition)
    with pytest.raises(TooComplex):
        ids(films, condition)


def test_a_bad_value_is_explained_by_its_column(films: Shelf) -> None:
    """The error names the column, however many others fit."""
    condition = And((column("id", "eq", 1), column("price", "gt", "cheap")))
    with pytest.raises(InvalidFilter, match="price") as caught:
        ids(films, condition)
    assert caught.value.data == {"column": "price"}


def test_a_condition_serves_updates_and_deletes(films: Shelf) -> None:
    """Its SQL stands alone over the physical table's own name, quantifiers and lists included."""
    condition = And((column("id", "in", [1, 2]), Not(column("title", "like", ["x%", "b%"], quantifier="any"))))
    compiled = compile_condition(films.catalog, films.catalog.table("films"), condition)
    films.connection.execute(f"DELETE FROM films WHERE {compiled.sql}", compiled.parameters(values_of(condition)))
    assert ids(films, And(())) == [2, 3, 4]


def test_hidden_columns_do_not_exist_for_conditions(films: Shelf) -> None:
    """Neither the column nor the hint of the error gives the name away."""
    with pytest.raises(UnknownColumn) as caught:
        compile_condition(
            films.catalog, films.catalog.table("films"), column("raw", "is", None), hidden=frozenset({"raw"})
        )
    assert "raw" not in (caught.value.hint or "")


numbers = st.one_of(
    st.none(),
    st.integers(-(10**6), 10**6),
    st.integers(-(2**70), 2**70),
    st.decimals(-1000, 1000, places=4),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 3)),
    st.sampled_from(["1", "-0.5", "12.3450", "1e3"]).map(Literal),
)
stored = st.lists(
    st.tuples(
        st.one_of(st.none(), st.integers(-1000, 1000), st.integers(-(2**63), 2**63 - 1)),
        st.one_of(st.none(), st.decimals(-1000, 1000, places=2)),
        st.one_of(st.none(), st.decimals(-(10**20), 10**20, places=3)),
        st.one_of(st.none(), st.text("ab%_*[]\\é", max_size=4)),
    ),
    min_size=1,
    max_size=6,
)
NAMES = ("whole", "price", "wide", "word")


def leaves() -> st.SearchStrategy[Filter]:
    """Give comparisons of every kind."""
    numeric = st.builds(
        column,
        st.sampled_from(NAMES[:3]),
        st.sampled_from(list(COMPARE)),
        numbers,
    )
    textual = st.builds(
        lambda op, value: column("word", op, value),
        st.sampled_from(["eq", "neq", "lt", "gte", "like", "isdistinct"]),
        st.one_of(st.none(), st.text("ab%_*[]é", max_size=3)),
    )
    lists = st.builds(
        lambda name, values: column(name, "in", values),
        st.sampled_from(NAMES[:3]),
        st.lists(numbers, max_size=4),
    )
    nulls = st.builds(lambda name: column(name, "is", None), st.sampled_from(NAMES))
    return st.one_of(numeric, textual, lists, nulls)


conditions = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(lambda items: And(tuple(items)), st.lists(inner, max_size=3)),
        st.builds(lambda items: Or(tuple(items)), st.lists(inner, max_size=3)),
    ),
    max_leaves=6,
)


def exact(value: Any) -> Any:
    """Give the number that a value means."""
    return Decimal(value) if isinstance(value, str) else Decimal(repr(value)) if isinstance(value, float) else value


def like(text: str, pattern: str) -> bool:
    """Match as LIKE does."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(like(text[start:], pattern[1:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and like(text[1:], pattern[1:])


def truth(condition: Filter, row: dict[str, Any]) -> bool | None:
    """Evaluate a condition in three-valued logic."""
    if isinstance(condition, Not):
        inner = truth(condition.item, row)
        return None if inner is None else not inner
    if isinstance(condition, And | Or):
        found = [truth(item, row) for item in condition.items]
        decided = isinstance(condition, Or)
        return decided if decided in found else None if None in found else not decided
    assert isinstance(condition, Comparison)
    return compared(row[condition.column.name], condition)  # type: ignore[union-attr]  # only columns here


def compared(left: Any, condition: Comparison) -> bool | None:
    """Evaluate one comparison."""
    if condition.operator == "is":
        return left is None
    if condition.operator == "in":
        values = [value if value is None else exact(value) for value in condition.value]  # type: ignore[attr-defined]  # in-lists are sequences
        if left is None:
            return False if not values else None
        return True if left in values else None if None in values else False
    right: Any = condition.value
    right = right if left is None or isinstance(left, str) or right is None else exact(right)
    if condition.operator == "isdistinct":
        return bool(left != right)
    if left is None or right is None:
        return None
    return like(left, right) if condition.operator == "like" else COMPARE[condition.operator](left, right)


@PATIENT
@given(rows=stored, condition=conditions)
def test_sqlite_and_python_agree_on_every_condition(shelf: Shelf, rows: list[Any], condition: Filter) -> None:
    """The rows selected are those for which the condition is true in exact three-valued arithmetic."""
    if "r" not in shelf.catalog.tables:
        shelf.put("r", "id integer, whole integer, price decimal(10,2), wide decimal(30,3), word text")
    shelf.connection.execute("DELETE FROM r")
    shelf.add("r", [(position, *row) for position, row in enumerate(rows)])
    expected = [position for position, row in enumerate(rows) if truth(condition, dict(zip(NAMES, row, strict=True)))]
    assert [row["id"] for row in shelf.read(Select("r", where=condition))] == expected


@PATIENT
@given(condition=conditions)
def test_conditions_of_one_shape_share_their_sql(shelf: Shelf, condition: Filter) -> None:
    """The number of values is fixed by the shape, so a plan fits every condition of its shape."""
    if "r" not in shelf.catalog.tables:
        shelf.put("r", "id integer, whole integer, price decimal(10,2), wide decimal(30,3), word text")
    other = replaced(condition)
    assert shape_of(other) == shape_of(condition)
    assert len(values_of(other)) == len(values_of(condition))
    table = shelf.catalog.table("r")
    assert compile_condition(shelf.catalog, table, other).sql == compile_condition(shelf.catalog, table, condition).sql


def replaced(condition: Filter) -> Filter:
    """Put other values into a condition."""
    if isinstance(condition, Not):
        return Not(replaced(condition.item))
    if isinstance(condition, And | Or):
        return type(condition)(tuple(replaced(item) for item in condition.items))
    assert isinstance(condition, Comparison)
    value = None if condition.operator == "is" else [1, 2, 3] if condition.operator == "in" else None
    return Comparison(condition.column, condition.operator, value)
