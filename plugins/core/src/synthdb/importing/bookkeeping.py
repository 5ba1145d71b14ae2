"""Remembering how far each import has come, in the database itself and in the commits that write the rows.

The table ``synthdb_imports`` has one row per source and target. A chunk of rows and its row here are one
commit, so that an import that was killed continues behind the last chunk that is durable.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol, Self

from synthdb_host.catalog import Catalog, Column, ColumnType
from synthdb_host.contracts import Result
from synthdb_host.operations import (
    ColumnRef,
    Comparison,
    CreateTable,
    Define,
    Delete,
    Insert,
    OnConflict,
    Operation,
    Ref,
    Select,
)

__all__ = ["TABLE", "Ledger", "State", "Target"]

TABLE = "synthdb_imports"

_COLUMNS = (
    Column("import", ColumnType("text"), not_null=True, comment="fingerprint of source, target and options"),
    Column("source", ColumnType("text"), not_null=True),
    Column("target", ColumnType("text"), not_null=True),
    Column("begun", ColumnType("text"), not_null=True, comment="new, append or replace"),
    Column("records", ColumnType("integer"), not_null=True, comment="records of the source that are dealt with"),
    Column("written", ColumnType("integer"), not_null=True, comment="rows written"),
    Column("rejected", ColumnType("integer"), not_null=True, comment="records left out"),
    Column("finished", ColumnType("boolean"), not_null=True),
    Column("changed_at", ColumnType("timestamp"), not_null=True),
)


class Target(Protocol):
    """Where an import goes: one branch of one database."""

    @property
    def ref(self) -> Ref:
        """The branch, which every operation names; of an export any state."""

    def execute(self, operation: Operation) -> Result:
        """Run an operation as one commit, or in the open transaction."""

    def catalog(self) -> Catalog:
        """Describe the database."""

    def transaction(self) -> AbstractContextManager[Any]:
        """Join what is executed in a ``with`` block to one commit."""


@dataclass(frozen=True, slots=True)
class State:
    """How far an import has come."""

    fingerprint: str
    source: str
    target: str
    begun: str = "new"
    records: int = 0
    written: int = 0
    rejected: int = 0
    finished: bool = False

    def beyond(self, records: int, written: int, rejected: int) -> Self:
        """Give the state after one more chunk: ``records`` in all, ``written`` and ``rejected`` more."""
        return replace(self, records=records, written=self.written + written, rejected=self.rejected + rejected)

    def save(self, ref: Ref) -> Insert:
        """Give the operation that records this state on a branch."""
        row = (
            self.fingerprint, self.source, self.target, self.begun, self.records, self.written, self.rejected,
            self.finished, datetime.now(UTC),
        )  # fmt: skip
        return Insert(TABLE, tuple(column.name for column in _COLUMNS), [row], OnConflict(("import",)), None, ref)


class Ledger:
    """The table of imports in a target."""

    def __init__(self, target: Target) -> None:
        self._target = target

    def prepare(self) -> None:
        """Make the table if it is not there."""
        if TABLE not in self._target.catalog().tables:
            comment = "what has been imported, and how far; without it an import cannot be resumed"
            table = CreateTable(TABLE, _COLUMNS, key=("import",), mode="strict", comment=comment, if_not_exists=True)
            self._target.execute(Define((table,), self._target.ref))

    def find(self, fingerprint: str) -> State | None:
        """Find how far an import has come; None: it was never begun."""
        if TABLE not in self._target.catalog().tables:
            return None
        rows = self._target.execute(Select(TABLE, where=_is(fingerprint), ref=self._target.ref)).python()
        if not rows:
            return None
        row = rows[0]
        return State(
            fingerprint, row["source"], row["target"], row["begun"], row["records"], row["written"],
            row["rejected"], row["finished"],
        )  # fmt: skip

    def forget(self, fingerprint: str) -> Delete:
        """Give the operation that forgets an import."""
        return Delete(TABLE, _is(fingerprint), ref=self._target.ref)


def _is(fingerprint: str) -> Comparison:
    return Comparison(ColumnRef("import"), "eq", fingerprint)
