"""Conditions as they are written in a query string."""

from typing import Any

import pytest

from synthdb.rest.filters import condition_count, parse_filter, parse_group, parse_having
from synthdb.rest.limits import Limits
from synthdb_host.errors import InvalidFilter, RequestError, TooComplex, UnknownOperator
from synthdb_host.operations import (
    ALL_OPERATORS,
    Aggregate,
    And,
    ColumnRef,
    Comparison,
    Filter,
    Literal,
    Not,
    Or,
)

LIMITS = Limits()
AGE = ColumnRef("age")


def compare(operator: str, value: object, quantifier: Any = None, column: str = "age") -> Comparison:
    return Comparison(ColumnRef(column), operator, value, quantifier)


def read(text: str) -> Filter:
    return parse_filter(AGE, text, "query parameter 'age'", LIMITS)


def group(text: str, kind: str = "and") -> Filter:
    return parse_group(kind, text, f"query parameter {kind!r}", LIMITS)


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        pytest.param("eq.5", compare("eq", "5"), id="equal"),
        pytest.param("neq.5", compare("neq", "5"), id="not equal"),
        pytest.param("gt.", compare("gt", ""), id="empty value"),
        pytest.param("gte.2020-01-01T00:00:00Z", compare("gte", "2020-01-01T00:00:00Z"), id="colons in a value"),
        pytest.param('lt.a,b(c)"d', compare("lt", 'a,b(c)"d'), id="reserved characters need no quotes alone"),
        pytest.param("lte.a.b.c", compare("lte", "a.b.c"), id="dots in a value"),
        pytest.param("like.*a_b%", compare("like", "%a_b%"), id="star is percent"),
        pytest.param("ilike.A*", compare("ilike", "A%"), id="ilike"),
        pytest.param("match.^a*", compare("match", "^a*"), id="star stays in a regular expression"),
        pytest.param("imatch.x", compare("imatch", "x"), id="imatch"),
        pytest.param("isdistinct.5", compare("isdistinct", "5"), id="isdistinct"),
        pytest.param("fts.cat", compare("fts", "cat"), id="full text"),
        pytest.param("sl.(1,5)", compare("sl", "(1,5)"), id="range"),
        pytest.param("is.null", compare("is", None), id="null"),
        pytest.param("is.NULL", compare("is", None), id="null in capitals"),
        pytest.param("is.true", compare("is", True), id="true"),
        pytest.param("is.false", compare("is", False), id="false"),
        pytest.param("is.unknown", compare("is", "unknown"), id="unknown"),
        pytest.param("is.not_null", compare("is", "not_null"), id="not_null"),
        pytest.param("not.eq.5", Not(compare("eq", "5")), id="negated"),
        pytest.param("not.is.null", Not(compare("is", None)), id="negated null"),
        pytest.param("in.(1,2)", compare("in", ("1", "2")), id="list"),
        pytest.param("in.()", compare("in", ()), id="empty list"),
        pytest.param("in.(5)", compare("in", ("5",)), id="list of one"),
        pytest.param("in.(,a)", compare("in", ("", "a")), id="list with an empty text"),
        pytest.param('in.("a,b",c)', compare("in", ("a,b", "c")), id="quoted comma in a list"),
        pytest.param(r'in.("a\"b","c\\d")', compare("in", ('a"b', "c\\d")), id="escapes in a list"),
        pytest.param('in.("(x)","")', compare("in", ("(x)", "")), id="quoted parentheses and empty text"),
        pytest.param("not.in.(1,2)", Not(compare("in", ("1", "2"))), id="negated list"),
        pytest.param("eq(any).{1,2}", compare("eq", ("1", "2"), "any"), id="any"),
        pytest.param("like(all).{a*,*b}", compare("like", ("a%", "%b"), "all"), id="all"),
        pytest.param('eq(any).{"a,b","}"}', compare("eq", ("a,b", "}"), "any"), id="quotes in an array"),
        pytest.param("eq(any).{}", compare("eq", (), "any"), id="empty array"),
        pytest.param("not.gt(all).{1}", Not(compare("gt", ("1",), "all")), id="negated all"),
        pytest.param('cs.{"a":1}', compare("cs", '{"a":1}'), id="contains JSON"),
        pytest.param("cs.[1,2]", compare("cs", "[1,2]"), id="contains JSON array"),
        pytest.param("cs.{a,1,true}", compare("cs", '["a",1,true]'), id="array literal becomes JSON"),
        pytest.param('ov.{"a b",c}', compare("ov", '["a b","c"]'), id="quoted array literal"),
        pytest.param("cd.{}", compare("cd", "{}"), id="empty braces are JSON"),
    ),
)
def test_a_filter_is_an_operator_and_a_value(text: str, expected: Filter) -> None:
    """Each operator of the grammar becomes the comparison of the filter language with the same meaning."""
    assert read(text) == expected


@pytest.mark.parametrize("operator", [name for name in ALL_OPERATORS if name not in {"in", "is"}])
def test_every_operator_of_the_filter_language_is_understood(operator: str) -> None:
    """What the filter language offers can be asked for over REST."""
    assert read(f"{operator}.x") == compare(operator, "x")


def test_values_are_literals() -> None:
    """Values stay text, which their column gives a type."""
    simple, listed = read("eq.5"), read("in.(5,6)")
    assert isinstance(simple, Comparison)
    assert isinstance(listed, Comparison)
    assert type(simple.value) is Literal
    assert [type(value) for value in listed.value] == [Literal, Literal]  # type: ignore[attr-defined] # a tuple here


@pytest.mark.parametrize(
    ("text", "error", "message"),
    (
        pytest.param("5", InvalidFilter, "Expected operator.value at character 1", id="no operator"),
        pytest.param("", InvalidFilter, "Expected operator.value at character 1", id="nothing"),
        pytest.param("eq", InvalidFilter, "Expected operator.value", id="no value"),
        pytest.param("foo.1", UnknownOperator, "There is no operator 'foo'.", id="unknown"),
        pytest.param("EQ.1", UnknownOperator, "There is no operator 'EQ'.", id="capitals"),
        pytest.param("eq(some).{1}", UnknownOperator, "There is no operator eq(some).", id="unknown quantifier"),
        pytest.param("in(any).{1}", UnknownOperator, "There is no operator in(any).", id="quantified list"),
        pytest.param("fts(english).a", UnknownOperator, "There is no operator fts(english).", id="text language"),
        pytest.param("is.maybe", InvalidFilter, "at character 4, found 'maybe'", id="no truth"),
        pytest.param("not.is.maybe", InvalidFilter, "at character 8, found 'maybe'", id="no truth, negated"),
        pytest.param("in.1,2", InvalidFilter, "Expected '(' at character 4", id="list without parentheses"),
        pytest.param("in.(1,2", InvalidFilter, "Expected ',' or ')' at character 8", id="open list"),
        pytest.param("in.(1,2)x", InvalidFilter, "Expected the end at character 9", id="text after a list"),
        pytest.param('in.("a)', InvalidFilter, "Expected a closing quote at character 5", id="open quote"),
        pytest.param('in.("a"b)', InvalidFilter, "Expected ',' or ')' at character 8", id="text after a quote"),
        pytest.param("eq(any).1,2", InvalidFilter, "Expected '{' at character 9", id="no array"),
        pytest.param("cs.{a", InvalidFilter, "Expected ',' or '}' at character 3", id="open array"),
    ),
)
def test_a_bad_filter_is_refused_with_its_place(text: str, error: type[RequestError], message: str) -> None:
    """The error names the parameter and the character, and says what was expected there."""
    with pytest.raises(error) as caught:
        read(text)
    assert message in caught.value.detail
    assert caught.value.where == "query parameter 'age'"


def test_a_near_miss_is_suggested() -> None:
    """A misspelt operator gets the nearest one as a hint."""
    with pytest.raises(UnknownOperator) as caught:
        read("ilke.x")
    assert caught.value.hint == "Did you mean 'ilike'?"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    (
        pytest.param(
            "and",
            "(a.eq.1,b.gt.2)",
            And((compare("eq", "1", column="a"), compare("gt", "2", column="b"))),
            id="and",
        ),
        pytest.param(
            "or",
            "(a.eq.1,b.gt.2)",
            Or((compare("eq", "1", column="a"), compare("gt", "2", column="b"))),
            id="or",
        ),
        pytest.param("not.or", "(a.eq.1)", Not(Or((compare("eq", "1", column="a"),))), id="not or"),
        pytest.param("or", "(a.not.eq.1)", Or((Not(compare("eq", "1", column="a")),)), id="negated condition"),
        pytest.param(
            "or",
            "(and(a.eq.1,b.eq.2),not.and(c.eq.3))",
            Or(
                (
                    And((compare("eq", "1", column="a"), compare("eq", "2", column="b"))),
                    Not(And((compare("eq", "3", column="c"),))),
                )
            ),
            id="nested",
        ),
        pytest.param(
            "or",
            "( a.eq.1 , or( b.eq.2 ) )",
            Or(
                (
                    compare("eq", "1 ", column="a"),
                    Or((compare("eq", "2 ", column="b"),)),
                )
            ),
            id="spaces around conditions",
        ),
        pytest.param(
            "or",
            '(a.eq."x,y)",b.eq.z)',
            Or((compare("eq", "x,y)", column="a"), compare("eq", "z", column="b"))),
            id="quoted value",
        ),
        pytest.param("or", '("a.b".eq.1)', Or((compare("eq", "1", column="a.b"),)), id="quoted column"),
        pytest.param(
            "or",
            "(a.in.(1,2),b.is.null)",
            Or((compare("in", ("1", "2"), column="a"), compare("is", None, column="b"))),
            id="list in a group",
        ),
        pytest.param(
            "or",
            '(a.in.("x,y",")"),b.in.())',
            Or((compare("in", ("x,y", ")"), column="a"), compare("in", (), column="b"))),
            id="quoted list in a group",
        ),
        pytest.param(
            "or",
            "(a.like(any).{x*,y},b.eq.1)",
            Or((compare("like", ("x%", "y"), "any", "a"), compare("eq", "1", column="b"))),
            id="quantifier in a group",
        ),
        pytest.param(
            "and",
            '(d.cs.{"a":[1,{"b":"}"}]},e.cs.[1,2])',
            And(
                (
                    compare("cs", '{"a":[1,{"b":"}"}]}', column="d"),
                    compare("cs", "[1,2]", column="e"),
                )
            ),
            id="JSON in a group",
        ),
        pytest.param(
            "and",
            "(r.sl.[1,5),s.eq.2)",
            And((compare("sl", "[1,5)", column="r"), compare("eq", "2", column="s"))),
            id="range in a group",
        ),
        pytest.param(
            "or",
            "(a.eq.,b.eq.)",
            Or((compare("eq", "", column="a"), compare("eq", "", column="b"))),
            id="empty values",
        ),
        pytest.param("or", "(not.eq.1)", Or((compare("eq", "1", column="not"),)), id="a column named not"),
        pytest.param(
            "or",
            "(d->a->>b.eq.1)",
            Or((Comparison(ColumnRef("d", ("a", "b"), as_text=True), "eq", "1"),)),
            id="JSON path",
        ),
        pytest.param(
            "or",
            "(d->0->>-1.eq.1)",
            Or((Comparison(ColumnRef("d", (0, -1), as_text=True), "eq", "1"),)),
            id="JSON indexes",
        ),
    ),
)
def test_groups_join_conditions(kind: str, text: str, expected: Filter) -> None:
    """and, or and not nest, and every value can be quoted."""
    assert group(text, kind) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    (
        pytest.param("a.eq.1", "Expected '(' at character 1", id="no parentheses"),
        pytest.param("(a.eq.1", "Expected ')' at character 8", id="open"),
        pytest.param("()", "Expected a column at character 2", id="empty"),
        pytest.param("(a.eq.1,)", "Expected a column at character 9", id="trailing comma"),
        pytest.param("(a)", "Expected '.' at character 3", id="no operator"),
        pytest.param("(a.eq.1))", "Expected the end at character 9", id="text after it"),
        pytest.param('(a.eq."x"y)', "Expected ',' or ')' at character 10", id="text after a quote"),
        pytest.param('(a.cs.{"x":1)', "Expected a closing bracket at character 14", id="open bracket"),
        pytest.param("(a.is.maybe)", "at character 7, found 'maybe)'", id="no truth"),
        pytest.param("(a->>b->c.eq.1)", "at character 7", id="a step after text"),
    ),
)
def test_a_bad_group_is_refused_with_its_place(text: str, message: str) -> None:
    """The error names the character."""
    with pytest.raises(InvalidFilter) as caught:
        group(text)
    assert message in caught.value.detail
    assert caught.value.where == "query parameter 'and'"


COUNT = Aggregate("count")


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        pytest.param("count().gt.10", Comparison(COUNT, "gt", "10"), id="alone"),
        pytest.param("and(count().gt.10)", And((Comparison(COUNT, "gt", "10"),)), id="and"),
        pytest.param("(count().gt.10)", And((Comparison(COUNT, "gt", "10"),)), id="parentheses"),
        pytest.param(
            "count().gt.1,x.sum().lt.5",
            And((Comparison(COUNT, "gt", "1"), Comparison(Aggregate("sum", ColumnRef("x")), "lt", "5"))),
            id="joined by a comma",
        ),
        pytest.param(
            "or(x.avg().gt.1,not.and(x.max().is.null))",
            Or(
                (
                    Comparison(Aggregate("avg", ColumnRef("x")), "gt", "1"),
                    Not(And((Comparison(Aggregate("max", ColumnRef("x")), "is", None),))),
                )
            ),
            id="nested",
        ),
        pytest.param(
            "x::decimal(10,2).sum().gt.1",
            Comparison(Aggregate("sum", ColumnRef("x", cast="decimal(10,2)")), "gt", "1"),
            id="cast before the aggregate",
        ),
        pytest.param("kind.eq.a", compare("eq", "a", column="kind"), id="a column grouped by"),
        pytest.param("count().in.(1,2)", Comparison(COUNT, "in", ("1", "2")), id="list"),
    ),
)
def test_having_compares_aggregates(text: str, expected: Filter) -> None:
    """Having has the grammar of groups, over aggregates."""
    assert parse_having(text, "query parameter 'having'", LIMITS) == expected


def test_deep_groups_are_too_complex() -> None:
    """Nesting is limited before it can exhaust anything."""
    deep = "and(" * 500 + "a.eq.1" + ")" * 500
    with pytest.raises(TooComplex):
        group(f"({deep})")


def test_long_lists_are_too_complex() -> None:
    """A list may hold ten thousand values and more, but not without end."""
    values = ",".join(map(str, range(10_000)))
    found = read(f"in.({values})")
    assert isinstance(found, Comparison)
    assert len(found.value) == 10_000  # type: ignore[arg-type] # a tuple here
    with pytest.raises(TooComplex):
        read(f"in.({values},{values},{values},{values},{values},{values})")


def test_conditions_are_counted_through_groups() -> None:
    """The limit on conditions counts comparisons, not groups."""
    assert condition_count(group("(a.eq.1,or(b.eq.2,not.and(c.eq.3)))")) == 3
    assert condition_count(None) == 0
