"""Turning the cells of a chunk into typed rows, whole columns at a time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from synthdb.importing.records import Chunk, Reject, is_broken
from synthdb.importing.scanning import Finding
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError
from synthdb_host.operations import MISSING
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN, adapt, parse_text

__all__ = ["CellConverter", "Converter", "ObjectConverter", "TypedChunk", "convert_chunk"]

_MEMO = 50_000
_NATIVE: Mapping[str, type] = {"text": str, "integer": int, "boolean": bool, "bytes": bytes, "date": date}


class Converter(Protocol):
    """Turns the values of one column into values of its type."""

    def bulk(self, values: Sequence[Any]) -> Sequence[Any]:
        """Convert a whole column; raises a ``RequestError`` if any value does not fit."""

    def single(self, value: Any) -> Any:  # noqa: ANN401 - values of a column whose type is not known here
        """Convert one value; raises a ``RequestError`` if it does not fit."""


class _Memo(dict[str, Any]):
    """Remembers what each text was converted to; most columns repeat themselves."""

    def __init__(self, convert: Callable[[str], Any], nulls: frozenset[str]) -> None:
        super().__init__(dict.fromkeys(nulls))
        self._convert = convert

    def __missing__(self, text: str) -> Any:  # noqa: ANN401 - see Converter
        value = self._convert(text)
        if len(self) < _MEMO:
            self[text] = value
        return value


class CellConverter:
    """Converts the cells of a CSV column.

    A column whose type was found from its own values needs no checks; for a type given by someone else, each
    cell is read by the rules of the type.
    """

    def __init__(self, column_type: ColumnType, finding: Finding) -> None:
        self._nulls = finding.nulls
        self._direct: Callable[[str], Any] | None = None
        trusted = column_type == finding.type
        if trusted and column_type.name in ("integer", "real"):
            self._direct = int if column_type.name == "integer" else float
        convert = _trusted(column_type) if trusted else None
        self._memo = _Memo(convert or (lambda text: parse_text(column_type, text)), finding.nulls)
        self._text = column_type.name == "text"

    def bulk(self, values: Sequence[str]) -> Sequence[Any]:
        """Convert a whole column."""
        nulls = self._nulls
        clean = nulls.isdisjoint(values)
        if self._text:
            return values if clean else [None if value in nulls else value for value in values]
        if self._direct and clean:
            return list(map(self._direct, values))
        if self._direct:
            direct = self._direct
            return [None if value in nulls else direct(value) for value in values]
        return list(map(self._memo.__getitem__, values))

    def single(self, value: str) -> Any:  # noqa: ANN401 - see Converter
        """Convert one cell."""
        return self.bulk((value,))[0]


def _trusted(column_type: ColumnType) -> Callable[[str], Any] | None:
    return _TRUSTED.get(column_type.name)


def _timestamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_TRUSTED: Mapping[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": _timestamp,
    "uuid": UUID,
}


class ObjectConverter:
    """Converts JSON values; a record that does not have the column keeps ``MISSING``."""

    def __init__(self, column_type: ColumnType) -> None:
        self._type = column_type
        self._native = _NATIVE.get(column_type.name)

    def bulk(self, values: Sequence[Any]) -> Sequence[Any]:
        """Convert a whole column."""
        if self._native is not None and set(map(type, values)) == {self._native} and self._is_sound(values):
            return values
        return [self.single(value) for value in values]

    def _is_sound(self, values: Sequence[Any]) -> bool:
        if self._native is str:
            return not is_broken("".join(values))
        return self._native is not int or (min(values) >= INTEGER_MIN and max(values) <= INTEGER_MAX)

    def single(self, value: Any) -> Any:  # noqa: ANN401 - see Converter
        """Convert one value."""
        return value if value is MISSING else adapt(self._type, value)


@dataclass(frozen=True, slots=True)
class TypedChunk:
    """Rows ready to be inserted, the lines they stand on, and what could not be converted."""

    rows: list[tuple[Any, ...]]
    lines: Sequence[int]
    rejects: list[Reject]


def convert_chunk(chunk: Chunk, converters: Mapping[str, Converter], file: str) -> TypedChunk:
    """Convert a chunk into rows with one value for each converter, in their order."""
    absent = [MISSING] * chunk.size
    cells = {name: chunk.columns.get(name, absent) for name in converters}
    bad: dict[int, Reject] = {}
    columns: list[Sequence[Any]] = []
    for name, converter in converters.items():
        try:
            columns.append(converter.bulk(cells[name]) if name in chunk.columns else absent)
        except RequestError:
            columns.append(_one_by_one(name, converter, cells[name], chunk, file, bad))
    rows = list(zip(*columns, strict=True))
    lines: Sequence[int] = chunk.lines
    if bad:
        rows = [row for position, row in enumerate(rows) if position not in bad]
        lines = [line for position, line in enumerate(lines) if position not in bad]
    return TypedChunk(rows, lines, [*chunk.rejects, *bad.values()])


def _one_by_one(
    name: str, converter: Converter, values: Sequence[Any], chunk: Chunk, file: str, bad: dict[int, Reject]
) -> list[Any]:
    converted = []
    for position, value in enumerate(values):
        try:
            converted.append(converter.single(value))
        except RequestError as error:
            converted.append(None)
            bad.setdefault(position, Reject(file, chunk.lines[position], name, error.detail))
    return converted
