"""Documents that clients name by their hash instead of sending them."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from synthdb.graphql.refusals import Refused
from synthdb.graphql.requests import Sent
from synthdb.queries.documents import digest_of
from synthdb_host.errors import InvalidParameter, UnknownDocument, UntrustedDocument

__all__ = ["Lookup", "Mode", "Persisted"]

Mode = Literal["open", "registered", "trusted"]

_MOST_BYTES: Final = 8 * 1024 * 1024
_NOT_FOUND: Final = "PersistedQueryNotFound"
_NOT_SUPPORTED: Final = "PersistedQueryNotSupported"
"""The messages that clients of automatic persisted queries look for."""

Lookup = Callable[[str], Awaitable[str | None]]
"""Finds the text of a registered document by its hash, as the caller may read it."""


class Persisted:
    """Finds the text of a document, and remembers texts that came with their hash.

    What is remembered is forgotten when this worker process ends, or when there is too much; then clients send the text
    again. What is registered lies in the database.

    Args:
        mode: which documents may be run.
        longest: bytes of a text that is worth remembering.
    """

    def __init__(self, mode: Mode, longest: int) -> None:
        self._mode = mode
        self._longest = longest
        self._sent: OrderedDict[str, str] = OrderedDict()
        self._bytes = 0

    async def text(self, sent: Sent, registered: Lookup) -> str:
        """Give the text of the document that a request is about.

        Raises:
            Refused: it is not known here, may not be run, or its text has another hash than was sent.
        """
        if self._mode == "trusted":
            return await self._trusted(sent, registered)
        if self._mode == "open":
            if sent.query is None:
                raise Refused(UnknownDocument(_NOT_SUPPORTED, hint="Send the text of the document."))
            return sent.query
        if sent.query is not None:
            return self._sent_with(sent.query, sent.digest)
        return await self._named(sent.digest or "", registered, automatic=sent.automatic)

    async def _trusted(self, sent: Sent, registered: Lookup) -> str:
        digest = sent.digest or digest_of(sent.query or "")
        text = await registered(digest)
        if text is None:
            raise Refused(UntrustedDocument("This document is not registered here.", data={"document": digest}))
        return text

    def _sent_with(self, text: str, digest: str | None) -> str:
        if digest is not None:
            if digest != digest_of(text):
                error = InvalidParameter("The hash is not the SHA-256 of the document beside it.", where="extensions")
                raise Refused(error, malformed=True)
            self._remember(digest, text)
        return text

    async def _named(self, digest: str, registered: Lookup, *, automatic: bool) -> str:
        text = self._sent.get(digest)
        if text is not None:
            self._sent.move_to_end(digest)
            return text
        text = await registered(digest)
        if text is None:
            what = _NOT_FOUND if automatic else "There is no document with this hash here."
            raise Refused(UnknownDocument(what, data={"document": digest}))
        return text

    def _remember(self, digest: str, text: str) -> None:
        if digest in self._sent or len(text) > self._longest:
            return
        self._sent[digest] = text
        self._bytes += len(text)
        while self._bytes > _MOST_BYTES:
            self._bytes -= len(self._sent.popitem(last=False)[1])
