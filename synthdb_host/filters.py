"""Conditions: the one filter language, as a tree of plain frozen data.

Query strings, policies, checks and the embedded library's expressions all become this tree. Nothing here
evaluates anything. Names are logical names, and a :class:`Literal` is a value in text form (from a URL or a CSV
cell) that takes the type of its column.
"""

from dataclasses import dataclass
from typing import Final
from typing import Literal as OneOf

__all__ = [
    "ALL_OPERATORS",
    "Aggregate",
    "AggregateFunction",
    "And",
    "ColumnRef",
    "Comparison",
    "EmbedCount",
    "EmbedExists",
    "Filter",
    "Literal",
    "Not",
    "Or",
    "and_all",
]


class Literal(str):
    """A value in text form, as it stands in a URL or a CSV cell; its column gives it a type."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column, a JSON path into it (keys and indexes), and a cast, in this order.

    With ``as_text`` the last JSON step gives text (``->>``), otherwise JSON (``->``).
    """

    name: str
    path: tuple[str | int, ...] = ()
    as_text: bool = False
    cast: str | None = None


AggregateFunction = OneOf["count", "sum", "avg", "min", "max"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over a column, or with ``column=None`` over rows (count only).

    With ``distinct`` the different values of the column are counted (count only, and not of json).
    """

    function: AggregateFunction
    column: ColumnRef | None = None
    cast: str | None = None
    distinct: bool = False


ALL_OPERATORS: Final = (
    "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is", "isdistinct",
    "cs", "cd", "ov", "fts", "plfts", "phfts", "wfts", "sl", "sr", "nxr", "nxl", "adj",
)  # fmt: skip
"""The operators of the filter language; a storage may refuse some with ``unknown_operator``.

``eq neq gt gte lt lte`` compare, and are never true of NULL. ``like ilike`` take ``%`` and ``_`` (and ``*`` for
``%`` is the query string's business); ``ilike`` folds ASCII case. ``match imatch`` are regular expressions.
``in`` takes a sequence. ``is`` takes None, True, False or the text ``unknown``, ``not_null``. ``isdistinct`` is
``neq`` that treats NULL as a value. ``cs cd ov`` are contains, contained in and overlaps, of JSON.
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``column operator value``. With a quantifier, ``value`` is a sequence of which any or all must match."""

    column: ColumnRef | Aggregate
    operator: str
    value: object
    quantifier: OneOf["any", "all"] | None = None


@dataclass(frozen=True, slots=True)
class And:
    """All of the items hold. An empty And always holds."""

    items: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the items holds. An empty Or never does."""

    items: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The item does not hold (SQL's three-valued NOT: unknown stays unknown)."""

    item: "Filter"


@dataclass(frozen=True, slots=True)
class EmbedExists:
    """The embed of this name in the same select has at least one row."""

    embed: str


@dataclass(frozen=True, slots=True)
class EmbedCount:
    """The number of rows of the embed of this name compares so (``eq neq gt gte lt lte``) with ``value``."""

    embed: str
    operator: str
    value: object


Filter = Comparison | And | Or | Not | EmbedExists | EmbedCount


def and_all(*filters: Filter | None) -> Filter | None:
    """Join conditions with And, leaving out the absent ones; None if all are absent."""
    present = tuple(item for item in filters if item is not None)
    return And(present) if len(present) > 1 else (present[0] if present else None)
