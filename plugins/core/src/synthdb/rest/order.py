"""The order parameter."""

import re
from typing import Literal

from synthdb.rest.columns import scan_column
from synthdb.rest.limits import Limits
from synthdb.rest.scanner import Scanner
from synthdb_host.errors import InvalidParameter, TooComplex
from synthdb_host.operations import ColumnRef, Order

__all__ = ["parse_order"]

_PLAIN = re.compile(r"[^\W\d]\w*(?:\.(?:asc|desc))?(?:,[^\W\d]\w*(?:\.(?:asc|desc))?){0,20}")
_WORD = re.compile(r"[A-Za-z]+")
_NULLS: dict[str, Literal["first", "last"]] = {"nullsfirst": "first", "nullslast": "last"}


def parse_order(text: str, where: str, limits: Limits) -> tuple[Order, ...]:
    """Read ``column.desc.nullslast,embed(column)``.

    Raises:
        InvalidParameter: it cannot be read; the message names the character.
        TooComplex: it is too long.
    """
    if not text:
        return ()
    if _PLAIN.fullmatch(text):
        terms = [term.partition(".") for term in text.split(",")]
        return tuple([Order(ColumnRef(name), direction == "desc") for name, _, direction in terms])
    scanner = Scanner(text, where, InvalidParameter)
    found = [_term(scanner)]
    while scanner.take(","):
        found.append(_term(scanner))
        if len(found) > limits.items:
            raise TooComplex(f"More than {limits.items} sort keys.", where=where)
    scanner.end()
    return tuple(found)


def _term(scanner: Scanner) -> Order:
    name = scanner.name("a column")
    embed: str | None = None
    if scanner.take("("):
        embed, column = name, scan_column(scanner)
        scanner.expect(")")
    else:
        column = scan_column(scanner, name)
    return _directed(scanner, column, embed)


def _directed(scanner: Scanner, column: ColumnRef, embed: str | None) -> Order:
    descending = False
    nulls: Literal["first", "last"] | None = None
    seen_direction = False
    while nulls is None and scanner.take("."):
        start = scanner.position
        word = scanner.match(_WORD, "asc, desc, nullsfirst or nullslast")[0]
        if word in ("asc", "desc") and not seen_direction:
            descending, seen_direction = word == "desc", True
        elif word in _NULLS:
            nulls = _NULLS[word]
        else:
            scanner.position = start
            scanner.fail("asc, desc, nullsfirst or nullslast")
    scanner.spaces()
    return Order(column, descending, nulls, embed)
