"""Conditions on columns, and groups of them, in the grammar of the REST interface."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from .values import to_text

__all__ = ["Comparison", "Condition", "Group", "Path", "all_of", "any_of", "compare", "none_of", "quoted", "within"]

_SIMPLE = re.compile(r"[^\W\d]\w*")
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_RESERVED = frozenset(
    {"select", "order", "limit", "offset", "and", "or", "not", "having", "columns", "on_conflict", "cursor"}
) | {"on_conflict_update", "count"}


def quoted(name: str) -> str:
    """Write a name so that it means a column whatever it is called."""
    return name if _SIMPLE.fullmatch(name) and name not in _RESERVED else _in_quotes(name)


def _in_quotes(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _value(text: str) -> str:
    """Write a value within a list or a group."""
    return text if _PLAIN.fullmatch(text) else _in_quotes(text)


@dataclass(frozen=True)
class Path:
    """A value in a JSON column: ``Path("data", "tags", 0)``. As text it compares as text, not as JSON."""

    column: str
    steps: tuple[str | int, ...]
    as_text: bool

    def __init__(self, column: str, *steps: str | int, as_text: bool = True) -> None:
        object.__setattr__(self, "column", column)
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "as_text", as_text)

    def __str__(self) -> str:
        steps = [quoted(step) if isinstance(step, str) else str(step) for step in self.steps]
        *inner, last = [quoted(self.column), *steps]
        return "->".join(inner) + ("->>" if self.as_text else "->") + last


@dataclass(frozen=True)
class Comparison:
    """A condition on one column; ``is_list`` says that the operand is a list, which has its own quotes."""

    column: str
    operator: str
    operand: str
    negated: bool = False
    is_list: bool = False

    def parameters(self, prefix: str = "") -> tuple[str, str]:
        """Write it as a parameter of an address."""
        return f"{prefix}{self.column}", f"{self._operator}.{self.operand}"

    def term(self) -> str:
        """Write it within a group."""
        operand = self.operand if self.is_list else _value(self.operand)
        return f"{self.column}.{self._operator}.{operand}"

    def negate(self) -> "Comparison":
        """Give what is true where this is false."""
        return replace(self, negated=not self.negated)

    @property
    def _operator(self) -> str:
        return f"not.{self.operator}" if self.negated else self.operator


@dataclass(frozen=True)
class Group:
    """Conditions of which all, or any, are true."""

    kind: Literal["and", "or"]
    items: "tuple[Condition, ...]"
    negated: bool = False

    def parameters(self, prefix: str = "") -> tuple[str, str]:
        """Write it as a parameter of an address."""
        return f"{prefix}{self._kind}", f"({','.join(item.term() for item in self.items)})"

    def term(self) -> str:
        """Write it within a group."""
        return f"{self._kind}({','.join(item.term() for item in self.items)})"

    def negate(self) -> "Group":
        """Give what is true where this is false."""
        return replace(self, negated=not self.negated)

    @property
    def _kind(self) -> str:
        return f"not.{self.kind}" if self.negated else self.kind


Condition = Comparison | Group


def compare(column: str | Path, operator: str, value: object) -> Comparison:
    """Compare a column with a value, by any operator of the REST interface: ``compare("year", "gte", 1980)``."""
    return Comparison(_subject(column), operator, to_text(value))


def within(column: str | Path, values: Iterable[Any]) -> Comparison:
    """Require that a column has one of some values."""
    operand = ",".join(_value(to_text(value)) for value in values)
    return Comparison(_subject(column), "in", f"({operand})", is_list=True)


def _subject(column: str | Path) -> str:
    return str(column) if isinstance(column, Path) else quoted(column)


def all_of(*items: Condition) -> Group:
    """Require all of some conditions."""
    return Group("and", items)


def any_of(*items: Condition) -> Group:
    """Require any of some conditions."""
    return Group("or", items)


def none_of(*items: Condition) -> Group:
    """Require that none of some conditions is true."""
    return Group("or", items, negated=True)
