"""What one caller may see and write, as a storage applies it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from synthdb_host.operations import Filter

__all__ = ["UNRESTRICTED", "Restrictions", "TableRestriction"]


@dataclass(frozen=True, slots=True)
class TableRestriction:
    """What one caller may see and write of one table.

    ``rows`` is ANDed to every read and to the rows that an update or delete touches; ``check`` must hold for
    every row written; ``hidden`` columns do not exist for this caller.
    """

    rows: Filter | None = None
    check: Filter | None = None
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The limits that a storage applies while it executes, wherever a restricted table is read or written.

    ``may_define`` says whether a write, or combining states, may change the schema. SQL over a restricted table is
    refused unless the storage applies the restriction to it. ``combining`` are the actions (select, insert, update,
    delete) that combining states may do, by table; under None those on tables it does not name. None: all actions.
    """

    tables: Mapping[str, TableRestriction] = field(default_factory=dict)
    may_define: bool = True
    combining: Mapping[str | None, frozenset[str]] | None = None

    def may_combine(self, action: str, table: str) -> bool:
        """Say whether combining states may do an action on a table."""
        if self.combining is None:
            return True
        return action in self.combining.get(table, self.combining.get(None, frozenset()))


UNRESTRICTED = Restrictions()
