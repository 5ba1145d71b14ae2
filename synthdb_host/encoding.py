"""Turning rows into bytes: one encoder generated per projection.

A result's rows are plain tuples in the form its storage finds cheapest. A :class:`RowEncoder` knows, per
column, how such a value becomes JSON and how it becomes a Python value; a column that needs no conversion
costs nothing. Rows become generated ``msgspec.Struct`` objects, which msgspec encodes in C; that is faster
than dictionaries and, unlike JSON built by a database, exact.
"""

import base64
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import cached_property
from typing import Any, Self
from uuid import UUID

import msgspec

from synthdb_host.catalog import ColumnType

__all__ = ["Converter", "ResultColumn", "RowEncoder", "format_timestamp", "to_text"]

Converter = Callable[[Any], Any]
"""Turns one stored value, never None, into what the encoder wants."""

_Row = Sequence[Any]
_ColumnConverter = Callable[[Sequence[Any]], Sequence[Any]]

_SPELLED = frozenset({"integer", "decimal"})
"""Types whose numbers a client with floating point alone may not hold."""

_MINUTE = timedelta(minutes=1)
_MOST_ZONES = 4
"""Kept per encoder; most servers see one or two."""

_FIRST_PRINTABLE = 32
_UNFIT = '"\\'


def format_timestamp(value: datetime) -> str:
    """Write a timestamp as ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` (RFC 3339, UTC); a naive one is taken as UTC."""
    if value.tzinfo is not None:
        value = (value if value.tzinfo is UTC else value.astimezone(UTC)).replace(tzinfo=None)
    return value.isoformat(timespec="microseconds") + "Z"


def _in_zone(value: Any, zone: tzinfo) -> str:  # noqa: ANN401 - a timestamp, however it is stored
    """Write a timestamp with the offset of a zone; in UTC, where the zone has none that RFC 3339 can write."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    try:
        local = moment.astimezone(zone)
    except OverflowError:  # at the very first and last hours that there are
        return format_timestamp(moment)
    is_whole = (local.utcoffset() or timedelta()) % _MINUTE == timedelta()
    return local.isoformat(timespec="microseconds") if is_whole else format_timestamp(moment)


def to_text(value: object) -> str:
    """Write a JSON-ready or Python value as the text of a CSV cell; None is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int | float | UUID | date):
        return str(value)
    return msgspec.json.encode(value).decode()


_JSON_OF_PYTHON: dict[str, Converter] = {
    "decimal": lambda value: msgspec.Raw(format(value, "f").encode()),
    "timestamp": format_timestamp,
}


@dataclass(frozen=True)
class ResultColumn:
    """One column of a result.

    ``nested`` is set for an embed: the columns of its rows, which stand in the cell as a list of tuples
    (``many``) or as one tuple. ``to_json`` and ``to_python`` convert a stored value; None: it is right already.
    """

    name: str
    type: ColumnType
    to_json: Converter | None = None
    to_python: Converter | None = None
    nested: tuple["ResultColumn", ...] | None = None
    many: bool = False

    @classmethod
    def of_python(cls, name: str, column_type: ColumnType) -> Self:
        """Describe a column whose rows hold Python values of the type (see ``catalog.TYPE_NAMES``)."""
        return cls(name, column_type, _JSON_OF_PYTHON.get(column_type.name))


class RowEncoder:
    """Encodes rows of one projection. Build it once per projection and keep it: it generates a class."""

    def __init__(self, columns: Sequence[ResultColumn]) -> None:
        self.columns = tuple(columns)
        self.names = tuple(column.name for column in self.columns)
        self._json = self._converters(lambda column: column.to_json, lambda encoder: encoder.structs)
        self._python = self._converters(lambda column: column.to_python, lambda encoder: encoder.python)
        self._zoned: dict[tzinfo, RowEncoder] = {}

    @cached_property
    def spelled(self) -> "RowEncoder":
        """The encoder of the same rows that writes integers and decimals as JSON strings."""
        return RowEncoder([_spelled(column) for column in self.columns])

    def zoned(self, zone: tzinfo) -> "RowEncoder":
        """Give the encoder of the same rows that writes timestamps in a time zone, in JSON and in text."""
        found = self._zoned.get(zone)
        if found is None:
            if len(self._zoned) >= _MOST_ZONES:
                self._zoned.clear()
            found = self._zoned[zone] = RowEncoder([_zoned(column, zone) for column in self.columns])
        return found

    def _converters(
        self, own: Callable[[ResultColumn], Converter | None], nested: Callable[["RowEncoder"], Converter]
    ) -> list[tuple[int, _ColumnConverter]]:
        found = []
        for position, column in enumerate(self.columns):
            if column.nested is not None:
                rows = nested(RowEncoder(column.nested))
                found.append((position, _many(rows) if column.many else _one(rows)))
            elif (convert := own(column)) is not None:
                found.append((position, _each(convert)))
        return found

    @cached_property
    def _struct(self) -> type[msgspec.Struct]:
        # Field names are generated, so that any column name can be encoded.
        fields = [f"f{position}" for position in range(len(self.names))]
        rename = dict(zip(fields, self.names, strict=True))
        return msgspec.defstruct("Row", fields, rename=rename, gc=False)

    @cached_property
    def _make(self) -> Callable[..., Any]:
        # msgspec refuses these in a struct's field names; a dictionary may have any key.
        if any(character in _UNFIT or ord(character) < _FIRST_PRINTABLE for name in self.names for character in name):
            return lambda *cells: dict(zip(self.names, cells, strict=True))
        return self._struct

    def structs(self, rows: Sequence[_Row]) -> list[Any]:
        """Turn rows into objects that msgspec encodes as JSON objects."""
        make = self._make
        if self._json:
            return [make(*row) for row in _converted(rows, self._json)]
        return [make(*row) for row in rows]

    def json(self, rows: Sequence[_Row]) -> bytes:
        """Encode rows as one JSON array of objects."""
        return msgspec.json.encode(self.structs(rows))

    def json_object(self, row: _Row) -> bytes:
        """Encode one row as a JSON object."""
        return msgspec.json.encode(self.structs((row,))[0])

    def ndjson(self, rows: Sequence[_Row]) -> bytes:
        """Encode rows as newline-delimited JSON objects, each line ended."""
        return msgspec.json.Encoder().encode_lines(self.structs(rows))

    def python(self, rows: Sequence[_Row]) -> list[dict[str, Any]]:
        """Turn rows into dictionaries of Python values."""
        names = self.names
        converted = _converted(rows, self._python) if self._python else rows
        return [dict(zip(names, row, strict=True)) for row in converted]

    def text(self, rows: Sequence[_Row]) -> Iterator[list[str]]:
        """Turn rows into lists of text, for CSV; NULL is empty, an embed is its JSON."""
        return map(list, zip(*self.text_columns(rows), strict=True))

    def text_columns(self, rows: Sequence[_Row]) -> list[list[str]]:
        """Turn rows into columns of text; see :meth:`text`."""
        return [[_cell(cell) for cell in column] for column in _columns(rows, self._json)]


def _spelled(column: ResultColumn) -> ResultColumn:
    if column.nested is not None:
        return replace(column, nested=tuple(map(_spelled, column.nested)))
    if column.type.name not in _SPELLED:
        return column
    convert = column.to_json
    return replace(column, to_json=_cell if convert is None else lambda value: _cell(convert(value)))


def _zoned(column: ResultColumn, zone: tzinfo) -> ResultColumn:
    if column.nested is not None:
        return replace(column, nested=tuple(_zoned(inner, zone) for inner in column.nested))
    if column.type.name != "timestamp":
        return column
    convert = column.to_json
    return replace(column, to_json=lambda value: _in_zone(value if convert is None else convert(value), zone))


def _cell(value: object) -> str:
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else to_text(value)


def _each(convert: Converter) -> _ColumnConverter:
    return lambda cells: [None if cell is None else convert(cell) for cell in cells]


def _one(convert: Converter) -> _ColumnConverter:
    """Convert a column of single rows, all in one call."""

    def column(cells: Sequence[Any]) -> list[Any]:
        converted = iter(convert([row for row in cells if row is not None]))
        return [None if row is None else next(converted) for row in cells]

    return column


def _many(convert: Converter) -> _ColumnConverter:
    """Convert a column of lists of rows, all in one call."""

    def column(cells: Sequence[Any]) -> list[Any]:
        converted = iter(convert([row for rows in cells for row in rows or ()]))
        return [None if rows is None else list(itertools.islice(converted, len(rows))) for rows in cells]

    return column


def _converted(rows: Sequence[_Row], converters: list[tuple[int, _ColumnConverter]]) -> Iterable[_Row]:
    return zip(*_columns(rows, converters), strict=True)


def _columns(rows: Sequence[_Row], converters: list[tuple[int, _ColumnConverter]]) -> list[Sequence[Any]]:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    if columns:
        for position, convert in converters:
            columns[position] = convert(columns[position])
    return columns
