"""Compression of answers, by Accept-Encoding (RFC 9110, section 12.5.3).

A compressed answer is another representation, so its strong entity tag is another one: that of the plain answer with
the coding behind it. Resources know nothing of this: the conditions of requests are given to them in their own tags.
"""

import asyncio
import re
import sys
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, Final, Protocol, Self

import falcon
import falcon.asgi

__all__ = ["Compression", "Compressor", "codings"]

_INLINE_BYTES: Final = 64 * 1024
"""What is larger is compressed on a thread, beside the event loop."""

_WINDOW_BITS: Final = 19
"""Of Brotli: half a megabyte, since each stream has one of its own."""

_GZIP_BITS: Final = 31
_MOST_KEPT: Final = 128
_SAFE: Final = frozenset({"GET", "HEAD", "QUERY"})
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
_QUALITY: Final = re.compile(r"\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*", re.IGNORECASE)
_TYPES: Final = re.compile(
    r"text/(?!event-stream)[^;]+|application/(?:[^;]+\+(?:json|xml)|json|jsonl|x-ndjson|javascript|xml|yaml"
    r"|vnd\.apache\.arrow\.stream)|image/svg\+xml",
    re.IGNORECASE,
)
"""Media types that get smaller; events are sent one by one, and other formats are compressed in themselves."""


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


@dataclass(frozen=True, slots=True)
class _Choice:
    """What an Accept-Encoding header wants: the best coding, whether a plain answer will not do, and all that will."""

    coding: str | None
    required: bool
    accepted: tuple[str, ...]


class Compression:
    """Compresses answers.

    Args:
        makers: the codings that there are, those preferred first.
        least: bytes of a body below which it is left as it is.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Compressor]], least: int) -> None:
        self._makers = makers
        self._least = least
        self._coded = re.compile(rf'-({"|".join(makers)})"')
        self._choose = lru_cache(_MOST_KEPT)(partial(_choose, tuple(makers)))

    def conditions(self, method: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        """Give those conditions of a request that name tags of compressed answers, with the tags of plain ones.

        Who writes means the same row, however it was read. Who reads must be able to go on with what it has.
        """
        changed: dict[str, str] = {}
        for name in ("if-match", "if-none-match"):
            given = headers.get(name)
            if given is not None:
                is_read = method in _SAFE and name == "if-none-match"
                known = self._choose(headers.get("accept-encoding", "")).accepted if is_read else self._makers
                text = self._coded.sub(lambda found, known=known: '"' if found[1] in known else found[0], given)  # type: ignore[misc] # mypy knows no defaults of lambdas
                if text != given:
                    changed[name] = text
        return changed

    async def apply(self, accepted: str, known: str | None, resp: falcon.asgi.Response) -> None:
        """Compress an answer, if that is wanted and worth it; ``known`` are the tags that its reader has."""
        choice = self._choose(accepted)
        if resp.status_code == HTTPStatus.NOT_MODIFIED:
            resp.append_header("Vary", "Accept-Encoding")
            self._name_known(choice, known, resp)
        elif _is_compressible(resp):
            resp.append_header("Vary", "Accept-Encoding")
            if choice.coding is not None and await self._compress(choice.coding, resp, required=choice.required):
                resp.set_header("Content-Encoding", choice.coding)
                resp.delete_header("Accept-Ranges")
                tag = resp.get_header("ETag")
                if tag is not None and tag.startswith('"'):
                    resp.set_header("ETag", _coded(tag, choice.coding))

    async def _compress(self, coding: str, resp: falcon.asgi.Response, *, required: bool) -> bool:
        make = self._makers[coding]
        data = await resp.render_body()
        if data is None:
            if resp.stream is None or hasattr(resp.stream, "read"):
                return False
            resp.stream = _Compressed(resp.stream, make())
            resp.delete_header("Content-Length")
            return True
        if len(data) < (1 if required else self._least):
            return False
        resp.data = await _run(len(data), lambda: _whole(make(), data))
        resp.text = resp.media = None
        return True

    def _name_known(self, choice: _Choice, known: str | None, resp: falcon.asgi.Response) -> None:
        """Say that the compressed answer is still right to one that has that, and not the plain one."""
        tag = resp.get_header("ETag")
        if tag is None or known is None or tag in known:
            return
        found = next((coded for name in choice.accepted if (coded := _coded(tag, name)) in known), None)
        if found is not None:
            resp.set_header("ETag", found)


class _Compressed:
    """A stream of bytes, compressed piece by piece, so that each piece can be read when it arrives."""

    def __init__(self, stream: Any, compressor: Compressor) -> None:  # noqa: ANN401 - whatever Falcon takes
        self._stream = stream
        self._pieces: AsyncIterator[bytes | None] = aiter(stream)
        self._compressor = compressor
        self._is_finished = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._is_finished:
            raise StopAsyncIteration
        piece = await anext(self._pieces, None)
        if piece is None:
            self._is_finished = True
            return self._compressor.end()
        return await _run(len(piece), lambda: self._compressor.compress(piece) + self._compressor.sync())

    async def close(self) -> None:
        """Let go of the stream; Falcon calls it when the body is sent or given up."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            await close()


def _whole(compressor: Compressor, data: bytes) -> bytes:
    return compressor.compress(data) + compressor.end()


async def _run(size: int, work: Callable[[], bytes]) -> bytes:
    return work() if size <= _INLINE_BYTES else await asyncio.to_thread(work)


def _is_compressible(resp: falcon.asgi.Response) -> bool:
    return (
        resp.status_code not in _BODILESS
        and not resp.sse
        and _TYPES.match(resp.content_type or falcon.MEDIA_JSON) is not None
        and resp.get_header("Content-Encoding") is None
        and not (resp.get_header("Content-Range") or "").startswith("bytes")
        and "no-transform" not in (resp.get_header("Cache-Control") or "")
    )


def _coded(tag: str, coding: str) -> str:
    return f'{tag[:-1]}-{coding}"'


def _choose(names: tuple[str, ...], header: str) -> _Choice:
    weights = dict(_weighed(part) for part in header.split(","))
    others = weights.get("*", 0.0)
    accepted = {name: weight for name in names if (weight := weights.get(name, others)) > 0}
    best = max(accepted, key=lambda name: accepted[name], default=None)
    plain = weights.get("identity")
    if best is not None and plain is not None and plain > accepted[best]:
        best = None
    return _Choice(best, plain == 0 or (plain is None and weights.get("*") == 0), tuple(accepted))


def _weighed(part: str) -> tuple[str, float]:
    name, separator, parameter = part.partition(";")
    found = _QUALITY.fullmatch(parameter)
    return name.strip().lower(), float(found[1]) if found else 0.0 if separator else 1.0
