"""The numbers by which new rows are known are never given twice, whatever becomes of the rows."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from synthdb.storage.layout import FORMAT
from synthdb_host.contracts import UNRESTRICTED, Context, Principal
from synthdb_host.errors import Conflict, UniqueViolation
from synthdb_host.operations import Batch, CopyTable, Define, Delete, Insert
from synthdb_host.stepping import run
from synthdb_host.versions import HEAD, Branching, Collect, DropBranch

from .conftest import eq, opened


def number(ask: Any, table: str = "films", **more: Any) -> int:
    """Write a row, and give its number."""
    ((found,),) = ask.insert(table, {"name": "New"}, **more).keys
    return int(found)


def test_numbers_go_on_behind_a_row_that_was_deleted(ask: Any, other: Any) -> None:
    """In this process and in others."""
    ask.insert("films", *[{"name": "Old"}] * 3)
    ask.delete("films", 3)

    assert 4 == number(ask)
    ask.delete("films", 4)
    assert 5 == number(other)
    assert 6 == number(ask)


@pytest.mark.parametrize("again", [False, True], ids=["here", "elsewhere"])
def test_numbers_go_on_behind_a_row_that_was_forgotten(ask: Any, other: Any, tmp_path: Path, *, again: bool) -> None:
    """The last version of the row is no longer in the file."""
    ask.insert("films", *[{"name": "Old"}] * 3)
    ask.delete("films", 3)
    last = ask.update("films", 1, name="Newer").commit
    assert 1 <= ask(Collect(str(last))).affected

    with closing(sqlite3.connect(tmp_path / "test.db")) as file:
        assert [] == file.execute('SELECT id FROM "_h_films" WHERE id = 3').fetchall()
    assert 4 == number(other if again else ask)


def test_numbers_go_on_behind_the_rows_of_a_branch(ask: Any, other: Any) -> None:
    """Also when the branch is dropped with them."""
    assert 1 == number(ask)
    dev = ask.branch("dev")
    assert 2 == number(ask, ref=dev)
    assert 3 == number(other)
    assert 4 == number(other, ref=dev)
    other(Branching((DropBranch("dev"),)))
    assert 5 == number(ask)


def test_numbers_go_on_behind_rows_that_their_own_commit_deleted(ask: Any, other: Any) -> None:
    """Nothing else is left of such a row."""
    ask.insert("films", {"name": "Old"})
    ask(Batch((Insert.of("films", [{"name": "Short"}]), Delete("films", eq("name", "Short")))))

    assert 3 == number(other)
    assert 4 == number(ask)


def test_numbers_go_on_behind_numbers_that_were_given(ask: Any, other: Any) -> None:
    """Alone, beside rows without one, and when another process gave them."""
    ask.insert("films", {"id": 10, "name": "Ten"})
    assert 11 == number(ask)
    ask.insert("films", {"id": 20, "name": "Twenty"}, {"id": None, "name": "Next"})
    assert [1] == [len(ask.rows("films", where=eq("id", 21)))]
    other.insert("films", {"id": 30, "name": "Thirty"})
    assert 31 == number(ask)
    ask.insert("films", {"id": -5, "name": "Below"})
    assert 32 == number(ask)


def test_a_number_of_a_write_that_was_undone_is_given_again(ask: Any) -> None:
    """Nobody has seen it."""
    ask.insert("films", {"name": "Old"})
    insert = Insert.of("films", [{"name": "Dry"}])
    run(ask.database.execute(insert, UNRESTRICTED, Context(Principal("tester"), dry_run=True)))
    with pytest.raises(UniqueViolation):
        ask.insert("films", {"id": 2, "name": "Two"}, {"id": 2, "name": "Two"})

    assert 2 == number(ask)


def test_a_copy_of_a_table_counts_on_from_it(ask: Any) -> None:
    """Its rows have the numbers of the others."""
    ask.insert("films", *[{"name": "Old"}] * 3)
    ask.delete("films", 3)
    ask(Define((CopyTable("films", "copies"),)))

    assert 4 == number(ask, "copies") == number(ask)


def test_a_file_of_the_first_format_counts_on_from_the_number_in_it(ask: Any, tmp_path: Path) -> None:
    """There, the counter was raised by each write; the row may have been forgotten since."""
    ask.insert("films", {"name": "Old"})
    ask.database.close()
    with closing(sqlite3.connect(tmp_path / "test.db")) as file, file:
        file.execute("DROP TABLE _backfill")
        file.execute("UPDATE _meta SET format = 1")
        file.execute("UPDATE _table SET next_id = 50")

    again = opened(tmp_path / "test.db")
    assert 50 == number(again)
    again.database.close()
    with closing(sqlite3.connect(tmp_path / "test.db")) as file:
        assert [(FORMAT,)] == file.execute("SELECT format FROM _meta").fetchall()


def test_the_last_number_is_followed_by_none(ask: Any, other: Any) -> None:
    """A row with the highest number of all can be written, and says so."""
    ask.insert("films", {"id": 2**63 - 1, "name": "Last"})

    for one in (ask, other):
        with pytest.raises(Conflict):
            number(one)
    assert ["Last"] == [row["name"] for row in ask.rows("films", HEAD)]
