"""What a write leaves in the file: current rows, versions that were, and one row per commit."""

from typing import Any

import msgspec
import pytest

from synthdb_host.errors import UniqueViolation
from synthdb_host.operations import Batch, ColumnRef, Comparison, Delete, Insert, OnConflict, Update


def eq(column: str, value: object) -> Comparison:
    return Comparison(ColumnRef(column), "eq", value)


def test_an_insert_writes_no_history(ask: Any) -> None:
    """Inserting costs the row and the commit, nothing else."""
    ask.insert("people", {"name": "Ada"}, {"name": "Bob"})

    assert [("Ada", 1, 1), ("Bob", 1, 1)] == ask.file("SELECT name, _tx, _created FROM people")
    assert [] == ask.file("SELECT * FROM _h_people")


def test_an_update_keeps_the_version_that_was(ask: Any) -> None:
    """The old version is valid from its commit to the one that replaced it."""
    ask.insert("people", {"name": "Ada"})
    ask(Update("people", {"name": "Ada L"}, eq("id", 1)))

    assert [("Ada", 1, 0, 1, 1, 2, "u")] == ask.file(
        "SELECT name, branch, _del, _created, _from, _to, _op FROM _h_people"
    )
    assert [("Ada L", 2, 1)] == ask.file("SELECT name, _tx, _created FROM people")


def test_a_delete_keeps_the_version_that_was(ask: Any) -> None:
    """A deleted row is in the history and nowhere else."""
    ask.insert("people", {"name": "Ada"})
    ask(Delete("people", eq("id", 1)))

    assert [("Ada", 1, 2, "d")] == ask.file("SELECT name, _from, _to, _op FROM _h_people")
    assert [] == ask.file("SELECT * FROM people")


def test_nothing_changed_means_nothing_written(ask: Any) -> None:
    """An update to the values that are there makes no version and no commit, but counts the row."""
    ask.insert("people", {"name": "Ada"})

    result = ask(Update("people", {"name": "Ada"}, eq("id", 1)))

    assert (1, None) == (result.affected, result.commit)
    assert [(1,)] == ask.file("SELECT count(*) FROM _tx")
    assert [] == ask.file("SELECT * FROM _h_people")


def test_an_upsert_of_equal_rows_writes_nothing(ask: Any) -> None:
    """Loading the same data again leaves no trace."""
    rows: list[dict[str, object]] = [{"id": 1, "name": "Ada"}, {"id": 2, "name": None}]
    ask(Insert.of("people", rows))

    result = ask(Insert.of("people", rows, OnConflict()))

    assert (2, 0, None) == (result.affected, result.inserted, result.commit)
    assert [(1,)] == ask.file("SELECT count(*) FROM _tx")


def test_a_batch_is_one_commit_and_keeps_no_version_of_its_own(ask: Any) -> None:
    """A row written twice in one commit was never visible in between."""
    ask.insert("people", {"name": "Ada"})
    ask(
        Batch(
            (
                Update("people", {"name": "B"}, eq("id", 1)),
                Update("people", {"name": "C"}, eq("id", 1)),
                Insert.of("people", [{"name": "D"}]),
                Delete("people", eq("id", 2)),
            )
        )
    )

    assert [("Ada", 1, 2)] == ask.file("SELECT name, _from, _to FROM _h_people")
    assert [("C", 2)] == ask.file("SELECT name, _tx FROM people")
    assert [(2,)] == ask.file("SELECT count(*) FROM _tx")


def test_a_commit_tells_what_changed(ask: Any) -> None:
    """The commit's row has author, message, kind and a tally per table."""
    ask(Insert.of("people", [{"name": "Ada"}, {"name": "Bob"}]), message="first people")

    ((author, message, kind, tables),) = ask.file("SELECT author, message, kind, tables FROM _tx")

    assert ("tester", "first people", "write") == (author, message, kind)
    assert {"1": {"inserted": 2, "min_id": 1, "max_id": 2}} == msgspec.json.decode(tables)


def test_commit_times_never_go_back(ask: Any) -> None:
    """Each commit is later than the one before, whatever the clock does."""
    for number in range(20):
        ask.insert("numbers", {"n": number})
    ask.file("SELECT 1")

    times = [at for (at,) in ask.file("SELECT at FROM _tx ORDER BY id")]

    assert sorted(set(times)) == times


def test_identities_are_never_given_again(ask: Any) -> None:
    """The counter goes neither back nor twice: not after a delete, not after an explicit identity."""
    ask.insert("people", {"name": "a"}, {"name": "b"})
    ask(Delete("people", every_row=True))
    first = ask.insert("people", {"name": "c"}).keys
    ask.insert("people", {"id": 50, "name": "d"})
    second = ask.insert("people", {"name": "e"}).keys

    assert (((3,),), ((51,),)) == (first, second)


def test_a_failed_write_leaves_nothing_behind(ask: Any) -> None:
    """Neither the row, nor the table, nor the column, nor the commit of a write that fails is there."""
    ask.insert("people", {"name": "Ada"})
    before = ask.file("SELECT (SELECT count(*) FROM _tx), (SELECT count(*) FROM _column), (SELECT catalog FROM _meta)")

    for operation in (
        Batch((Insert.of("new", [{"a": 1}]), Insert.of("people", [{"id": 1, "extra": 1}]))),
        Insert.of("people", [{"fresh": 1}, {"id": 1}]),
    ):
        with pytest.raises(UniqueViolation):
            ask(operation)

    assert before == ask.file(
        "SELECT (SELECT count(*) FROM _tx), (SELECT count(*) FROM _column), (SELECT catalog FROM _meta)"
    )
    assert ["people"] == [name for (name,) in ask.file("SELECT physical FROM _table")]
    assert [("ok",)] == ask.file("PRAGMA integrity_check")
