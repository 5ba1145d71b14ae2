"""What an import can be told."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from synthdb.importing.sources import Format
from synthdb_host.catalog import ForeignKey, TableMode

__all__ = ["Existing", "ImportOptions", "OnError"]

Existing = Literal["fail", "append", "replace"]
"""What to do where the table exists: refuse, add to it, or put the imported one in its place."""

OnError = Literal["stop", "skip"]
"""What to do with a record that cannot be imported: stop before its chunk is written, or leave it out."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import.

    Attributes:
        table: the table's name, where the source holds one; else its stem is used.
        format: the format, where the file's name does not tell it.
        key: the column or columns that rows are called by; those of one table may be written
            ``table.column``.
        types: types by column name, or by ``table.column``; other types are found from the values.
        nulls: cells that mean no value, besides empty ones.
        delimiter: what separates the fields of CSV; else found from the first line.
        encoding: the text encoding of CSV.
        mode: the mode of new tables.
        existing: what to do where the table exists.
        on_error: what to do with a record that cannot be imported.
        restart: forget an unfinished or finished import of the same source and begin again.
        foreign_keys: relations to declare after the import, by table.
    """

    table: str | None = None
    format: Format | None = None
    key: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    nulls: frozenset[str] = frozenset()
    delimiter: str | None = None
    encoding: str = "utf-8-sig"
    mode: TableMode = "flexible"
    existing: Existing = "fail"
    on_error: OnError = "stop"
    restart: bool = False
    foreign_keys: tuple[tuple[str, ForeignKey], ...] = ()

    @property
    def all_nulls(self) -> frozenset[str]:
        """Every cell that means no value."""
        return self.nulls | {""}

    def fingerprint(self, source: str, table: str) -> str:
        """Name the import of a source into a table with these options, so that it can be resumed."""
        told = (
            source,
            table,
            sorted(self.types.items()),
            sorted(self.nulls),
            self.delimiter,
            self.encoding,
            self.key,
        )
        return hashlib.blake2b(repr(told).encode(), digest_size=16).hexdigest()
