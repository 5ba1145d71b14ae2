"""Queries in bodies: what a query string says, where it would be too long for an address (RFC 10008).

A form is the very query string. JSON is an object with a member for each parameter: a text, a number, or a list of
them where the parameter is given several times.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from synthdb.rest.body import decode_json
from synthdb.rest.content_types import media_type_of
from synthdb_host.errors import InvalidBody, TooComplex, TooLarge, UnsupportedMediaType

__all__ = ["ACCEPTED", "form_of", "query_of"]

_FORM: Final = "application/x-www-form-urlencoded"
ACCEPTED: Final = f'"{_FORM}", "application/json"'
"""What a query can be written in, as the header Accept-Query says it."""

_LONGEST: Final = 2 * 1024 * 1024


def query_of(content_type: str | None, body: bytes, most: int) -> str:
    """Give the query string that a body means; it has at most so many parameters.

    Raises:
        UnsupportedMediaType: it is neither a form nor JSON.
        InvalidBody: it is not what its media type says.
        TooLarge, TooComplex: it is too much.
    """
    form = form_of(content_type, body)
    media_type = media_type_of(content_type, "")
    if form is not None:
        text = form
    elif media_type == "application/json":
        text = "&".join(_parameters(decode_json(body)))
    else:
        raise UnsupportedMediaType(
            f"A query is not read from {media_type[:100] or 'a body without a media type'}.",
            hint=f"Send {_FORM} or application/json.",
            where="header 'Content-Type'",
        )
    if text.count("&") > most:
        raise TooComplex(f"A query has at most {most:,} parameters.", where="body")
    return text


def form_of(content_type: str | None, body: bytes) -> str | None:
    """Give the query string in a body that is a form; None: it is none.

    Raises:
        InvalidBody, TooLarge: as :func:`query_of` does.
    """
    if len(body) > _LONGEST:
        raise TooLarge(f"A query has at most {_LONGEST:,} bytes.", data={"limit": _LONGEST})
    return _form(body) if media_type_of(content_type, "") == _FORM else None


def _form(body: bytes) -> str:
    try:
        return body.decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise InvalidBody("A form has ASCII characters only; others are percent-encoded.", where="body") from error


def _parameters(value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        raise InvalidBody("Expected an object with a member for each parameter.", where="body")
    for name, given in value.items():
        for item in given if isinstance(given, list) else [given]:
            text = _text(item)
            if text is None:
                raise InvalidBody(
                    "A parameter is a text, such as 'gt.5', or a number.", where=f"member {name!r} of the body"
                )
            yield f"{quote(name, safe='')}={quote(text, safe='(),.:*')}"


def _text(value: object) -> str | None:
    """Write a parameter as it stands in a query string; None: it is neither text nor a number."""
    if isinstance(value, float | Decimal) and value == int(value):
        return str(int(value))  # to JSON, 4.0 is a whole number like 4
    is_plain = isinstance(value, str | int | float | Decimal) and not isinstance(value, bool)
    return str(value) if is_plain else None
