"""The requests in docs/rest.md are answered as the page says."""

import http.client
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.films import make_films
from tests.integration.serving import Server, serving

PAGE = Path(__file__).parents[2] / "docs" / "rest.md"
EXCHANGE = re.compile(r"^```http\n(.*?)^```\n```http\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@dataclass(frozen=True)
class Message:
    """A request or an answer on the page: its first line, headers and body."""

    first: str
    headers: dict[str, str]
    body: str

    @classmethod
    def read(cls, text: str) -> "Message":
        """Read a block."""
        head, _, body = text.strip().partition("\n\n")
        first, *lines = head.splitlines()
        return cls(first, dict(line.split(": ", 1) for line in lines), body)


EXCHANGES = [(Message.read(asked), Message.read(told)) for asked, told in EXCHANGE.findall(PAGE.read_text("utf-8"))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the page's database."""
    folder = tmp_path_factory.mktemp("docs")
    make_films(folder / "films.db")
    with serving(folder, folder / "films.db", workers=1) as server:
        yield server


def test_every_request_on_the_page_is_answered_as_it_says(server: Server) -> None:
    """Sent in order, each request gets the status, the headers and the body that stand below it."""
    for asked, told in EXCHANGES:
        method, _, address = asked.first.partition(" ")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        body = asked.body.encode() or None
        connection.request(method, quote(address, safe="/?&=%:.,()*@!\"'{}[]"), body, asked.headers)
        response = connection.getresponse()
        found = response.read().decode()
        connection.close()
        assert response.status == int(told.first), (asked.first, found)
        assert {name: without_token(response.headers[name]) for name in told.headers} == told.headers, asked.first
        assert comparable(found) == comparable(told.body), asked.first


def without_token(header: str | None) -> str | None:
    """Give a header without the part that differs from server to server."""
    return header and re.sub(r"cursor=[\w-]+", "cursor=...", header)


def comparable(body: str) -> object:
    """Decode a body, if it is JSON, without what differs from request to request: ids, times and versions."""
    if body[:1] not in ("{", "["):
        return body.strip().splitlines()
    decoded = json.loads(body, parse_float=str)
    for item in decoded if isinstance(decoded, list) else [decoded]:
        for name in ("request_id", "created", "at", "version"):
            item.pop(name, None)
    return decoded


def test_the_page_has_no_request_without_an_answer() -> None:
    """Every block of HTTP on the page belongs to an exchange that is run."""
    blocks = PAGE.read_text("utf-8").count("```http\n")
    assert blocks == 2 * len(EXCHANGES) > 30
