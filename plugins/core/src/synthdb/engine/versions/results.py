"""Results whose cells are rows of tables, keys, and plain values.

There may be very many of these cells. They are made so that Python's garbage collector never looks at them: none can be
part of a cycle.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from synthdb.catalog.model import StoredColumn, StoredTable
from synthdb.engine.versions.images import Row
from synthdb.storage.codecs import codec_of
from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.values import format_text

__all__ = ["Cell", "Image", "Key", "Shown", "result"]

_JSON: Final = ColumnType("json")


class Shown:
    """Writes rows of one table, as one schema describes them."""

    def __init__(self, table: StoredTable) -> None:
        self.table = table
        self.columns = tuple(table.columns.values())
        self.encoder = RowEncoder([_column(column) for column in self.columns])
        places = {column.name: place for place, column in enumerate(self.columns)}
        self._key = [(self.columns[places[name]], places[name]) for name in table.table.key]

    def image(self, row: Row | None) -> "Image | None":
        """Give a cell that shows a row, None for none."""
        return None if row is None else Image(self.encoder, row)

    def plain_key(self, row: Row) -> tuple[Any, ...]:
        """Give the key of a row as plain values."""
        return tuple(Cell(column, row[place]).plain() for column, place in self._key)

    def key(self, row: Row) -> "Key":
        """Give a cell that shows the key of a row."""
        return Key(self._key, row)


class Image(msgspec.Struct, frozen=True, gc=False):
    """A row in a cell: a JSON object, or a dictionary."""

    encoder: RowEncoder
    row: Row

    def json(self) -> Any:  # noqa: ANN401 - what msgspec encodes
        """Give the row for JSON."""
        return msgspec.Raw(self.encoder.json_object(self.row))

    def python(self) -> dict[str, Any]:
        """Give the row as Python values."""
        return self.encoder.python((self.row,))[0]


class Cell(msgspec.Struct, frozen=True, gc=False):
    """One stored value of a column."""

    column: StoredColumn
    stored: Any

    def json(self) -> Any:  # noqa: ANN401 - what msgspec encodes
        """Give the value for JSON."""
        convert = self.column.codec.to_json
        return self.stored if convert is None or self.stored is None else convert(self.stored)

    def python(self) -> Any:  # noqa: ANN401 - any column value
        """Give the value as Python has it."""
        convert = self.column.codec.to_python
        return self.stored if convert is None or self.stored is None else convert(self.stored)

    def plain(self) -> Any:  # noqa: ANN401 - a JSON value
        """Give the value as JSON has it, or as text where JSON has none that is exact."""
        value, kind = self.python(), self.column.codec.type
        is_json = value is None or isinstance(value, bool | int | float | str) or kind.name == "json"
        return value if is_json else format_text(kind, value)


class Key(msgspec.Struct, frozen=True, gc=False):
    """The values of a row's key; ``places`` are its columns and where in the row they stand."""

    places: Sequence[tuple[StoredColumn, int]]
    row: Row

    def json(self) -> list[Any]:
        """Give the values for JSON."""
        return [Cell(column, self.row[place]).json() for column, place in self.places]

    def python(self) -> list[Any]:
        """Give the values as Python has them."""
        return [Cell(column, self.row[place]).python() for column, place in self.places]


def _column(column: StoredColumn) -> ResultColumn:
    return ResultColumn(column.name, column.codec.type, column.codec.to_json, column.codec.to_python)


def _to_json(cell: Any) -> Any:  # noqa: ANN401 - any cell
    return cell.json() if isinstance(cell, Image | Cell | Key) else cell


def _to_python(cell: Any) -> Any:  # noqa: ANN401 - any cell
    return cell.python() if isinstance(cell, Image | Cell | Key) else cell


def result(columns: tuple[tuple[str, str], ...], rows: Sequence[Row]) -> Result:
    """Give rows of named columns; those of type ``json`` may hold any of the cells above or plain JSON values."""
    return Result(_encoder(columns), rows)


@lru_cache
def _encoder(columns: tuple[tuple[str, str], ...]) -> RowEncoder:
    return RowEncoder([
        ResultColumn(name, _JSON, _to_json, _to_python) if kind == "json" else _plain(name, kind)
        for name, kind in columns
    ])  # fmt: skip


def _plain(name: str, kind: str) -> ResultColumn:
    if kind == "timestamp":
        codec = codec_of(ColumnType("timestamp"))
        return ResultColumn(name, codec.type, codec.to_json, codec.to_python)
    if kind == "boolean":
        return ResultColumn(name, ColumnType("boolean"), bool, bool)
    return ResultColumn(name, ColumnType(kind))
