"""Changes are given in the order of commits, and to each consumer at least once."""

from pathlib import Path
from typing import Any

import pytest

import synthdb
from synthdb.library.feed import CONSUMERS, Consumer
from synthdb_host.errors import InvalidParameter, ReadOnly


def told(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Say what changed: the kind of change and the name."""
    return [(row["change"], (row["new"] or row["old"])["name"]) for row in changes]


def everything(consumer: Consumer) -> list[tuple[str, str]]:
    """Read all that there is."""
    return [item for changes in consumer for item in told(changes)]


def test_changes_have_old_and_new_values(db: synthdb.Connection) -> None:
    """And go on behind an offset."""
    first = db.changes()
    db.update("people", {"born": 1816}, {"name": "Ada"}, message="measured")
    db.delete("people", {"name": "Alan"})
    later = db.changes(first[-1]["offset"])

    assert [("insert", "Ada"), ("insert", "Grace"), ("insert", "Alan")] == told(first)
    assert [("update", "Ada"), ("delete", "Alan")] == told(later)
    assert (1815, 1816, "measured") == (later[0]["old"]["born"], later[0]["new"]["born"], later[0]["message"])
    assert [] == db.changes(later[-1]["offset"])
    assert [] == db.changes(tables="pets")


def test_changes_are_those_of_a_branch_or_of_all(db: synthdb.Connection) -> None:
    """Those of another branch come when they are merged."""
    db.branches.create("dev")
    dev = db.branch("dev")
    offset = db.changes()[-1]["offset"]
    dev.insert("people", {"name": "Eve"})

    assert ([], [("insert", "Eve")]) == (told(db.changes(offset)), told(db.changes(offset, every_branch=True)))
    assert [("insert", "Eve")] == told(dev.changes(offset))
    db.merge("dev")
    assert [("insert", "Eve")] == told(db.changes(offset))


def test_a_consumer_goes_on_where_it_acknowledged(tmp_path: Path) -> None:
    """In another run, too; what was not acknowledged comes again."""
    with synthdb.connect(tmp_path / "a.db") as db:
        db.insert("people", {"name": "Ada"})
        mailer = db.consumer("mailer")
        assert [("insert", "Ada")] == everything(mailer)
        mailer.ack()
        db.insert("people", {"name": "Bob"})
        assert [("insert", "Bob")] == everything(mailer)
        assert [] == everything(mailer)

    with synthdb.connect(tmp_path / "a.db") as db:
        mailer = db.consumer("mailer")
        assert [("insert", "Bob")] == everything(mailer)
        mailer.rewind()
        assert [("insert", "Bob")] == everything(mailer)
        mailer.ack()
        assert [] == everything(db.consumer("mailer"))
        assert [("insert", "Ada"), ("insert", "Bob")] == everything(db.consumer("another"))
        mailer.forget()
        assert [("insert", "Ada"), ("insert", "Bob")] == everything(mailer)


def test_what_consumers_note_is_no_news(db: synthdb.Connection) -> None:
    """Each would be told about every other one, for ever."""
    one, two = db.consumer("one"), db.consumer("two", limit=1)
    for _ in range(3):
        everything(one)
        everything(two)
        one.ack()
        two.ack()

    assert 2 == db.count(CONSUMERS)
    assert ([], []) == (everything(db.consumer("one")), everything(db.consumer("two")))
    assert "strict" == db.describe(CONSUMERS).mode


def test_a_commit_is_given_whole(db: synthdb.Connection) -> None:
    """However small the batches are."""
    db.insert("people", [{"name": str(number)} for number in range(10)])
    sizes = [len(changes) for changes in db.consumer("small", ["people"], limit=1)]

    assert [2, 1, 10] == sizes


def test_a_consumer_of_a_branch_keeps_its_offset_on_main(db: synthdb.Connection) -> None:
    """Or merging the branch would bring it along."""
    db.branches.create("dev")
    dev = db.branch("dev")
    dev.insert("people", {"name": "Eve"})
    consumer = dev.consumer("dev")
    everything(consumer)
    consumer.ack()

    assert (1, False) == (db.count(CONSUMERS), CONSUMERS in dev.list_tables())
    assert [] == everything(dev.consumer("dev"))


def test_a_consumer_needs_a_name_and_a_place_for_its_offset(db: synthdb.Connection) -> None:
    """A connection that only reads has none."""
    with pytest.raises(InvalidParameter):
        db.consumer("")
    consumer = db.at("main").consumer("mailer")
    everything(consumer)
    with pytest.raises(ReadOnly):
        consumer.ack()
    assert consumer.offset is None
