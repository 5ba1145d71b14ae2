"""Columns whose values have not all moved into a new physical column yet.

A column that becomes wider gets a new physical column; until a background job has filled that, a value is in the one
or in the other. Whoever writes a row writes the new one and empties the old one, so that no mark per row is needed:
what is in the new column counts, else what is in the old one, converted. Versions of rows that came before keep what
they had in the old one, which states of the past go on reading.

A physical column is filled once, from one source, whichever branches and moments read it: what is true of it stands
in ``_backfill`` beside the versioned catalog, and the catalog needs no new version when it is full.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from synthdb.storage.conversions import conversion_sql
from synthdb.storage.layout import quote
from synthdb_host.catalog import ColumnType

__all__ = ["NONE", "Backfill", "Unfilled", "read_backfills"]


@dataclass(frozen=True, slots=True)
class Backfill:
    """A physical column that is being filled from ``source``, another one of the same table."""

    id: int
    table: int
    column: int
    physical: str
    source: str
    was: ColumnType
    becomes: ColumnType
    declared: str


@dataclass(frozen=True, slots=True)
class Unfilled:
    """The physical columns of one table that are not full yet, by name."""

    backfills: Mapping[str, Backfill] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.backfills)

    def __iter__(self) -> Iterator[str]:
        return iter(self.backfills)

    def value(self, physical: str, prefix: str = "") -> str:
        """Give SQL for what a physical column stands for; ``prefix`` comes before the names of columns."""
        backfill = self.backfills.get(physical)
        if backfill is None:
            return f"{prefix}{quote(physical)}"
        moved = f"coalesce({prefix}{quote(physical)}, {self.moving(physical, prefix)})"
        # A cast gives it the affinity of a column, so that it is compared and sorted as one.
        return f"CAST({moved} AS {backfill.declared})"

    def moving(self, physical: str, prefix: str = "") -> str:
        """Give SQL for what a physical column will be filled with."""
        backfill = self.backfills[physical]
        return conversion_sql(self.value(backfill.source, prefix), backfill.was, backfill.becomes)

    def emptied(self, physical: str) -> tuple[str, ...]:
        """Give the physical columns that must be empty where this one is written."""
        backfill = self.backfills.get(physical)
        return () if backfill is None else (backfill.source, *self.emptied(backfill.source))


NONE = Unfilled()
"""What a table without such columns has."""


def read_backfills(connection: sqlite3.Connection) -> dict[int, Unfilled]:
    """Give, by table, the columns that are being filled."""
    found: dict[int, dict[str, Backfill]] = {}
    select = "SELECT id, table_id, column_id, physical, source, was, becomes, declared FROM _backfill ORDER BY id"
    for number, table, column, physical, source, was, becomes, declared in connection.execute(select):
        types = ColumnType.parse(was), ColumnType.parse(becomes)
        found.setdefault(table, {})[physical] = Backfill(number, table, column, physical, source, *types, declared)
    return {table: Unfilled(backfills) for table, backfills in found.items()}
