"""Combining a state with a branch: the one routine behind merge, cherry-pick, revert and restore.

Each of them is a three-way merge of ``theirs`` into the branch over some ``base``:

=========== ============================== ===========================
operation   base                           theirs
=========== ============================== ===========================
merge       newest common state            the source
cherry-pick before the first commit        after the last commit
revert      after the last commit          before the first commit
restore     the branch as it is            the state to go back to
=========== ============================== ===========================

The work is in proportion to the rows that differ between base and theirs, whatever the size of the tables.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.catalog.places import Place
from synthdb.catalog.store import Records, read_records
from synthdb.engine.history import delete_rows, put_rows, replace_rows
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.versions.bases import Base
from synthdb.engine.versions.combining_rights import actions_of, require_allowed
from synthdb.engine.versions.conflict_store import Decisions
from synthdb.engine.versions.constraint_checks import (
    Known,
    Violation,
    broken_references,
    broken_rows,
    missing_values,
    unique_violations,
)
from synthdb.engine.versions.images import Row, all_ids, changed_ids, chunks, fetch, fetch_with_commits
from synthdb.engine.versions.past import Past
from synthdb.engine.versions.results import Shown
from synthdb.engine.versions.row_merging import MergedRows, RowImages, Side, Sides, key_of, merge_rows, row_images
from synthdb.engine.versions.schema_applying import apply_schema, build_unique_keys, is_kept, retype
from synthdb.engine.versions.schema_merging import MergedSchema, combined_schemas, merge_schemas
from synthdb.engine.versions.schema_roots import Rooted, rooted
from synthdb.engine.versions.side_rows import SideRows, combined_rows, row_at
from synthdb_host.catalog import ColumnType
from synthdb_host.merge_reports import CombinedTable, MergeReport, OpenConflict

__all__ = ["Combination", "Scope"]

_EVER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Scope:
    """What is combined: everything with its schema, or only rows of some tables, perhaps only some rows."""

    tables: frozenset[int] | None = None
    ids: Sequence[Any] | None = None


class Combination:
    """One three-way merge into the branch of a session. It changes rows and schema as far as nothing is disputed."""

    def __init__(
        self, session: Session, base: Base, theirs: Place, decisions: Decisions, scope: Scope | None = None
    ) -> None:
        self._session = session
        self._base = base
        self._theirs = theirs
        self._decisions = decisions
        self._scope = scope or Scope()
        self._past = Past(session.driver)
        self.conflicts: list[tuple[OpenConflict, RowImages | None]] = []
        self._counts: dict[str, CombinedTable] = {}

    def run(self) -> MergeReport:
        """Combine; with conflicts in the report, what was written must be undone."""
        schema = MergedSchema()
        words: tuple[str, ...] = ()
        before = self._before = self._session.records()
        if self._scope.tables is None:
            schema = self._merged_schema()
            for conflict in schema.conflicts:
                self.dispute(conflict)
            words = apply_schema(self._session, schema)
            retype(self._session, schema)
        tables = list(self._tables())
        for table in tables:
            table.write()
        for item in retype(self._session, schema):
            self.dispute(OpenConflict(item.table, None, item.column, "schema", theirs=str(item.target), detail="type"))
        self._verify(tables, before)
        self._require_allowed(tables, words)
        self.conflicts.sort(key=lambda item: _place(item[0]))
        return MergeReport(self._counts, words, tuple(conflict for conflict, _ in self.conflicts))

    def foresee(self) -> MergeReport | None:
        """Give the report of combining without writing anything; None where only the written rows can tell.

        That is where the schema changes, or tables whose rows differ have foreign keys or checks.
        """
        self._before = self._session.records()
        if self._scope.tables is None and not is_kept(self._before, self._merged_schema()):
            return None
        tables = [table for table in self._tables() if table.has_candidates]
        if any(table.is_entangled for table in tables):
            return None
        for table in tables:
            table.foresee()
        self._leave_constraints()
        self._require_allowed(tables, ())
        self.conflicts.sort(key=lambda item: _place(item[0]))
        return MergeReport(self._counts, (), tuple(conflict for conflict, _ in self.conflicts))

    def _leave_constraints(self) -> bool:
        """Look at constraints once there is nothing else to decide: what is undecided may be what breaks them."""
        if all(conflict.kind == "constraint" for conflict, _ in self.conflicts):
            return False
        self.conflicts = [item for item in self.conflicts if item[0].kind != "constraint"]
        return True

    def _verify(self, tables: Sequence["_Table"], before: Records) -> None:
        if self._leave_constraints():
            return
        for table in tables:
            table.verify(Known.of(before, table.table.id))
        if not self.conflicts:
            build_unique_keys(self._session)

    def _require_allowed(self, tables: Sequence["_Table"], words: Sequence[str]) -> None:
        """Raise Forbidden if the caller may not do what was done, or not read what is in conflict."""
        restrictions = self._session.restrictions
        require_allowed(restrictions, {conflict.table for conflict, _ in self.conflicts}, ("select",))
        if self.conflicts:
            return
        if words:
            self._session.require_define()
        for table in tables:
            known = self._before.tables.get(table.table.id)
            names = {table.table.name, table.table.name if known is None else known.name}
            require_allowed(restrictions, names, actions_of(self._counts.get(table.table.name, CombinedTable())))

    # -- deciding ----------------------------------------------------------------------------------------

    def decide(self, conflict: OpenConflict) -> tuple[str | None, Any]:
        """Give what was decided on a conflict, and the value if a value was."""
        known = self._decisions.on(conflict)
        value = self._decisions.value(conflict) if known.resolution == "value" else None
        return known.resolution, value

    def dropped(self, table_id: int, columns: Sequence[StoredColumn]) -> frozenset[int]:
        """Give the roots of columns that ours had dropped before this merge."""
        known = rooted(self._before).columns.get(table_id, {})
        return frozenset(column.root for column in columns if column.root in known and known[column.root].dropped)

    def decide_row(self, table: str) -> Callable[[tuple[Any, ...], RowImages], str | None] | None:
        """Give what tells the decisions on whole rows of a table; None if there are none."""
        return partial(self._decisions.on_row, table) if self._decisions.has_rows(table) else None

    def dispute(self, conflict: OpenConflict, images: RowImages | None = None) -> None:
        """Take note of a conflict that nobody has decided, and of the row that it is in."""
        self.conflicts.append((conflict, images))

    def count(self, name: str, done: CombinedTable) -> None:
        """Take note of what was done to a table."""
        if done != CombinedTable():
            self._counts[name] = done

    # -- parts -------------------------------------------------------------------------------------------

    def _merged_schema(self) -> MergedSchema:
        driver = self._session.driver

        def schema(place: Place) -> Rooted:
            return rooted(read_records(driver, place))

        base = self._base.value(schema, combined_schemas)
        ours = rooted(self._session.records())
        return merge_schemas(base, ours, schema(self._theirs), lambda item: self.decide(item)[0])

    def _tables(self) -> Iterator["_Table"]:
        theirs = self._past.tables(self._theirs)
        for table in list(self._session.catalog.tables.values()):
            chosen = self._scope.tables is None or table.id in self._scope.tables
            if chosen and table.id in theirs:
                yield _Table(self, table, theirs[table.id])

    @property
    def session(self) -> Session:
        """The session that is written to."""
        return self._session

    @property
    def base(self) -> Base:
        """The base."""
        return self._base

    @property
    def theirs(self) -> Place:
        """The state that is merged."""
        return self._theirs

    @property
    def past(self) -> Past:
        """The tables of all states."""
        return self._past

    @property
    def ids(self) -> Sequence[Any] | None:
        """The rows that are combined; None: all."""
        return self._scope.ids


@dataclass(slots=True)
class _Table:
    """The rows of one table while they are combined."""

    whole: Combination
    table: StoredTable
    theirs: StoredTable
    before: dict[Any, Row] = field(default_factory=dict)
    merged: MergedRows = field(default_factory=MergedRows)
    known: list[Any] | None = None

    # -- reading -----------------------------------------------------------------------------------------

    @property
    def has_candidates(self) -> bool:
        """Say whether rows may differ."""
        return bool(self._candidates())

    @property
    def is_entangled(self) -> bool:
        """Say whether there are constraints that only the database can check, on rows that are written."""
        incoming = self.whole.session.catalog.incoming.get(self.table.name)
        return bool(self.table.table.foreign_keys or self.table.table.checks or incoming)

    def _candidates(self) -> list[Any]:
        if self.known is None:
            self.known = self._differing()
        return self.known

    def _differing(self) -> list[Any]:
        if self.whole.ids is not None:
            return list(self.whole.ids)
        driver, found = self.whole.session.driver, set()
        restored = self.whole.dropped(self.table.id, tuple(self.table.columns.values()))
        for place in self.whole.base.tips():
            if self._has_unversioned_values(place):
                found.update(all_ids(driver, self.theirs))
            found.update(changed_ids(driver, self.theirs, place, self.whole.theirs))
            if restored:
                # Rows that ours wrote without the column lack what theirs has in it.
                found.update(changed_ids(driver, self.table, place, self.whole.session.catalog.place))
        return sorted(found)

    def _has_unversioned_values(self, place: Place) -> bool:
        """Say whether theirs has values that are no new versions of their rows.

        They were converted since the base, or are defaults of a column that ours has made for itself.
        """
        known = self.whole.past.whole_table(place, self.table.id)
        before = {} if known is None else _forms(known)
        ours = _forms(self.table)
        return any(before.get(root, ours.get(root, form)) != form for root, form in _forms(self.theirs).items())

    def _side(self, place: Place, live: StoredTable | None = None) -> SideRows:
        """Give the rows of a state; ``live`` is the table with the columns that the state says something about."""
        whole = self.whole.past.whole_table(place, self.table.id)
        columns = () if whole is None or live is None else tuple(whole.columns.values())
        said = () if live is None else tuple(live.columns.values())
        silent = frozenset(column.root for column in columns) - {column.root for column in said}
        return SideRows(self.whole.session.driver, self.table, whole, silent)

    def _rows(self) -> Iterator[tuple[Any, Sides, Row | None]]:
        base = {place: self._side(place) for place in self.whole.base.places()}
        theirs = self._side(self.whole.theirs, self.theirs)
        columns, since = tuple(self.table.columns.values()), self._since(base)
        mine = Side(columns, columns, self.whole.dropped(self.table.id, columns))
        for ids in chunks(self._candidates()):
            ours, commits = fetch_with_commits(self.whole.session.driver, self.table, columns, ids)
            self.before.update(ours)
            theirs.load(ids)
            for side in base.values():
                side.load([row_id for row_id in ids if commits.get(row_id, _EVER) > since])
            for row_id in ids:
                known = commits.get(row_id, _EVER) <= since
                old = ours[row_id] if known else self.whole.base.value(row_at(base, row_id), combined_rows)
                stored = ours.get(row_id)
                yield row_id, (old, mine.read(stored, old), theirs.row(row_id, old)), stored

    def _since(self, base: dict[Place, SideRows]) -> int:
        """Give the commit up to which rows of the branch are those of the base, so that these need not be read.

        It is 0, before all commits, unless the base is an earlier state of the branch with the same columns.
        """
        place, ours = self.whole.base.place, self.whole.session.catalog.place
        bound = place.layers[0].bound
        if len(base) > 1 or bound is None or ours.until(bound).layers != place.layers:
            return 0
        return bound if base[place].is_plain else 0

    # -- writing -----------------------------------------------------------------------------------------

    def _merge(self) -> None:
        self.merged = merge_rows(self.table, self._rows(), self.whole.decide, self.whole.decide_row(self.table.name))
        for conflict, images in self.merged.conflicts:
            self.whole.dispute(conflict, images)

    def foresee(self) -> None:
        """Merge the rows, and find those that would break a unique key or lack a value."""
        self._merge()
        session, merged = self.whole.session, self.merged
        self._dispute(unique_violations(session, self.table, merged.written, merged.deleted))
        self._dispute(missing_values(self.table, merged.written))
        updated = len(merged.written.keys() & self.before.keys())
        done = CombinedTable(len(merged.written) - updated, updated, len(merged.deleted))
        self.whole.count(self.table.name, done)

    def write(self) -> None:
        """Merge the rows and write them."""
        self._merge()
        if not self.merged.written and not self.merged.deleted:
            return
        session = self.whole.session
        self.table = session.touch(self.table)
        violations = list(unique_violations(session, self.table, self.merged.written, self.merged.deleted))
        self._dispute(violations)
        for violation in violations:
            self._blank(violation)
        self._write()

    def _blank(self, violation: Violation) -> None:
        """Take away a unique key that the index of main would refuse; everything is undone in the end."""
        cells = zip(self.table.columns, self.merged.written[violation.id], strict=True)
        self.merged.written[violation.id] = tuple(None if name in violation.columns else cell for name, cell in cells)

    def _write(self) -> None:
        session, table, written = self.whole.session, self.table, self.merged.written
        columns = [column.physical for column in table.columns.values()]
        updated = {row_id: row for row_id, row in written.items() if row_id in self.before}
        inserted = [(*row, session.commit) for row_id, row in written.items() if row_id not in self.before]
        delete_rows(session, table, RowIds.of(self.merged.deleted))
        replace_rows(session, table, updated)
        if inserted:
            put_rows(session, table, columns, inserted)
            ids = [row_id for row_id in written if row_id not in self.before]
            session.tally(table, ids).inserted += len(ids)
            _raise_counter(session, table, ids)
        done = CombinedTable(len(inserted), len(updated), len(self.merged.deleted))
        self.whole.count(table.name, done)

    # -- constraints -------------------------------------------------------------------------------------

    def verify(self, known: Known) -> None:
        """Find the rows that break constraints now that all tables are written."""
        session = self.whole.session
        table = self.table = session.table(self.table.name)
        self._dispute(broken_rows(session, table, list(self.merged.written), known))
        gone = {row_id: self.before[row_id] for row_id in self.merged.sides if row_id in self.before}
        if gone:
            self._dispute(broken_references(session, table, gone, list(table.columns)))

    def _dispute(self, violations: Iterable[Violation]) -> None:
        shown = Shown(self.table)
        for violation in violations:
            sides = self.merged.sides.get(violation.id) or (None, self._present(violation.id), None)
            images = row_images(shown, sides)
            key = key_of(shown, sides)
            conflict = OpenConflict(self.table.name, key, None, "constraint", *images, violation.detail)
            self.whole.dispute(conflict, images)

    def _present(self, row_id: Any) -> Row:  # noqa: ANN401 - any identity
        return fetch(self.whole.session.driver, self.table, tuple(self.table.columns.values()), [row_id])[row_id]


def _place(conflict: OpenConflict) -> tuple[str, ...]:
    return conflict.table, str(conflict.key), conflict.column or "", conflict.kind, conflict.detail


def _forms(table: StoredTable) -> dict[int, tuple[str, ColumnType]]:
    """Give where the values of each column are, and their type."""
    return {column.root: (column.physical, column.codec.type) for column in table.columns.values()}


def _raise_counter(session: Session, table: StoredTable, ids: Sequence[Any]) -> None:
    """Let the counter of a table go on behind identities that came from elsewhere."""
    if table.table.generated == "integer":
        session.numbers.pass_over(table, max(ids))
