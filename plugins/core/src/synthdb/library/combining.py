"""Combining states: merges and their conflicts, picks, reverts and restores."""

from collections.abc import Iterable
from typing import Any, Literal

from synthdb.library.keys import Key, key_of
from synthdb.library.refs import RefText, ref_of
from synthdb.library.session import Session
from synthdb_host.errors import InvalidParameter, MergeConflict
from synthdb_host.merge_reports import MergeReport
from synthdb_host.operations import Operation, Ref
from synthdb_host.versions import Branches, CherryPick, Conflicts, Merge, Resolve, Restore, Revert

__all__ = ["Choice", "CombiningMethods", "open_conflicts", "readable"]

Choice = Literal["ours", "theirs", "value", "open"]
"""``ours`` is what the branch merged into has, ``theirs`` what comes; ``open`` takes a decision back."""


def readable(report: MergeReport | None) -> MergeReport:
    """Give the report of a result; an empty one where nothing was to be combined."""
    return report or MergeReport()


def open_conflicts(report: MergeReport) -> MergeConflict:
    """Say that two states disagree; the error's data lists on what."""
    number = len(report.conflicts)
    places = "one place" if number == 1 else f"{number} places"
    return MergeConflict(
        f"The two states disagree in {places}; nothing was changed.",
        hint="Decide each with resolve, then do the same again.",
        data={"conflicts": report.conflicts},
    )


class CombiningMethods(Session):
    """The methods that make a branch of two states, or of a present and a past one.

    Each is one commit. Where the states disagree nothing is changed, and :class:`synthdb.MergeConflict` is raised,
    whose ``conflicts`` say where.
    """

    def merge(
        self, source: RefText, into: str | None = None, *, dry_run: bool = False, message: str | None = None
    ) -> MergeReport:
        """Take what ``source`` changed since it and this branch were last the same, rows and schema.

        Args:
            source: the branch, tag, commit or moment to take from.
            into: another branch to merge into than this connection's.
            dry_run: only report what would be done, and all conflicts.
            message: kept with the commit.

        Returns:
            For each table how many rows were changed, and the schema changes.

        Raises:
            MergeConflict: both changed the same thing; the conflicts are kept, to be decided by :meth:`resolve`.
            ReadOnly: this connection is on a past state.
        """
        target = self._ref if into is None else Ref(into)
        return self._combine(Merge(self._from(source), target), dry_run=dry_run, message=message)

    def sync(self, *, dry_run: bool = False, message: str | None = None) -> MergeReport:
        """Merge the branch that this branch was made from into it; see :meth:`merge`.

        Raises:
            InvalidParameter: the main branch was made from none.
        """
        rows = self.execute(Branches(prefix=self._ref.branch)).python()
        parent = next((row["parent"] for row in rows if row["name"] == self._ref.branch), None)
        if parent is None:
            raise InvalidParameter(f"Branch {self._ref.branch!r} was not made from another one.")
        return self.merge(Ref(parent), dry_run=dry_run, message=message)

    def conflicts(self, source: str | None = None) -> list[dict[str, Any]]:
        """List the conflicts of merges into this branch, the decided ones too, or those with one ``source``.

        Returns:
            For each source, target, table, key, column, kind, base, ours, theirs, resolution and value.
        """
        return self.execute(Conflicts(source, self._ref)).python()

    def resolve(
        self, source: RefText, choice: Choice, table: str | None = None, key: Key = None, column: str | None = None,
        value: object = None,
    ) -> int:  # fmt: skip
        """Decide the conflicts of merging ``source``: all of them, or those of a table, a row or a cell.

        The decision is remembered until what it is about changes on either side; then merge again.

        Returns:
            How many conflicts were decided.

        Raises:
            NotFound: there is no such conflict.
        """
        values = None if key is None else self._key(table, key)
        operation = Resolve(self._from(source), choice, table, values, column, value, self._ref)
        return self.execute(operation).affected or 0

    def cherry_pick(
        self, first: str, last: str | None = None, *, dry_run: bool = False, message: str | None = None
    ) -> MergeReport:
        """Make the changes of a commit, or of the commits ``first`` to ``last`` of a branch, on this branch, too.

        Raises:
            MergeConflict: this branch has changed the same thing in another way.
        """
        return self._combine(CherryPick(first, last, self._ref), dry_run=dry_run, message=message)

    def revert(
        self, first: str, last: str | None = None, *, dry_run: bool = False, message: str | None = None
    ) -> MergeReport:
        """Undo the changes of a commit, or of the commits ``first`` to ``last``, keeping what came later.

        Raises:
            MergeConflict: what they changed was changed again.
        """
        return self._combine(Revert(first, last, self._ref), dry_run=dry_run, message=message)

    def restore(
        self, to: RefText, table: str | None = None, key: Key = None, *, keys: Iterable[Key] = (),
        tables: Iterable[str] = (), dry_run: bool = False, message: str | None = None,
    ) -> MergeReport:  # fmt: skip
        """Make a row, rows, tables or everything as they were; this is a new commit, and nothing is forgotten.

        Args:
            to: the state to take them from.
            table: only this table, or with ``key`` or ``keys`` only rows of it.
            key: the key of one row.
            keys: the keys of several.
            tables: only these tables.
            dry_run: only report what would be done.
            message: kept with the commit.
        """
        names = tuple(tables) if table is None else (table, *tables)
        rows = [*keys] if key is None else [key, *keys]
        chosen = tuple(self._key(table, item) for item in rows)
        operation = Restore(ref_of(to, self._ref.branch), names, chosen, self._ref)
        return self._combine(operation, dry_run=dry_run, message=message)

    def undelete(self, table: str, key: Key, *, message: str | None = None) -> MergeReport:
        """Bring a deleted row back as it last was."""
        return self._combine(Restore(None, (table,), (self._key(table, key),), self._ref), message=message)

    def reset(self, to: RefText, *, dry_run: bool = False, message: str | None = None) -> MergeReport:
        """Make everything on this branch, schema too, as it was; the commits since then stay in the log."""
        return self.restore(to, dry_run=dry_run, message=message)

    def _from(self, source: RefText) -> Ref:
        return ref_of(source, self._ref.branch)

    def _key(self, table: str | None, key: Key) -> tuple[object, ...]:
        if table is None:
            raise InvalidParameter("A key is of one table.", hint="Give the table, too.")
        return key_of(self.catalog().table(table), key)

    def _combine(self, operation: Operation, *, dry_run: bool = False, message: str | None = None) -> MergeReport:
        report = readable(self.execute(operation, message=message, dry_run=dry_run).report)
        if report.conflicts and not dry_run:
            raise open_conflicts(report)
        return report
