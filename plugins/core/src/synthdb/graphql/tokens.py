"""Opaque texts that clients send back: the global id of a row, and the cursor of a place among rows.

Such a text holds nothing that its reader could not have sent as an argument, so it is not signed.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec

from synthdb_host.catalog import Column
from synthdb_host.encoding import to_text
from synthdb_host.errors import BadRequest, InvalidCursor
from synthdb_host.values import parse_text

__all__ = ["Token", "read_token", "read_values", "token_of"]

Token = tuple[str, list[str | None]]
"""What a text is about, and values in text form; None is NULL."""

_decoder = msgspec.json.Decoder(tuple[str, list[str | None]])


def token_of(head: str, values: Sequence[Any]) -> str:
    """Write what something is about and values that are ready for JSON."""
    texts = [None if value is None else _text(value) for value in values]
    return base64.urlsafe_b64encode(msgspec.json.encode((head, texts))).rstrip(b"=").decode()


def read_token(text: str) -> Token:
    """Read what :func:`token_of` wrote.

    Raises:
        InvalidCursor: it is something else.
    """
    try:
        return _decoder.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise _foreign() from error


def read_values(columns: Sequence[Column], texts: Sequence[str | None]) -> list[Any]:
    """Give the values of columns.

    Raises:
        InvalidCursor: they are of other columns.
    """
    if len(columns) != len(texts):
        raise _foreign()
    try:
        pairs = zip(columns, texts, strict=True)
        return [None if text is None else parse_text(column.type, text) for column, text in pairs]
    except BadRequest as error:
        raise _foreign() from error


def _foreign() -> InvalidCursor:
    return InvalidCursor("This is not a cursor or an id that this server gave.", hint="Send one as it was given.")


def _text(value: Any) -> str:  # noqa: ANN401 - what msgspec encodes
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else to_text(value)
