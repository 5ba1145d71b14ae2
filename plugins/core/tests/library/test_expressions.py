"""Expressions become the host's filter tree, whatever the values are."""

import pytest

from synthdb import Aggregation, ColumnExpression, Condition, col, count
from synthdb.library.selecting import filter_of, orders_of, outputs_of
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import InvalidFilter, InvalidSelect
from synthdb_host.operations import (
    Aggregate,
    And,
    ColumnRef,
    Comparison,
    Filter,
    Not,
    Or,
    Order,
    Output,
)

AGE = ColumnRef("age")


@pytest.mark.parametrize(
    ("condition", "expected"),
    (
        (col("age") == 3, Comparison(AGE, "eq", 3)),
        (col("age") != 3, Comparison(AGE, "neq", 3)),
        (col("age") < 3, Comparison(AGE, "lt", 3)),
        (col("age") <= 3, Comparison(AGE, "lte", 3)),
        (col("age") > 3, Comparison(AGE, "gt", 3)),
        (col("age") >= 3, Comparison(AGE, "gte", 3)),
        (3 < col("age"), Comparison(AGE, "gt", 3)),
        (col("age") == None, Comparison(AGE, "is", None)),  # noqa: E711 - it builds a condition
        (col("age") != None, Comparison(AGE, "is", "not_null")),  # noqa: E711 - it builds a condition
        (col("age").is_null(), Comparison(AGE, "is", None)),
        (col("age").is_not_null(), Comparison(AGE, "is", "not_null")),
        (col("age").in_([1, 2]), Comparison(AGE, "in", (1, 2))),
        (col("age").like("a%"), Comparison(AGE, "like", "a%")),
        (col("age").ilike("a%"), Comparison(AGE, "ilike", "a%")),
        (col("age").match("^a"), Comparison(AGE, "match", "^a")),
        (col("age").is_distinct_from(3), Comparison(AGE, "isdistinct", 3)),
        (col("age").contains({"a": 1}), Comparison(AGE, "cs", {"a": 1})),
        (col("age").contained_in([1]), Comparison(AGE, "cd", [1])),
        (col("age").between(1, 2), And((Comparison(AGE, "gte", 1), Comparison(AGE, "lte", 2)))),
        (col("age").cast("text") == "3", Comparison(ColumnRef("age", cast="text"), "eq", "3")),
        (col("doc")["a"][0] == 1, Comparison(ColumnRef("doc", ("a", 0)), "eq", 1)),
        (col("doc")["a"] == "x", Comparison(ColumnRef("doc", ("a",), as_text=True), "eq", "x")),
        (col("doc")["a"].is_null(), Comparison(ColumnRef("doc", ("a",)), "is", None)),
        (col("doc")["a"].is_not_null(), Comparison(ColumnRef("doc", ("a",)), "is", "not_null")),
        (count() > 3, Comparison(Aggregate("count"), "gt", 3)),
    ),
    ids=str,
)
def test_a_comparison_is_a_node_of_the_tree(condition: Condition, expected: Filter) -> None:
    """The tree says what the expression says."""
    assert expected == condition.filter


def test_conditions_join_without_needless_nesting() -> None:
    """And of ands is one And, or of ors one Or, and not stands where it was written."""
    a, b, c = (col(name) == 1 for name in "abc")

    assert And((a.filter, b.filter, c.filter)) == (a & b & c).filter
    assert Or((a.filter, And((b.filter, c.filter)))) == (a | (b & c)).filter
    assert Not(Or((a.filter, b.filter))) == (~(a | b)).filter


def test_python_and_is_refused() -> None:
    """``and`` would drop a condition in silence."""
    with pytest.raises(TypeError, match="&"):
        bool(col("a") == 1 and col("b") == 2)


@pytest.mark.parametrize(
    ("where", "expected"),
    (
        (None, None),
        ({}, None),
        ({"age": 3}, Comparison(AGE, "eq", 3)),
        ({"age": None}, Comparison(AGE, "is", None)),
        ({"age": [1, 2]}, Comparison(AGE, "in", (1, 2))),
        ({"age": 1, "x": 2}, And((Comparison(AGE, "eq", 1), Comparison(ColumnRef("x"), "eq", 2)))),
        (Or(()), Or(())),
    ),
    ids=str,
)
def test_a_dictionary_means_equalities(where: dict[str, object] | Filter | None, expected: Filter | None) -> None:
    """The common case needs no expression."""
    assert expected == filter_of(where)


@pytest.mark.parametrize("where", ("age > 3", 3, [1], True))
def test_text_is_never_a_condition(where: object) -> None:
    """Conditions are built, not pasted."""
    with pytest.raises(InvalidFilter):
        filter_of(where)  # type: ignore[arg-type] # what a caller without types could give


def test_projections_name_columns_places_and_aggregates() -> None:
    """The name in the result can be chosen."""
    expected = (
        Output(ColumnRef("a"), "a"), Output(ColumnRef("doc", ("x",)), "x"), Output(AGE, "years"),
        Output(Aggregate("count"), "count"), Output(Aggregate("avg", AGE), "mean"),
    )  # fmt: skip

    assert expected == outputs_of(
        ["a", col("doc")["x"], col("age").as_("years"), count(), col("age").avg().as_("mean")]
    )
    assert ("sum", "min", "max", "count") == tuple(
        item.aggregate.function for item in (col("a").sum(), col("a").min(), col("a").max(), col("a").count())
    )


def test_orders_are_names_or_expressions() -> None:
    """A minus sorts from the greatest."""
    expected = (Order(ColumnRef("a")), Order(ColumnRef("b"), descending=True), Order(AGE, nulls="first"))

    assert expected == orders_of(["a", "-b", col("age").asc(nulls="first")])
    assert (Order(ColumnRef("a")),) == orders_of("a")
    assert (Order(AGE, descending=True, nulls="last"),) == orders_of(col("age").desc(nulls="last"))


@pytest.mark.parametrize("columns", ([3], [ColumnType("text")]), ids=str)
def test_what_is_no_column_cannot_be_selected_or_sorted_by(columns: list[object]) -> None:
    """The mistake is named where it is made."""
    with pytest.raises(InvalidSelect):
        outputs_of(columns)  # type: ignore[arg-type] # what a caller without types could give
    with pytest.raises(InvalidSelect):
        orders_of(columns)  # type: ignore[arg-type] # what a caller without types could give


def test_expressions_can_be_shown_and_not_hashed() -> None:
    """Equality builds a condition, so an expression is no dictionary key."""
    assert "age" in repr(col("age"))
    assert isinstance(count(), Aggregation)
    with pytest.raises(TypeError):
        hash(col("age"))
    assert isinstance(col("a"), ColumnExpression)
