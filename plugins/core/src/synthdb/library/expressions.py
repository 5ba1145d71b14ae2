"""Building conditions, projections and orders in Python, never from pasted text.

``col("age") > 30`` is a :class:`Condition`; conditions join with ``&``, ``|`` and ``~``. They hold the host's
filter tree, so a value can never become part of a statement.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, NoReturn, Self

from synthdb_host.operations import (
    Aggregate,
    AggregateFunction,
    And,
    ColumnRef,
    Comparison,
    Filter,
    Not,
    Or,
    Order,
    Output,
)

__all__ = ["Aggregation", "ColumnExpression", "Condition", "col", "count"]


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is true of a row or not; use it as ``where``.

    Example:
        >>> adult_or_unknown = (col("age") >= 18) | col("age").is_null()
    """

    filter: Filter

    def __and__(self, other: "Condition") -> "Condition":
        return Condition(And((*_items(self.filter, And), *_items(other.filter, And))))

    def __or__(self, other: "Condition") -> "Condition":
        return Condition(Or((*_items(self.filter, Or), *_items(other.filter, Or))))

    def __invert__(self) -> "Condition":
        return Condition(Not(self.filter))

    def __bool__(self) -> NoReturn:
        raise TypeError("A condition has no truth value here; join conditions with &, | and ~, in parentheses.")


class _Comparable:
    """What columns and aggregates have in common: they compare with values."""

    __slots__ = ()

    def _source(self, operator: str, value: object) -> ColumnRef | Aggregate:
        raise NotImplementedError

    def _compare(self, operator: str, value: object) -> Condition:
        return Condition(Comparison(self._source(operator, value), operator, value))

    # Comparing gives a condition, as in every expression builder; identity is never asked for.
    def __eq__(self, other: object) -> Condition:  # type: ignore[override]  # comparing builds a condition
        return self._compare("is" if other is None else "eq", other)

    def __ne__(self, other: object) -> Condition:  # type: ignore[override]  # comparing builds a condition
        return self._compare("is", "not_null") if other is None else self._compare("neq", other)

    def __lt__(self, other: object) -> Condition:
        return self._compare("lt", other)

    def __le__(self, other: object) -> Condition:
        return self._compare("lte", other)

    def __gt__(self, other: object) -> Condition:
        return self._compare("gt", other)

    def __ge__(self, other: object) -> Condition:
        return self._compare("gte", other)

    __hash__ = None  # type: ignore[assignment] # equality builds a condition, so a hash would mean nothing


@dataclass(frozen=True, slots=True, eq=False)
class Aggregation(_Comparable):
    """An aggregate in a projection; the other columns of the projection are grouped by."""

    aggregate: Aggregate
    name: str

    def as_(self, name: str) -> Self:
        """Give the aggregate this name in the result."""
        return replace(self, name=name)

    def output(self) -> Output:
        """Give the item of a projection."""
        return Output(self.aggregate, self.name)

    def _source(self, operator: str, value: object) -> Aggregate:
        return self.aggregate


@dataclass(frozen=True, slots=True, eq=False)
class ColumnExpression(_Comparable):
    """A column, or with ``[...]`` a place inside a json column.

    Comparing with None asks whether there is a value. ``<``, ``==`` and the other comparisons are never true
    of a missing value, and neither is ``!=``; :meth:`is_distinct_from` treats a missing value as one more
    value.
    """

    ref: ColumnRef
    name: str

    def __getitem__(self, step: str | int) -> Self:
        """Go into a json column, by key or by index."""
        return replace(self, ref=replace(self.ref, path=(*self.ref.path, step)), name=str(step))

    def _source(self, operator: str, value: object) -> ColumnRef:
        # Text inside JSON compares as text, everything else as JSON.
        as_text = bool(self.ref.path) and isinstance(value, str) and operator != "is"
        return replace(self.ref, as_text=True) if as_text else self.ref

    def as_(self, name: str) -> Self:
        """Give the column this name in the result."""
        return replace(self, name=name)

    def cast(self, type_name: str) -> Self:
        """Read the column as another type, for example ``cast("text")``."""
        return replace(self, ref=replace(self.ref, cast=type_name))

    def in_(self, values: Iterable[object]) -> Condition:
        """Ask whether the value is one of ``values``."""
        return self._compare("in", tuple(values))

    def like(self, pattern: str) -> Condition:
        """Match text in which ``%`` stands for anything and ``_`` for one character."""
        return self._compare("like", pattern)

    def ilike(self, pattern: str) -> Condition:
        """Match as :meth:`like` does, with ASCII letters in either case."""
        return self._compare("ilike", pattern)

    def match(self, pattern: str) -> Condition:
        """Match a regular expression anywhere in the text."""
        return self._compare("match", pattern)

    def between(self, low: object, high: object) -> Condition:
        """Ask whether the value lies between two others, both included."""
        return (self >= low) & (self <= high)

    def is_null(self) -> Condition:
        """Ask whether there is no value."""
        return self._compare("is", None)

    def is_not_null(self) -> Condition:
        """Ask whether there is a value."""
        return self._compare("is", "not_null")

    def is_distinct_from(self, value: object) -> Condition:
        """Ask whether the value differs, a missing value being one more value."""
        return self._compare("isdistinct", value)

    def contains(self, value: object) -> Condition:
        """Ask whether the JSON contains ``value``: its keys, or its items."""
        return self._compare("cs", value)

    def contained_in(self, value: object) -> Condition:
        """Ask whether the JSON is contained in ``value``."""
        return self._compare("cd", value)

    def asc(self, nulls: Literal["first", "last"] | None = None) -> Order:
        """Sort by this column, smallest first."""
        return Order(self.ref, descending=False, nulls=nulls)

    def desc(self, nulls: Literal["first", "last"] | None = None) -> Order:
        """Sort by this column, greatest first."""
        return Order(self.ref, descending=True, nulls=nulls)

    def count(self) -> Aggregation:
        """Count the rows that have a value here."""
        return self._aggregate("count")

    def sum(self) -> Aggregation:
        """Add up the values."""
        return self._aggregate("sum")

    def avg(self) -> Aggregation:
        """Take the mean of the values."""
        return self._aggregate("avg")

    def min(self) -> Aggregation:
        """Take the smallest value."""
        return self._aggregate("min")

    def max(self) -> Aggregation:
        """Take the greatest value."""
        return self._aggregate("max")

    def output(self) -> Output:
        """Give the item of a projection."""
        return Output(self.ref, self.name)

    def _aggregate(self, function: AggregateFunction) -> Aggregation:
        return Aggregation(Aggregate(function, self.ref), function)


def col(name: str) -> ColumnExpression:
    """Name a column, to build a condition, a projection or an order with it."""
    return ColumnExpression(ColumnRef(name), name)


def count() -> Aggregation:
    """Count rows, in a projection."""
    return Aggregation(Aggregate("count"), "count")


def _items(item: Filter, kind: type[And] | type[Or]) -> tuple[Filter, ...]:
    return item.items if isinstance(item, kind) else (item,)
