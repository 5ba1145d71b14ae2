"""Cursors: where a page ended, as a token that only this installation can make.

A token says which request it belongs to, until when it can be used, and which position the next page begins after. It
is signed and not encrypted: it tells nothing but values that its page was sorted by. It holds nothing on the server.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from synthdb.rest.address import Address
from synthdb_host.errors import CursorExpired, HistoryGone, InvalidCursor, RequestError, UnknownRef
from synthdb_host.operations import Position, Ref, Select
from synthdb_host.signing import Signing

__all__ = ["Cursor", "Cursors"]

_WHERE: Final = "query parameter 'cursor'"
_MAC_BYTES: Final = 16
_SUBJECT_BYTES: Final = 8
_LONGEST_KEPT: Final = 2_000
_MOST_KEPT: Final = 256
_OF_A_PAGE: Final = frozenset({"cursor", "limit", "offset"})
"""Parameters that may differ from page to page."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: its position, and how many rows there were up to it."""

    position: Position
    rows: int

    def ref(self, ref: Ref) -> Ref:
        """Give the state that the next page is of."""
        return ref if self.position.commit is None else replace(ref, at=self.position.commit)

    def applied(self, select: Select) -> Select:
        """Make a select of the next page."""
        offset = 0 if self.position.row else self.rows
        return replace(select, after=self.position, offset=offset)

    def explained(self, error: RequestError) -> RequestError:
        """Say what an error means for a walk over pages."""
        is_gone = isinstance(error, HistoryGone) and not isinstance(error, CursorExpired)
        if is_gone or (isinstance(error, UnknownRef) and error.data.get("ref") == self.position.commit):
            return _expired("The state that these pages are of is no longer kept.")
        return error


class Cursors:
    """Writes and reads tokens.

    Args:
        signing: gives the key to sign with.
        seconds: how long a token can be used.
    """

    def __init__(self, signing: Signing, seconds: float) -> None:
        self._signing = signing
        self._seconds = int(seconds)
        self._subject = lru_cache(_MOST_KEPT)(_subject)
        self._prefix = lru_cache(_MOST_KEPT)(_prefix)

    @cached_property
    def _key(self) -> bytes:
        # Not before it is needed: the file of a secret is made only for those who use it.
        return self._signing.key("rest.cursors")

    def link(self, cursor: Cursor, address: Address, text: str, path: str, query: str, size: int | None) -> str:
        """Write the address of the next page.

        Args:
            cursor: where this one ended.
            address: what the request is about.
            text: its parameters but the cursor.
            path: the path to write.
            query: the query string to write.
            size: the limit to add to a query string that has none.
        """
        prefix = self._prefix if len(query) <= _LONGEST_KEPT else _prefix
        return f"{prefix(path, query, size)}cursor={self._written(cursor, self._subject_of(address, text))}"

    def _written(self, cursor: Cursor, subject: bytes) -> str:
        position = cursor.position
        facts = (subject, int(time.time()) + self._seconds, position.commit, cursor.rows, *position.row)
        payload = msgspec.msgpack.encode(facts)
        return base64.urlsafe_b64encode(self._mac(payload) + payload).rstrip(b"=").decode()

    def read(self, token: str, address: Address, text: str) -> Cursor:
        """Read the token of a request.

        Raises:
            InvalidCursor: it was changed, or belongs to another request.
            CursorExpired: it is too old.
        """
        subject, expires, commit, rows, *row = self._facts(token)
        if subject != self._subject_of(address, text):
            raise InvalidCursor(
                "This cursor belongs to a request with another address, filter, select or order.",
                hint="Follow the Link of a page; only limit may be changed.",
                where=_WHERE,
            )
        if expires < time.time():
            raise _expired("This cursor is too old.")
        return Cursor(Position(commit, tuple(row)), rows)

    def _facts(self, token: str) -> list[Any]:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        payload = raw[_MAC_BYTES:]
        if not hmac.compare_digest(raw[:_MAC_BYTES], self._mac(payload)):
            raise InvalidCursor(
                "This is not a cursor that this server gave.", hint="Begin again without it.", where=_WHERE
            )
        facts: list[Any] = msgspec.msgpack.decode(payload)
        return facts

    def _mac(self, payload: bytes) -> bytes:
        return hashlib.blake2b(payload, key=self._key, digest_size=_MAC_BYTES).digest()

    def _subject_of(self, address: Address, text: str) -> bytes:
        subject = self._subject if len(text) <= _LONGEST_KEPT else _subject
        return subject(address, text)


def _expired(detail: str) -> CursorExpired:
    return CursorExpired(detail, hint="Begin again without it.", where=_WHERE)


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    """Give the parameters of a raw query string, each with its name decoded."""
    for part in query.split("&") if query else ():
        if part:
            yield unquote_plus(part.partition("=")[0]), part


def _subject(address: Address, text: str) -> bytes:
    """Give what all pages of one walk have in common: the address, and the parameters but those of a page."""
    said = sorted(unquote_plus(part) for name, part in _parameters(text) if name not in _OF_A_PAGE)
    about = repr((address.database, str(address.ref), address.table, said))
    return hashlib.blake2b(about.encode(), digest_size=_SUBJECT_BYTES).digest()


def _prefix(path: str, query: str, size: int | None) -> str:
    """Give the address of a next page up to its cursor."""
    given = [(name, part) for name, part in _parameters(query) if name not in ("cursor", "offset")]
    parts = [part for _, part in given]
    if size is not None and all(name != "limit" for name, _ in given):
        parts.append(f"limit={size}")
    return "&".join([f"{path}?{parts[0]}", *parts[1:], ""]) if parts else f"{path}?"
