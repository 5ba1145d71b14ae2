"""SynthDB: a schema-flexible database in a file, with history ready from the first row.

Example:
    >>> import synthdb
    >>> db = synthdb.connect("app.db")
    >>> db.insert("people", {"name": "Ada", "born": 1815})
    1
    >>> db.query("people", where=synthdb.col("born") < 1900, columns=["name"])
    [{'name': 'Ada'}]
"""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from synthdb.library.connecting import connect
    from synthdb.library.connection import Connection
    from synthdb.library.expressions import Aggregation, ColumnExpression, Condition, col, count
    from synthdb.library.schema import column
    from synthdb_host.catalog import Column, ForeignKey
    from synthdb_host.errors import MergeConflict, RequestError, SynthDBError
    from synthdb_host.merge_reports import MergeReport, OpenConflict
    from synthdb_host.versions import Ref

    __version__: str

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


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for; the host reads this package without the library."""
    if name == "__version__":
        try:
            return version("synthdb-core")
        except PackageNotFoundError:
            return "0+unknown"
    if name not in __all__:
        raise AttributeError(f"module 'synthdb' has no attribute {name!r}")
    from synthdb.library import public  # noqa: PLC0415 - this is what makes it lazy

    return getattr(public, name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
