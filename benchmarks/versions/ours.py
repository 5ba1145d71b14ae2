"""SynthDB: whole calls, and the statements of those calls alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.versions.items import COLUMNS, item, spread
from benchmarks.versions.plain import PRAGMAS, timed
from benchmarks.versions.recording import recorded, replay
from benchmarks.versions.store import Store, after, branch, changed, point, scan, update
from synthdb_host.operations import HEAD, Insert, Operation, Ref
from synthdb_host.versions import Diff, History, Merge

__all__ = ["Ours", "Statements", "written"]

_BATCH: Final = 1_000
_DEV: Final = Ref("dev")
_STEADY: Final = ("UPDATE items SET qty = qty", "PRAGMA wal_checkpoint(RESTART)")
"""Fills the cache and makes the log as long as it will be, as both are on the other sides after the first rounds."""


def written(folder: Path, rows: int) -> str:
    """Make the databases that are measured; gives the newest commit before main changed again.

    ``reads`` has a branch that changed every tenth row. In ``moved`` main has changed every hundredth since. In
    ``writes`` there is no branch.
    """
    store = Store(folder / "writes.db")
    store.fill(rows)
    store.close()
    shutil.copy(folder / "writes.db", folder / "reads.db")
    store = Store(folder / "reads.db")
    store(branch("dev"))
    before = store(changed(range(1, rows + 1, 10), "qty", 5_000, _DEV)).commit or ""
    store.close()
    shutil.copy(folder / "reads.db", folder / "moved.db")
    store = Store(folder / "moved.db")
    for part in range(10):
        store(changed(range(1 + part * 100, rows + 1, 1_000), "size", -1))
    store.close()
    return before


class _Operations:
    """The operations of each case, by number of round."""

    def __init__(self, rows: int, before: str) -> None:
        self._rows = rows
        self._refs = {"main": HEAD, "branch": _DEV, "branch behind main": _DEV, "as of": Ref(at=before)}

    def of(self, case: str, number: int, count: int) -> Iterator[Operation] | None:
        """Give the operations of a case; None if it is not made of alike ones."""
        place, _, what = case.partition(": ")
        ref, start, rows = self._refs.get(place, HEAD), number * count, self._rows
        match what:
            case "point read":
                return (point(key, ref) for key in spread(count, rows, start))
            case "list of 100":
                return (after(key, ref) for key in spread(count, rows - 100, start))
            case "scan":
                return (scan(ref) for _ in range(count))
            case "insert of one row":
                return (Insert("items", COLUMNS, [item(n)], ref=ref) for n in range(count))
            case "insert of 1,000 rows, per row":
                many = [item(n) for n in range(_BATCH)]
                return (Insert("items", COLUMNS, many, ref=ref) for _ in range(max(count // _BATCH, 1)))
            case "update of one row":
                return (update(key, -number, ref) for key in spread(count, rows, start))
            case "create":
                return (branch(f"b{number}-{n}") for n in range(count))
            case _:
                return None


def _file(case: str) -> str:
    """Name the database that a case is measured on."""
    if case.startswith(("as of", "branch behind", "history")):
        return "moved.db"
    writing = ("insert", "update of one", "merge", "diff", "branch: create")
    return "writes.db" if any(word in case for word in writing) else "reads.db"


class Ours:
    """SynthDB, called as embedded code calls it."""

    name = "SynthDB"

    def __init__(self, folder: Path, rows: int, before: str) -> None:
        self._rows = rows
        self._operations = _Operations(rows, before)
        self._stores = {}
        self._fresh = 10_000
        for name in ("reads.db", "moved.db", "writes.db"):
            shutil.copy(folder / name, folder / f"ours-{name}")
            self._stores[name] = Store(folder / f"ours-{name}")
        self._stores["writes.db"](branch("dev"))

    def measure(self, case: str, number: int, count: int) -> float | None:
        """Measure a case."""
        store = self._stores[_file(case)]
        kind = case.partition(" ")[0]
        if kind == "history":
            keys = spread(count, self._rows // 100, number * count)
            return timed(lambda: store.each(History("items", (key * 100 - 99,)) for key in keys), count)
        if kind in ("diff", "merge"):
            return self._combined(store, kind, number, count)
        operations = self._operations.of(case, number, count)
        return None if operations is None else timed(lambda: store.each(operations), count)

    def _combined(self, store: Store, kind: str, number: int, count: int) -> float:
        """Compare or merge a branch with ``count`` changed rows, of which main has changed one in 16, too."""
        name = f"{kind}-{count}-{number}"
        store(branch(name))
        keys = spread(count, self._rows, number * 37)
        self._fresh += 1
        store(changed(keys, "qty", self._fresh, Ref(name)))
        store(changed(keys[::16], "size", self._fresh))
        if kind == "diff":
            return timed(lambda: store(Diff(HEAD, Ref(name), three_dot=True)), count)
        return timed(lambda: store(Merge(Ref(name))), count)


class Statements:
    """The statements of SynthDB's calls alone, executed again on a copy of the same database."""

    name = "statements"

    def __init__(self, folder: Path, rows: int, before: str) -> None:
        self._folder = folder
        self._operations = _Operations(rows, before)

    def measure(self, case: str, number: int, count: int) -> float | None:
        """Measure a case."""
        operations = self._operations.of(case, number, count)
        if operations is None:
            return None
        first = self._operations.of(case, number + 1_000, 1)
        original, taken, again = (self._folder / name for name in (_file(case), "taken.db", "again.db"))
        with recorded() as tape:
            store = self._opened(original, taken, first, case)
            tape.clear()
            store.each(operations)
            statements = list(tape)
            store.close()
        self._opened(original, again, self._operations.of(case, number + 1_000, 1), case).close()
        return replay(again, statements, (*PRAGMAS, *_STEADY)) / count

    def _opened(self, original: Path, copy: Path, first: Iterator[Operation] | None, case: str) -> Store:
        shutil.copy(original, copy)
        store = Store(copy)
        if "update" in case and case.startswith("branch"):
            store(branch("dev"))
        store.each(first or ())
        return store
