"""The two statements behind every change: keep the version that was, then change the row.

On main the row is changed where it is; on another branch, :mod:`synthdb.engine.overlay` does the same.

The table must have been given by ``Session.touch``. A version that this same commit wrote was never visible to
anyone, so it is not kept. A row whose values would
all stay the same is not touched: nothing changed means nothing written.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.naming import quote
from synthdb.engine.numbers import keep_number
from synthdb.engine.overlay import OverlayRows
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.verification import unique_keys
from synthdb.storage.layout import MAIN

__all__ = ["Assignment", "delete_rows", "put_rows", "replace_rows", "set_values"]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A column and its new stored value."""

    column: StoredColumn
    stored: Any


def set_values(session: Session, table: StoredTable, rows: RowIds, assignments: Sequence[Assignment]) -> int:
    """Set values on rows; gives how many really changed."""
    if not assignments or not len(rows):
        return 0
    if session.branch != MAIN:
        return _set_on_branch(session, table, rows, assignments)
    names = [assignment.column.physical for assignment in assignments]
    values = [assignment.stored for assignment in assignments]
    differs = " OR ".join(f"{table.unfilled.value(name)} IS NOT ?" for name in names)
    changed = f"{_among(table, rows)} AND ({differs})"
    _keep(session, table, changed, (*rows.parameters, *values), "u")
    sets = _sets(table, names)
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
    if session.branch != MAIN:
        return _delete_on_branch(session, table, rows)
    among = _among(table, rows)
    _keep(session, table, among, rows.parameters, "d")
    _settle_own(session, table, among, rows.parameters)
    cursor = session.driver.execute(f"DELETE FROM {quote(table.physical)} WHERE {among}", rows.parameters)
    if cursor.rowcount:
        session.changes_of(table).deleted += cursor.rowcount
    return cursor.rowcount


def put_rows(session: Session, table: StoredTable, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Write rows that are not there: values of physical columns, and the commit in which each row began."""
    if session.branch != MAIN:
        place = list(names).index(table.identity.physical)
        writer = OverlayRows(session.driver, table, session.branch, session.commit)
        # Rows that were deleted on this branch come back.
        writer.keep(RowIds.of([row[place] for row in rows]), "i")
        writer.put(names, rows)
        return
    empty = [name for name in table.stored if name not in names]
    into = ", ".join([*map(quote, names), "_created", *map(quote, empty), "_tx"])
    marks = ", ".join(["?"] * (len(names) + 1) + ["NULL"] * len(empty))
    session.driver.executemany(f"INSERT INTO {quote(table.physical)} ({into}) VALUES ({marks}, {session.commit})", rows)


def replace_rows(session: Session, table: StoredTable, rows: Mapping[Any, Sequence[Any]]) -> None:
    """Give rows that are there other values in all logical columns; ``rows`` are in their order, by identity."""
    if not rows:
        return
    ids = RowIds.of(list(rows))
    columns = [column.physical for column in table.columns.values()]
    if session.branch == MAIN:
        _keep(session, table, _among(table, ids), ids.parameters, "u")
        _free_unique_keys(session, table, ids)
        place, among = table.physical, ""
    else:
        OverlayRows(session.driver, table, session.branch, session.commit).set_values(ids, {})
        place, among = table.overlay, f" AND branch = {session.branch}"
    sets = _sets(table, columns)
    session.driver.executemany(
        f"UPDATE {quote(place)} SET {sets}, _tx = ? WHERE {quote(table.identity.physical)} = ?{among}",
        ((*row, session.commit, row_id) for row_id, row in rows.items()),
    )
    tally = session.changes_of(table) if session.branch == MAIN else session.tally(table, ids.ids)
    tally.updated += len(rows)


def _free_unique_keys(session: Session, table: StoredTable, ids: RowIds) -> None:
    """Let rows exchange the values of their unique keys: an index looks at each row as it is written."""
    names = dict.fromkeys(name for key in unique_keys(table) for name in key if name != table.table.identity)
    if names:
        physical = [table.columns[name].physical for name in names]
        emptied = [name for column in physical for name in (column, *table.unfilled.emptied(column))]
        sets = ", ".join(f"{quote(name)} = NULL" for name in emptied)
        session.driver.execute(f"UPDATE {quote(table.physical)} SET {sets} WHERE {_among(table, ids)}", ids.parameters)


def _set_on_branch(session: Session, table: StoredTable, rows: RowIds, assignments: Sequence[Assignment]) -> int:
    values = {assignment.column.physical: assignment.stored for assignment in assignments}
    emptied = {name: None for column in values for name in table.unfilled.emptied(column)}
    differs = " OR ".join(f"{quote(name)} IS NOT ?" for name in values)
    changed = _ids(session, table, f"{_among(table, rows)} AND ({differs})", (*rows.parameters, *values.values()))
    if not len(changed):
        return 0
    OverlayRows(session.driver, table, session.branch, session.commit).set_values(changed, values | emptied)
    session.tally(table, changed.ids).updated += len(changed)
    return len(changed)


def _delete_on_branch(session: Session, table: StoredTable, rows: RowIds) -> int:
    present = _ids(session, table, _among(table, rows), rows.parameters)
    if not len(present):
        return 0
    OverlayRows(session.driver, table, session.branch, session.commit).delete(present)
    session.tally(table, present.ids).deleted += len(present)
    return len(present)


def _ids(session: Session, table: StoredTable, where: str, parameters: Sequence[Any]) -> RowIds:
    statement = f"SELECT {quote(table.identity.physical)} FROM {table.rows()} WHERE {where}"
    return RowIds.of([row_id for (row_id,) in session.driver.execute(statement, parameters)])


def _settle_own(session: Session, table: StoredTable, among: str, parameters: Sequence[Any]) -> None:
    """Take account of what this same commit has done to rows that are about to be deleted."""
    changes = session.changes.get(table.id)
    if changes is not None and changes.inserted:
        # Nothing will be left of a row that this same commit has made.
        keep_number(session.driver, table.id, table.physical)
    if changes is not None and changes.updated:
        # These versions end by a deletion.
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
    values = ", ".join(table.unfilled.value(name) for name in table.stored)
    return (
        f"INSERT INTO {quote(table.history)} ({columns}, branch, _del, _created, _from, _to, _op) "
        f"SELECT {values}, {MAIN}, 0, _created, _tx, ?, ? FROM {quote(table.physical)}"
    )


def _sets(table: StoredTable, columns: Sequence[str]) -> str:
    """Write what is set where physical columns get values: those that they are filled from become empty."""
    emptied = [name for column in columns for name in table.unfilled.emptied(column)]
    return ", ".join([*(f"{quote(name)} = ?" for name in columns), *(f"{quote(name)} = NULL" for name in emptied)])
