"""Looking at tables for what could be changed."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from synthdb.evolution.constraints import constrained, fixed, indexed
from synthdb.evolution.figures import TableFigures, count_columns
from synthdb.evolution.keys import KeyFigures, keys_of
from synthdb.evolution.narrowing import NARROWABLE, narrower_types
from synthdb.evolution.searches import unindexed_reads
from synthdb.evolution.suggestion import SuggestedChange, Suggestion, SuggestionKind
from synthdb.importing.bookkeeping import Target
from synthdb.importing.names import constraint_name, usable_name
from synthdb.importing.records import shorten
from synthdb_host.catalog import Catalog, Column, ColumnType, Index, Table
from synthdb_host.encoding import to_text
from synthdb_host.operations import AddColumn, AddIndex, AlterColumn, ColumnRef, DropColumn, Output, Select

__all__ = ["suggest"]

_OWN = "synthdb_"
_ENOUGH = 10
"""So many values say something about a column."""

_FREQUENCY, _CONSISTENCY = 0.1, 0.9
"""A key becomes a column if more of the rows have it, and more of its values are of one kind."""

_MANY_ROWS, _SHARE, _LONG = 1_000, 0.01, 64
"""An index is worth its space if of so many rows only such a share have the same, not very long, value."""

_SEARCHED = frozenset({"text", "integer", "date", "timestamp", "uuid"})

_Searches = Mapping[tuple[str, str], list[str]]


def suggest(target: Target, tables: Collection[str] = ()) -> list[Suggestion]:
    """Look at some tables, or all, and suggest what could be changed; tables that are locked are left alone.

    Raises:
        UnknownTable: there is no such table.
    """
    catalog = target.catalog()
    names = sorted(tables) or sorted(name for name in catalog.tables if not name.startswith(_OWN))
    searches = unindexed_reads(target)
    found: list[Suggestion] = []
    for name in names:
        table = catalog.table(name)
        if table.mode != "locked":
            figures = count_columns(target, table)
            found += _Look(target, catalog, table, figures, searches).suggestions()
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    """What is known about one table."""

    target: Target
    catalog: Catalog
    table: Table
    figures: TableFigures
    searches: _Searches

    def suggestions(self) -> list[Suggestion]:
        if self.figures.rows < _ENOUGH:
            return []
        found = [*self._needless()]
        needless = {item.column for item in found}
        found += self._narrower([column for column in self.table.columns if column.name not in needless])
        found += self._searched([column for column in self.table.columns if column.name not in needless])
        return [*found, *self._keys()]

    def _needless(self) -> Iterator[Suggestion]:
        held = constrained(self.catalog, self.table)
        for column in self.table.columns:
            figures, rows = self.figures.columns[column.name], self.figures.rows
            if column.name in held or figures.distinct > 1 or figures.values not in (0, rows):
                continue
            drop = (DropColumn(self.table.name, column.name),)
            numbers = {"rows": rows, "values": figures.values, "distinct": figures.distinct}
            if not figures.values:
                yield self._of("unused", column, f"None of the {rows} rows has a value.", numbers, drop)
            else:
                reason = f"All {rows} rows have the value {self._one(column)}."
                yield self._of("constant", column, reason, numbers, drop)

    def _narrower(self, columns: list[Column]) -> Iterator[Suggestion]:
        kept = fixed(self.catalog, self.table)
        tried = [
            column for column in columns
            if column.type.name in NARROWABLE and column.name not in kept
            and self.figures.columns[column.name].values >= _ENOUGH
        ]  # fmt: skip
        for name, found in narrower_types(self.target, self.table, tried).items():
            column, values = self.table.column(name), self.figures.columns[name].values
            reason = f"Each of the {values} values of type {column.type} is exactly a value of type {found}."
            numbers = {"rows": self.figures.rows, "values": values, "type": str(found)}
            yield self._of("type", column, reason, numbers, (AlterColumn(self.table.name, name, found),))

    def _searched(self, columns: list[Column]) -> Iterator[Suggestion]:
        leading = {index[0] for index in indexed(self.table)}
        for column in columns:
            figures, queries = self.figures.columns[column.name], self.searches.get((self.table.name, column.name), [])
            if column.name in leading or column.type.name not in _SEARCHED or not figures.distinct:
                continue
            rows, each = self.figures.rows, figures.values / figures.distinct
            if rows < _MANY_ROWS or each > rows * _SHARE or figures.length > _LONG:
                continue
            reason = f"A value is in {each:.1f} of {rows} rows on average, and to find them all rows are read"
            reason += f"; saved queries that read all of them: {', '.join(queries)}." if queries else "."
            numbers = {
                "rows": rows, "distinct": figures.distinct, "rows_per_value": round(each, 2), "queries": queries
            }  # fmt: skip
            index = Index(constraint_name(self.table.name, (column.name,), "idx"), (column.name,))
            yield self._of("index", column, reason, numbers, (AddIndex(self.table.name, index),))

    def _keys(self) -> Iterator[Suggestion]:
        for column in self.table.columns:
            if column.type.name == "json" and self.figures.columns[column.name].values >= _ENOUGH:
                for key, figures in sorted(keys_of(self.target, self.table, column.name).items()):
                    found = self._key(column, key, figures)
                    if found:
                        yield found

    def _key(self, column: Column, key: str, figures: KeyFigures) -> Suggestion | None:
        frequency, kind = figures.values / self.figures.rows, figures.kind
        column_type = figures.types[kind]
        wanted = figures.values >= _ENOUGH and frequency > _FREQUENCY and figures.consistency > _CONSISTENCY
        if not wanted or kind == "nested" or column_type is None or self._has_column(column, key, column_type):
            return None
        added = Column(self._free(column, key), column_type, inferred=True)
        reason = (
            f"{frequency:.0%} of {self.figures.rows} rows have the key {key!r}, and {figures.consistency:.0%} of its "
            f"values are {column_type}."
        )
        numbers = {
            "rows": self.figures.rows, "values": figures.values, "frequency": round(frequency, 4),
            "consistency": round(figures.consistency, 4), "type": str(column_type),
        }  # fmt: skip
        changes = (AddColumn(self.table.name, added),)
        return Suggestion("key", self.table.name, column.name, reason, numbers, changes, key)

    def _of(
        self, kind: SuggestionKind, column: Column, reason: str, figures: Mapping[str, Any],
        changes: tuple[SuggestedChange, ...],
    ) -> Suggestion:  # fmt: skip
        return Suggestion(kind, self.table.name, column.name, reason, figures, changes)

    def _one(self, column: Column) -> str:
        output = Output(ColumnRef(column.name), column.name)
        (row,) = self.target.execute(Select(self.table.name, (output,), limit=1, ref=self.target.ref)).python()
        return shorten(to_text(row[column.name]))

    def _has_column(self, column: Column, key: str, column_type: ColumnType) -> bool:
        """Say whether the values of a key have a column already: one called like it, of the same type."""
        known = {item.name.casefold(): item.type for item in self.table.columns if item.name != self.table.identity}
        names = usable_name(key, f"{column.name}_key").casefold(), f"{column.name}_{key}".casefold()
        return any(known.get(name) == column_type for name in names)

    def _free(self, column: Column, key: str) -> str:
        """Name the column that a key becomes: like the key, unless a column is called so."""
        taken = {name.casefold() for name in self.table.by_name}
        name = usable_name(key, f"{column.name}_key")
        return name if name.casefold() not in taken else f"{column.name}_{name}"
