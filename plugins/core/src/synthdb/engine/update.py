"""Updating and deleting rows that a filter selects."""

from collections.abc import Sequence
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb.engine.history import Assignment, set_values
from synthdb.engine.naming import normal_name, quote
from synthdb.engine.references import delete_with_references, follow, referenced_values
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.values import encode_columns, ensure_columns
from synthdb.engine.verification import condition_sql, verify
from synthdb_host.contracts import Result, TableRestriction
from synthdb_host.errors import Conflict, FullTableWrite, InvalidValue, MaxAffectedExceeded, NotFound, NotNullViolation
from synthdb_host.expectations import check_guard
from synthdb_host.operations import Delete, Update

__all__ = ["Assignment", "delete", "update", "update_rows"]


def update(session: Session, operation: Update) -> Result:
    """Set values on the rows that a filter selects.

    Raises:
        FullTableWrite, MaxAffectedExceeded, PreconditionFailed: other rows are meant than may be written.
        InvalidValue, NotNullViolation, UniqueViolation, ForeignKeyViolation, CheckViolation: a value does not fit.
    """
    given = {normal_name(name): (value,) for name, value in operation.values.items()}
    if len(given) != len(operation.values):
        raise InvalidValue("A column is given twice.")
    table = ensure_columns(session, session.table(operation.table), given)
    table, columns = encode_columns(session, table, given)
    rows = _choose(session, table, operation)
    assignments = [Assignment(table.columns[name], values[0]) for name, values in columns.items()]
    changed = update_rows(session, table, rows, assignments)
    versions = session.version(table.name, rows, written=changed > 0)
    return session.result(session.returning(table, operation.returning, rows), len(rows), versions=versions)


def update_rows(session: Session, table: StoredTable, rows: RowIds, assignments: Sequence[Assignment]) -> int:
    """Set stored values on rows and check what they must satisfy; gives how many really changed."""
    wanted = [assignment for assignment in assignments if not _is_identity(table, rows, assignment)]
    for assignment in wanted:
        if assignment.stored is None and assignment.column.column.not_null:
            raise NotNullViolation(
                f"Column {assignment.column.name!r} of {table.name!r} must have a value.",
                data={"table": table.name, "column": assignment.column.name},
            )
    names = frozenset(assignment.column.name for assignment in wanted)
    if not len(rows):
        return 0
    table = session.touch(table)
    referenced = referenced_values(session, table, rows, names)
    changed = set_values(session, table, rows, wanted)
    if changed:
        follow(session, referenced)
    verify(session, table, rows, names)
    return changed


def _is_identity(table: StoredTable, rows: RowIds, assignment: Assignment) -> bool:
    if assignment.column.name != table.table.identity:
        return False
    if any(row_id != assignment.stored for row_id in rows.ids):
        raise Conflict(f"{table.table.identity!r} is how rows of {table.name!r} are known; it never changes.")
    return True


def delete(session: Session, operation: Delete) -> Result:
    """Delete the rows that a filter selects, and what their foreign keys say with them.

    Raises:
        FullTableWrite, MaxAffectedExceeded, PreconditionFailed: other rows are meant than may be deleted.
        ForeignKeyViolation: a row that refers to one of them forbids it.
    """
    table = session.table(operation.table)
    rows = _choose(session, table, operation)
    result = session.returning(table, operation.returning, rows)
    delete_with_references(session, table, rows)
    return session.result(result, len(rows))


def _choose(session: Session, table: StoredTable, operation: Update | Delete) -> RowIds:
    """Give the identities of the rows that a write means and the caller may touch.

    Raises:
        FullTableWrite, MaxAffectedExceeded: too many are meant.
        PreconditionFailed: one is not of the version expected.
    """
    check_guard(operation, table.table)
    if operation.where is None and not operation.every_row:
        raise FullTableWrite(
            f"This write has no filter and would touch every row of {table.name!r}.",
            hint="Add a filter, or say that every row is meant.",
        )
    restriction = session.restrictions.tables.get(table.name) or TableRestriction()
    tests = []
    if operation.where is not None:
        tests.append(condition_sql(session, table, operation.where, restriction.hidden))
    if restriction.rows is not None:
        tests.append(condition_sql(session, table, restriction.rows))
    where = " AND ".join(f"({sql})" for sql, _ in tests) or "1"
    shown = quote(table.identity.physical) + (", _tx" if operation.expected else "")
    statement = f"SELECT {shown} FROM {table.rows()} WHERE {where}"
    found = session.driver.execute(statement, [value for _, values in tests for value in values]).fetchall()
    if operation.expected is not None:
        operation.expected.require(table.name, [str(row[1]) for row in found])
    ids: list[Any] = [row[0] for row in found]
    if operation.max_affected is not None and len(ids) > operation.max_affected:
        raise MaxAffectedExceeded(
            f"This write would touch {len(ids)} rows, more than {operation.max_affected}.",
            data={"affected": len(ids)},
        )
    if len(ids) < operation.min_affected:
        raise NotFound(
            f"This write would touch {len(ids)} rows of {table.name!r}, fewer than {operation.min_affected}.",
            data={"table": table.name, "affected": len(ids)},
        )
    return RowIds.of(ids)
