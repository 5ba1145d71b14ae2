"""Tables, columns and constraints made and changed over HTTP."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.meta.conftest import Answer, Meta

FILMS = {
    "name": "films",
    "columns": [
        {"name": "id", "type": "integer"},
        {"name": "title", "type": "text", "not_null": True},
        {"name": "year", "type": "integer", "default": 1900, "comment": "of release"},
        {"name": "director_id", "type": "integer"},
    ],
    "key": ["id"],
    "mode": "strict",
    "constraints": [
        {"kind": "unique", "columns": ["title", "year"]},
        {"kind": "foreign", "columns": ["director_id"], "table": "people", "references": ["id"]},
        {"kind": "check", "name": "not_too_old", "condition": "year.gte.1888"},
        {"kind": "index", "columns": ["year"], "name": "by_year"},
    ],
}

_CONSTRAINTS = "/schema/tables/films/constraints"


@pytest.fixture
def films(live: "Meta") -> "Meta":
    """A served database with films and people."""
    assert 201 == live.send("POST", "/schema/tables", {"name": "people"}).status
    made = live.send("POST", "/schema/tables", FILMS)
    assert (201, "/meta/v1/db/schema/tables/films") == (made.status, made.headers["location"]), made.body
    return live


def described(meta: "Meta") -> Any:
    return meta.get("/schema/tables/films")


def tag(answer: "Answer") -> str:
    return str(answer.headers["etag"])


def test_a_table_is_made_as_described(films: "Meta") -> None:
    """With columns, key, mode, constraints and defaults."""
    table = described(films)
    assert (["id"], "strict") == (table["key"], table["mode"])
    year = {"type": "integer", "not_null": False, "default": 1900, "inferred": False, "comment": "of release"}
    assert {"name": "year", **year} == table["columns"][2] == films.get("/schema/tables/films/columns/year")
    assert ["films_title_year_key"] == [item["name"] for item in table["unique_keys"]]
    assert ["by_year"] == [item["name"] for item in table["indexes"]]
    assert ["films_director_id_fkey"] == [item["name"] for item in table["foreign_keys"]]
    assert ["not_too_old"] == table["checks"]
    refused = films.raw("POST", "/rest/v1/db/films", body={"title": "A", "year": 1700})
    assert "check_violation" == refused.code


def test_a_table_is_changed_and_dropped(films: "Meta") -> None:
    """Renamed, opened, dropped, and brought back."""
    changed = films.send("PATCH", "/schema/tables/films", {"name": "movies", "mode": "flexible"})
    assert (200, "movies", "flexible") == (changed.status, changed.json["name"], changed.json["mode"])
    assert "unknown_table" == films.send("GET", "/schema/tables/films").code
    assert 204 == films.send("DELETE", "/schema/tables/movies").status
    back = films.post("/schema", changes=[{"do": "restore_table", "table": "movies"}])
    assert (200, ["movies", "people"]) == (back.status, [table["name"] for table in films.get("/schema/tables")])
    assert 204 == films.send("DELETE", "/schema/tables/movies?hard=true").status
    assert "unknown_table" == films.post("/schema", changes=[{"do": "restore_table", "table": "movies"}]).code


def test_columns_come_change_and_go(films: "Meta") -> None:
    """With type, default and name in one commit."""
    made = films.post("/schema/tables/films/columns", name="rating", type="decimal(3,1)", default="5.0")
    assert (201, "/meta/v1/db/schema/tables/films/columns/rating") == (made.status, made.headers["location"])
    body = {"name": "stars", "type": "text", "default": None}
    changed = films.send("PATCH", "/schema/tables/films/columns/rating", body).json
    assert ("stars", "text", False) == (changed["name"], changed["type"], "default" in changed)
    assert "not_found" == films.send("PATCH", "/schema/tables/films/columns/rating", body).code
    assert 204 == films.send("DELETE", "/schema/tables/films/columns/stars").status
    assert "not_found" == films.send("DELETE", "/schema/tables/films/columns/stars").code
    assert ["id", "title", "year", "director_id"] == [column["name"] for column in described(films)["columns"]]


def test_constraints_come_and_go(films: "Meta") -> None:
    """By their names, which are given where none is said."""
    made = films.post("/schema/tables/films/constraints", kind="index", columns=["title"])
    assert "/meta/v1/db/schema/tables/films/constraints/films_title_idx" == made.headers["location"]
    assert 204 == films.send("DELETE", "/schema/tables/films/constraints/films_title_idx").status
    assert "not_found" == films.send("DELETE", "/schema/tables/films/constraints/films_title_idx").code
    assert ["by_year"] == [item["name"] for item in described(films)["indexes"]]


def test_changes_are_made_all_or_none_and_can_be_tried(films: "Meta") -> None:
    """As one commit; a dry run makes none."""
    steps = [
        {"do": "add_column", "table": "people", "column": {"name": "name", "type": "text"}},
        {"do": "copy_table", "table": "people", "name": "persons"},
        {"do": "alter_column", "table": "films", "column": "year", "to": {"not_null": True, "name": "made"}},
        {"do": "add_constraint", "table": "films", "constraint": {"kind": "index", "columns": ["made"], "name": "i"}},
        {"do": "drop_constraint", "table": "films", "name": "by_year"},
        {"do": "set_mode", "table": "films", "mode": "locked"},
    ]
    before = films.get("/schema")
    tried = films.post("/schema", changes=steps, dry_run=True)
    assert (200, None, before) == (tried.status, tried.json["commit"], films.get("/schema"))
    assert "unknown_table" == films.post("/schema", changes=[*steps, {"do": "drop_table", "table": "none"}]).code
    assert before == films.get("/schema")
    done = films.post("/schema", changes=steps)
    assert "3" == done.json["commit"]
    assert ["films", "people", "persons"] == [table["name"] for table in films.get("/schema/tables")]
    assert ("locked", "made") == (described(films)["mode"], described(films)["columns"][2]["name"])


def test_a_change_of_a_schema_that_was_changed_meanwhile_is_refused(films: "Meta") -> None:
    """If-Match has the tag of the schema as it was read; it is compared in the change itself."""
    read = tag(films.send("GET", "/schema"))
    assert read == tag(films.send("GET", "/schema/tables/films"))
    films.raw("POST", "/rest/v1/db/people", body={"nick": "x"})
    body = {"name": "extra", "type": "text"}
    refused = films.send("POST", "/schema/tables/films/columns", body, If_Match=read)
    assert (412, "precondition_failed") == (refused.status, refused.code)
    now = tag(films.send("GET", "/schema"))
    made = films.send("POST", "/schema/tables/films/columns", body, If_Match=f'"other", {now}')
    assert (201, True) == (made.status, tag(made) not in (read, now))
    assert 204 == films.send("DELETE", "/schema/tables/films/columns/extra", If_Match="*").status


def test_a_branch_has_a_schema_of_its_own(films: "Meta") -> None:
    """What is changed there is not on main."""
    films.post("/branches", name="dev")
    films.send("POST", "@dev/schema/tables/films/columns", {"name": "extra", "type": "text"})
    assert "not_found" == films.send("GET", "/schema/tables/films/columns/extra").code
    assert "text" == films.get("@dev/schema/tables/films/columns/extra")["type"]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/schema/tables", {"name": "x", "columns": [{"name": "a", "type": "what"}]}, "invalid_value"),
        ("/schema/tables", {"name": "x", "colums": []}, "invalid_body"),
        ("/schema/tables", {"name": "_x"}, "invalid_name"),
        ("/schema/tables", {"name": "FILMS"}, "duplicate_name"),
        ("/schema/tables/films/columns", {"name": "a", "type": "integer", "default": "no"}, "invalid_value"),
        ("/schema", {"changes": [{"do": "drop_everything"}]}, "invalid_body"),
        ("/schema", {"changes": []}, "invalid_body"),
        (_CONSTRAINTS, {"kind": "check", "name": "c", "condition": "year.what.1"}, "unknown_operator"),
        (_CONSTRAINTS, {"kind": "check", "name": "c", "condition": "no.eq.1"}, "unknown_column"),
        (_CONSTRAINTS, {"kind": "unique", "columns": ["nothing"]}, "unknown_column"),
        ("/schema/tables/none/columns", {"name": "a", "type": "text"}, "unknown_table"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_reason(films: "Meta", path: str, body: object, code: str) -> None:
    """And nothing is changed."""
    before = films.get("/schema")
    answer = films.send("POST", path, body)
    assert (code, before) == (answer.code, films.get("/schema"))
    assert answer.status in (400, 404, 409, 422)
