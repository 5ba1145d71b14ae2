"""A column that is filled from JSON is filled once, however often the process dies; a run prints its seed."""

import json
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

import synthdb
from tests.integration.evidence import file_faults
from tests.integration.real_files import SYNTHDB, synthdb_command
from tests.integration.serving import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

ROWS: Final = 30_000
COMMAND: Final = ("evolution", "apply", "type:items.code", "key:items.doc.n", "--branch", "work")
MOST_COMMITS: Final = 8


def test_a_column_is_filled_once_by_a_command_that_is_killed_again_and_again(
    tmp_path: Path, kills: int, seed: str, record_property: Callable[[str, object], None]
) -> None:
    """After kill -9 at any moment, the same command does the rest, and the branch merges."""
    chance = random.Random(seed)
    commits: list[int] = []
    while len(commits) < kills:
        folder = tmp_path / f"killed-{len(commits)}"
        make(folder)
        while len(commits) < kills and killed(folder, chance):
            commits.append(commit_count(folder))
        synthdb_command(folder, *COMMAND)
        check(folder)
    record_property("kills", len(commits))
    record_property("commits when killed", " ".join(map(str, commits)))


def make(folder: Path) -> None:
    """Make a database of documents."""
    folder.mkdir()
    documents = ({"code": str(n), "doc": {"n": n, "t": "x" * (n % 7)}} for n in range(ROWS))
    (folder / "items.ndjson").write_text("\n".join(map(json.dumps, documents)))
    synthdb_command(folder, "import", "items.ndjson", "--db", "store", "--types", "code=text")


def database(folder: Path) -> Path:
    """Say where the database is."""
    return folder / "synthdb-data" / "databases" / "store.db"


def killed(folder: Path, chance: random.Random) -> bool:
    """Start the command and kill it, one time in four at once, else after some more commits; False: it was quicker."""
    more = chance.choice((0, 1, 1, 1)) * chance.randint(1, MOST_COMMITS)
    before, log = commit_count(folder), folder / "apply.log"
    with log.open("a") as out:
        process = subprocess.Popen([SYNTHDB, *COMMAND], cwd=folder, stdout=out, stderr=out)
    wait_until(
        lambda: process.poll() is not None or commit_count(folder) >= before + more,
        f"{more} more commits",
        log.read_text,
    )
    time.sleep(chance.uniform(0, 0.5))
    process.kill()
    code = process.wait()
    assert code in (0, -signal.SIGKILL), log.read_text()
    return code != 0


def commit_count(folder: Path) -> int:
    """Count the commits."""
    with closing(sqlite3.connect(f"file:{database(folder)}?mode=ro", uri=True)) as file:
        return int(file.execute("SELECT count(*) FROM _tx").fetchone()[0])


def check(folder: Path) -> None:
    """Compare every row of the branch, each of which was written once, with what it must be, and merge it."""
    assert [] == file_faults(database(folder))
    with synthdb.connect(database(folder)) as db:
        rows = db.branch("work").query("items", columns=["code", "n"], order="id")
        written = sum(
            commit["tables"].get("items", {}).get("updated", 0) for commit in db.branch("work").log(limit=1000)
        )
        db.merge("work")
        merged = db.query("items", columns=["code", "n"], order="id")

    assert [{"code": n, "n": n} for n in range(ROWS)] == rows == merged
    assert ROWS == written
