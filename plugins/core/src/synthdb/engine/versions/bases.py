"""The base of a merge: the state that two places have in common.

Where branches were merged crosswise there are several newest common states. Their own merge is the base then, in
which a value on which they disagree equals nothing (the recursive merge of git).
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from synthdb.catalog.places import Place
from synthdb.engine.versions.ancestry import common_states

__all__ = ["DISPUTED", "Base", "base_of", "three_way"]

T = TypeVar("T")

_DEEPEST: Final = 100
"""How many merges of merges a base is made of at most."""


class _Disputed:
    """A value on which the common states disagree: it equals nothing, itself neither."""

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return "DISPUTED"


DISPUTED: Final = _Disputed()


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A place, or the merge of two bases over their own.

    The same base is below many others where branches were merged crosswise again and again; it is one object.
    """

    place: Place
    other: "Base | None" = None
    under: "Base | None" = None

    def places(self) -> list[Place]:
        """Give every place that is a part of it."""
        return list(dict.fromkeys(part.place for part in self._parts()))

    def tips(self) -> Iterator[Place]:
        """Give the newest places that are merged."""
        yield self.place
        if self.other is not None:
            yield from self.other.tips()

    def value(self, of: Callable[[Place], T], combine: Callable[[T, T, T], T]) -> T:
        """Give a value of this state: that ``of`` a place, or those of the two combined over that below."""
        if self.other is None:
            return of(self.place)
        known: dict[Base, T] = {}
        for part in self._parts():
            mine = of(part.place)
            if part.under is None or part.other is None:
                known[part] = mine
            else:
                known[part] = combine(known[part.under], mine, known[part.other])
        return known[self]

    def _parts(self) -> list["Base"]:
        """Give every base that this one is made of, each once and before those that are made of it; itself last."""
        found: dict[Base, None] = {}
        waiting = [self]
        while waiting:
            part = waiting[-1]
            ahead = [below for below in (part.under, part.other) if below is not None and below not in found]
            waiting += ahead
            if not ahead:
                found[waiting.pop()] = None
        return list(found)


def base_of(driver: sqlite3.Connection, ours: Place, theirs: Place) -> Base:
    """Find the base for merging one place into another."""
    return _Finding(driver).base(ours, theirs, _DEEPEST)


class _Finding:
    """Looks for bases, and remembers those of one merge."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._known: dict[tuple[Place, ...], Base] = {}

    def base(self, ours: Place, theirs: Place, depth: int) -> Base:
        """Find the base of two places; so deep below others that it hardly matters, the oldest of several states."""
        states = tuple(common_states(self._driver, ours, theirs))[: None if depth else 1]
        found = self._known.get(states)
        if found is None:
            found = self._known[states] = self._folded(states, depth)
        return found

    def _folded(self, states: Sequence[Place], depth: int) -> Base:
        first, *rest = states
        found = Base(first)
        for state in rest:
            found = Base(state, found, self.base(first, state, depth - 1))
        return found


def three_way(base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ANN401 - any value
    """Combine three values; DISPUTED if both sides changed it differently."""
    if ours == theirs or base == theirs:  # noqa: PLR1714 - a disputed value is "in" a tuple that holds it
        return ours
    return theirs if base == ours else DISPUTED
