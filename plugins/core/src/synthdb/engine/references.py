"""What happens to rows that refer to rows which are deleted or whose referenced values change."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synthdb.catalog.model import IncomingKey, StoredTable
from synthdb.engine.history import Assignment, delete_rows, set_values
from synthdb.engine.naming import quote
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.verification import verify_checks
from synthdb_host.catalog import OnDelete
from synthdb_host.errors import ForeignKeyViolation, NotNullViolation

__all__ = ["Referenced", "delete_with_references", "follow", "referenced_values"]


@dataclass(frozen=True, slots=True)
class Referenced:
    """A foreign key into ``table``, values of some of its rows that others may refer to, and what happens to those."""

    table: StoredTable
    incoming: IncomingKey
    values: Sequence[tuple[Any, ...]]
    action: OnDelete


def referenced_values(
    session: Session, table: StoredTable, rows: RowIds, columns: frozenset[str] | None = None
) -> list[Referenced]:
    """Read, before a change of ``columns`` (None: a deletion), what other rows may refer to.

    A foreign key says what a deletion does to them; a change must leave none behind.
    """
    found = []
    for incoming in session.catalog.incoming.get(table.name, ()):
        if columns is None or columns.intersection(incoming.key.references):
            names = ", ".join(quote(table.columns[name].physical) for name in incoming.key.references)
            among = f"{quote(table.identity.physical)} {rows.test}"
            cursor = session.driver.execute(f"SELECT {names} FROM {table.rows()} WHERE {among}", rows.parameters)
            action = incoming.key.on_delete if columns is None else "no_action"
            found.append(Referenced(table, incoming, cursor.fetchall(), action))
    return found


def delete_with_references(session: Session, table: StoredTable, rows: RowIds) -> int:
    """Delete rows and do to the rows that refer to them what their foreign keys say.

    Raises:
        ForeignKeyViolation: a row that refers to one of them forbids it.
    """
    table = session.touch(table)
    referenced = referenced_values(session, table, rows)
    deleted = delete_rows(session, table, rows)
    follow(session, referenced)
    return deleted


def follow(session: Session, referenced: Sequence[Referenced]) -> None:
    """After a change: find the rows that refer to nothing now, and do what is to be done, however far it leads.

    Raises:
        ForeignKeyViolation: rows that refer to nothing would be left.
        NotNullViolation, CheckViolation: a row cannot be without its reference.
    """
    waiting, last = deque(referenced), []
    while waiting:
        item = waiting.popleft()
        if item.action == "no_action":
            last.append(item)
        elif orphans := _orphans(session, item):
            waiting.extend(_act(session, item, RowIds.of(orphans)))
    for item in last:
        if orphans := _orphans(session, item):
            raise _still_referred(item, len(orphans))


def _orphans(session: Session, item: Referenced) -> list[Any]:
    parent, child, key = session.table(item.table.name), session.table(item.incoming.table), item.incoming.key
    mine = [quote(child.columns[name].physical) for name in key.columns]
    theirs = [quote(parent.columns[name].physical) for name in key.references]
    refers = " AND ".join(f"_c.{name} = ?" for name in mine)
    exists = " AND ".join(f"{name} = ?" for name in theirs)
    statement = (
        f"SELECT _c.{quote(child.identity.physical)} FROM {child.rows('_c')} WHERE {refers} "
        f"AND NOT EXISTS (SELECT 1 FROM {parent.rows()} WHERE {exists})"
    )
    execute = session.driver.execute
    wanted = [values for values in item.values if None not in values]
    return [row[0] for values in wanted for row in execute(statement, (*values, *values))]


def _act(session: Session, item: Referenced, orphans: RowIds) -> list[Referenced]:
    """Do to rows what a deletion does to them; gives what may follow from that."""
    if item.action == "restrict":
        raise _still_referred(item, len(orphans))
    child = session.touch(session.table(item.incoming.table))
    if item.action == "cascade":
        referenced = referenced_values(session, child, orphans)
        delete_rows(session, child, orphans)
        return referenced
    return _set_null(session, child, item.incoming.key.columns, orphans)


def _set_null(session: Session, child: StoredTable, names: Sequence[str], rows: RowIds) -> list[Referenced]:
    columns = [child.columns[name] for name in names]
    for column in columns:
        if column.column.not_null:
            raise NotNullViolation(f"Column {column.name!r} of {child.name!r} must have a value.")
    referenced = referenced_values(session, child, rows, frozenset(names))
    set_values(session, child, rows, [Assignment(column, None) for column in columns])
    verify_checks(session, child, rows)
    return referenced


def _still_referred(item: Referenced, count: int) -> ForeignKeyViolation:
    key, child = item.incoming.key, item.incoming.table
    return ForeignKeyViolation(
        f"{count} row(s) of {child!r} still refer to this.",
        hint=f"Change or delete them first; the foreign key is {key.name!r}.",
        data={"constraint": key.name, "table": child},
    )
