"""A suggestion: what could be changed, why, and with which schema changes."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from synthdb_host.catalog import Catalog, Column, ColumnType, Index
from synthdb_host.operations import MISSING, AddColumn, AddIndex, AlterColumn, DropColumn

__all__ = ["SuggestedChange", "Suggestion", "SuggestionKind", "is_done"]

SuggestedChange = AddColumn | AddIndex | AlterColumn | DropColumn

SuggestionKind = Literal["unused", "constant", "type", "index", "key"]
"""A column without values; with one value only; whose values fit a narrower type; that is searched without an index;
and a key of JSON objects that could be a column."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What could be changed about a column.

    ``reason`` says why, ``figures`` are the numbers behind it, ``changes`` the schema changes that make it. ``key`` is
    the JSON key whose values a new column takes.
    """

    kind: SuggestionKind
    table: str
    column: str
    reason: str
    figures: Mapping[str, Any]
    changes: tuple[SuggestedChange, ...]
    key: str | None = None

    @property
    def id(self) -> str:
        """What the suggestion is called; it stays the same as long as the suggestion does."""
        return f"{self.kind}:{self.table}.{self.column}" + (f".{self.key}" if self.key is not None else "")

    def in_words(self) -> list[str]:
        """Say what the changes do."""
        words = [_words(change) for change in self.changes]
        return words if self.key is None else [f"{words[0]} with the values of {self.column}.{self.key}"]

    def as_dict(self) -> dict[str, Any]:
        """Describe the suggestion in JSON's terms."""
        return {
            "id": self.id,
            "kind": self.kind,
            "table": self.table,
            "column": self.column,
            "key": self.key,
            "reason": self.reason,
            "figures": dict(self.figures),
            "changes": [_described(item) for item in self.changes],
        }


def is_done(catalog: Catalog, change: SuggestedChange) -> bool:
    """Say whether a schema is already as a change would make it."""
    table = catalog.table(change.table)
    match change:
        case AlterColumn():
            return table.column(change.column).type == change.type
        case DropColumn():
            return change.column not in table.by_name
        case AddColumn():
            return change.column.name in table.by_name
        case AddIndex():
            return any(index.columns == change.index.columns for index in table.indexes)


def _words(change: SuggestedChange) -> str:
    match change:
        case AlterColumn():
            return f"{change.table}.{change.column} becomes {change.type}"
        case DropColumn():
            return f"{change.table}.{change.column} is dropped; it can be restored"
        case AddColumn():
            return f"a new column {change.table}.{change.column.name} {change.column.type}"
        case AddIndex():
            return f"an index {change.index.name} on {change.table} ({', '.join(change.index.columns)})"


def _described(change: SuggestedChange) -> dict[str, Any]:
    described: dict[str, Any] = {"change": type(change).__name__}
    for item in fields(change):
        value = getattr(change, item.name)
        if value is not MISSING and value is not None and value is not False:
            described[item.name] = _plain(value)
    return described


def _plain(value: object) -> object:
    if isinstance(value, ColumnType):
        return str(value)
    if isinstance(value, Column):
        return {"name": value.name, "type": str(value.type)}
    return {"name": value.name, "columns": list(value.columns)} if isinstance(value, Index) else value
