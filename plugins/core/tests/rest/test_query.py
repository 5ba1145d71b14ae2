"""The query string as a whole, and the laws of quoting."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthdb.rest.limits import Limits
from synthdb.rest.query import RESERVED, Level, Query, parse_query
from synthdb_host.errors import BadRequest, InvalidFilter, InvalidParameter, InvalidSelect, TooComplex
from synthdb_host.operations import And, ColumnRef, Comparison, Literal, Not, Or, Order, Output

LIMITS = Limits()
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAME = TEXT.filter(bool)


def read(text: str) -> Query:
    return parse_query(text, LIMITS)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def equal(name: str, value: str) -> Comparison:
    return Comparison(ColumnRef(name), "eq", Literal(value))


def test_an_empty_query_asks_for_everything() -> None:
    """No parameters: no conditions, no order, no limit."""
    assert read("") == Query()
    assert read("&&") == Query()


def test_parameters_find_their_place() -> None:
    """Filters are joined in order, the others set what they are named after."""
    query = read("a=eq.1&select=a,b&order=b.desc&limit=5&offset=10&or=(a.eq.1,b.eq.2)&b=not.eq.2&having=count().gt.1")
    assert query.root.where == [
        equal("a", "1"),
        Or((equal("a", "1"), equal("b", "2"))),
        Not(equal("b", "2")),
    ]
    assert query.root.order == (Order(ColumnRef("b"), descending=True),)
    assert (query.root.limit, query.root.offset) == (5, 10)
    assert query.root.having is not None
    assert query.selection is not None
    assert query.embeds == {}


def test_parameters_of_writes_are_lists_of_names() -> None:
    """columns, on_conflict and on_conflict_update name columns, quoted where needed."""
    query = read('columns=a,"b,c"&on_conflict=a,b&on_conflict_update=c')
    assert query.columns == ("a", "b,c")
    assert query.on_conflict == ("a", "b")
    assert query.on_conflict_update == ("c",)


def test_embeds_have_levels_of_their_own() -> None:
    """A path of embed names before a parameter says which embed is meant."""
    query = read(
        "t.a=eq.1&t.order=a&t.limit=3&t.offset=1&t.or=(a.eq.1)&t.not.and=(b.eq.2)&t.u.c=eq.3&t.having=count().gt.1"
    )
    level = query.embeds["t",]
    assert level.where == [equal("a", "1"), Or((equal("a", "1"),)), Not(And((equal("b", "2"),)))]
    assert (level.order, level.limit, level.offset) == ((Order(ColumnRef("a")),), 3, 1)
    assert level.having is not None
    assert query.embeds["t", "u"] == Level([equal("c", "3")])
    assert query.root == Level()


@pytest.mark.parametrize("name", [*sorted(RESERVED), "not"])
def test_a_column_with_a_reserved_name_is_reached_by_quoting(name: str) -> None:
    """Quotes make a parameter a column, whatever it is called; also in an embed and inside a group."""
    assert read(f'"{name}"=eq.1').root.where == [equal(name, "1")]
    assert read(f"%22{name}%22=eq.1").root.where == [equal(name, "1")]
    assert read(f't."{name}"=eq.1').embeds["t",].where == [equal(name, "1")]
    assert read(f'or=("{name}".eq.1)').root.where == [Or((equal(name, "1"),))]


@pytest.mark.parametrize(
    ("text", "name", "value"),
    (
        pytest.param('"a.b"=eq.1', "a.b", "1", id="dot"),
        pytest.param('"a%26b%3Dc"=eq.1', "a&b=c", "1", id="ampersand and equals sign"),
        pytest.param("full+name=eq.x+y", "full name", "x y", id="plus is a space"),
        pytest.param("full%20name=eq.x%2By", "full name", "x+y", id="percent-encoded plus"),
        pytest.param("größe=eq.ü", "größe", "ü", id="unicode"),
        pytest.param("gr%C3%B6%C3%9Fe=eq.%C3%BC", "größe", "ü", id="percent-encoded unicode"),
        pytest.param("_a1=eq.a=b", "_a1", "a=b", id="equals sign in a value"),
        pytest.param("first-name=eq.1", "first-name", "1", id="dash"),
        pytest.param("1st=eq.1", "1st", "1", id="digit"),
        pytest.param("a=eq.%00", "a", "\x00", id="NUL"),
    ),
)
def test_names_and_values_are_decoded_once(text: str, name: str, value: str) -> None:
    """Percent-encoding and plus signs are undone exactly once, in names and values alike."""
    assert read(text).root.where == [equal(name, value)]


@pytest.mark.parametrize(
    ("text", "error", "where"),
    (
        pytest.param("a%zz=eq.1", InvalidParameter, "query string", id="bad escape in a name"),
        pytest.param("a=eq.%", InvalidParameter, "query parameter 'a'", id="lonely percent sign"),
        pytest.param("a=eq.%ff", InvalidParameter, "query parameter 'a'", id="not UTF-8"),
        pytest.param("a=eq.%c0%80", InvalidParameter, "query parameter 'a'", id="overlong UTF-8"),
        pytest.param("limit=-1", InvalidParameter, "query parameter 'limit'", id="negative limit"),
        pytest.param("limit=", InvalidParameter, "query parameter 'limit'", id="empty limit"),
        pytest.param("limit=1e3", InvalidParameter, "query parameter 'limit'", id="limit with an exponent"),
        pytest.param("offset=99999999999999999999", InvalidParameter, "query parameter 'offset'", id="huge offset"),
        pytest.param("limit=٣", InvalidParameter, "query parameter 'limit'", id="other digits"),
        pytest.param("t.limit=x", InvalidParameter, "query parameter 't.limit'", id="limit of an embed"),
        pytest.param("order=a.up", InvalidParameter, "query parameter 'order'", id="bad order"),
        pytest.param("columns=", InvalidParameter, "query parameter 'columns'", id="no columns"),
        pytest.param("columns=a,,b", InvalidParameter, "query parameter 'columns'", id="nothing between commas"),
        pytest.param("select=a(", InvalidSelect, "query parameter 'select'", id="bad select"),
        pytest.param("or=a", InvalidFilter, "query parameter 'or'", id="bad group"),
        pytest.param("a", InvalidFilter, "query parameter 'a'", id="no value"),
        pytest.param('"a=eq.1', InvalidFilter, "query parameter '\"a'", id="open quote"),
        pytest.param("a.=eq.1", InvalidFilter, "query parameter 'a.'", id="path to nothing"),
        pytest.param("a..b=eq.1", InvalidFilter, "query parameter 'a..b'", id="empty step"),
        pytest.param("(a)=eq.1", InvalidFilter, "query parameter '(a)'", id="parentheses"),
    ),
)
def test_a_bad_parameter_is_refused_with_its_name(text: str, error: type[BadRequest], where: str) -> None:
    """Every error says which parameter it is about."""
    with pytest.raises(error) as caught:
        read(text)
    assert caught.value.where == where


def test_many_conditions_are_too_complex() -> None:
    """The limit counts the conditions of the table and of all embeds."""
    limits = Limits(conditions=200)
    with pytest.raises(TooComplex):
        parse_query("&".join(["a=eq.1"] * 101 + ["t.a=eq.1"] * 100), limits)
    assert len(parse_query("&".join(["a=eq.1"] * 200), limits).root.where) == 200


@given(NAME, TEXT)
def test_any_column_and_value_survive_as_a_parameter(name: str, value: str) -> None:
    """A quoted, percent-encoded name and a percent-encoded value come back exactly."""
    text = f"{quote(quoted(name), safe='')}=eq.{quote(value, safe='')}"
    assert read(text).root.where == [equal(name, value)]


@given(NAME, st.lists(TEXT, min_size=1))
def test_any_column_and_values_survive_in_a_group(name: str, values: list[str]) -> None:
    """Inside a group and a list, quotes protect whatever stands between them."""
    listed = ",".join(map(quoted, values))
    text = f"({quoted(name)}.in.({listed}),{quoted(name)}.eq.{quoted(values[0])})"
    expected = Or((Comparison(ColumnRef(name), "in", tuple(map(Literal, values))), equal(name, values[0])))
    assert read(f"or={quote(text, safe='')}").root.where == [expected]


@given(NAME, NAME)
def test_any_column_and_alias_survive_in_a_select(name: str, alias: str) -> None:
    """A quoted column under a quoted alias is selected under exactly that alias."""
    selection = read(f"select={quote(f'{quoted(alias)}:{quoted(name)}', safe='')}").selection
    assert selection is not None
    assert selection.outputs == (Output(ColumnRef(name), alias),)


@given(NAME)
def test_any_column_survives_in_an_order(name: str) -> None:
    """A quoted column is sorted by, whatever is in its name."""
    assert read(f"order={quote(f'{quoted(name)}.desc', safe='')}").root.order == (
        Order(ColumnRef(name), descending=True),
    )


@given(st.text(alphabet='abc.,:()"\\!*>-{}[] =&%+1', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but a documented error comes out of the parser, whatever goes in."""
    with suppress(BadRequest):
        read(text)
