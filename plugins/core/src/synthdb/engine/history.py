"""The two statements behind every change: keep the version that was, then change the row.

A version that this same commit wrote was never visible to anyone, so it is not kept. A row whose values would
all stay the same is not touched: nothing changed means nothing written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.naming import quote
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.storage.layout import MAIN

__all__ = ["Assignment", "delete_rows", "set_values"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A column and its new stored value."""

    column: StoredColumn
    stored: Any


def set_values(session: Session, table: StoredTable, rows: RowIds, assignments: Sequence[Assignment]) -> int:
    """Set values on rows; gives how many really changed."""
    if not assignments or not len(rows):
        return 0
    names = [quote(assignment.column.physical) for assignment in assignments]
    values = [assignment.stored for assignment in assignments]
    changed = f"{_among(table, rows)} AND ({' OR '.join(f'{name} IS NOT ?' for name in names)})"
    _keep(session, table, changed, (*rows.parameters, *values), "u")
    sets = ", ".join(f"{name} = ?" for name in names)
    cursor = session.driver.execute(
        f"UPDATE {quote(table.physical)} SET {sets}, _tx = ? WHERE {changed}",
        (*values, session.commit, *rows.parameters, *values),
    )
    if cursor.rowcount:
        session.changes_of(table).updated += cursor.rowcount
    return cursor.rowcount


def delete_rows(session: Session, table: StoredTable, rows: RowIds) -> int:
    """Delete rows; gives how many there were."""
    if not len(rows):
        return 0
    among = _among(table, rows)
    _keep(session, table, among, rows.parameters, "d")
    _end_updated(session, table, among, rows.parameters)
    cursor = session.driver.execute(f"DELETE FROM {quote(table.physical)} WHERE {among}", rows.parameters)
    if cursor.rowcount:
        session.changes_of(table).deleted += cursor.rowcount
    return cursor.rowcount


def _end_updated(session: Session, table: StoredTable, among: str, parameters: Sequence[Any]) -> None:
    """Say that a version ended by a deletion where this same commit has updated the row before."""
    changes = session.changes.get(table.id)
    if changes is not None and changes.updated:
        session.driver.execute(
            f"UPDATE {quote(table.history)} SET _op = 'd' WHERE {among} AND _to = ?", (*parameters, session.commit)
        )


def _among(table: StoredTable, rows: RowIds) -> str:
    return f"{quote(table.identity.physical)} {rows.test}"


def _keep(session: Session, table: StoredTable, where: str, parameters: Sequence[Any], operation: str) -> None:
    key = ("history", session.catalog.version, table.id)
    head = session.plans.get(key) or session.plans.put(key, _history_head(table))
    session.driver.execute(
        f"{head} WHERE {where} AND _tx <> ?", (session.commit, operation, *parameters, session.commit)
    )


def _history_head(table: StoredTable) -> str:
    columns = ", ".join(quote(name) for name in table.stored)
    return (
        f"INSERT INTO {quote(table.history)} ({columns}, branch, _del, _created, _from, _to, _op) "
        f"SELECT {columns}, {MAIN}, 0, _created, _tx, ?, ? FROM {quote(table.physical)}"
    )
