"""What happens to database files that are foreign, full, gone or inherited."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from synthdb.engine.sqlite import SqliteDatabase, open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.contracts import UNRESTRICTED, Context, Placement, Principal, Result
from synthdb_host.errors import StorageFull, Unavailable
from synthdb_host.operations import Insert
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run

CONTEXT = Context(Principal("tester"))


def open_file(path: Path, **settings: Any) -> SqliteDatabase:
    placement = Placement("test", f"sqlite:///{path}", create=True)
    return open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal", **settings))


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE x (a)", "CREATE TABLE _meta (format)", "CREATE VIEW v AS SELECT 1"]
)
def test_a_file_that_is_no_database_of_ours_stays_as_it_is(tmp_path: Path, statement: str) -> None:
    """Nothing is written to it or left beside it, and nothing holds it open."""
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute(statement)
    other.close()
    before = path.read_bytes()

    with pytest.raises(Unavailable):
        open_file(path)
    assert path.read_bytes() == before
    assert [path] == list(tmp_path.iterdir())
    assert path not in {link.readlink() for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}


def test_a_file_for_which_there_was_no_room_is_made_when_there_is(tmp_path: Path) -> None:
    """Half of the engine's tables is never left behind."""
    for pages in range(1, 9):
        path = tmp_path / f"{pages}.db"
        with pytest.raises(StorageFull):
            open_file(path, max_pages=pages)
        database = open_file(path)
        assert run(database.catalog()).tables == {}
        database.close()


def test_a_place_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    """A file where a folder should be, and a folder where the file should be."""
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file" / "test.db", tmp_path):
        with pytest.raises(Unavailable):
            open_file(path)


@pytest.mark.parametrize("replaced", [False, True])
def test_no_write_is_acknowledged_after_the_file_is_gone(ask: Any, *, replaced: bool) -> None:
    """Neither after it was removed nor after another one took its place; the other one stays as it is."""
    ask.insert("t", {"a": 1})
    for file in ask.path.parent.iterdir():
        file.unlink()
    if replaced:
        ask.path.touch()
    with pytest.raises(Unavailable):
        ask.insert("t", {"a": 2})
    with pytest.raises(Unavailable):
        run(ask.database.begin(CONTEXT))
    assert not replaced or ask.path.read_bytes() == b""


def test_a_folder_that_is_gone_before_the_first_write_is_unavailable(tmp_path: Path) -> None:
    """The error is one that callers know."""
    database = open_file(tmp_path / "folder" / "test.db")
    shutil.rmtree(tmp_path / "folder")
    for _ in range(2):
        with pytest.raises(Unavailable):
            run(database.execute(Insert.of("t", [{"a": 1}]), UNRESTRICTED, CONTEXT))
    database.close()


def test_a_forked_process_must_open_the_database_itself(ask: Any) -> None:
    """SQLite's connections and the lock belong to the process that made them."""
    ask.insert("t", {"a": 1})
    child = os.fork()
    if child == 0:
        os._exit(_code_of(lambda: ask.insert("t", {"a": 2})))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    ask.insert("t", {"a": 3})
    assert [1, 3] == [row["a"] for row in ask.rows("t")]


def _code_of(work: Callable[[], Result]) -> int:
    try:
        work()
    except Unavailable:
        return 1
    except BaseException:  # noqa: BLE001 - the child must not go on with the tests
        return 2
    return 0
