"""Saved queries, kept over HTTP and called as functions."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.meta.conftest import Answer, Meta

SINCE = {
    "sql": "SELECT id, title FROM films WHERE year >= :first AND title <> :but ORDER BY id",
    "parameters": {"first": "integer", "but": {"type": "text", "default": "", "description": "not this one"}},
}


@pytest.fixture
def calls(live: "Meta") -> "Calls":
    """A database with films and a query about them."""
    rows = [{"id": n, "title": f"film {n}", "year": 1980 + n} for n in range(1, 5)]
    assert 201 == live.raw("POST", "/rest/v1/db/films", body=rows).status
    assert 201 == live.send("PUT", "/queries/since", SINCE).status
    return Calls(live)


class Calls:
    """Sends requests to both interfaces."""

    def __init__(self, meta: "Meta") -> None:
        self.meta = meta

    def send(self, method: str, path: str, body: object = None, ref: str = "", **headers: str) -> "Answer":
        """Send a request to the REST interface."""
        address, _, query = path.partition("?")
        return self.meta.raw(method, f"/rest/v1/db{ref}{address}", query, body, **headers)


def ids(answer: "Answer") -> list[Any]:
    assert 200 == answer.status, answer.body
    return [row["id"] for row in answer.json]


def test_a_query_is_called_with_get_and_post(calls: Calls) -> None:
    """With its arguments in the query string or the body; what has a default may be left out."""
    assert [3, 4] == ids(calls.send("GET", "/rpc/since?first=1983"))
    assert [4] == ids(calls.send("GET", "/rpc/since?first=1983&but=film+3"))
    assert [3, 4] == ids(calls.send("POST", "/rpc/since", {"first": 1983}))
    assert "0-1/*" == calls.send("GET", "/rpc/since?first=1983").headers["content-range"]
    assert b"" == calls.send("HEAD", "/rpc/since?first=1983").body


def test_a_call_says_whether_there_are_more_rows(calls: Calls) -> None:
    """Than were asked for, and than the server gives at a time; the others are had with another range."""
    first = calls.send("GET", "/rpc/since?first=1981", Range="0-1")
    assert (206, "0-1/*", [1, 2]) == (first.status, first.headers["content-range"], [row["id"] for row in first.json])
    rest = calls.send("GET", "/rpc/since?first=1981", Range="2-")
    assert ("2-3/*", [3, 4]) == (rest.headers["content-range"], ids(rest))
    assert [4] == ids(calls.send("POST", "/rpc/since", {"first": 1981}, Range="3-9"))
    beyond = calls.send("GET", "/rpc/since?first=1981", Range="9-")
    assert (200, "*/*", []) == (beyond.status, beyond.headers["content-range"], beyond.json)

    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT i FROM n"
    assert 201 == calls.meta.send("PUT", "/queries/endless", {"sql": endless}).status
    cut = calls.send("GET", "/rpc/endless")
    assert (206, "0-9999/*", 10_000) == (cut.status, cut.headers["content-range"], len(cut.json))
    assert {"i": 11_001} == calls.send("GET", "/rpc/endless", Range="11000-").json[0]


def test_rows_of_a_call_come_in_any_representation(calls: Calls) -> None:
    """As CSV, and as one object if there is one row."""
    csv = calls.send("GET", "/rpc/since?first=1984", Accept="text/csv")
    assert b"id,title\r\n4,film 4\r\n" == csv.body
    single = "application/vnd.pgrst.object+json"
    assert {"id": 4, "title": "film 4"} == calls.send("GET", "/rpc/since?first=1984", Accept=single).json
    assert "not_singular" == calls.send("GET", "/rpc/since?first=1983", Accept=single).code


def test_a_call_reads_the_branch_or_the_moment_it_names(calls: Calls) -> None:
    """By the address or the profile; the query is the one of that state."""
    calls.meta.post("/branches", name="dev")
    calls.send("DELETE", "/films?id=eq.4", ref="@dev")
    assert [3] == ids(calls.send("GET", "/rpc/since?first=1983", ref="@dev"))
    assert [3] == ids(calls.send("GET", "/rpc/since?first=1983", Accept_Profile="dev"))
    assert [3] == ids(calls.send("POST", "/rpc/since", {"first": 1983}, Content_Profile="dev"))
    assert 204 == calls.meta.send("DELETE", "@dev/queries/since").status
    assert "not_found" == calls.send("GET", "/rpc/since?first=1983", ref="@dev").code
    assert [3, 4] == ids(calls.send("GET", "/rpc/since?first=1983"))


def test_queries_are_kept_listed_and_removed(calls: Calls) -> None:
    """Putting one again replaces it."""
    assert 200 == calls.meta.send("PUT", "/queries/since", SINCE | {"description": "new films"}).status
    (listed,) = calls.meta.get("/queries")
    assert ("since", "new films", {"films": ["id", "title", "year"]}) == (
        listed["name"], listed["description"], listed["reads"],
    )  # fmt: skip
    assert listed == calls.meta.get("/queries/since")
    assert 204 == calls.meta.send("DELETE", "/queries/since").status
    assert [] == calls.meta.get("/queries")


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/rpc/sinse?first=1", None, "not_found"),
        ("GET", "/rpc/since", None, "invalid_parameter"),
        ("GET", "/rpc/since?first=x", None, "invalid_value"),
        ("GET", "/rpc/since?first=1&last=2", None, "invalid_parameter"),
        ("GET", "/rpc/since?first=1&first=2", None, "invalid_parameter"),
        ("POST", "/rpc/since", [1], "invalid_body"),
        ("POST", "/rpc/since", b"{", "invalid_body"),
        ("POST", "/rpc/since?first=1", {}, "invalid_parameter"),
        ("PATCH", "/rpc/since", {}, "method_not_allowed"),
    ],
)
def test_a_call_that_does_not_fit_is_refused(calls: Calls, method: str, path: str, body: object, code: str) -> None:
    """With what its parameters are."""
    assert code == calls.send(method, path, body).code


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("1x", SINCE, "invalid_name"),
        ("x", {"sql": "DELETE FROM films"}, "invalid_sql"),
        ("x", {"sql": "SELECT :a"}, "invalid_parameter"),
        ("x", {"sql": "SELECT 1", "parameters": {"a": "integer"}}, "invalid_parameter"),
        ("x", {"sql": "SELECT :a", "parameters": {"a": "what"}}, "invalid_value"),
        ("x", {"statement": "SELECT 1"}, "invalid_body"),
    ],
)
def test_a_query_that_cannot_be_is_not_kept(calls: Calls, name: str, body: object, code: str) -> None:
    """It is checked before it is kept."""
    assert code == calls.meta.send("PUT", f"/queries/{name}", body).code
    assert 1 == len(calls.meta.get("/queries"))


@pytest.mark.parametrize(
    "row",
    [
        {"parameters": True},
        {"parameters": [{"type": "text"}]},
        {"parameters": [{"name": "first", "type": "nothing"}]},
        {"parameters": [{"name": "other", "type": "text"}]},
        {"sql": "SELECT ?"},
        {"reads": []},
        {"gives": [{"name": "x", "type": "nothing"}]},
    ],
    ids=str,
)
def test_a_row_that_is_no_query_is_passed_over(calls: Calls, row: dict[str, object]) -> None:
    """Whatever is written into their table, there is no such query, and it can be saved again."""
    assert 204 == calls.send("PATCH", "/synthdb_queries/since", row).status
    assert 201 == calls.meta.send("PUT", "/queries/other", {"sql": "SELECT 1 AS n"}).status

    assert ["other"] == [query["name"] for query in calls.meta.send("GET", "/queries").json]
    for answer in (
        calls.send("GET", "/rpc/since?first=1983"),
        calls.meta.send("GET", "/queries/since"),
        calls.meta.send("DELETE", "/queries/since"),
    ):
        assert 404 == answer.status
    assert 201 == calls.meta.send("PUT", "/queries/since", SINCE).status
    assert [3, 4] == ids(calls.send("GET", "/rpc/since?first=1983"))
