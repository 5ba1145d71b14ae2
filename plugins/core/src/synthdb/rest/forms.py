"""Forms: requests that differ only in the values they compare with.

A form is a request with holes where those values stand. It is read, bound and kept once; a request of the form
then costs only putting its values in.
"""

import re
from collections.abc import Sequence
from typing import Final

from synthdb_host.operations import And, Comparison, Filter, Literal, Not, Or, Select

__all__ = ["HOLE", "filled", "form_of", "key_form", "without_cursor"]

HOLE: Final = "\0"
"""Begins a hole, followed by its number; no address holds this character."""

_VALUE = re.compile(
    r"((?:^|&)(?!(?:select|columns|on_conflict|on_conflict_update|order|limit|offset|and|or|having|cursor)=)"
    r"[A-Za-z_][A-Za-z0-9_]*=(?:eq|neq|gt|gte|lt|lte)\.)([^&%+\0]*)(?=&|$)"
)
_CURSOR = re.compile(r"(?:^|&)cursor=([^&]*)")
_KEY = re.compile(rb"(.*/)([A-Za-z0-9_.~-]+)")


def form_of(query: str) -> tuple[str, list[str]]:
    """Split a raw query string into its form and its values.

    Only plain comparisons of columns with values that need no decoding have their values taken out.
    """
    values: list[str] = []
    if not query or HOLE in query:
        return query, values

    def hole(found: re.Match[str]) -> str:
        values.append(found[2])
        return f"{found[1]}{HOLE}{len(values) - 1}"

    return _VALUE.sub(hole, query), values


def without_cursor(query: str) -> tuple[str, str | None]:
    """Split a raw query string into all but its cursor, and the cursor, with which each page of a walk differs."""
    found = _CURSOR.search(query) if "cursor=" in query else None
    if found is None:
        return query, None
    return (query[: found.start()] + query[found.end() :]).removeprefix("&"), found[1]


def key_form(path: bytes) -> tuple[bytes, str] | None:
    """Split a raw path that ends with a key into the path with a hole and the key; None: it needs decoding."""
    found = _KEY.fullmatch(path)
    return (found[1] + HOLE.encode(), found[2].decode()) if found else None


def filled(select: Select, values: Sequence[str]) -> Select:
    """Put values into the holes of a select's condition."""
    where = None if select.where is None else _filled(select.where, values)
    return Select(
        select.table, select.outputs, select.embeds, where, select.having, select.order, select.limit, select.offset,
        select.count, select.ref, select.bare, select.versions, select.known, select.positioned,
    )  # fmt: skip


def _filled(item: Filter, values: Sequence[str]) -> Filter:
    if isinstance(item, Comparison):
        value = item.value
        if isinstance(value, Literal) and value[:1] == HOLE:
            return Comparison(item.column, item.operator, Literal(values[int(value[1:])]), item.quantifier)
        return item
    if isinstance(item, And):
        return And(tuple([_filled(part, values) for part in item.items]))
    if isinstance(item, Or):
        return Or(tuple([_filled(part, values) for part in item.items]))
    return Not(_filled(item.item, values)) if isinstance(item, Not) else item
