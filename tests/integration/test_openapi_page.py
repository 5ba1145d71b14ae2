"""The page that shows a document, in a real browser, and what docs/openapi.md says."""

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.films import make_films
from tests.integration.serving import Server, serving
from tests.integration.test_browser import visit
from tests.integration.test_rest_docs import EXCHANGE, Message

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

PAGE = Path(__file__).parents[2] / "docs" / "openapi.md"
EXCHANGES = [(Message.read(asked), Message.read(told)) for asked, told in EXCHANGE.findall(PAGE.read_text("utf-8"))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the films."""
    folder = tmp_path_factory.mktemp("openapi")
    make_films(folder / "films.db")
    with serving(folder, folder / "films.db", workers=1) as server:
        yield server


def ask(server: Server, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request; gives the response and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def holds(expected: Any, found: Any) -> bool:
    """Say whether all that is expected is there, perhaps among more."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and holds(value, found[key]) for key, value in expected.items()
        )
    return bool(expected == found)


def test_every_request_on_the_page_is_answered_as_it_says(server: Server) -> None:
    """Of a body, the page shows a part."""
    assert 2 <= len(EXCHANGES)
    for asked, told in EXCHANGES:
        method, _, address = asked.first.partition(" ")
        response, body = ask(server, method, address, **asked.headers)
        assert int(told.first) == response.status, body
        assert told.headers == {name: response.headers[name] for name in told.headers}
        assert holds(json.loads(told.body), json.loads(body)), asked.first


def test_the_page_shows_every_operation_in_a_browser(server: Server, tmp_path: Path) -> None:
    """Its policy lets its own scripts run, and it has read the document."""
    document = visit(f"http://127.0.0.1:{server.port}/openapi/v1/films", tmp_path / "profile")

    shown = set(re.findall(r'data-tag="([^"]+)"', document))
    assert {"films", "people", "Merging"} <= shown, document[:2_000]
    assert "SynthDB: films" in document


def test_the_page_and_what_it_loads_come_from_here(server: Server) -> None:
    """Nothing of another site is named, the policy would not let it in, and what the browser has is not sent again."""
    response, page = ask(server, "GET", "/openapi/v1/films")
    policy = response.headers["Content-Security-Policy"]
    files = re.findall(r'(?:src|href)="([^"]+)"', page.decode())

    assert "text/html; charset=utf-8" == response.headers["Content-Type"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert 3 == len(files)
    for file in files:
        assert file.startswith("/openapi/v1/films/")
        answer, body = ask(server, "GET", file)
        assert (200, True) == (answer.status, len(body) > 100), file
        again, _ = ask(server, "GET", file, **{"If-None-Match": answer.headers["ETag"]})
        assert 304 == again.status
    assert 404 == ask(server, "GET", "/openapi/v1/films/other.js")[0].status
