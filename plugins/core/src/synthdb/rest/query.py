"""The query string: what its parameters say about the table and about each embed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from synthdb.rest.columns import scan_column
from synthdb.rest.filters import condition_count, parse_filter, parse_group, parse_having
from synthdb.rest.limits import Limits
from synthdb.rest.order import parse_order
from synthdb.rest.scanner import Scanner
from synthdb.rest.selection import Selection, parse_select
from synthdb_host.errors import InvalidFilter, InvalidParameter, TooComplex
from synthdb_host.operations import ColumnRef, Filter, Order

__all__ = ["RESERVED", "Level", "Query", "decode", "parse_query"]

RESERVED: Final = frozenset(
    {
        "select",
        "columns",
        "on_conflict",
        "on_conflict_update",
        "order",
        "limit",
        "offset",
        "and",
        "or",
        "having",
        "cursor",
    }
)
"""Parameters with a meaning of their own; a column of such a name is quoted: ``"order"=eq.1``."""

_SIMPLE = re.compile(r"[^\W\d]\w*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NUMBER = re.compile(r"[0-9]{1,18}")
_SHORTEST = len("a.eq.,")
_GROUPS = frozenset({"and", "or"})


@dataclass(slots=True)
class Level:
    """What the parameters say about the table itself or about one embed."""

    where: list[Filter] = field(default_factory=list)
    having: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0


@dataclass(slots=True)
class Query:
    """A query string, read. ``embeds`` are by the path of names that leads to them."""

    selection: Selection | None = None
    root: Level = field(default_factory=Level)
    embeds: dict[tuple[str, ...], Level] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] = ()
    on_conflict_update: tuple[str, ...] | None = None

    def level(self, path: tuple[str, ...]) -> Level:
        """Give the level of an embed, or with an empty path of the table itself, for writing to."""
        return self.embeds.setdefault(path, Level()) if path else self.root


def decode(text: str, where: str) -> str:
    """Undo percent-encoding.

    Raises:
        InvalidParameter: it is not percent-encoded UTF-8.
    """
    if "%" not in text:
        return text
    if _BAD_ESCAPE.search(text):
        raise InvalidParameter("A percent sign is not followed by two hexadecimal digits.", where=where)
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise InvalidParameter("Percent-encoded text is not UTF-8.", where=where) from error


def parse_query(text: str, limits: Limits) -> Query:
    """Read a raw query string.

    Raises:
        BadRequest: a parameter cannot be read; ``where`` names it.
    """
    query = Query()
    for part in text.split("&") if text else ():
        name, _, value = part.replace("+", " ").partition("=")
        if part:
            name = decode(name, "query string")
            _assign(query, name, decode(value, f"query parameter {name!r}"), limits)
    if len(text) > limits.conditions * _SHORTEST:
        _check_size(query, limits)
    return query


def _check_size(query: Query, limits: Limits) -> None:
    levels = (query.root, *query.embeds.values()) if query.embeds else (query.root,)
    count = sum(condition_count(item) for level in levels for item in (*level.where, level.having))
    if count > limits.conditions:
        raise TooComplex(f"The request has {count} conditions; it may have {limits.conditions}.", where="query string")


def _assign(query: Query, name: str, value: str, limits: Limits) -> None:
    where = f"query parameter {name!r}"
    if name not in RESERVED and _SIMPLE.fullmatch(name):
        query.root.where.append(parse_filter(ColumnRef(name), value, where, limits))
    elif name in _LEVEL:
        _LEVEL[name](query.root, value, where, limits, name)
    elif name in _ROOT:
        _ROOT[name](query, value, where, limits)
    else:
        _assign_path(query, Scanner(name, where, InvalidFilter), value, limits)


def _assign_path(query: Query, scanner: Scanner, value: str, limits: Limits) -> None:
    path: list[str] = []
    words: list[bool] = []
    while True:
        scanner.spaces()
        words.append(not scanner.at('"'))
        path.append(scanner.name("a column"))
        if not scanner.take("."):
            break
    last = path.pop()
    if words.pop() and last in _LEVEL:
        negated = last in _GROUPS and bool(words) and words[-1] and path[-1] == "not"
        if negated:
            path.pop()
        scanner.end()
        kind = f"not.{last}" if negated else last
        _LEVEL[last](query.level(tuple(path)), value, scanner.where, limits, kind)
        return
    column = scan_column(scanner, last)
    scanner.end()
    query.level(tuple(path)).where.append(parse_filter(column, value, scanner.where, limits))


# -- parameters of the request --------------------------------------------------------------------------


def _names(text: str, where: str) -> tuple[str, ...]:
    scanner = Scanner(text, where, InvalidParameter)
    found = [scanner.name("a column")]
    while scanner.take(","):
        found.append(scanner.name("a column"))
    scanner.end()
    return tuple(dict.fromkeys(found))


def _select(query: Query, value: str, _where: str, limits: Limits) -> None:
    query.selection = parse_select(value, limits)


def _columns(query: Query, value: str, where: str, _limits: Limits) -> None:
    query.columns = _names(value, where)


def _on_conflict(query: Query, value: str, where: str, _limits: Limits) -> None:
    query.on_conflict = _names(value, where)


def _on_conflict_update(query: Query, value: str, where: str, _limits: Limits) -> None:
    query.on_conflict_update = _names(value, where)


def _cursor(_query: Query, _value: str, where: str, _limits: Limits) -> None:
    # One was taken out of the query string before it was read.
    raise InvalidParameter("There is one cursor at most, and its name is not percent-encoded.", where=where)


_ROOT: Final[Mapping[str, Callable[[Query, str, str, Limits], None]]] = {
    "select": _select,
    "columns": _columns,
    "on_conflict": _on_conflict,
    "on_conflict_update": _on_conflict_update,
    "cursor": _cursor,
}


# -- parameters of a level -------------------------------------------------------------------------------


def _order(level: Level, value: str, where: str, limits: Limits, _kind: str) -> None:
    level.order = parse_order(value, where, limits)


def _limit(level: Level, value: str, where: str, _limits: Limits, _kind: str) -> None:
    level.limit = _natural(value, where)


def _offset(level: Level, value: str, where: str, _limits: Limits, _kind: str) -> None:
    level.offset = _natural(value, where)


def _group(level: Level, value: str, where: str, limits: Limits, kind: str) -> None:
    level.where.append(parse_group(kind, value, where, limits))


def _having(level: Level, value: str, where: str, limits: Limits, _kind: str) -> None:
    level.having = parse_having(value, where, limits)


def _natural(value: str, where: str) -> int:
    if not _NUMBER.fullmatch(value):
        raise InvalidParameter(f"Expected a number of rows, found {value[:40]!r}.", where=where)
    return int(value)


_LEVEL: Final[Mapping[str, Callable[[Level, str, str, Limits, str], None]]] = {
    "order": _order,
    "limit": _limit,
    "offset": _offset,
    "and": _group,
    "or": _group,
    "having": _having,
}
