"""Finding a column's type from all of its values; a text seen before is not looked at again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from synthdb.importing.kinds import Digits, common_kind, is_exponent, resolve
from synthdb.importing.records import shorten
from synthdb_host.catalog import ColumnType
from synthdb_host.operations import MISSING
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN

__all__ = ["AUTO_NULLS", "ColumnScan", "Finding"]

AUTO_NULLS = frozenset({"NA", "N/A", "NULL", "null"})
"""Cells that mean no value where all others are numbers, dates, timestamps, booleans or uuids."""

_REMEMBERED = 20_000

_LineOf = Callable[[object], int]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a column was found to hold.

    ``nulls`` are the cells that mean no value. ``kinds`` are the kinds of value seen. ``notes`` say what a
    reader of the report should know.
    """

    type: ColumnType
    nullable: bool
    nulls: frozenset[str]
    kinds: frozenset[str]
    notes: tuple[str, ...] = ()


class ColumnScan:
    """Looks at all values of one column.

    With ``cells`` the values are the cells of a CSV file, of which those in ``nulls`` mean no value;
    otherwise they are JSON values.
    """

    def __init__(self, nulls: frozenset[str], *, cells: bool) -> None:
        self._nulls = nulls
        self._cells = cells
        self._seen: set[object] = set()
        self._kinds: dict[str, tuple[str, int]] = {}
        self._auto: dict[str, int] = {}
        self._digits = Digits()
        self._absent = False

    def add(self, values: Sequence[object], lines: Sequence[int]) -> None:
        """Look at more values; ``lines`` says where they stand."""

        def line_of(value: object) -> int:
            return lines[values.index(value)]

        if self._cells:
            self._add_cells(values, line_of)
        else:
            self._add_objects(values, line_of)

    def miss(self) -> None:
        """Learn that some records do not have this column."""
        self._absent = True

    def finding(self) -> Finding:
        """Say what has been found."""
        kinds, nulls, absent = dict(self._kinds), self._nulls, self._absent
        notes: list[str] = []
        if self._auto:
            if kinds and resolve(kinds, self._digits).name not in ("text", "json"):
                nulls, absent = nulls | self._auto.keys(), True
                notes.append(f"{_listed(self._auto)} is read as no value")
            else:
                kinds.setdefault("text", next(iter(self._auto.items())))
        found = resolve(kinds, self._digits)
        notes += _explained(found, kinds)
        return Finding(found, absent or not kinds, nulls, frozenset(kinds), tuple(notes))

    # -- CSV ---------------------------------------------------------------------------------------------

    def _add_cells(self, values: Sequence[object], line_of: _LineOf) -> None:
        if "text" in self._kinds:
            self._absent = self._absent or not self._nulls.isdisjoint(values)
            return
        fresh: set[Any] = set(values)
        fresh -= self._seen
        if len(self._seen) < _REMEMBERED:
            self._seen |= fresh
        if not fresh.isdisjoint(self._nulls):
            self._absent = True
            fresh -= self._nulls
        for token in fresh & AUTO_NULLS:
            self._auto.setdefault(token, line_of(token))
        self._classify(fresh - AUTO_NULLS, line_of)

    def _classify(self, texts: set[str], line_of: _LineOf) -> None:
        kind = common_kind(texts, self._digits, cells=self._cells) if texts else None
        if kind or not texts:
            self._learn(kind, next(iter(texts), ""), line_of)
            return
        exponents = {text for text in texts if self._cells and is_exponent(text, self._digits)}
        if exponents:
            self._learn("exponent", min(exponents), line_of)
            self._classify(texts - exponents, line_of)
            return
        for text in texts:
            self._learn(common_kind((text,), self._digits, cells=self._cells) or "text", text, line_of)
            if "text" in self._kinds:
                return

    def _learn(self, kind: str | None, example: object, line_of: _LineOf) -> None:
        if kind and kind not in self._kinds:
            self._kinds[kind] = str(example), line_of(example)

    # -- JSON --------------------------------------------------------------------------------------------

    def _add_objects(self, values: Sequence[object], line_of: _LineOf) -> None:
        for found in set(map(type, values)):
            if found is str:
                self._add_strings({value for value in values if isinstance(value, str)}, line_of)
            elif found is type(None) or found is type(MISSING):
                self._absent = True
            else:
                same = [value for value in values if type(value) is found]
                self._learn(self._object_kind(same), same[0], line_of)

    def _add_strings(self, texts: set[str], line_of: _LineOf) -> None:
        fresh = set() if "text" in self._kinds else texts - self._seen
        if len(self._seen) < _REMEMBERED:
            self._seen |= fresh
        self._classify(fresh, line_of)

    def _object_kind(self, values: list[object]) -> str:
        first = values[0]
        if isinstance(first, bool):
            return "boolean"
        if isinstance(first, dict | list):
            return "json"
        if isinstance(first, bytes):
            return "bytes"
        return self._number_kind([value for value in values if isinstance(value, int | float | Decimal)])

    def _number_kind(self, values: Sequence[int | float | Decimal]) -> str:
        if not isinstance(values[0], int):
            self._measure(values)
            return "real" if isinstance(values[0], float) else "decimal"
        low, high = int(min(values)), int(max(values))
        self._digits.integer = max(self._digits.integer, len(str(max(high, -low))))
        return "integer" if low >= INTEGER_MIN and high <= INTEGER_MAX else "decimal"

    def _measure(self, values: Sequence[int | float | Decimal]) -> None:
        for value in values:
            exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            exponent = exact.as_tuple().exponent
            self._digits.whole = max(self._digits.whole, exact.adjusted() + 1)
            self._digits.scale = max(self._digits.scale, -exponent if isinstance(exponent, int) else 0)


def _listed(tokens: dict[str, int]) -> str:
    return ", ".join(repr(token) for token in sorted(tokens))


def _explained(found: ColumnType, kinds: dict[str, tuple[str, int]]) -> list[str]:
    notes = []
    if found.name == "timestamp" and "naive" in kinds:
        notes.append("times without a zone are taken as UTC")
    if found.name == "text" and len(kinds) > 1:
        seen = ", ".join(f"{shorten(example)} (line {line})" for example, line in kinds.values())
        notes.append(f"text, because it holds {seen}")
    return notes
