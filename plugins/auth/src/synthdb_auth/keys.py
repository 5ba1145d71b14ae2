"""Keys as text: ``sdb_KIND_SECRET_CHECKSUM``, which scanners find and typing errors do not survive."""

import hmac
import re
import secrets
import zlib
from dataclasses import dataclass
from typing import Final, Literal, get_args

__all__ = ["PATTERN", "Key", "KeyKind", "digest", "kind_of", "make_key"]

KeyKind = Literal["pat", "svc", "ses"]
"""Whose a key is: a user's, a service account's, or that of a session."""

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_BYTES: Final = 32
_SECRET_LENGTH: Final = 43
_CHECK_LENGTH: Final = 6
_SHOWN: Final = 14

PATTERN: Final = re.compile(
    rf"sdb_({'|'.join(get_args(KeyKind))})_([0-9A-Za-z]{{{_SECRET_LENGTH}}})_([0-9A-Za-z]{{{_CHECK_LENGTH}}})"
)
"""What scanners of secrets look for."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """A key as it is told once, the part of it that may be shown later, and what is kept to know it again."""

    text: str
    shown: str
    digest: bytes

    def __repr__(self) -> str:
        return f"Key({self.shown}...)"


def make_key(kind: KeyKind, pepper: bytes) -> Key:
    """Make a key of 256 random bits."""
    number = int.from_bytes(secrets.token_bytes(_SECRET_BYTES))
    head = f"sdb_{kind}_{_base62(number, _SECRET_LENGTH)}"
    text = f"{head}_{_checksum(head)}"
    return Key(text, text[:_SHOWN], digest(text, pepper))


def kind_of(text: str) -> KeyKind | None:
    """Give the kind of a key that was sent; None: it is none, or is not as it was made. Nothing is looked up."""
    match = PATTERN.fullmatch(text)
    if match is None or not hmac.compare_digest(_checksum(text[: -_CHECK_LENGTH - 1]), match[3]):
        return None
    return match[1]  # type: ignore[return-value] # the pattern has no other


def digest(text: str, pepper: bytes) -> bytes:
    """Give what is kept of a key: whoever reads it can neither use it nor find the key."""
    return hmac.digest(pepper, text.encode(), "sha256")


def _checksum(head: str) -> str:
    return _base62(zlib.crc32(head.encode()), _CHECK_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
