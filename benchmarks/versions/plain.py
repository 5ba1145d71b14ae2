"""Raw sqlite3: the same rows in a plain table, which knows neither branches nor a past."""

import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from benchmarks.versions.items import INSERT, READ, SCHEMA, item, items, spread

__all__ = ["PRAGMAS", "Plain", "timed", "written"]

PRAGMAS: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -16000")
"""As the engine sets them, with durability ``normal``."""

_POINT: Final = f"{READ} WHERE id = ?"
_LIST: Final = f"{READ} WHERE id > ? ORDER BY id LIMIT 100"
_SCAN: Final = "SELECT sum(qty), avg(price), count(*) FROM items"
_UPDATE: Final = "UPDATE items SET qty = ? WHERE id = ?"
_BATCH: Final = 1_000


def timed(work: Callable[[], object], count: int) -> float:
    """Give the CPU seconds of some work, divided by a count."""
    started = time.process_time()
    work()
    return (time.process_time() - started) / count


def written(path: Path, rows: int) -> sqlite3.Connection:
    """Make a database with the table and its first rows."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    connection.execute(SCHEMA)
    connection.execute("BEGIN")
    connection.executemany(INSERT, items(rows))
    connection.execute("COMMIT")
    return connection


class Plain:
    """Raw sqlite3. ``reads`` stays as it is, ``writes`` is written to."""

    name = "raw sqlite3"

    def __init__(self, folder: Path, rows: int) -> None:
        self._rows = rows
        self.reads = written(folder / "raw-reads.db", rows)
        self.writes = written(folder / "raw-writes.db", rows)
        self._cases: dict[str, Callable[[int, int], object]] = {
            "point read": self._point, "list of 100": self._list, "scan": self._scan,
            "insert of 1,000 rows, per row": self._batch, "insert of one row": self._single,
            "update of one row": self._update,
        }  # fmt: skip

    def measure(self, case: str, number: int, count: int) -> float | None:
        """Measure a case; branches and the past are measured as if they were main, now."""
        work = self._cases.get(case.partition(": ")[2])
        return None if work is None else timed(lambda: work(number, count), count)

    def _point(self, number: int, count: int) -> None:
        fetch(self.reads, _POINT, ((key,) for key in spread(count, self._rows, number * count)))

    def _list(self, number: int, count: int) -> None:
        fetch(self.reads, _LIST, ((key,) for key in spread(count, self._rows - 100, number * count)))

    def _scan(self, number: int, count: int) -> None:
        fetch(self.reads, _SCAN, [()] * count)

    def _batch(self, number: int, count: int) -> None:
        rows = [item(n) for n in range(_BATCH)]
        for _ in range(max(count // _BATCH, 1)):
            self.writes.execute("BEGIN IMMEDIATE")
            self.writes.executemany(INSERT, rows)
            self.writes.execute("COMMIT")

    def _single(self, number: int, count: int) -> None:
        write(self.writes, INSERT, map(item, range(count)))

    def _update(self, number: int, count: int) -> None:
        write(self.writes, _UPDATE, ((-number, key) for key in spread(count, self._rows, number * count)))


def fetch(connection: sqlite3.Connection, sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
    """Run a query once for each set of parameters."""
    execute = connection.execute
    for values in parameters:
        execute(sql, values).fetchall()


def write(connection: sqlite3.Connection, sql: str, parameters: Iterable[tuple[Any, ...]]) -> None:
    """Run a statement in a transaction of its own for each set of parameters."""
    execute = connection.execute
    for values in parameters:
        execute("BEGIN IMMEDIATE")
        execute(sql, values)
        execute("COMMIT")
