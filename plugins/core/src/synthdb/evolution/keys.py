"""Finding keys of JSON objects that could be columns."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from synthdb.evolution.pages import exact_rows, pages
from synthdb.importing.bookkeeping import Target
from synthdb_host.catalog import ColumnType, Table
from synthdb_host.inference import settle_all

__all__ = ["KeyFigures", "keys_of", "kind_of"]

_MOST_KEYS = 1_000
_TEXT = ColumnType("text")


@dataclass(slots=True)
class KeyFigures:
    """How often a key has a value, of which kinds these are, and for each kind the type that holds them."""

    values: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    types: dict[str, ColumnType | None] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The most frequent kind of value."""
        return self.kinds.most_common(1)[0][0]

    @property
    def consistency(self) -> float:
        """How many of the values are of that kind, from 0 to 1."""
        return self.kinds[self.kind] / self.values

    def add(self, values: Sequence[object]) -> None:
        """Look at more values."""
        by_kind: dict[str, list[object]] = {}
        for value in values:
            by_kind.setdefault(kind_of(value), []).append(value)
        for kind, same in by_kind.items():
            self.values += len(same)
            self.kinds[kind] += len(same)
            if self.types.get(kind) != _TEXT:
                self.types[kind] = settle_all(self.types.get(kind), same)


def keys_of(target: Target, table: Table, column: str) -> dict[str, KeyFigures]:
    """Count the keys of the objects in a json column; a null is no value. Of very many keys the first are counted."""
    found: dict[str, KeyFigures] = {}
    for rows in pages(target, table, (column,), exact_rows):
        collected: dict[str, list[object]] = {}
        for row in rows:
            if isinstance(row[column], dict):
                for key, value in row[column].items():
                    if value is not None:
                        collected.setdefault(key, []).append(value)
        for key, values in collected.items():
            if key in found or len(found) < _MOST_KEYS:
                found.setdefault(key, KeyFigures()).add(values)
    return found


def kind_of(value: object) -> str:
    """Say what kind of JSON value something is: boolean, number, text or nested."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    return "text" if isinstance(value, str) else "nested"
