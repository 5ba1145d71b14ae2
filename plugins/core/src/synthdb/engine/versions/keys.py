"""Finding rows by the keys that users call them by."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb.engine.naming import quote
from synthdb_host.errors import InvalidValue, LossyValue

__all__ = ["identity_of", "last_identity_of"]


def identity_of(driver: sqlite3.Connection, table: StoredTable, key: Sequence[object]) -> Any:  # noqa: ANN401 - any identity
    """Give the identity of the row with a key, None if the table has none now.

    Raises:
        InvalidValue: the key has another number of columns.
    """
    stored = _stored(table, key)
    if stored is None:
        return None
    found = driver.execute(
        f"SELECT {quote(table.identity.physical)} FROM {table.rows()} WHERE {_test(table)}", stored
    ).fetchone()
    return found[0] if found else None


def last_identity_of(
    driver: sqlite3.Connection, table: StoredTable, key: Sequence[object], chain: Sequence[int]
) -> Any:  # noqa: ANN401 - any identity
    """Give the identity of the row that has a key, or that was the last one to have it."""
    found = identity_of(driver, table, key)
    stored = _stored(table, key)
    if found is not None or stored is None:
        return found
    if table.table.key == (table.table.identity,):
        return stored[0]
    branches = ", ".join(map(str, chain))
    row = driver.execute(
        f"SELECT {quote(table.identity.physical)} FROM {quote(table.history)} WHERE {_test(table)} "
        f"AND branch IN ({branches}) ORDER BY _to DESC LIMIT 1",
        stored,
    ).fetchone()
    return row[0] if row else None


def _test(table: StoredTable) -> str:
    return " AND ".join(f"{quote(table.columns[name].physical)} = ?" for name in table.table.key)


def _stored(table: StoredTable, key: Sequence[object]) -> list[Any] | None:
    columns = [table.columns[name] for name in table.table.key]
    if len(columns) != len(key):
        raise InvalidValue(
            f"The key of {table.name!r} is {', '.join(table.table.key)}; {len(key)} value(s) were given."
        )
    try:
        return [column.codec.encode(value) for column, value in zip(columns, key, strict=True)]
    except (InvalidValue, LossyValue):
        return None
