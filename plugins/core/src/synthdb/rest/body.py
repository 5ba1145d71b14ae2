"""Bodies of writes: exact JSON numbers, rows of an insert, values of an update."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

import msgspec

from synthdb.rest.content_types import media_type_of
from synthdb.rest.repeats import check_names
from synthdb_host.contracts import MediaType
from synthdb_host.errors import InvalidBody, TooComplex, UnsupportedMediaType
from synthdb_host.operations import MISSING, Insert

__all__ = ["Bodies", "Rows", "decode_json", "decode_rows", "decode_values", "exact_number", "pick", "tabulate"]

_JSON: Final = frozenset({"application/json", "application/vnd.pgrst.object+json", "application/vnd.pgrst.array+json"})

Rows = tuple[tuple[str, ...], Sequence[Sequence[object]]]
"""Column names, and rows of as many values; :data:`MISSING` stands for a column's default."""

_MOST_DIGITS: Final = 400
_SAFE: Final = 18

_MOST_CELLS: Final = 10_000_000
"""Cells that one body may become; rows with different keys become far more of them than were sent."""


def exact_number(text: str) -> float | Decimal:
    """Read a JSON number with a point or exponent: a float if it means the same digits, else a Decimal.

    Raises:
        InvalidBody: it has more than 400 digits, or an exponent that makes it so.
    """
    number = float(text)
    if repr(number) == text:
        return number
    try:
        decimal = Decimal(text)
    except InvalidOperation as error:
        raise InvalidBody(f"The number {text[:40]} is out of range.") from error
    if len(text) > _SAFE and (len(text) > _MOST_DIGITS or abs(decimal.adjusted()) > _MOST_DIGITS):
        raise InvalidBody(f"The number {text[:40]} has more than {_MOST_DIGITS} digits.")
    if "e" in text.lower():
        return _exponential(text, number, decimal)
    return decimal


def _exponential(text: str, number: float, decimal: Decimal) -> float | Decimal:
    if abs(decimal.adjusted()) > _MOST_DIGITS:
        raise InvalidBody(f"The number {text[:40]} has more than {_MOST_DIGITS} digits.")
    return number if Decimal(repr(number)) == decimal else decimal


_DECODER: Final = msgspec.json.Decoder(float_hook=exact_number)


def decode_json(body: bytes, where: str | None = None) -> Any:  # noqa: ANN401 - any JSON value
    """Decode JSON without losing a digit.

    Raises:
        InvalidBody: it is not JSON in UTF-8, or an object has a name twice.
        TooComplex: it is nested too deeply.
    """
    try:
        value = _DECODER.decode(body)
    except InvalidBody:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidBody(f"The body is not JSON: {error}.", where=where) from error
    except RecursionError as error:
        raise TooComplex("The JSON body is nested too deeply.", where=where) from error
    check_names(body, value, where)
    return value


def decode_rows(body: bytes) -> list[Mapping[str, object]]:
    """Decode the JSON body of an insert: an object, or an array of objects.

    Raises:
        InvalidBody: it is something else.
        TooComplex: it is nested too deeply.
    """
    return _objects(decode_json(body))


def _objects(value: object) -> list[Mapping[str, object]]:
    rows: list[Any] = value if isinstance(value, list) else [value]
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidBody(
                f"Expected an object, found {_kind(row)}.",
                hint="The body of a write is an object or an array of objects.",
                where=f"item {number + 1} of the body" if isinstance(value, list) else "body",
            )
    return rows


def decode_values(body: bytes) -> dict[str, object]:
    """Decode the JSON body of an update: one object with something in it.

    Raises:
        InvalidBody: it is something else.
        TooComplex: it is nested too deeply.
    """
    value = decode_json(body)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        _refuse(value)
    return value


def _refuse(value: object) -> NoReturn:
    raise InvalidBody(f"Expected one object, found {_kind(value)}.", where="body")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names = {list: "an array", str: "a string", bool: "a boolean", dict: "an object"}
    return names.get(type(value), "a number")


def tabulate(rows: Sequence[Mapping[str, object]]) -> Rows:
    """Lay out rows, whose keys may differ, as columns and cells; an absent cell is its column's default.

    Raises:
        TooComplex: there are too many cells.
    """
    if len(rows) * sum(map(len, rows)) > _MOST_CELLS:
        _check_cells(len(rows), len({name for row in rows for name in row}))
    insert = Insert.of("", rows)
    return insert.columns, insert.rows


def _check_cells(rows: int, columns: int) -> None:
    if rows * columns > _MOST_CELLS:
        raise TooComplex(
            f"{rows:,} rows of {columns:,} columns are more than {_MOST_CELLS:,} cells.",
            hint="Send fewer rows at a time, or those with the same keys together.",
            where="body",
        )


def pick(
    rows: Sequence[Mapping[str, object]], columns: tuple[str, ...], *, absent_is_default: bool
) -> list[tuple[object, ...]]:
    """Take the given columns of each row; an absent one is NULL, or if ``absent_is_default`` its default.

    Raises:
        TooComplex: there are too many cells.
    """
    _check_cells(len(rows), len(columns))
    absent = MISSING if absent_is_default else None
    return [tuple(row.get(name, absent) for name in columns) for row in rows]


class Bodies:
    """Reads the bodies of writes.

    Args:
        media_types: the forms that plugins contribute beside JSON.
    """

    def __init__(self, media_types: Sequence[MediaType]) -> None:
        self._decoders: dict[str, Callable[[bytes], Rows]] = {
            media_type.name: media_type.decode for media_type in media_types if media_type.decode is not None
        }

    def rows(self, content_type: str | None, body: bytes, columns: tuple[str, ...] | None, *, defaults: bool) -> Rows:
        """Read the rows of an insert, of which only ``columns`` count if they are given.

        What a row lacks of those is NULL, or with ``defaults`` the column's default.

        Raises:
            InvalidBody: it is not what its media type says, or not rows.
            TooComplex: it is nested too deeply, or is too many cells.
            UnsupportedMediaType: nothing reads this media type.
        """
        name = media_type_of(content_type)
        if name in _JSON:
            rows = decode_rows(body)
            if columns is not None:
                return columns, pick(rows, columns, absent_is_default=defaults)
            return tabulate(rows)
        decode = self._decoders.get(name)
        if decode is None:
            raise self._unsupported(name)
        given, cells = decode(body)
        return (given, cells) if columns is None else _chosen(given, cells, columns, defaults=defaults)

    def values(self, content_type: str | None, body: bytes) -> dict[str, object]:
        """Read the values of an update, which are one JSON object.

        Raises:
            InvalidBody: it is something else.
            UnsupportedMediaType: it is not JSON.
        """
        name = media_type_of(content_type)
        if name not in _JSON:
            raise self._unsupported(name) if name not in self._decoders else _json_only(name)
        return decode_values(body)

    def changes(self, content_type: str | None, body: bytes) -> dict[str, object] | Rows:
        """Read what an update sets: the values of one object, or of an array with a row for each of its objects.

        Raises:
            InvalidBody: it is neither.
            UnsupportedMediaType: nothing reads this media type.
        """
        name = media_type_of(content_type)
        if name not in _JSON and name in self._decoders:
            return self._decoders[name](body)
        if name not in _JSON:
            raise self._unsupported(name)
        value = decode_json(body)
        if isinstance(value, list):
            return tabulate(_objects(value))
        if not isinstance(value, dict):
            _refuse(value)
        return value

    def _unsupported(self, name: str) -> UnsupportedMediaType:
        known = ", ".join(["application/json", *self._decoders])
        return UnsupportedMediaType(
            f"Nothing reads the media type {name[:100]!r}.",
            hint=f"Send {known}.",
            where="header 'Content-Type'",
        )


def _json_only(name: str) -> UnsupportedMediaType:
    return UnsupportedMediaType(
        f"Rows are not updated from {name}.", hint="Send a JSON object.", where="header 'Content-Type'"
    )


def _chosen(
    given: tuple[str, ...], cells: Sequence[Sequence[object]], columns: tuple[str, ...], *, defaults: bool
) -> Rows:
    rows = [dict(zip(given, row, strict=True)) for row in cells]
    return columns, pick(rows, columns, absent_is_default=defaults)
