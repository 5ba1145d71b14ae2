"""The filters that reads, updates, deletes and embeds have in common."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Self, TypeVar

from .conditions import Comparison, Condition, Path, all_of, any_of, compare, quoted, within
from .values import Scalar, encode

__all__ = ["Filtered"]

Column = TypeVar("Column")


@dataclass(frozen=True)
class Filtered(Generic[Column]):
    """Something with conditions. Every method gives a new one, and leaves this as it is."""

    conditions: tuple[Condition, ...] = field(default=(), kw_only=True)

    def where(self, *conditions: Condition) -> Self:
        """Require conditions, such as ``any_of(compare("year", "lt", 1980), compare("seen", "is", True))``."""
        return replace(self, conditions=(*self.conditions, *conditions))

    def either(self, *conditions: Condition) -> Self:
        """Require any of some conditions."""
        return self.where(any_of(*conditions))

    def both(self, *conditions: Condition) -> Self:
        """Require all of some conditions."""
        return self.where(all_of(*conditions))

    def eq(self, column: Column | Path, value: Scalar) -> Self:
        """Require that a column equals a value."""
        return self._compare(column, "eq", value)

    def neq(self, column: Column | Path, value: Scalar) -> Self:
        """Require that a column has another value; one without a value has none."""
        return self._compare(column, "neq", value)

    def gt(self, column: Column | Path, value: Scalar) -> Self:
        """Require that a column is greater than a value."""
        return self._compare(column, "gt", value)

    def gte(self, column: Column | Path, value: Scalar) -> Self:
        """Require that a column is at least a value."""
        return self._compare(column, "gte", value)

    def lt(self, column: Column | Path, value: Scalar) -> Self:
        """Require that a column is less than a value."""
        return self._compare(column, "lt", value)

    def lte(self, column: Column | Path, value: Scalar) -> Self:
        """Require that a column is at most a value."""
        return self._compare(column, "lte", value)

    def like(self, column: Column | Path, pattern: str) -> Self:
        """Require that a text fits a pattern, in which ``%`` is any text and ``_`` one character."""
        return self._compare(column, "like", pattern)

    def ilike(self, column: Column | Path, pattern: str) -> Self:
        """Require that a text fits a pattern, whatever the case of ASCII letters."""
        return self._compare(column, "ilike", pattern)

    def match(self, column: Column | Path, expression: str) -> Self:
        """Require that a text fits a regular expression."""
        return self._compare(column, "match", expression)

    def is_in(self, column: Column | Path, values: Iterable[Scalar]) -> Self:
        """Require that a column has one of some values."""
        return self.where(within(_subject(column), values))

    def not_in(self, column: Column | Path, values: Iterable[Scalar]) -> Self:
        """Require that a column has a value, and none of these."""
        return self.where(within(_subject(column), values).negate())

    def is_null(self, column: Column | Path) -> Self:
        """Require that a column has no value."""
        return self._compare(column, "is", "null")

    def not_null(self, column: Column | Path) -> Self:
        """Require that a column has a value."""
        return self._compare(column, "is", "not_null")

    def contains(self, column: Column | Path, value: Any) -> Self:
        """Require that JSON contains other JSON."""
        return self.where(Comparison(_name(column), "cs", encode(value)))

    def contained_in(self, column: Column | Path, value: Any) -> Self:
        """Require that JSON is contained in other JSON."""
        return self.where(Comparison(_name(column), "cd", encode(value)))

    def overlaps(self, column: Column | Path, value: Any) -> Self:
        """Require that two JSON arrays have an element, or two objects a member, in common."""
        return self.where(Comparison(_name(column), "ov", encode(value)))

    def _compare(self, column: Column | Path, operator: str, value: Scalar) -> Self:
        return self.where(compare(_subject(column), operator, value))


def _subject(column: object) -> str | Path:
    # A type variable cannot say that every name of a column is a string.
    return column if isinstance(column, Path) else str(column)


def _name(column: object) -> str:
    return str(column) if isinstance(column, Path) else quoted(str(column))
