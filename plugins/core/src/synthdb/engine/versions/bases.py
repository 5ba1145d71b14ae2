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


class _Disputed:
    """A value on which the common states disagree: it equals nothing, itself neither."""

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return "DISPUTED"


DISPUTED: Final = _Disputed()


@dataclass(frozen=True, slots=True)
class Base:
    """A place, or the merge of two bases over their own."""

    place: Place
    other: "Base | None" = None
    under: "Base | None" = None

    def places(self) -> Iterator[Place]:
        """Give every place that is a part of it."""
        yield self.place
        for part in (self.other, self.under):
            if part is not None:
                yield from part.places()

    def tips(self) -> Iterator[Place]:
        """Give the newest places that are merged."""
        yield self.place
        if self.other is not None:
            yield from self.other.tips()

    def value(self, of: Callable[[Place], T], combine: Callable[[T, T, T], T]) -> T:
        """Give a value of this state: that ``of`` a place, or those of the two combined over that below."""
        mine = of(self.place)
        if self.other is None or self.under is None:
            return mine
        return combine(self.under.value(of, combine), mine, self.other.value(of, combine))


def base_of(driver: sqlite3.Connection, ours: Place, theirs: Place) -> Base:
    """Find the base for merging one place into another."""
    return _folded(driver, common_states(driver, ours, theirs))


def _folded(driver: sqlite3.Connection, states: Sequence[Place]) -> Base:
    first, *rest = states
    found = Base(first)
    for state in rest:
        found = Base(state, found, base_of(driver, first, state))
    return found


def three_way(base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ANN401 - any value
    """Combine three values; DISPUTED if both sides changed it differently."""
    if ours == theirs or base == theirs:  # noqa: PLR1714 - a disputed value is "in" a tuple that holds it
        return ours
    return theirs if base == ours else DISPUTED
