"""What SynthDB wants to reach, as ratios of server CPU per request in the same run."""

from dataclasses import dataclass
from typing import Final

from benchmarks.measuring import RAW
from benchmarks.peers.base import GRAPHQL_LIST, GRAPHQL_POINT, INSERT, LIST, POINT

__all__ = ["REST", "TARGETS", "Target"]

REST: Final = "SynthDB, REST"
"""What reports call SynthDB's answer to the same question by REST, beside the one by GraphQL."""


@dataclass(frozen=True, slots=True)
class Target:
    """``floor`` is the least to reach, ``goal`` what is wanted.

    Beside a peer, the ratio says how many times cheaper SynthDB is; beside raw sqlite3, and beside its own REST,
    how many times dearer it may be at most.
    """

    floor: float
    goal: float
    at_most: bool = False

    def __str__(self) -> str:
        figures = f"{self.floor:g}x" if self.floor == self.goal else f"{self.floor:g}x, {self.goal:g}x"
        return f"at most {figures}" if self.at_most else figures

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
    ("datasette-graphql", GRAPHQL_POINT): Target(40, 40),
    ("datasette-graphql", GRAPHQL_LIST): Target(50, 50),
    ("Strawberry + SQLAlchemy", GRAPHQL_POINT): Target(15, 15),
    ("Strawberry + SQLAlchemy", GRAPHQL_LIST): Target(12, 12),
    ("PostGraphile 5 alone", GRAPHQL_POINT): Target(1.2, 2.5),
    ("PostGraphile 5 alone", GRAPHQL_LIST): Target(2, 3),
    (REST, GRAPHQL_POINT): Target(1.5, 1.5, at_most=True),
    (REST, GRAPHQL_LIST): Target(1.2, 1.2, at_most=True),
}
"""By peer and case."""
