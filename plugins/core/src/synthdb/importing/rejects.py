"""The file of records that were not imported."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from synthdb.importing.records import Reject

__all__ = ["RejectFile", "RejectList"]

_HEADER = ("file", "line", "column", "reason")


class RejectFile:
    """A CSV file of rejects, made when the first one is written; continued, nothing twice, when it exists.

    Rejects are on disk before the chunk they stand in is committed, so none is missing after a kill.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self._path = path
        if fresh:
            path.unlink(missing_ok=True)
        self._known = self._read()

    def _read(self) -> set[tuple[str, ...]]:
        if not self._path.exists():
            return set()
        with self._path.open(newline="", encoding="utf-8") as file:
            return {tuple(row) for row in csv.reader(file)}

    def write(self, rejects: Sequence[Reject]) -> None:
        """Add rejects, durably."""
        rows = [(item.file, str(item.line), item.column or "", item.reason) for item in rejects]
        new = [row for row in rows if row not in self._known]
        if not new:
            return
        with self._path.open("a", newline="", encoding="utf-8", errors="backslashreplace") as file:
            writer = csv.writer(file)
            if file.tell() == 0:
                writer.writerow(_HEADER)
            writer.writerows(new)
            file.flush()
            os.fsync(file.fileno())
        self._known.update(new)


class RejectList:
    """Keeps the rejects of an import in memory, for a report."""

    def __init__(self) -> None:
        self.rejects: list[Reject] = []

    def write(self, rejects: Sequence[Reject]) -> None:
        """Add rejects."""
        self.rejects += rejects
