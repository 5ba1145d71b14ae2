"""What a database holds: tables with rows, as one value that is replaced as a whole."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from synthdb_host.catalog import Catalog, Column, Table
from synthdb_host.errors import UnknownTable

__all__ = ["Dropped", "Ids", "Row", "State", "Stored", "contents"]

Row = dict[str, Any]
"""The values of one row by column name. Never changed in place, so snapshots can share it."""


Ids = frozenset[int]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A column that can be restored: its description, its values by the number of the row, and its ids."""

    column: Column
    values: dict[int, Any]
    ids: Ids


@dataclass(slots=True)
class Stored:
    """A table: its description, its rows by an internal number, and the next numbers to give.

    ``uid`` and ``ids`` are what a versioned database knows a table and its columns by, whatever they are called;
    a column that two branches made alike has the ids of both. ``versions`` are the commits that wrote the rows, by
    identity.
    """

    schema: Table
    rows: dict[int, Row] = field(default_factory=dict)
    next_row: int = 1
    next_id: int = 1
    dropped: dict[str, Dropped] = field(default_factory=dict)
    uid: int = 0
    ids: dict[str, Ids] = field(default_factory=dict)
    versions: dict[Any, int] = field(default_factory=dict)

    def copy(self) -> "Stored":
        """Copy what writes change in place."""
        return replace(
            self,
            rows=dict(self.rows),
            dropped=dict(self.dropped),
            ids=dict(self.ids),
            versions=dict(self.versions),
        )

    def sorted_rows(self) -> list[tuple[int, Row]]:
        """Give the rows by identity."""
        identity = self.schema.identity
        return sorted(self.rows.items(), key=lambda item: _sortable(item[1][identity]))

    def add(self, row: Row) -> int:
        """Add a row and give its number."""
        number = self.next_row
        self.rows[number] = row
        self.next_row += 1
        return number


def _known_by(table: Table) -> object:
    return table.generated, [(name, table.column(name).type) for name in (table.identity, *table.key)]


def _sortable(identity: object) -> Any:
    return identity.int if isinstance(identity, UUID) else identity


@dataclass(slots=True)
class State:
    """All of a database at one moment; of one that is being written ``commit`` is what it will be.

    ``namesakes`` are the tables of other branches, by folded name, that a new table of that name is one with.
    """

    tables: dict[str, Stored] = field(default_factory=dict)
    dropped: dict[str, Stored] = field(default_factory=dict)
    requires: frozenset[str] = frozenset()
    version: int = 0
    commit: int = 0
    namesakes: dict[str, Stored] = field(default_factory=dict)

    def add(self, stored: Stored) -> None:
        """Add a new table; it is one with a namesake whose rows are known in the same way."""
        other = self.namesakes.get(stored.schema.name.casefold())
        if other is not None and _known_by(other.schema) == _known_by(stored.schema):
            stored.uid, stored.next_id = other.uid, other.next_id
            for column in stored.schema.columns:
                same = other.schema.by_name.get(column.name)
                if same is not None and same.type == column.type:
                    stored.ids[column.name] = other.ids[column.name]
        self.tables[stored.schema.name] = stored

    def copy(self) -> "State":
        """Copy everything that a write may change."""
        tables = {name: stored.copy() for name, stored in self.tables.items()}
        return replace(self, tables=tables, dropped=dict(self.dropped))

    def catalog(self) -> Catalog:
        """Describe the tables."""
        return Catalog(str(self.version), {name: stored.schema for name, stored in self.tables.items()})

    def row_version(self, stored: Stored, row: Row) -> str:
        """Give the version of a row."""
        return str(stored.versions.get(row[stored.schema.identity], self.commit))

    def number_rows(self, before: "State") -> None:
        """Give a version to the rows that have none: the one they had if they are as they were."""
        known = {stored.uid or name: stored for name, stored in before.tables.items()}
        for name, stored in self.tables.items():
            identity, old = stored.schema.identity, known.get(stored.uid or name)
            was = {} if old is None else {row[old.schema.identity]: row for row in old.rows.values()}
            for row in stored.rows.values():
                same = old is not None and was.get(row[identity]) == row
                version = old.versions.get(row[identity], self.commit) if old and same else self.commit
                stored.versions.setdefault(row[identity], version)

    def table(self, name: str) -> Stored:
        """Find a table.

        Raises:
            UnknownTable: there is none of this name.
        """
        if name not in self.tables:
            self.catalog().table(name)
            raise UnknownTable(f"There is no table {name!r}.")
        return self.tables[name]


def contents(state: State) -> tuple[Any, ...]:
    """Give all that a state holds; two states that hold the same are no commit apart."""
    tables = {name: (stored.uid, stored.schema, _by_identity(stored)) for name, stored in state.tables.items()}
    dropped = {name: set(stored.dropped) for name, stored in state.tables.items()}
    gone = {name: (stored.schema, set(stored.dropped)) for name, stored in state.dropped.items()}
    return tables, dropped, gone


def _by_identity(stored: Stored) -> dict[Any, Row]:
    return {row[stored.schema.identity]: row for row in stored.rows.values()}
