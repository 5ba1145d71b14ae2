"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header): a write that is sent again is not done again.

Any resource that answers a write can take it: :func:`keyed` gives the caller to act as, :func:`answered` the answer.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import falcon.asgi
import msgspec

from synthdb.rest.answers import Answer
from synthdb.rest.shapes import raw_path
from synthdb_host.contracts import Context, Idempotency, Result
from synthdb_host.errors import InvalidParameter

__all__ = ["KEY_HEADER", "answered", "keyed"]

KEY_HEADER: Final = "idempotency-key"
_MEANT: Final = (
    "accept", "commit-message", "content-profile", "content-type", "if-match", "if-none-match", "prefer",
)  # fmt: skip
"""Headers that make a request another one."""

_LONGEST: Final = 255
_QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"')
_BARE = re.compile(r"[!#-+.-:<-\[\]-~-]+")


def keyed(req: falcon.asgi.Request, body: bytes, caller: Context, make: Callable[[Result], Answer]) -> Context:
    """Give the caller with the idempotency key of a request, if it has one.

    Args:
        req: the request.
        body: its body.
        caller: who makes it.
        make: makes the answer; it is called in the transaction of the write, on whatever thread that runs.

    Raises:
        InvalidParameter: the key is none.
    """
    text = req.headers_lower.get(KEY_HEADER)
    if text is None:
        return caller

    def answer(result: Result) -> bytes:
        return msgspec.msgpack.encode(make(result))

    return replace(caller, idempotency=Idempotency(_key(text), _fingerprint(req, body), answer))


def answered(result: Result, make: Callable[[Result], Answer]) -> Answer:
    """Give the answer to a write: the one that was kept for its key, or the one that is made of its result."""
    if result.answer is None:
        return make(result)
    answer = msgspec.msgpack.decode(result.answer, type=Answer)
    if result.replayed:
        return replace(answer, headers={**answer.headers, "Idempotent-Replayed": "true"})
    return answer


def _key(text: str) -> str:
    """Read a key: a string of structured fields (RFC 9651), or as many clients send it, without the quotes."""
    quoted = _QUOTED.fullmatch(text.strip())
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text.strip()
    if (quoted or _BARE.fullmatch(key)) and len(key) <= _LONGEST:
        return key
    raise InvalidParameter(
        f"Expected an idempotency key of 1 to {_LONGEST} characters, found {text[:100]!r}.",
        hint='Send a new UUID for each write: "8e03978e-40d5-43dd-bc93-6894a57f9324".',
        where="header 'Idempotency-Key'",
    )


def _fingerprint(req: falcon.asgi.Request, body: bytes) -> bytes:
    """Give what tells a request from others."""
    headers = req.headers_lower
    said = [req.method, raw_path(req), req.query_string, *(headers.get(name) for name in _MEANT)]
    digest = hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=32)
    digest.update(body)
    return digest.digest()
