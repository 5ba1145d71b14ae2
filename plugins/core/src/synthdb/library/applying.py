"""Taking changes out of a database, and making them in another."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from synthdb.library.changesets import Changeset, RowChange, TableChanges, describe_changes
from synthdb.library.combining import open_conflicts
from synthdb.library.exact import decode_exact
from synthdb.library.refs import RefText, ref_of
from synthdb.library.session import Session
from synthdb_host.catalog import Catalog, Column, ColumnType
from synthdb_host.merge_reports import CombinedTable, MergeReport, OpenConflict
from synthdb_host.operations import (
    AddColumn,
    Change,
    ColumnRef,
    Comparison,
    CreateTable,
    Define,
    Delete,
    Filter,
    Insert,
    Ref,
    Select,
    Update,
    and_all,
)
from synthdb_host.versions import Diff

__all__ = ["ApplyingMethods"]

_Row = dict[str, Any]


class _Undo(Exception):
    """Leaves a transaction without keeping what was done in it."""


class ApplyingMethods(Session):
    """The methods that take changes out of a database and into another."""

    def changeset(
        self, a: RefText, b: RefText | None = None, tables: Sequence[str] = (), *, three_dot: bool = False
    ) -> Changeset:
        """Give what leads from the state ``a`` to ``b``, which is this connection's state if it is not given.

        Of the schema as much goes along as is needed to make a table or column that is missing elsewhere.

        Raises:
            UnknownRef: there is no such state.
        """
        base = ref_of(a, self._ref.branch)
        target = self._ref if b is None else ref_of(b, self._ref.branch)
        names = (tables,) if isinstance(tables, str) else tuple(tables)
        found: dict[str, list[RowChange]] = {}
        for row in decode_exact(self.execute(Diff(base, target, names, three_dot)).json(), list[_Row]):
            found.setdefault(row["table"], []).append(RowChange(row["old"], row["new"]))
        before, after = self._catalog_at(base), self._catalog_at(target)
        described = [
            describe_changes(after.tables.get(name) or before.table(name), rows) for name, rows in found.items()
        ]
        return Changeset(str(base), str(target), described)

    def apply(self, changeset: Changeset | bytes, *, message: str | None = None, dry_run: bool = False) -> MergeReport:
        """Make the changes of a changeset here, as one commit; those that are here already are passed over.

        A table or column that is missing is made.

        Raises:
            MergeConflict: a row is not what the changeset expects; nothing is changed.
            InvalidBody: it is no changeset.
        """
        given = Changeset.decode(changeset) if isinstance(changeset, bytes) else changeset
        report = MergeReport()
        with suppress(_Undo), self.transaction(message):
            report = self._report(given)
            _undo(dry_run or report.conflicts)
        if report.conflicts and not dry_run:
            raise open_conflicts(report)
        return report

    def _catalog_at(self, ref: Ref) -> Catalog:
        return Session(self._host, self._database, ref, parent=self).catalog()

    def _report(self, given: Changeset) -> MergeReport:
        catalog, conflicts = self.catalog(), list[OpenConflict]()
        definitions = tuple(_definitions(given, catalog))
        if definitions:
            self.execute(Define(definitions, self._ref))
        tables = self._apply_all(_ordered(given.tables, catalog), conflicts)
        return MergeReport(tables, (), tuple(conflicts))

    def _apply_all(self, tables: Sequence[TableChanges], conflicts: list[OpenConflict]) -> dict[str, CombinedTable]:
        """Delete before anything else, from the tables that refer to others first, so that no reference breaks."""
        gone = {table.table: self._count(table, conflicts, deleting=True) for table in reversed(tables)}
        found = {}
        for table in tables:
            inserted, updated, _ = self._count(table, conflicts, deleting=False)
            counts = CombinedTable(inserted, updated, gone[table.table][2])
            if counts != CombinedTable():
                found[table.table] = counts
        return found

    def _count(self, table: TableChanges, conflicts: list[OpenConflict], *, deleting: bool) -> tuple[int, int, int]:
        counts = {"insert": 0, "update": 0, "delete": 0, "": 0}
        for row in table.rows:
            if (row.new is None) == deleting:
                counts[self._apply(table, row, conflicts)] += 1
        return counts["insert"], counts["update"], counts["delete"]

    def _apply(self, table: TableChanges, row: RowChange, conflicts: list[OpenConflict]) -> str:
        """Make one change; gives what it was, or nothing if there is nothing to do or the row is another."""
        values = row.old or row.new or {}
        key = tuple(values.get(name) for name in table.key)
        where = and_all(*(Comparison(ColumnRef(name), "eq", values.get(name)) for name in table.key))
        current = self._row(table.table, where)
        changed = row.changed()
        if _is_done(row, current):
            return ""
        if not _is_expected(row, current, changed):
            conflicts.append(OpenConflict(table.table, key, None, "row", row.old, current, row.new))
            return ""
        if row.new is None:
            self.execute(Delete(table.table, where, ref=self._ref))
            return "delete"
        if row.old is None:
            self.execute(Insert.of(table.table, [row.new], ref=self._ref))
            return "insert"
        self.execute(Update(table.table, changed, where, ref=self._ref))
        return "update"

    def _row(self, table: str, where: Filter | None) -> _Row | None:
        rows = decode_exact(self.execute(Select(table, where=where, limit=1, ref=self._ref)).json(), list[_Row])
        return rows[0] if rows else None


def _undo(reason: object) -> None:
    """Leave the transaction without a commit if there is a reason to."""
    if reason:
        raise _Undo


def _is_done(row: RowChange, current: _Row | None) -> bool:
    if row.new is None or current is None:
        return row.new is None and current is None
    return all(name in current and current[name] == value for name, value in row.new.items())


def _is_expected(row: RowChange, current: _Row | None, changed: _Row) -> bool:
    if row.old is None or current is None:
        return row.old is None and current is None
    # Of a row that is deleted everything counts, of another one only what is to be changed.
    counts = row.old if row.new is None else {name: row.old.get(name) for name in changed}
    return all(current.get(name) == value for name, value in counts.items())


def _definitions(given: Changeset, catalog: Catalog) -> Iterator[Change]:
    for table in given.tables:
        columns = [Column(name, ColumnType.parse(kind), inferred=True) for name, kind in table.columns.items()]
        known = catalog.tables.get(table.table)
        if known is None:
            yield CreateTable(table.table, tuple(columns), key=table.key)
            continue
        for column in columns:
            if column.name not in known.by_name:
                yield AddColumn(table.table, column)


def _ordered(tables: Sequence[TableChanges], catalog: Catalog) -> list[TableChanges]:
    """Put tables behind those that they refer to."""
    waiting = {table.table: table for table in tables}
    ordered: list[TableChanges] = []
    while waiting:
        free = [name for name in waiting if not _needs(catalog, name) & (waiting.keys() - {name})]
        ordered += [waiting.pop(name) for name in free or list(waiting)[:1]]
    return ordered


def _needs(catalog: Catalog, name: str) -> set[str]:
    table = catalog.tables.get(name)
    return {key.table for key in table.foreign_keys} if table else set()
