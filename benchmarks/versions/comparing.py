"""Measuring all sides case by case, round by round."""

import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.versions.cases import CASES, Case, Side
from benchmarks.versions.ours import Ours, Statements, written
from benchmarks.versions.plain import Plain, timed

__all__ = ["compare"]

_ROOT: Final = Path(__file__).resolve().parents[2]


class Copies:
    """Branches as copies of a SQLite file: made whole, and compared row by row."""

    name = "file copies"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._plain = folder / "raw-reads.db"

    def measure(self, case: str, number: int, count: int) -> float | None:
        """Measure a case."""
        if case != "branch: create":
            return None
        times = max(count // 50, 1)
        copy = self._folder / "copy.db"
        return timed(lambda: [shutil.copy(self._plain, copy) for _ in range(times)], times)


class Remote:
    """DoltLite behind the pipe to its process."""

    name = "DoltLite"

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._answer()

    def measure(self, case: str, number: int, count: int) -> float | None:
        """Measure a case."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{case}\t{number}\t{count}\n")
        self._process.stdin.flush()
        found = self._answer()
        return float(found) if found else None

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("DoltLite has ended")
        return line.strip()


@contextmanager
def _dolt(folder: Path, rows: int) -> Iterator[Remote]:
    folder.mkdir()
    command = [sys.executable, "-m", "benchmarks.versions.dolt", str(folder), str(rows)]
    process = subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Remote(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(60)


def compare(folder: Path, rows: int, rounds: int, share: float) -> list[dict[str, Any]]:
    """Measure every case on every side; ``share`` of the usual number of repetitions."""
    before = written(folder, rows)
    with _dolt(folder / "dolt", rows) as dolt:
        sides: Sequence[Side] = (
            Plain(folder, rows), Statements(folder, rows, before), Ours(folder, rows, before), dolt, Copies(folder),
        )  # fmt: skip
        return [_found(case, sides, rounds, share) for case in CASES]


def _found(case: Case, sides: Sequence[Side], rounds: int, share: float) -> dict[str, Any]:
    count = case.count if "per row" in case.name else max(int(case.count * share), 1)
    found: dict[str, list[float]] = defaultdict(list)
    for side in sides:
        side.measure(case.name, rounds, max(count // 10, 1) if "per row" not in case.name else count)
    for number in range(rounds):
        for side in sides if number % 2 == 0 else sides[::-1]:
            seconds = side.measure(case.name, number, count)
            if seconds is not None:
                found[side.name].append(seconds)
    print(f"-- {case.name}", {name: round(1e6 * median(times), 1) for name, times in found.items()}, file=sys.stderr)
    return {"case": case.name, "us": {name: 1e6 * median(times) for name, times in found.items()},
            "ratio": _ratios(found)}  # fmt: skip


def _ratios(found: dict[str, list[float]]) -> dict[str, float]:
    """Give what each side needs in times of raw sqlite3 in the same round: the median of all rounds."""
    raw = found.get(Plain.name)
    if raw is None:
        return {}
    return {
        name: median(own / base for own, base in zip(times, raw, strict=True))
        for name, times in found.items()
        if name != Plain.name
    }
