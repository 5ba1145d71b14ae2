"""Checking rows that were written against foreign keys, checks and policies: set by set, in the transaction."""

from collections.abc import Sequence
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb.engine.conditions import Condition, compile_condition
from synthdb.engine.naming import quote
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.shapes import shape_of, values_of
from synthdb.storage.layout import MAIN
from synthdb_host.catalog import CheckConstraint, ForeignKey
from synthdb_host.errors import CheckViolation, Forbidden, ForeignKeyViolation, UniqueViolation
from synthdb_host.operations import Filter

__all__ = [
    "condition_sql",
    "duplicate",
    "require_unique",
    "require_visible",
    "unique_keys",
    "verify",
    "verify_check",
    "verify_checks",
    "verify_foreign_key",
]


def condition_sql(
    session: Session, table: StoredTable, condition: Filter, hidden: frozenset[str] = frozenset()
) -> tuple[str, tuple[Any, ...]]:
    """Give a condition as SQL over the physical table, with its parameters; ``hidden`` columns do not exist."""
    key = ("condition", session.catalog.key, table.id, shape_of(condition), hidden)
    compiled: Condition = session.plans.get(key) or session.plans.put(
        key, compile_condition(session.catalog, table, condition, hidden=hidden)
    )
    return compiled.sql, compiled.parameters(values_of(condition))


def verify(session: Session, table: StoredTable, rows: RowIds, columns: frozenset[str] | None = None) -> None:
    """Check written rows; ``columns`` are those that changed, None for all.

    Raises:
        ForeignKeyViolation, CheckViolation: a row breaks a constraint.
        Forbidden: a row is not one that the caller may write.
    """
    if not len(rows):
        return
    if session.branch != MAIN:
        for unique in unique_keys(table):
            if columns is None or columns.intersection(unique):
                _verify_unique(session, table, unique, rows)
    for key in table.table.foreign_keys:
        if columns is None or columns.intersection(key.columns):
            verify_foreign_key(session, table, key, rows)
    verify_checks(session, table, rows)
    restriction = session.restrictions.tables.get(table.name)
    if restriction is not None and restriction.check is not None:
        _verify_policy(session, table, restriction.check, rows)


def unique_keys(table: StoredTable) -> list[tuple[str, ...]]:
    """Give the columns of every unique key of a table but its identity."""
    keys = dict.fromkeys([table.table.key, *(key.columns for key in table.table.unique_keys)])
    return [key for key in keys if key != (table.table.identity,)]


def duplicate(table: StoredTable, columns: tuple[str, ...]) -> UniqueViolation:
    """Give the error for a row whose unique key another row has."""
    return UniqueViolation(
        f"A row of {table.name!r} with this {', '.join(columns)} exists already.",
        data={"table": table.name, "columns": list(columns)},
    )


def _verify_unique(session: Session, table: StoredTable, columns: tuple[str, ...], rows: RowIds) -> None:
    """Check on a branch what an index keeps on main."""
    identity = quote(table.identity.physical)
    names = [quote(table.columns[name].physical) for name in columns]
    same = " AND ".join(f"_b.{name} = _a.{name}" for name in names)
    found = session.driver.execute(
        f"SELECT 1 FROM {table.rows('_a')} WHERE _a.{identity} {rows.test} AND EXISTS "
        f"(SELECT 1 FROM {table.rows('_b')} WHERE {same} AND _b.{identity} <> _a.{identity}) LIMIT 1",
        rows.parameters,
    ).fetchone()
    if found:
        raise duplicate(table, columns)


def require_unique(session: Session, table: StoredTable, columns: Sequence[str]) -> None:
    """Raise UniqueViolation if two rows have equal values in columns."""
    names = ", ".join(quote(table.columns[name].physical) for name in columns)
    present = " AND ".join(f"{quote(table.columns[name].physical)} IS NOT NULL" for name in columns)
    statement = f"SELECT 1 FROM {table.rows()} WHERE {present} GROUP BY {names} HAVING count(*) > 1 LIMIT 1"
    if session.driver.execute(statement).fetchone():
        raise UniqueViolation(
            f"Rows of {table.name!r} have equal values in {', '.join(columns)}.", hint="Remove the duplicates first."
        )


def require_visible(session: Session, table: StoredTable, rows: RowIds) -> None:
    """Raise Forbidden unless the caller may see all of these rows, which an upsert is about to change."""
    restriction = session.restrictions.tables.get(table.name)
    if restriction is not None and restriction.rows is not None:
        _verify_policy(session, table, restriction.rows, rows)


def _among(table: StoredTable, rows: RowIds | None) -> tuple[str, tuple[Any, ...]]:
    if rows is None:
        return "1", ()
    return f"{quote(table.physical)}.{quote(table.identity.physical)} {rows.test}", rows.parameters


def verify_foreign_key(session: Session, table: StoredTable, key: ForeignKey, rows: RowIds | None) -> None:
    """Check that rows (None: all) refer to rows that exist; NULL refers to nothing and is fine."""
    target = session.table(key.table)
    mine = [f"{quote(table.physical)}.{quote(table.column(name).physical)}" for name in key.columns]
    theirs = [f"_p.{quote(target.column(name).physical)}" for name in key.references]
    present = " AND ".join(f"{column} IS NOT NULL" for column in mine)
    matching = " AND ".join(f"{there} = {here}" for here, there in zip(mine, theirs, strict=True))
    among, parameters = _among(table, rows)
    found = session.driver.execute(
        f"SELECT {', '.join(mine)} FROM {table.rows()} WHERE {among} AND {present} "
        f"AND NOT EXISTS (SELECT 1 FROM {target.rows('_p')} WHERE {matching}) LIMIT 1",
        parameters,
    ).fetchone()
    if found:
        raise ForeignKeyViolation(
            f"{table.name}({', '.join(key.columns)}) refers to a row of {key.table!r} that does not exist: "
            f"{', '.join(map(str, found))}.",
            data={"constraint": key.name, "table": table.name, "references": key.table},
        )


def verify_checks(session: Session, table: StoredTable, rows: RowIds) -> None:
    """Check that no row of these fails a check of the table; raises CheckViolation."""
    for check in table.table.checks:
        verify_check(session, table, check, rows)


def verify_check(session: Session, table: StoredTable, check: CheckConstraint, rows: RowIds | None) -> None:
    """Check that no row (None: of all) fails a check; unknown passes, as in SQL."""
    condition: Filter = check.condition  # type: ignore[assignment]  # the catalog names it object
    if _any_row(session, table, condition, rows, "NOT ({})"):
        raise CheckViolation(
            f"A row of {table.name!r} does not satisfy {check.name!r}.",
            data={"constraint": check.name, "table": table.name},
        )


def _verify_policy(session: Session, table: StoredTable, condition: Filter, rows: RowIds) -> None:
    if _any_row(session, table, condition, rows, "({}) IS NOT TRUE"):
        raise Forbidden(f"You may not write such a row of {table.name!r}.", data={"table": table.name})


def _any_row(session: Session, table: StoredTable, condition: Filter, rows: RowIds | None, test: str) -> bool:
    sql, values = condition_sql(session, table, condition)
    among, parameters = _among(table, rows)
    statement = f"SELECT 1 FROM {table.rows()} WHERE {among} AND {test.format(sql)} LIMIT 1"
    return session.driver.execute(statement, (*parameters, *values)).fetchone() is not None
