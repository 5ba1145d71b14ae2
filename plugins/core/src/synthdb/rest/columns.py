"""Columns as they are written in a request: name, JSON path, cast, aggregate."""

import re
from typing import Final, get_args

from synthdb.rest.scanner import Scanner
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import InvalidValue
from synthdb_host.operations import Aggregate, AggregateFunction, ColumnRef

__all__ = ["AGGREGATES", "result_name", "scan_aggregate", "scan_cast", "scan_column", "scan_source"]

AGGREGATES: Final[dict[str, AggregateFunction]] = {name: name for name in get_args(AggregateFunction)}
"""The aggregate functions by their name."""

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*(?:\(\s*\d+\s*(?:,\s*\d+\s*)?\))?")
_INDEX = re.compile(r"-?([0-9]+)(?=$|->|::|[.,):\s])")
_MOST_DIGITS = 9
_CALL = re.compile(r"\.([a-z_]+)\(\)")


def scan_column(scanner: Scanner, name: str | None = None) -> ColumnRef:
    """Read a column and its JSON path; ``name`` is given if it has been read already."""
    if name is None:
        name = scanner.name("a column")
    path: list[str | int] = []
    as_text = False
    while scanner.at("->"):
        if as_text:
            scanner.fail("no further step, since ->> gives text")
        scanner.position += 2
        as_text = scanner.take(">")
        path.append(_step(scanner))
    return ColumnRef(name, tuple(path), as_text) if path else ColumnRef(name)


def _step(scanner: Scanner) -> str | int:
    index = _INDEX.match(scanner.text, scanner.position)
    if index is None:
        return scanner.name("a JSON key or index")
    if len(index[1]) > _MOST_DIGITS:
        scanner.fail(f"an index of at most {_MOST_DIGITS} digits")
    scanner.position = index.end()
    return int(index[0])


def scan_cast(scanner: Scanner) -> str | None:
    """Read ``::type`` if it is next.

    Raises:
        BadRequest: there is no such type.
    """
    if not scanner.take("::"):
        return None
    start = scanner.position
    text = scanner.match(_TYPE, "a type")[0]
    try:
        return str(ColumnType.parse(text))
    except InvalidValue as error:
        scanner.position = start
        scanner.fail("a type", hint=error.hint)


def scan_aggregate(scanner: Scanner, column: ColumnRef) -> Aggregate | None:
    """Read ``.sum()`` or another aggregate of the column, and its cast, if it is next."""
    call = _CALL.match(scanner.text, scanner.position)
    if call is None:
        return None
    function = AGGREGATES.get(call[1])
    if function is None:
        scanner.position += 1
        scanner.fail("an aggregate", hint="The aggregates are " + ", ".join(AGGREGATES) + ".")
    scanner.position = call.end()
    return Aggregate(function, column, scan_cast(scanner))


def scan_source(scanner: Scanner, name: str | None = None) -> ColumnRef | Aggregate:
    """Read what an output or a having condition is about: ``count()``, a column, or an aggregate of one."""
    if name is None:
        name = scanner.name("a column")
    if name == "count" and scanner.take("()"):
        return Aggregate("count", None, scan_cast(scanner))
    column = scan_column(scanner, name)
    cast = scan_cast(scanner)
    if cast is not None:
        column = ColumnRef(column.name, column.path, column.as_text, cast)
    return scan_aggregate(scanner, column) or column


def result_name(source: ColumnRef | Aggregate) -> str:
    """Give the name that an output without an alias has: the last JSON key, the column, or the function."""
    if isinstance(source, Aggregate):
        return source.function
    for step in reversed(source.path):
        if isinstance(step, str):
            return step
    return source.name
