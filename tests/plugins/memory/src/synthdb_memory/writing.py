"""Inserts, updates and deletes on a working copy of the state."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from synthdb_host.catalog import Column, Table
from synthdb_host.contracts import Restrictions, Result
from synthdb_host.errors import (
    Forbidden,
    FullTableWrite,
    InvalidParameter,
    InvalidValue,
    LossyValue,
    MaxAffectedExceeded,
    NotFound,
    UniqueViolation,
)
from synthdb_host.expectations import check_guard
from synthdb_host.operations import MISSING, Delete, Insert, OnConflict, Select, Update
from synthdb_host.values import INTEGER_MAX, adapt
from synthdb_memory.conditions import compile_filter
from synthdb_memory.constraints import check_references, check_row, find_by, unique_sets
from synthdb_memory.growing import fit_columns, new_table
from synthdb_memory.reading import written
from synthdb_memory.refs import check_ref
from synthdb_memory.state import Row, State, Stored
from synthdb_memory.visibility import RowScope, View

__all__ = ["delete", "insert", "update"]


class _Writer:
    """One write to one table under one caller's restrictions."""

    def __init__(self, state: State, stored: Stored, restrictions: Restrictions) -> None:
        self.state, self.stored, self.restrictions = state, stored, restrictions
        self.view = View(state, restrictions)
        name = stored.schema.name
        limit = self.view.restriction(name)
        self._sees = self.view.policy(name, limit.rows)
        self._allows = self.view.policy(name, limit.check)

    def values(self, given: Mapping[str, object]) -> Row:
        """Turn the values given into values of the columns' types; what is missing stays missing."""
        schema = self.stored.schema
        return {name: _adapted(schema.column(name), value) for name, value in given.items() if value is not MISSING}

    def complete(self, given: Row) -> Row:
        """Add identity and defaults to a new row."""
        schema = self.stored.schema
        row = {column.name: given.get(column.name, column.default) for column in schema.columns}
        if schema.identity not in given:
            row[schema.identity] = self._next_identity()
        self._raise_counter(row[schema.identity])
        return row

    def _next_identity(self) -> object:
        return self.stored.next_id if self.stored.schema.generated == "integer" else _uuid7()

    def _raise_counter(self, identity: object) -> None:
        if isinstance(identity, int) and self.stored.next_id <= identity < INTEGER_MAX:
            self.stored.next_id = identity + 1

    def put(self, row: Row, number: int | None = None) -> int:
        """Write a row that is checked, at its number or as a new one."""
        check_row(self.stored, row, number)
        if self._allows(row) is not True:
            raise Forbidden(f"A policy forbids this row of {self.stored.schema.name!r}.")
        if number is None or self.stored.rows[number] != row:
            self.stored.versions[row[self.stored.schema.identity]] = self.state.commit
        if number is None:
            return self.stored.add(row)
        self.stored.rows[number] = row
        return number

    def sees(self, number: int) -> bool:
        """Say whether the caller sees a row."""
        return self._sees(self.stored.rows[number]) is True

    def result(self, returning: Select | None, numbers: Sequence[int], inserted: int | None) -> Result:
        """Describe what was written."""
        affected = len(numbers)
        keys = self._keys(numbers[0]) if inserted == 1 == affected else ()
        rows = [self.stored.rows[number] for number in numbers]
        versions = tuple(self.state.row_version(self.stored, row) for row in rows) if affected == 1 else ()
        if returning is None:
            return Result(affected=affected, inserted=inserted, keys=keys, versions=versions)
        shown = written(self.view, returning, rows)
        return Result(shown.encoder, shown.rows, affected=affected, inserted=inserted, keys=keys, versions=versions)

    def _keys(self, number: int) -> tuple[tuple[Any, ...], ...]:
        return (tuple(self.stored.rows[number][name] for name in self.stored.schema.key),)


def _adapted(column: Column, value: Any) -> Any:
    try:
        return adapt(column.type, value)
    except (InvalidValue, LossyValue) as error:
        raise type(error)(
            f"Column {column.name!r}: {error.detail}", where=f"column {column.name!r}", data=error.data
        ) from error


def _uuid7() -> UUID:
    stamp = time.time_ns() // 1_000_000
    return UUID(int=(stamp << 80 | 0x7 << 76 | 0x2 << 62) | int.from_bytes(os.urandom(7)) >> 2)


# -- insert ----------------------------------------------------------------------------------------------


def insert(state: State, operation: Insert, restrictions: Restrictions) -> Result:
    """Insert rows, making the table and its columns where they are missing."""
    check_ref(operation.ref)
    missing = operation.table not in state.tables
    if missing and restrictions.may_define and not _only_updates(operation):
        new_table(state, operation.table, operation.columns, operation.rows)
    stored = state.table(operation.table)
    fit_columns(stored, operation.columns, operation.rows, restrictions)
    writer = _Writer(state, stored, restrictions)
    numbers, inserted = [], 0
    rows = [writer.values(dict(zip(operation.columns, values, strict=True))) for values in operation.rows]
    check_guard(operation, stored.schema)
    if operation.expected is not None:
        columns = _conflict_columns(stored.schema, operation.on_conflict or OnConflict())
        found = [find_by(stored, columns, writer.complete(given)) for given in rows]
        versions = [None if number is None else state.row_version(stored, stored.rows[number]) for number in found]
        operation.expected.require(operation.table, versions)
    for given in rows:
        number, is_new = _insert_row(writer, given, operation.on_conflict)
        inserted += is_new
        if _only_updates(operation) and number in numbers:
            raise UniqueViolation(f"Two rows of this request are the same row of {operation.table!r}.")
        numbers += [] if number is None else [number]
    check_references(state, [operation.table])
    return writer.result(operation.returning, list(dict.fromkeys(numbers)), inserted)


def _only_updates(operation: Insert) -> bool:
    return operation.on_conflict is not None and operation.on_conflict.resolution == "update"


def _insert_row(writer: _Writer, given: Row, on_conflict: OnConflict | None) -> tuple[int | None, bool]:
    row = writer.complete(given)
    if on_conflict is None:
        return writer.put(row), True
    columns = _conflict_columns(writer.stored.schema, on_conflict)
    number = find_by(writer.stored, columns, row)
    if on_conflict.resolution == "update" and (number is None or not writer.sees(number)):
        raise NotFound(f"A row of {writer.stored.schema.name!r} with this {', '.join(columns)} does not exist.")
    if number is None:
        return writer.put(row), True
    if on_conflict.resolution == "ignore":
        return None, False
    if not writer.sees(number):
        raise UniqueViolation(f"A row of {writer.stored.schema.name!r} with this {', '.join(columns)} exists.")
    if on_conflict.where is not None:
        holds = compile_filter(on_conflict.where, RowScope(writer.view.table(writer.stored.schema.name)))
        if holds(writer.stored.rows[number]) is not True:
            return None, False
    names = given if on_conflict.update is None else on_conflict.update
    merged = {**writer.stored.rows[number], **{name: row[name] for name in names}}
    return writer.put(merged, number), False


def _conflict_columns(table: Table, on_conflict: OnConflict) -> tuple[str, ...]:
    columns = on_conflict.columns or table.key
    for name in columns:
        table.column(name)
    if not any(set(columns) == set(unique) for unique in unique_sets(table)):
        raise InvalidParameter(f"{', '.join(columns)} is no unique key of {table.name!r}.")
    return columns


# -- update and delete -----------------------------------------------------------------------------------


def update(state: State, operation: Update, restrictions: Restrictions) -> Result:
    """Set values on the rows selected."""
    stored, numbers = _target(state, operation, restrictions)
    columns, row = tuple(operation.values), tuple(operation.values.values())
    fit_columns(stored, columns, [row], restrictions)
    writer = _Writer(state, stored, restrictions)
    new = writer.values(operation.values)
    defaults = {name: stored.schema.column(name).default for name in columns if name not in new}
    for number in numbers:
        writer.put({**stored.rows[number], **new, **defaults}, number)
    check_references(state, [operation.table])
    return writer.result(operation.returning, numbers, None)


def delete(state: State, operation: Delete, restrictions: Restrictions) -> Result:
    """Delete the rows selected, and what refers to them where its foreign key says so."""
    stored, numbers = _target(state, operation, restrictions)
    result = replace(_Writer(state, stored, restrictions).result(operation.returning, numbers, None), versions=())
    _remove(state, stored, numbers)
    check_references(state, list(state.tables))
    return result


def _target(state: State, operation: Update | Delete, restrictions: Restrictions) -> tuple[Stored, list[int]]:
    """Find the rows that the write is about."""
    check_ref(operation.ref)
    stored = state.table(operation.table)
    check_guard(operation, stored.schema)
    if operation.where is None and not operation.every_row:
        raise FullTableWrite(
            f"This write would touch every row of {operation.table!r}.",
            hint="Give a filter, or say that every row is meant.",
        )
    view = View(state, restrictions)
    rows = view.rows(operation.table)
    if operation.where is not None:
        holds = compile_filter(operation.where, RowScope(view.table(operation.table)))
        rows = [(number, row) for number, row in rows if holds(row) is True]
    if operation.max_affected is not None and len(rows) > operation.max_affected:
        raise MaxAffectedExceeded(
            f"{len(rows)} rows would be affected, at most {operation.max_affected} may be.",
            data={"affected": len(rows), "max_affected": operation.max_affected},
        )
    if operation.expected is not None:
        operation.expected.require(operation.table, [state.row_version(stored, row) for _, row in rows])
    if len(rows) < operation.min_affected:
        raise NotFound(f"{len(rows)} rows would be affected, at least {operation.min_affected} must be.")
    return stored, [number for number, _ in rows]


def _remove(state: State, stored: Stored, numbers: Sequence[int]) -> None:
    removed = [stored.rows.pop(number) for number in numbers if number in stored.rows]
    if not removed:
        return
    for other in list(state.tables.values()):
        for key in other.schema.foreign_keys:
            if key.table != stored.schema.name or key.on_delete not in ("cascade", "set_null"):
                continue
            gone = {tuple(row[name] for name in key.references) for row in removed}
            hit = [n for n, row in other.rows.items() if tuple(row[name] for name in key.columns) in gone]
            if key.on_delete == "cascade":
                _remove(state, other, hit)
            else:
                for number in hit:
                    other.rows[number] = {**other.rows[number], **dict.fromkeys(key.columns)}
                    other.versions[other.rows[number][other.schema.identity]] = state.commit
                    check_row(other, other.rows[number], number)
