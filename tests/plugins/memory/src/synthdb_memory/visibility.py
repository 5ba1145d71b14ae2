"""What a caller may see of the tables."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from synthdb_host.catalog import ColumnType, Table
from synthdb_host.contracts import UNRESTRICTED, Restrictions, TableRestriction
from synthdb_host.errors import InvalidFilter, UnknownRelation
from synthdb_host.operations import Aggregate, ColumnRef, Filter
from synthdb_memory.columns import Getter, resolve
from synthdb_memory.conditions import Predicate, compile_filter
from synthdb_memory.state import Row, State

__all__ = ["RowScope", "View", "visible_table"]


def visible_table(table: Table, restriction: TableRestriction) -> Table:
    """Give the table without the hidden columns."""
    if not restriction.hidden:
        return table
    return replace(table, columns=tuple(c for c in table.columns if c.name not in restriction.hidden))


@dataclass(frozen=True, slots=True)
class RowScope:
    """Names in a condition over plain rows of one table."""

    table: Table

    def resolve(self, source: ColumnRef | Aggregate) -> tuple[ColumnType, Getter]:
        """Find a column."""
        if isinstance(source, Aggregate):
            raise InvalidFilter("An aggregate can only be compared in 'having'.")
        return resolve(self.table, source)

    def exists(self, embed: str) -> Predicate:
        """Refuse: plain rows have no embeds."""
        raise UnknownRelation(f"There is no embed {embed!r} here.")

    def count(self, embed: str) -> Callable[[object], int]:
        """Refuse as well."""
        raise UnknownRelation(f"There is no embed {embed!r} here.")


@dataclass(frozen=True, slots=True)
class View:
    """The state through one caller's restrictions."""

    state: State
    restrictions: Restrictions = UNRESTRICTED

    def restriction(self, name: str) -> TableRestriction:
        """Give the limits for a table."""
        return self.restrictions.tables.get(name) or TableRestriction()

    def table(self, name: str) -> Table:
        """Describe a table as the caller sees it."""
        return visible_table(self.state.table(name).schema, self.restriction(name))

    def rows(self, name: str) -> list[tuple[int, Row]]:
        """Give the rows that the caller sees, by identity."""
        stored, limit = self.state.table(name), self.restriction(name)
        holds = self.policy(name, limit.rows)
        return [(number, row) for number, row in stored.sorted_rows() if holds(row) is True]

    def policy(self, name: str, condition: Filter | None) -> Predicate:
        """Turn a restriction's condition into a function; it may use hidden columns."""
        if condition is None:
            return lambda row: True
        return compile_filter(condition, RowScope(self.state.table(name).schema))
