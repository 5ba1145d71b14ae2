"""Merging the rows of one table over their base: row by row, and where both sides changed a row, cell by cell."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.versions.alignment import UNFIT, reading_of
from synthdb.engine.versions.bases import DISPUTED, three_way
from synthdb.engine.versions.images import Row
from synthdb.engine.versions.results import Cell, Shown
from synthdb_host.versions import OpenConflict

__all__ = ["MergedRows", "Side", "merge_rows"]

_Decide = Callable[[OpenConflict], tuple[str | None, Any]]
"""Gives what was decided on a conflict, and the value if a value was."""


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


@dataclass(slots=True)
class MergedRows:
    """What becomes of rows: written with new values, or deleted; and on what the sides disagree."""

    written: dict[Any, Row] = field(default_factory=dict)
    deleted: list[Any] = field(default_factory=list)
    conflicts: list[OpenConflict] = field(default_factory=list)


class _Merging:
    def __init__(self, table: StoredTable, decide: _Decide) -> None:
        self._table = table
        self._shown = Shown(table)
        self._decide = decide
        self.found = MergedRows()

    def row(self, row_id: Any, base: Any, ours: Row | None, theirs: Row | None) -> None:  # noqa: ANN401 - any identity or value
        if ours == theirs or base == theirs:  # noqa: PLR1714 - see three_way
            return
        fits = theirs is None or UNFIT not in theirs
        chosen = theirs if base == ours and fits else self._both(base, ours, theirs)
        if chosen == ours:
            return
        if chosen is None:
            self.found.deleted.append(row_id)
        else:
            self.found.written[row_id] = chosen

    def _both(self, base: Any, ours: Row | None, theirs: Row | None) -> Row | None:  # noqa: ANN401 - any identity or value
        """Decide on a row that both sides changed."""
        if ours is None or theirs is None:
            old, own, new = (_image(self._shown, row) for row in (base, ours, theirs))
            key = self._key(ours or theirs or ())
            conflict = OpenConflict(self._table.name, key, None, "row", old, own, new)
            choice, _ = self._ask(conflict)
            return theirs if choice == "theirs" else ours
        if base is DISPUTED or base is None:
            base = (DISPUTED,) * len(ours)
        columns = self._shown.columns
        cells = [self._cell(ours, column, values) for column, *values in zip(columns, base, ours, theirs, strict=True)]
        return tuple(cells)

    def _cell(self, row: Row, column: StoredColumn, values: Sequence[Any]) -> Any:  # noqa: ANN401 - stored
        chosen = three_way(*values)
        if chosen is not DISPUTED and chosen is not UNFIT:
            return chosen
        ours, theirs = values[1:]
        old, own, new = (_value(column, value) for value in values)
        conflict = OpenConflict(self._table.name, self._key(row), column.name, "cell", old, own, new)
        choice, value = self._ask(conflict)
        if choice == "value":
            return column.codec.encode(value)
        return theirs if choice == "theirs" and theirs is not UNFIT else ours

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(self._shown.key(row).json())

    def _ask(self, conflict: OpenConflict) -> tuple[str | None, Any]:
        choice, value = self._decide(conflict)
        if choice is None:
            self.found.conflicts.append(conflict)
        return choice, value


def _value(column: StoredColumn, stored: object) -> object:
    return None if stored is DISPUTED or stored is UNFIT else Cell(column, stored).json()


def _image(shown: Shown, row: Any) -> object:  # noqa: ANN401 - a row, None or DISPUTED
    image = shown.image(row) if isinstance(row, tuple) and UNFIT not in row and DISPUTED not in row else None
    return None if image is None else image.json()


def merge_rows(
    table: StoredTable,
    rows: Iterator[tuple[Any, Any, Row | None, Row | None]],
    decide: _Decide,
) -> MergedRows:
    """Merge rows, each given as identity, base, ours and theirs, in the order of the table's columns."""
    merging = _Merging(table, decide)
    for row_id, base, ours, theirs in rows:
        merging.row(row_id, base, ours, theirs)
    return merging.found
