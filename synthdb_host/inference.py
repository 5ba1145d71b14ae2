"""Which type a value has, and which type holds values of two types: the rules of schema on write.

Inference is conservative. Text becomes a richer type only when the type's own text form is exactly that
text, so that nothing is lost: ``00501`` stays text and ``19.9900`` keeps its four digits. Widening never
loses a value.

The lattice, from narrow to wide::

    integer -> real -> decimal -> text -> json
    integer -> decimal            boolean, uuid -> text
    date -> timestamp -> text     bytes stays alone
"""

import math
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from synthdb_host.catalog import ColumnType
from synthdb_host.errors import InvalidValue, RequestError
from synthdb_host.operations import Literal
from synthdb_host.values import INTEGER_MAX, INTEGER_MIN, adapt, format_text, parse_text

__all__ = ["DECIMAL_DIGITS", "decimal_type", "infer", "infer_text", "settle", "settle_all", "widen"]

DECIMAL_DIGITS: Final = 100
"""How many digits a decimal may have; longer numbers are text."""

_TEXT = ColumnType("text")
_INTEGER = ColumnType("integer")
_REAL = ColumnType("real")
_BOOLEAN = ColumnType("boolean")
_DATE = ColumnType("date")
_TIMESTAMP = ColumnType("timestamp")
_UUID = ColumnType("uuid")
_JSON = ColumnType("json")
_BYTES = ColumnType("bytes")

_INTEGER_DIGITS = 19
_HEADROOM = 12
_NUMBER_TEXT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z")
_UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STRUCTURED: Final = ((_UUID_TEXT, _UUID), (_DATE_TEXT, _DATE), (_TIMESTAMP_TEXT, _TIMESTAMP))


def infer(value: object) -> ColumnType:
    """Give the narrowest type of a value. None says nothing: text.

    A ``Literal`` is read by :func:`infer_text`. Any other ``str`` is text unless it is exactly a uuid, date
    or timestamp: a JSON string is never a number or a boolean.

    Raises:
        InvalidValue: no type holds such a value.
    """
    if isinstance(value, str):
        return infer_text(value) if isinstance(value, Literal) else _infer_structured(value)
    if isinstance(value, bool):
        return _BOOLEAN
    if isinstance(value, int):
        return _INTEGER if INTEGER_MIN <= value <= INTEGER_MAX else decimal_type(value)
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, Decimal):
        return decimal_type(value)
    return _infer_object(value)


def _infer_object(value: object) -> ColumnType:
    if value is None:
        return _TEXT
    if isinstance(value, datetime):
        return _TIMESTAMP
    if isinstance(value, date):
        return _DATE
    if isinstance(value, UUID):
        return _UUID
    if isinstance(value, dict | list | tuple):
        return _JSON
    if isinstance(value, bytes | bytearray | memoryview):
        return _BYTES
    raise InvalidValue(f"A value of the Python type {type(value).__name__!r} cannot be stored.")


def _finite(value: float) -> ColumnType:
    if not math.isfinite(value):
        raise InvalidValue(f"{value!r} cannot be stored: numbers are finite.")
    return _REAL


def infer_text(text: str) -> ColumnType:
    """Give the narrowest type whose canonical text form is exactly ``text``, for a CSV cell or a URL.

    A timestamp may leave out trailing zeros of the fraction; numbers never have an exponent or a plus sign.
    """
    if text in ("true", "false"):
        return _BOOLEAN
    if _NUMBER_TEXT.fullmatch(text):
        return _infer_number(text)
    return _infer_structured(text)


def _infer_number(text: str) -> ColumnType:
    if text.startswith("-") and text != "-0.0" and not text.strip("-0."):
        return _TEXT
    if "." not in text:
        short = len(text) <= _INTEGER_DIGITS + 1
        return _INTEGER if short and INTEGER_MIN <= int(text) <= INTEGER_MAX else decimal_type(text)
    return _REAL if repr(float(text)) == text else decimal_type(text)


def _infer_structured(text: str) -> ColumnType:
    for pattern, column_type in _STRUCTURED:
        if pattern.fullmatch(text):
            return column_type if _is_written_as(column_type, text) else _TEXT
    return _TEXT


def _is_written_as(column_type: ColumnType, text: str) -> bool:
    try:
        canonical = format_text(column_type, parse_text(column_type, text))
    except RequestError:
        return False
    # A timestamp's canonical form always has six digits after the point.
    return canonical == text or (column_type.name == "timestamp" and canonical.startswith(text.rstrip("Z")))


def decimal_type(number: float | Decimal | str) -> ColumnType:
    """Give a decimal type that holds a number exactly, with room for 12 digits before the point.

    A number of more than 100 digits gives text.

    Raises:
        InvalidValue: the number is not finite.
    """
    value = Decimal(repr(number) if isinstance(number, float) else number)
    if not value.is_finite():
        raise InvalidValue(f"{number!r} cannot be stored: numbers are finite.")
    exponent = value.as_tuple().exponent
    scale = max(0, -exponent) if isinstance(exponent, int) else 0
    return _decimal(max(value.adjusted() + 1, _HEADROOM), scale, least=max(value.adjusted() + 1, 0))


def _decimal(whole: int, scale: int, least: int) -> ColumnType:
    if least + scale > DECIMAL_DIGITS:
        return _TEXT
    return ColumnType("decimal", max(1, min(whole + scale, DECIMAL_DIGITS)), scale)


def widen(a: ColumnType, b: ColumnType) -> ColumnType | None:
    """Give the narrowest type that holds the values of both; None: there is none.

    Whether each integer has an exact real, and each real fits the decimal, depends on the values: the caller
    checks them, and takes :func:`decimal_type` of the values where they do not fit.
    """
    if a == b:
        return a
    names = {a.name, b.name}
    if "bytes" in names:
        return None
    if "json" in names:
        return _JSON
    if names <= {"integer", "real", "decimal"}:
        return _widen_numbers(a, b)
    return _TIMESTAMP if names == {"date", "timestamp"} else _TEXT


def _widen_numbers(a: ColumnType, b: ColumnType) -> ColumnType:
    if "decimal" not in (a.name, b.name):
        return _REAL
    if "real" in (a.name, b.name):
        return a if a.name == "decimal" else b
    (whole_a, scale_a), (whole_b, scale_b) = _digits(a), _digits(b)
    whole = max(whole_a, whole_b)
    return _decimal(whole, max(scale_a, scale_b), least=whole)


def _digits(column_type: ColumnType) -> tuple[int, int]:
    if column_type.name == "integer":
        return _INTEGER_DIGITS, 0
    scale = column_type.scale or 0
    return (column_type.precision or scale) - scale, scale


def settle(current: ColumnType, value: object) -> ColumnType | None:
    """Give the type that an inferred column of type ``current`` needs to hold ``value`` too.

    ``current`` itself when the value is written exactly as a value of that type is (JSON ``"5"`` in an
    integer column, but not ``"007"``). None: no type holds both.
    """
    if value is None or (isinstance(value, str) and _is_canonical(current, value)):
        return current
    wider = widen(current, infer(value))
    if wider is None or wider.name not in ("real", "decimal"):
        return wider
    return _fitted(wider, value)


def settle_all(current: ColumnType | None, values: Sequence[object]) -> ColumnType | None:
    """Give the type that an inferred column needs to hold all of the values.

    ``values`` are those in the column and the new ones; ``current`` is None where no value has said
    anything yet. A second pass is needed where a number turned the type from real to decimal behind a real
    already seen. None: no type holds all of them.
    """
    present = [value for value in values if value is not None]
    if not present:
        return current or _TEXT
    found: ColumnType | None = current or infer(present[0])
    for _ in range(2):
        for value in present:
            found = settle(found, value) if found else None
    return found


def _is_canonical(column_type: ColumnType, text: str) -> bool:
    if column_type.name == "text":
        return True
    if column_type.name == "json" and not isinstance(text, Literal):
        return True
    return _is_written_as(column_type, text)


def _fitted(wider: ColumnType, value: object) -> ColumnType:
    try:
        adapt(wider, value)
    except RequestError:
        number = value if isinstance(value, int | float | Decimal | str) else str(value)
        exact = decimal_type(number)
        return widen(wider, exact) or _TEXT
    return wider
