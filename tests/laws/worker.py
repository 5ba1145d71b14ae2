"""A process of its own that opens a database and does what it is told, line by line.

``python -m tests.laws.worker FILE`` answers every line of JSON with one.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any, Final

from synthdb_host.catalog import Column, ColumnType, UniqueKey
from synthdb_host.errors import RequestError
from synthdb_host.operations import (
    AddColumn,
    AddUniqueKey,
    AlterColumn,
    CopyTable,
    Define,
    Operation,
    Ref,
    RenameTable,
    Update,
)
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import Backfill, Collect, Compact, Merge, Restore
from tests.laws.engine import engine_of

__all__ = ["WORKS"]

WORKS: Final[dict[str, Operation]] = {
    "merge": Merge(Ref("dev")),
    "restore": Restore(Ref("start")),
    "collect": Collect("0 seconds ago"),
    "squash": Compact(Ref("deep")),
    "hydrate": Compact(Ref("dev"), whole=True),
    "define": Define(
        (
            RenameTable("things", "stuff"),
            CopyTable("stuff", "things"),
            AddUniqueKey("stuff", UniqueKey("u", ("number", "text"))),
        )
    ),
    "add column": Define((AddColumn("things", Column("note", ColumnType("text"), True, "none", True)),)),
    "retype": Define((AlterColumn("things", "number", type=ColumnType("text")),)),
}
"""What is killed in the middle, by name."""


class Worker:
    """The commands that a worker knows."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set(self, branch: str, row: int, value: int) -> str | None:
        """Give a row of a branch another value."""
        update = Update("things", {"number": value}, where("id", "eq", row), ref=Ref(branch))
        return self._session.execute(update).commit

    def work(self, name: str) -> str | None:
        """Do one of the long works."""
        return self._session.execute(WORKS[name]).commit

    def backfill(self) -> int:
        """Move the values of widened columns in many small steps; gives how many."""
        steps = 0
        while self._session.execute(Backfill(50)).affected:
            steps += 1
        return steps

    def fill(self, writer: int, branches: list[str], seconds: float) -> dict[str, Any]:
        """Write to branches as fast as can be for a while; gives the commits and sums by branch, and all errors."""
        chance, until = random.Random(writer), time.monotonic() + seconds
        commits: list[str] = []
        sums = dict.fromkeys(branches, 0)
        errors: list[str] = []
        while time.monotonic() < until:
            branch, amount = chance.choice(branches), chance.randrange(100)
            try:
                commit = self._session.insert("sums", {"writer": writer, "amount": amount}, ref=Ref(branch)).commit
            except RequestError as error:
                errors.append(f"{error.code}: {error.detail}")
                continue
            commits.append(str(commit))
            sums[branch] += amount
        return {"commits": commits, "sums": sums, "errors": errors}


def main() -> None:
    """Answer lines until there are no more."""
    with engine_of(Path(sys.argv[1])) as session:
        worker = Worker(session)
        print(json.dumps("ready"), flush=True)  # noqa: T201 - the answer
        for line in sys.stdin:
            command, *arguments = json.loads(line)
            print(json.dumps(getattr(worker, command)(*arguments)), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
