"""Compression of answers, by Accept-Encoding (RFC 9110, section 12.5.3).

A compressed answer is another representation, so its strong entity tag is another one: that of the plain answer with
the coding behind it. Resources know nothing of this: the conditions of requests are given to them in their own tags.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, Final, Self

import falcon
import falcon.asgi

from synthdb.compression.coding import Compressor
from synthdb_host.middleware import LimitedRequest

__all__ = ["CompressionMiddleware"]

_INLINE_BYTES: Final = 64 * 1024
"""What is larger is compressed on a thread, beside the event loop."""

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


@dataclass(frozen=True, slots=True)
class _Choice:
    """What an Accept-Encoding header wants: the best coding, whether a plain answer will not do, and all that will."""

    coding: str | None
    required: bool
    accepted: tuple[str, ...]


class CompressionMiddleware:
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

    async def process_request(self, req: LimitedRequest, resp: falcon.asgi.Response) -> None:
        """Let resources see their own tags in the conditions of a request."""
        headers = req.headers_lower
        if "if-none-match" in headers or "if-match" in headers:
            req.context.known = headers.get("if-none-match")
            req.replace_headers(self.conditions(req.method, headers))

    async def process_response(
        self, req: LimitedRequest, resp: falcon.asgi.Response, resource: object, req_succeeded: bool,  # noqa: FBT001 - the signature is Falcon's
    ) -> None:  # fmt: skip
        """Compress an answer, if that is wanted and worth it."""
        accepted = req.headers_lower.get("accept-encoding")
        if accepted is not None:
            await self._apply(accepted, getattr(req.context, "known", None), resp)

    async def _apply(self, accepted: str, known: str | None, resp: falcon.asgi.Response) -> None:
        """Compress for who accepts that; ``known`` are the tags that he has."""
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
