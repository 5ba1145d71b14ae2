"""Combining the rows of a table: identity by identity, cell by cell."""

from typing import Any

from synthdb_host.merge_reports import OpenConflict
from synthdb_memory.combining_schema import Match, converted
from synthdb_memory.normal import Cells, PlainColumn, PlainTable
from synthdb_memory.settling import CONFLICT, UNFIT, UNKNOWN, Decide, jsonable, settle

__all__ = ["RowCombiner", "key_of", "shown"]

_Rows = tuple[Any, Any, Any]


def shown(table: PlainTable, cells: Any) -> Any:
    """Give a row as an object."""
    if cells is None or cells is UNKNOWN:
        return None
    return {column.name: jsonable(cells[column.number], column.properties["type"]) for column in table.live}


def key_of(table: PlainTable, cells: Cells) -> tuple[Any, ...]:
    """Give the values that a row is called by."""
    kinds = {column.number: column.properties["type"] for column in table.columns}
    return tuple(jsonable(cells[number], kinds[number]) for number in table.key)


class RowCombiner:
    """Combines rows, and collects what is in conflict."""

    def __init__(self, decide: Decide, *, virtual: bool) -> None:
        self._decide, self._virtual = decide, virtual
        self.conflicts: list[OpenConflict] = []

    def rows(
        self,
        table: PlainTable,
        matches: list[Match],
        base: PlainTable | None,
        ours: PlainTable | None,
        theirs: PlainTable | None,
    ) -> dict[Any, Cells]:
        """Combine all rows of a table."""
        sides = [side.rows if side else {} for side in (base, ours, theirs)]
        combined: dict[Any, Any] = {}
        for identity in dict.fromkeys((*sides[1], *sides[2], *sides[0])):
            found = _aligned(matches, *(side.get(identity) for side in sides))
            row = self._row(table, matches, found)
            if row is not None:
                combined[identity] = row if row is UNKNOWN else row | _hidden(matches, found[1])
        return combined

    def kept(self, matches: list[Match], ours: dict[Any, Cells]) -> dict[Any, Cells]:
        """Give the rows of a table that is dropped: they stay as they are."""
        return {identity: _aligned(matches, None, row, None)[1] for identity, row in ours.items()}

    def _row(self, table: PlainTable, matches: list[Match], rows: _Rows) -> Any:
        base, ours, theirs = rows
        if ours is None and theirs is None:
            return None
        whole = self._conflict(table, rows)
        choice = self._decide(whole)
        if choice is not None:
            return theirs if choice.choice == "theirs" else ours
        if ours is not None and theirs is not None:
            return {m.result.number: self._cell(table, m, rows) for m in matches}
        here = ours if theirs is None else theirs
        if base is None and not any(value is UNFIT for value in here.values()):
            return here
        if base is not None and base is not UNKNOWN and all(base[n] == here[n] for n in _compared(matches)):
            return None
        self.conflicts.append(whole)
        return UNKNOWN if self._virtual else ours

    def _cell(self, table: PlainTable, match: Match, rows: _Rows) -> Any:
        number = match.result.number
        base, ours, theirs = (UNKNOWN if row is None or row is UNKNOWN else row[number] for row in rows)
        if not match.result.is_live or match.is_open:
            return ours
        found = settle(base, ours, theirs)
        if found is not CONFLICT and found is not UNFIT:
            return found
        conflict = self._conflict(table, rows, match.result)
        choice = self._decide(conflict)
        if choice is None:
            self.conflicts.append(conflict)
            return UNKNOWN if self._virtual else ours
        return {"ours": ours, "theirs": theirs, "value": choice.value}[choice.choice]

    @staticmethod
    def _conflict(table: PlainTable, rows: _Rows, column: PlainColumn | None = None) -> OpenConflict:
        key = key_of(table, next(row for row in (rows[1], rows[2], rows[0]) if row is not None and row is not UNKNOWN))
        if column is None:
            return OpenConflict(table.name, key, None, "row", *(shown(table, row) for row in rows))
        kind, number = column.properties["type"], column.number
        base, ours, theirs = (None if row is None or row is UNKNOWN else jsonable(row[number], kind) for row in rows)
        return OpenConflict(table.name, key, column.name, "cell", base, ours, theirs)


def _hidden(matches: list[Match], ours: Any) -> Cells:
    """Give the values of dropped columns: a row of ours keeps them, one that is new has none."""
    gone = [match.result.number for match in matches if not match.result.is_live]
    return {number: None if ours is None else ours[number] for number in gone}


def _compared(matches: list[Match]) -> list[int]:
    return [match.result.number for match in matches if match.result.is_live and not match.is_open]


def _aligned(matches: list[Match], base: Any, ours: Any, theirs: Any) -> _Rows:
    """Give the three rows with the columns and types of the result."""
    return (
        _row_as(matches, base, [match.base for match in matches], base),
        _row_as(matches, ours, [match.ours for match in matches], base),
        _row_as(matches, theirs, [match.theirs for match in matches], base),
    )


def _row_as(matches: list[Match], row: Any, columns: list[PlainColumn | None], base: Any) -> Any:
    if row is None or row is UNKNOWN:
        return row
    return {m.result.number: _value(m, row, column, base) for m, column in zip(matches, columns, strict=True)}


def _value(match: Match, row: Any, column: PlainColumn | None, base: Any) -> Any:
    """Give a cell; a column that the state never had counts as its default, one dropped there as unchanged."""
    target = match.result.properties["type"]
    is_lost = column is None or not column.is_live
    if is_lost and match.base is not None and base is not None and base is not UNKNOWN and match.result.is_live:
        row, column = base, match.base
    if column is None:
        return match.result.properties["default"]
    return converted(row[column.number], column.properties["type"], target)
