"""What the library asks a storage to do about branches, tags, merges and the past."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

import synthdb
from synthdb.library.refs import ref_of
from synthdb_host.contracts import Result
from synthdb_host.errors import Conflict, InvalidParameter, InvalidValue, MergeConflict, ReadOnly, UnknownRef
from synthdb_host.merge_reports import CombinedTable, MergeReport, OpenConflict
from synthdb_host.operations import HEAD, Define, Delete, Insert, Operation, Ref, RenameTable, Select, Sql, Update
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

DEV = Ref("dev")
Call = Callable[[synthdb.Connection], Any]


@pytest.mark.parametrize(
    ("text", "ref"),
    (
        ("dev", DEV),
        ("v1.0", Ref("v1.0")),
        ("17", Ref("17")),
        ("dev@17", Ref("dev", "17")),
        ("dev@2026-01-02T03:04:05Z", Ref("dev", "2026-01-02T03:04:05Z")),
        ("dev@5 minutes ago", Ref("dev", "5 minutes ago")),
        ("5 minutes ago", Ref("main", "5 minutes ago")),
        ("2026-01-02T03:04:05Z", Ref("main", "2026-01-02T03:04:05Z")),
        (Ref("dev", "17"), Ref("dev", "17")),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), Ref("main", "2026-01-02T03:04:05.000000Z")),
    ),
    ids=str,
)
def test_a_state_is_named_by_text(text: str | datetime | Ref, ref: Ref) -> None:
    """A name, a commit, a branch at a moment, or a moment alone, which is one of the main branch."""
    assert ref == ref_of(text)


def test_a_moment_alone_is_one_of_the_branch_that_the_connection_is_on(scripted: synthdb.Connection) -> None:
    """On a branch, five minutes ago means this branch five minutes ago."""
    assert Ref("dev", "5 minutes ago") == scripted.branch("dev").at("5 minutes ago").ref
    assert Ref("v1", None, "now") == scripted.at("v1", schema="now").ref


READS_AND_WRITES: tuple[tuple[Call, Operation], ...] = (
    (lambda db: db.query("people", limit=3), Select("people", limit=3, ref=DEV)),
    (lambda db: db.count("people"), Select("people", (synthdb.count().output(),), ref=DEV)),
    (lambda db: db.execute_sql("SELECT 1", [2]), Sql("SELECT 1", (2,), ref=DEV)),
    (lambda db: db.insert("people", {"name": "Ada"}), Insert("people", ("name",), [("Ada",)], ref=DEV)),
    (
        lambda db: db.update("people", {"name": "x"}, every_row=True),
        Update("people", {"name": "x"}, None, True, ref=DEV),
    ),
    (lambda db: db.delete("people", every_row=True), Delete("people", None, True, ref=DEV)),
    (lambda db: db.rename_table("people", "folk"), Define((RenameTable("people", "folk"),), DEV)),
    (lambda db: db.log(kind="merge", limit=3), Log(DEV, kind="merge", limit=3)),
    (lambda db: db.history("people", 1, "name"), History("people", (1,), "name", DEV)),
    (lambda db: db.history("people", {"id": 1}), History("people", (1,), None, DEV)),
    (lambda db: db.diff("main"), Diff(HEAD, DEV)),
    (
        lambda db: db.diff("main", "v1", ["people"], three_dot=True, detail="cells", limit=9),
        Diff(HEAD, Ref("v1"), ("people",), True, "cells", 9),
    ),
    (lambda db: db.storage_report(), StorageReport()),
    (lambda db: db.collect("30 days ago"), Collect("30 days ago")),
    (lambda db: db.backfill(), Backfill()),
    (lambda db: db.log(since=datetime(2026, 1, 2, tzinfo=UTC)), Log(DEV, since="2026-01-02T00:00:00.000000Z")),
    (lambda db: db.changes("17", "people", limit=5), Changes("17", ("people",), "dev", 5)),
    (lambda db: db.changes(every_branch=True), Changes(branch=None)),
    (lambda db: db.merge("topic"), Merge(Ref("topic"), DEV)),
    (lambda db: db.merge("topic", into="main"), Merge(Ref("topic"), HEAD)),
    (lambda db: db.conflicts("topic"), Conflicts("topic", DEV)),
    (lambda db: db.resolve("topic", "ours"), Resolve(Ref("topic"), "ours", ref=DEV)),
    (
        lambda db: db.resolve("topic", "value", "people", 1, "name", "Ada"),
        Resolve(Ref("topic"), "value", "people", (1,), "name", "Ada", DEV),
    ),
    (lambda db: db.cherry_pick("7", "9"), CherryPick("7", "9", DEV)),
    (lambda db: db.revert("7"), Revert("7", None, DEV)),
    (lambda db: db.restore("v1"), Restore(Ref("v1"), (), (), DEV)),
    (lambda db: db.restore("9", "people", 3), Restore(Ref("9"), ("people",), ((3,),), DEV)),
    (lambda db: db.restore("9", tables=["people", "pets"]), Restore(Ref("9"), ("people", "pets"), (), DEV)),
    (lambda db: db.restore("9", "people", keys=[3, 4]), Restore(Ref("9"), ("people",), ((3,), (4,)), DEV)),
    (lambda db: db.undelete("people", 3), Restore(None, ("people",), ((3,),), DEV)),
    (lambda db: db.reset("1 hour ago"), Restore(Ref("dev", "1 hour ago"), (), (), DEV)),
    (lambda db: db.branches.list("d", limit=2, after="da"), Branches("d", 2, "da")),
    (
        lambda db: db.branches.create("topic", comment="c", expires=datetime(2030, 1, 1, tzinfo=UTC)),
        Branching((CreateBranch("topic", DEV, "c", "2030-01-01T00:00:00.000000Z"),)),
    ),
    (
        lambda db: db.branches.create("topic", "v1", if_not_exists=True),
        Branching((CreateBranch("topic", Ref("v1"), if_not_exists=True),)),
    ),
    (lambda db: db.branches.rename("a", "b"), Branching((AlterBranch("a", "b"),))),
    (lambda db: db.branches.describe("a", "c"), Branching((AlterBranch("a", comment="c"),))),
    (lambda db: db.branches.protect("a"), Branching((AlterBranch("a", protected=True),))),
    (lambda db: db.branches.unprotect("a"), Branching((AlterBranch("a", protected=False),))),
    (lambda db: db.branches.expire("a", None), Branching((AlterBranch("a", expires=""),))),
    (lambda db: db.branches.drop("a", if_exists=True), Branching((DropBranch("a", True),))),
    (lambda db: db.tags.create("v2", "17", comment="c"), Branching((CreateTag("v2", Ref("17"), "c"),))),
    (lambda db: db.tags.create("v2"), Branching((CreateTag("v2", DEV),))),
    (lambda db: db.tags.list(), Tags()),
    (lambda db: db.tags.drop("v2"), Branching((DropTag("v2"),))),
)


@pytest.mark.parametrize(("call", "operation"), READS_AND_WRITES, ids=lambda item: type(item).__name__)
def test_a_method_asks_for_an_operation_on_its_branch(
    scripted: synthdb.Connection, script: "Script", call: Call, operation: Operation
) -> None:
    """Whatever is done on a branch names the branch, and nothing else is asked."""
    script.answer({"count": 3})

    call(scripted.branch("dev"))

    assert [operation] == script.asked


WRITES: tuple[Call, ...] = (
    lambda db: db.insert("people", {"name": "Ada"}, message="why"),
    lambda db: db.upsert("people", {"id": 1}, message="why"),
    lambda db: db.update("people", {"name": "x"}, {"id": 1}, message="why"),
    lambda db: db.delete("people", {"id": 1}, message="why"),
    lambda db: db.create_table("pets", message="why"),
    lambda db: db.drop_column("people", "name", message="why"),
    lambda db: db.merge("dev", message="why"),
    lambda db: db.revert("1", message="why"),
    lambda db: db.restore("1", message="why"),
)


@pytest.mark.parametrize("call", WRITES)
def test_a_message_goes_with_the_commit(scripted: synthdb.Connection, script: "Script", call: Call) -> None:
    """Every writing method takes one."""
    call(scripted)

    assert ["why"] == [context.message for context in script.contexts]


def test_a_transaction_has_one_message_and_is_on_the_branch(scripted: synthdb.Connection, script: "Script") -> None:
    """A message of a part of it would be lost, so it is refused."""
    dev = scripted.branch("dev")
    with dev.transaction("all of it"):
        dev.insert("people", {"name": "Ada"})
        with pytest.raises(InvalidParameter, match="one message"):
            dev.insert("people", {"name": "Bob"}, message="mine")
        with pytest.raises(InvalidParameter, match="as a whole"):
            dev.merge("topic", dry_run=True)

    assert [(DEV, "all of it")] == script.begun
    assert 1 == len(script.asked)


@pytest.mark.parametrize("call", (*WRITES, lambda db: db.branches.create("b"), lambda db: db.collect("1 day ago")))
def test_a_past_state_is_only_read(scripted: synthdb.Connection, script: "Script", call: Call) -> None:
    """Nothing is asked of the storage, whatever the ref names."""
    with pytest.raises(ReadOnly, match="only reads 'dev'"):
        call(scripted.at("dev"))
    with pytest.raises(ReadOnly), scripted.at("17").transaction():
        pass

    assert ([], []) == (script.asked, script.begun)


def test_a_state_that_is_not_there_is_refused_at_once(scripted: synthdb.Connection) -> None:
    """Not only when it is first used."""
    with pytest.raises(UnknownRef):
        scripted.branch("nope")
    with pytest.raises(UnknownRef):
        scripted.at("nope@17")


def test_closing_a_branch_leaves_the_database_open(scripted: synthdb.Connection) -> None:
    """Closing the connection that opened it closes all of them."""
    dev = scripted.branch("dev")
    with scripted.branch("topic") as topic:
        topic.list_tables()
    assert (True, False) == ("closed" in repr(topic), "closed" in repr(dev))
    assert "<synthdb.Connection db at dev>" == repr(dev)
    with pytest.raises(Conflict, match="closed"):
        topic.query("people")

    scripted.close()

    with pytest.raises(Conflict, match="closed"):
        dev.query("people")


def test_open_conflicts_are_an_error_that_lists_them(scripted: synthdb.Connection, script: "Script") -> None:
    """In a dry run they are a part of the report."""
    conflict = OpenConflict("people", (1,), "name", "cell", "a", "b", "c")
    report = MergeReport(conflicts=(conflict,))
    script.answers = [Result(report=report), Result(report=report)]

    with pytest.raises(MergeConflict, match="in one place") as caught:
        scripted.merge("dev")

    assert [conflict] == list(caught.value.conflicts)
    assert (conflict,) == scripted.merge("dev", dry_run=True).conflicts
    assert [False, True] == [context.dry_run for context in script.contexts]


def test_a_report_says_what_was_combined(scripted: synthdb.Connection, script: "Script") -> None:
    """By table."""
    report = MergeReport({"people": CombinedTable(1, 2, 3)}, ("people: column born added",))
    script.answers = [Result(report=report, commit="9")]

    assert report == scripted.merge("dev")


def test_a_branch_takes_what_its_parent_has_done(scripted: synthdb.Connection, script: "Script") -> None:
    """The main branch has no parent."""
    script.answer({"name": "dev2", "parent": "other"}, {"name": "dev", "parent": "topic"})
    scripted.branch("dev").sync()
    assert Merge(Ref("topic"), DEV) == script.last

    script.answer({"name": "main", "parent": None})
    with pytest.raises(InvalidParameter, match="was not made from another"):
        scripted.sync()


def test_a_branch_is_found_by_its_whole_name(scripted: synthdb.Connection, script: "Script") -> None:
    """Others that begin like it are not it."""
    script.answer({"name": "dev2"}, {"name": "dev"})
    assert {"name": "dev"} == scripted.branches.get("dev")

    script.answer({"name": "dev2"})
    with pytest.raises(UnknownRef, match="no branch 'dev'"):
        scripted.branches.get("dev")


def leave_by_error(db: synthdb.Connection) -> None:
    """Raise inside a temporary branch."""
    with db.branches.temporary() as trial:
        trial.insert("people", {"name": "Ada"})
        _ = 1 / 0


def test_a_temporary_branch_is_dropped_whatever_happens(scripted: synthdb.Connection, script: "Script") -> None:
    """Should the process die, it expires."""
    with pytest.raises(ZeroDivisionError):
        leave_by_error(scripted)

    made, written, dropped = script.asked
    assert isinstance(made, Branching)
    assert isinstance(written, Insert)
    (create,) = made.changes
    assert isinstance(create, CreateBranch)
    assert create.expires is not None
    assert (Ref(create.name), Branching((DropBranch(create.name, True),))) == (written.ref, dropped)


def test_a_key_must_fit_the_table(scripted: synthdb.Connection) -> None:
    """Its number of columns and their names."""
    for key in ((1, 2), {"name": "Ada"}, {}):
        with pytest.raises(InvalidValue, match="does not fit"):
            scripted.history("people", key)
    with pytest.raises(InvalidParameter, match="of one table"):
        scripted.resolve("dev", "ours", key=1)
