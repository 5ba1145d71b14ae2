"""Reading over HTTP, the same on every storage."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Api

SINGLE = "application/vnd.pgrst.object+json"


def titles(rows: list[dict[str, Any]]) -> list[str]:
    return [row["title"] for row in rows]


@pytest.mark.parametrize(
    ("query", "expected"),
    (
        pytest.param("id=eq.1", [1], id="eq"),
        pytest.param("id=neq.1", [2, 3, 4], id="neq"),
        pytest.param("year=gt.1985", [2], id="gt"),
        pytest.param("year=gte.1985", [2, 3], id="gte"),
        pytest.param("year=lt.1985", [1], id="lt"),
        pytest.param("year=lte.1985", [1, 3], id="lte"),
        pytest.param("year=gte.1980&year=lt.1990", [3], id="two on one column"),
        pytest.param("title=eq.Ran,+the+film", [3], id="a comma in a value"),
        pytest.param("title=like.*n*", [1, 2, 3], id="like"),
        pytest.param("title=like.l*", [], id="like minds case"),
        pytest.param("title=ilike.L*", [4], id="ilike"),
        pytest.param("title=ilike.l*", [4], id="ilike folds case"),
        pytest.param("title=match.^[AL]", [1, 4], id="match"),
        pytest.param("title=imatch.^the", [2], id="imatch"),
        pytest.param("id=in.(1,3,9)", [1, 3], id="in"),
        pytest.param("id=in.()", [], id="in nothing"),
        pytest.param('title=in.("Ran, the film",Lost)', [3, 4], id="in with quotes"),
        pytest.param("id=not.in.(1,3)", [2, 4], id="not in"),
        pytest.param("year=is.null", [4], id="is null"),
        pytest.param("year=not.is.null", [1, 2, 3], id="is not null"),
        pytest.param("year=is.not_null", [1, 2, 3], id="not_null"),
        pytest.param("seen=is.true", [1, 2], id="is true"),
        pytest.param("seen=is.false", [3, 4], id="is false"),
        pytest.param("seen=eq.true", [1, 2], id="boolean"),
        pytest.param("year=isdistinct.1979", [2, 3, 4], id="isdistinct"),
        pytest.param("year=not.eq.1979", [2, 3], id="not eq leaves NULL out"),
        pytest.param("rating=eq.8.5", [1], id="decimal"),
        pytest.param("rating=gt.7.5", [1, 3], id="decimal comparison is exact"),
        pytest.param("id=eq(any).{1,4}", [1, 4], id="any"),
        pytest.param("title=like(all).{*a*,*i*}", [2, 3], id="all"),
        pytest.param("or=(year.lt.1980,year.is.null)", [1, 4], id="or"),
        pytest.param("not.or=(year.lt.1980,id.eq.4)", [2, 3], id="not or"),
        pytest.param("and=(year.gt.1980,or(id.eq.2,id.eq.3))", [2, 3], id="and with or"),
        pytest.param("or=(and(id.eq.1,year.eq.1979),title.eq.Lost)", [1, 4], id="or with and"),
        pytest.param('or=(title.eq."Ran, the film",id.eq.1)', [1, 3], id="quoted value in a group"),
        pytest.param("data->cost->>usd=eq.11", [1], id="JSON text"),
        pytest.param("data->tags->>0=eq.drama", [2], id="JSON index"),
        pytest.param("data->>nothing=is.null", [1, 2, 3, 4], id="JSON key that is not there"),
        pytest.param('data=cs.{"tags":["space"]}', [1], id="JSON contains"),
        pytest.param("data->tags=ov.{drama,comedy}", [2], id="JSON overlaps an array"),
        pytest.param("id=in.(" + ",".join(map(str, range(1, 10_001))) + ")", [1, 2, 3, 4], id="ten thousand ids"),
    ),
)
def test_filters_select_rows(shared: "Api", query: str, expected: list[int]) -> None:
    """Each filter gives exactly the rows that it means."""
    assert [row["id"] for row in shared.rows(f"/films?select=id&order=id&{query}")] == expected


def test_a_row_has_every_column_in_order_and_exact_numbers(shared: "Api") -> None:
    """Without select a row is whole; a decimal keeps its digits."""
    body = shared.get("/films?id=eq.1").body
    assert body == (
        b'[{"id":1,"title":"Alien","year":1979,"rating":8.50,"seen":true,'
        b'"data":{"cost":{"usd":11},"tags":["space","horror"]},"director_id":1,"writer_id":2}]'
    )


@pytest.mark.parametrize(
    ("select", "expected"),
    (
        pytest.param("id,title", b'{"id":1,"title":"Alien"}', id="columns"),
        pytest.param("name:title", b'{"name":"Alien"}', id="alias"),
        pytest.param('"my name":title', b'{"my name":"Alien"}', id="alias with a space"),
        pytest.param("year::text", b'{"year":"1979"}', id="cast"),
        pytest.param("rating::text", b'{"rating":"8.50"}', id="cast of a decimal"),
        pytest.param("data->tags->>1", b'{"tags":"horror"}', id="JSON text"),
        pytest.param("data->cost", b'{"cost":{"usd":11}}', id="JSON"),
        pytest.param("n:data->cost->usd", b'{"n":11}', id="JSON number"),
        pytest.param("director:people!films_director(name)", b'{"director":{"name":"Ridley"}}', id="only an embed"),
        pytest.param("id,director_id(name)", b'{"id":1,"director_id":{"name":"Ridley"}}', id="embed by its column"),
        pytest.param("id,people!writer_id(id)", b'{"id":1,"people":{"id":2}}', id="hint by column"),
        pytest.param("id,...people!films_director(name)", b'{"id":1,"name":"Ridley"}', id="spread"),
        pytest.param("id,...people!films_director(who:name)", b'{"id":1,"who":"Ridley"}', id="spread with an alias"),
        pytest.param("id,roles(actor)", b'{"id":1,"roles":[{"actor":"Sigourney"},{"actor":"John"}]}', id="to many"),
        pytest.param(
            "id,d:people!films_director(w:films!films_writer(title))", b'{"id":1,"d":{"w":[]}}', id="nested and empty"
        ),
    ),
)
def test_select_shapes_rows(shared: "Api", select: str, expected: bytes) -> None:
    """Each item of a select gives its part of the row, in order."""
    assert shared.get(f"/films?id=eq.1&select={select}").body == b"[" + expected + b"]"


def test_star_stands_beside_other_items(shared: "Api") -> None:
    """``*`` with an alias or embed beside it is every column and that."""
    row = shared.rows("/people?select=*,label:name&id=eq.1")[0]
    assert row == {"id": 1, "name": "Ridley", "boss_id": None, "label": "Ridley"}


@pytest.mark.parametrize(
    ("query", "expected"),
    (
        pytest.param(
            "select=title,roles(actor)&roles.fee=gt.60&roles.order=fee",
            {"Alien": ["Sigourney"], "The Piano": ["Holly"], "Ran, the film": [], "Lost": []},
            id="filter on the embed only",
        ),
        pytest.param(
            "select=title,roles!inner(actor)&roles.fee=gt.60",
            {"Alien": ["Sigourney"], "The Piano": ["Holly"]},
            id="inner leaves rows out",
        ),
        pytest.param(
            "select=title,roles(actor)&roles.order=fee.desc&roles.limit=1",
            {"Alien": ["Sigourney"], "The Piano": ["Holly"], "Ran, the film": [], "Lost": []},
            id="limit per row",
        ),
        pytest.param(
            "select=title,roles(actor)&roles.order=fee.desc&roles.limit=1&roles.offset=1",
            {"Alien": ["John"], "The Piano": [], "Ran, the film": [], "Lost": []},
            id="offset per row",
        ),
        pytest.param(
            "select=title,r:roles(actor)&r.or=(fee.eq.50,actor.eq.Holly)",
            {"Alien": ["John"], "The Piano": ["Holly"], "Ran, the film": [], "Lost": []},
            id="group on an aliased embed",
        ),
        pytest.param(
            "select=title,roles(actor)&roles=not.is.null&roles.order=actor",
            {"Alien": ["John", "Sigourney"], "The Piano": ["Holly"]},
            id="only with rows",
        ),
        pytest.param(
            "select=title,roles(actor)&roles=is.null", {"Ran, the film": [], "Lost": []}, id="only without rows"
        ),
        pytest.param(
            "select=title,roles(actor)&or=(roles.is.null,id.eq.2)",
            {"The Piano": ["Holly"], "Ran, the film": [], "Lost": []},
            id="without rows, in a group",
        ),
    ),
)
def test_embeds_are_filtered_sorted_and_paged_by_their_path(
    shared: "Api", query: str, expected: dict[str, list[str]]
) -> None:
    """Parameters with an embed's name before them are about its rows."""
    rows = shared.rows(f"/films?order=id&{query}")
    assert {row["title"]: [role["actor"] for role in row.get("roles", row.get("r"))] for row in rows} == expected


def test_an_embed_without_columns_only_filters(shared: "Api") -> None:
    """Empty parentheses join for a filter and show nothing."""
    rows = shared.rows("/people?select=name,films!films_director()&films=is.null")
    assert rows == []
    rows = shared.rows("/films?select=title,roles()&roles=is.null&order=id")
    assert rows == [{"title": "Ran, the film"}, {"title": "Lost"}]


def test_a_table_embeds_itself_both_ways(shared: "Api") -> None:
    """By the column's name the row referred to, by the table's name the rows that refer."""
    rows = shared.rows("/people?select=name,boss:boss_id(name),staff:people(name)&order=id&staff.order=name")
    assert rows[0] == {"name": "Ridley", "boss": None, "staff": [{"name": "Akira"}, {"name": "Jane"}]}
    assert rows[1] == {"name": "Jane", "boss": {"name": "Ridley"}, "staff": []}


@pytest.mark.parametrize(
    ("order", "expected"),
    (
        pytest.param("year", [1, 3, 2, 4], id="ascending, NULLs last"),
        pytest.param("year.desc", [4, 2, 3, 1], id="descending, NULLs first"),
        pytest.param("year.desc.nullslast", [2, 3, 1, 4], id="NULLs last"),
        pytest.param("year.nullsfirst", [4, 1, 3, 2], id="NULLs first"),
        pytest.param("seen.desc,id.desc", [2, 1, 4, 3], id="two keys"),
        pytest.param("data->cost->>usd.asc.nullslast,id.desc", [1, 4, 3, 2], id="JSON"),
        pytest.param("d(name).asc.nullslast", [3, 2, 1, 4], id="by an embed"),
    ),
)
def test_order_sorts_rows(shared: "Api", order: str, expected: list[int]) -> None:
    """Rows come in the order asked for."""
    rows = shared.rows(f"/films?select=id,d:people!films_director(name)&order={order}")
    assert [row["id"] for row in rows] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    (
        pytest.param("select=count()", [{"count": 4}], id="rows"),
        pytest.param("select=n:year.count()", [{"n": 3}], id="values"),
        pytest.param("select=year.min(),year.max()", [{"min": 1979, "max": 1993}], id="extremes"),
        pytest.param("select=total:id.sum()&id=lt.4", [{"total": 6}], id="sum of some"),
        pytest.param("select=rating.sum()", [{"sum": 24.2}], id="decimal sum"),
        pytest.param(
            "select=seen,n:count()&order=seen",
            [{"seen": False, "n": 2}, {"seen": True, "n": 2}],
            id="grouped",
        ),
        pytest.param("select=seen,n:count()&having=year.max().gt.1990", [{"seen": True, "n": 2}], id="having"),
        pytest.param("select=seen,n:count()&having=and(count().gt.2)", [], id="having and"),
        pytest.param("select=count()&id=gt.100", [{"count": 0}], id="of nothing"),
    ),
)
def test_aggregates_group_by_the_other_columns(shared: "Api", query: str, expected: list[dict[str, object]]) -> None:
    """Aggregates need no group-by parameter; having filters the groups."""
    assert shared.rows(f"/films?{query}") == expected


def test_aggregates_in_an_embed_count_per_row(shared: "Api") -> None:
    """An embed may be aggregated too."""
    rows = shared.rows("/films?select=title,roles(count())&order=id&limit=2")
    assert rows == [
        {"title": "Alien", "roles": [{"count": 2}]},
        {"title": "The Piano", "roles": [{"count": 1}]},
    ]


# -- pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "headers", "status", "content_range", "ids"),
    (
        pytest.param("", {}, 200, "0-3/*", [1, 2, 3, 4], id="all"),
        pytest.param("&limit=2", {}, 200, "0-1/*", [1, 2], id="limit"),
        pytest.param("&limit=2&offset=1", {}, 200, "1-2/*", [2, 3], id="offset"),
        pytest.param("&limit=0", {}, 200, "*/*", [], id="limit nothing"),
        pytest.param("", {"Range": "1-2"}, 200, "1-2/*", [2, 3], id="range"),
        pytest.param("", {"Range": "2-", "Range-Unit": "items"}, 200, "2-3/*", [3, 4], id="open range"),
        pytest.param("&offset=1", {"Range": "0-1"}, 200, "1-1/*", [2], id="range and offset"),
        pytest.param("", {"Prefer": "count=exact"}, 200, "0-3/4", [1, 2, 3, 4], id="all counted"),
        pytest.param("&limit=2", {"Prefer": "count=exact"}, 206, "0-1/4", [1, 2], id="part counted"),
        pytest.param("&limit=2", {"Prefer": "count=planned"}, 206, "0-1/4", [1, 2], id="planned"),
        pytest.param("&limit=2", {"Prefer": "count=estimated"}, 206, "0-1/4", [1, 2], id="estimated"),
        pytest.param("&id=gt.1&limit=1", {"Prefer": "count=exact"}, 206, "0-0/3", [2], id="filtered and counted"),
        pytest.param("&id=gt.9", {"Prefer": "count=exact"}, 200, "*/0", [], id="nothing counted"),
    ),
)
def test_a_page_of_rows(
    shared: "Api", query: str, headers: dict[str, str], status: int, content_range: str, ids: list[int]
) -> None:
    """Limit, offset and Range choose rows; Content-Range and the status say which, and of how many."""
    answer = shared.send("GET", f"/films?select=id&order=id{query}", headers=headers)
    assert (answer.status, answer.headers["content-range"]) == (status, content_range)
    assert [row["id"] for row in answer.json] == ids


def test_a_page_behind_the_end_is_not_satisfiable(shared: "Api") -> None:
    """With a count, a page behind the end is 416 and still tells the total."""
    answer = shared.get("/films?offset=10", Prefer="count=exact")
    assert (answer.status, answer.code) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "*/4"


def test_head_answers_like_get_without_a_body(shared: "Api") -> None:
    """HEAD is how a client counts."""
    answer = shared.send("HEAD", "/films?limit=1", Prefer="count=exact")
    assert (answer.status, answer.headers["content-range"], answer.body) == (206, "0-0/4", b"")


# -- representations -------------------------------------------------------------------------------------


def test_one_object_can_be_asked_for(shared: "Api") -> None:
    """One row as an object; none or several are 406 in the words that clients look for."""
    assert shared.get("/films?select=id&id=eq.2", Accept=SINGLE).json == {"id": 2}
    none, several = shared.get("/films?id=eq.9", Accept=SINGLE), shared.get("/films", Accept=SINGLE)
    assert (none.status, none.code) == (several.status, several.code) == (406, "not_singular")
    assert none.json["details"] == "The result contains 0 rows"
    assert several.json["details"] == "The result contains 2 or more rows"


@pytest.mark.parametrize(
    ("accept", "content_type", "body"),
    (
        ("text/csv", "text/csv; charset=utf-8", b'id,title,year\r\n3,"Ran, the film",1985\r\n4,Lost,\r\n'),
        (
            "application/x-ndjson",
            "application/x-ndjson; charset=utf-8",
            b'{"id":3,"title":"Ran, the film","year":1985}\n{"id":4,"title":"Lost","year":null}\n',
        ),
        (
            "application/vnd.pgrst.array+json;nulls=stripped",
            "application/vnd.pgrst.array+json;nulls=stripped",
            b'[{"id":3,"title":"Ran, the film","year":1985},{"id":4,"title":"Lost"}]',
        ),
    ),
)
def test_rows_come_in_the_form_accepted(shared: "Api", accept: str, content_type: str, body: bytes) -> None:
    """CSV, NDJSON and JSON without nulls."""
    answer = shared.get("/films?select=id,title,year&id=gt.2&order=id", Accept=accept)
    assert (answer.headers["content-type"], answer.body) == (content_type, body)
    assert "Accept" in answer.headers["vary"]


# -- addresses -------------------------------------------------------------------------------------------


def test_a_row_has_an_address(shared: "Api") -> None:
    """The declared key addresses one row: the object itself, or 404."""
    assert shared.rows("/films/2?select=title") == {"title": "The Piano"}
    assert shared.rows("/roles/1,John?select=fee") == {"fee": 50}
    assert shared.get("/films/2?select=title", Accept="text/csv").body == b"title\r\nThe Piano\r\n"
    for address in ("/films/9", "/roles/1", "/roles/1,John,x", "/films/1?year=eq.1"):
        answer = shared.get(address)
        assert (answer.status, answer.code) == (404, "not_found")


def test_a_database_lists_its_tables(shared: "Api") -> None:
    """The address of a database says which tables there are and what they look like."""
    films, people, roles = shared.rows("")
    assert (films["name"], films["url"], films["key"]) == ("films", "/rest/v1/db/films", ["id"])
    assert {"name": "rating", "type": "decimal(4,2)", "not_null": False} in films["columns"]
    assert people["foreign_keys"][0]["name"] == "people_boss"
    assert roles["key"] == ["film_id", "actor"]


def test_main_can_be_named(shared: "Api") -> None:
    """The branch main is the database itself, in the address or the profile header."""
    answer = shared.raw("GET", "/rest/v1/db@main/films", "select=id&id=eq.1", None, {})
    assert answer.json == [{"id": 1}]
    assert shared.get("/films?select=id&id=eq.1", Accept_Profile="main").json == [{"id": 1}]
    assert shared.get("/films?select=id&id=eq.1", Accept_Profile="public").json == [{"id": 1}]


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    (
        pytest.param("/rest/v1/nope/films", {}, 404, "unknown_database", id="database"),
        pytest.param("/rest/v1/nope", {}, 404, "unknown_database", id="database's tables"),
        pytest.param("/rest/v1/db/nope", {}, 404, "unknown_table", id="table"),
        pytest.param("/rest/v1/db/nope/1", {}, 404, "unknown_table", id="table of a key"),
        pytest.param("/rest/v1/db@nope/films", {}, 404, "unknown_ref", id="branch"),
        pytest.param("/rest/v1/db@0abc/films", {}, 404, "unknown_ref", id="commit"),
        pytest.param("/rest/v1/db/films", {"Accept-Profile": "nope"}, 404, "unknown_ref", id="profile"),
        pytest.param("/rest/v1/db@main/films", {"Accept-Profile": "x"}, 400, "invalid_parameter", id="contradiction"),
        pytest.param("/rest/v1/db@/films", {}, 400, "invalid_parameter", id="empty ref"),
    ),
)
def test_an_unknown_address_is_refused(
    shared: "Api", path: str, headers: dict[str, str], status: int, code: str
) -> None:
    """What is not there is 404, what is malformed 400."""
    answer = shared.raw("GET", path, "", None, headers)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    (
        pytest.param("select=nope", 400, "unknown_column", id="selected column"),
        pytest.param("nope=eq.1", 400, "unknown_column", id="filtered column"),
        pytest.param("order=nope", 400, "unknown_column", id="sorted column"),
        pytest.param("year=eq.abc", 400, "invalid_filter", id="type"),
        pytest.param("select=nope(*)", 400, "unknown_relation", id="relation"),
        pytest.param("select=people(*)", 300, "ambiguous_embed", id="two relations"),
        pytest.param("select=roles(nope)", 400, "unknown_column", id="column of an embed"),
        pytest.param("select=...roles(actor)", 400, "invalid_select", id="spread to many"),
        pytest.param("select=id,id:title", 400, "invalid_select", id="one name twice"),
        pytest.param("select=id,...people!films_director(id)", 400, "invalid_select", id="a spread name twice"),
        pytest.param("roles.fee=eq.1", 400, "invalid_parameter", id="embed not selected"),
        pytest.param("order=roles(fee)&select=*,roles(*)", 400, "invalid_parameter", id="order by many"),
        pytest.param("order=people(name)", 400, "invalid_parameter", id="order by what is not embedded"),
    ),
)
def test_a_query_that_does_not_fit_is_refused(shared: "Api", query: str, status: int, code: str) -> None:
    """Each misfit has its own documented code."""
    answer = shared.get(f"/films?{query}")
    assert (answer.status, answer.code) == (status, code)


def test_an_ambiguous_embed_lists_the_candidates(shared: "Api") -> None:
    """The error says how to ask instead."""
    data = shared.get("/films?select=people(*)").json["data"]
    assert sorted(data["candidates"]) == ["people!films_director", "people!films_writer"]


def test_a_kept_shape_sees_new_columns_and_relations(api: "Api") -> None:
    """What was compiled for one catalog is not used with the next."""
    assert api.get("/films?select=*,roles(actor)&id=eq.4").status == 200
    api.send("PATCH", "/films/4", {"sequel": "Found"})
    assert api.rows("/films?select=*,roles(actor)&id=eq.4")[0]["sequel"] == "Found"
