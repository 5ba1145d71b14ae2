"""Statements with named places for values: SQLAlchemy compiles them once, the driver executes them.

The rows of a branch, or of the past, have a place too: what stands there is written when the statement is known, so
that it gives no column that the statement does not name.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from synthdb.catalog.model import StoredTable
from synthdb.engine.naming import quote
from synthdb_host.errors import InvalidFilter, InvalidValue, LossyValue

__all__ = ["KEY", "Binds", "Encoder", "Statement", "Value", "text_of"]

Value = Any
"""A value of an operation, or what SQLite takes for it: any of many types."""

Encoder = Callable[[Value], Value]
"""Turns a value of an operation into what is bound; InvalidValue or LossyValue if it cannot."""

KEY: Final = -1
"""Marks a place that takes a part of the outer row's key instead of a value of the operation."""


class Statement:
    """SQL text and what is bound to its places, in order.

    ``slots`` are (index of the value, encoder) pairs; ``labels`` name the columns for error messages.
    """

    __slots__ = ("_single", "keys", "labels", "slots", "sql")

    def __init__(self, sql: str, slots: Sequence[tuple[int, Encoder]], labels: Sequence[str]) -> None:
        self.sql = sql
        self.slots = tuple(slots)
        self.labels = tuple(labels)
        self.keys = tuple(position for position, (index, _) in enumerate(slots) if index == KEY)
        self._single = self.slots[0] if len(self.slots) == 1 and not self.keys else None

    def parameters(self, values: Sequence[object]) -> tuple[Any, ...]:
        """Encode the values, in bind order; places of keys are None.

        Raises:
            InvalidFilter: a value does not fit its column.
        """
        try:
            if self._single is not None:
                index, encode = self._single
                return (encode(values[index]),)
            return tuple([None if index < 0 else encode(values[index]) for index, encode in self.slots])
        except (InvalidValue, LossyValue):
            return self._explained(values)

    def _explained(self, values: Sequence[object]) -> tuple[Any, ...]:
        """Encode once more to find which value is wrong."""
        encoded = []
        for (index, encode), label in zip(self.slots, self.labels, strict=True):
            try:
                encoded.append(None if index < 0 else encode(values[index]))
            except (InvalidValue, LossyValue) as error:
                raise InvalidFilter(
                    f"Column {label!r}: {error.detail}", hint=error.hint, data={"column": label}
                ) from error
        return tuple(encoded)


class Binds:
    """Collects the places for values while one statement is built."""

    def __init__(self) -> None:
        self._slots: dict[str, tuple[int, Encoder, str]] = {}
        self._rows: dict[str, tuple[StoredTable, str]] = {}

    def bind(self, index: int, encode: Encoder, label: str) -> sa.BindParameter[Any]:
        """Make a place for the value of this index."""
        name = f"p{len(self._slots)}"
        self._slots[name] = (index, encode, label)
        return sa.bindparam(name)

    def key(self, label: str) -> sa.BindParameter[Any]:
        """Make a place for the next part of the outer row's key."""
        return self.bind(KEY, _as_it_is, label)

    def rows(self, table: StoredTable, called: str) -> str:
        """Make a place for the rows of a table that is ``called`` so in the statement."""
        place = f"/* rows {len(self._rows)} */"
        self._rows[place] = table, called
        return place

    def _with_rows(self, sql: str) -> str:
        written = sql
        for place, (table, called) in self._rows.items():
            named = re.findall(re.escape(quote(called)) + r'\.("(?:[^"]|"")+")', sql)
            only = {name[1:-1].replace('""', '"') for name in named}
            written = written.replace(place, table.layered(only=only))
        return written

    def compile(self, element: sa.ClauseElement) -> Statement:
        """Compile a statement or an expression whose places were made here."""
        compiled = element.compile(dialect=SQLiteDialect_pysqlite())
        names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        found = [self._slots[name] for name in names]
        return Statement(
            self._with_rows(str(compiled)),
            [(index, encode) for index, encode, _ in found],
            [label for _, _, label in found],
        )


def text_of(value: str) -> sa.ColumnClause[Any]:
    """Write a constant text into a statement."""
    return sa.literal_column("'" + value.replace("'", "''") + "'")


def _as_it_is(value: object) -> object:
    return value
