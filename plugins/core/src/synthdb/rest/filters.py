"""Conditions: one column's filter, and groups of them."""

import difflib
import re
from collections.abc import Callable

from synthdb.rest.columns import scan_column, scan_source
from synthdb.rest.limits import Limits
from synthdb.rest.operands import json_operand, scan_array, scan_list, scan_value, truth
from synthdb.rest.scanner import Scanner
from synthdb_host.errors import InvalidFilter, TooComplex, UnknownOperator
from synthdb_host.operations import (
    ALL_OPERATORS,
    Aggregate,
    And,
    ColumnRef,
    Comparison,
    Filter,
    Literal,
    Not,
    Or,
    and_all,
)

__all__ = ["condition_count", "parse_filter", "parse_group", "parse_having"]

_PLAIN_OPERATORS = frozenset({"eq", "neq", "gt", "gte", "lt", "lte"})
_PATTERNS = frozenset({"like", "ilike"})
_QUANTIFIED = _PLAIN_OPERATORS | _PATTERNS | {"match", "imatch"}
_JSON = frozenset({"cs", "cd", "ov"})
_OPERATOR = re.compile(r"(not\.)?([A-Za-z]+)(?:\(([^()]*)\))?\.")
_GROUP = re.compile(r"\s*(not\.)?(and|or)\(")

_Source = ColumnRef | Aggregate


def parse_filter(column: ColumnRef, text: str, where: str, limits: Limits) -> Filter:
    """Read ``operator.value`` as a condition on a column; the value reaches to the end and needs no quotes.

    Raises:
        InvalidFilter: it cannot be read.
        UnknownOperator: there is no such operator.
        TooComplex: a list is too long.
    """
    operator, dot, rest = text.partition(".")
    if dot and operator in _PLAIN_OPERATORS:
        return Comparison(column, operator, Literal(rest))
    scanner = Scanner(text, where, InvalidFilter)
    found = _condition(scanner, column, limits, _rest)
    scanner.end()
    return found


def _rest(scanner: Scanner) -> str:
    rest = scanner.text[scanner.position :]
    scanner.position = len(scanner.text)
    return rest


def _condition(scanner: Scanner, source: _Source, limits: Limits, read: Callable[[Scanner], str]) -> Filter:
    found = _OPERATOR.match(scanner.text, scanner.position)
    if found is None:
        scanner.fail("operator.value", hint="A condition reads like eq.5, not.is.null or in.(1,2).")
    negated, operator, argument = found.groups()
    if operator not in ALL_OPERATORS:
        raise _unknown(operator, scanner.where)
    scanner.position = found.end()
    comparison = _comparison(scanner, source, operator, argument, limits, read)
    return Not(comparison) if negated else comparison


def _comparison(
    scanner: Scanner, source: _Source, operator: str, argument: str | None, limits: Limits,
    read: Callable[[Scanner], str],
) -> Filter:  # fmt: skip
    if argument is not None:
        return _quantified(scanner, source, operator, argument, limits)
    if operator == "in":
        return Comparison(source, operator, scan_list(scanner, limits.values))
    text = read(scanner)
    if operator == "is":
        return Comparison(source, operator, truth(scanner, text))
    if operator in _PATTERNS:
        return Comparison(source, operator, Literal(text.replace("*", "%")))
    if operator in _JSON:
        return Comparison(source, operator, json_operand(text, scanner, limits.values))
    return Comparison(source, operator, Literal(text))


def _quantified(scanner: Scanner, source: _Source, operator: str, argument: str, limits: Limits) -> Comparison:
    if operator not in _QUANTIFIED or argument not in ("any", "all"):
        raise UnknownOperator(
            f"There is no operator {operator}({argument}).",
            hint="(any) and (all) go with " + ", ".join(sorted(_QUANTIFIED)) + ".",
            where=scanner.where,
        )
    values = scan_array(scanner, limits.values)
    if operator in _PATTERNS:
        values = tuple(Literal(value.replace("*", "%")) for value in values)
    return Comparison(source, operator, values, "any" if argument == "any" else "all")


def _unknown(operator: str, where: str) -> UnknownOperator:
    close = difflib.get_close_matches(operator, ALL_OPERATORS, n=1)
    hint = f"Did you mean {close[0]!r}?" if close else "The operators are " + ", ".join(ALL_OPERATORS) + "."
    return UnknownOperator(f"There is no operator {operator!r}.", hint=hint, where=where, data={"operator": operator})


# -- groups ----------------------------------------------------------------------------------------------


def parse_group(kind: str, text: str, where: str, limits: Limits) -> Filter:
    """Read the value of an ``and``, ``or``, ``not.and`` or ``not.or`` parameter, such as ``(a.eq.1,b.gt.2)``.

    Raises:
        InvalidFilter: it cannot be read; the message names the character.
        UnknownOperator: there is no such operator.
        TooComplex: it is nested too deeply, or a list is too long.
    """
    scanner = Scanner(text, where, InvalidFilter)
    scanner.expect("(")
    found = _join(kind, _items(scanner, limits, _column, 1))
    scanner.expect(")")
    scanner.end()
    return found


def parse_having(text: str, where: str, limits: Limits) -> Filter:
    """Read the having parameter: conditions on aggregates, joined by commas, with or without parentheses.

    Raises:
        InvalidFilter: it cannot be read; the message names the character.
        UnknownOperator: there is no such operator.
        TooComplex: it is nested too deeply, or a list is too long.
    """
    if text.startswith("("):
        text = f"and{text}"
    scanner = Scanner(text, where, InvalidFilter)
    found = and_all(*_items(scanner, limits, scan_source, 0))
    scanner.end()
    return found if found is not None else And(())


def _column(scanner: Scanner) -> ColumnRef:
    return scan_column(scanner)


def _items(scanner: Scanner, limits: Limits, source: Callable[[Scanner], _Source], depth: int) -> tuple[Filter, ...]:
    if depth > limits.group_depth:
        raise TooComplex(f"Conditions are nested more than {limits.group_depth} deep.", where=scanner.where)
    found = [_item(scanner, limits, source, depth)]
    while scanner.take(","):
        found.append(_item(scanner, limits, source, depth))
        if len(found) > limits.conditions:
            raise TooComplex(f"A group has more than {limits.conditions} conditions.", where=scanner.where)
    return tuple(found)


def _item(scanner: Scanner, limits: Limits, source: Callable[[Scanner], _Source], depth: int) -> Filter:
    group = _GROUP.match(scanner.text, scanner.position)
    if group is not None:
        scanner.position = group.end()
        found = _join((group[1] or "") + group[2], _items(scanner, limits, source, depth + 1))
        scanner.expect(")")
    else:
        subject = source(scanner)
        scanner.expect(".")
        found = _condition(scanner, subject, limits, scan_value)
    scanner.spaces()
    return found


def _join(kind: str, items: tuple[Filter, ...]) -> Filter:
    negated = kind.startswith("not.")
    joined = And(items) if kind.endswith("and") else Or(items)
    return Not(joined) if negated else joined


def condition_count(condition: Filter | None) -> int:
    """Count the comparisons in a condition."""
    if isinstance(condition, And | Or):
        return sum(condition_count(item) for item in condition.items)
    if isinstance(condition, Not):
        return condition_count(condition.item)
    return 0 if condition is None else 1
