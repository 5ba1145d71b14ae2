"""What differs between the schemas of two places, table by table and column by column, by id."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb_host.catalog import CheckConstraint, Column, ForeignKey, Index, Table, UniqueKey

__all__ = ["schema_changes"]

_Line = tuple[str, str | None, str, str | None, Any, Any]


def schema_changes(pairs: Iterable[tuple[StoredTable | None, StoredTable | None]]) -> list[_Line]:
    """Give a line per property that differs: table, column, change, property, old, new."""
    return [line for old, new in pairs for line in _table_changes(old, new)]


def _table_changes(old: StoredTable | None, new: StoredTable | None) -> Iterator[_Line]:
    if old is None or new is None:
        if new is not None:
            yield new.name, None, "create", None, None, _described(new.table)
        elif old is not None:
            yield old.name, None, "drop", None, _described(old.table), None
        return
    for name in ("name", "mode", "preconditions", "comment", "key"):
        yield from _property(new.name, None, name, getattr(old.table, name), getattr(new.table, name))
    before = {column.root: column.column for column in old.columns.values()}
    after = {column.root: column.column for column in new.columns.values()}
    for column_id in dict.fromkeys([*after, *before]):
        yield from _column_changes(new.name, before.get(column_id), after.get(column_id))
    yield from _constraint_changes(old.table, new.table)


def _column_changes(table: str, old: Column | None, new: Column | None) -> Iterator[_Line]:
    if old is None or new is None:
        if new is not None:
            yield table, new.name, "create", None, None, str(new.type)
        elif old is not None:
            yield table, old.name, "drop", None, str(old.type), None
        return
    for name in ("name", "type", "not_null", "default", "comment"):
        yield from _property(table, new.name, name, getattr(old, name), getattr(new, name))


def _property(table: str, column: str | None, name: str, old: object, new: object) -> Iterator[_Line]:
    if old != new:
        yield table, column, "alter", name, _plain(old), _plain(new)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _constraint_changes(old: Table, new: Table) -> Iterator[_Line]:
    before, after = _constraints(old), _constraints(new)
    for name in dict.fromkeys([*after, *before]):
        was, now = before.get(name), after.get(name)
        if was != now:
            change = "create" if was is None else "drop" if now is None else "alter"
            yield new.name, None, change, name, was, now


def _constraints(table: Table) -> dict[str, str]:
    kinds: tuple[Sequence[UniqueKey | ForeignKey | Index | CheckConstraint], ...] = (
        table.unique_keys, table.foreign_keys, table.indexes, table.checks,
    )  # fmt: skip
    return {constraint.name: repr(constraint) for kind in kinds for constraint in kind}


def _described(table: Table) -> dict[str, str]:
    return {column.name: str(column.type) for column in table.columns}
