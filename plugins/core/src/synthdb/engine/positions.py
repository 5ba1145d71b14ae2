"""Positions: where a page ended, and the rows that come after.

The rows after a position lie in spans, one behind the other: those that are like the last row in all terms of the
order but the last, then those that are like it in all but the last two, and so on. Each span is one statement that an
index serves like any other range; what lies behind a span is read only if the span does not fill the page.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from synthdb.catalog.places import Place
from synthdb.engine.orders import Clause, Term
from synthdb_host.errors import CursorExpired
from synthdb_host.operations import Position

__all__ = ["Bind", "Ending", "Span", "check_position", "newest_commit", "signature_of", "spans_after"]

_LONGEST: Final = 1_000
"""Characters that the values of a position may have; a row that is sorted by longer ones has none."""

Bind = Callable[[int], Clause]
"""Makes a place for a value of the position, by its number."""


@dataclass(frozen=True, slots=True)
class Span:
    """Rows between two others: what they fulfil, and what they are sorted by."""

    conditions: tuple[Clause, ...]
    order: tuple[Clause, ...]


def spans_after(terms: Sequence[Term], nulls: Sequence[bool], bind: Bind) -> Iterator[Span]:
    """Give the spans behind a position, in their order; ``nulls`` says which of its values are NULL."""
    for last in reversed(range(len(terms))):
        same = [_same(terms[number], bind, number, is_null=nulls[number]) for number in range(last)]
        rest = [term.clause for term in terms[last + 1 :]]
        for condition, order in _beyond(terms[last], bind, last, is_null=nulls[last]):
            yield Span((*same, condition), (*order, *rest))


def _same(term: Term, bind: Bind, number: int, *, is_null: bool) -> Clause:
    return term.sql.is_(sa.null()) if is_null else term.sql == bind(number)


def _beyond(term: Term, bind: Bind, number: int, *, is_null: bool) -> Iterator[tuple[Clause, tuple[Clause, ...]]]:
    if not is_null:
        value = bind(number)
        yield (term.sql < value if term.descending else term.sql > value), (term.directed,)
        if not (term.not_null or term.nulls_first):
            yield term.sql.is_(sa.null()), ()
    elif term.nulls_first:
        yield term.sql.is_not(sa.null()), (term.directed,)


def signature_of(terms: Sequence[Term], place: Place, table: int) -> str:
    """Give what two selects have in common if a position of one means something in the other."""
    facts = [(str(term.sql), term.kind, term.descending, term.nulls_first) for term in terms]
    return hashlib.blake2b(repr((place.branch, table, facts)).encode(), digest_size=6).hexdigest()


def check_position(position: Position | None, signature: str) -> None:
    """Check that a position is one of this order.

    Raises:
        CursorExpired: it is of another table, branch or type of column.
    """
    if position is not None and position.row and position.row[0] != signature:
        raise CursorExpired("The table is no longer sorted as it was when this page ended.", hint="Begin again.")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a plan tells where its page ended: the places of the terms in a row as it was fetched; None: it cannot."""

    signature: str
    places: tuple[int, ...] | None

    def position(self, commit: str, row: Sequence[Any]) -> Position:
        """Give the position of the last row of a full page, which is of the state that a commit names."""
        return Position(commit, self._values(row))

    def _values(self, row: Sequence[Any]) -> tuple[object, ...]:
        values = () if self.places is None else tuple([row[place] for place in self.places])
        long = sum(len(value) for value in values if isinstance(value, str | bytes)) > _LONGEST
        return () if long or not values else (self.signature, *values)


def newest_commit(connection: sqlite3.Connection, place: Place) -> str:
    """Name the state that is read: of a branch as it is now, the newest commit of all."""
    bound = place.layers[0].bound
    if bound is None:
        bound = connection.execute("SELECT max(id) FROM _tx").fetchone()[0]
    return str(bound)
