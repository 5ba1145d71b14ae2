"""How costs grow: with the size of the table, the depth of branches, and the number of branches and commits."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.versions.items import COLUMNS, item, spread
from benchmarks.versions.plain import timed
from benchmarks.versions.store import Store, after, branch, changed, point, scan, update
from synthdb_host.operations import HEAD, Insert, Operation, Ref
from synthdb_host.versions import Branches, Collect, Diff, History, Merge

__all__ = ["Measures", "by_branches", "by_depth", "by_size"]

Measures = dict[str, float]
"""Microseconds of CPU time by what was measured."""

_DELTA: Final = 500
_PER_LEVEL: Final = 2_000
_FRESH: Final = count(1_000_000)

_Make = Callable[[], Sequence[Operation]]


class _Meter:
    """Measures whole calls on one database: microseconds of CPU time, the median of some rounds."""

    def __init__(self, store: Store, rows: int, rounds: int) -> None:
        self.store = store
        self.rows = rows
        self._rounds = rounds

    def __call__(self, make: _Make, per: int = 0) -> float:
        """Measure what is made anew for each round: per operation, or for ``per`` rows that it works on."""
        times = []
        for _ in range(self._rounds + 1):
            todo = make()
            times.append(timed(partial(self.store.each, todo), per or len(todo)))
        return 1e6 * median(times[1:])

    def keys(self, many: int) -> list[int]:
        """Choose rows that were not chosen shortly before."""
        return spread(many, max(self.rows - 100, 1), next(_FRESH) * many)


@contextmanager
def _filled(rows: int, rounds: int) -> Iterator[_Meter]:
    with tempfile.TemporaryDirectory(prefix="synthdb-bench-") as folder:
        store = Store(Path(folder) / "items.db")
        store.fill(rows)
        try:
            yield _Meter(store, rows, rounds)
        finally:
            store.close()


def by_size(sizes: Sequence[int], rounds: int) -> dict[str, Measures]:
    """Measure the same work on tables of several sizes."""
    return {f"{rows:,}": _one_size(rows, rounds) for rows in sizes}


def _one_size(rows: int, rounds: int) -> Measures:
    _say(f"a table of {rows:,} rows")
    with _filled(rows, rounds) as meter:
        found = _on_main(meter)
        ref = _with_changes(meter, HEAD, "dev")
        found |= {f"branch: {name}": us for name, us in _reads(meter, ref).items()}
        found |= _versions(meter)
    return found


def _reads(meter: _Meter, ref: Ref) -> Measures:
    return {
        "point read": meter(lambda: [point(key, ref) for key in meter.keys(500)]),
        "list of 100": meter(lambda: [after(key, ref) for key in meter.keys(50)]),
    }


def _on_main(meter: _Meter) -> Measures:
    return _reads(meter, HEAD) | {
        "insert of one row": meter(lambda: [Insert("items", COLUMNS, [item(n)]) for n in range(200)]),
        "update of one row": meter(lambda: [update(key, next(_FRESH)) for key in meter.keys(200)]),
    }


def _with_changes(meter: _Meter, at: Ref, name: str, rows: int = _DELTA) -> Ref:
    """Make a branch that has changed some rows."""
    ref = Ref(name)
    meter.store(branch(name, at))
    meter.store(changed(meter.keys(rows), "qty", next(_FRESH), ref))
    return ref


def _versions(meter: _Meter) -> Measures:
    then = Ref(at=meter.store(update(1, next(_FRESH))).commit)
    meter.store(changed(meter.keys(_DELTA), "size", next(_FRESH)))
    return {
        "branch: create": meter(lambda: [branch(f"b{next(_FRESH)}") for _ in range(100)]),
        "diff, per row": meter(lambda: [Diff(HEAD, _fresh(meter), three_dot=True)], _DELTA),
        "merge, per row": meter(lambda: [Merge(_fresh(meter))], _DELTA),
        "as of: point read": meter(lambda: [point(key, then) for key in meter.keys(200)]),
        "as of: list of 100": meter(lambda: [after(key, then) for key in meter.keys(20)]),
        "history of a row": meter(lambda: [History("items", (key,)) for key in meter.keys(100)]),
    }


def _fresh(meter: _Meter) -> Ref:
    return _with_changes(meter, HEAD, f"f{next(_FRESH)}")


# -- depth -----------------------------------------------------------------------------------------------


def by_depth(rows: int, depths: Sequence[int], rounds: int) -> dict[str, Measures]:
    """Measure reads through more and more branches, each of which has changed rows."""
    found, ref = {}, HEAD
    with _filled(rows, rounds) as meter:
        for depth in range(max(depths) + 1):
            if depth:
                ref = _with_changes(meter, ref, f"level{depth}", min(_PER_LEVEL, rows // 10))
            if depth in depths:
                _say(f"{depth} branches deep")
                found[str(depth)] = _reads(meter, ref) | {"scan": meter(lambda ref=ref: [scan(ref)])}
    return found


# -- branches and commits --------------------------------------------------------------------------------


def by_branches(rows: int, few: tuple[int, int], many: tuple[int, int], rounds: int) -> dict[str, Measures]:
    """Measure the same work in a database with few branches and commits, and in one with many.

    Each branch has changed the first row, a row of its own, and has added one.
    """
    return {f"{branches:,} branches, {commits:,} commits": _among(rows, branches, commits, rounds)
            for branches, commits in (few, many)}  # fmt: skip


def _among(rows: int, branches: int, commits: int, rounds: int) -> Measures:
    _say(f"{branches:,} branches and {commits:,} commits")
    with _filled(rows, rounds) as meter:
        meter.store.each(operation for number in range(branches) for operation in _grown(number, rows))
        meter.store.each(update(key, next(_FRESH)) for key in meter.keys(commits))
        return _beside(meter)


def _grown(number: int, rows: int) -> list[Operation]:
    ref = Ref(f"g{number:06}")
    new = Insert("items", COLUMNS, [item(number)], ref=ref)
    return [branch(ref.branch), update(1, number, ref), update(2 + number % (rows - 2), -number, ref), new]


def _beside(meter: _Meter) -> Measures:
    ref = Ref("g000003")
    reads = {f"branch: {name}": us for name, us in _reads(meter, ref).items()}
    return reads | {
        "main: point read": meter(lambda: [point(key) for key in meter.keys(500)]),
        "main: list of 100": meter(lambda: [after(key) for key in meter.keys(50)]),
        "create a branch": meter(lambda: [branch(f"n{next(_FRESH)}") for _ in range(100)]),
        "first write to a new branch": meter(lambda: _first_writes(meter)),
        "list 20 branches": meter(lambda: [Branches(limit=20, after="g000005") for _ in range(50)]),
        "diff of a new branch, per row": meter(lambda: [Diff(HEAD, _fresh(meter), three_dot=True)], _DELTA),
        "merge of a new branch, per row": meter(lambda: [Merge(_fresh(meter))], _DELTA),
        "collect, per version": meter(lambda: [_collecting(meter)], _DELTA),
    }


def _first_writes(meter: _Meter) -> list[Operation]:
    refs = [Ref(f"w{next(_FRESH)}") for _ in range(50)]
    meter.store.each(branch(ref.branch) for ref in refs)
    return [update(5, 1, ref) for ref in refs]


def _collecting(meter: _Meter) -> Collect:
    """Replace rows twice, so that the first versions can be forgotten; gives what forgets them."""
    keys = meter.keys(_DELTA)
    for _ in range(2):
        before = meter.store(changed(keys, "size", next(_FRESH))).commit
    return Collect(before or "")


def _say(what: str) -> None:
    print(f"-- {what}", file=sys.stderr, flush=True)
