"""A table that demands preconditions is not written over by who has not seen it."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.meta.conftest import Answer, Meta

ROWS = "/rest/v1/db/notes"
NOTES = {
    "name": "notes",
    "columns": [
        {"name": "id", "type": "integer"},
        {"name": "title", "type": "text"},
        {"name": "file", "type": "bytes"},
    ],
    "key": ["id"],
}


@pytest.fixture
def notes(live: "Meta") -> "Meta":
    """A served database with a table that demands preconditions."""
    assert 201 == live.send("POST", "/schema/tables", NOTES).status
    assert 201 == live.raw("POST", ROWS, body=[{"id": 1, "title": "one"}, {"id": 2, "title": "two"}]).status
    changed = live.send("PATCH", "/schema/tables/notes", {"preconditions": True})
    assert (200, True) == (changed.status, changed.json["preconditions"])
    return live


def ask(notes: "Meta", method: str, path: str, body: object = None, **headers: str) -> "Answer":
    """Send a request to the rows."""
    path, _, query = path.partition("?")
    return notes.raw(method, ROWS + path, query, body, **headers)


def refused(answer: "Answer") -> None:
    assert (428, "precondition_required") == (answer.status, answer.code), answer.body


def titles(notes: "Meta") -> list[str]:
    return [row["title"] for row in ask(notes, "GET", "?select=title&order=id").json]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    (
        pytest.param("PATCH", "/1", {"title": "x"}, id="an update"),
        pytest.param("PATCH", "?id=eq.1", {"title": "x"}, id="an update by a filter"),
        pytest.param("PATCH", "?columns=id,title", [{"id": 1, "title": "x"}, {"id": 2, "title": "y"}], id="several"),
        pytest.param("PUT", "/1", {"id": 1, "title": "x"}, id="a PUT"),
        pytest.param("PUT", "/3", {"id": 3, "title": "x"}, id="a PUT of a new row"),
        pytest.param("DELETE", "/1", None, id="a delete"),
        pytest.param("DELETE", "?id=gt.0", None, id="a delete by a filter"),
        pytest.param("PUT", "/1/title", "x", id="a cell"),
        pytest.param("DELETE", "/1/title", None, id="the content of a cell"),
    ),
)
def test_a_write_without_a_condition_is_refused(notes: "Meta", method: str, path: str, body: object) -> None:
    """Nothing is changed, whether the row is there or not."""
    refused(ask(notes, method, path, body))
    assert ["one", "two"] == titles(notes)


def test_an_upsert_without_a_condition_is_refused(notes: "Meta") -> None:
    """It may overwrite; what only adds rows, or leaves those alone that exist, may not."""
    row = {"id": 1, "title": "x"}
    refused(ask(notes, "POST", "", row, Prefer="resolution=merge-duplicates"))
    assert 2 == ask(notes, "POST", "", row, Prefer="resolution=ignore-duplicates").status // 100
    assert 201 == ask(notes, "POST", "", {"id": 3, "title": "three"}).status
    assert ["one", "two", "three"] == titles(notes)


def test_who_names_the_version_writes(notes: "Meta") -> None:
    """Rows and cells with If-Match, new rows with If-None-Match."""
    tag = ask(notes, "GET", "/1").headers["etag"]
    assert 204 == ask(notes, "PATCH", "/1", {"title": "x"}, If_Match=tag).status
    assert 412 == ask(notes, "PATCH", "/1", {"title": "y"}, If_Match=tag).status
    assert 201 == ask(notes, "PUT", "/3", {"id": 3, "title": "new"}, If_None_Match="*").status
    assert 204 == ask(notes, "DELETE", "/2", If_Match="*").status
    cell = ask(notes, "GET", "/1/title").headers["etag"]
    assert 204 == ask(notes, "DELETE", "/1/title", If_Match=cell).status
    assert 204 == ask(notes, "PUT", "/1/title", "again", If_None_Match="*").status
    assert ['"again"', "new"] == titles(notes)


def test_a_batch_is_asked_too(notes: "Meta") -> None:
    """Each of its writes has its own condition."""
    part = {"method": "PATCH", "url": "notes/1", "body": {"title": "x"}}
    refused(notes.send("POST", "/batch", {"operations": [part]}))
    tag = ask(notes, "GET", "/1").headers["etag"]
    done = notes.send("POST", "/batch", {"operations": [part | {"headers": {"If-Match": tag}}]})
    assert (200, ["x", "two"]) == (done.status, titles(notes))


def test_the_demand_is_part_of_the_schema(notes: "Meta") -> None:
    """It is copied, merged, shown in a diff, and taken away again, like the rest."""
    assert 201 == notes.send("POST", "/branches", {"name": "dev"}).status
    steps = {"changes": [{"do": "require_preconditions", "table": "notes", "required": False},
                         {"do": "copy_table", "table": "notes", "name": "copy"}]}  # fmt: skip
    assert 200 == notes.raw("POST", "/meta/v1/db@dev/schema", body=steps).status
    assert 204 == notes.raw("PATCH", "/rest/v1/db@dev/notes/2", body={"title": "free"}).status
    refused(ask(notes, "PATCH", "/2", {"title": "x"}))
    assert 200 == notes.send("POST", "/merge", {"source": "dev"}).status
    assert 204 == ask(notes, "PATCH", "/1", {"title": "free too"}).status
    assert [False, False] == [notes.get(f"/schema/tables/{name}")["preconditions"] for name in ("notes", "copy")]
