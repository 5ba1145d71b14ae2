"""What a query string says can stand in a body."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.rest.conftest import Answer, Api

FORM = "application/x-www-form-urlencoded"
WAYS = [("QUERY", ""), ("POST", "/query")]


def query(api: "Api", body: object, way: tuple[str, str] = WAYS[0], path: str = "/films", **headers: str) -> "Answer":
    """Send a query: a dictionary as JSON, bytes as a form."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, bytes):
        sent.setdefault("Content-Type", FORM)
    address, mark, text = path.partition("?")
    return api.send(way[0], f"{address}{way[1]}{mark}{text}", body, sent)


@pytest.mark.parametrize("way", WAYS, ids=["query", "post"])
def test_a_body_means_what_a_query_string_does(shared: "Api", way: tuple[str, str]) -> None:
    """Everything in the same grammar, as a form or as JSON, with what the address says besides."""
    said = (
        "select=id,title,director:director_id(name)&year=gte.1979&year=lt.1990&or=(seen.is.true,id.gt.2)&order=id.desc"
    )
    expected = shared.rows(f"/films?{said}")
    assert expected
    assert expected == query(shared, said.encode(), way).json
    parameters: dict[str, object] = {
        "select": "id,title,director:director_id(name)",
        "or": "(seen.is.true,id.gt.2)",
        "year": ["gte.1979", "lt.1990"],
    }
    assert expected == query(shared, parameters, way, "/films?order=id.desc").json
    assert expected[:1] == query(shared, parameters | {"order": "id.desc", "limit": 1}, way).json
    assert [{"title": "Ran, the film"}] == query(shared, {"select": "title", "title": "eq.Ran, the film"}, way).json
    assert 4 == len(query(shared, b"", way).json) == len(query(shared, {}, way).json)


@pytest.mark.parametrize("table", ["a%2Fb", "a%2Fquery"])
def test_names_with_a_slash_have_a_twin_too(empty: "Api", table: str) -> None:
    """Also one that ends like the address of a twin."""
    assert 201 == empty.send("POST", f"/{table}", {"n": 1}).status
    assert [{"n": 1}] == empty.send("POST", f"/{table}/query", {"select": "n"}).json


@pytest.mark.parametrize("way", WAYS, ids=["query", "post"])
def test_pages_of_a_query_lead_to_each_other(shared: "Api", way: tuple[str, str]) -> None:
    """The same body is sent to the address in the Link."""
    body = {"select": "id", "order": "year.desc,id", "limit": 2}
    first = query(shared, body, way, Prefer="count=exact")
    link = first.headers["link"]
    assert (206, "0-1/4") == (first.status, first.headers["content-range"])
    address = link[1 : link.index(">")].removeprefix("/rest/v1/db")
    assert address.startswith(f"/films{way[1]}?cursor=")
    second = shared.send(way[0], address, body)
    assert 4 == len({row["id"] for row in first.json + second.json})
    assert "invalid_cursor" == shared.send(way[0], address, body | {"id": "gt.1"}).code


def test_a_list_may_have_thousands_of_values(shared: "Api") -> None:
    """More than fit into an address."""
    ids = ",".join(map(str, range(3, 10_003)))
    assert [3, 4] == [row["id"] for row in query(shared, {"id": f"in.({ids})", "order": "id"}).json]
    names = ",".join(f'"Lost {n}, or not"' for n in range(10_000))
    assert [1] == [row["id"] for row in query(shared, urlencode({"title": f"in.(Alien,{names})"}).encode()).json]


def test_every_representation_can_be_asked_for(shared: "Api") -> None:
    """And a single object, a range and a profile."""
    assert b"id\r\n1\r\n" == query(shared, {"select": "id", "id": "eq.1"}, Accept="text/csv").body
    one = query(shared, {"select": "id", "id": "eq.1"}, Accept="application/vnd.pgrst.object+json")
    assert {"id": 1} == one.json
    assert [{"id": 2}] == query(shared, {"select": "id", "order": "id"}, Range="1-1").json


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"id=hm.1", FORM, 400, "unknown_operator"),
        (b"id=eq.\xff", FORM, 400, "invalid_body"),
        (b"a=%ff", FORM, 400, "invalid_parameter"),
        (b"{", "application/json", 400, "invalid_body"),
        (b"[]", "application/json", 400, "invalid_body"),
        (b'{"id": {"gt": 1}}', "application/json", 400, "invalid_body"),
        (b'{"id": null}', "application/json", 400, "invalid_body"),
        (b'{"limit": true}', "application/json", 400, "invalid_body"),
        (b"id,1", "text/csv", 415, "unsupported_media_type"),
        (b"a=eq.1&" * 3_000, FORM, 400, "too_complex"),
        (b"or=(" + b"id.eq.1," * 200_000 + b"id.eq.1)", FORM, 400, "too_complex"),
        (b"a" * 3_000_000, FORM, 413, "too_large"),
    ],
    ids=range(12),
)
def test_what_cannot_be_read_is_refused(shared: "Api", body: bytes, content_type: str, status: int, code: str) -> None:
    """With the same errors as in an address."""
    answer = query(shared, body, Content_Type=content_type)
    assert (status, code) == (answer.status, answer.code)


def test_a_table_says_that_it_can_be_queried(shared: "Api") -> None:
    """With the media types of queries (RFC 10008); a row cannot."""
    table, row = shared.send("OPTIONS", "/films"), shared.send("OPTIONS", "/films/1")
    assert "QUERY" in table.headers["allow"]
    assert f'"{FORM}", "application/json"' == table.headers["accept-query"]
    assert "accept-query" not in row.headers
    assert 405 == shared.send("POST", "/films/1", {}).status
