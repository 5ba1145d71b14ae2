"""What an import tells: the schema it found, what was written, and what was not."""

from dataclasses import dataclass, field
from typing import Any, Literal

from synthdb.importing.records import Reject

__all__ = ["ColumnReport", "ImportReport", "Progress", "TableReport", "silent"]

from collections.abc import Callable

Progress = Callable[[str, int, float], None]
"""Called now and then with the table, how many records there were, and how much of the source is read."""


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """A column as it was found: its type, whether it may hold no value, and what is worth knowing."""

    name: str
    type: str
    nullable: bool
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class TableReport:
    """What became of one table.

    ``status`` is ``planned`` (a dry run), ``imported``, ``resumed`` (behind what an earlier run committed) or
    ``unchanged`` (imported completely before). ``rows`` are those in the table by this import, earlier runs
    included; ``rejected`` counts records left out, of which ``rejects`` are the first.
    """

    table: str
    source: str
    columns: tuple[ColumnReport, ...]
    key: tuple[str, ...]
    status: Literal["planned", "imported", "resumed", "unchanged"] = "planned"
    records: int = 0
    rows: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as JSON values."""
        return {
            "table": self.table,
            "source": self.source,
            "status": self.status,
            "records": self.records,
            "rows": self.rows,
            "rejected": self.rejected,
            "key": list(self.key),
            "columns": [
                {
                    "name": column.name,
                    "type": column.type,
                    "nullable": column.nullable,
                    "notes": list(column.notes),
                }
                for column in self.columns
            ],
            "relations": self.relations,
            "rejects": [
                {"file": item.file, "line": item.line, "column": item.column, "reason": item.reason}
                for item in self.rejects
            ],
            "notes": self.notes,
        }


@dataclass(slots=True)
class ImportReport:
    """What became of all tables, and ``notes`` on what could not be carried over."""

    tables: list[TableReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Give the report as JSON values."""
        return {"tables": [table.as_dict() for table in self.tables], "notes": self.notes}


def silent(table: str, records: int, fraction: float) -> None:
    """Report no progress."""
