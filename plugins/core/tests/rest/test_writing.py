"""Writing over HTTP, the same on every storage."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Api

SINGLE = "application/vnd.pgrst.object+json"
RETURN = {"Prefer": "return=representation"}


def prefer(*preferences: str, **headers: str) -> dict[str, str]:
    return {"Prefer": ", ".join(preferences)} | {name.replace("_", "-"): value for name, value in headers.items()}


def everything(api: "Api") -> dict[str, Any]:
    return {table: api.rows(f"/{table}?order=id") for table in ("people", "films", "roles")}


# -- insert ----------------------------------------------------------------------------------------------


def test_a_row_is_inserted_and_has_an_address(api: "Api") -> None:
    """By default a write answers without rows, and says where the new one is."""
    answer = api.send("POST", "/people", {"id": 7, "name": "Céline"})
    assert (answer.status, answer.body) == (201, b"")
    assert answer.headers["location"] == "/rest/v1/db/people/7"
    assert api.rows("/people/7?select=name") == {"name": "Céline"}


def test_the_address_of_a_row_with_a_key_of_two_columns(api: "Api") -> None:
    """Parts of a key are percent-encoded, so that the address can be followed."""
    answer = api.send("POST", "/roles", {"film_id": 3, "actor": "Mieko, H/ö", "fee": 5}, prefer("return=headers-only"))
    assert answer.status == 201
    location = answer.headers["location"]
    assert location == "/rest/v1/db/roles/3,Mieko%2C%20H%2F%C3%B6"
    assert api.raw("GET", location, "select=fee", None, {}).json == {"fee": 5}


def test_inserted_rows_are_returned_as_selected(api: "Api") -> None:
    """return=representation answers with the rows, with columns and embeds of the select."""
    answer = api.send(
        "POST",
        "/films?select=id,title,director:people!films_director(name)",
        [
            {"id": 5, "title": "Bright Star", "director_id": 2},
            {"id": 6, "title": "Kagemusha", "director_id": 3},
        ],
        prefer("return=representation", "count=exact"),
    )
    assert (answer.status, answer.headers["content-range"]) == (201, "*/2")
    assert answer.headers["preference-applied"] == "return=representation, count=exact"
    assert answer.json == [
        {"id": 5, "title": "Bright Star", "director": {"name": "Jane"}},
        {"id": 6, "title": "Kagemusha", "director": {"name": "Akira"}},
    ]


def test_one_inserted_row_is_returned_as_an_object(api: "Api") -> None:
    """A client's insert().select().single() is one object; of several rows nothing is inserted."""
    headers = RETURN | {"Accept": SINGLE}
    answer = api.send("POST", "/people?select=id,name", {"id": 8, "name": "Agnès"}, headers)
    assert (answer.status, answer.json) == (201, {"id": 8, "name": "Agnès"})
    answer = api.send("POST", "/people", [{"id": 9}, {"id": 10}], headers)
    assert (answer.status, answer.code) == (406, "not_singular")
    assert api.rows("/people?id=gt.8") == []


def test_rows_may_have_different_keys(api: "Api") -> None:
    """A column that one row lacks takes its default there."""
    rows = [{"id": 5, "title": "A", "seen": True}, {"id": 6, "year": 2000, "title": "B"}]
    answer = api.send("POST", "/films?select=id,year,seen", rows, RETURN)
    assert answer.json == [{"id": 5, "year": None, "seen": True}, {"id": 6, "year": 2000, "seen": False}]


@pytest.mark.parametrize(("missing", "seen"), (((), None), (("missing=default",), False)))
def test_columns_chooses_what_is_written(api: "Api", missing: tuple[str, ...], seen: object) -> None:
    """columns= ignores other keys; what a row lacks of them is NULL, or its default if that is preferred."""
    rows = [{"id": 5, "title": "A", "seen": True, "year": 1}, {"id": 6, "title": "B", "nonsense": 1}]
    answer = api.send("POST", "/films?columns=id,title,seen", rows, prefer("return=representation", *missing))
    assert [(row["seen"], row["year"]) for row in answer.json] == [(True, None), (seen, None)]


def test_csv_and_ndjson_are_inserted(api: "Api") -> None:
    """Text takes the type of its column; an empty cell is NULL."""
    csv = b'id,title,year,rating\n5,"a, b",1999,7.10\n6,c,,\n'
    answer = api.send("POST", "/films?select=id,title,year,rating", csv, RETURN | {"Content-Type": "text/csv"})
    assert answer.status == 201
    assert answer.body == (
        b'[{"id":5,"title":"a, b","year":1999,"rating":7.10},{"id":6,"title":"c","year":null,"rating":null}]'
    )
    ndjson = b'{"id":7,"title":"x"}\n{"id":8,"title":"y","year":1}\n'
    answer = api.send("POST", "/films?select=year", ndjson, RETURN | {"Content-Type": "application/x-ndjson"})
    assert answer.json == [{"year": None}, {"year": 1}]


def test_the_first_write_makes_the_table(empty: "Api") -> None:
    """A table exists when it is first written to; numbers keep their digits, texts their zeros."""
    body = b'[{"zip":"00501","price":19.9900,"n":9007199254740993},{"zip":"10001","price":5,"n":1,"new":true}]'
    assert empty.send("POST", "/shops", body).status == 201
    answer = empty.get("/shops?select=zip,price,n,new&order=zip")
    assert answer.body == (
        b'[{"zip":"00501","price":19.9900,"n":9007199254740993,"new":null},'
        b'{"zip":"10001","price":5.0000,"n":1,"new":true}]'
    )


def test_no_rows_are_inserted_from_an_empty_array(api: "Api") -> None:
    """An empty array is a valid insert of nothing; an empty object is a row of defaults."""
    answer = api.send("POST", "/people", [], RETURN)
    assert (answer.status, answer.json) == (201, [])
    answer = api.send("POST", "/people?select=name", {}, RETURN)
    assert (answer.status, answer.json) == (201, [{"name": None}])


@pytest.mark.parametrize(
    ("path", "body", "code"),
    (
        pytest.param("/people", {"id": 1}, "unique_violation", id="key exists"),
        pytest.param("/films", {"id": 9, "title": "Alien"}, "unique_violation", id="unique key exists"),
        pytest.param("/films", {"id": 9, "title": "x", "director_id": 99}, "foreign_key_violation", id="no such row"),
        pytest.param("/films", {"id": 9}, "not_null_violation", id="missing value"),
        pytest.param("/films", {"id": 9, "title": "x", "year": "soon"}, "invalid_value", id="wrong type"),
        pytest.param("/films", {"id": 9, "title": "x", "rating": 1.234}, "lossy_value", id="too many digits"),
        pytest.param("/films?id=eq.1", {"id": 9, "title": "x"}, "invalid_parameter", id="filter on an insert"),
        pytest.param("/films?select=nope", {"id": 9, "title": "x"}, "unknown_column", id="unknown column returned"),
    ),
)
def test_a_bad_insert_writes_nothing(api: "Api", path: str, body: dict[str, object], code: str) -> None:
    """Not even the good row before it."""
    before = everything(api)
    assert (
        api.send(
            "POST",
            path,
            [{"id": 50, "title": "good", "name": "x"} if "films" in path else {"id": 50}, body],
            RETURN,
        ).code
        == code
    )
    assert everything(api) == before


# -- upsert ----------------------------------------------------------------------------------------------


def test_merging_updates_what_exists_and_inserts_the_rest(api: "Api") -> None:
    """resolution=merge-duplicates sets the columns given, and leaves the others as they are."""
    rows = [{"id": 1, "title": "Alien", "year": 1980}, {"id": 5, "title": "New", "year": 2000}]
    answer = api.send(
        "POST",
        "/films?select=id,year,seen",
        rows,
        prefer("resolution=merge-duplicates", "return=representation"),
    )
    assert (answer.status, answer.json) == (
        201,
        [{"id": 1, "year": 1980, "seen": True}, {"id": 5, "year": 2000, "seen": False}],
    )


def test_merging_only_existing_rows_is_200(api: "Api") -> None:
    """201 says that something is new."""
    answer = api.send("POST", "/people", {"id": 1, "name": "R."}, prefer("resolution=merge-duplicates"))
    assert (answer.status, answer.body) == (200, b"")
    assert api.rows("/people/1?select=name") == {"name": "R."}


def test_ignoring_leaves_what_exists(api: "Api") -> None:
    """resolution=ignore-duplicates returns only what it inserted."""
    rows = [{"id": 1, "name": "other"}, {"id": 5, "name": "new"}]
    answer = api.send(
        "POST", "/people?select=id", rows, prefer("resolution=ignore-duplicates", "return=representation")
    )
    assert (answer.status, answer.json) == (201, [{"id": 5}])
    assert api.rows("/people/1?select=name") == {"name": "Ridley"}


def test_on_conflict_names_another_key(api: "Api") -> None:
    """A unique key decides which row is meant; on_conflict_update which columns are set on it."""
    headers = prefer("resolution=merge-duplicates", "return=representation")
    row = {"title": "Alien", "year": 1980, "seen": False}
    answer = api.send("POST", "/films?on_conflict=title&on_conflict_update=year&select=id,year,seen", row, headers)
    assert (answer.status, answer.json) == (200, [{"id": 1, "year": 1980, "seen": True}])


def test_on_conflict_must_be_a_key(api: "Api") -> None:
    """Columns that are not unique cannot decide."""
    answer = api.send(
        "POST", "/films?on_conflict=year", {"title": "x", "year": 1}, prefer("resolution=merge-duplicates")
    )
    assert answer.status == 400


# -- update ----------------------------------------------------------------------------------------------


def test_filtered_rows_are_updated(api: "Api") -> None:
    """An update answers 204, or 200 with the rows."""
    answer = api.send("PATCH", "/films?year=lt.1990", {"seen": False}, prefer("count=exact"))
    assert (answer.status, answer.body, answer.headers["content-range"]) == (204, b"", "0-1/2")
    answer = api.send("PATCH", "/films?id=in.(1,2)&select=id,seen&order=id.desc", {"seen": True}, RETURN)
    assert (answer.status, answer.json) == (200, [{"id": 2, "seen": True}, {"id": 1, "seen": True}])
    assert answer.headers["content-range"] == "0-1/*"


def test_an_update_of_nothing_is_no_error(api: "Api") -> None:
    """No row matched: 204, or an empty list."""
    assert api.send("PATCH", "/films?id=eq.99", {"seen": True}).status == 204
    answer = api.send("PATCH", "/films?id=eq.99", {"seen": True}, RETURN)
    assert (answer.status, answer.json, answer.headers["content-range"]) == (200, [], "*/*")


def test_one_updated_row_is_returned_as_an_object(api: "Api") -> None:
    """If there are several or none, nothing is changed."""
    headers = RETURN | {"Accept": SINGLE}
    answer = api.send("PATCH", "/films?id=eq.1&select=seen", {"seen": False}, headers)
    assert (answer.status, answer.json) == (200, {"seen": False})
    before = everything(api)
    several = api.send("PATCH", "/films?id=gt.1", {"seen": True}, headers)
    none = api.send("PATCH", "/films?id=gt.99", {"seen": True}, headers)
    assert several.code == none.code == "not_singular"
    assert none.json["details"] == "The result contains 0 rows"
    assert everything(api) == before


def test_columns_chooses_what_is_updated(api: "Api") -> None:
    """Keys that columns= does not name are ignored."""
    answer = api.send("PATCH", "/films?id=eq.1&columns=year&select=year,seen", {"year": 1, "seen": False}, RETURN)
    assert answer.json == [{"year": 1, "seen": True}]


# -- delete ----------------------------------------------------------------------------------------------


def test_filtered_rows_are_deleted(api: "Api") -> None:
    """A delete answers 204, or 200 with what is gone."""
    answer = api.send("DELETE", "/roles?fee=lt.60", headers=prefer("count=exact"))
    assert (answer.status, answer.body, answer.headers["content-range"]) == (204, b"", "*/1")
    answer = api.send("DELETE", "/roles?film_id=eq.1&select=actor", headers=RETURN)
    assert (answer.status, answer.json) == (200, [{"actor": "Sigourney"}])
    assert api.rows("/roles?select=actor") == [{"actor": "Holly"}]


def test_a_row_that_is_referred_to_is_not_deleted(api: "Api") -> None:
    """The reference stays whole."""
    answer = api.send("DELETE", "/people?id=eq.2")
    assert (answer.status, answer.code) == (409, "foreign_key_violation")


@pytest.mark.parametrize("method", ("PATCH", "DELETE"))
def test_a_whole_table_is_only_changed_on_purpose(api: "Api", method: str) -> None:
    """Without a filter a write is refused, unless full-table=allow is preferred."""
    body = {"fee": 1} if method == "PATCH" else None
    answer = api.send(method, "/roles", body)
    assert (answer.status, answer.code) == (400, "full_table_write")
    assert len(api.rows("/roles?fee=gt.1")) == 3
    assert api.send(method, "/roles", body, prefer("full-table=allow")).status == 204
    assert api.rows("/roles?fee=gt.1") == []


@pytest.mark.parametrize("method", ("PATCH", "DELETE"))
def test_a_write_can_be_limited(api: "Api", method: str) -> None:
    """More than max-affected rows are an error and change nothing."""
    body = {"fee": 1} if method == "PATCH" else None
    answer = api.send(method, "/roles?fee=gt.0", body, prefer("handling=strict", "max-affected=2"))
    assert (answer.status, answer.code) == (400, "max_affected_exceeded")
    assert len(api.rows("/roles?fee=gt.1")) == 3
    answer = api.send(method, "/roles?fee=gt.0", body, prefer("handling=strict", "max-affected=3"))
    assert answer.status == 204


@pytest.mark.parametrize("method", ("PATCH", "DELETE"))
@pytest.mark.parametrize(
    ("query", "code"),
    (
        ("limit=1&fee=gt.0", "invalid_parameter"),
        ("offset=1&fee=gt.0", "invalid_parameter"),
        ("select=*,films()&films=is.null", "invalid_filter"),
        ("nope=eq.1", "unknown_column"),
    ),
)
def test_a_write_has_filters_only(api: "Api", method: str, query: str, code: str) -> None:
    """Limits and filters by embeds are refused rather than guessed at."""
    assert api.send(method, f"/roles?{query}", {"fee": 1} if method == "PATCH" else None).code == code
    assert len(api.rows("/roles?fee=gt.1")) == 3


# -- rows by their key -----------------------------------------------------------------------------------


def test_a_row_is_changed_at_its_address(api: "Api") -> None:
    """PATCH and DELETE at a key mean that row, and 404 if there is none."""
    assert api.send("PATCH", "/roles/1,John", {"fee": 51}).status == 204
    answer = api.send("PATCH", "/roles/1,John?select=fee", {"fee": 52}, RETURN)
    assert (answer.status, answer.json) == (200, {"fee": 52})
    assert api.send("DELETE", "/roles/1,John").status == 204
    for method in ("PATCH", "DELETE"):
        answer = api.send(method, "/roles/1,John", {"fee": 1} if method == "PATCH" else None)
        assert (answer.status, answer.code) == (404, "not_found")


def test_put_inserts_and_then_replaces(api: "Api") -> None:
    """What a PUT does not give falls back to its default or NULL."""
    answer = api.send("PUT", "/films/9", {"title": "Sunshine", "year": 2007, "seen": True})
    assert (answer.status, answer.headers["location"]) == (201, "/rest/v1/db/films/9")
    assert api.send("PUT", "/films/9", {"title": "Sunshine", "rating": "7.2"}).status == 204
    row = api.rows("/films/9?select=title,year,seen,rating")
    assert row == {"title": "Sunshine", "year": None, "seen": False, "rating": 7.2}
    answer = api.send("PUT", "/films?id=eq.9&select=id,title", {"id": 9, "title": "S"}, RETURN)
    assert (answer.status, answer.json) == (200, [{"id": 9, "title": "S"}])


def test_put_of_a_key_of_two_columns(api: "Api") -> None:
    """All parts of the key come from the address."""
    assert api.send("PUT", "/roles/2,Sam", {"fee": 3}).status == 201
    assert api.rows("/roles/2,Sam?select=film_id,actor,fee") == {"film_id": 2, "actor": "Sam", "fee": 3}


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    (
        pytest.param("/films/9", {"id": 8, "title": "x"}, 400, "invalid_body", id="another key in the body"),
        pytest.param("/films/9", [{"title": "x"}, {"title": "y"}], 400, "invalid_body", id="two rows"),
        pytest.param("/films/x", {"title": "x"}, 400, "invalid_value", id="key of the wrong type"),
        pytest.param("/films", {"id": 9, "title": "x"}, 400, "invalid_parameter", id="no key"),
        pytest.param("/films?id=gt.9", {"title": "x"}, 400, "invalid_parameter", id="not an equality"),
        pytest.param("/films?id=eq.9&year=eq.1", {"title": "x"}, 400, "invalid_parameter", id="more than the key"),
        pytest.param("/films?year=eq.9", {"title": "x"}, 400, "invalid_parameter", id="not the key"),
        pytest.param("/films/1,2", {"title": "x"}, 404, "not_found", id="too many parts"),
        pytest.param("/nope/1", {"title": "x"}, 404, "unknown_table", id="no table"),
        pytest.param("/films/9", {"year": 1}, 400, "not_null_violation", id="missing value"),
    ),
)
def test_a_bad_put_is_refused(api: "Api", path: str, body: object, status: int, code: str) -> None:
    """A PUT says exactly which row it means."""
    before = everything(api)
    answer = api.send("PUT", path, body)
    assert (answer.status, answer.code) == (status, code)
    assert everything(api) == before


# -- around it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    (
        ("POST", "/people?select=name", {"id": 70, "name": "x"}, 201),
        ("PATCH", "/people?id=eq.1&select=name", {"name": "x"}, 200),
        ("PUT", "/people/1?select=name", {"name": "x"}, 200),
        ("DELETE", "/roles?fee=gt.0&select=fee", None, 200),
    ),
)
def test_a_rolled_back_write_is_answered_and_undone(
    api: "Api", method: str, path: str, body: dict[str, object] | None, status: int
) -> None:
    """tx=rollback is a dry run."""
    before = everything(api)
    answer = api.send(method, path, body, prefer("tx=rollback", "return=representation"))
    assert answer.status == status
    assert answer.json
    assert "tx=rollback" in answer.headers["preference-applied"]
    assert everything(api) == before


def test_methods_are_told_and_others_refused(api: "Api") -> None:
    """OPTIONS lists what an address offers."""
    assert api.send("OPTIONS", "/films").headers["allow"] == "GET, HEAD, QUERY, POST, PATCH, PUT, DELETE, OPTIONS"
    assert api.send("OPTIONS", "/films/1").headers["allow"] == "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"
    for method, path in (("POST", "/films/1"), ("TRACE", "/films"), ("DELETE", "")):
        answer = api.send(method, path, {} if method == "POST" else None)
        assert (answer.status, answer.code) == (405, "method_not_allowed")


def test_names_of_every_kind_can_be_written_and_read(empty: "Api") -> None:
    """Tables and columns may be called what their users like."""
    row = {
        "order": 1,
        "select": "a",
        "and": True,
        "a.b": 2,
        "größe (cm)": 3,
        'say "hi"': "x",
        "x,y": "z",
        "名前": "n",
    }
    assert empty.send("POST", "/my%20%22odd%22%20table", row).status == 201
    columns = "order,%22a.b%22,%22gr%C3%B6%C3%9Fe%20(cm)%22,%22say%20%5C%22hi%5C%22%22,%22x,y%22,名前"
    path = f"/my%20%22odd%22%20table?select={columns}"
    expected = {"order": 1, "a.b": 2, "größe (cm)": 3, 'say "hi"': "x", "x,y": "z", "名前": "n"}
    filters = '&"order"=eq.1&"select"=eq.a&"and"=is.true&"a.b"=gt.1&%22gr%C3%B6%C3%9Fe%20(cm)%22=eq.3&or=("x,y".eq.z)'
    assert empty.rows(path + filters + '&order="a.b".desc,"order"') == [expected]
