"""Inserting and upserting rows."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.naming import normal_name, quote
from synthdb.engine.overlay import OverlayRows
from synthdb.engine.rows import RowIds
from synthdb.engine.session import Session
from synthdb.engine.tables import ensure_table
from synthdb.engine.update import Assignment, update_rows
from synthdb.engine.values import encode_columns, ensure_columns
from synthdb.engine.verification import condition_sql, duplicate, require_visible, verify
from synthdb.storage.layout import MAIN
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter, InvalidValue, NotFound, NotNullViolation, UniqueViolation
from synthdb_host.expectations import Expected, check_guard
from synthdb_host.operations import MISSING, Filter, Insert, OnConflict

__all__ = ["insert", "uuid7"]

_LISTED: Final = 100
"""Rows that an error names."""

_Columns = dict[str, Sequence[Any]]


def insert(session: Session, operation: Insert) -> Result:
    """Write new rows; with ``on_conflict``, update or skip those that exist.

    Raises:
        InvalidValue, LossyValue, NotNullViolation, UniqueViolation, ForeignKeyViolation, CheckViolation: a row
            does not fit.
        Forbidden, UnknownColumn, SchemaLocked: the schema would have to change and may not.
        PreconditionFailed: a row with one of the keys is not of the version expected.
    """
    given = _transposed(operation)
    updates = operation.on_conflict is not None and operation.on_conflict.resolution == "update"
    table = session.table(operation.table) if updates else ensure_table(session, operation.table, given)
    table = ensure_columns(session, table, given)
    table, columns = encode_columns(session, table, given)
    if operation.rows:
        table = session.touch(table)
    check_guard(operation, table.table)
    if operation.expected is not None:
        _require_expected(session, table, operation, operation.expected, columns)
    if operation.on_conflict is None:
        rows = _insert(session, table, columns, len(operation.rows))
        return _result(session, table, operation, rows, inserted=len(rows))
    return _upsert(session, table, operation, operation.on_conflict, columns)


def _transposed(operation: Insert) -> dict[str, Sequence[object]]:
    columns = _normal_names(tuple(operation.columns))
    width = len(columns)
    if len(set(columns)) != width:
        raise InvalidValue("A column is given twice.")
    for number, row in enumerate(operation.rows, 1):
        if len(row) != width:
            raise InvalidValue(f"Row {number} has {len(row)} values for {width} columns.", where=f"row {number}")
    return dict(zip(columns, zip(*operation.rows, strict=True), strict=False))


@lru_cache(maxsize=512)
def _normal_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(normal_name, names))


def _result(session: Session, table: StoredTable, operation: Insert, rows: RowIds, inserted: int) -> Result:
    keys = _keys(session, table, rows) if len(rows) == 1 else ()
    versions = session.version(table.name, rows, written=inserted == len(rows))
    return session.result(session.returning(table, operation.returning, rows), len(rows), inserted, keys, versions)


def _keys(session: Session, table: StoredTable, rows: RowIds) -> tuple[tuple[Any, ...], ...]:
    key = [table.columns[name] for name in table.table.key]
    if key == [table.identity]:
        return ((_python(table.identity, rows.ids[0]),),)
    names = ", ".join(quote(column.physical) for column in key)
    statement = f"SELECT {names} FROM {table.rows()} WHERE {quote(table.identity.physical)} {rows.test}"
    found = session.driver.execute(statement, rows.parameters).fetchone()
    return (tuple(_python(column, stored) for column, stored in zip(key, found, strict=True)),)


def _python(column: StoredColumn, stored: object) -> Any:  # noqa: ANN401 - any column value
    return column.codec.to_python(stored) if column.codec.to_python and stored is not None else stored


# -- new rows --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _InsertPlan:
    """How rows with certain columns are written: the statement, and the constants for columns not given.

    ``physical`` are the columns of the values that the statement takes, before the commit's id.
    """

    statement: str
    physical: tuple[str, ...]
    defaults: tuple[Any, ...]
    required: tuple[StoredColumn, ...]


def _plan(session: Session, table: StoredTable, names: tuple[str, ...]) -> _InsertPlan:
    key = ("insert", session.catalog.key, table.id, names)
    plan: _InsertPlan = session.plans.get(key) or session.plans.put(key, _compile(table, names))
    return plan


def _compile(table: StoredTable, names: tuple[str, ...]) -> _InsertPlan:
    """Write the statement: identity, given columns, columns with defaults, the two commit ids, then NULLs."""
    others = [name for name in names if name != table.table.identity]
    absent = [column for name, column in table.columns.items() if name not in (table.table.identity, *names)]
    defaulted = [column for column in absent if column.column.default is not None]
    for column in absent:
        if column.column.not_null and column.column.default is None:
            raise _null(table, column.name)
    physical = [table.identity.physical, *(table.columns[name].physical for name in others)]
    physical += [column.physical for column in defaulted]
    # Named, because SQLite would take the DEFAULT with which a column was once added.
    empty = [name for name in table.stored if name not in physical]
    into = ", ".join(quote(name) for name in (*physical, "_tx", "_created", *empty))
    marks = ", ".join([*["?"] * len(physical), *[f"?{len(physical) + 1}"] * 2, *["NULL"] * len(empty)])
    statement = f"INSERT INTO {quote(table.physical)} ({into}) VALUES ({marks})"
    required = tuple(table.columns[name] for name in others if table.columns[name].column.not_null)
    return _InsertPlan(statement, tuple(physical), tuple(_default(column) for column in defaulted), required)


def _default(column: StoredColumn) -> Any:  # noqa: ANN401 - stored
    return column.codec.encode(column.column.default)


def _null(table: StoredTable, name: str) -> NotNullViolation:
    return NotNullViolation(
        f"Column {name!r} of {table.name!r} must have a value.", data={"table": table.name, "column": name}
    )


def _insert(session: Session, table: StoredTable, columns: _Columns, count: int) -> RowIds:
    if not count:
        return RowIds.of([])
    plan = _plan(session, table, tuple(columns))
    filled = {name: _filled(table.columns[name], values) for name, values in columns.items()}
    for column in plan.required:
        if None in filled[column.name]:
            raise _null(table, column.name)
    given_ids = filled.pop(table.table.identity, None)
    ids, rows = _identities(session, table, given_ids, count)
    cells = [ids, *filled.values(), *([value] * count for value in plan.defaults)]
    if session.branch == MAIN:
        _write(session, plan, cells, count)
    else:
        _write_on_branch(session, table, plan, cells, rows)
    session.tally(table, ids).inserted += len(ids)
    verify(session, table, rows)
    return rows


def _write(session: Session, plan: _InsertPlan, cells: list[Sequence[Any]], count: int) -> None:
    if count == 1:
        session.driver.execute(plan.statement, [*[values[0] for values in cells], session.commit])
    else:
        session.driver.executemany(plan.statement, zip(*cells, [session.commit] * count, strict=True))


def _write_on_branch(
    session: Session, table: StoredTable, plan: _InsertPlan, cells: list[Sequence[Any]], rows: RowIds
) -> None:
    identity = quote(table.identity.physical)
    taken = f"SELECT 1 FROM {table.rows()} WHERE {identity} {rows.test} LIMIT 1"
    if session.driver.execute(taken, rows.parameters).fetchone() or len(set(rows.ids)) < len(rows.ids):
        raise duplicate(table, (table.table.identity,))
    writer = OverlayRows(session.driver, table, session.branch, session.commit)
    # Rows that were deleted on this branch come back.
    writer.keep(rows, "i")
    writer.put(plan.physical, zip(*cells, [session.commit] * len(rows), strict=True))


def _filled(column: StoredColumn, values: Sequence[Any]) -> Sequence[Any]:
    """Put the default where a row gives no value; an identity that is not given stays None."""
    if MISSING not in values:
        return values
    default = _default(column) if column.column.has_default else None
    return [default if value is MISSING else value for value in values]


# -- identities ------------------------------------------------------------------------------------------


def _identities(
    session: Session, table: StoredTable, given: Sequence[Any] | None, count: int
) -> tuple[Sequence[Any], RowIds]:
    if table.table.generated == "uuid7":
        ids = [str(uuid7()) if item is None else item for item in given or [None] * count]
        return ids, RowIds.of(ids)
    if given is None or all(item is None for item in given):
        first = session.numbers.take(session.driver, table, count)
        return range(first, first + count), RowIds.span(first, first + count - 1)
    highest = max(item for item in given if item is not None)
    wanting = sum(item is None for item in given)
    if not wanting:
        session.numbers.pass_over(table, highest)
        return given, RowIds.of(given)
    first = session.numbers.take(session.driver, table, wanting, behind=highest)
    fresh = iter(range(first, first + wanting))
    numbers = [next(fresh) if item is None else item for item in given]
    return numbers, RowIds.of(numbers)


def uuid7() -> UUID:
    """Make a UUID of version 7 (RFC 9562): milliseconds since 1970, then random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10))
    value = (
        (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    )
    return UUID(int=value)


# -- upserts ---------------------------------------------------------------------------------------------


def _upsert(session: Session, table: StoredTable, operation: Insert, conflict: OnConflict, columns: _Columns) -> Result:
    key = _conflict_key(table, conflict)
    if conflict.resolution == "update":
        return _update_each(session, table, operation, conflict, columns)
    existing = _existing(session, table, key, columns, len(operation.rows))
    new = [position for position, row_id in enumerate(existing) if row_id is None]
    _refuse_repeats(table, key, columns, conflict)
    if conflict.resolution == "ignore":
        new = _first_of_each(key, columns, new)
    inserted = _insert(session, table, _subset(columns, new), len(new))
    touched: list[Any] = list(inserted.ids)
    if conflict.resolution == "merge":
        touched += _merge(session, table, key, conflict, columns, existing)
    return _result(session, table, operation, RowIds.of(touched), inserted=len(new))


def _update_each(
    session: Session, table: StoredTable, operation: Insert, conflict: OnConflict, columns: _Columns
) -> Result:
    """Set on each row that the caller sees the values given for its key.

    Raises:
        NotFound: there is no row with one of the keys.
    """
    key, count = _conflict_key(table, conflict), len(operation.rows)
    restriction = session.restrictions.tables.get(table.name)
    policy = None if restriction is None else restriction.rows
    seen = ("1", ()) if policy is None else condition_sql(session, table, policy)
    existing = _existing(session, table, key, columns, count, seen=seen)
    missing = [position for position, row_id in enumerate(existing) if row_id is None]
    if missing:
        raise NotFound(
            f"{len(missing)} of {count} rows do not exist in {table.name!r}, so nothing was changed.",
            hint=f"Each row is known by {', '.join(key)}; upsert to write new ones too.",
            data={"table": table.name, "rows": missing[:_LISTED]},
        )
    _refuse_repeats(table, key, columns, conflict)
    return _result(session, table, operation, RowIds.of(_merge(session, table, key, conflict, columns, existing)), 0)


def _conflict_key(table: StoredTable, conflict: OnConflict) -> tuple[str, ...]:
    key = tuple(map(normal_name, conflict.columns)) or table.table.key
    for name in key:
        table.column(name)
    unique = [(table.table.identity,), table.table.key, *(item.columns for item in table.table.unique_keys)]
    if not any(sorted(columns) == sorted(key) for columns in unique):
        raise InvalidParameter(
            f"{', '.join(key)} is no unique key of {table.name!r}, so rows cannot conflict on it.",
            hint="Unique keys: " + "; ".join(", ".join(columns) for columns in unique) + ".",
        )
    return key


def _require_expected(
    session: Session, table: StoredTable, operation: Insert, expected: Expected, columns: _Columns
) -> None:
    """Compare the versions of the rows that have the keys of these already."""
    key = _conflict_key(table, operation.on_conflict or OnConflict())
    found = _existing(session, table, key, columns, len(operation.rows), "_tx")
    expected.require(table.name, [None if commit is None else str(commit) for commit in found])


def _existing(
    session: Session,
    table: StoredTable,
    key: tuple[str, ...],
    columns: Mapping[str, Sequence[Any]],
    count: int,
    shown: str | None = None,
    seen: tuple[str, Sequence[Any]] = ("1", ()),
) -> list[Any]:
    """Give, per row, the identity (or what else is to be ``shown``) of the row that has its key already, else None.

    ``seen`` is a SQL test of rows.
    """
    if not all(name in columns for name in key):
        return [None] * count
    test = " AND ".join(f"{quote(table.columns[name].physical)} = ?" for name in key)
    chosen = shown or quote(table.identity.physical)
    statement = f"SELECT {chosen} FROM {table.rows()} WHERE {test} AND ({seen[0]})"
    execute = session.driver.execute
    found = []
    for values in zip(*(columns[name] for name in key), strict=True):
        row = (
            None
            if any(value is None or value is MISSING for value in values)
            else execute(statement, (*values, *seen[1])).fetchone()
        )
        found.append(row[0] if row else None)
    return found


def _refuse_repeats(
    table: StoredTable, key: tuple[str, ...], columns: Mapping[str, Sequence[Any]], conflict: OnConflict
) -> None:
    if conflict.resolution == "ignore" or not all(name in columns for name in key):
        return
    keys = [values for values in zip(*(columns[name] for name in key), strict=True) if None not in values]
    keys = [values for values in keys if MISSING not in values]
    if len(set(keys)) != len(keys):
        raise UniqueViolation(
            f"Two rows of this request have the same {', '.join(key)}.",
            data={"table": table.name, "columns": key},
        )


def _first_of_each(key: tuple[str, ...], columns: Mapping[str, Sequence[Any]], rows: list[int]) -> list[int]:
    if not all(name in columns for name in key):
        return rows
    seen: set[tuple[Any, ...]] = set()
    chosen = []
    for row in rows:
        values = tuple(columns[name][row] for name in key)
        if values not in seen or None in values or MISSING in values:
            chosen.append(row)
        seen.add(values)
    return chosen


def _subset(columns: _Columns, rows: list[int]) -> _Columns:
    return {name: [values[row] for row in rows] for name, values in columns.items()}


def _merge(
    session: Session,
    table: StoredTable,
    key: tuple[str, ...],
    conflict: OnConflict,
    columns: _Columns,
    existing: list[Any],
) -> list[Any]:
    wanted = tuple(columns) if conflict.update is None else map(normal_name, conflict.update)
    names = [name for name in wanted if name in columns and name not in key]
    touched = []
    for position, row_id in enumerate(existing):
        if row_id is None:
            continue
        require_visible(session, table, RowIds.of([row_id]))
        if conflict.where is not None and not _holds(session, table, row_id, conflict.where):
            continue
        touched.append(row_id)
        assignments = [
            Assignment(table.columns[name], columns[name][position])
            for name in names
            if columns[name][position] is not MISSING and name != table.table.identity
        ]
        update_rows(session, table, RowIds.of([row_id]), assignments)
    return touched


def _holds(session: Session, table: StoredTable, row_id: object, condition: Filter) -> bool:
    restriction = session.restrictions.tables.get(table.name)
    hidden = frozenset[str]() if restriction is None else restriction.hidden
    sql, values = condition_sql(session, table, condition, hidden)
    statement = f"SELECT 1 FROM {table.rows()} WHERE {quote(table.identity.physical)} = ? AND ({sql})"
    return session.driver.execute(statement, (row_id, *values)).fetchone() is not None
