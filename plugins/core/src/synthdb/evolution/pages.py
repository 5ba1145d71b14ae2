"""Going through a table page by page, in constant memory."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from synthdb.importing.bookkeeping import Target
from synthdb_host.catalog import Table
from synthdb_host.contracts import Result
from synthdb_host.operations import ColumnRef, Comparison, Filter, Order, Output, Select, and_all

__all__ = ["exact_rows", "pages", "python_rows"]

_Rows = list[dict[str, Any]]


def _number(text: str) -> float | Decimal:
    """Read a number as a float where that is the same number."""
    value = float(text)
    exact = Decimal(text)
    return value if exact == Decimal(repr(value)) else exact


_DECODER = msgspec.json.Decoder(list[dict[str, Any]], float_hook=_number)


def python_rows(result: Result) -> _Rows:
    """Give rows as values of their columns' types."""
    return result.python()


def exact_rows(result: Result) -> _Rows:
    """Give rows as JSON has them, in which no digit of a number is lost."""
    return _DECODER.decode(result.json())


def pages(
    target: Target, table: Table, columns: Sequence[str], read: Callable[[Result], _Rows], size: int = 5_000,
    where: Filter | None = None,
) -> Iterator[_Rows]:  # fmt: skip
    """Read some columns of all rows, a page behind the identity of the last row of the page before."""
    names = dict.fromkeys((table.identity, *columns))
    outputs = tuple(Output(ColumnRef(name), name) for name in names)
    order, last = (Order(ColumnRef(table.identity)),), None
    while True:
        chosen = and_all(where, last)
        rows = read(target.execute(Select(table.name, outputs, where=chosen, order=order, limit=size, ref=target.ref)))
        if rows:
            yield rows
        if len(rows) < size:
            return
        last = Comparison(ColumnRef(table.identity), "gt", rows[-1][table.identity])
