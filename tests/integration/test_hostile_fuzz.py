"""Bytes that a machine thought up, sent to every address: the server refuses them and goes on."""

import json
import os
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.serving import Server
from tests.integration.storming import calm, complaint, exchange, head, post, storming
from tests.integration.test_hostile_bodies import CELLS, PLACES, STRANGE_TYPES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

IS_LONG: Final = bool(os.environ.get("SOAK"))
EXAMPLES: Final = 2_000 if IS_LONG else 200
bounded = settings(
    max_examples=EXAMPLES,
    derandomize=not IS_LONG,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FINE: Final = (200, 201, 204, 206, 300, 304)

REQUESTS: Final = (
    head("GET", "/rest/v1/films/films?select=id,people(name)&order=id.desc&id=in.(1,2)", {"Connection": "close"}),
    post(
        "/rest/v1/films/films?columns=id,title",
        b'[{"id":70,"title":"x","data":{"a":[1.5,null]}}]',
        Prefer="tx=rollback",
    ),
    post("/rest/v1/films/films", b"id,title\r\n71,x\r\n", "text/csv", Prefer="tx=rollback"),
    post("/meta/v1/films/batch", b'{"operations":[{"method":"GET","url":"films?id=eq.$0.id"}]}'),
    head("POST", "/rest/v1/films/rpc/recent", {"Connection": "close", "Transfer-Encoding": "chunked"})
    + b'd\r\n{"year":"1980"\r\n1\r\n}\r\n0\r\n\r\n',
)

NAMES: Final = st.sampled_from(
    ["films", "people", "id", "title", "year", "data", "operations", "method", "url", "body", "headers", "sql", "name",
     "columns", "type", "changes", "source", "table", "parameters", "or", "select", "order", "limit", "cursor", ""]
)  # fmt: skip
TEXTS: Final = st.text(max_size=20) | st.sampled_from(
    ["eq.1", "in.(1,2)", "not.is.null", "(id.eq.1,or(id.gt.2))", "people(films(id))", "id.count()", "data->a", "$0.id",
     "integer", "decimal(4,2)", "1979-02-30", "main", "main@2020-01-01", "SELECT 1", "INSERT", "*", "\x00", "\xe9"]
)  # fmt: skip
VALUES: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    short = {"SYNTHDB_LIMITS__HEADER_TIMEOUT_SECONDS": "0.2", "SYNTHDB_LIMITS__BODY_TIMEOUT_SECONDS": "0.2"}
    with storming(tmp_path_factory.mktemp("fuzz"), short) as server, calm(server):
        yield server


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A request of which some bytes were taken out, changed or doubled."""
    found = bytearray(draw(st.sampled_from(REQUESTS)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(found)))
        end = min(len(found), start + draw(st.integers(0, 12)))
        found[start:end] = draw(st.binary(max_size=6) | st.just(bytes(found[start:end] * 2)) | st.sampled_from(WEDGES))
    return bytes(found)


WEDGES: Final = (
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b": ",
    b" ",
    b"%",
    b"%00",
    b"\x00",
    b"\xff",
    b"(" * 50,
    b'"',
    b"&",
    b",",
    b"0\r\n\r\n",
)


@bounded
@given(mutated())
def test_a_request_with_wrong_bytes_is_refused_or_answered(server: Server, raw: bytes) -> None:
    """Wherever a request is broken, there is an answer, and it is no failure."""
    reply = exchange(server, raw)
    assert reply.status == 0 or not complaint(reply, FINE)


@bounded
@given(st.sampled_from(PLACES + CELLS), st.data())
def test_any_json_is_refused_or_done(server: Server, place: tuple[str, str, Any], data: st.DataObject) -> None:
    """Any value, with the words that the interface knows in any place, is done or refused."""
    method, path, _ = place
    body = json.dumps(data.draw(VALUES)).encode("utf-8", "surrogatepass")
    reply = exchange(server, post(path, body, method=method, Prefer="tx=rollback"))
    assert not complaint(reply, FINE)


@bounded
@given(st.sampled_from(PLACES + CELLS), st.binary(max_size=200), st.data())
def test_any_bytes_are_refused_or_done(
    server: Server, place: tuple[str, str, Any], body: bytes, data: st.DataObject
) -> None:
    """Any bytes, in any media type, are refused or, where bytes are what is asked for, kept."""
    method, path, read = place
    content_type = data.draw(st.sampled_from((*read, *STRANGE_TYPES)))
    reply = exchange(server, post(path, body, content_type, method, Prefer="tx=rollback"))
    assert not complaint(reply, FINE)


@bounded
@given(st.sampled_from(["GET", "HEAD", "DELETE", "OPTIONS", "QUERY"]), st.data())
def test_any_address_is_refused_or_answered(server: Server, method: str, data: st.DataObject) -> None:
    """Any words in any place of an address are refused or answered."""
    part = NAMES | st.sampled_from(
        ["rest", "meta", "v1", "films@dev", "rpc", "recent", "schema", "history", "1", "%2e%2e", "%00"]
    )
    path = "/".join(data.draw(st.lists(part, max_size=6)))
    pairs = data.draw(st.lists(st.tuples(NAMES, TEXTS), max_size=4))
    query = "&".join(f"{name}={value}" for name, value in pairs)
    target = f"/{data.draw(st.sampled_from(['rest/v1/films', 'meta/v1/films', '']))}/{path}?{query}"
    # Whatever HTTP itself refuses has its own test.
    target = "".join(c if "!" <= c <= "~" else "%" + c.encode("utf-8", "replace").hex("%") for c in target)
    reply = exchange(server, head(method, target, {"Connection": "close", "Prefer": "tx=rollback"}))
    assert not complaint(reply, range(200, 500) if method == "HEAD" else FINE)
