"""Patterns of query parameters, so that whoever reads a document can write valid ones.

They are regular expressions that mean the same in JavaScript and in Python. They describe the plain use of each
parameter; what the grammar of requests knows beside that, embedding or aggregates, no regular expression can say.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from synthdb.openapi.types import value_pattern
from synthdb.rest.query import RESERVED
from synthdb_host.catalog import Column

__all__ = [
    "column_list",
    "condition_group",
    "condition_pattern",
    "equality_pattern",
    "order_list",
    "parameter_name",
    "select_list",
    "written",
]

_SYNTAX: Final = re.compile(r"[\^$\\.*+?()\[\]{}|/]")
_SPECIAL: Final = re.compile(r'[",.:()!{}*\\]|->|^\s|\s$')
_BARE: Final = re.compile(r"[^\W\d]\w*")
_TO_ESCAPE: Final = re.compile(r'(["\\])')

_COMPARING: Final = "eq|neq|gt|gte|lt|lte"
_ITEM: Final = r'(?:"[^"\\\u0000]*"|[^\s",.:()!{}*[\]\\\u0000]+)'
_EMPTINESS: Final = r"is\.(?:null|not_null)"
_TRUTH: Final = r"is\.(?:null|not_null|true|false|unknown)"


def written(name: str) -> str:
    """Write a column's name as it stands in lists and groups: in double quotes where it holds a special character."""
    return _quoted(name) if _SPECIAL.search(name) else name


def parameter_name(name: str) -> str:
    """Write a column's name as the parameter that filters by it."""
    return name if _BARE.fullmatch(name) and name not in RESERVED else _quoted(name)


def _quoted(name: str) -> str:
    return '"' + _TO_ESCAPE.sub(r"\\\1", name) + '"'


def condition_pattern(column: Column) -> str:
    """Give the pattern of a parameter that filters by a column."""
    return f"^{_condition(column, grouped=False)}$"


def equality_pattern(column: Column) -> str:
    """Give the pattern of a parameter that says which value a column has."""
    return rf"^eq\.{value_pattern(column.type) or '.+'}$"


def condition_group(columns: Iterable[Column]) -> str:
    """Give the pattern of ``and`` and ``or``, without groups inside groups."""
    each = "|".join(rf"{_literal(written(column.name))}\.{_condition(column, grouped=True)}" for column in columns)
    return rf"^\((?:{each})(?:,(?:{each}))*\)$"


def _condition(column: Column, *, grouped: bool) -> str:
    value = value_pattern(column.type)
    if value is None:
        return rf"(?:not\.)?{_EMPTINESS}"
    text, listed = column.type.name == "text", value
    if text:
        listed = _ITEM
        value = _ITEM if grouped else value
    tests = [
        rf"(?:{_COMPARING}|isdistinct{'|like|ilike' if text else ''})\.{value}",
        rf"in\.\({listed}(?:,{listed})*\)",
        _TRUTH if column.type.name == "boolean" else _EMPTINESS,
    ]
    return f"(?:not\\.)?(?:{'|'.join(tests)})"


def select_list(columns: Iterable[Column], embeds: Sequence[str] = ()) -> str:
    r"""Give the pattern of ``select``: columns or ``*``, then embedded rows of related tables, each once."""
    each = "|".join([r"\*", *(_literal(written(column.name)) for column in columns)])
    more = "".join(rf"(?:,{_literal(written(name))}\(\*\))?" for name in embeds)
    return f"^(?:(?:{each})(?:,(?:{each}))*{more})?$"


def order_list(columns: Iterable[Column]) -> str:
    """Give the pattern of ``order``."""
    names = "|".join(_literal(written(column.name)) for column in columns)
    term = rf"(?:{names})(?:\.(?:asc|desc))?(?:\.(?:nullsfirst|nullslast))?"
    return f"^(?:{term}(?:,{term})*)?$"


def column_list(choices: Iterable[Sequence[str]]) -> str:
    """Give the pattern of a parameter that names one of several lists of columns."""
    return f"^(?:{'|'.join(','.join(_literal(written(name)) for name in choice) for choice in choices)})$"


def _literal(text: str) -> str:
    # Only what has a meaning is escaped: in JavaScript's unicode mode a needless backslash is an error.
    return _SYNTAX.sub(r"\\\g<0>", text)
