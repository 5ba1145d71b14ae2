"""Rows of one of the states that are merged, as rows of the merged table."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb.catalog.places import Place
from synthdb.engine.versions.bases import DISPUTED, three_way
from synthdb.engine.versions.images import Row, fetch
from synthdb.engine.versions.row_merging import Side

__all__ = ["SideRows", "combined_rows", "row_at"]


def row_at(sides: dict[Place, "SideRows"], row_id: Any) -> Callable[[Place], Any]:  # noqa: ANN401 - any identity
    """Give what gives a row as each of some states has it."""
    return lambda place: sides[place].row(row_id, None)


class SideRows:
    """The rows of one state, read in chunks and given as rows of the merged table, values of dropped columns too."""

    def __init__(
        self, driver: sqlite3.Connection, merged: StoredTable, table: StoredTable | None, silent: frozenset[int]
    ) -> None:
        self._driver = driver
        self._table = table
        self._rows: dict[Any, Row] = {}
        self._columns = () if table is None else tuple(table.columns.values())
        self._side = Side(self._columns, tuple(merged.columns.values()), silent)

    @property
    def is_plain(self) -> bool:
        """Say whether the rows of this state are just as the merged table has them."""
        return self._table is not None and self._side.is_plain

    def load(self, ids: Sequence[Any]) -> None:
        """Read the rows of these identities."""
        self._rows = {} if self._table is None else fetch(self._driver, self._table, self._columns, ids)

    def row(self, row_id: Any, base: Any) -> Row | None:  # noqa: ANN401 - any identity or value
        """Give a row."""
        return self._side.read(self._rows.get(row_id), base)


def combined_rows(base: Any, a: Any, b: Any) -> Any:  # noqa: ANN401 - rows, None, or DISPUTED
    """Merge two rows of common states over their own."""
    chosen = three_way(base, a, b)
    if chosen is not DISPUTED or not isinstance(a, tuple) or not isinstance(b, tuple):
        return chosen
    old = base if isinstance(base, tuple) else (DISPUTED,) * len(a)
    return tuple(three_way(*cells) for cells in zip(old, a, b, strict=True))
