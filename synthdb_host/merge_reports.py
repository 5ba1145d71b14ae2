"""What combining two states of a database did, and what it could not decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal as OneOf

__all__ = ["CombinedTable", "MergeReport", "OpenConflict"]


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """One thing on which two states disagree; values are JSON-ready. ``resolution`` None: nobody has decided."""

    table: str
    key: tuple[object, ...] | None
    column: str | None
    kind: OneOf["cell", "row", "schema", "constraint"]
    base: object = None
    ours: object = None
    theirs: object = None
    detail: str = ""
    resolution: str | None = None


@dataclass(frozen=True, slots=True)
class CombinedTable:
    """How many rows of a table were inserted, updated and deleted."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What was combined, or in a dry run would be: rows by table, schema changes in words, and open conflicts."""

    tables: Mapping[str, CombinedTable] = field(default_factory=dict)
    schema: tuple[str, ...] = ()
    conflicts: tuple[OpenConflict, ...] = ()
