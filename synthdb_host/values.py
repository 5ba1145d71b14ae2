"""The values of the column types: their text forms, and exact conversion into a type.

Every storage uses these rules, so that a value means the same everywhere. Nothing here rounds, truncates or
guesses: what a type cannot hold exactly is an error. Text forms serve CSV, URLs and widening to text.
"""

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Any, Final
from uuid import UUID

import msgspec

from synthdb_host.catalog import ColumnType
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import InvalidValue, LossyValue
from synthdb_host.operations import Literal

__all__ = ["EXACT", "INTEGER_MAX", "INTEGER_MIN", "adapt", "convert", "format_text", "parse_text"]

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1

EXACT: Final = Context(prec=200, traps=[InvalidOperation, Inexact])
"""A decimal context in which every operation on column values is exact or raises."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(\.[0-9]+)?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-?)[0-9a-fA-F]{4}(?:\1[0-9a-fA-F]{4}){2}\1[0-9a-fA-F]{12}")
_TRUE = frozenset({"true", "t", "yes", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "off", "0"})
_MICROSECOND_DIGITS = 6
_SHOWN = 60


def parse_text(column_type: ColumnType, text: str) -> Any:  # noqa: ANN401 - the column type decides
    """Read the text form of a value of a type.

    Forms that mean the same value are accepted (``007``, ``1e3``, ``T``, an offset instead of ``Z``).

    Raises:
        InvalidValue: the text is no such value.
        LossyValue: the type cannot hold the value exactly.
    """
    return _PARSERS[column_type.name](column_type, text)


def format_text(column_type: ColumnType, value: Any) -> str:  # noqa: ANN401 - the column type decides
    """Write the canonical text form of a value of a type; ``parse_text`` reads it back."""
    return _FORMATTERS[column_type.name](column_type, value)


def adapt(column_type: ColumnType, value: Any) -> Any:  # noqa: ANN401 - the column type decides
    """Turn a value that was given for a column into the Python value of the column's type; None stays None.

    A ``str`` is parsed by the type. For a json column a ``str`` is a JSON string, a ``Literal`` is JSON text.

    Raises:
        InvalidValue: the value is of another kind or out of range.
        LossyValue: the type cannot hold the value exactly.
    """
    if value is None:
        return None
    name = column_type.name
    if name == "text":
        return _text_of(value)
    if name == "json":
        return parse_text(column_type, value) if isinstance(value, Literal) else _to_json(value)
    if isinstance(value, str):
        return parse_text(column_type, value)
    return _ADAPTERS[name](column_type, value)


def convert(value: Any, source: ColumnType, target: ColumnType) -> Any:  # noqa: ANN401 - the column type decides
    """Turn a stored value of one type into the same value of another; None stays None.

    Raises:
        InvalidValue: the value has no counterpart in the other type.
        LossyValue: converting back would not give the value again.
    """
    if value is None or source == target:
        return value
    if target.name == "text":
        return value if source.name == "text" else format_text(source, value)
    if source.name == "text" and target.name != "json":
        converted = parse_text(target, value)
        if format_text(target, converted) != value:
            raise LossyValue(f"The text {_shown(value)} is not how a value of type {target} is written.")
        return converted
    return adapt(target, value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _invalid(column_type: ColumnType, value: object) -> InvalidValue:
    return InvalidValue(f"{_shown(value)} is not a value of type {column_type}.", data={"type": str(column_type)})


def _lossy(column_type: ColumnType, value: object) -> LossyValue:
    return LossyValue(f"{_shown(value)} does not fit into {column_type} exactly.", data={"type": str(column_type)})


# -- text to values --------------------------------------------------------------------------------------


def _parse_integer(column_type: ColumnType, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        return _to_integer(column_type, _number(column_type, text))
    return _to_integer(column_type, int(text))


def _number(column_type: ColumnType, text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise _invalid(column_type, text)
    return Decimal(text)


def _parse_real(column_type: ColumnType, text: str) -> float:
    return _to_real(column_type, _number(column_type, text))


def _parse_decimal(column_type: ColumnType, text: str) -> Decimal:
    return _to_decimal(column_type, _number(column_type, text))


def _parse_boolean(column_type: ColumnType, text: str) -> bool:
    folded = text.lower()
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    raise _invalid(column_type, text)


def _parse_date(column_type: ColumnType, text: str) -> date:
    if not _DATE.fullmatch(text):
        return _to_date(column_type, _parse_timestamp(column_type, text))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _invalid(column_type, text) from None


def _parse_timestamp(column_type: ColumnType, text: str) -> datetime:
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        raise _invalid(column_type, text)
    if match[1] and len(match[1].rstrip("0")) - 1 > _MICROSECOND_DIGITS:
        raise _lossy(column_type, text)
    try:
        return _to_timestamp(column_type, datetime.fromisoformat(text.upper()))
    except ValueError:
        raise _invalid(column_type, text) from None


def _parse_uuid(column_type: ColumnType, text: str) -> UUID:
    if not _UUID.fullmatch(text):
        raise _invalid(column_type, text)
    return UUID(text)


def _parse_json(column_type: ColumnType, text: str) -> object:
    try:
        return _json_of(msgspec.json.decode(str(text)))
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError):
        raise _invalid(column_type, text) from None


def _parse_bytes(column_type: ColumnType, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _invalid(column_type, text) from None


# -- values to values ------------------------------------------------------------------------------------


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return _checked_text(str(value))
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal | UUID | date):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    raise _invalid(ColumnType("text"), value)


def _checked_text(value: str) -> str:
    """Refuse what is no text to every storage and tool: NUL and unpaired surrogates."""
    if "\0" in value:
        raise InvalidValue("Text cannot hold the character NUL.", hint="Use a bytes column.")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidValue("Text cannot hold unpaired surrogates.") from None
    return value


def _to_integer(column_type: ColumnType, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _invalid(column_type, value)
    if not isinstance(value, int):
        if not INTEGER_MIN <= value <= INTEGER_MAX + 1:
            raise _invalid(column_type, value)
        if value != int(value):
            raise _lossy(column_type, value)
        value = int(value)
    if not INTEGER_MIN <= value <= INTEGER_MAX:
        raise _invalid(column_type, value)
    return value


def _to_real(column_type: ColumnType, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _invalid(column_type, value)
    try:
        converted = float(value)
    except OverflowError:
        raise _lossy(column_type, value) from None
    if not math.isfinite(converted):
        raise _invalid(column_type, value)
    if not isinstance(value, float) and Decimal(repr(converted)) != value:
        raise _lossy(column_type, value)
    return converted


def _to_decimal(column_type: ColumnType, value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _invalid(column_type, value)
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value or 0)
    precision, scale = column_type.precision or 18, column_type.scale or 0
    if not number.is_finite() or (number and number.adjusted() >= precision - scale):
        raise _invalid(column_type, value)
    try:
        return number.quantize(Decimal((0, (1,), -scale)), context=EXACT)
    except Inexact:
        raise _lossy(column_type, value) from None


def _to_boolean(column_type: ColumnType, value: object) -> bool:
    if not isinstance(value, bool):
        raise _invalid(column_type, value)
    return value


def _to_date(column_type: ColumnType, value: object) -> date:
    if not isinstance(value, datetime):
        if isinstance(value, date):
            return value
        raise _invalid(column_type, value)
    moment = _to_timestamp(column_type, value)
    if (moment.hour, moment.minute, moment.second, moment.microsecond) != (0, 0, 0, 0):
        raise _lossy(column_type, value)
    return moment.date()


def _to_timestamp(column_type: ColumnType, value: object) -> datetime:
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        except OverflowError:
            raise _invalid(column_type, value) from None
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise _invalid(column_type, value)


def _to_uuid(column_type: ColumnType, value: object) -> UUID:
    if not isinstance(value, UUID):
        raise _invalid(column_type, value)
    return value


def _to_bytes(column_type: ColumnType, value: object) -> bytes:
    if not isinstance(value, bytes | bytearray | memoryview):
        raise _invalid(column_type, value)
    return bytes(value)


def _to_json(value: object) -> object:
    try:
        return _json_of(value)
    except RecursionError:
        raise InvalidValue("The JSON value is nested too deeply.") from None


def _json_of(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise _invalid(ColumnType("json"), value)
        return value
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        return int(value) if whole else _to_real(ColumnType("real"), value)
    if isinstance(value, dict):
        return {_text_of(key): _json_of(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_of(item) for item in value]
    return _text_of(value)


# -- values to text --------------------------------------------------------------------------------------


def _format_decimal(column_type: ColumnType, value: Decimal) -> str:
    return format(_to_decimal(column_type, value), "f")


_PARSERS: Final[dict[str, Callable[[ColumnType, str], Any]]] = {
    "text": lambda _, text: _checked_text(str(text)),
    "integer": _parse_integer,
    "real": _parse_real,
    "decimal": _parse_decimal,
    "boolean": _parse_boolean,
    "date": _parse_date,
    "timestamp": _parse_timestamp,
    "uuid": _parse_uuid,
    "json": _parse_json,
    "bytes": _parse_bytes,
}

_ADAPTERS: Final[dict[str, Callable[[ColumnType, Any], Any]]] = {
    "integer": _to_integer,
    "real": _to_real,
    "decimal": _to_decimal,
    "boolean": _to_boolean,
    "date": _to_date,
    "timestamp": _to_timestamp,
    "uuid": _to_uuid,
    "bytes": _to_bytes,
}

_FORMATTERS: Final[dict[str, Callable[[ColumnType, Any], str]]] = {
    "text": lambda _, value: str(value),
    "integer": lambda _, value: str(value),
    "real": lambda _, value: repr(float(value)),
    "decimal": _format_decimal,
    "boolean": lambda _, value: "true" if value else "false",
    "date": lambda _, value: str(value),
    "timestamp": lambda _, value: format_timestamp(value),
    "uuid": lambda _, value: str(value),
    "json": lambda _, value: msgspec.json.encode(value).decode(),
    "bytes": lambda _, value: base64.b64encode(value).decode(),
}
