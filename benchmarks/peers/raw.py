"""Raw sqlite3 in one process, no server: what the statement alone costs. Run as a program by :class:`Raw`.

Usage: ``python -m benchmarks.peers.raw FILE CASE COUNT`` prints the CPU seconds of the whole loop.
"""

import sqlite3
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.data import LIST_LIMIT, items, write_sqlite
from benchmarks.peers.base import BULK, BULK_ROWS, INSERT, LIST, POINT, new_row
from benchmarks.process import run_to_end

__all__ = ["measure", "prepare"]

_INSERT = "INSERT INTO items (name, email, price, qty, created_at, active, note) VALUES (?, ?, ?, ?, ?, ?, ?)"


def prepare(folder: Path, rows: int) -> None:
    """Write the data."""
    write_sqlite(folder / "items.db", items(rows))


def measure(folder: Path, case: str, count: int) -> float:
    """Run a statement ``count`` times in a process of its own; give the CPU seconds it took.

    Raises:
        RuntimeError: the process failed.
    """
    command = [sys.executable, "-m", "benchmarks.peers.raw", "items.db", case, str(count)]
    return float(run_to_end(command, folder, {"PYTHONPATH": _ROOT}).output)


_ROOT = str(Path(__file__).resolve().parents[2])


def _main(path: str, case: str, count: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        rows = [new_row(number)[1:] for number in range(BULK_ROWS)]
        started = time.process_time()
        _run(connection, case, count, rows)
        print(time.process_time() - started)


def _run(connection: sqlite3.Connection, case: str, count: int, rows: Sequence[tuple[object, ...]]) -> None:
    execute = connection.execute
    if case == POINT:
        for number in range(1, count + 1):
            execute("SELECT * FROM items WHERE id = ?", (number,)).fetchone()
    elif case == LIST:
        query = "SELECT * FROM items WHERE active = ? ORDER BY price DESC LIMIT ?"
        for _ in range(count):
            execute(query, (1, LIST_LIMIT)).fetchall()
    elif case in {INSERT, BULK}:
        for number in range(count):
            execute("BEGIN IMMEDIATE")
            if case == BULK:
                connection.executemany(_INSERT, rows)
            else:
                execute(_INSERT, rows[number % BULK_ROWS])
            execute("COMMIT")


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
