"""DoltLite in a process of its own, because it replaces the SQLite of the process that loads it.

Usage: ``python -m benchmarks.versions.dolt FOLDER ROWS`` answers each line ``CASE<tab>ROUND<tab>COUNT`` with CPU
seconds, or with nothing if DoltLite has no such thing.
"""

import doltlite  # isort: skip  # it must come before sqlite3

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.versions.items import INSERT, READ, item, spread
from benchmarks.versions.plain import Plain, fetch, timed

__all__ = ["Dolt"]

_UPDATE: Final = "UPDATE items SET qty = ? WHERE id = ?"
_MANY: Final = "UPDATE items SET {} = ? WHERE id IN (SELECT value FROM json_each(?))"
_THEN: Final = READ.replace("items", "dolt_at_items(?)")
_LOADED: Final = bool(doltlite.__all__)


class Dolt(Plain):
    """DoltLite: the plain cases are those of raw sqlite3, on its own engine; a write is followed by a commit."""

    name = "DoltLite"

    def __init__(self, folder: Path, rows: int) -> None:
        super().__init__(folder, rows)
        self._fresh = 10_000
        for connection in (self.reads, self.writes):
            self._commit(connection)
        self._before = self._call(self.reads, "dolt_hashof('HEAD')")
        self._branch(self.reads, "dev")
        self._change(self.reads, range(1, rows + 1, 10), "qty", 5_000)
        self._call(self.reads, "dolt_checkout('main')")
        for part in range(10):
            self._change(self.reads, range(1 + part * 100, rows + 1, 1_000), "size", -1)
        self._branch(self.writes, "dev")
        self._call(self.writes, "dolt_checkout('main')")
        self._special: dict[str, Callable[[int, int], float]] = {
            "branch: create": self._creating, "history of a row": self._history, "as of: point read": self._then_point,
            "as of: list of 100": self._then_list, "as of: scan": self._then_scan,
            "main: insert of one row": self._inserting, "main: update of one row": self._updating,
            "branch: update of one row": self._updating,
        }  # fmt: skip

    def measure(self, case: str, number: int, count: int) -> float | None:
        """Measure a case."""
        kind = case.partition(" ")[0]
        if kind in ("diff", "merge"):
            return self._combined(kind, number, count)
        store = self.writes if "update" in case or "insert" in case else self.reads
        if case.startswith("branch") and "create" not in case:
            self._call(store, "dolt_checkout('dev')")
        special = self._special.get(case)
        try:
            return super().measure(case, number, count) if special is None else special(number, count)
        finally:
            self._call(store, "dolt_checkout('main')")

    # -- parts -------------------------------------------------------------------------------------------

    def _call(self, connection: Any, function: str) -> Any:
        return connection.execute(f"SELECT {function}").fetchone()[0]

    def _commit(self, connection: Any) -> None:
        self._call(connection, "dolt_commit('-A', '-m', 'bench')")

    def _branch(self, connection: Any, name: str) -> None:
        self._call(connection, f"dolt_branch('{name}')")
        self._call(connection, f"dolt_checkout('{name}')")

    def _change(self, connection: Any, keys: Any, column: str, value: int) -> None:
        connection.execute(_MANY.format(column), (value, str(list(keys))))
        self._commit(connection)

    # -- cases -------------------------------------------------------------------------------------------

    def _inserting(self, number: int, count: int) -> float:
        return timed(lambda: [self._written(INSERT, item(n)) for n in range(count)], count)

    def _updating(self, number: int, count: int) -> float:
        keys = spread(count, self._rows, number * count)
        return timed(lambda: [self._written(_UPDATE, (-number - 1, key)) for key in keys], count)

    def _written(self, sql: str, values: tuple[Any, ...]) -> None:
        self.writes.execute(sql, values)
        self._commit(self.writes)

    def _creating(self, number: int, count: int) -> float:
        names = [f"b{number}-{n}" for n in range(count)]
        return timed(lambda: [self._call(self.reads, f"dolt_branch('{name}')") for name in names], count)

    def _combined(self, kind: str, number: int, count: int) -> float:
        name, store = f"{kind}-{count}-{number}", self.writes
        self._branch(store, name)
        keys = spread(count, self._rows, number * 37)
        self._fresh += 1
        self._change(store, keys, "qty", self._fresh)
        self._call(store, "dolt_checkout('main')")
        base = self._call(store, "dolt_hashof('HEAD')")
        self._change(store, keys[::16], "size", self._fresh)
        if kind == "merge":
            return timed(lambda: self._call(store, f"dolt_merge('{name}')"), count)
        statement = "SELECT * FROM dolt_diff_items WHERE from_ref = ? AND to_ref = ?"
        return timed(lambda: store.execute(statement, (base, name)).fetchall(), count)

    def _history(self, number: int, count: int) -> float:
        keys = spread(count, self._rows // 100, number * count)
        statement = "SELECT * FROM dolt_history_items WHERE id = ?"
        return timed(lambda: fetch(self.reads, statement, ((key * 100 - 99,) for key in keys)), count)

    def _then_point(self, number: int, count: int) -> float:
        keys = spread(count, self._rows, number * count)
        return timed(lambda: fetch(self.reads, f"{_THEN} WHERE id = ?", ((self._before, key) for key in keys)), count)

    def _then_list(self, number: int, count: int) -> float:
        keys = spread(count, self._rows - 100, number * count)
        statement = f"{_THEN} WHERE id > ? ORDER BY id LIMIT 100"
        return timed(lambda: fetch(self.reads, statement, ((self._before, key) for key in keys)), count)

    def _then_scan(self, number: int, count: int) -> float:
        statement = "SELECT sum(qty), avg(price), count(*) FROM dolt_at_items(?)"
        return timed(lambda: fetch(self.reads, statement, [(self._before,)] * count), count)


def _main(folder: str, rows: str) -> None:
    side = Dolt(Path(folder), int(rows))
    print("ready", flush=True)
    for line in sys.stdin:
        case, number, count = line.rstrip("\n").split("\t")
        found = side.measure(case, int(number), int(count))
        print("" if found is None else found, flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
