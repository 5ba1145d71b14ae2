"""What SynthDB wants to reach, as ratios of server CPU per request in the same run."""

from dataclasses import dataclass
from typing import Final

from benchmarks.measuring import RAW
from benchmarks.peers.base import INSERT, LIST, POINT

__all__ = ["TARGETS", "Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """``floor`` is the least to reach, ``goal`` what is wanted.

    Beside a peer, the ratio says how many times cheaper SynthDB is; beside raw sqlite3, how many times dearer
    it may be at most.
    """

    floor: float
    goal: float
    at_most: bool = False

    def says(self, ratio: float) -> str:
        """Judge a ratio: ``goal``, ``floor`` or ``missed``."""
        if self.at_most:
            return "goal" if ratio <= self.goal else "floor" if ratio <= self.floor else "missed"
        return "goal" if ratio >= self.goal else "floor" if ratio >= self.floor else "missed"


TARGETS: Final = {
    ("Datasette 0.65", POINT): Target(5, 10),
    ("Datasette 0.65", LIST): Target(6, 8),
    ("Datasette 1.0a", INSERT): Target(6, 10),
    ("FastAPI + SQLAlchemy", POINT): Target(5, 10),
    ("FastAPI + SQLAlchemy", LIST): Target(6, 8),
    ("FastAPI + SQLAlchemy", INSERT): Target(5, 8),
    ("PocketBase", POINT): Target(1.3, 2.5),
    ("PocketBase", LIST): Target(4, 5),
    ("PocketBase", INSERT): Target(1.3, 2),
    (RAW, POINT): Target(25, 15, at_most=True),
    (RAW, LIST): Target(2.4, 1.9, at_most=True),
    (RAW, INSERT): Target(10, 8, at_most=True),
}
"""By peer and case."""
