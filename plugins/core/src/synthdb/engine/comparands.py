"""The right-hand side of a comparison: a value in the storage form of the column it is compared with.

Comparing is exact even where the column's type cannot hold the value: ``1.005`` equals no decimal(10,2), and
is less than exactly those decimals that are at least 1.01. The trick is to bind what compares alike: the next
smaller or larger number of the column's scale, or something equal to none.
"""

import math
import re
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Final

import msgspec

from synthdb.engine.binds import Encoder, Value
from synthdb.engine.exact import EXACT_FORM
from synthdb.storage.codecs import Codec
from synthdb_host.errors import InvalidValue
from synthdb_host.operations import Literal

__all__ = ["comparand", "glob_pattern", "items", "json_value", "like_pattern"]

_EXACT: Final = Context(prec=500)
_NUMBER: Final = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\s*", re.ASCII)
_INFINITE: Final = {"infinity": math.inf, "+infinity": math.inf, "-infinity": -math.inf}
_INT64: Final = (-(2**63), 2**63 - 1)
_LONGEST_NUMBER: Final = 400
_SHORT_INTEGER: Final = 18
_LONGEST_PATTERN: Final = 5_000
_NO_INTEGER: Final = 0.5
"""Compares as different from every integer."""


_ROUNDING: Final = {"gt": ROUND_FLOOR, "lte": ROUND_FLOOR, "gte": ROUND_CEILING, "lt": ROUND_CEILING}


def comparand(codec: Codec, operator: str) -> Encoder:
    """Give the encoder for ``column operator value``; None becomes NULL."""
    name = codec.type.name
    if codec.declared == EXACT_FORM:
        return _optional(_written)
    if name == "integer":
        return _optional(lambda value: _integer(value, operator))
    if name == "decimal" and codec.declared == "INTEGER":
        scale = codec.type.scale or 0
        return _optional(lambda value: _scaled(_number(value), scale, operator))
    if name == "decimal":
        return _optional(lambda value: _wide(codec, _number(value), operator))
    if name == "real":
        return _optional(_real)
    return _optional(codec.encode)


def items(codec: Codec) -> Encoder:
    """Give the encoder of an ``in`` list: one JSON array."""
    encode = comparand(codec, "eq")
    name = codec.type.name

    def encode_all(values: Value) -> str:
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise InvalidValue("'in' takes a list of values.")
        encoded = [encode(value) for value in values]
        if name == "bytes":
            encoded = [None if value is None else value.hex() for value in encoded]
        elif name == "real":
            encoded = [None if value is None else float(value).hex() for value in encoded]
        elif name in ("integer", "decimal"):
            # Nothing equals these, but a NULL is not known to be outside a list that has something in it.
            encoded = [_NO_INTEGER if isinstance(value, float) else value for value in encoded]
        return msgspec.json.encode(encoded).decode()

    return encode_all


def _optional(encode: Encoder) -> Encoder:
    return lambda value: None if value is None else encode(value)


# -- numbers ---------------------------------------------------------------------------------------------


def _number(value: object) -> Decimal | float:
    """Read a number exactly; infinities are floats."""
    if isinstance(value, str):
        if len(value) > _LONGEST_NUMBER or not _NUMBER.fullmatch(value):
            infinite = _INFINITE.get(value.strip().lower())
            if infinite is None:
                raise InvalidValue(f"{value[:60]!r} is not a number.")
            return infinite
        return Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidValue(f"{value!r:.60} is not a number.")
    if value != value:  # noqa: PLR0124 - only NaN differs from itself
        raise InvalidValue("NaN cannot be compared with.")
    if isinstance(value, float):
        return value if math.isinf(value) else Decimal(repr(value))
    return Decimal(value) if value not in (Decimal("Infinity"), Decimal("-Infinity")) else float(value)


def _written(value: object) -> str:
    number = _number(value)
    if isinstance(number, float) or _is_huge(number, 0):
        raise InvalidValue(f"{value!r:.60} is too large to compare with.")
    return str(number)


def _integer(value: object, operator: str) -> int | float:
    if type(value) is int and _INT64[0] <= value <= _INT64[1]:
        return value
    if isinstance(value, str) and len(value) <= _SHORT_INTEGER and value.isascii() and value.isdecimal():
        return int(value)
    return _scaled(_number(value), 0, operator)


def _whole(number: Decimal, scale: int, operator: str) -> int | None:
    """Scale a number and round it so that it compares alike; None: equal to none."""
    scaled = number.scaleb(scale, context=_EXACT)
    whole = scaled.to_integral_value(ROUND_FLOOR)
    if whole == scaled:
        return int(whole)
    rounding = _ROUNDING.get(operator)
    return int(scaled.to_integral_value(rounding)) if rounding else None


def _is_huge(number: Decimal | float, scale: int) -> bool:
    return isinstance(number, float) or (bool(number) and number.adjusted() + scale > _LONGEST_NUMBER)


def _scaled(number: Decimal | float, scale: int, operator: str) -> int | float:
    if isinstance(number, float) or _is_huge(number, scale):
        return math.copysign(math.inf, number)
    whole = _whole(number, scale, operator)
    if whole is None:
        return _NO_INTEGER
    return whole if _INT64[0] <= whole <= _INT64[1] else math.copysign(math.inf, whole)


def _wide(codec: Codec, number: Decimal | float, operator: str) -> str:
    """Encode for a decimal stored as text of fixed width, which sorts like the number."""
    scale, precision = codec.type.scale or 0, codec.type.precision or 0
    whole = None if isinstance(number, float) or _is_huge(number, scale) else _whole(number, scale, operator)
    if whole is not None and abs(whole) < 10**precision:
        return str(codec.encode(Decimal(whole).scaleb(-scale, context=_EXACT)))
    if whole is None and not isinstance(number, float) and not _is_huge(number, scale):
        return ""
    return "2" if number > 0 else ""


def _real(value: object) -> int | float:
    number = value if type(value) in (int, float) and value == value else _number(value)  # noqa: PLR0124 - NaN
    if isinstance(number, int) and _INT64[0] <= number <= _INT64[1]:
        return number
    try:
        return float(number)  # type: ignore[arg-type]  # a number by now
    except OverflowError:
        return math.copysign(math.inf, number)  # type: ignore[arg-type]  # an int by now


# -- text and JSON ---------------------------------------------------------------------------------------


def _pattern(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue("A pattern is text.")
    if len(value) > _LONGEST_PATTERN:
        raise InvalidValue(f"A pattern has at most {_LONGEST_PATTERN} characters.")
    return str(value)


def like_pattern(value: object) -> str | None:
    """Check a LIKE pattern, in which ``%`` and ``_`` are wild and a backslash takes that from them."""
    if value is None:
        return None
    pattern = _pattern(value)
    if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
        raise InvalidValue("A pattern cannot end with a lone backslash.")
    return pattern


def glob_pattern(value: object) -> str | None:
    """Translate a LIKE pattern to GLOB, which distinguishes case and can use an index."""
    pattern = like_pattern(value)
    if pattern is None:
        return None
    translated, characters = [], iter(pattern)
    for character in characters:
        if character == "\\":
            character = next(characters)  # noqa: PLW2901 - the escaped character stands for itself
        elif character in "%_":
            translated.append("*" if character == "%" else "?")
            continue
        translated.append(f"[{character}]" if character in "*?[" else character)
    return "".join(translated)


def json_value(codec: Codec) -> Encoder:
    """Give the encoder for ``cs``, ``cd`` and ``ov``, which take JSON or an array written ``{a,b}``."""

    def encode(value: Value) -> Value:
        if value is None:
            return None
        if isinstance(value, Literal) and value.startswith("{") and ":" not in value:
            return msgspec.json.encode(_array(value)).decode()
        return codec.encode(value)

    return encode


def _array(text: str) -> list[object]:
    """Read ``{a,"b c",3}``."""
    if not text.endswith("}"):
        raise InvalidValue(f"{text[:60]!r} is neither JSON nor an array in braces.")
    inner = text[1:-1]
    if not inner.strip():
        return []
    found = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^,"]*)\s*(?:,|$)', inner)[: inner.count(",") + 1]
    return [_item(part.strip()) for part in found]


def _item(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return text.strip('"')
