"""Server-sent events, as bytes (the ``text/event-stream`` of the HTML standard)."""

from collections.abc import Iterator
from typing import Final

import msgspec

from synthdb_host.feeds import Page
from synthdb_host.versions import Offset

__all__ = ["beat", "changes", "event", "retry"]

_PIECE_BYTES: Final = 64 * 1024
_KEY: Final = "text/event-stream"


def event(name: str, data: object, seq: str | Offset | None = None) -> bytes:
    """Write an event whose data is JSON; bytes are JSON already. With ``seq`` the client goes on after that."""
    encoded = data if isinstance(data, bytes) else msgspec.json.encode(data)
    ident = b"" if seq is None else b"id: %s\n" % str(seq).encode()
    return b"%sevent: %s\ndata: %s\n\n" % (ident, name.encode(), encoded)


def beat(offset: Offset) -> bytes:
    """Write a sign of life, which also says how far the log was looked through."""
    return b":\nid: %s\n\n" % str(offset).encode()


def retry(milliseconds: int) -> bytes:
    """Say after how long a client that lost the connection makes a new one."""
    return b"retry: %d\n\n" % milliseconds


def changes(page: Page) -> Iterator[bytes]:
    """Write the changes of a page in pieces of some size, once for all who are shown the same."""
    pieces = page.rendered.get(_KEY)
    if not isinstance(pieces, tuple):
        pieces = page.rendered[_KEY] = tuple(_pieces(page))
    yield from pieces


def _pieces(page: Page) -> Iterator[bytes]:
    encoder = page.result.encoder
    if encoder is None:
        return
    piece = bytearray()
    for row, shown in zip(page.result.rows, encoder.structs(page.result.rows), strict=True):
        piece += event("change", msgspec.json.encode(shown), row[0])
        if len(piece) >= _PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)
