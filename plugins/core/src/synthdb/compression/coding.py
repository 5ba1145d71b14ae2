"""The codings in which answers are compressed."""

import sys
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol

__all__ = ["Compressor", "codings"]

_WINDOW_BITS: Final = 19
"""Of Brotli: half a megabyte, since each stream has one of its own."""

_GZIP_BITS: Final = 31


class Compressor(Protocol):
    """Compresses one body."""

    def compress(self, data: bytes, /) -> bytes:
        """Take some bytes; gives what is ready."""

    def end(self) -> bytes:
        """Give all that is left, with the end of the body."""

    def sync(self) -> bytes:
        """Give all that is left, so that the receiver can read everything up to here."""


class _Gzip:
    def __init__(self, level: int) -> None:
        inner = zlib.compressobj(level, zlib.DEFLATED, _GZIP_BITS)
        self.compress, self.end, self.sync = inner.compress, inner.flush, partial(inner.flush, zlib.Z_SYNC_FLUSH)


class _Brotli:
    def __init__(self, make: Callable[..., Any], level: int) -> None:
        inner = make(quality=level, lgwin=_WINDOW_BITS)
        self.compress, self.end, self.sync = inner.process, inner.finish, inner.flush


class _Zstd:
    def __init__(self, make: Callable[[int], Any], level: int) -> None:
        inner = make(level)
        self.compress, self.end, self.sync = inner.compress, inner.flush, partial(inner.flush, inner.FLUSH_BLOCK)


def codings(level: int) -> Mapping[str, Callable[[], Compressor]]:
    """Give what makes a compressor, by the name of its coding; those preferred come first.

    Zstandard is part of Python since 3.14; before, it is in the extra ``compression``, as Brotli is.
    """
    found: dict[str, Callable[[], Compressor]] = {}
    with suppress(ImportError):
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 - may be absent
        else:
            from backports import zstd  # noqa: PLC0415 - an extra
        found["zstd"] = partial(_Zstd, zstd.ZstdCompressor, level)
    with suppress(ImportError):
        import brotli  # type: ignore[import-untyped] # noqa: PLC0415 - an extra, which ships no types

        found["br"] = partial(_Brotli, brotli.Compressor, level)
    return found | {"gzip": partial(_Gzip, level)}
