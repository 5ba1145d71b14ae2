"""Making suggested changes on a branch; what was interrupted goes on where it stopped when it is asked for again."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from synthdb.evolution.keys import kind_of
from synthdb.evolution.pages import exact_rows, pages
from synthdb.evolution.suggestion import Suggestion, is_done
from synthdb.importing.bookkeeping import Target
from synthdb_host.catalog import ColumnType, Table
from synthdb_host.errors import RequestError
from synthdb_host.operations import AddColumn, ColumnRef, Comparison, Define, Filter, Insert, OnConflict, and_all
from synthdb_host.values import adapt

__all__ = ["MovedKey", "Workplace", "apply_suggestions"]

_KINDS = {"boolean": "boolean", "integer": "number", "real": "number", "decimal": "number"}

_ROWS = 2_000
"""So many rows are one commit."""


class Workplace(Target, Protocol):
    """The branch on which changes are made."""

    def transaction(self, message: str | None = None) -> AbstractContextManager[Any]:
        """Join what is executed in a ``with`` block to one commit."""


@dataclass(frozen=True, slots=True)
class MovedKey:
    """A JSON key that became a column: how many values were copied, and how many are not of the column's type."""

    id: str
    column: str
    copied: int
    left: int


def apply_suggestions(branch: Workplace, suggestions: Sequence[Suggestion]) -> list[MovedKey]:
    """Change the schema in one commit, then copy the values of JSON keys to their columns, many rows a commit.

    What is done already is not done again. Objects keep their keys: whoever reads them goes on doing so, and the keys
    can be taken out later.

    Raises:
        RequestError: a change is refused, because rows were written that do not fit it.
    """
    catalog = branch.catalog()
    changes = tuple(change for item in suggestions for change in item.changes if not is_done(catalog, change))
    if changes:
        with branch.transaction(f"Apply {', '.join(item.id for item in suggestions)}"):
            branch.execute(Define(changes, branch.ref))
    return [_copy_key(branch, item) for item in suggestions if item.key is not None]


def _copy_key(branch: Workplace, suggestion: Suggestion) -> MovedKey:
    (change,) = suggestion.changes
    if not isinstance(change, AddColumn):
        raise TypeError(f"{suggestion.id} adds no column")
    table = branch.catalog().table(suggestion.table)
    move = _Move(table, suggestion.column, str(suggestion.key), change.column.name, change.column.type)
    copied = left = 0
    last: Filter | None = None
    while True:
        with branch.transaction(f"Copy the key {move.key!r} of {table.name} to the column {move.target!r}"):
            rows = next(pages(branch, table, move.columns, exact_rows, _ROWS, and_all(move.open, last)), [])
            written = list(move.values(rows))
            if written:
                branch.execute(move.operation(written, branch))
        copied, left = copied + len(written), left + len(rows) - len(written)
        if len(rows) < _ROWS:
            return MovedKey(suggestion.id, move.target, copied, left)
        last = Comparison(ColumnRef(table.identity), "gt", rows[-1][table.identity])


@dataclass(frozen=True, slots=True)
class _Move:
    """The values of a key of a json column, on their way to a column."""

    table: Table
    source: str
    key: str
    target: str
    type: ColumnType

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.table.key, self.source)

    @property
    def open(self) -> Filter:
        """Choose the rows that have the key and no value in the column yet."""
        has = Comparison(ColumnRef(self.source, (self.key,), as_text=True), "is", "not_null")
        return and_all(Comparison(ColumnRef(self.target), "is", None), has) or has

    def values(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[object, ...]]:
        """Give key and value of the rows whose value is one of the column's type."""
        for row in rows:
            value = row[self.source][self.key]
            if kind_of(value) == _KINDS.get(self.type.name, "text"):
                with suppress(RequestError):
                    yield (*(row[name] for name in self.table.key), adapt(self.type, value))

    def operation(self, rows: Sequence[tuple[object, ...]], branch: Target) -> Insert:
        """Write values into rows that exist; the transaction keeps others from deleting them meanwhile."""
        known = OnConflict(self.table.key, update=(self.target,))
        return Insert(self.table.name, (*self.table.key, self.target), rows, known, None, branch.ref)
