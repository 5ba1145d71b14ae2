"""What must hold of the rows of a table: values there, keys unique, references alive."""

from collections.abc import Iterable
from typing import Any

from synthdb_host.catalog import ForeignKey, Table
from synthdb_host.errors import ForeignKeyViolation, NotNullViolation, UniqueViolation
from synthdb_memory.state import Row, State, Stored

__all__ = ["check_references", "check_row", "find_by", "unique_sets"]


def unique_sets(table: Table) -> list[tuple[str, ...]]:
    """Give every set of columns that is unique, the identity first."""
    return list(dict.fromkeys([(table.identity,), table.key, *(key.columns for key in table.unique_keys)]))


def find_by(stored: Stored, columns: tuple[str, ...], row: Row) -> int | None:
    """Find the row with the same values in the columns; NULL equals nothing."""
    wanted = [row[name] for name in columns]
    if None in wanted:
        return None
    for number, other in stored.rows.items():
        if [other[name] for name in columns] == wanted:
            return number
    return None


def check_row(stored: Stored, row: Row, number: int | None = None) -> None:
    """Check a row that is about to stand at ``number``, or to be new.

    Raises:
        NotNullViolation: a value is missing.
        UniqueViolation: another row has the same key.
    """
    for column in stored.schema.columns:
        if column.not_null and row[column.name] is None:
            raise NotNullViolation(
                f"Column {column.name!r} of {stored.schema.name!r} must have a value.",
                data={"table": stored.schema.name, "column": column.name},
            )
    for columns in unique_sets(stored.schema):
        found = find_by(stored, columns, row)
        if found is not None and found != number:
            raise UniqueViolation(
                f"A row of {stored.schema.name!r} with this {', '.join(columns)} exists.",
                data={"table": stored.schema.name, "columns": list(columns)},
            )


def check_references(state: State, names: Iterable[str]) -> None:
    """Check the foreign keys of these tables and those that refer to them.

    Raises:
        ForeignKeyViolation: a row refers to a row that does not exist.
    """
    touched = set(names)
    for stored in state.tables.values():
        for key in stored.schema.foreign_keys:
            if touched & {stored.schema.name, key.table}:
                _check_key(stored, state.table(key.table), key)


def _check_key(stored: Stored, target: Stored, key: ForeignKey) -> None:
    known = {_values(row, key.references) for row in target.rows.values()}
    for row in stored.rows.values():
        values = _values(row, key.columns)
        if None not in values and values not in known:
            raise ForeignKeyViolation(
                f"A row of {stored.schema.name!r} refers to a row of {key.table!r} that does not exist.",
                data={"table": stored.schema.name, "constraint": key.name},
            )


def _values(row: Row, columns: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in columns)
