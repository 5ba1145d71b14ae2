"""Records: values by kind and key."""

import copy
from typing import Any

from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.records import KeepRecords, Records

__all__ = ["Kept", "keep", "read_records"]

Kept = dict[str, dict[str, Any]]
"""The values by kind, and in it by key."""

_ENCODER = RowEncoder([ResultColumn("key", ColumnType("text")), ResultColumn("value", ColumnType("json"))])


def read_records(kept: Kept, operation: Records) -> Result:
    """Answer with key and value."""
    found = sorted(kept.get(operation.kind, {}).items())
    return Result(_ENCODER, [(key, copy.deepcopy(value)) for key, value in found if key.startswith(operation.prefix)])


def keep(kept: Kept, operation: KeepRecords, *, dry_run: bool) -> Result:
    """Write what is as expected."""
    known = kept.setdefault(operation.kind, {})
    operation.check(known)
    if not dry_run:
        known.update(copy.deepcopy(dict(operation.values)))
        for key in [key for key, value in known.items() if value is None]:
            del known[key]
    return Result(affected=len(operation.values))
