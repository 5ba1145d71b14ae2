"""Every address that takes a body, with every kind of broken body: each gets a documented refusal."""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from tests.integration.serving import Server
from tests.integration.storming import calm, complaint, exchange, post, storming

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
ROWS: Final = (JSON, "application/vnd.pgrst.object+json", "application/vnd.pgrst.array+json")
LINES: Final = ("application/x-ndjson", "application/jsonl")
META: Final = "/meta/v1/films"

OTHERS: Final = "/(people|synthdb_queries)"
"""Tables that take what films take."""

Place = tuple[str, str, Sequence[str]]

TABLES: Final[tuple[Place, ...]] = (
    ("POST", "/rest/v1/films/films", (*ROWS, "text/csv", *LINES)),
    ("PATCH", "/rest/v1/films/films?id=eq.1", ROWS),
    ("PUT", "/rest/v1/films/films?id=eq.1", (JSON,)),
    ("PATCH", "/rest/v1/films/films/1", (JSON,)),
    ("PUT", "/rest/v1/films/films/1", (JSON,)),
    ("POST", "/rest/v1/films/films/query", (JSON, FORM)),
    ("QUERY", "/rest/v1/films/films", (JSON, FORM)),
)
CALLS: Final[tuple[Place, ...]] = (
    ("POST", "/rest/v1/films/rpc/recent", (JSON,)),
    ("POST", f"{META}/batch", (JSON,)),
    ("POST", f"{META}/sql", (JSON,)),
)
DEFINITIONS: Final[tuple[Place, ...]] = (
    ("POST", f"{META}/schema", (JSON,)),
    ("POST", f"{META}/schema/tables", (JSON,)),
    ("PATCH", f"{META}/schema/tables/films", (JSON,)),
    ("POST", f"{META}/schema/tables/films/columns", (JSON,)),
    ("PATCH", f"{META}/schema/tables/films/columns/year", (JSON,)),
    ("POST", f"{META}/schema/tables/films/constraints", (JSON,)),
    ("PUT", f"{META}/queries/recent", (JSON,)),
)
VERSIONS: Final[tuple[Place, ...]] = (
    ("POST", f"{META}/gc", (JSON,)),
    ("POST", f"{META}/branches", (JSON,)),
    ("PATCH", f"{META}/branches/dev", (JSON,)),
    ("POST", f"{META}/branches/dev/compact", (JSON,)),
    ("POST", f"{META}/tags", (JSON,)),
    ("POST", f"{META}/merge", (JSON,)),
    ("PATCH", f"{META}/conflicts", (JSON,)),
    ("POST", f"{META}/cherry-pick", (JSON,)),
    ("POST", f"{META}/revert", (JSON,)),
    ("POST", f"{META}/restore", (JSON,)),
    ("POST", f"{META}/backfill", (JSON,)),
)
PLACES: Final = TABLES + CALLS + DEFINITIONS + VERSIONS
CELLS: Final[tuple[Place, ...]] = (
    ("PUT", "/rest/v1/films/films/1/data", ("application/json", "text/plain", "image/png")),
    ("PUT", "/rest/v1/films/films/1/year", ("text/plain", "application/octet-stream")),
)

NO_JSON: Final = {
    "nothing but spaces": b" \r\n\t",
    "half an object": b'{"title":"x"',
    "half a text": b'{"title":"x',
    "half an array": b"[{}",
    "half an escape": b'{"title":"\\u00"}',
    "bytes that are not UTF-8": b'{"title":"\xff\xfe"}',
    "an overlong slash": b'{"title":"\xc0\xaf"}',
    "UTF-16": '{"title":"x"}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"title":"x"}',
    "a bare NUL": b"\x00",
    "a NUL in a text": b'{"title":"a\x00b"}',
    "a line end in a text": b'{"title":"a\nb"}',
    "a name twice": b'{"title":"x","title":"y"}',
    "a name twice, with spaces": b'{ "title" : "x", "title" : "y" }',
    "a name twice, escaped": b'{"title":"x","t\\u0069tle":"y"}',
    "a name twice, deep down": b'{"data":[{"a":{"b":1,"b":2}}]}',
    "NaN": b'{"rating":NaN}',
    "Infinity": b'{"rating":-Infinity}',
    "5,000 digits": b'{"year":' + b"9" * 5_000 + b"}",
    "401 decimals": b'{"rating":0.' + b"3" * 401 + b"}",
    "a number beyond all sense": b'{"rating":1e999999999}',
    "a lone surrogate": b'{"title":"\\ud800"}',
    "depth 10,000": b"[" * 10_000 + b"]" * 10_000,
    "objects of depth 10,000": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "depth 10,000, never closed": b'{"a":[' * 10_000,
    "a comment": b"{} // x",
    "single quotes": b"{'title':'x'}",
    "a comma too many": b'{"title":"x",}',
    "two documents": b"{}{}",
    "XML": b"<film/>",
    "a zip": b"PK\x03\x04" + bytes(1_000),
}
ODD_JSON: Final = {
    "nothing": b"",
    "null": b"null",
    "a truth": b"true",
    "a number": b"1",
    "a text": b'"x"',
    "an empty object": b"{}",
    "an empty array": b"[]",
    "arrays in an array": b"[[]]",
    "numbers in an array": b"[1]",
    "400 digits": b'{"year":' + b"9" * 400 + b"}",
    "1e400": b'{"rating":1e400}',
    "minus zero": b'{"year":-0}',
    "a NUL, escaped": b'{"title":"a\\u0000b"}',
    "an empty name": b'{"":1}',
    "a name of a megabyte": b'{"' + b"n" * 1_000_000 + b'":1}',
    "a text of a megabyte": b'{"title":"' + b"x" * 1_000_000 + b'"}',
    "10,000 members": json.dumps({f"c{number}": number for number in range(10_000)}).encode(),
    "20,000 rows": json.dumps([{"title": 5}] * 20_000).encode(),
    "20,000 operations": json.dumps({"operations": [{"method": "GET", "url": "films"}] * 20_000}).encode(),
    "20,000 changes": json.dumps({"changes": [{"drop_table": "x"}] * 20_000}).encode(),
    "depth 100": b'{"data":' + b"[" * 100 + b"]" * 100 + b"}",
    "depth 600": b'{"data":' + b"[" * 600 + b"]" * 600 + b"}",
    "prototypes": b'{"__proto__":{"a":1},"constructor":1}',
}
NO_LINES: Final = {
    "half a line": b'{"title":"x"}\n{"title"',
    "a line that is none": b'{"title":"x"}\n5\n',
    "an array": b'[{"title":"x"}]\n',
    "a name twice in a line": b'{"title":"x"}\n{"title":"x","title":"y"}\n',
    "a line that is not UTF-8": b'{"title":"\xff"}\n',
    "a deep line": b'{"title":' + b"[" * 10_000 + b"\n",
}
NO_CSV: Final = {
    "no header": b"",
    "an open quote": b'id,title\n9,"x',
    "a quote in a cell": b'id,title\n9,x"y\n',
    "too many cells": b"id,title\n9,x,y\n",
    "too few cells": b"id,title\n9\n",
    "a name twice": b"id,id\n9,9\n",
    "bytes that are not UTF-8": b"id,title\n9,\xff\n",
    "UTF-16": "id,title\n9,x\n".encode("utf-16"),
    "a NUL": b"id,title\n9,a\x00b\n",
    "400 digits": b"id,title\n" + b"9" * 400 + b",x\n",
    "10,000 columns": ",".join(f"c{number}" for number in range(10_000)).encode() + b"\n" + b"1," * 9_999 + b"1\n",
    "a wrong type at the end": b"id,title\n" + b"".join(b"%d,t%d\n" % (n, n) for n in range(100, 5_000)) + b"x,y\n",
}
NO_FORM: Final = {
    "bytes that are not ASCII": b"title=eq.\xff",
    "bad percent-encoding": b"title=eq.%zz",
    "an escaped NUL": b"title=eq.%00",
    "UTF-8 that is overlong": b"title=eq.%c0%af",
    "10,000 parameters": b"&".join([b"id=gt.0"] * 10_000),
    "10 MB of filters": b"id=in.(" + b",".join([b"1"] * 5_000_000) + b")",
    "a tree without end": b"or=" + b"(and" * 10_000 + b"(id.eq.1)" + b")" * 10_000,
    "not without end": b"or=(" + b"not." * 10_000 + b"id.eq.1)",
    "10,000 embeds": b"select=" + b",".join([b"people(id)"] * 10_000),
    "embeds without end": b"select=" + b"people(films(" * 5_000 + b"id" + b"))" * 5_000,
    "10,000 columns": b"select=" + b",".join(b"c%d" % number for number in range(10_000)),
    "10,000 terms of an order": b"order=" + b",".join([b"id"] * 10_000),
    "an order without end": b"order=" + b"id" * 500_000,
}
STRANGE_TYPES: Final = (
    "text/plain", "text/xml", "application/octet-stream", "multipart/form-data; boundary=x", "multipart/form-data",
    "application/vnd.apache.arrow.stream", "application/x-msgpack", "image/png", "application", "a/b/c", ";;;", "/",
    "application/json, text/csv", "application/json; charset=utf-16", "text/csv; charset=iso-8859-1",
    'application/json; charset="utf-7"', "x" * 5_000,
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with storming(tmp_path_factory.mktemp("bodies")) as server:
        yield server


def refused(server: Server, places: Sequence[Place], body: bytes, types: Sequence[str], *allowed: int) -> list[str]:
    """Send a body to all places that read one of the types; gives what is wrong with the answers."""
    found = []
    for method, path, read in places:
        for content_type in types:
            if content_type in read:
                wrong = complaint(exchange(server, post(path, body, content_type, method)), allowed)
                found += [f"{method} {path} {content_type}: {wrong}"] if wrong else []
    return found


def named(cases: dict[str, bytes]) -> list[object]:
    return [pytest.param(body, id=name) for name, body in cases.items()]


def test_no_body_is_forgotten(server: Server) -> None:
    """Whatever the OpenAPI document says takes a body, these tests break."""
    with server.client() as client:
        paths = client.get("/openapi/v1/films.json").data["paths"]
    names = {"{id}": "1", "{name}": "dev", "{table}": "films", "{column}": "data"}
    told = set()
    for path, methods in paths.items():
        address = "/".join(names.get(part, part) for part in path.split("/"))
        for method, operation in methods.items():
            if isinstance(operation, dict) and "requestBody" in operation and not re.search(OTHERS, address):
                address = re.sub(
                    "(columns|queries)/dev", r"\1/" + ("year" if "columns" in address else "recent"), address
                )
                told.add((method.upper(), address))
    broken = {(method, path.partition("?")[0]) for method, path, _ in PLACES + CELLS}
    assert told - broken == set()


@pytest.mark.parametrize("body", named(NO_JSON))
def test_what_is_no_json_is_refused(server: Server, body: bytes) -> None:
    """It is refused wherever JSON is read, and nothing of it is done."""
    with calm(server):
        assert [] == refused(server, PLACES, body, ROWS)


@pytest.mark.parametrize("body", named(ODD_JSON))
def test_json_that_nobody_means_is_done_or_refused(server: Server, body: bytes) -> None:
    """It fails nowhere: what can be done is done, all else gets a documented problem."""
    with calm(server):
        assert [] == refused(server, PLACES, body, ROWS, 200, 201, 204)


@pytest.mark.parametrize("body", named(NO_LINES))
def test_broken_lines_are_refused(server: Server, body: bytes) -> None:
    """One bad line, and none of them is written."""
    with calm(server):
        assert [] == refused(server, PLACES, body, LINES)


@pytest.mark.parametrize("body", named(NO_CSV))
def test_broken_csv_is_refused(server: Server, body: bytes) -> None:
    """One bad cell, and no row is written."""
    with calm(server):
        assert [] == refused(server, PLACES, body, ("text/csv",))


@pytest.mark.parametrize("body", named(NO_FORM))
def test_broken_queries_are_refused(server: Server, body: bytes) -> None:
    """A query in a body has the limits of one in an address, only more room."""
    with calm(server):
        assert [] == refused(server, PLACES, body, (FORM,))


@pytest.mark.parametrize("content_type", STRANGE_TYPES, ids=lambda name: name[:40])
def test_a_body_that_nobody_reads_is_refused(server: Server, content_type: str) -> None:
    """No body is taken for something that it does not say it is."""
    with calm(server):
        replies = [exchange(server, post(path, b"{}", content_type, method)) for method, path, _ in PLACES]
        assert {(415, "unsupported_media_type")} == {(reply.status, reply.code) for reply in replies}


@pytest.mark.parametrize(
    ("coding", "body"),
    (
        pytest.param("gzip", gzip.compress(bytes(100_000_000)), id="a gzip bomb"),
        pytest.param("deflate", zlib.compress(b'{"title":"x"}'), id="deflate"),
        pytest.param("br", b"\x8b\x02\x80{}\x03", id="brotli"),
        pytest.param("gzip, gzip", b"{}", id="twice"),
        pytest.param("x" * 5_000, b"{}", id="nonsense"),
    ),
)
def test_a_compressed_body_is_refused(server: Server, coding: str, body: bytes) -> None:
    """Nothing decompresses bodies, so no bomb goes off, and none is read as it stands."""
    with calm(server):
        places = PLACES + CELLS
        sent = [post(path, body, read[0], method, Content_Encoding=coding) for method, path, read in places]
        replies = [exchange(server, request) for request in sent]
        assert {(415, "unsupported_media_type")} == {(reply.status, reply.code) for reply in replies}


@pytest.mark.parametrize("body", named(NO_JSON | ODD_JSON))
def test_cells_take_what_fits_their_column(server: Server, body: bytes) -> None:
    """A cell's body is a value, whatever media type it says it is; what is no value of the column is refused."""
    with calm(server):
        assert [] == refused(server, CELLS, body, ("application/json", "text/plain", "image/png"), 204)


@pytest.mark.parametrize("content_type", ("application", "a b/c", "é/x", "x" * 5_000, "a/b\x7f"), ids=repr)
def test_cells_refuse_media_types_that_are_none(server: Server, content_type: str) -> None:
    """What is later said of the cell must be a media type, where it is kept."""
    with calm(server):
        reply = exchange(server, post("/rest/v1/films/films/1/title", b"Alien", content_type, "PUT"))
        assert not complaint(reply, (204,))
