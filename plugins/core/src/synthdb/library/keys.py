"""What a caller calls a row by, as the operations want it."""

from collections.abc import Mapping, Sequence
from typing import Any

from synthdb_host.catalog import Table
from synthdb_host.errors import InvalidValue
from synthdb_host.values import adapt

__all__ = ["Key", "key_of", "typed_key"]

Key = Any
"""What a row is called by: the value of its key column, a tuple of them, or a dictionary of them by column."""


def key_of(table: Table, key: Key) -> tuple[object, ...]:
    """Give the values of a table's key columns, in order.

    Raises:
        InvalidValue: the key has another number of columns, or others.
    """
    if isinstance(key, Mapping) and set(key) == set(table.key):
        return tuple(key[name] for name in table.key)
    values = tuple(key) if isinstance(key, tuple | list) else (key,)
    if isinstance(key, Mapping) or len(values) != len(table.key):
        raise InvalidValue(f"The key of {table.name!r} is ({', '.join(table.key)}), which {key!r} does not fit.")
    return values


def typed_key(table: Table, values: Sequence[object]) -> tuple[object, ...]:
    """Give key values that came as text or JSON as values of the types of the key columns.

    Raises:
        InvalidValue: there are more or fewer than key columns, or one is not of its column's type.
    """
    pairs = zip(table.key, key_of(table, tuple(values)), strict=True)
    return tuple(adapt(table.column(name).type, value) for name, value in pairs)
