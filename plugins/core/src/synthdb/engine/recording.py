"""Reading and writing records."""

import sqlite3
from typing import Final

import msgspec

from synthdb.storage.records import find_records, keep_records
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.records import KeepRecords, Records

__all__ = ["keep", "read_records"]

_ENCODER: Final = RowEncoder(
    [
        ResultColumn("key", ColumnType("text")),
        ResultColumn("value", ColumnType("json"), lambda text: msgspec.Raw(text.encode()), msgspec.json.decode),
    ]
)


def read_records(driver: sqlite3.Connection, operation: Records) -> Result:
    """Answer with key and value."""
    return Result(_ENCODER, find_records(driver, operation.kind, operation.prefix))


def keep(driver: sqlite3.Connection, operation: KeepRecords) -> Result:
    """Write what is as expected.

    Raises:
        PreconditionFailed: it is something else.
    """
    if operation.expected:
        found = find_records(driver, operation.kind)
        operation.check({key: msgspec.json.decode(value) for key, value in found if key in operation.expected})
    given = {key: msgspec.json.encode(value).decode() for key, value in operation.values.items() if value is not None}
    keep_records(driver, operation.kind, given, operation.values.keys() - given.keys())
    return Result(affected=len(operation.values))
