"""Bringing rows, tables or everything back to what they were."""

from dataclasses import replace
from typing import Any

from synthdb_host.errors import ForeignKeyViolation, NotFound, NotNullViolation, UniqueViolation, UnknownTable
from synthdb_host.merge_reports import MergeReport
from synthdb_host.versions import Restore
from synthdb_memory.combining import combine
from synthdb_memory.combining_rows import key_of
from synthdb_memory.combining_schema import converted
from synthdb_memory.differing import counted
from synthdb_memory.normal import Cells, Plain, PlainTable, normal, restated
from synthdb_memory.repository import Branch, Repository
from synthdb_memory.state import State
from synthdb_memory.violations import violations

__all__ = ["restore", "seen_now"]


def seen_now(then: State, now: State) -> State:
    """Give a past state with the tables and columns of now."""
    past, shapes = normal(then), normal(now)
    tables = {uid: _refilled(table, past.get(uid)) for uid, table in shapes.items()}
    state = restated(tables, now)
    versions = {stored.uid: stored.versions for stored in then.tables.values()}
    for stored in state.tables.values():
        stored.versions = versions.get(stored.uid, {})
    return state


def restore(repository: Repository, branch: Branch, operation: Restore) -> tuple[State, MergeReport]:
    """Give the state of a branch after a restore, and what that changes."""
    before = repository.commits[branch.head].state
    ours = normal(before)
    if operation.to is None:
        after = _undeleted(repository, branch, ours, operation)
    else:
        past = normal(repository.resolve(operation.to).state)
        after = _replaced(ours, past, operation) if operation.tables else combine(ours, ours, past).tables
    _check(after, ours)
    return restated(after, before), MergeReport(counted(ours, after))


def _replaced(ours: Plain, past: Plain, operation: Restore) -> Plain:
    after = dict(ours)
    for name in operation.tables:
        table = _named(ours, name)
        filled = _refilled(table, past.get(table.uid))
        if operation.keys:
            rows = {i: row for i, row in table.rows.items() if key_of(table, row) not in operation.keys}
            chosen = {i: row for i, row in filled.rows.items() if key_of(table, row) in operation.keys}
            filled = replace(filled, rows=rows | chosen)
        after[table.uid] = filled
    return after


def _refilled(table: PlainTable, past: PlainTable | None) -> PlainTable:
    """Give a table with the rows it had; columns and types are those it has."""
    if past is None or not past.is_live:
        return replace(table, rows={})
    rows = {identity: _refitted(table, past, cells, table.rows.get(identity)) for identity, cells in past.rows.items()}
    return replace(table, rows=rows)


def _refitted(table: PlainTable, past: PlainTable, cells: Cells, now: Cells | None) -> Cells:
    """Give a past row with the columns of now; what it did not have is its default, or stays if it was dropped."""
    row: Cells = {}
    for column in table.columns:
        was = next((old for old in past.columns if old.ids & column.ids), None)
        if was is None or (not was.is_live and now is None):
            row[column.number] = column.properties["default"]
        elif was.is_live:
            row[column.number] = converted(cells[was.number], was.properties["type"], column.properties["type"])
        elif now is not None:
            row[column.number] = now[column.number]
    return row


def _undeleted(repository: Repository, branch: Branch, ours: Plain, operation: Restore) -> Plain:
    after = dict(ours)
    for name in operation.tables:
        table = _named(ours, name)
        rows = dict(table.rows)
        present = {key_of(table, row) for row in rows.values()}
        for key in operation.keys:
            if key not in present:
                identity, cells = _last(repository, branch, table, key)
                rows[identity] = cells
        after[table.uid] = replace(table, rows=rows)
    return after


def _last(repository: Repository, branch: Branch, table: PlainTable, key: tuple[Any, ...]) -> tuple[Any, Cells]:
    """Find a row as it last was."""
    for commit in repository.line(branch.head):
        past = normal(commit.state).get(table.uid)
        if past is None or not past.is_live:
            continue
        for identity, cells in _refilled(table, past).rows.items():
            if key_of(table, cells) == key:
                return identity, cells
    raise NotFound(f"{table.name!r} never had a row {key}.")


def _named(tables: Plain, name: str) -> PlainTable:
    found = next((table for table in tables.values() if table.is_live and table.name == name), None)
    if found is None:
        raise UnknownTable(f"There is no table {name!r}.")
    return found


def _check(after: Plain, ours: Plain) -> None:
    for conflict in violations(after, (ours, ours, after)):
        table = next(table for table in after.values() if table.name == conflict.table)
        if conflict.detail in {column.name for column in table.live}:
            raise NotNullViolation(f"Column {conflict.detail!r} would have no value.")
        kind = table.constraints.get(conflict.detail, ("foreign",))[0]
        raise (UniqueViolation if kind == "unique" else ForeignKeyViolation)(f"{conflict.detail!r} would be broken.")
