"""JSON without losing a digit."""

from decimal import Decimal
from typing import TypeVar

import msgspec

__all__ = ["decode_exact", "encode_exact", "exact"]

T = TypeVar("T")


def exact(text: str) -> float | Decimal:
    """Read a number with a point or an exponent: a float if it means the same digits, else a Decimal."""
    number = float(text)
    return number if repr(number) == text else Decimal(text)


def encode_exact(value: object) -> bytes:
    """Write a value as JSON; decimals are numbers with all their digits."""
    return msgspec.json.Encoder(decimal_format="number").encode(value)


def decode_exact(data: bytes, kind: type[T]) -> T:
    """Read JSON of a kind.

    Raises:
        msgspec.DecodeError: it is of another kind, or no JSON.
    """
    return msgspec.json.Decoder(kind, float_hook=exact).decode(data)
