"""Which rows break constraints after two states were combined, as lists instead of the first error."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb.catalog.store import Records
from synthdb.engine.naming import quote
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.verification import (
    condition_sql,
    require_unique,
    unique_keys,
    verify_check,
    verify_foreign_key,
)
from synthdb.engine.versions.images import Row
from synthdb_host.errors import RequestError
from synthdb_host.operations import Filter

__all__ = ["Violation", "broken_references", "broken_rows", "new_violations", "null_violations", "unique_violations"]


@dataclass(frozen=True, slots=True)
class Violation:
    """A row that breaks a constraint, in words; ``columns`` are those of a unique key."""

    id: Any
    detail: str
    columns: tuple[str, ...] = ()


def null_violations(table: StoredTable, rows: Mapping[Any, Row]) -> Iterator[Violation]:
    """Find rows without a value that they must have; rows are in the order of the table's columns."""
    required = [(place, column) for place, column in enumerate(table.columns.values()) if column.column.not_null]
    for place, column in required:
        for row_id, row in rows.items():
            if row[place] is None:
                yield Violation(row_id, f"{column.name} must have a value")


def unique_violations(
    session: Session, table: StoredTable, rows: Mapping[Any, Row], leaving: Sequence[Any]
) -> Iterator[Violation]:
    """Find rows, not yet written, whose unique keys other rows will have; ``leaving`` are to be deleted."""
    names = list(table.columns)
    for columns in unique_keys(table):
        places = [names.index(name) for name in columns]
        seen: dict[Row, Any] = {}
        gone = {*rows, *leaving}
        test = " AND ".join(f"{quote(table.columns[name].physical)} = ?" for name in columns)
        statement = f"SELECT {quote(table.identity.physical)} FROM {table.rows()} WHERE {test}"
        for row_id, row in rows.items():
            values = tuple(row[place] for place in places)
            if None in values:
                continue
            held = [found for (found,) in session.driver.execute(statement, values) if found not in gone]
            if held or seen.setdefault(values, row_id) != row_id:
                yield Violation(row_id, f"another row has this {', '.join(columns)}", columns)


def broken_rows(session: Session, table: StoredTable, ids: RowIds) -> Iterator[Violation]:
    """Find, among rows that were written, those that refer to nothing or fail a check."""
    identity = f"{quote(table.physical)}.{quote(table.identity.physical)}"
    for key in table.table.foreign_keys:
        target = session.table(key.table)
        pairs = list(zip(key.columns, key.references, strict=True))
        mine = [f"{quote(table.physical)}.{quote(table.columns[name].physical)}" for name, _ in pairs]
        theirs = [f"_p.{quote(target.columns[name].physical)}" for _, name in pairs]
        present = " AND ".join(f"{name} IS NOT NULL" for name in mine)
        same = " AND ".join(f"{there} = {here}" for here, there in zip(mine, theirs, strict=True))
        missing = f"{present} AND NOT EXISTS (SELECT 1 FROM {target.rows('_p')} WHERE {same})"
        for row_id in _ids(session, table, f"{identity} {ids.test} AND {missing}", ids.parameters):
            yield Violation(row_id, f"{key.name}: refers to a row of {key.table} that does not exist")
    for check in table.table.checks:
        condition: Filter = check.condition  # type: ignore[assignment]  # the catalog names it object
        sql, values = condition_sql(session, table, condition)
        for row_id in _ids(session, table, f"{identity} {ids.test} AND NOT ({sql})", (*ids.parameters, *values)):
            yield Violation(row_id, f"{check.name} does not hold")


def broken_references(
    session: Session, table: StoredTable, before: Mapping[Any, Row], columns: Sequence[str]
) -> Iterator[Violation]:
    """Find rows, deleted or changed by now, that others still refer to; ``before`` is what ``columns`` of them were."""
    for incoming in session.catalog.incoming.get(table.name, ()):
        child, key = session.table(incoming.table), incoming.key
        places = [columns.index(name) for name in key.references]
        refers = " AND ".join(f"_c.{quote(child.columns[name].physical)} = ?" for name in key.columns)
        exists = " AND ".join(f"{quote(table.columns[name].physical)} = ?" for name in key.references)
        statement = (
            f"SELECT 1 FROM {child.rows('_c')} WHERE {refers} "
            f"AND NOT EXISTS (SELECT 1 FROM {table.rows()} WHERE {exists}) LIMIT 1"
        )
        for row_id, row in before.items():
            values = tuple(row[place] for place in places)
            if None not in values and session.driver.execute(statement, (*values, *values)).fetchone():
                yield Violation(row_id, f"{key.name}: rows of {child.name} still refer to it")


def new_violations(session: Session, before: Records) -> Iterator[tuple[str, str | None, str]]:
    """Find constraints that a table has got and that its rows break: table, column, constraint."""
    after = session.records()
    for table in list(session.catalog.tables.values()):
        if table.id not in before.tables:
            continue
        known = {constraint.name for constraint in before.tables[table.id].constraints}
        names = {constraint.name for constraint in after.tables[table.id].constraints} - known
        yield from ((table.name, None, name) for name in sorted(names) if _is_broken(session, table, name))
        own = before.columns[table.id]
        for column in table.columns.values():
            optional = column.id in own and not own[column.id].not_null
            null = f"{quote(column.physical)} IS NULL"
            if optional and column.column.not_null and _ids(session, table, null, ()):
                yield table.name, column.name, "not_null"


def _is_broken(session: Session, table: StoredTable, name: str) -> bool:
    try:
        for unique in table.table.unique_keys:
            if unique.name == name:
                require_unique(session, table, unique.columns)
        for key in table.table.foreign_keys:
            if key.name == name:
                verify_foreign_key(session, table, key, None)
        for check in table.table.checks:
            if check.name == name:
                verify_check(session, table, check, None)
    except RequestError:
        return True
    return False


def _ids(session: Session, table: StoredTable, where: str, parameters: Sequence[Any]) -> list[Any]:
    statement = f"SELECT {quote(table.identity.physical)} FROM {table.rows()} WHERE {where}"
    return [row_id for (row_id,) in session.driver.execute(statement, parameters)]
