"""A SynthDB database in this process, called where every surface calls it: ``Database.execute``."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from benchmarks.versions.items import COLUMNS, items
from synthdb.engine.sqlite import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.contracts import Context, Placement, Principal, Restrictions, Result
from synthdb_host.operations import (
    HEAD,
    Aggregate,
    ColumnRef,
    Comparison,
    CreateTable,
    Define,
    Insert,
    Operation,
    Order,
    Output,
    Ref,
    Select,
    Update,
)
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.versions import Branching, CreateBranch

__all__ = ["Store", "after", "branch", "changed", "point", "scan", "update"]

_ID: Final = ColumnRef("id")
_TYPES: Final = ("text", "text", "integer", "real", "integer", "text")
_FREE: Final = Restrictions()
_WHO: Final = Context(Principal("bench"))
_AT_ONCE: Final = 10_000


class Store:
    """An open database. Calling it executes an operation."""

    def __init__(self, path: Path) -> None:
        placement = Placement("bench", f"sqlite:///{path}", create=True)
        self._database = open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal"))

    def __call__(self, operation: Operation) -> Result:
        return run(self._database.execute(operation, _FREE, _WHO))

    def each(self, operations: Iterable[Operation]) -> None:
        """Execute operations one after another."""
        for operation in operations:
            self(operation)

    def fill(self, rows: int) -> None:
        """Make the table with its first rows."""
        columns = tuple(Column(name, ColumnType(kind)) for name, kind in zip(COLUMNS, _TYPES, strict=True))
        self(Define((CreateTable("items", columns),)))
        every = list(items(rows))
        self.each(Insert("items", COLUMNS, every[at : at + _AT_ONCE]) for at in range(0, rows, _AT_ONCE))

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def point(key: int, ref: Ref = HEAD) -> Select:
    """Ask for one row by its identity."""
    return Select("items", where=Comparison(_ID, "eq", key), ref=ref)


def after(key: int, ref: Ref = HEAD) -> Select:
    """Ask for the 100 rows behind an identity."""
    return Select("items", where=Comparison(_ID, "gt", key), order=(Order(_ID),), limit=100, ref=ref)


def scan(ref: Ref = HEAD) -> Select:
    """Ask for aggregates over all rows."""
    outputs = (
        Output(Aggregate("sum", ColumnRef("qty")), "sum"),
        Output(Aggregate("avg", ColumnRef("price")), "avg"),
        Output(Aggregate("count"), "count"),
    )
    return Select("items", outputs, ref=ref)


def update(key: int, value: int, ref: Ref = HEAD) -> Update:
    """Change one cell of one row."""
    return Update("items", {"qty": value}, where=Comparison(_ID, "eq", key), ref=ref)


def changed(keys: Iterable[int], column: str, value: int, ref: Ref = HEAD) -> Update:
    """Change one cell of each of many rows, in one commit."""
    return Update("items", {column: value}, where=Comparison(_ID, "in", tuple(keys)), ref=ref)


def branch(name: str, at: Ref = HEAD) -> Branching:
    """Make a branch."""
    return Branching((CreateBranch(name, at),))
