"""The Commit-Message header: what is kept with the commit that a request makes."""

from dataclasses import replace
from typing import Final

import falcon.asgi

from synthdb.rest.query import decode
from synthdb_host.contracts import Context
from synthdb_host.errors import InvalidParameter

__all__ = ["with_message"]

_WHERE: Final = "header 'Commit-Message'"
_LONGEST: Final = 2_000


def with_message(req: falcon.asgi.Request, caller: Context) -> Context:
    """Give the caller with the message of the request, which is percent-encoded UTF-8, if it has one.

    Raises:
        InvalidParameter: it is encoded in another way, longer than 2,000 characters, or has control characters.
    """
    header = req.get_header("commit-message")
    if not header:
        return caller
    message = decode(header, _WHERE)
    if len(message) > _LONGEST:
        raise InvalidParameter(f"The message has {len(message):,} characters; {_LONGEST:,} are allowed.", where=_WHERE)
    if not header.isascii():
        raise InvalidParameter("Characters beyond ASCII are percent-encoded as UTF-8.", where=_WHERE)
    if any(ord(character) < ord(" ") and character not in "\n\t" for character in message):
        raise InvalidParameter("A message has no control characters but line breaks.", where=_WHERE)
    return replace(caller, message=message)
