"""How values of each column type lie in SQLite.

Storage forms are chosen so that reads need little conversion and any SQLite tool can read the file: dates,
timestamps and uuids are canonical text, JSON is canonical text, booleans are 0 and 1. A decimal of up to 18
digits is an integer scaled by ``10**scale``; a wider one is text of fixed width that sorts like the number.
"""

import builtins
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec

from synthdb_host.catalog import ColumnType
from synthdb_host.encoding import Converter, format_timestamp
from synthdb_host.values import EXACT, INTEGER_MAX, INTEGER_MIN, adapt

__all__ = ["Codec", "codec_of"]

_SCALED_DIGITS: Final = 18
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


@dataclass(frozen=True)
class Codec:
    """The storage form of one column type.

    ``declared`` is the SQL type in the table definition. ``store`` turns a Python value of the type, never None,
    into its stored form; ``to_json`` and ``to_python`` are the ways back (None: nothing to do). A list of
    values, all of the Python type ``plain`` and passing ``is_plain``, is its own stored form.
    """

    type: ColumnType
    declared: str
    store: Converter | None = None
    to_json: Converter | None = None
    to_python: Converter | None = None
    plain: "builtins.type[Any] | None" = None
    is_plain: Callable[[Sequence[Any]], bool] = bool

    def encode(self, value: object) -> Any:  # noqa: ANN401 - what SQLite takes
        """Turn any value given for such a column into its stored form; None stays None.

        Raises:
            InvalidValue: the value is not of this type.
            LossyValue: the type cannot hold the value exactly.
        """
        if value is None:
            return None
        adapted = adapt(self.type, value)
        return adapted if self.store is None else self.store(adapted)


@lru_cache(maxsize=512)
def codec_of(column_type: ColumnType) -> Codec:
    """Give the codec of a column type."""
    return _decimal(column_type) if column_type.name == "decimal" else _CODECS[column_type.name]


def _json_text(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


def _raw(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def _is_clean_text(values: Sequence[str]) -> bool:
    text = "".join(values)
    return "\0" not in text and (text.isascii() or _is_encodable(text))


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_int64(values: Sequence[int]) -> bool:
    return min(values) >= INTEGER_MIN and max(values) <= INTEGER_MAX


def _is_finite(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values))


def _decimal(column_type: ColumnType) -> Codec:
    precision, scale = column_type.precision or _SCALED_DIGITS, column_type.scale or 0
    narrow = precision <= _SCALED_DIGITS

    def store(value: Decimal) -> int | str:
        scaled = int(value.scaleb(scale, context=EXACT))
        return scaled if narrow else _sortable(precision, scaled)

    def number(stored: int | str) -> Decimal:
        scaled = stored if isinstance(stored, int) else _unsorted(stored)
        return Decimal(scaled).scaleb(-scale, context=EXACT)

    return Codec(
        column_type,
        "INTEGER" if narrow else "TEXT",
        store,
        to_json=lambda stored: _raw(format(number(stored), "f")),
        to_python=number,
    )


def _sortable(precision: int, scaled: int) -> str:
    """Write an integer as text of fixed width that sorts like it: its sign, then nines' complement below zero."""
    digits = str(abs(scaled)).zfill(precision)
    return "1" + digits if scaled >= 0 else "0" + digits.translate(_COMPLEMENT)


def _unsorted(text: str) -> int:
    return int(text[1:]) if text[0] == "1" else -int(text[1:].translate(_COMPLEMENT))


def _codecs() -> dict[str, Codec]:
    def codec(name: str, declared: str, **forms: Any) -> Codec:  # noqa: ANN401 - passed on
        return Codec(ColumnType(name), declared, **forms)

    found = (
        codec("text", "TEXT", plain=str, is_plain=_is_clean_text),
        codec("integer", "INTEGER", plain=int, is_plain=_is_int64),
        codec("real", "REAL", to_python=float, plain=float, is_plain=_is_finite),
        codec("boolean", "INTEGER", store=int, to_json=bool, to_python=bool, plain=bool),
        codec("date", "TEXT", store=date.isoformat, to_python=date.fromisoformat),
        codec("timestamp", "TEXT", store=format_timestamp, to_python=datetime.fromisoformat),
        codec("uuid", "TEXT", store=str, to_python=UUID),
        codec("json", "TEXT", store=_json_text, to_json=_raw, to_python=msgspec.json.decode),
        codec("bytes", "BLOB", plain=bytes),
    )
    return {item.type.name: item for item in found}


_CODECS: Final = _codecs()
