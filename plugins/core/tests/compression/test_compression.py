"""Compression of answers: which coding, for what, and what it means for entity tags."""

import asyncio
import json
import zlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import brotli  # type: ignore[import-untyped] # it ships no types
import falcon
import falcon.asgi
import falcon.testing
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from synthdb.compression.coding import codings
from synthdb.compression.middleware import CompressionMiddleware
from synthdb.compression.plugin import CompressionPlugin
from synthdb_host.contracts import Route
from synthdb_host.hookspecs import hookimpl
from synthdb_host.http import build_app
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.settings import HostSettings

TEXT: Final = b"The same sentence, again and again. " * 200
TAG: Final = '"7-abc"'
HERE: Final[dict[str, Any]] = {"host": "127.0.0.1", "port": 8000}
READERS: Final = {
    "gzip": lambda data: zlib.decompress(data, 31),
    "br": brotli.decompress,
    "zstd": zstd.decompress,
}


class Page:
    """Gives the text, in the way that the address names."""

    def __init__(self) -> None:
        self.closed = 0

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, how: str) -> None:
        resp.content_type = req.get_param("type", default="text/plain; charset=utf-8")
        resp.set_header("ETag", TAG)
        resp.set_header("Accept-Ranges", "bytes")
        if how == "again" and TAG in (req.get_header("if-none-match") or ""):
            resp.status = falcon.HTTP_304
        elif how in ("stream", "failing"):
            resp.stream = Pieces(self, fails=how == "failing")
        elif how == "media":
            resp.content_type = falcon.MEDIA_JSON
            resp.media = {"text": TEXT.decode()}
        elif how == "text":
            resp.text = TEXT.decode()
        elif how == "part":
            resp.set_header("Content-Range", f"bytes 0-{len(TEXT) - 1}/{2 * len(TEXT)}")
            resp.status, resp.data = falcon.HTTP_206, TEXT
        else:
            resp.data = TEXT[:100] if how == "short" else zlib.compress(TEXT) if how == "coded" else TEXT
            if how == "coded":
                resp.set_header("Content-Encoding", "deflate")
            if how == "weak":
                resp.set_header("ETag", f"W/{TAG}")

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, how: str) -> None:
        resp.media = [req.get_header("if-match"), req.get_header("if-none-match")]


class Pieces:
    """The text in pieces."""

    def __init__(self, page: Page, *, fails: bool) -> None:
        self.page, self.fails = page, fails
        self.pieces = iter([TEXT, b"", b"x" * 100_000, TEXT])

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self.pieces:
            return piece
        if self.fails:
            raise asyncio.CancelledError
        raise StopAsyncIteration

    async def close(self) -> None:
        self.page.closed += 1


class Probe:
    """A plugin with the page."""

    manifest = Manifest(id="probe", host_api=">=1.0,<2")

    def __init__(self, page: Page) -> None:
        self.page = page

    @hookimpl
    def synthdb_routes(self) -> Sequence[Route]:
        return [Route("/{how}", lambda host: self.page)]


def ask(
    folder: Path, how: str, headers: dict[str, str], method: str = "GET", page: Page | None = None, **settings: Any
) -> falcon.testing.Result:
    """Ask for the text."""
    plugins = {"probe": Probe(page or Page()), "compression": CompressionPlugin()}
    given = HostSettings.model_validate({"data": folder, "plugins": {"compression": settings}})
    host = Host.build(given, plugins=plugins, discover=False, databases={})

    async def main() -> falcon.testing.Result:
        async with falcon.testing.ASGIConductor(build_app(host), headers=None) as client:
            found: falcon.testing.Result = await client.simulate_request(
                method, f"/x/probe/{how}", headers=headers, **HERE
            )
        return found

    return asyncio.run(main())


@pytest.mark.parametrize("how", ["data", "text", "media", "stream"])
@pytest.mark.parametrize("coding", READERS)
def test_an_answer_is_compressed_for_who_accepts_it(tmp_path: Path, how: str, coding: str) -> None:
    """Whatever it is made of; read, it is the plain answer, and its tag is one of its own."""
    page = Page()
    plain = ask(tmp_path, how, {})
    result = ask(tmp_path, how, {"Accept-Encoding": coding}, page=page)

    assert plain.content == READERS[coding](result.content)
    assert len(result.content) < len(plain.content) // 10
    assert (coding, f'"7-abc-{coding}"') == (result.headers["content-encoding"], result.headers["etag"])
    assert ("Accept-Encoding", False) == (result.headers["vary"], "accept-ranges" in result.headers)
    assert plain.headers["content-type"] == result.headers["content-type"]
    assert (how == "stream") is (page.closed == 1)
    assert (how == "stream") is ("content-length" not in result.headers)


def test_who_accepts_nothing_pays_and_sees_nothing(tmp_path: Path) -> None:
    """Not even a header."""
    result = ask(tmp_path, "data", {})

    assert (TEXT, TAG) == (result.content, result.headers["etag"])
    assert {"vary", "content-encoding"}.isdisjoint(result.headers)


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0.001, *;q=0", "br"),
        ("*", "zstd"),
        ("zstd;q=0, br;q=0, *", "gzip"),
        ("identity", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.8", "gzip"),
        ("deflate, compress", None),
        ("gzip;q=0", None),
        ("gzip;q=2, gzip;level=9", None),
        ("", None),
        (";;,,q=1", None),
    ],
)
def test_the_best_coding_is_chosen(tmp_path: Path, accept: str, coding: str | None) -> None:
    """By the weights of the header, and among equals by what costs least."""
    result = ask(tmp_path, "data", {"Accept-Encoding": accept})

    assert coding == result.headers.get("content-encoding")
    assert ("Accept-Encoding", 200) == (result.headers["vary"], result.status_code)


@pytest.mark.parametrize("how", ["short", "part", "coded"])
def test_what_is_short_a_part_or_compressed_is_left(tmp_path: Path, how: str) -> None:
    """Parts are counted in bytes of the plain answer."""
    plain = ask(tmp_path, how, {})
    result = ask(tmp_path, how, {"Accept-Encoding": "gzip"})

    assert plain.content == result.content
    assert plain.headers["etag"] == result.headers["etag"]
    assert plain.headers.get("content-encoding") == result.headers.get("content-encoding")


def test_a_short_answer_is_compressed_where_no_plain_one_will_do(tmp_path: Path) -> None:
    """The reader says so."""
    for accept in ("gzip, identity;q=0", "gzip, *;q=0"):
        assert "gzip" == ask(tmp_path, "short", {"Accept-Encoding": accept}).headers["content-encoding"]


@pytest.mark.parametrize(
    ("media_type", "compressed"),
    [
        ("application/json", True),
        ("application/problem+json", True),
        ("application/vnd.pgrst.array+json;nulls=stripped", True),
        ("application/x-ndjson; charset=utf-8", True),
        ("text/csv; charset=utf-8", True),
        ("application/vnd.apache.arrow.stream", True),
        ("image/svg+xml", True),
        ("text/event-stream", False),
        ("text/event-stream; charset=utf-8", False),
        ("application/vnd.apache.parquet", False),
        ("image/png", False),
        ("application/octet-stream", False),
    ],
)
def test_only_what_gets_smaller_is_compressed(tmp_path: Path, media_type: str, compressed: bool) -> None:  # noqa: FBT001 - a case
    """And events never, which are sent one by one."""
    result = ask(tmp_path, f"data?type={media_type.replace('+', '%2B')}", {"Accept-Encoding": "gzip"})

    assert compressed is ("content-encoding" in result.headers) is ("vary" in result.headers)


def test_compression_can_be_tuned(tmp_path: Path) -> None:
    """By the operator."""
    accept = {"Accept-Encoding": "gzip"}

    assert TEXT == ask(tmp_path, "data", accept, min_bytes=len(TEXT) + 1).content
    large, small = (len(ask(tmp_path, "data", accept, level=level).content) for level in (1, 9))
    assert small < large


def test_head_says_what_get_would(tmp_path: Path) -> None:
    """The tag, the coding and the length."""
    for how in ("data", "stream"):
        accept = {"Accept-Encoding": "gzip"}
        head, whole = (ask(tmp_path, how, accept, method) for method in ("HEAD", "GET"))

        assert (b"", 200) == (head.content, head.status_code)
        assert dict(whole.headers) == dict(head.headers) | {"x-request-id": whole.headers["x-request-id"]}


def test_each_piece_of_a_stream_can_be_read_when_it_is_there() -> None:
    """Nothing waits in the compressor for what comes after."""
    for name, make in codings(3).items():
        compressor = make()
        sent = compressor.compress(TEXT) + compressor.sync()
        reader: Any = {"gzip": lambda: zlib.decompressobj(31), "br": brotli.Decompressor, "zstd": zstd.ZstdDecompressor}
        decoder = reader[name]()
        assert TEXT == (decoder.process(sent) if name == "br" else decoder.decompress(sent))


def test_a_stream_that_is_broken_off_has_no_end(tmp_path: Path) -> None:
    """The reader notices, and the stream is closed."""
    page = Page()
    with pytest.raises(asyncio.CancelledError):
        ask(tmp_path, "failing", {"Accept-Encoding": "gzip"}, page=page)
    assert 1 == page.closed


class TestTags:
    @pytest.mark.parametrize(
        ("accept", "known", "status", "tag"),
        [
            ("gzip", '"7-abc-gzip"', 304, '"7-abc-gzip"'),
            ("gzip", '"1-x", "7-abc-gzip"', 304, '"7-abc-gzip"'),
            ("gzip, br", '"7-abc-gzip"', 304, '"7-abc-gzip"'),
            ("gzip", TAG, 304, TAG),
            ("gzip", '"7-abc-br"', 200, '"7-abc-gzip"'),
            ("identity", '"7-abc-gzip"', 200, TAG),
            ("gzip", '"7-abd-gzip"', 200, '"7-abc-gzip"'),
            ("gzip;q=0", '"7-abc-gzip"', 200, TAG),
        ],
    )
    def test_a_reader_that_has_the_answer_in_a_form_it_accepts_is_told_so(
        self, tmp_path: Path, accept: str, known: str, status: int, tag: str
    ) -> None:
        """With the tag of that form."""
        result = ask(tmp_path, "again", {"Accept-Encoding": accept, "If-None-Match": known})

        assert (status, tag, "Accept-Encoding") == (
            result.status_code, result.headers["etag"], result.headers["vary"],
        )  # fmt: skip

    def test_a_reader_that_accepts_no_coding_gets_the_plain_answer(self, tmp_path: Path) -> None:
        """What it has kept for others will not do."""
        assert 200 == ask(tmp_path, "again", {"If-None-Match": '"7-abc-gzip"'}).status_code

    @pytest.mark.parametrize("accept", [{}, {"Accept-Encoding": "br"}])
    def test_a_writer_means_the_same_however_it_was_read(self, tmp_path: Path, accept: dict[str, str]) -> None:
        """The conditions of a write arrive in the tags of plain answers."""
        headers = {"If-Match": '"7-abc-gzip", "8-zstd", W/"9-br"', "If-None-Match": '"7-abc-br"', **accept}
        result = ask(tmp_path, "data", headers, "PUT")

        assert ['"7-abc", "8", W/"9"', TAG] == json.loads(result.content)

    def test_a_weak_tag_stays_as_it_is(self, tmp_path: Path) -> None:
        """It stands for all forms."""
        result = ask(tmp_path, "weak", {"Accept-Encoding": "gzip"})

        assert ("gzip", f"W/{TAG}") == (result.headers["content-encoding"], result.headers["etag"])


@given(st.text(st.characters(max_codepoint=255), max_size=60), st.text(st.characters(max_codepoint=255), max_size=60))
def test_no_header_is_too_strange(accept: str, known: str) -> None:
    """Whatever a caller sends, something is chosen."""
    compression = CompressionMiddleware(codings(1), 0)
    changed = compression.conditions("GET", {"accept-encoding": accept, "if-none-match": known})

    assert all(len(text) < len(known) for text in changed.values())
