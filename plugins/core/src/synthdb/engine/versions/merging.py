"""Merge, cherry-pick, revert and restore: which three states each of them combines."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Final

from synthdb.catalog.model import StoredTable
from synthdb.catalog.places import Place, place_of, require_kept, require_remembered, resolve
from synthdb.engine.session import Session
from synthdb.engine.tables import restore_table
from synthdb.engine.versions.ancestry import head_commit, includes
from synthdb.engine.versions.bases import Base, base_of
from synthdb.engine.versions.combining import Combination, Scope
from synthdb.engine.versions.conflict_store import Decisions, close_conflicts, store_conflicts
from synthdb.engine.versions.histories import last_version
from synthdb.engine.versions.keys import identity_of, last_identity_of
from synthdb.engine.versions.past import Past
from synthdb_host.contracts import Result, TableRestriction
from synthdb_host.errors import Forbidden, InvalidParameter, MergeConflict, NotFound, UnknownRef, UnknownTable
from synthdb_host.merge_reports import MergeReport
from synthdb_host.operations import RestoreTable
from synthdb_host.versions import CherryPick, Merge, Restore, Revert

__all__ = ["Foreseeable", "cherry_pick", "foresee", "merge", "restore", "revert"]

Foreseeable = Merge | CherryPick | Revert | Restore
"""Operations whose outcome can be told by reading."""


_LONGEST_NUMBER: Final = 20


def merge(session: Session, operation: Merge) -> Result:
    """Take over what a branch, tag or commit has changed."""
    sides = _merged(session, operation)
    if sides is None:
        return _reported(session, MergeReport())
    _, session.merged = head_commit(session.driver, sides.theirs)
    # What only the last merge of these branches needed is needed no longer.
    session.driver.execute("UPDATE _meta SET swept = 0")
    return _combine(session, sides)


def cherry_pick(session: Session, operation: CherryPick) -> Result:
    """Make the changes of some commits here, too."""
    return _combine(session, _picked(session, operation))


def revert(session: Session, operation: Revert) -> Result:
    """Undo the changes of some commits."""
    return _combine(session, _picked(session, operation))


def foresee(session: Session, operation: Foreseeable) -> Result | None:
    """Give what combining states would come to without writing anything; None where only doing it can tell."""
    sides: _Sides | None
    match operation:
        case Merge():
            sides = _merged(session, operation)
        case CherryPick() | Revert():
            sides = _picked(session, operation)
        case Restore():
            sides = _past(session, operation)
            if sides is None:
                return None
    report = MergeReport() if sides is None else _combination(session, sides).foresee()
    if report is None:
        return None
    if isinstance(operation, Restore):
        _require_possible(report)
    return Result(affected=_rows(report), report=report)


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is combined with the branch of a session; decisions are those on merges of ``source``."""

    base: Base
    theirs: Place
    source: Place
    scope: Scope = field(default_factory=Scope)


def _merged(session: Session, operation: Merge) -> _Sides | None:
    """Give what a merge combines; None if the branch has it all."""
    driver, target = session.driver, session.catalog.place
    source = resolve(driver, operation.source)
    if includes(driver, target, source):
        return None
    return _Sides(base_of(driver, target, source), source, source)


def _picked(session: Session, operation: CherryPick | Revert) -> _Sides:
    before, after = _around(session, operation.first, operation.last)
    if isinstance(operation, Revert):
        return _Sides(Base(after), before, before)
    return _Sides(Base(before), after, after)


def _around(session: Session, first: str, last: str | None) -> tuple[Place, Place]:
    """Give the states before and after commits of one branch."""
    begin, branch = _commit(session, first)
    end, other = _commit(session, last or first)
    if branch != other or end < begin:
        raise InvalidParameter(f"{first} and {last} are not the first and the last of commits of one branch.")
    require_remembered(session.driver, branch)
    place = place_of(session.driver, branch)
    places = place.until(begin - 1), place.until(end)
    for item in places:
        require_kept(session.driver, item)
    return places


def _commit(session: Session, text: str) -> tuple[int, int]:
    if text.isdecimal() and len(text) < _LONGEST_NUMBER:
        found = session.driver.execute(
            "SELECT id, branch FROM _tx WHERE id = ?", (min(int(text), 2**63 - 1),)
        ).fetchone()
        if found is not None:
            return int(found[0]), int(found[1])
    raise UnknownRef(f"There is no commit {text[:100]!r}.", data={"ref": text[:100]})


# -- restoring -------------------------------------------------------------------------------------------


def restore(session: Session, operation: Restore) -> Result:
    """Make rows, tables or everything as they were.

    Raises:
        UnknownTable: a table was not there, or is not here.
        NotFound: a row to bring back was never there, or is there.
        MergeConflict: the rows would break a constraint.
    """
    if operation.keys:
        report = _restore_rows(session, operation)
    else:
        if operation.to is None:
            raise InvalidParameter("Say to which state: only rows can be brought back without one.", where="to")
        theirs = resolve(session.driver, operation.to)
        scope = Scope(frozenset(_restored_tables(session, operation.tables, theirs))) if operation.tables else Scope()
        report = _combination(session, _Sides(Base(_now(session)), theirs, theirs, scope)).run()
    _require_possible(report)
    return _reported(session, report)


def _past(session: Session, operation: Restore) -> _Sides | None:
    """Give what a restore combines, unless it is about some rows or about tables that must be brought back first."""
    here = session.catalog.tables
    if operation.keys or operation.to is None or not all(name in here for name in operation.tables):
        return None
    theirs = resolve(session.driver, operation.to)
    scope = Scope(frozenset(_restored_tables(session, operation.tables, theirs))) if operation.tables else Scope()
    return _Sides(Base(_now(session)), theirs, theirs, scope)


def _require_possible(report: MergeReport) -> None:
    if report.conflicts:
        raise MergeConflict(
            f"{len(report.conflicts)} row(s) would break a constraint: {report.conflicts[0].detail}.",
            data={"conflicts": [item.detail for item in report.conflicts[:10]]},
        )


def _now(session: Session) -> Place:
    """Give the branch as it is before this commit."""
    return session.catalog.place.until(session.commit - 1)


def _restored_tables(session: Session, names: Sequence[str], theirs: Place) -> Iterator[int]:
    there = {table.name: table for table in Past(session.driver).tables(theirs).values()}
    for name in names:
        here = session.catalog.tables.get(name)
        if here is None and name in there:
            session.require_define()
            restore_table(session, RestoreTable(name))
            here = session.table(name)
        if here is None or here.id not in {table.id for table in there.values()}:
            raise UnknownTable(f"There was no table {name!r} at that state.", data={"table": name})
        yield here.id


def _restore_rows(session: Session, operation: Restore) -> MergeReport:
    if len(operation.tables) != 1:
        raise InvalidParameter("Rows are restored in one table.", where="tables")
    table = session.table(operation.tables[0])
    reports = [
        _combination(session, _Sides(Base(_now(session)), to, to, Scope(frozenset({table.id}), ids))).run()
        for to, ids in _rows_to_restore(session, table, operation)
    ]
    done = reports[0]
    for report in reports[1:]:
        done = replace(done, conflicts=done.conflicts + report.conflicts)
    return done


def _rows_to_restore(session: Session, table: StoredTable, operation: Restore) -> Iterator[tuple[Place, list[object]]]:
    driver, place = session.driver, session.catalog.place
    if operation.to is None:
        for key in operation.keys:
            row_id = last_identity_of(driver, table, key, place.chain)
            deleted = None if row_id is None else last_version(driver, table, place, row_id)
            if deleted is None or deleted.kind != "delete":
                raise NotFound(f"No row of {table.name!r} with the key {list(key)} was deleted.")
            yield place.until(deleted.commit - 1), [row_id]
        return
    to = resolve(driver, operation.to)
    then = Past(driver).tables(to).get(table.id)
    ids = []
    for key in operation.keys:
        found = None if then is None else identity_of(driver, then, key)
        found = identity_of(driver, table, key) if found is None else found
        if found is None:
            raise NotFound(f"No row of {table.name!r} has the key {list(key)}, now or then.")
        ids.append(found)
    yield to, ids


# -- combining -------------------------------------------------------------------------------------------


def _combine(session: Session, sides: _Sides) -> Result:
    source, target = sides.source, session.catalog.place
    with _undoable(session) as undo:
        combination = _combination(session, sides)
        report = combination.run()
        if report.conflicts:
            undo()
    if report.conflicts:
        session.merged = None
        if not session.context.dry_run:
            store_conflicts(session, source, target, combination.conflicts)
        return Result(affected=0, report=report)
    close_conflicts(session, source, target)
    return _reported(session, report)


def _combination(session: Session, sides: _Sides) -> Combination:
    if any(limit != TableRestriction() for limit in session.restrictions.tables.values()):
        raise Forbidden("Some tables are restricted for you, so you cannot combine states.")
    decisions = Decisions(session.driver, sides.source, session.catalog.place)
    return Combination(session, sides.base, sides.theirs, decisions, sides.scope)


def _reported(session: Session, report: MergeReport) -> Result:
    return replace(session.result(Result(), _rows(report)), report=report)


def _rows(report: MergeReport) -> int:
    """Count the rows that were combined; none were while there are conflicts."""
    if report.conflicts:
        return 0
    return sum(table.inserted + table.updated + table.deleted for table in report.tables.values())


@contextmanager
def _undoable(session: Session) -> Iterator[Callable[[], None]]:
    """Let the block undo what it did: rows, schema, and what the session knows of them."""
    driver = session.driver
    catalog, changed = session.catalog, session.schema_changed
    changes = {table: copy(tally) for table, tally in session.changes.items()}

    def undo() -> None:
        driver.execute("ROLLBACK TO combination")
        session.catalog, session.schema_changed, session.changes = catalog, changed, changes
        session.versions.written = False
        session.marks.forget()
        # The numbers of the catalog versions that are undone will be given again, to other catalogs.
        session.forget_plans()

    driver.execute("SAVEPOINT combination")
    yield undo
    driver.execute("RELEASE combination")
