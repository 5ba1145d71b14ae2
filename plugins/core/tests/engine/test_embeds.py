"""Rows inside rows."""

import random
from typing import Any

import pytest

from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.errors import InvalidSelect, TooComplex, UnknownColumn, UnknownRelation
from synthdb_host.operations import (
    Aggregate,
    And,
    ColumnRef,
    Comparison,
    Embed,
    EmbedExists,
    Filter,
    Not,
    Order,
    Output,
    Select,
)  # fmt: skip

from .conftest import Shelf

DIRECTORS = [(1, "Scott", "GB"), (2, "Gilliam", "US"), (3, "Nobody", None)]
FILMS = [(1, "Alien", 1, 1979), (2, "Blade Runner", 1, 1982), (3, "Brazil", 2, 1985), (4, "Lost", None, 1900)]
ROLES = [(1, 1, "Ripley"), (2, 1, "Ash"), (3, 3, "Lowry"), (4, 2, "Deckard")]


def outs(*names: str) -> tuple[Output, ...]:
    """Project columns under their own names."""
    return tuple(Output(ColumnRef(name), name) for name in names)


def where(name: str, operator: str, value: object) -> Comparison:
    """Compare a column."""
    return Comparison(ColumnRef(name), operator, value)


def director(select: Select = Select("directors", outs("name")), **more: Any) -> Embed:  # noqa: B008 - frozen
    """Embed a film's director."""
    return Embed("director", ("director_id",), ("id",), many=False, select=select, **more)


def films(select: Select = Select("films", outs("title")), **more: Any) -> Embed:  # noqa: B008 - frozen
    """Embed a director's films."""
    return Embed("films", ("id",), ("director_id",), many=True, select=select, **more)


def roles(select: Select = Select("roles", outs("role")), **more: Any) -> Embed:  # noqa: B008 - frozen
    """Embed a film's roles."""
    return Embed("roles", ("id",), ("film_id",), many=True, select=select, **more)


@pytest.fixture
def cinema(shelf: Shelf) -> Shelf:
    """Give directors, films and roles."""
    shelf.put("directors", "id integer, name text, country text", DIRECTORS)
    shelf.put("films", "id integer, title text, director_id integer, year integer", FILMS)
    shelf.put("roles", "id integer, film_id integer, role text", ROLES)
    return shelf


def test_a_to_one_embed_is_an_object_or_null(cinema: Shelf) -> None:
    """The row that is referred to stands in the row that refers."""
    expected = (
        b'[{"title":"Alien","director":{"name":"Scott"}},'
        b'{"title":"Blade Runner","director":{"name":"Scott"}},'
        b'{"title":"Brazil","director":{"name":"Gilliam"}},{"title":"Lost","director":null}]'
    )
    assert cinema.run(Select("films", outs("title"), (director(),))).json() == expected


def test_a_to_many_embed_is_a_list(cinema: Shelf) -> None:
    """Filter, order, limit and offset of an embed hold per outer row."""
    inner = Select("films", outs("title"), order=(Order(ColumnRef("year"), descending=True),), limit=1)
    assert cinema.read(Select("directors", outs("name"), (films(inner),))) == [
        {"name": "Scott", "films": [{"title": "Blade Runner"}]},
        {"name": "Gilliam", "films": [{"title": "Brazil"}]},
        {"name": "Nobody", "films": []},
    ]


def test_embeds_nest(cinema: Shelf) -> None:
    """A to-many embed holds to-one and to-many embeds in turn."""
    inner = Select("films", outs("title"), (roles(), director()), where=where("year", "lt", 1985))
    assert cinema.read(Select("directors", outs("id"), (films(inner),), where=where("id", "lte", 2))) == [
        {
            "id": 1,
            "films": [
                {
                    "title": "Alien",
                    "roles": [{"role": "Ripley"}, {"role": "Ash"}],
                    "director": {"name": "Scott"},
                },
                {"title": "Blade Runner", "roles": [{"role": "Deckard"}], "director": {"name": "Scott"}},
            ],
        },
        {"id": 2, "films": []},
    ]


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        (Select("films", embeds=(director(inner=True),)), [1, 2, 3]),
        (
            Select(
                "films",
                embeds=(director(Select("directors", where=where("country", "eq", "US")), inner=True),),
            ),
            [3],
        ),
        (Select("directors", embeds=(films(inner=True),)), [1, 2]),
        (Select("directors", embeds=(films(hidden=True),), where=EmbedExists("films")), [1, 2]),
        (Select("directors", embeds=(films(),), where=Not(EmbedExists("films"))), [3]),
        (
            Select(
                "directors",
                embeds=(films(Select("films", embeds=(roles(inner=True),)), inner=True, hidden=True),),
            ),
            [1, 2],
        ),
        (
            Select(
                "directors",
                embeds=(films(Select("films", embeds=(roles(),), where=Not(EmbedExists("roles"))), inner=True),),
            ),
            [],
        ),
    ],
)
def test_embeds_choose_the_outer_rows(cinema: Shelf, select: Select, expected: list[int]) -> None:
    """Inner embeds and conditions on embeds keep the outer rows that have, or lack, embedded rows."""
    result = cinema.run(Select(select.table, outs("id"), select.embeds, select.where, limit=1, count="exact"))
    assert result.total == len(expected)
    assert [row["id"] for row in cinema.read(Select(select.table, outs("id"), select.embeds, select.where))] == expected


def test_a_hidden_embed_yields_no_output(cinema: Shelf) -> None:
    """It only serves conditions and order."""
    select = Select("films", outs("id"), (director(hidden=True),), order=(Order(ColumnRef("name"), embed="director"),))
    assert cinema.read(select) == [{"id": 3}, {"id": 1}, {"id": 2}, {"id": 4}]


def test_rows_sort_by_a_to_one_embed(cinema: Shelf) -> None:
    """A row without an embedded row sorts like NULL; the embed's filter counts."""
    scott = director(Select("directors", outs("name"), where=where("name", "eq", "Scott")))
    order = (Order(ColumnRef("name"), descending=True, embed="director"), Order(ColumnRef("id")))
    assert [row["id"] for row in cinema.read(Select("films", outs("id"), (scott,), order=order, limit=3))] == [3, 4, 1]


def test_a_spread_embed_puts_its_columns_into_the_row(cinema: Shelf) -> None:
    """They stand where the embed would; NULLs where there is none."""
    spread = director(Select("directors", (Output(ColumnRef("name"), "by"),), (films(),)), spread=True)
    rows = cinema.read(Select("films", outs("title"), (spread,)))
    assert rows[2] == {"title": "Brazil", "by": "Gilliam", "films": [{"title": "Brazil"}]}
    assert rows[3] == {"title": "Lost", "by": None, "films": None}


def test_aggregates_inside_an_embed_are_per_outer_row(cinema: Shelf) -> None:
    """Each outer row has the aggregate of its own rows."""
    counted = films(
        Select("films", (Output(Aggregate("count"), "n"), Output(Aggregate("max", ColumnRef("year")), "last")))
    )
    assert cinema.read(Select("directors", outs("id"), (counted,))) == [
        {"id": 1, "films": [{"n": 2, "last": 1982}]},
        {"id": 2, "films": [{"n": 1, "last": 1985}]},
        {"id": 3, "films": [{"n": 0, "last": None}]},
    ]


def test_groups_carry_embeds(cinema: Shelf) -> None:
    """An embed beside aggregates groups by its key."""
    select = Select("films", (Output(Aggregate("count"), "n"),), (director(),))
    assert cinema.read(select) == [
        {"n": 1, "director": None},
        {"n": 2, "director": {"name": "Scott"}},
        {"n": 1, "director": {"name": "Gilliam"}},
    ]


def test_a_table_embeds_itself(shelf: Shelf) -> None:
    """Inner and outer occurrence of one table are kept apart, in seeks, existence and order."""
    shelf.put(
        "nodes",
        "id integer, parent integer, label text",
        [(1, None, "a"), (2, 1, "b"), (3, 1, "c"), (4, 2, "d")],
    )
    parent = Embed("up", ("parent",), ("id",), many=False, select=Select("nodes", outs("label")), inner=True)
    children = Embed("down", ("id",), ("parent",), many=True, select=Select("nodes", outs("id")))
    order = (Order(ColumnRef("label"), descending=True, embed="up"), Order(ColumnRef("id"), descending=True))
    select = Select("nodes", outs("id"), (parent, children), Not(EmbedExists("down")), order=order)
    assert shelf.read(select) == [
        {"id": 4, "up": {"label": "b"}, "down": []},
        {"id": 3, "up": {"label": "a"}, "down": []},
    ]


def test_keys_of_several_columns_match_pairwise(shelf: Shelf) -> None:
    """All parts must agree, and a NULL in any part matches nothing."""
    shelf.put("a", "id integer, x integer, y text", [(1, 1, "p"), (2, 1, "q"), (3, None, "p")])
    shelf.put("b", "id integer, x integer, y text", [(1, 1, "p"), (2, 1, "q"), (3, 2, "p"), (4, None, "p")])
    embed = Embed("b", ("x", "y"), ("x", "y"), many=True, select=Select("b", outs("id")))
    found = [[item["id"] for item in row["b"]] for row in shelf.read(Select("a", outs("id"), (embed,)))]
    assert found == [[1], [2], []]


@pytest.mark.parametrize("kind", ["integer", "text", "uuid", "bytes", "decimal(30,2)"])
def test_many_keys_of_any_type_find_their_rows(shelf: Shelf, kind: str) -> None:
    """Looking up many keys at once gives what looking up each would."""
    keys: dict[str, list[Any]] = {
        "integer": list(range(20)),
        "text": [f"k'{n}\"é" for n in range(20)],
        "uuid": [f"00000000-0000-0000-0000-0000000000{n:02}" for n in range(20)],
        "bytes": [bytes([n]) for n in range(20)],
        "decimal(30,2)": [f"{n}.50" for n in range(20)],
    }
    chosen = [random.Random(2).choice([*keys[kind], None]) for _ in range(60)]
    shelf.put("parents", f"key {kind}, n integer", [(key, n) for n, key in enumerate(keys[kind])])
    shelf.put("children", f"id integer, parent {kind}", list(enumerate(chosen)))
    embed = Embed("parent", ("parent",), ("key",), many=False, select=Select("parents", outs("n")))
    found = [row["parent"] and row["parent"]["n"] for row in shelf.read(Select("children", outs("id"), (embed,)))]
    assert found == [None if key is None else keys[kind].index(key) for key in chosen]


def test_statements_per_read_do_not_grow_with_to_one_rows(cinema: Shelf) -> None:
    """A to-one embed of any number of rows takes one statement."""
    cinema.add("directors", [(n, f"d{n}", None) for n in range(10, 60)])
    cinema.add("films", [(n, f"f{n}", n, 2000) for n in range(10, 60)])
    seen: list[str] = []
    cinema.connection.set_trace_callback(seen.append)
    cinema.run(Select("films", outs("id"), (director(),)))
    cinema.connection.set_trace_callback(None)
    assert len(seen) == 2


def test_restrictions_hold_at_every_depth(cinema: Shelf) -> None:
    """A policy of a table filters it as embed, in existence, in order and in counts."""
    restrictions = Restrictions(
        {
            "directors": TableRestriction(rows=where("country", "eq", "GB"), hidden=frozenset({"country"})),
            "films": TableRestriction(rows=where("year", "lt", 1980)),
        }
    )
    rows = cinema.read(Select("films", outs("id"), (director(Select("directors")),)), restrictions)
    assert rows == [
        {"id": 1, "director": {"id": 1, "name": "Scott"}},
        {"id": 4, "director": None},
    ]
    inner = cinema.run(Select("films", outs("id"), (director(inner=True),), limit=1, count="exact"), restrictions)
    assert inner.total == 1
    by_name = Select("films", outs("id"), (director(),), order=(Order(ColumnRef("country"), embed="director"),))
    with pytest.raises(UnknownColumn):
        cinema.run(by_name, restrictions)
    nested = Select("directors", outs("name"), (films(),), EmbedExists("films"))
    assert cinema.read(nested, restrictions) == [{"name": "Scott", "films": [{"title": "Alien"}]}]


@pytest.mark.parametrize(
    ("select", "error"),
    [
        (Select("directors", embeds=(films(spread=True),)), InvalidSelect),
        (Select("films", embeds=(Embed("d", (), (), many=False, select=Select("roles")),)), InvalidSelect),
        (
            Select("films", embeds=(Embed("d", ("x",), ("id",), many=False, select=Select("roles")),)),
            UnknownColumn,
        ),
        (
            Select("directors", embeds=(films(),), order=(Order(ColumnRef("year"), embed="films"),)),
            InvalidSelect,
        ),
        (Select("films", outs("director"), (director(),)), UnknownColumn),
        (Select("films", (Output(ColumnRef("id"), "director"),), (director(),)), InvalidSelect),
        (Select("films", where=EmbedExists("director")), UnknownRelation),
    ],
)
def test_an_embed_that_does_not_fit_is_refused(cinema: Shelf, select: Select, error: type[Exception]) -> None:
    """Each mistake has its documented error."""
    with pytest.raises(error):
        cinema.run(select)


def test_values_find_their_places_in_every_statement(cinema: Shelf) -> None:
    """Filters, limits and policies on all levels at once, read twice with other values through one plan."""

    def read(year: int, name: str, limit: int, country: str) -> list[dict[str, Any]]:
        filters: Filter = And((where("year", "gte", year), EmbedExists("roles")))
        inner = Select("films", outs("title"), (roles(Select("roles", outs("role"), limit=limit)),), filters, limit=5)
        outer = Select("directors", outs("name"), (films(inner),), where("name", "neq", name), limit=2)
        return cinema.read(outer, Restrictions({"directors": TableRestriction(rows=where("country", "neq", country))}))

    first = [{"name": "Scott", "films": [{"title": "Blade Runner", "roles": [{"role": "Deckard"}]}]}]
    second = [{"name": "Gilliam", "films": [{"title": "Brazil", "roles": [{"role": "Lowry"}]}]}]
    assert (read(1980, "X", 1, "US"), read(1900, "Scott", 1, "FR")) == (first, second)


def test_rows_are_sorted_by_no_more_terms_than_sqlite_can(cinema: Shelf) -> None:
    """By which some of its versions crash where tables are joined; a column that comes again changes nothing."""
    names = [f"c{place}" for place in range(61)]
    cinema.put("wide", f"id integer, director_id integer, {', '.join(f'{name} text' for name in names)}")
    order = tuple([Order(ColumnRef(name), nulls="first") for name in names])
    by_name = (Order(ColumnRef("name"), embed="director"),)
    select = Select("wide", outs("id"), (director(),), where("director_id", "eq", 1), order=(*by_name, *order[:59]) * 2)
    assert [] == cinema.read(select)
    with pytest.raises(TooComplex, match="at most 60 terms"):
        cinema.run(Select("wide", outs("id"), (director(),), where("director_id", "eq", 1), order=order))
