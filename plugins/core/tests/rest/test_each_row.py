"""PATCH with an array: each row gets its own values, in one commit."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Api

YEARS = "/films?select=id,year&order=id"


def years(api: "Api") -> list[Any]:
    """Give the years of all films."""
    return [row["year"] for row in api.rows(YEARS)]


def test_each_row_is_known_by_its_key(api: "Api") -> None:
    """What a row does not give stays."""
    body = [{"id": 1, "year": 1}, {"id": 4, "year": 4, "title": "Found"}]
    answer = api.send("PATCH", "/films?select=id,title,year", body, Prefer="return=representation, count=exact")
    assert (200, "0-1/2") == (answer.status, answer.headers["content-range"])
    assert [(1, "Alien", 1), (4, "Found", 4)] == [tuple(row.values()) for row in answer.json]
    assert [1, 1993, 1985, 4] == years(api)
    assert 204 == api.send("PATCH", "/films", [{"id": 2, "year": None}]).status
    assert [1, None, 1985, 4] == years(api)


def test_a_row_may_be_known_by_other_unique_columns(api: "Api") -> None:
    """As in an upsert; a key of several columns is given by them."""
    assert 204 == api.send("PATCH", "/films?on_conflict=title", [{"title": "Alien", "year": 5}]).status
    fees = [{"film_id": 1, "actor": "John", "fee": 1}, {"film_id": 2, "actor": "Holly", "fee": 2}]
    assert 204 == api.send("PATCH", "/roles", fees).status
    assert [1, 100, 2] == [row["fee"] for row in api.rows("/roles?order=film_id,actor")]
    assert 5 == years(api)[0]


def test_rows_come_as_csv_and_ndjson_too(api: "Api") -> None:
    """And with columns, of which alone are set."""
    assert 204 == api.send("PATCH", "/films", b"id,year\r\n1,7\r\n", Content_Type="text/csv").status
    lines = b'{"id":2,"year":8,"title":"x"}\n{"id":3,"year":9}\n'
    assert 204 == api.send("PATCH", "/films?columns=year", lines, Content_Type="application/x-ndjson").status
    assert [7, 8, 9, None] == years(api)
    assert "The Piano" == api.rows("/films/2")["title"]


@pytest.mark.parametrize(
    ("path", "body", "prefer", "status", "code"),
    [
        ("/films", [{"id": 1, "year": 1}, {"id": 99, "year": 1}], "", 404, "not_found"),
        ("/films", [{"id": 1, "year": 1}, {"id": 1, "year": 2}], "", 409, "unique_violation"),
        ("/films", [{"id": 1, "year": 1}, {"year": 2}], "", 400, "invalid_body"),
        ("/films", [{"id": 1, "year": 1}, {"id": None, "year": 2}], "", 400, "invalid_body"),
        ("/films", [{"id": 1, "year": 1}, 7], "", 400, "invalid_body"),
        ("/films", [{"id": 1, "year": 1}, {"id": 2, "year": 1}], "max-affected=1", 400, "max_affected_exceeded"),
        ("/films?id=eq.1", [{"id": 1, "year": 1}, {"id": 2, "year": 1}], "", 400, "invalid_body"),
        ("/films?on_conflict=year", [{"id": 1, "year": 1}, {"id": 2, "year": 1}], "", 400, "invalid_parameter"),
        ("/films", [{"id": 1, "title": None}, {"id": 2, "year": 1}], "", 400, "not_null_violation"),
        ("/nowhere", [{"id": 1, "title": None}, {"id": 2, "year": 1}], "", 404, "unknown_table"),
    ],
)
def test_what_is_wrong_with_one_row_changes_none(
    api: "Api", path: str, body: object, prefer: str, status: int, code: str
) -> None:
    """All rows or none."""
    answer = api.send("PATCH", path, body, {"Prefer": prefer} if prefer else {})
    assert (status, code) == (answer.status, answer.code)
    assert [1979, 1993, 1985, None] == years(api)


def test_no_rows_are_none(api: "Api") -> None:
    """An empty array changes nothing."""
    assert 204 == api.send("PATCH", "/films", []).status
    assert [1979, 1993, 1985, None] == years(api)
