"""An importer that is killed continues where it was; a run prints its seed."""

import json
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.evidence import file_faults
from tests.integration.real_files import ROWS, SYNTHDB, import_flights, synthdb_command
from tests.integration.serving import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

COMMAND: Final = import_flights("--no-progress")
MOST_COMMITS: Final = 8


def test_an_importer_that_is_killed_again_and_again_loses_and_doubles_nothing(
    tmp_path: Path, kills: int, seed: str, record_property: Callable[[str, object], None]
) -> None:
    """After kill -9 at any moment, the same command continues, and the tables are those of one whole run."""
    chance, runs = random.Random(seed), 1
    commits: list[int] = []
    synthdb_command(make(tmp_path / "whole"), *COMMAND)
    folder = make(tmp_path / "killed-1")
    while len(commits) < kills:
        if killed(folder, chance):
            commits.append(commit_count(folder))
        else:
            check(folder, tmp_path / "whole")
            runs += 1
            folder = make(tmp_path / f"killed-{runs}")
    report = json.loads(synthdb_command(folder, *COMMAND, "--json"))
    record_property("kills", len(commits))
    record_property("commits when killed", " ".join(map(str, commits)))

    assert ROWS == {table["table"]: table["rows"] for table in report["tables"]}
    check(folder, tmp_path / "whole")


def killed(folder: Path, chance: random.Random) -> bool:
    """Start the import and kill it, one time in four at once, else after some more commits; False: it was quicker."""
    before = commit_count(folder)
    more = chance.choice((0, 1, 1, 1)) * chance.randint(1, MOST_COMMITS)
    with (folder / "import.log").open("a") as log:
        process = subprocess.Popen([SYNTHDB, *COMMAND], cwd=folder, stdout=log, stderr=log)
    wait_until(
        lambda: process.poll() is not None or commit_count(folder) >= before + more,
        f"{more} more commits",
        (folder / "import.log").read_text,
    )
    time.sleep(chance.uniform(0, 0.5))
    process.kill()
    code = process.wait()
    assert code in (0, -signal.SIGKILL), (folder / "import.log").read_text()
    return code != 0


def make(folder: Path) -> Path:
    """Make a folder to import into."""
    folder.mkdir()
    return folder


def database(folder: Path) -> Path:
    """Say where the import puts its tables."""
    return folder / "synthdb-data" / "databases" / "nyc.db"


def commit_count(folder: Path) -> int:
    """Count the commits of an import that runs or was killed."""
    try:
        with closing(sqlite3.connect(f"file:{database(folder)}?mode=ro", uri=True)) as file:
            count: int = file.execute("SELECT count(*) FROM _tx").fetchone()[0]
            return count
    except sqlite3.OperationalError:
        return 0


def check(folder: Path, whole: Path) -> None:
    """Compare an import that was killed with one that was not, row by row, and look at its file."""
    assert [] == file_faults(database(folder))
    for table in ROWS:
        pairs = zip(rows(folder, table), rows(whole, table), strict=True)
        assert not any(mine != theirs for mine, theirs in pairs), table


def rows(folder: Path, table: str) -> Iterator[tuple[Any, ...]]:
    """Read the rows of a table with plain SQLite, without the commits that wrote them."""
    with closing(sqlite3.connect(database(folder))) as file:
        names = [name for (name,) in file.execute("SELECT name FROM pragma_table_info(?)", (table,))]
        columns = ", ".join(f'"{name}"' for name in names if not name.startswith("_"))
        yield from file.execute(f'SELECT {columns} FROM "{table}" ORDER BY id')
