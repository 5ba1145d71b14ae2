"""Changesets: what differs between two states, as JSON that can be applied to another database by key."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from synthdb.library.exact import decode_exact, encode_exact
from synthdb_host.catalog import Table
from synthdb_host.errors import InvalidBody

__all__ = ["Changeset", "RowChange", "TableChanges", "describe_changes"]

_FORM: Final = 1
_Row = dict[str, Any]


class RowChange(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """One row before and after; None where there was no such row."""

    old: _Row | None = None
    new: _Row | None = None

    def changed(self) -> _Row:
        """Give the values that the row is to have and did not have before."""
        old = self.old or {}
        return {name: value for name, value in (self.new or {}).items() if name not in old or old[name] != value}


class TableChanges(msgspec.Struct, forbid_unknown_fields=True):
    """The changes of a table, whose rows are found by ``key``; ``columns`` are types by name."""

    table: str
    key: tuple[str, ...]
    columns: dict[str, str]
    rows: list[RowChange]


class Changeset(msgspec.Struct, forbid_unknown_fields=True):
    """What leads from the state ``base`` to the state ``target``."""

    base: str
    target: str
    tables: list[TableChanges]
    changeset: int = _FORM

    @classmethod
    def decode(cls, data: bytes) -> "Changeset":
        """Read one that was written as JSON.

        Raises:
            InvalidBody: it is none, or of a later form.
        """
        try:
            found = decode_exact(data, cls)
        except msgspec.DecodeError as error:
            raise InvalidBody(f"This is no changeset: {error}.") from error
        if found.changeset != _FORM:
            raise InvalidBody(f"This changeset is of form {found.changeset}; form {_FORM} can be read.")
        return found

    def encode(self) -> bytes:
        """Write it as JSON, without losing a digit."""
        return encode_exact(self)


def describe_changes(table: Table, rows: Sequence[RowChange]) -> TableChanges:
    """Put the changes of a table together; a number by which only the engine knows a row is left out."""
    own = {table.identity} - set(table.key)
    columns = {column.name: str(column.type) for column in table.columns if column.name not in own}
    return TableChanges(
        table.name, table.key, columns, [RowChange(*(_without(r, own) for r in (c.old, c.new))) for c in rows]
    )


def _without(row: _Row | None, names: set[str]) -> _Row | None:
    return None if row is None else {name: value for name, value in row.items() if name not in names}
