"""Merging the rows of one table over their base: row by row, and where both sides changed a row, cell by cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.versions.alignment import UNFIT, reading_of
from synthdb.engine.versions.bases import DISPUTED, three_way
from synthdb.engine.versions.images import Row
from synthdb.engine.versions.results import Cell, Shown
from synthdb_host.merge_reports import OpenConflict

__all__ = ["MergedRows", "RowImages", "Side", "Sides", "key_of", "merge_rows", "row_images"]

_Decide = Callable[[OpenConflict], tuple[str | None, Any]]
"""Gives what was decided on a conflict, and the value if a value was."""

RowImages = tuple[Any, Any, Any]
"""A row as base, ours and theirs have it: plain values by column name, None where there is none."""

_DecideRow = Callable[[tuple[Any, ...], RowImages], str | None]
"""Gives what was decided on a whole row, by its key and its images."""


class Side:
    """How one state's rows are read as rows of the merged table.

    Args:
        source: the columns of that state.
        target: the columns of the merged table.
        dropped: the roots of those of its columns that the state has dropped: they say nothing, and count as unchanged.
    """

    def __init__(
        self, source: Sequence[StoredColumn], target: Sequence[StoredColumn], dropped: frozenset[int] = frozenset()
    ) -> None:
        self._reading = reading_of(source, target)
        self._silent = tuple(place for place, column in enumerate(target) if column.root in dropped)

    @property
    def is_plain(self) -> bool:
        """Say whether the state has rows just as the merged table has them."""
        return self._reading.is_plain and not self._silent

    def read(self, row: Row | None, base: object) -> Row | None:
        """Give a row as the merged table has it; ``base`` is what the columns say that this state has dropped."""
        if row is None:
            return None
        found = self._reading(row)
        if not self._silent or not isinstance(base, tuple):
            return found
        cells = list(found)
        for place in self._silent:
            cells[place] = base[place]
        return tuple(cells)


Sides = tuple[Any, Row | None, Row | None]
"""A row as base, ours and theirs have it, in the order of the merged table's columns."""


@dataclass(slots=True)
class MergedRows:
    """What becomes of rows: written with new values, or deleted; ``sides`` are what those were.

    A conflict has its row beside it: what base, ours and theirs have, as plain values.
    """

    written: dict[Any, Row] = field(default_factory=dict)
    deleted: list[Any] = field(default_factory=list)
    sides: dict[Any, Sides] = field(default_factory=dict)
    conflicts: list[tuple[OpenConflict, RowImages]] = field(default_factory=list)


class _Merging:
    def __init__(self, table: StoredTable, decide: _Decide, decide_row: _DecideRow | None) -> None:
        self._table = table
        self._shown = Shown(table)
        self._decide = decide
        self._decide_row = decide_row
        self.found = MergedRows()

    def row(self, row_id: Any, sides: Sides, stored: Row | None) -> None:  # noqa: ANN401 - any identity
        base, ours, theirs = sides
        is_ours = ours == theirs or base == theirs  # noqa: PLR1714 - see three_way
        chosen = ours if is_ours else self._chosen(sides)
        if chosen == stored:
            return
        self.found.sides[row_id] = sides
        if chosen is None:
            self.found.deleted.append(row_id)
        else:
            self.found.written[row_id] = chosen

    def _chosen(self, sides: Sides) -> Row | None:
        base, ours, theirs = sides
        fits = theirs is None or UNFIT not in theirs
        choice = self._decide_row(self._key(sides), row_images(self._shown, sides)) if self._decide_row else None
        if choice is not None:
            return theirs if choice == "theirs" and fits else ours
        return theirs if base == ours and fits else self._both(sides)

    def _both(self, sides: Sides) -> Row | None:
        """Decide on a row that both sides changed."""
        base, ours, theirs = sides
        if ours is None or theirs is None:
            images = row_images(self._shown, sides)
            conflict = OpenConflict(self._table.name, self._key(sides), None, "row", *images)
            return theirs if self._ask(conflict, sides)[0] == "theirs" else ours
        if base is DISPUTED or base is None:
            base = (DISPUTED,) * len(ours)
        columns = self._shown.columns
        return tuple(self._cell(sides, *cell) for cell in zip(columns, base, ours, theirs, strict=True))

    def _cell(self, sides: Sides, column: StoredColumn, base: Any, ours: Any, theirs: Any) -> Any:  # noqa: ANN401 - stored
        chosen = three_way(base, ours, theirs)
        if chosen is not DISPUTED and chosen is not UNFIT:
            return chosen
        old, own, new = (_value(column, value) for value in (base, ours, theirs))
        conflict = OpenConflict(self._table.name, self._key(sides), column.name, "cell", old, own, new)
        choice, value = self._ask(conflict, sides)
        if choice == "value":
            return column.codec.encode(value)
        return theirs if choice == "theirs" and theirs is not UNFIT else ours

    def _key(self, sides: Sides) -> tuple[Any, ...]:
        return key_of(self._shown, sides)

    def _ask(self, conflict: OpenConflict, sides: Sides) -> tuple[str | None, Any]:
        choice, value = self._decide(conflict)
        if choice is None:
            self.found.conflicts.append((conflict, row_images(self._shown, sides)))
        return choice, value


def key_of(shown: Shown, sides: Sides) -> tuple[Any, ...]:
    """Give the key of a row, as the first side that has it calls it: ours, theirs, base."""
    base, ours, theirs = sides
    return shown.plain_key(ours or theirs or base)


def row_images(shown: Shown, sides: Sides) -> RowImages:
    """Give a row as base, ours and theirs have it, as plain values; None where it is absent or not to be told."""
    base, ours, theirs = (_image(shown, row) for row in sides)
    return base, ours, theirs


def _image(shown: Shown, row: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a row, None or DISPUTED
    if not isinstance(row, tuple):
        return None
    return {column.name: _value(column, value) for column, value in zip(shown.columns, row, strict=True)}


def _value(column: StoredColumn, stored: object) -> object:
    return None if stored is DISPUTED or stored is UNFIT else Cell(column, stored).plain()


def merge_rows(
    table: StoredTable,
    rows: Iterator[tuple[Any, Sides, Row | None]],
    decide: _Decide,
    decide_row: _DecideRow | None,
) -> MergedRows:
    """Merge rows, each given as its identity, the three sides, and what ours has stored.

    That is not what ours says where it had dropped a column that is back now: it is silent on that column.
    """
    merging = _Merging(table, decide, decide_row)
    for row_id, sides, stored in rows:
        merging.row(row_id, sides, stored)
    return merging.found
