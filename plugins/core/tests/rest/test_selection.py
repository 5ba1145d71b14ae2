"""The select and order parameters."""

import pytest

from synthdb.rest.limits import Limits
from synthdb.rest.order import parse_order
from synthdb.rest.selection import EVERYTHING, EmbedItem, Selection, parse_select
from synthdb_host.errors import InvalidParameter, InvalidSelect, TooComplex
from synthdb_host.operations import Aggregate, ColumnRef, Order, Output

LIMITS = Limits()


def column(
    name: str, alias: str | None = None, *path: str | int, as_text: bool = False, cast: str | None = None
) -> Output:
    return Output(ColumnRef(name, path, as_text, cast), alias or name)


def selected(*outputs: Output | None, embeds: tuple[EmbedItem, ...] = ()) -> Selection:
    return Selection(outputs, embeds)


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        pytest.param("", EVERYTHING, id="empty"),
        pytest.param("*", EVERYTHING, id="star"),
        pytest.param("a", selected(column("a")), id="one column"),
        pytest.param("a,b", selected(column("a"), column("b")), id="columns"),
        pytest.param(" a , b ", selected(column("a"), column("b")), id="spaces"),
        pytest.param("a,a", selected(column("a")), id="the same twice"),
        pytest.param("*,x:a", selected(None, column("a", "x")), id="star and alias"),
        pytest.param("x:a", selected(column("a", "x")), id="alias"),
        pytest.param('"x y":"a,b"', selected(column("a,b", "x y")), id="quoted names"),
        pytest.param(r'"a\"b"', selected(column('a"b')), id="escaped quote"),
        pytest.param("größe,名前", selected(column("größe"), column("名前")), id="unicode"),
        pytest.param("full name", selected(column("full name")), id="a name with a space"),
        pytest.param("first-name", selected(column("first-name")), id="a name with a dash"),
        pytest.param("a::text", selected(column("a", cast="text")), id="cast"),
        pytest.param("x:a::int", selected(column("a", "x", cast="integer")), id="alias and cast synonym"),
        pytest.param("a::numeric(10,2)", selected(column("a", cast="decimal(10,2)")), id="cast with digits"),
        pytest.param("d->a", selected(column("d", "a", "a")), id="JSON step"),
        pytest.param("d->a->>b", selected(column("d", "b", "a", "b", as_text=True)), id="JSON text"),
        pytest.param("d->0", selected(column("d", "d", 0)), id="JSON index"),
        pytest.param("d->a->-1", selected(column("d", "a", "a", -1)), id="negative JSON index"),
        pytest.param('d->"0"', selected(column("d", "0", "0")), id="quoted JSON key"),
        pytest.param(
            "x:d->>a::int", selected(column("d", "x", "a", as_text=True, cast="integer")), id="alias, path and cast"
        ),
        pytest.param("count()", selected(Output(Aggregate("count"), "count")), id="row count"),
        pytest.param("n:count()", selected(Output(Aggregate("count"), "n")), id="aliased row count"),
        pytest.param("count", selected(column("count")), id="a column named count"),
        pytest.param(
            "a.count()", selected(Output(Aggregate("count", ColumnRef("a")), "count")), id="count of a column"
        ),
        pytest.param("a.sum()", selected(Output(Aggregate("sum", ColumnRef("a")), "sum")), id="sum"),
        pytest.param(
            "t:a::int.sum()::text",
            selected(Output(Aggregate("sum", ColumnRef("a", cast="integer"), "text"), "t")),
            id="casts before and after",
        ),
        pytest.param(
            "d->>n.avg()",
            selected(Output(Aggregate("avg", ColumnRef("d", ("n",), as_text=True)), "avg")),
            id="aggregate of JSON",
        ),
        pytest.param("t(a)", selected(embeds=(EmbedItem("t", "t", selected(column("a"))),)), id="embed"),
        pytest.param("t()", selected(embeds=(EmbedItem("t", "t", Selection()),)), id="empty embed"),
        pytest.param(
            "x:t!fk!inner(*)",
            selected(embeds=(EmbedItem("x", "t", EVERYTHING, "fk", inner=True),)),
            id="alias, hint, inner",
        ),
        pytest.param("t!inner(*)", selected(embeds=(EmbedItem("t", "t", EVERYTHING, inner=True),)), id="inner"),
        pytest.param("t!left(*)", selected(embeds=(EmbedItem("t", "t", EVERYTHING),)), id="left"),
        pytest.param(
            '"my t"!"my fk"(*)',
            selected(embeds=(EmbedItem("my t", "my t", EVERYTHING, "my fk"),)),
            id="quoted relation",
        ),
        pytest.param(
            "...t(a)", selected(embeds=(EmbedItem("t", "t", selected(column("a")), spread=True),)), id="spread"
        ),
        pytest.param(
            "a,t(b,u!inner(c)),d",
            selected(
                column("a"),
                column("d"),
                embeds=(
                    EmbedItem(
                        "t",
                        "t",
                        selected(column("b"), embeds=(EmbedItem("u", "u", selected(column("c")), inner=True),)),
                    ),
                ),
            ),
            id="nested",
        ),
        pytest.param(
            "x:t(a),y:t(b)",
            selected(
                embeds=(
                    EmbedItem("x", "t", selected(column("a"))),
                    EmbedItem("y", "t", selected(column("b"))),
                )
            ),
            id="one table twice",
        ),
    ),
)
def test_select_names_outputs_and_embeds(text: str, expected: Selection) -> None:
    """Each item becomes one output or embed, with its alias or the name that PostgREST gives it."""
    assert parse_select(text, LIMITS) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    (
        pytest.param("a,,b", "Expected a column or a relation at character 3", id="nothing between commas"),
        pytest.param("a,", "Expected a column or a relation at character 3", id="trailing comma"),
        pytest.param(":a", "Expected a column or a relation at character 1", id="empty alias"),
        pytest.param("x:", "Expected a column or a relation at character 3", id="alias of nothing"),
        pytest.param('"a', "Expected a closing quote at character 1", id="open quote"),
        pytest.param("t(a", "Expected ')' at character 4", id="open embed"),
        pytest.param("a)", "Expected the end at character 2", id="text after it"),
        pytest.param("a b(c", "Expected ')' at character 6", id="open embed of a name with a space"),
        pytest.param("a::foo", "Expected a type at character 4", id="unknown type"),
        pytest.param("a::", "Expected a type at character 4", id="no type"),
        pytest.param("a::decimal(200)", "Expected a type at character 4", id="impossible type"),
        pytest.param("a.median()", "Expected an aggregate at character 3", id="unknown aggregate"),
        pytest.param("a.sum", "Expected the end at character 2", id="aggregate without parentheses"),
        pytest.param("d->", "Expected a JSON key or index at character 4", id="open path"),
        pytest.param("d->>a->b", "no further step, since ->> gives text at character 6", id="a step after text"),
        pytest.param("t!a!b(*)", "Expected one hint only", id="two hints"),
        pytest.param("t!inner", "Expected '(' at character 8", id="a join of nothing"),
        pytest.param("t(a),t(b)", "another name than 't'", id="two embeds of one name"),
        pytest.param("...a", "Expected '(' at character 5", id="spread of a column"),
        pytest.param("**", "Expected the end at character 2", id="two stars"),
        pytest.param("d->4294967296", "an index of at most 9 digits at character 4", id="an index beyond any array"),
        pytest.param("d->" + "1" * 5000, "an index of at most 9 digits at character 4", id="an endless index"),
        pytest.param(f"a::decimal({'1' * 5000})", "Expected a type at character 4", id="endless digits of a type"),
    ),
)
def test_a_bad_select_is_refused_with_its_place(text: str, message: str) -> None:
    """The error names the character and what was expected there."""
    with pytest.raises(InvalidSelect) as caught:
        parse_select(text, LIMITS)
    assert message in caught.value.detail
    assert caught.value.where == "query parameter 'select'"


@pytest.mark.parametrize(
    "text",
    (
        pytest.param("t(" * 200 + "a" + ")" * 200, id="deep"),
        pytest.param(",".join(f"x{number}:a" for number in range(2_100)), id="many columns"),
        pytest.param(",".join(f"x{number}:t(a)" for number in range(100)), id="many embeds"),
    ),
)
def test_a_huge_select_is_too_complex(text: str) -> None:
    """Depth, columns and embeds are limited."""
    with pytest.raises(TooComplex):
        parse_select(text, LIMITS)


def test_a_table_of_three_hundred_columns_can_be_selected() -> None:
    """The limit on columns leaves room for wide tables, quickly and with quotes."""
    names = [f"c{number}" for number in range(300)]
    plain = parse_select(",".join(names), LIMITS)
    quoted = parse_select(",".join(f'"{name}"' for name in names), LIMITS)
    assert plain == quoted == selected(*map(column, names))


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        pytest.param("", (), id="empty"),
        pytest.param("a", (Order(ColumnRef("a")),), id="plain"),
        pytest.param("a.asc", (Order(ColumnRef("a")),), id="ascending"),
        pytest.param("a.desc", (Order(ColumnRef("a"), descending=True),), id="descending"),
        pytest.param("a.nullsfirst", (Order(ColumnRef("a"), nulls="first"),), id="nulls first"),
        pytest.param(
            "a.desc.nullslast", (Order(ColumnRef("a"), descending=True, nulls="last"),), id="descending, nulls last"
        ),
        pytest.param(
            "a.desc,b , c.asc",
            (Order(ColumnRef("a"), descending=True), Order(ColumnRef("b")), Order(ColumnRef("c"))),
            id="several",
        ),
        pytest.param('"a.desc".desc', (Order(ColumnRef("a.desc"), descending=True),), id="quoted"),
        pytest.param("d->>a.desc", (Order(ColumnRef("d", ("a",), as_text=True), descending=True),), id="JSON"),
        pytest.param("t(a).desc", (Order(ColumnRef("a"), descending=True, embed="t"),), id="embed"),
        pytest.param('"my t"(d->0)', (Order(ColumnRef("d", (0,)), embed="my t"),), id="JSON of a quoted embed"),
    ),
)
def test_order_names_columns_and_directions(text: str, expected: tuple[Order, ...]) -> None:
    """Each term is a column, perhaps of an embed, with a direction and a place for NULLs."""
    assert parse_order(text, "query parameter 'order'", LIMITS) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    (
        pytest.param("a.up", "Expected asc, desc, nullsfirst or nullslast at character 3", id="unknown direction"),
        pytest.param("a.desc.asc", "at character 8", id="two directions"),
        pytest.param("a.nullsfirst.desc", "Expected the end at character 13", id="direction after nulls"),
        pytest.param("a,", "Expected a column at character 3", id="trailing comma"),
        pytest.param("t(a", "Expected ')' at character 4", id="open embed"),
        pytest.param(".desc", "Expected a column at character 1", id="no column"),
    ),
)
def test_a_bad_order_is_refused_with_its_place(text: str, message: str) -> None:
    """The error names the character."""
    with pytest.raises(InvalidParameter) as caught:
        parse_order(text, "query parameter 'order'", LIMITS)
    assert message in caught.value.detail
    assert caught.value.where == "query parameter 'order'"


def test_a_long_order_is_too_complex() -> None:
    """The number of sort keys is limited."""
    with pytest.raises(TooComplex):
        parse_order(",".join(["a.desc"] * 2_100), "query parameter 'order'", LIMITS)
