"""What the commands about branches, merges and the past ask a storage to do, what they print, how they exit."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from synthdb.plugin import plugin as core
from synthdb_host.cli import synthdb as program
from synthdb_host.contracts import Result
from synthdb_host.manager import Host
from synthdb_host.merge_reports import CombinedTable, MergeReport, OpenConflict
from synthdb_host.operations import HEAD, Operation, Ref, Sql
from synthdb_host.session import Session
from synthdb_host.testing.hosting import build_host
from synthdb_host.versions import (
    AlterBranch,
    Branches,
    Branching,
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

DEV = Ref("dev")
Run = Callable[..., tuple[int, str, str]]


class ScriptedSession(Session):
    """A command line whose host has the one database that is given."""

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._given = host

    def host(self) -> Host:
        return self._given


@pytest.fixture
def command(script: "Script", tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``synthdb`` on the storage that writes down what it is asked; gives exit code, output and errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        host = build_host(tmp_path, {"core": core(), "script": script}, databases={"db": "script:db"})
        code = program.main(arguments, prog_name="synthdb", standalone_mode=False, obj=ScriptedSession(host))
        return (code or 0, *capsys.readouterr())

    return call


CALLS: tuple[tuple[str, Operation], ...] = (
    ("branch list", Branches()),
    ("branch list de --limit 3 --after dea", Branches("de", 3, "dea")),
    ("branch create dev", Branching((CreateBranch("dev"),))),
    (
        "branch create dev --at v1 --comment c --expires 2030-01-01T00:00:00Z --if-not-exists",
        Branching((CreateBranch("dev", Ref("v1"), "c", "2030-01-01T00:00:00Z", True),)),
    ),
    ("branch rename a b", Branching((AlterBranch("a", "b"),))),
    ("branch delete a --if-exists", Branching((DropBranch("a", True),))),
    ("branch protect a", Branching((AlterBranch("a", protected=True),))),
    ("branch unprotect a", Branching((AlterBranch("a", protected=False),))),
    ("branch expire a never", Branching((AlterBranch("a", expires=""),))),
    ("tag list", Tags()),
    ("tag create v2", Branching((CreateTag("v2"),))),
    ("tag create v2 --branch dev --comment c", Branching((CreateTag("v2", DEV, "c"),))),
    ("tag create v2 --at 17", Branching((CreateTag("v2", Ref("17")),))),
    ("tag delete v2", Branching((DropTag("v2"),))),
    ("log", Log()),
    (
        "log --branch dev --at 9 --table t --author a --kind k --message x --since 1 --until 8 --before 7 --limit 5",
        Log(Ref("9"), "t", "a", "k", "x", "1", "8", "7", 5),
    ),
    ("history people 1", History("people", (1,))),
    ("history people 1 --column name --branch dev --limit 3", History("people", (1,), "name", DEV, 3)),
    ("diff dev", Diff(DEV, HEAD)),
    (
        "diff main dev --table people --three-dot --cells --limit 9",
        Diff(HEAD, DEV, ("people",), True, "cells", 9),
    ),
    ("diff main dev --summary", Diff(HEAD, DEV, detail="summary")),
    ("diff main dev --schema", Diff(HEAD, DEV, detail="schema")),
    ("merge dev", Merge(DEV)),
    ("merge main --into dev", Merge(HEAD, DEV)),
    ("conflicts", Conflicts()),
    ("conflicts dev --into main", Conflicts("dev")),
    ("cherry-pick 7 9 --branch dev", CherryPick("7", "9", DEV)),
    ("revert 7", Revert("7")),
    ("restore --to v1", Restore(Ref("v1"))),
    (
        "restore --to v1 --table people --key 1 --key 2 --branch dev",
        Restore(Ref("v1"), ("people",), ((1,), (2,)), DEV),
    ),
    ("undelete people 1 2", Restore(None, ("people",), ((1,), (2,)))),
    ("gc --before 2026-01-01T00:00:00Z", Collect("2026-01-01T00:00:00Z")),
    ("storage", StorageReport()),
    ("sql SELECT --branch dev", Sql("SELECT", ref=DEV)),
    ("sql SELECT --at v1", Sql("SELECT", ref=Ref("v1"))),
    ("sql SELECT --at v1 --schema now", Sql("SELECT", ref=Ref("v1", None, "now"))),
)


@pytest.mark.parametrize(("line", "operation"), CALLS, ids=[line for line, _ in CALLS])
def test_a_command_asks_for_an_operation(command: Run, script: "Script", line: str, operation: Operation) -> None:
    """Every option has its place in it."""
    assert 0 == command(*line.split(" "))[0]
    assert [operation] == script.asked


def test_a_moment_alone_is_one_of_the_branch(command: Run, script: "Script") -> None:
    """Five minutes ago means the branch five minutes ago."""
    command("sql", "SELECT", "--branch", "dev", "--at", "5 minutes ago")
    command("restore", "--to", "5 minutes ago", "--branch", "dev")

    assert [
        Sql("SELECT", ref=Ref("dev", "5 minutes ago")),
        Restore(Ref("dev", "5 minutes ago"), ref=DEV),
    ] == script.asked


@pytest.mark.parametrize("line", ("merge dev", "cherry-pick 1", "revert 1", "restore --to 1", "undelete people 1"))
def test_a_message_and_a_dry_run_reach_the_storage(command: Run, script: "Script", line: str) -> None:
    """They go with the operation."""
    command(*line.split(), "-m", "why", "--dry-run")

    assert [("why", True)] == [(context.message, context.dry_run) for context in script.contexts]


LISTINGS = ("branch list", "tag list", "log", "history people 1", "diff dev", "conflicts", "storage")


@pytest.mark.parametrize("line", LISTINGS)
def test_a_listing_is_exact_as_json(command: Run, script: "Script", line: str) -> None:
    """Every column is there."""
    script.answer({"name": "dev", "value": [1, None]}, {"name": "main", "value": {}})

    assert [{"name": "dev", "value": [1, None]}, {"name": "main", "value": {}}] == json.loads(
        command(*line.split(), "--json")[1]
    )


def test_branches_are_a_table_without_what_nobody_uses(command: Run, script: "Script") -> None:
    """Times are to the second, and empty columns are left out."""
    script.answer(
        {"name": "main", "parent": None, "created": "2026-01-02T03:04:05.678901Z", "protected": True, "head": None},
        {"name": "dev", "parent": "main", "created": "2026-01-02T03:04:06.678901Z", "protected": False, "head": None},
    )  # fmt: skip

    assert [
        "name  parent  created              protected",
        "----  ------  -------------------  ---------",
        "main          2026-01-02 03:04:05  yes",
        "dev   main    2026-01-02 03:04:06",
    ] == command("branch", "list")[1].splitlines()
    assert "There are none.\n" == command("branch", "list")[1]


def test_the_log_says_what_each_commit_changed(command: Run, script: "Script") -> None:
    """Inserted, updated and deleted rows by table."""
    counts = {
        "people": {"inserted": 1, "updated": 2, "deleted": 0},
        "pets": {"inserted": 0, "updated": 0, "deleted": 3},
    }
    script.answer({"id": "7", "message": "why", "tables": counts})

    assert "7   why      people +1 ~2, pets -3" == command("log")[1].splitlines()[2]


def test_a_difference_is_a_table_for_each_table(command: Run, script: "Script") -> None:
    """Old and new rows stand one below the other."""
    script.answer(
        {"table": "people", "key": [1], "old": {"id": 1, "born": 1815}, "new": {"id": 1, "born": 1816}},
        {"table": "people", "key": [2], "old": None, "new": {"id": 2, "born": None}},
        {"table": "pets", "key": [3], "old": {"id": 3}, "new": None},
    )  # fmt: skip

    people = ["people", "   id  born", "-  --  ----", "<  1   1815", ">  1   1816", "+  2"]
    assert [*people, "", "pets", "   id", "-  --", "-  3"] == command("diff", "main", "dev")[1].splitlines()
    assert "Nothing differs.\n" == command("diff", "main", "dev")[1]


def test_a_merge_says_what_it_did(command: Run, script: "Script") -> None:
    """Or would do, or that there is nothing to do."""
    report = MergeReport({"people": CombinedTable(1, 2)}, ("people: column 'city' added",))
    script.answers = [Result(report=report, commit="9"), Result(report=report), Result(report=MergeReport())]

    done = "people: 1 inserted, 2 updated\nschema: people: column 'city' added\n"
    assert (0, f"{done}Merged dev into main (commit 9).\n", "") == command("merge", "dev")
    assert (0, f"Would merge dev into main:\n{done}", "") == command("merge", "dev", "--dry-run")
    assert (0, "main has everything of dev already.\n", "") == command("merge", "dev")


@pytest.mark.parametrize("options", ((), ("--dry-run",)), ids=["merge", "dry run"])
def test_conflicts_are_a_table_and_an_exit_code(command: Run, script: "Script", options: tuple[str, ...]) -> None:
    """What to do next is said, too."""
    conflicts = (
        OpenConflict("people", (1,), "name", "cell", "Ada", "Ada L", "Ada B"),
        OpenConflict("people", (2,), None, "row", {"id": 2}, None, {"id": 2, "name": "x"}),
    )
    script.answers = [Result(report=MergeReport(conflicts=conflicts))] * 2

    code, out, err = command("merge", "dev", *options)

    assert 1 == code
    assert [
        "table   key  column  kind  base      ours   theirs",
        "------  ---  ------  ----  --------  -----  -------------------",
        "people  1    name    cell  Ada       Ada L  Ada B",
        'people  2            row   {"id":2}         {"id":2,"name":"x"}',
    ] == out.splitlines()
    assert "in 2 places" in err
    assert "synthdb resolve dev --ours, --theirs or --value VALUE" in err
    code, out, _ = command("merge", "dev", "--json")
    assert (1, None, 2) == (code, json.loads(out)["commit"], len(json.loads(out)["conflicts"]))


RESOLUTIONS: tuple[tuple[str, Resolve], ...] = (
    ("--ours", Resolve(DEV, "ours")),
    ("--theirs --table people", Resolve(DEV, "theirs", "people")),
    ("--open --table people --key 1", Resolve(DEV, "open", "people", (1,))),
    ("--value Ada --table people --key 1 --column name", Resolve(DEV, "value", "people", (1,), "name", "Ada")),
    ("--value 17 --table people --key 1 --column name", Resolve(DEV, "value", "people", (1,), "name", 17)),
    ("--value null --table people --key 1 --column name", Resolve(DEV, "value", "people", (1,), "name", None)),
)


@pytest.mark.parametrize(("options", "operation"), RESOLUTIONS, ids=[options for options, _ in RESOLUTIONS])
def test_a_conflict_is_decided(command: Run, script: "Script", options: str, operation: Resolve) -> None:
    """All of them, or those of a table, a row or a cell."""
    script.answers = [Result(affected=1)]
    script.answer({"resolution": None}, {"resolution": "ours"})

    code, out, _ = command("resolve", "dev", *options.split())

    assert (0, [operation, Conflicts("dev")]) == (code, script.asked)
    assert out in ("1 decided, 1 open.\n", "1 taken back, 1 open.\n")


@pytest.mark.parametrize("options", ((), ("--ours", "--value", "1")), ids=["none", "two"])
def test_a_decision_is_one(command: Run, options: tuple[str, ...]) -> None:
    """None, or two, is wrong usage."""
    with pytest.raises(click.UsageError, match="Give one of"):
        command("resolve", "dev", *options)


def test_tables_are_listed_with_their_columns(command: Run) -> None:
    """At any state."""
    assert [
        "name    key  mode      columns",
        "------  ---  --------  ---------------------",
        "people  id   flexible  id integer, name text",
    ] == command("tables", "--branch", "dev")[1].splitlines()
    assert {"id": "integer", "name": "text"} == json.loads(command("tables", "--json", "--at", "v1")[1])[0]["columns"]
