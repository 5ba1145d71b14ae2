"""Values on their way to the server and back; none of them is ever rounded."""

import base64
import datetime as dt
import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from .errors import Garbled

__all__ = ["Scalar", "decode", "decode_row", "encode", "to_text"]

Scalar = str | int | float | bool | bytes | Decimal | dt.date | dt.datetime | UUID
"""What can be compared with a column."""


def to_text(value: object) -> str:
    """Write a value as it stands in an address.

    Raises:
        TypeError: it has no such form; None is compared with ``is_null``.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, dt.datetime | dt.date):
        return _moment(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict | list):
        return encode(value)
    message = f"{value!r} cannot be compared with a column; use is_null() for None"
    raise TypeError(message)


def encode(value: object) -> str:
    """Write a value as JSON, in which numbers keep every digit.

    Raises:
        TypeError, ValueError: it cannot be JSON.
    """
    if value is None or isinstance(value, str | bool):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_name(name)}:{encode(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(encode, value)) + "]"
    return to_text(value) if isinstance(value, int | float | Decimal) else json.dumps(to_text(value))


def _name(name: object) -> str:
    if not isinstance(name, str):
        message = f"the name of a column or of a JSON member is a string, not {name!r}"
        raise TypeError(message)
    return json.dumps(name)


def _number(value: float | Decimal) -> str:
    if not math.isfinite(value):
        message = f"{value!r} is not a number that can be stored"
        raise ValueError(message)
    return format(value, "f") if isinstance(value, Decimal) else repr(value)


def _moment(value: dt.date) -> str:
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat()


def decode(text: str | bytes) -> Any:
    """Read JSON; numbers that are not whole come as Decimal, with all their digits.

    Raises:
        Garbled: it is none.
    """
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError as error:
        message = f"an answer is not JSON: {error}"
        raise Garbled(message) from error


def decode_row(row: dict[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    """Turn the values of a row into what the types of their columns say, in place."""
    for name, value in row.items():
        convert = _CONVERTERS.get(types.get(name, ""))
        if convert is not None and value is not None:
            row[name] = convert(value)
    return row


def _plain(value: Any) -> Any:
    """Make numbers in JSON floats where a float has the same digits."""
    if isinstance(value, Decimal):
        number = float(value)
        return number if math.isfinite(number) and Decimal(repr(number)) == value else value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return {name: _plain(item) for name, item in value.items()} if isinstance(value, dict) else value


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "real": float,
    "decimal": Decimal,
    "date": dt.date.fromisoformat,
    "timestamp": dt.datetime.fromisoformat,
    "uuid": UUID,
    "bytes": base64.b64decode,
    "json": _plain,
}
