"""Branching, merging and looking back over HTTP, on a real file."""

from typing import TYPE_CHECKING, Any

import pytest

import synthdb

if TYPE_CHECKING:
    from plugins.core.tests.meta.conftest import Meta


@pytest.fixture
def served(live: "Meta") -> "Meta":
    """A served database with two people and a branch."""
    rest(live, "POST", "/people", [{"name": "Ada", "born": 1815}, {"name": "Bob", "born": 1900}])
    assert 201 == live.post("/branches", name="dev", comment="a try").status
    return live


@pytest.fixture
def keyed(live: "Meta") -> "Meta":
    """A served database of tables with keys of text and of two columns."""
    with synthdb.connect(live.url) as db:
        db.create_table("codes", {"code": "text"}, key="code")
        db.create_table("pairs", {"a": "text", "b": "integer"}, key=("a", "b"))
        db.insert("codes", {"code": "a/b,c é"})
        db.insert("pairs", {"a": "x,y", "b": 2})
    return live


def rest(meta: "Meta", method: str, path: str, body: object = None, message: str = "") -> Any:
    """Read or write rows."""
    address, _, query = path.partition("?")
    headers = {"Commit_Message": message} if message else {}
    answer = meta.raw(method, f"/rest/v1/db{address}", query, body, **headers)
    assert answer.status < 300, answer.body
    return answer.json if answer.body else None


def test_a_branch_lives_and_goes(served: "Meta") -> None:
    """It is listed, described, changed and removed."""
    assert ["dev", "main"] == [row["name"] for row in served.get("/branches")]
    assert ("main", "a try", False) == tuple(
        served.get("/branches/dev")[key] for key in ("parent", "comment", "protected")
    )
    changed = served.send("PATCH", "/branches/dev", {"name": "topic", "comment": None, "protected": True}).json
    assert ("topic", None, True) == (changed["name"], changed["comment"], changed["protected"])
    assert "protected_branch" == served.send("DELETE", "/branches/topic").code
    served.send("PATCH", "/branches/topic", {"protected": False, "expires": "2030-01-01T00:00:00Z"})
    assert "2030-01-01T00:00:00.000000Z" == served.get("/branches/topic")["expires"]
    assert 204 == served.send("DELETE", "/branches/topic").status
    assert "unknown_ref" == served.send("GET", "/branches/topic").code
    assert "duplicate_name" == served.post("/branches", name="main").code


def test_branches_come_in_pages(served: "Meta") -> None:
    """Each links to the next."""
    for name in ("a", "b", "c"):
        served.post("/branches", name=name)
    found, address = [], "/branches?limit=2"
    while address:
        answer = served.send("GET", address)
        found += [row["name"] for row in answer.json]
        address = answer.headers.get("link", "").partition(">")[0].removeprefix("</meta/v1/db")

    assert ["a", "b", "c", "dev", "main"] == found


def test_a_merge_with_a_conflict_is_decided(served: "Meta") -> None:
    """From the first change to the merge commit."""
    rest(served, "PATCH", "@dev/people/1", {"born": 1816}, "measured")
    rest(served, "POST", "@dev/people", {"name": "Eve"}, "one more")
    rest(served, "PATCH", "/people/1", {"born": 1817})
    assert [("update", [1]), ("insert", [3])] == [
        (row["change"], row["key"]) for row in served.get("@dev/diff?base=main&three_dot=true")
    ]

    refused = served.post("/merge", source="dev")
    assert (409, "merge_conflict") == (refused.status, refused.code)
    (conflict,) = refused.json["data"]["conflicts"]
    assert ("born", 1815, 1817, 1816) == tuple(conflict[key] for key in ("column", "base", "ours", "theirs"))
    assert [None] == [row["resolution"] for row in served.get("/conflicts?source=dev")]
    decision = {"source": "dev", "choice": "theirs", "table": "people", "key": 1, "column": "born"}
    assert {"decided": 1} == served.send("PATCH", "/conflicts", decision).json
    merged = served.send("POST", "/merge", {"source": "dev"}, Commit_Message="taken")

    assert {"people": {"inserted": 1, "updated": 1, "deleted": 0}} == merged.json["tables"]
    assert [1816, 1900, None] == [row["born"] for row in rest(served, "GET", "/people?order=id")]
    head = served.get("/commits?limit=1")[0]
    assert (merged.json["commit"], "taken", "merge", "local") == tuple(
        head[k] for k in ("id", "message", "kind", "author")
    )
    history = served.get("/history/people/1?column=born")
    assert [("measured", 1816)] == [(row["message"], row["value"]) for row in history[:1]]


def test_what_was_done_is_undone(served: "Meta") -> None:
    """By revert, by restore, and by bringing a row back."""
    first = served.get("/commits?limit=1")[0]["id"]
    rest(served, "PATCH", "/people?id=gt.0", {"born": 1})
    assert {"updated": 2, "inserted": 0, "deleted": 0} == served.post(
        "/revert", first=served.get("/commits")[0]["id"]
    ).json["tables"]["people"]
    rest(served, "DELETE", "/people/1")
    assert 1 == served.post("/restore", tables=["people"], keys=[1]).json["tables"]["people"]["inserted"]
    rest(served, "POST", "/people", {"name": "Eve"})
    assert 1 == served.post("/restore", to=first, dry_run=True).json["tables"]["people"]["deleted"]
    served.post("/restore", to=first)
    assert ["Ada", "Bob"] == [row["name"] for row in rest(served, "GET", "/people")]


def test_sql_and_schema_are_those_of_the_ref(served: "Meta") -> None:
    """On a branch, and at a tag."""
    served.post("/tags", name="v1")
    rest(served, "POST", "@dev/people", {"name": "Eve", "age": 3})
    count = {"statement": "SELECT count(*) AS n FROM people WHERE id > ?", "parameters": [0]}

    for ref, number in (("@dev", 3), ("", 2), ("@v1", 2)):
        answer = served.post(f"{ref}/sql", **count).json
        assert ({"columns": [{"name": "n", "type": "integer"}], "rows": [{"n": number}]}) == answer
    assert "invalid_sql" == served.post("/sql", statement="DELETE FROM people").code
    tables = {ref: served.get(f"{ref}/schema")["tables"][0] for ref in ("@dev", "@v1")}
    assert ["id", "name", "born", "age"] == [column["name"] for column in tables["@dev"]["columns"]]
    assert ["id", "name", "born"] == [column["name"] for column in tables["@v1"]["columns"]]


def test_changes_are_followed_by_their_offset(served: "Meta") -> None:
    """Those of the branch in the address."""
    changes = served.get("/changes")
    assert [("insert", "Ada"), ("insert", "Bob")] == [(row["change"], row["new"]["name"]) for row in changes]
    offset = changes[-1]["offset"]
    rest(served, "PATCH", "@dev/people/1", {"born": 1816})

    assert [] == served.get(f"/changes?since={offset}")
    assert [(1815, 1816)] == [(r["old"]["born"], r["new"]["born"]) for r in served.get(f"@dev/changes?since={offset}")]
    assert [] == served.get(f"@dev/changes?since={offset}&tables=people&limit=1")[1:]


def test_a_past_state_is_not_changed(served: "Meta") -> None:
    """Nor is one that is not there."""
    served.post("/tags", name="v1")

    for path in ("@v1/merge", "@main@1/merge"):
        assert (403, "read_only") == (served.post(path, source="dev").status, served.post(path, source="dev").code)
    assert (404, "unknown_ref") == (
        served.post("/merge", source="nope").status,
        served.post("/merge", source="nope").code,
    )


def test_a_row_is_found_by_whatever_its_key_is(keyed: "Meta") -> None:
    """Slashes and commas in a value are percent-encoded; the values of two columns have a comma between them."""
    assert 1 == len(keyed.raw("GET", "/meta/v1/db/history/codes/a%2Fb%2Cc%20%C3%A9").json)
    assert 1 == len(keyed.raw("GET", "/meta/v1/db/history/pairs/x%2Cy,2").json)
    assert "not_found" == keyed.raw("GET", "/meta/v1/db/history/pairs/x,2").code
    assert "invalid_value" == keyed.raw("GET", "/meta/v1/db/history/pairs/x,y,2").code
    assert "invalid_parameter" == keyed.raw("GET", "/meta/v1/db/history/codes/%ff").code
