"""Reading the past: commits, the versions of a row, what differs between two states."""

from collections.abc import Sequence
from typing import Any, Literal

from synthdb.library.keys import Key, key_of
from synthdb.library.refs import Moment, RefText, moment_of, ref_of
from synthdb.library.session import Session
from synthdb_host.versions import Backfill, Collect, Diff, History, Log, Ref, StorageReport

__all__ = ["LookbackMethods"]

_Rows = list[dict[str, Any]]


class LookbackMethods(Session):
    """The methods that read the past, one that forgets some of it, and one that finishes what writes have left."""

    def log(
        self, *, table: str | None = None, author: str | None = None, kind: str | None = None,
        message: str | None = None, since: Moment | None = None, until: Moment | None = None,
        before: str | None = None, limit: int = 50,
    ) -> _Rows:  # fmt: skip
        """Read the commits that led here, newest first.

        Args:
            table: only those that changed this table.
            author: only those of this author.
            kind: only those of this kind, such as ``merge``.
            message: only those whose message holds this text.
            since: the first one, as a commit id or a time.
            until: the last one, as a commit id or a time.
            before: the last commit of the page before, to go on behind it.
            limit: at most so many.

        Returns:
            For each commit id, at, branch, author, message, kind, merged and, by table, how many rows it changed.

        Raises:
            UnknownRef: there is no such commit.
        """
        first, last = (None if moment is None else moment_of(moment) for moment in (since, until))
        return self.execute(Log(self._ref, table, author, kind, message, first, last, before, limit)).python()

    def history(self, table: str, key: Key, column: str | None = None, *, limit: int = 100) -> _Rows:
        """Read every version of a row, or every change of one cell of it, newest first.

        Returns:
            For each version commit, at, branch, author, message, change, and ``row`` or with ``column`` ``value``.

        Raises:
            UnknownTable, UnknownColumn: there is no such thing.
            NotFound: there never was a row of this key.
            InvalidValue: the key has another number of columns.
        """
        values = key_of(self.catalog().table(table), key)
        return self.execute(History(table, values, column, self._ref, limit)).python()

    def diff(
        self, a: RefText, b: RefText | None = None, tables: Sequence[str] = (), *, three_dot: bool = False,
        detail: Literal["rows", "cells", "summary", "schema"] = "rows", limit: int | None = None,
    ) -> _Rows:  # fmt: skip
        """Say what leads from the state ``a`` to the state ``b``, which is this connection's if it is not given.

        Args:
            a: a branch, tag, commit or moment.
            b: another.
            tables: only these tables.
            three_dot: what ``b`` changed since it and ``a`` were last the same.
            detail: ``rows`` gives table, key, change, old and new; ``cells`` one row for each cell, or place in
                JSON; ``summary`` counts by table; ``schema`` what changed of tables and columns.
            limit: at most so many.

        Raises:
            UnknownRef: there is no such state.
            HistoryGone: it is no longer kept.
        """
        base, target = self._ref_of(a), self._ref if b is None else self._ref_of(b)
        names = (tables,) if isinstance(tables, str) else tuple(tables)
        return self.execute(Diff(base, target, names, three_dot, detail, limit)).python()

    def storage_report(self) -> _Rows:
        """Measure the storage: table, kind (rows, history, branches, index), rows and bytes."""
        return self.execute(StorageReport()).python()

    def collect(self, before: Moment, *, dry_run: bool = False) -> int:
        """Forget versions that are older than ``before`` and that no branch or tag needs.

        Args:
            before: a timestamp, a commit id, or a time such as ``30 days ago``.
            dry_run: only count them.

        Returns:
            How many versions were forgotten.
        """
        return self.execute(Collect(moment_of(before)), dry_run=dry_run).affected or 0

    def backfill(self) -> int:
        """Move the values of columns that got a wider type, in short transactions, until none is left to move.

        What is read is the same before and after; only filters and sorting by such a column get faster.

        Returns:
            How many rows were looked at.
        """
        total = 0
        while step := self.execute(Backfill()).affected or 0:
            total += step
        return total

    def _ref_of(self, given: RefText) -> Ref:
        return ref_of(given, self._ref.branch)
