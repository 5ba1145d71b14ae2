"""Importing a large CSV file: SynthDB's command, and Python's csv and sqlite3 alone.

The other peers have no import of their own: Datasette leaves it to another tool, PocketBase and an
application take rows through their API, which is the bulk insert.
"""

import csv
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.data import SCHEMA, items, write_csv
from benchmarks.measuring import RAW, Wrong
from benchmarks.peers.base import SCRIPTS
from benchmarks.process import Finished, run_to_end

__all__ = ["Import", "measure_imports"]

_ROOT: Final = str(Path(__file__).resolve().parent.parent)
_NAME: Final = "SynthDB"


@dataclass(frozen=True, slots=True)
class Import:
    """One import: rows, CPU time, elapsed time, most memory."""

    peer: str
    rows: int
    cpu_seconds: float
    seconds: float
    peak_bytes: int


def measure_imports(folder: Path, rows: int) -> list[Import]:
    """Import the same file once in each way.

    Raises:
        Wrong: rows are missing, or are not as they were.
        RuntimeError: an import failed.
    """
    write_csv(folder / "items.csv", rows)
    plain = [sys.executable, "-m", "benchmarks.importing", "items.csv", "raw.db"]
    ours = [str(SCRIPTS / "synthdb"), "import", "items.csv", "--db", "big", "--key", "id", "--data", "data"]
    found = [
        _measured(RAW, rows, run_to_end(plain, folder, {"PYTHONPATH": _ROOT})),
        _measured(_NAME, rows, run_to_end(ours, folder, {})),
    ]
    expected = _sums(folder / "raw.db")
    if expected != (rows, sum(row[4] for row in items(rows))):
        raise Wrong(f"{RAW}: the import gave {expected}")
    if _sums(folder / "data" / "databases" / "big.db") != expected:
        raise Wrong(f"{_NAME}: the import gave {_sums(folder / 'data' / 'databases' / 'big.db')}")
    return found


def _measured(peer: str, rows: int, finished: Finished) -> Import:
    return Import(peer, rows, finished.cpu_seconds, finished.seconds, finished.peak_bytes)


def _sums(path: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        count, total = connection.execute("SELECT count(*), sum(qty) FROM items").fetchone()
    return int(count), int(total)


def _rows(path: str) -> Iterator[list[str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader


def _main(source: str, target: str) -> None:
    with closing(sqlite3.connect(target)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(SCHEMA)
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _rows(source))


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
