"""Conditions as functions: SQL's three-valued logic over Python values. None is unknown."""

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from synthdb_host.catalog import ColumnType
from synthdb_host.errors import InvalidFilter, InvalidValue, LossyValue, UnknownOperator
from synthdb_host.operations import Aggregate, And, ColumnRef, Comparison, EmbedCount, EmbedExists, Filter, Not, Or
from synthdb_host.values import adapt

__all__ = ["Predicate", "Scope", "compile_filter"]

Predicate = Callable[[Any], bool | None]
"""Says of one subject (a row with its relatives, or a group of rows) whether a condition holds."""

Test = Callable[[Any], bool | None]

_NUMBERS = ("integer", "real", "decimal")


class Scope(Protocol):
    """What the names in a condition mean."""

    def resolve(self, source: ColumnRef | Aggregate) -> tuple[ColumnType, Callable[[Any], Any]]:
        """Give the type of a column or aggregate, and how to take its value from a subject."""

    def exists(self, embed: str) -> Predicate:
        """Say of a subject whether the embed has rows."""

    def count(self, embed: str) -> Callable[[Any], int]:
        """Say of a subject how many rows the embed has."""


def compile_filter(condition: Filter, scope: Scope) -> Predicate:
    """Turn a condition into a function; whatever is wrong with it is found here, not per row.

    Raises:
        InvalidFilter: a value does not fit its column.
        UnknownOperator: this storage does not offer the operator for the type.
    """
    match condition:
        case Comparison():
            return _comparison(condition, scope)
        case And(items):
            return _combined([compile_filter(item, scope) for item in items], _all)
        case Or(items):
            return _combined([compile_filter(item, scope) for item in items], _any)
        case Not(item):
            inner = compile_filter(item, scope)
            return lambda subject: _not(inner(subject))
        case EmbedExists(embed):
            return scope.exists(embed)
        case EmbedCount(embed, operator, value):
            count = scope.count(embed)
            if operator not in ("eq", "neq", "gt", "gte", "lt", "lte"):
                raise UnknownOperator(f"Rows are not counted by {operator!r}.")
            if type(value) is not int:
                raise InvalidFilter(f"{value!r} is no number of rows.")
            compare = _BINARY[operator]
            return lambda subject: compare(count(subject), value)


def _combined(parts: list[Predicate], combine: Callable[[Iterable[bool | None]], bool | None]) -> Predicate:
    return lambda subject: combine(part(subject) for part in parts)


def _all(values: Iterable[bool | None]) -> bool | None:
    found = list(values)
    return False if False in found else (None if None in found else True)


def _any(values: Iterable[bool | None]) -> bool | None:
    found = list(values)
    return True if True in found else (None if None in found else False)


def _not(value: bool | None) -> bool | None:  # noqa: FBT001 - a truth value is what it negates
    return None if value is None else not value


def _comparison(condition: Comparison, scope: Scope) -> Predicate:
    column_type, getter = scope.resolve(condition.column)
    if condition.quantifier is None:
        test = _test(condition.operator, column_type, condition.value)
        return lambda subject: test(getter(subject))
    if not isinstance(condition.value, Sequence) or isinstance(condition.value, str):
        raise InvalidFilter(f"{condition.quantifier} takes a list of values.")
    tests = [_test(condition.operator, column_type, value) for value in condition.value]
    combine = _any if condition.quantifier == "any" else _all
    return lambda subject: combine(test(getter(subject)) for test in tests)


def _test(operator: str, column_type: ColumnType, value: Any) -> Test:
    if operator == "is":
        return _is_test(column_type, value)
    if operator == "in":
        if isinstance(value, str) or not isinstance(value, Sequence):
            raise InvalidFilter("'in' takes a list of values.")
        options = [_operand(column_type, item) for item in value]
        return lambda actual: _any(_known(_same, actual, option) for option in options)
    if operator == "isdistinct":
        operand = _operand(column_type, value)
        return lambda actual: not _same(actual, operand)
    if operator in _PATTERNS:
        return _pattern_test(operator, column_type, value)
    if operator not in _BINARY or (column_type.name == "json" and operator in ("gt", "gte", "lt", "lte")):
        raise UnknownOperator(f"This storage offers no operator {operator!r} for {column_type}.")
    if operator in ("cs", "cd", "ov") and column_type.name != "json":
        raise UnknownOperator(f"{operator!r} compares json, the column is {column_type}.")
    operand, compare = _operand(column_type, value), _BINARY[operator]
    return lambda actual: _known(compare, actual, operand)


def _known(compare: Callable[[Any, Any], bool], actual: Any, operand: Any) -> bool | None:
    return None if actual is None or operand is None else compare(actual, operand)


def _operand(column_type: ColumnType, value: Any) -> Any:
    if column_type.name in _NUMBERS and isinstance(value, int | float | Decimal) and value == value:  # noqa: PLR0124 - NaN
        return value if not isinstance(value, bool) else _refuse(column_type, value)
    try:
        return adapt(column_type, value)
    except LossyValue:
        return Decimal(value) if column_type.name in _NUMBERS else _refuse(column_type, value)
    except InvalidValue:
        return _refuse(column_type, value)


def _refuse(column_type: ColumnType, value: object) -> Any:
    raise InvalidFilter(f"{value!r} cannot be compared with a column of type {column_type}.")


def _is_test(column_type: ColumnType, value: object) -> Test:
    word = value.lower() if isinstance(value, str) else value
    if word is None or word in ("null", "unknown"):
        return lambda actual: actual is None
    if word == "not_null":
        return lambda actual: actual is not None
    truths = {True: True, False: False, "true": True, "false": False}
    if column_type.name != "boolean" or word not in truths:
        raise InvalidFilter(f"'is' cannot ask whether a column of type {column_type} is {value!r}.")
    return lambda actual: actual is truths[word]


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict | list | bool) or isinstance(b, dict | list | bool):
        return _canonical(a) == _canonical(b)
    return bool(a == b)


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


# -- patterns --------------------------------------------------------------------------------------------


def _pattern_test(operator: str, column_type: ColumnType, value: object) -> Test:
    if column_type.name != "text":
        raise UnknownOperator(f"{operator!r} compares text, the column is {column_type}.")
    if value is None:
        return lambda actual: None
    if not isinstance(value, str):
        raise InvalidFilter(f"{operator!r} takes a pattern.")
    try:
        search = _PATTERNS[operator](value)
    except re.error as error:
        raise InvalidFilter(f"{value!r} is not a regular expression: {error}.") from error
    return lambda actual: None if actual is None else search(actual) is not None


def _like(pattern: str) -> str:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    meaning = {"%": ".*", "_": "."}
    return "".join(meaning.get(part, re.escape(part[-1])) for part in parts)


_PATTERNS: dict[str, Callable[[str], Callable[[str], Any]]] = {
    "like": lambda pattern: re.compile(_like(pattern), re.DOTALL).fullmatch,
    "ilike": lambda pattern: re.compile(f"(?ai:{_like(pattern)})", re.DOTALL).fullmatch,
    "match": lambda pattern: re.compile(pattern).search,
    "imatch": lambda pattern: re.compile(pattern, re.IGNORECASE).search,
}


# -- json ------------------------------------------------------------------------------------------------


def _contains(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return all(key in a and _contains(a[key], item) for key, item in b.items())
    if isinstance(a, list):
        wanted = b if isinstance(b, list) else [b]
        return all(any(_inside(have, want) for have in a) for want in wanted)
    return not isinstance(b, list) and _same(a, b)


def _inside(have: Any, want: Any) -> bool:
    # An array contains a scalar directly, but not one that is buried in an inner array.
    return _contains(have, want) if isinstance(have, list) == isinstance(want, list) else False


def _overlaps(a: Any, b: Any) -> bool:
    if not isinstance(a, list) or not isinstance(b, list):
        return False
    return any(_same(have, want) for have in a for want in b)


_BINARY: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "neq": lambda a, b: not _same(a, b),
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "cs": _contains,
    "cd": lambda a, b: _contains(b, a),
    "ov": _overlaps,
}
