"""Branches, merges, the past and the change feed, on a real file."""

from pathlib import Path

import pytest

import synthdb
from synthdb_host.errors import (
    Conflict,
    DuplicateName,
    MergeConflict,
    ProtectedBranch,
    ReadOnly,
    UnknownRef,
    UnknownTable,
)
from synthdb_host.merge_reports import CombinedTable


def names(db: synthdb.Connection) -> list[str]:
    """Name the people, in order."""
    return [row["name"] for row in db.query("people", order="id")]


def test_a_branch_is_written_to_and_merged(db: synthdb.Connection) -> None:
    """The log tells who did what."""
    db.branches.create("dev", comment="a try")
    dev = db.branch("dev")
    dev.update("people", {"born": 1816}, {"name": "Ada"}, message="measured")
    dev.insert("people", {"name": "Eve"})
    db.update("people", {"city": "Oslo"}, {"name": "Ada"})

    assert {"people": CombinedTable(1, 1)} == db.merge("dev", dry_run=True).tables
    assert ["Ada", "Grace", "Alan"] == names(db)
    assert {"people": CombinedTable(1, 1)} == db.merge("dev", message="taken").tables
    assert {"id": 1, "name": "Ada", "born": 1816, "city": "Oslo"} == db.get("people", 1)
    assert {} == db.merge("dev").tables
    head = db.log(limit=1)[0]
    assert ("merge", "taken", "local") == (head["kind"], head["message"], head["author"])
    assert ["measured"] == [row["message"] for row in dev.log(message="measured")]
    assert "a try" == db.branches.get("dev")["comment"]


def conflicting(db: synthdb.Connection) -> synthdb.Connection:
    """Change a cell on two branches, and a row that one of them deletes."""
    db.branches.create("dev")
    dev = db.branch("dev")
    dev.update("people", {"born": 1900}, {"name": "Ada"})
    db.update("people", {"born": 1901}, {"name": "Ada"})
    dev.delete("people", {"name": "Grace"})
    db.update("people", {"born": 1907}, {"name": "Grace"})
    return dev


def test_conflicts_are_decided_and_the_merge_is_done_again(db: synthdb.Connection) -> None:
    """By cell and by row; a value of one's own is possible."""
    conflicting(db)
    with pytest.raises(MergeConflict, match="2 places") as caught:
        db.merge("dev")

    assert [("cell", "born"), ("row", None)] == [(item.kind, item.column) for item in caught.value.conflicts]
    assert 2 == len(db.conflicts("dev"))
    assert 1 == db.resolve("dev", "value", "people", 1, "born", 1815)
    with pytest.raises(MergeConflict, match="one place"):
        db.merge("dev")
    assert 1 == db.resolve("dev", "theirs", "people", 2)
    db.merge("dev")

    assert (1815, None) == (db.query("people", {"id": 1})[0]["born"], db.get("people", 2))
    assert [] == [row for row in db.conflicts("dev") if row["resolution"] is None]


def test_a_branch_takes_what_its_parent_did(db: synthdb.Connection) -> None:
    """So that it is up to date before it is merged."""
    db.branches.create("dev")
    dev = db.branch("dev")
    db.insert("people", {"name": "Eve"})
    dev.insert("people", {"name": "Dan"})

    assert {"people": CombinedTable(1)} == dev.sync().tables
    assert ["Ada", "Grace", "Alan", "Eve", "Dan"] == names(dev)


def test_every_state_stays_readable(db: synthdb.Connection) -> None:
    """By commit, by tag, by time, and with the columns of then."""
    commit = db.log(limit=1)[0]["id"]
    db.tags.create("v1", comment="first")
    db.insert("people", {"name": "Eve", "age": 3})

    at = db.log()[1]["at"]
    for ref in (commit, "v1", f"main@{commit}", at, at.isoformat().replace("+00:00", "Z")):
        past = db.at(ref)
        assert ["Ada", "Grace", "Alan"] == names(past)
        assert 3 == past.execute_sql("SELECT count(*) AS n FROM people")[0]["n"]
        assert "age" not in past.query("people")[0]
        with pytest.raises(ReadOnly):
            past.insert("people", {"name": "Dan"})
    assert ["v1"] == [tag["name"] for tag in db.tags.list()]
    db.tags.drop("v1")
    assert [] == db.tags.list()


def test_a_cell_tells_who_changed_it(db: synthdb.Connection) -> None:
    """Also where the change came with a merge."""
    db.branches.create("dev")
    db.branch("dev").update("people", {"born": 1816}, {"name": "Ada"}, message="measured")
    db.update("people", {"city": "Oslo"}, {"name": "Ada"}, message="moved")
    db.merge("dev", message="taken")

    assert ["measured", None] == [row["message"] for row in db.history("people", 1, "born")]
    assert [1816, 1815] == [row["value"] for row in db.history("people", 1, "born")]
    assert ["update", "update", "insert"] == [row["change"] for row in db.history("people", 1)]


def test_a_difference_is_counted_and_listed(db: synthdb.Connection) -> None:
    """As rows, as cells, as schema."""
    db.branches.create("dev")
    dev = db.branch("dev")
    dev.update("people", {"born": 1816}, {"name": "Ada"})
    dev.insert("people", {"name": "Eve", "age": 3})
    dev.delete("people", {"name": "Alan"})

    assert [("update", [1]), ("delete", [3]), ("insert", [4])] == [
        (row["change"], row["key"]) for row in sorted(dev.diff("main"), key=lambda row: int(row["key"][0]))
    ]
    assert [{"table": "people", "inserted": 1, "updated": 1, "deleted": 1}] == db.diff("main", "dev", detail="summary")
    assert ("born", 1815, 1816) in [(r["column"], r["old"], r["new"]) for r in dev.diff("main", detail="cells")]
    assert "age" in [row["column"] for row in dev.diff("main", detail="schema")]
    assert [] == dev.diff("dev")
    with pytest.raises(UnknownTable):
        dev.diff("main", tables=["pets"])


def test_a_changeset_makes_another_database_alike(tmp_path: Path) -> None:
    """From nothing, and from then on."""
    with synthdb.connect(tmp_path / "one.db") as one, synthdb.connect(tmp_path / "other.db") as other:
        one.tags.create("v0")
        one.create_table("pets", {"name": "text", "price": "decimal(30,2)", "seen": "timestamp", "raw": "bytes"})
        pet = {"price": "12345678901234567890.10", "seen": "2026-01-02T03:04:05Z", "raw": b"\0\1", "data": {"a": [1.5]}}
        one.insert("pets", {"name": "Rex", **pet})
        one.tags.create("v1")
        one.insert("people", [{"name": "Ada"}, {"name": "Bob"}])
        one.update("pets", {"price": "0.30", "data": None}, {"name": "Rex"})

        other.apply(one.changeset("v0", "v1").encode())
        assert one.at("v1").query("pets") == other.query("pets")
        report = other.apply(one.changeset("v1").encode(), message="the rest")
        assert {"people": CombinedTable(2), "pets": CombinedTable(updated=1)} == report.tables
        assert (one.query("pets"), names(one)) == (other.query("pets"), names(other))
        assert "the rest" == other.log(limit=1)[0]["message"]


def test_what_was_done_is_undone(db: synthdb.Connection) -> None:
    """A commit, a row, a table, or everything; nothing is forgotten by it."""
    start = db.log(limit=1)[0]["id"]
    db.update("people", {"born": 1}, every_row=True)
    bad = db.log(limit=1)[0]["id"]
    db.insert("people", {"name": "Eve"})

    assert {"people": CombinedTable(updated=3)} == db.revert(bad).tables
    assert ([1815, 1906, 1912, None], 4) == ([row["born"] for row in db.query("people")], db.count("people"))
    db.delete("people", {"name": "Ada"})
    assert {"people": CombinedTable(1)} == db.undelete("people", 1).tables
    db.update("people", {"born": 2}, every_row=True)
    db.restore(start, "people", 2)
    assert [2, 1906, 2, 2] == [row["born"] for row in db.query("people")]
    db.reset(start, message="back")
    assert [1815, 1906, 1912] == [row["born"] for row in db.query("people")]
    assert "back" == db.log(limit=1)[0]["message"]


def test_a_commit_is_made_on_another_branch_too(db: synthdb.Connection) -> None:
    """That one, and not those before it."""
    db.branches.create("dev")
    dev = db.branch("dev")
    dev.insert("people", {"name": "Dan"})
    dev.update("people", {"born": 1816}, {"name": "Ada"})

    assert {"people": CombinedTable(updated=1)} == db.cherry_pick(dev.log(limit=1)[0]["id"]).tables
    assert (3, 1816) == (db.count("people"), db.query("people", {"id": 1})[0]["born"])


def test_a_temporary_branch_leaves_nothing(db: synthdb.Connection) -> None:
    """What is done on it is gone with it."""
    with db.branches.temporary() as trial:
        trial.delete("people", every_row=True)
        assert (0, 3, 2) == (trial.count("people"), db.count("people"), len(db.branches.list()))

    assert (["main"], 3) == ([row["name"] for row in db.branches.list()], db.count("people"))


def test_branches_are_renamed_protected_and_dropped(db: synthdb.Connection) -> None:
    """A protected one changes only by merges."""
    db.branches.create("dev")
    with pytest.raises(DuplicateName):
        db.branches.create("dev")
    db.branches.create("dev", if_not_exists=True)
    db.branches.rename("dev", "topic")
    db.branches.protect("topic")
    topic = db.branch("topic")
    with pytest.raises(ProtectedBranch):
        topic.insert("people", {"name": "Eve"})
    with pytest.raises(ProtectedBranch):
        db.branches.drop("topic")
    db.insert("people", {"name": "Eve"})
    topic.sync()
    assert 4 == topic.count("people")
    db.branches.unprotect("topic")
    db.branches.create("leaf", "topic")
    with pytest.raises(Conflict):
        db.branches.drop("topic")
    db.branches.drop("leaf")
    db.branches.drop("topic")
    with pytest.raises(UnknownRef):
        topic.query("people")


def test_a_transaction_on_a_branch_is_one_commit_of_it(db: synthdb.Connection) -> None:
    """With its message."""
    db.branches.create("dev")
    dev = db.branch("dev")
    with dev.transaction("two at once"):
        dev.insert("people", {"name": "Dan"})
        dev.insert("people", {"name": "Eve"})
        assert 5 == dev.count("people")

    assert (5, 3) == (dev.count("people"), db.count("people"))
    assert ("two at once", "dev") == (dev.log(limit=1)[0]["message"], dev.log(limit=1)[0]["branch"])


def test_files_go_into_a_branch_and_come_out_of_the_past(db: synthdb.Connection, tmp_path: Path) -> None:
    """With a message for each commit."""
    (tmp_path / "pets.csv").write_text("name\nRex\n")
    db.branches.create("dev")
    dev = db.branch("dev")

    dev.import_file(tmp_path / "pets.csv", message="pets")
    dev.delete("people", every_row=True)

    assert ("pets" in dev.list_tables(), "pets" in db.list_tables()) == (True, False)
    assert {"pets"} == {row["message"] for row in dev.log(since="3")} - {None}
    assert 3 == db.branch("dev").at(dev.log()[1]["id"]).export_file("people", tmp_path / "people.csv")
    assert 0 == dev.export_file("people", tmp_path / "none.csv")


def test_versions_are_counted_and_forgotten(db: synthdb.Connection) -> None:
    """What a tag needs stays."""
    db.update("people", {"born": 1}, every_row=True)
    db.tags.create("v1")
    db.update("people", {"born": 2}, every_row=True)

    history = {row["kind"]: row["rows"] for row in db.storage_report() if row["table"] == "people"}
    assert (3, 6) == (history["rows"], history["history"])


def test_conflicts_have_plain_and_exact_values(db: synthdb.Connection) -> None:
    """Numbers that JSON readers might round are text."""
    db.create_table("stock", {"price": "decimal(30,2)", "seen": "timestamp"})
    db.insert("stock", {"price": "1.10", "seen": "2026-01-02T03:04:05Z"})
    db.branches.create("dev")
    db.branch("dev").update("stock", {"price": "12345678901234567890.30"}, {"id": 1})
    db.delete("stock", {"id": 1})

    (conflict,) = db.merge("dev", dry_run=True).conflicts

    assert {"id": 1, "price": "1.10", "seen": "2026-01-02T03:04:05.000000Z"} == conflict.base
    assert (None, "12345678901234567890.30") == (conflict.ours, conflict.theirs["price"])  # type: ignore[index] # a row


def test_a_branch_is_not_written_to_while_a_transaction_is_open_on_another(db: synthdb.Connection) -> None:
    """It would wait for itself; reading goes on."""
    db.branches.create("dev")
    dev = db.branch("dev")
    with db.transaction():
        db.insert("people", {"name": "Eve"})
        with pytest.raises(Conflict, match="open on the connection to 'main'"):
            dev.insert("people", {"name": "Dan"})
        with pytest.raises(Conflict), dev.transaction():
            pass
        assert (3, 4) == (dev.count("people"), db.count("people"))
    with dev.transaction(), pytest.raises(Conflict, match="'dev'"):
        db.insert("people", {"name": "Dan"})
    dev.insert("people", {"name": "Dan"})


def test_a_dropped_table_comes_back_as_it_was(db: synthdb.Connection) -> None:
    """With the rows of that moment and no others."""
    start = db.log(limit=1)[0]["id"]
    before = db.query("people")
    db.update("people", {"born": 1}, every_row=True)
    db.insert("people", {"name": "Eve"})
    db.drop_table("people")

    db.reset(start)

    assert before == db.query("people")
