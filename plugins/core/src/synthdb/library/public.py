"""What ``import synthdb`` offers, gathered here so that the package itself imports nothing."""

from synthdb.library.connecting import connect
from synthdb.library.connection import Connection
from synthdb.library.expressions import Aggregation, ColumnExpression, Condition, col, count
from synthdb.library.schema import column
from synthdb_host.catalog import Column, ForeignKey
from synthdb_host.errors import MergeConflict, RequestError, SynthDBError
from synthdb_host.merge_reports import MergeReport, OpenConflict
from synthdb_host.versions import Ref

__all__ = [
    "Aggregation",
    "Column",
    "ColumnExpression",
    "Condition",
    "Connection",
    "ForeignKey",
    "MergeConflict",
    "MergeReport",
    "OpenConflict",
    "Ref",
    "RequestError",
    "SynthDBError",
    "col",
    "column",
    "connect",
    "count",
]
