"""What requests to the meta interface ask a storage to do, and which of them are refused."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from synthdb_memory.plugin import plugin as memory

from synthdb.plugin import plugin as core
from synthdb_host.contracts import Result
from synthdb_host.merge_reports import CombinedTable, MergeReport, OpenConflict
from synthdb_host.operations import HEAD, Operation, Ref, Sql
from synthdb_host.testing.hosting import ApiClient, build_host
from synthdb_host.versions import (
    AlterBranch,
    Backfill,
    Branches,
    Branching,
    Changes,
    CherryPick,
    Collect,
    Conflicts,
    CreateBranch,
    CreateTag,
    Diff,
    DropBranch,
    DropTag,
    History,
    Log,
    Merge,
    Resolve,
    Restore,
    Revert,
    StorageReport,
    Tags,
)

if TYPE_CHECKING:
    from plugins.core.tests.conftest import Script
    from plugins.core.tests.meta.conftest import Meta

DEV = Ref("dev")

READS: tuple[tuple[str, Operation], ...] = (
    ("/branches", Branches(limit=10_000)),
    ("/branches?prefix=d&after=da&limit=3", Branches("d", 3, "da")),
    ("/tags", Tags()),
    ("/commits", Log()),
    (
        "@dev/commits?table=people&author=me&kind=merge&message=x%20y&since=1&until=9&before=8&limit=5",
        Log(DEV, "people", "me", "merge", "x y", "1", "9", "8", 5),
    ),
    ("@dev/history/people/1", History("people", (1,), None, DEV)),
    ("/history/people/1?column=name&limit=2", History("people", (1,), "name", HEAD, 2)),
    ("@dev/diff?base=main", Diff(HEAD, DEV, limit=10_001)),
    (
        "/diff?base=v1&target=dev@17&tables=people,pets&detail=cells&three_dot=true&limit=10",
        Diff(Ref("v1"), Ref("dev", "17"), ("people", "pets"), True, "cells", 11),
    ),
    ("/diff?base=5%20minutes%20ago", Diff(Ref("main", "5 minutes ago"), HEAD, limit=10_001)),
    ("@dev/conflicts", Conflicts(None, DEV)),
    ("/conflicts?source=dev", Conflicts("dev")),
    ("@dev/changes?since=7&tables=people&limit=2", Changes("7", ("people",), "dev", 2)),
    ("/storage", StorageReport()),
)


@pytest.mark.parametrize(("path", "operation"), READS, ids=[path for path, _ in READS])
def test_a_read_asks_for_an_operation(meta: "Meta", script: "Script", path: str, operation: Operation) -> None:
    """Its rows are the answer, as JSON."""
    script.answer({"name": "dev", "value": [1, None]})

    assert [{"name": "dev", "value": [1, None]}] == meta.get(path)
    assert [operation] == script.asked


WRITES: tuple[tuple[str, str, dict[str, object], Operation], ...] = (
    ("POST", "@dev/branches", {"name": "b"}, Branching((CreateBranch("b", DEV),))),
    (
        "POST",
        "/branches",
        {"name": "b", "at": "v1", "comment": "c", "expires": "2030-01-01T00:00:00Z", "if_not_exists": True},
        Branching((CreateBranch("b", Ref("v1"), "c", "2030-01-01T00:00:00Z", True),)),
    ),
    ("PATCH", "/branches/b", {"protected": True}, Branching((AlterBranch("b", protected=True),))),
    (
        "PATCH",
        "/branches/b",
        {"name": "b", "comment": None, "expires": None},
        Branching((AlterBranch("b", "b", "", None, ""),)),
    ),
    ("POST", "/tags", {"name": "b", "at": "17", "comment": "c"}, Branching((CreateTag("b", Ref("17"), "c"),))),
    ("POST", "@dev/merge", {"source": "main"}, Merge(HEAD, DEV)),
    ("POST", "/cherry-pick", {"first": "7", "last": "9"}, CherryPick("7", "9")),
    ("POST", "@dev/revert", {"first": "7"}, Revert("7", None, DEV)),
    ("POST", "/restore", {"to": "v1"}, Restore(Ref("v1"))),
    ("POST", "@dev/restore", {"to": "1 hour ago"}, Restore(Ref("dev", "1 hour ago"), ref=DEV)),
    (
        "POST",
        "/restore",
        {"tables": ["people"], "keys": [1, ["2"]]},
        Restore(None, ("people",), ((1,), (2,))),
    ),
    ("POST", "/gc", {"before": "30 days ago"}, Collect("30 days ago")),
    ("POST", "/backfill", {}, Backfill()),
    ("POST", "/backfill", {"rows": 100}, Backfill(100)),
    ("POST", "/backfill", {"rows": 100.0}, Backfill(100)),
    (
        "POST",
        "@dev/sql",
        {"statement": "SELECT ?", "parameters": [1, "a", None], "limit": 5},
        Sql("SELECT ?", (1, "a", None), 5, DEV),
    ),
    ("PATCH", "@main/conflicts", {"source": "dev", "choice": "ours"}, Resolve(DEV, "ours")),
    (
        "PATCH",
        "/conflicts",
        {"source": "dev", "choice": "value", "table": "people", "key": 1, "column": "name", "value": {"a": [1]}},
        Resolve(DEV, "value", "people", (1,), "name", {"a": [1]}),
    ),
)


@pytest.mark.parametrize(("method", "path", "body", "operation"), WRITES)
def test_a_write_asks_for_an_operation(
    meta: "Meta", script: "Script", method: str, path: str, body: dict[str, object], operation: Operation
) -> None:
    """The message in the header goes with it."""
    script.answers = [Result(affected=3)]
    script.answer({"name": "b"})

    answer = meta.send(method, path, body, Commit_Message="Caf%C3%A9")

    assert answer.status in (200, 201), answer.body
    assert (operation, "Café") == (script.asked[0], script.contexts[0].message)


@pytest.mark.parametrize(
    ("path", "change"), (("/branches/b", DropBranch("b")), ("/tags/b", DropTag("b"))), ids=["branch", "tag"]
)
def test_a_name_is_removed(meta: "Meta", script: "Script", path: str, change: DropBranch | DropTag) -> None:
    """The answer is empty."""
    answer = meta.send("DELETE", path)

    assert (204, b"", [Branching((change,))]) == (answer.status, answer.body, script.asked)


@pytest.mark.parametrize("kind", ("branches", "tags"))
def test_a_new_name_has_an_address(meta: "Meta", script: "Script", kind: str) -> None:
    """There it is described."""
    for _ in range(2):
        script.answers.append(Result(affected=1))
        script.answer({"name": "b2"}, {"name": "b"})
    answer = meta.post(f"@dev/{kind}", name="b")

    assert (201, f"/meta/v1/db@dev/{kind}/b", {"name": "b"}) == (answer.status, answer.headers["location"], answer.json)
    script.answers.pop(0)
    assert {"name": "b"} == meta.get(f"/{kind}/b")
    script.answer({"name": "b2"})
    assert "unknown_ref" == meta.send("GET", f"/{kind}/b").code


def test_a_full_page_links_to_the_next(meta: "Meta", script: "Script") -> None:
    """With the same filters."""
    script.answer({"id": "9"}, {"id": "8"})
    first = meta.send("GET", "/commits?kind=merge&limit=2&before=10")
    script.answer({"id": "7"})
    last = meta.send("GET", "/commits?kind=merge&limit=2&before=8")

    assert '</meta/v1/db/commits?kind=merge&limit=2&before=8>; rel="next"' == first.headers["link"]
    assert "link" not in last.headers


def test_a_difference_that_was_cut_says_so(meta: "Meta", script: "Script") -> None:
    """The number of all is only given where these are all."""
    script.answer({"key": 1}, {"key": 2}, {"key": 3})
    cut = meta.send("GET", "/diff?base=v1&limit=2")
    script.answer({"key": 1}, {"key": 2})
    whole = meta.send("GET", "/diff?base=v1&limit=2")

    assert ("0-1/*", 2) == (cut.headers["content-range"], len(cut.json))
    assert ("0-1/2", 2) == (whole.headers["content-range"], len(whole.json))


def test_a_merge_answers_with_what_was_combined(meta: "Meta", script: "Script") -> None:
    """And with the commit, of which a dry run has none."""
    report = MergeReport({"people": CombinedTable(1)}, ("people: column 'city' added",))
    script.answers = [Result(report=report, commit="9"), Result(report=report)]
    tables = {"people": {"inserted": 1, "updated": 0, "deleted": 0}}
    facts = {"tables": tables, "schema": ["people: column 'city' added"], "conflicts": []}

    assert {"commit": "9", "dry_run": False, **facts} == meta.post("/merge", source="dev").json
    assert {"commit": None, "dry_run": True, **facts} == meta.post("/merge", source="dev", dry_run=True).json
    assert [False, True] == [context.dry_run for context in script.contexts]


def test_conflicts_are_a_problem_that_lists_them(meta: "Meta", script: "Script") -> None:
    """A dry run answers with them."""
    conflict = OpenConflict("people", (1,), "name", "cell", "a", "b", {"c": 1.5})
    script.answers = [Result(report=MergeReport(conflicts=(conflict,)))] * 2
    listed = {
        "table": "people", "key": [1], "column": "name", "kind": "cell", "base": "a", "ours": "b", "theirs": {"c": 1.5},
        "detail": "", "resolution": None,
    }  # fmt: skip

    answer = meta.post("/merge", source="dev")
    dry = meta.post("/merge", source="dev", dry_run=True)

    assert (409, "merge_conflict", {"conflicts": [listed]}) == (answer.status, answer.code, answer.json["data"])
    assert (200, [listed]) == (dry.status, dry.json["conflicts"])


def test_sql_answers_with_columns_and_rows(meta: "Meta", script: "Script") -> None:
    """Columns have types."""
    script.answer({"n": 1}, {"n": 2})

    assert {"columns": [{"name": "n", "type": "json"}], "rows": [{"n": 1}, {"n": 2}]} == meta.post(
        "/sql", statement="SELECT 1"
    ).json
    assert Sql("SELECT 1", (), 10_000) == script.last
    meta.post("/sql", statement="SELECT 1", limit=1_000_000)
    assert Sql("SELECT 1", (), 10_000) == script.last
    meta.post("/sql", statement="SELECT 1", explain=True)
    assert Sql("SELECT 1", (), 10_000, explain=True) == script.last
    assert 405 == meta.send("GET", "/sql?statement=SELECT%201").status


def test_the_schema_is_that_of_the_ref(meta: "Meta") -> None:
    """With all that is known about each table."""
    found = meta.get("@dev/schema")

    assert ("dev", "1/dev", ["people"]) == (
        found["ref"],
        found["version"],
        [table["name"] for table in found["tables"]],
    )
    assert ["id", "name"] == [column["name"] for column in found["tables"][0]["columns"]]
    assert "unknown_ref" == meta.send("GET", "@nope/schema").code


REFUSED: tuple[tuple[str, str, object, str], ...] = (
    ("GET", "/branches?limt=3", None, "invalid_parameter"),
    ("GET", "/branches?limit=3&limit=4", None, "invalid_parameter"),
    ("GET", "/branches?limit=0", None, "invalid_parameter"),
    ("GET", "/branches?limit=10001", None, "invalid_parameter"),
    ("GET", "/branches?limit=x", None, "invalid_parameter"),
    ("GET", "/branches?prefix=%ff", None, "invalid_parameter"),
    ("GET", f"/branches?prefix={'x' * 1001}", None, "invalid_parameter"),
    ("GET", "/branches/b?x=1", None, "invalid_parameter"),
    ("GET", "/tags?x=1", None, "invalid_parameter"),
    ("GET", "/schema?x=1", None, "invalid_parameter"),
    ("GET", "/diff", None, "invalid_parameter"),
    ("GET", f"/diff?base={'x' * 251}", None, "invalid_parameter"),
    ("GET", "/diff?base=v1&detail=all", None, "invalid_parameter"),
    ("GET", "/diff?base=v1&three_dot=1", None, "invalid_parameter"),
    ("GET", f"/diff?base=v1&tables={','.join('abcdefghij' * 11)}", None, "invalid_parameter"),
    ("GET", "@dev@17/changes", None, "invalid_parameter"),
    ("GET", "@dev@/changes", None, "invalid_parameter"),
    ("GET", "/history/pets/1", None, "unknown_table"),
    ("GET", "/history/people/x", None, "invalid_value"),
    ("GET", "/nothing", None, "not_found"),
    ("POST", "/merge?dry_run=true", {"source": "dev"}, "invalid_parameter"),
    ("POST", "/merge", {}, "invalid_body"),
    ("POST", "/merge", [], "invalid_body"),
    ("POST", "/merge", b"{", "invalid_body"),
    ("POST", "/merge", {"source": "dev", "force": True}, "invalid_body"),
    ("POST", "/merge", {"source": 1}, "invalid_body"),
    ("POST", "/merge", {"source": "x" * 251}, "invalid_body"),
    ("POST", "/merge", b'{"source":"dev"}' + b" " * 1_100_000, "invalid_body"),
    ("POST", "/branches", {"name": ""}, "invalid_body"),
    ("POST", "/sql", {"statement": "x" * 100_001}, "invalid_body"),
    ("POST", "/sql", {"statement": "x", "parameters": [[1]]}, "invalid_body"),
    ("POST", "/restore", {}, "invalid_body"),
    ("POST", "/restore", {"to": "v1", "keys": [1]}, "invalid_body"),
    ("POST", "/restore", {"tables": ["people"], "keys": ["x"]}, "invalid_value"),
    ("POST", "/restore", {"tables": ["people"], "keys": [[1, 2]]}, "invalid_value"),
    ("PATCH", "/conflicts", {"source": "dev", "choice": "mine"}, "invalid_body"),
    ("PATCH", "/conflicts", {"source": "dev", "choice": "ours", "key": 1}, "invalid_body"),
)


@pytest.mark.parametrize(("method", "path", "body", "code"), REFUSED)
def test_what_is_not_understood_is_refused(
    meta: "Meta", script: "Script", method: str, path: str, body: object, code: str
) -> None:
    """Nothing is asked of the storage, and nothing is guessed."""
    headers = {"Content_Type": "application/json"} if isinstance(body, bytes) else {}

    assert code == meta.send(method, path, body, **headers).code
    assert [] == script.asked


def test_only_json_is_spoken(meta: "Meta") -> None:
    """In both directions."""
    assert 415 == meta.send("POST", "/merge", b"source=dev", Content_Type="text/plain").status
    assert 406 == meta.send("GET", "/branches", Accept="text/html").status


@pytest.mark.parametrize(
    "message", ("%ff", "%0", "x" * 2001, "a%00b", "caf\u00e9"), ids=["bytes", "cut", "long", "control", "raw"]
)
def test_a_message_that_cannot_be_kept_is_refused(meta: "Meta", script: "Script", message: str) -> None:
    """Before anything is done."""
    answer = meta.send("POST", "/merge", {"source": "dev"}, Commit_Message=message)

    assert ("invalid_parameter", "header 'Commit-Message'", []) == (answer.code, answer.json["details"], script.asked)


def test_a_storage_without_versions_says_so(tmp_path: Path) -> None:
    """Its tables are described all the same."""
    host = build_host(tmp_path, {"core": core(), "memory": memory}, databases={"db": "memory:db"})
    with ApiClient(host) as client:
        assert [] == client.get("/meta/v1/db/schema").json["tables"]
        refused = [client.get(f"/meta/v1/db/{path}").json["code"] for path in ("branches", "commits", "diff?base=main")]

    assert ["unsupported_capability"] * 3 == refused
