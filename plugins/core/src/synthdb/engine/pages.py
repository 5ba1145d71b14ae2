"""Pages of the past: the first rows, in the order of their identity, of a place that needs the history.

One statement over all parts of such a place would look through the history for a first row, however far away that is,
even where there is none. So the page is read without the history first. Its last row says how far the history
matters, which is then looked at up to there.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, Final

from synthdb.catalog.layering import Part
from synthdb.catalog.model import StoredCatalog
from synthdb.engine.plans import RowsPlan
from synthdb.engine.selects import compile_rows
from synthdb.engine.shapes import layout_of, size_of
from synthdb_host.contracts import Result, TableRestriction
from synthdb_host.encoding import RowEncoder
from synthdb_host.operations import ColumnRef, Comparison, Order, Select, and_all
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN

__all__ = ["PagePlan", "compile_page"]

_ENDS: Final = {False: INTEGER_MAX, True: INTEGER_MIN}
"""Where the order ends, by whether it is descending."""


class PagePlan:
    """A compiled select of a page.

    Args:
        present: reads the page without the history.
        past: reads that of the history; ``edge`` is the index of the value up to which it does.
        limit: the index of the limit among the values of ``present``.
        place: where in the rows as they are fetched their identity is.
        descending: whether the order is.
    """

    def __init__(
        self, present: RowsPlan, past: RowsPlan, edge: int, limit: int, place: int, *, descending: bool
    ) -> None:
        self._present = present
        self._past = past
        self._edge = edge
        self._limit = limit
        self._identity = itemgetter(place)
        self._descending = descending
        self._encoder = RowEncoder(present.columns)

    def run(self, connection: sqlite3.Connection, values: Sequence[object]) -> Result:
        """Read with these values; raises as :meth:`synthdb.engine.plans.Plan.run` does."""
        rows = self._present.fetch(connection, values)
        limit: Any = values[self._limit]
        edge = self._identity(rows[-1]) if rows and len(rows) == limit else _ENDS[self._descending]
        older = self._past.fetch(connection, [*values[: self._edge], edge, *values[self._edge :]])
        if older:
            rows = sorted([*rows, *older], key=self._identity, reverse=self._descending)[:limit]
        return Result(self._encoder, self._present.finish(connection, rows, values))


def compile_page(
    catalog: StoredCatalog, select: Select, restrictions: Mapping[str, TableRestriction]
) -> PagePlan | None:
    """Compile a select if it asks for such a page, else give None.

    Raises:
        RequestError: the select does not fit the catalog.
    """
    order = _order_of(catalog, select, restrictions)
    if order is None:
        return None
    upto = Comparison(order.column, "gte" if order.descending else "lte", 0)
    present, (place,) = compile_rows(_part(catalog, select.table, "present"), select, restrictions)
    older = replace(select, where=and_all(select.where, upto))
    past, _ = compile_rows(_part(catalog, select.table, "past"), older, restrictions)
    edge, limit = size_of(select.where), layout_of(select).limit
    return PagePlan(present, past, edge, limit, place, descending=order.descending)


def _order_of(catalog: StoredCatalog, select: Select, restrictions: Mapping[str, TableRestriction]) -> Order | None:
    """Give the order of a page of the past, None if this is none."""
    table = catalog.tables.get(select.table)
    if table is None or not table.is_past or select.limit is None or len(select.order) > 1:
        return None
    identity = ColumnRef(table.table.identity)
    order = select.order[0] if select.order else Order(identity)
    hidden = restrictions[select.table].hidden if select.table in restrictions else frozenset()
    plain = all(isinstance(output.source, ColumnRef) for output in select.outputs) and not (
        select.embeds or select.having or select.offset or select.count or select.bare or select.versions
        or select.positioned or select.after
    )  # fmt: skip
    known = table.identity.codec.type.name == "integer" and identity.name not in hidden
    return order if plain and known and order.column == identity and order.embed is None else None


def _part(catalog: StoredCatalog, name: str, part: Part) -> StoredCatalog:
    return replace(catalog, tables={**catalog.tables, name: replace(catalog.tables[name], part=part)})
