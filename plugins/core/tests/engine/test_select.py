"""Projections, order, pages, counts and restrictions of selects."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.reader import Reader
from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.errors import (
    InvalidFilter,
    InvalidParameter,
    InvalidSelect,
    RequestError,
    UnknownColumn,
    UnknownRelation,
    UnknownTable,
)
from synthdb_host.operations import And, ColumnRef, Comparison, Not, Order, Output, Select

from .conftest import Shelf

PATIENT = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def out(name: str, *path: str | int, alias: str | None = None, **more: Any) -> Output:
    """Project a column, a path or a cast."""
    return Output(ColumnRef(name, path, **more), alias or name)


def at_most(limit: int) -> Comparison:
    """Select the first rows by id."""
    return Comparison(ColumnRef("id"), "lte", limit)


@pytest.fixture
def films(shelf: Shelf) -> Shelf:
    """Give three films."""
    shelf.put(
        "films",
        "id integer, title text, price decimal(10,2), data json, seen boolean, year integer",
        [
            (
                1,
                "Alien",
                "9.90",
                {"a": {"b": [1.50, "x", None]}, "t": True, "big": 12345678901234567890},
                True,
                1979,
            ),
            (2, "Brazil", None, ["x"], False, 1985),
            (3, "Casino", "3.00", "text", None, None),
        ],
    )
    return shelf


def test_rows_come_out_in_their_logical_types(films: Shelf) -> None:
    """JSON is exact: decimals keep their digits, booleans are booleans, JSON stays JSON."""
    expected = (
        b'[{"id":1,"title":"Alien","price":9.90,"data":{"a":{"b":[1.5,"x",null]},"big":12345678901234567890,"t":true},'
        b'"seen":true,"year":1979}]'
    )
    assert films.run(Select("films", where=at_most(1))).json() == expected


def test_an_integer_column_that_became_real_reads_as_real(shelf: Shelf) -> None:
    """The physical column keeps its affinity; its values come out as reals all the same."""
    stored = shelf.put("t", "id integer, n real")
    shelf.connection.execute("DROP TABLE t")
    shelf.connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, _tx INTEGER, _created INTEGER)")
    columns = dict(stored.columns) | {"n": replace(stored.columns["n"], affinity="INTEGER")}
    shelf.catalog = StoredCatalog(9, 1, {"t": replace(stored, columns=columns)}, frozenset())
    shelf.add("t", [(1, 2.0), (2, 2.5), (3, None)])
    assert shelf.run(Select("t")).json() == b'[{"id":1,"n":2.0},{"id":2,"n":2.5},{"id":3,"n":null}]'
    assert [row["id"] for row in shelf.read(Select("t", where=Comparison(ColumnRef("n"), "eq", 2)))] == [1]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (out("title", alias="name"), "Alien"),
        (out("data", "a", "b", 0, alias="x"), 1.5),
        (out("data", "a", "b", 0, alias="x", as_text=True), "1.5"),
        (out("data", "t", alias="x", as_text=True), "true"),
        (out("data", "t", alias="x"), True),
        (out("data", "big", alias="x", as_text=True), "12345678901234567890"),
        (out("data", "a", "b", -1, alias="x", as_text=True), None),
        (out("data", "a", "b", 9, alias="x"), None),
        (out("data", "a", alias="x", as_text=True), '{"b":[1.5,"x",null]}'),
        (out("price", alias="x", cast="text"), "9.90"),
        (out("price", alias="x", cast="real"), 9.9),
        (out("price", alias="x", cast="integer"), 10),
        (out("seen", alias="x", cast="integer"), 1),
        (out("seen", alias="x", cast="text"), "true"),
        (out("id", alias="x", cast="boolean"), True),
        (out("year", alias="x", cast="text"), "1979"),
        (out("title", alias="x", cast="integer"), None),
        (out("title", alias="x", cast="json"), None),
    ],
)
def test_outputs_are_columns_paths_and_casts(films: Shelf, output: Output, expected: object) -> None:
    """A path gives JSON, or with as_text its text; a value that cannot be cast is NULL."""
    assert films.read(Select("films", (output,), where=at_most(1))) == [{output.name: expected}]


@pytest.mark.parametrize(
    ("select", "error"),
    [
        (Select("nope"), UnknownTable),
        (Select("films", (out("nope"),)), UnknownColumn),
        (Select("films", (out("_created"),)), UnknownColumn),
        (Select("films", (out("title", "a"),)), InvalidSelect),
        (Select("films", (out("title", cast="money"),)), InvalidSelect),
        (Select("films", (out("title"), out("id", alias="title"))), InvalidSelect),
        (Select("films", limit=-1), InvalidParameter),
        (Select("films", offset=-1), InvalidParameter),
        (Select("films", limit="5"), InvalidParameter),  # type: ignore[arg-type]  # what a careless caller may pass
        (Select("films", order=(Order(ColumnRef("nope")),)), UnknownColumn),
        (Select("films", order=(Order(ColumnRef("title"), embed="nope"),)), UnknownRelation),
        (Select("films", having=at_most(1)), InvalidFilter),
    ],
)
def test_a_select_that_does_not_fit_is_refused(films: Shelf, select: Select, error: type[RequestError]) -> None:
    """Each mistake has its documented error."""
    with pytest.raises(error):
        films.run(select)


def test_a_bare_select_has_no_columns(films: Shelf) -> None:
    """It yields a row without cells for each row."""
    assert films.run(Select("films", bare=True, limit=2)).json() == b"[{},{}]"


def test_pages_and_counts_agree(films: Shelf) -> None:
    """The count is that of all rows, whichever page is read."""
    pages = [(None, 0), (2, 0), (2, 2), (2, 5), (0, 0), (10**30, 1), (None, 1)]
    totals, sizes = [], []
    for limit, offset in pages:
        result = films.run(Select("films", limit=limit, offset=offset, count="exact"))
        totals.append(result.total)
        sizes.append(len(result.rows))
    assert totals == [3] * len(pages)
    assert sizes == [3, 2, 1, 0, 0, 2, 2]


def test_a_count_honours_the_filter(films: Shelf) -> None:
    """Only rows that match are counted."""
    select = Select("films", where=Not(Comparison(ColumnRef("seen"), "is", None)), limit=1, count="planned")
    assert films.run(select).total == 2


def test_names_of_any_kind_are_quoted(shelf: Shelf) -> None:
    """Quotes, keywords, percent signs, colons and question marks in names mean nothing."""
    shelf.put("select", 'id integer, group text, a"b text, x%s:y? text', [(1, "g", "q", "c")], physical='t"; --')
    where = And(tuple(Comparison(ColumnRef(name), "neq", "z") for name in ("group", 'a"b', "x%s:y?")))
    order = (Order(ColumnRef("x%s:y?")),)
    expected = [{"id": 1, "group": "g", 'a"b': "q", "x%s:y?": "c"}]
    assert shelf.read(Select("select", where=where, order=order)) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ((Order(ColumnRef("year")),), [1, 2, 3]),
        ((Order(ColumnRef("year"), descending=True),), [3, 2, 1]),
        ((Order(ColumnRef("year"), nulls="first"),), [3, 1, 2]),
        ((Order(ColumnRef("year"), descending=True, nulls="last"),), [2, 1, 3]),
        ((Order(ColumnRef("data")),), [3, 2, 1]),
        ((Order(ColumnRef("data", ("a", "b", 0))), Order(ColumnRef("id"), descending=True)), [1, 3, 2]),
        ((Order(ColumnRef("price", cast="text")),), [3, 1, 2]),
    ],
)
def test_nulls_stand_where_postgresql_puts_them(films: Shelf, order: tuple[Order, ...], expected: list[int]) -> None:
    """Last when ascending, first when descending, unless said otherwise; JSON sorts by kind."""
    assert [row["id"] for row in films.read(Select("films", (out("id"),), order=order))] == expected


cells = st.one_of(st.none(), st.integers(0, 3))


def place(value: int | None, rank: int) -> tuple[int, int]:
    """Give the sort key of a cell; ``rank`` puts NULL before or after all others."""
    return (rank, 0) if value is None else (0, value)


@PATIENT
@given(
    rows=st.lists(st.tuples(cells, cells), max_size=12),
    terms=st.lists(
        st.tuples(st.sampled_from([0, 1]), st.booleans(), st.sampled_from([None, "first", "last"])),
        max_size=2,
    ),
    limit=st.integers(0, 12),
    offset=st.integers(0, 12),
    indexed=st.booleans(),
)
def test_any_order_is_that_of_python(
    shelf: Shelf, rows: list[Any], terms: list[Any], limit: int, offset: int, *, indexed: bool
) -> None:
    """Order, NULLs, ties by identity and the page are those of Python's sort, with an index or without."""
    name = "r" if indexed else "s"
    if name not in shelf.catalog.tables:
        shelf.put(name, "id integer, a integer, b integer")
        if indexed:
            shelf.connection.execute("CREATE INDEX i ON r (a, b)")
    shelf.connection.execute(f"DELETE FROM {name}")
    keyed = [(position, *row) for position, row in enumerate(rows)]
    shelf.add(name, random.Random(1).sample(keyed, len(keyed)))
    expected = sorted(keyed, key=lambda row: row[0], reverse=bool(terms) and terms[-1][1])
    for column, descending, nulls in reversed(terms):
        first = descending if nulls is None else nulls == "first"
        rank = (1 if first else -1) if descending else (-1 if first else 1)
        expected.sort(key=lambda row, c=column, r=rank: place(row[c + 1], r), reverse=descending)  # type: ignore[misc]  # defaults bind the loop's values
    order = tuple(Order(ColumnRef("ab"[column]), descending, nulls) for column, descending, nulls in terms)
    found = shelf.read(Select(name, (out("id"),), order=order, limit=limit, offset=offset))
    assert [row["id"] for row in found] == [row[0] for row in expected][offset : offset + limit]


@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
def test_an_index_serves_the_default_order(shelf: Shelf, *, descending: bool) -> None:
    """A page in the order of an indexed column needs no sorting, in spite of NULLs and ties."""
    shelf.put("t", "id integer, a integer")
    shelf.connection.execute("CREATE INDEX i ON t (a)")
    seen: list[str] = []
    shelf.connection.set_trace_callback(seen.append)
    shelf.run(Select("t", order=(Order(ColumnRef("a"), descending),), limit=3))
    shelf.connection.set_trace_callback(None)
    plan = [row[3] for row in shelf.connection.execute("EXPLAIN QUERY PLAN " + seen[-1])]
    assert plan == ["SCAN t USING COVERING INDEX i"]


def test_a_restricted_table_shows_only_its_permitted_part(films: Shelf) -> None:
    """Rows are filtered, counts too; hidden columns cannot be named, but policies may use them."""
    policy = TableRestriction(rows=Comparison(ColumnRef("year"), "gt", 1980), hidden=frozenset({"year", "price"}))
    restrictions = Restrictions({"films": policy, "other": policy})
    result = films.run(Select("films", limit=1, count="exact"), restrictions)
    assert result.python() == [{"id": 2, "title": "Brazil", "data": ["x"], "seen": False}]
    assert result.total == 1
    for select in (
        Select("films", (out("price"),)),
        Select("films", where=Comparison(ColumnRef("year"), "gt", 1)),
        Select("films", order=(Order(ColumnRef("year")),)),
    ):
        with pytest.raises(UnknownColumn) as caught:
            films.run(select, restrictions)
        assert "price" not in (caught.value.hint or "")


def test_one_plan_never_serves_another_caller(films: Shelf) -> None:
    """Values of a policy are bound anew for each read; a read without the policy has another plan."""

    def titles(limit: int | None) -> list[str]:
        policy = {} if limit is None else {"films": TableRestriction(rows=at_most(limit))}
        return [row["title"] for row in films.read(Select("films"), Restrictions(policy))]

    assert [len(titles(limit)) for limit in (1, 3, None, 2, 1)] == [1, 3, 3, 2, 1]


def test_the_plans_kept_are_bounded(films: Shelf) -> None:
    """The plan unused for longest goes; a read whose plan went is compiled again."""
    films.reader = Reader(plans=2)
    for name in ("id", "title", "price", "id"):
        assert len(films.read(Select("films", (out(name),)))) == 3


def test_values_of_a_policy_and_a_filter_do_not_mix(films: Shelf) -> None:
    """Every value reaches its own place, whatever the order of places in the statement."""
    restrictions = Restrictions({"films": TableRestriction(rows=Comparison(ColumnRef("title"), "neq", "Casino"))})
    select = Select("films", where=Comparison(ColumnRef("year"), "in", [1979, 1985]), limit=1, offset=1)
    assert [row["id"] for row in films.read(select, restrictions)] == [2]
