"""The cases, in the order of the tables, and what each must reach."""

from dataclasses import dataclass
from typing import Final, Protocol

__all__ = ["CASES", "Case", "Side", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """At most ``value``: times what raw sqlite3 needs, or with ``absolute`` microseconds of CPU time."""

    value: float
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is measured: ``count`` times in each round. One that works on many rows counts rows."""

    name: str
    count: int
    target: Target | None = None


class Side(Protocol):
    """One of those that are compared."""

    name: str

    def measure(self, case: str, number: int, count: int) -> float | None:
        """Give the CPU seconds of a case in round ``number``, divided by ``count``; None: there is no such thing."""


CASES: Final = (
    Case("main: point read", 2_000, Target(1.05)),
    Case("main: list of 100", 200, Target(1.05)),
    Case("main: scan", 5, Target(1.15)),
    Case("main: insert of 1,000 rows, per row", 10_000, Target(1.15)),
    Case("main: insert of one row", 500, Target(2.0)),
    Case("main: update of one row", 500, Target(2.7)),
    Case("branch: point read", 2_000, Target(1.7)),
    Case("branch: list of 100", 200, Target(1.7)),
    Case("branch: scan", 5, Target(4.6)),
    Case("branch behind main: point read", 2_000),
    Case("branch behind main: list of 100", 200),
    Case("branch: create", 200, Target(50, absolute=True)),
    Case("branch: update of one row", 500),
    Case("diff of 1,000 rows, per row", 1_000, Target(8, absolute=True)),
    Case("diff of 10,000 rows, per row", 10_000, Target(8, absolute=True)),
    Case("merge of 1,000 rows, per row", 1_000, Target(20, absolute=True)),
    Case("merge of 10,000 rows, per row", 10_000, Target(20, absolute=True)),
    Case("as of: point read", 500),
    Case("as of: list of 100", 50),
    Case("as of: scan", 5),
    Case("history of a row", 200),
)
