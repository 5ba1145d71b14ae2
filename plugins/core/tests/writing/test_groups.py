"""Groups of writes, full disks, deadlines, transactions and many writers."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb.engine.sqlite import SqliteDatabase, open_sqlite
from synthdb.engine.writer import Unit
from synthdb.settings import CoreSettings
from synthdb_host.contracts import UNRESTRICTED, Context, Placement, Principal, Result
from synthdb_host.errors import Conflict, InvalidValue, StorageFull, Timeout, Unavailable, UniqueViolation
from synthdb_host.operations import (
    CreateTable,
    Define,
    Insert,
    Operation,
    RenameColumn,
    RequirePlugin,
    Select,
    Update,
)
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run

CONTEXT = Context(Principal("tester"))


def unit(operation: Operation, **context: Any) -> Unit:
    return Unit(operation, UNRESTRICTED, Context(Principal("tester"), **context))


def codes(outcomes: list[Result | BaseException]) -> list[str]:
    return [getattr(outcome, "code", "ok") for outcome in outcomes]


def group(database: SqliteDatabase, units: list[Unit]) -> list[Result | BaseException]:
    """Run units as the server's writer thread does."""
    return database._writer.run(units)  # noqa: SLF001 - what a scheduler is given and calls later


def open_file(path: Path, **settings: Any) -> SqliteDatabase:
    placement = Placement("test", f"sqlite:///{path}", create=True)
    return open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal", **settings))


def test_an_error_in_a_group_is_the_error_of_one(ask: Any) -> None:
    """The other units of the group are committed, each as its own commit; a dry run leaves nothing."""
    outcomes = group(
        ask.database,
        [
            unit(Insert.of("t", [{"id": 1}])),
            unit(Insert.of("t", [{"id": 1}])),
            unit(Insert.of("t", [{"new": 1}]), dry_run=True),
            unit(Insert.of("t", [{"id": 2, "other": "x"}])),
            unit(Define((RenameColumn("t", "nowhere", "x"),))),
            unit(Insert.of("t", [{"other": "y"}])),
        ],
    )

    assert ["ok", "unique_violation", "ok", "ok", "unknown_column", "ok"] == codes(outcomes)
    assert [(1, None), (2, "x"), (3, "y")] == ask.file("SELECT id, other FROM t")
    assert [(1,), (2,), (3,)] == ask.file("SELECT id FROM _tx")
    assert {"id", "other"} == set(ask.types("t"))


def test_a_schema_change_that_is_undone_leaves_no_plan_behind(ask: Any) -> None:
    """The next change gets the same catalog version; nothing of the first may be used."""
    ask.insert("t", {"a": 1})
    for name in ("b", "c", "d"):
        with pytest.raises(UniqueViolation):
            ask(Insert.of("t", [{name: 1, "id": 1}]))
        ask.insert("t", {f"{name}2": name})

    assert ["a", "b2", "c2", "d2", "id"] == sorted(ask.types("t"))
    assert [None, "b", None, None] == [row["b2"] for row in ask.rows("t")]


def test_a_full_disk_refuses_the_write_and_loses_nothing(tmp_path: Path) -> None:
    """SQLite's max_page_count stands for the disk: earlier writes stay, smaller ones work."""
    database = open_file(tmp_path / "full.db", max_pages=60)
    run(database.execute(Insert.of("t", [{"a": "first"}]), UNRESTRICTED, CONTEXT))

    with pytest.raises(StorageFull):
        run(database.execute(Insert.of("t", [{"a": "x" * 1000}] * 500), UNRESTRICTED, CONTEXT))
    outcomes = group(
        database,
        [
            unit(Insert.of("t", [{"a": "second"}])),
            unit(Insert.of("t", [{"a": "y" * 1000}] * 500)),
            unit(Insert.of("t", [{"a": "third"}])),
        ],
    )

    assert ["ok", "storage_full", "ok"] == codes(outcomes)
    rows = run(database.execute(Select("t"), UNRESTRICTED, CONTEXT)).python()
    assert ["first", "second", "third"] == [row["a"] for row in rows]
    database.close()


def test_a_write_past_its_deadline_is_undone(ask: Any) -> None:
    """It is stopped in the middle; the rest of its group is written."""
    ask.insert("t", *[{"n": number, "text": "x" * 50} for number in range(20_000)])
    late = unit(Update("t", {"text": "changed"}, every_row=True), deadline=time.monotonic() + 0.002)

    outcomes = group(ask.database, [unit(Insert.of("u", [{"a": 1}])), late, unit(Insert.of("u", [{"a": 2}]))])

    assert ["ok", "timeout", "ok"] == codes(outcomes)
    assert [(0,)] == ask.file("SELECT count(*) FROM t WHERE text = 'changed'")
    assert [(1,), (2,)] == ask.file("SELECT a FROM u")


def test_a_read_past_its_deadline_is_stopped(ask: Any) -> None:
    """The connection works on."""
    ask.insert("t", *[{"n": number} for number in range(50_000)])

    with pytest.raises(Timeout):
        ask(Select("t", count="exact"), deadline=time.monotonic() - 1)

    assert 50_000 == len(ask.rows("t"))


def test_a_transaction_is_one_commit(ask: Any) -> None:
    """It sees its own writes, others do not; an error inside undoes only that operation."""
    ask.insert("t", {"a": 1})
    transaction = run(ask.database.begin(CONTEXT))
    run(transaction.execute(Insert.of("t", [{"a": 2}]), UNRESTRICTED, CONTEXT))
    with pytest.raises(UniqueViolation):
        run(transaction.execute(Insert.of("t", [{"fresh": 1}, {"id": 1}]), UNRESTRICTED, CONTEXT))
    inside = run(transaction.execute(Select("t"), UNRESTRICTED, CONTEXT)).python()
    outside = ask.rows("t")

    commit = run(transaction.commit())

    assert (2, 1, "2") == (len(inside), len(outside), commit)
    assert [{"id": 1, "a": 1}, {"id": 2, "a": 2}] == ask.rows("t")
    assert [("transaction",)] == ask.file("SELECT kind FROM _tx WHERE id = 2")
    with pytest.raises(Conflict):
        run(transaction.execute(Select("t"), UNRESTRICTED, CONTEXT))


def test_a_rollback_undoes_everything(ask: Any) -> None:
    """Rows and schema are as before, and the next writer gets in."""
    transaction = run(ask.database.begin(CONTEXT))
    run(transaction.execute(Insert.of("t", [{"a": 2}]), UNRESTRICTED, CONTEXT))
    run(transaction.rollback())
    ask.insert("u", {"b": 1})

    assert [("u",)] == ask.file("SELECT physical FROM _table")


def test_a_writer_that_waits_too_long_is_told(tmp_path: Path) -> None:
    """While a transaction is open nobody else writes, in this process or another."""
    first, second = (open_file(tmp_path / "busy.db", lock_timeout_seconds=0.2) for _ in range(2))
    transaction = run(first.begin(CONTEXT))

    for database in (first, second):
        with pytest.raises(Unavailable):
            run(database.execute(Insert.of("t", [{"a": 1}]), UNRESTRICTED, CONTEXT))

    run(transaction.rollback())
    run(second.execute(Insert.of("t", [{"a": 1}]), UNRESTRICTED, CONTEXT))
    first.close()
    second.close()


def test_values_that_sqlite_cannot_take_are_the_callers_error(ask: Any) -> None:
    """Never an internal error."""
    ask.define(CreateTable("t"))

    with pytest.raises(InvalidValue):
        ask.insert("t", {"id": 2**63})
    with pytest.raises(InvalidValue):
        ask.insert("t", {"a": "\ud800"})
    with pytest.raises(InvalidValue):
        ask.insert("t", {"a": float("nan")})


PROGRAM: Final = """
import sys
import synthdb
path, worker, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with synthdb.connect(path) as db:
    for number in range(count):
        db.insert("t", {"w": worker, "n": number})
"""


def _write(path: Path, worker: int, count: int) -> None:
    database = open_file(path)
    for number in range(count):
        run(database.execute(Insert.of("t", [{"w": worker, "n": number}]), UNRESTRICTED, CONTEXT))
    database.close()


@pytest.mark.slow
def test_many_processes_and_threads_write_at_once(tmp_path: Path) -> None:
    """Every write is there once, commits are in order, and none was refused."""
    path = tmp_path / "many.db"
    _write(path, 0, 1)
    processes = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(path), str(worker), "40"]) for worker in (1, 2)]
    threads = [threading.Thread(target=_write, args=(path, worker, 40)) for worker in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    exit_codes = [process.wait(60) for process in processes]

    database = open_file(path)
    rows = run(database.execute(Select("t"), UNRESTRICTED, CONTEXT)).python()
    database.close()

    assert [0, 0] == exit_codes
    assert sorted([(0, 0), *((w, n) for w in (1, 2, 3, 4) for n in range(40))]) == sorted(
        (r["w"], r["n"]) for r in rows
    )
    assert list(range(1, 162)) == [row["id"] for row in rows]


def test_another_connection_sees_a_new_schema_at_once(tmp_path: Path) -> None:
    """A reader whose plan was compiled before the change never answers from the old schema."""
    path = tmp_path / "stale.db"
    writer, reader = open_file(path), open_file(path)
    run(writer.execute(Insert.of("t", [{"a": 1}]), UNRESTRICTED, CONTEXT))
    for number in range(20):
        before = run(reader.execute(Select("t"), UNRESTRICTED, CONTEXT)).python()
        run(writer.execute(Insert.of("t", [{f"c{number}": number}]), UNRESTRICTED, CONTEXT))
        after = run(reader.execute(Select("t"), UNRESTRICTED, CONTEXT)).python()
        assert f"c{number}" not in before[0]
        assert number == after[-1][f"c{number}"]
    writer.close()
    reader.close()


def test_a_required_plugin_is_noticed_before_anything_is_read_or_written(tmp_path: Path) -> None:
    """Another process records it: whoever looked before is refused until it has looked again."""
    path = tmp_path / "requires.db"
    recording, other = open_file(path), open_file(path)
    run(recording.execute(Insert.of("t", [{"a": 1}]), UNRESTRICTED, CONTEXT))
    assert frozenset() == other.requires

    for operation in (Select("t"), Insert.of("t", [{"a": 2}])):
        required = isinstance(operation, Select)
        run(recording.execute(Define((RequirePlugin("auth", required),)), UNRESTRICTED, CONTEXT))
        with pytest.raises(Unavailable):
            run(other.execute(operation, UNRESTRICTED, CONTEXT))
        assert frozenset({"auth"} if required else ()) == other.requires

    assert 1 == len(run(other.execute(Select("t"), UNRESTRICTED, CONTEXT)).rows)
    recording.close()
    other.close()
