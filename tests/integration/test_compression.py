"""Compressed answers of a real server, as unmodified clients see them."""

from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from tests.integration.serving import Server, serving

pytestmark = pytest.mark.slow

LONG: Final = "the quick brown fox " * 200
CODINGS: Final = ("gzip", "br")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A table of a few rows that are worth compressing."""
    folder = tmp_path_factory.mktemp("compression")
    with serving(folder, folder / "notes.db", workers=1) as running:
        with running.client() as client:
            client.post(f"{running.address}/notes", [{"id": number, "text": LONG} for number in range(1, 9)])
        yield running


@pytest.fixture(params=CODINGS)
def client(server: Server, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client that accepts one coding."""
    base = f"http://127.0.0.1:{server.port}{server.address}"
    with httpx.Client(base_url=base, headers={"Accept-Encoding": request.param}) as found:
        yield found


def test_the_tag_of_a_compressed_row_is_good_for_a_write(client: httpx.Client) -> None:
    """As often as the row is changed, whatever coding it was read in; an old one is refused."""
    coding = client.headers["accept-encoding"]
    read = client.get("/notes/1")
    first = client.patch("/notes/1", json={"text": LONG + coding}, headers={"If-Match": read.headers["etag"]})
    again = client.patch("/notes/1", json={"text": LONG}, headers={"If-Match": read.headers["etag"]})

    assert (coding, True) == (read.headers["content-encoding"], read.headers["etag"].endswith(f'-{coding}"'))
    assert (204, 412) == (first.status_code, again.status_code)
    assert LONG + coding == client.get("/notes/1").json()["text"]


@pytest.mark.parametrize("path", ["/notes/2", "/notes?id=gt.2", "/notes?id=gt.2&limit=2", "/notes/2/text"])
def test_what_was_read_compressed_is_not_sent_again(client: httpx.Client, path: str) -> None:
    """A row, a list, a page, and a cell."""
    read = client.get(path)
    again = client.get(path, headers={"If-None-Match": read.headers["etag"]})
    plain = client.get(path, headers={"If-None-Match": read.headers["etag"], "Accept-Encoding": "identity"})

    assert "content-encoding" in read.headers
    assert (304, b"", read.headers["etag"]) == (again.status_code, again.content, again.headers["etag"])
    assert (200, read.content) == (plain.status_code, plain.content)
    assert "Accept-Encoding" in again.headers["vary"]
    assert "Accept-Encoding" in read.headers["vary"]


def test_a_part_of_a_cell_is_of_its_plain_bytes(client: httpx.Client) -> None:
    """Whatever is accepted, and only if it goes on from a plain answer."""
    whole = client.get("/notes/3/text")
    part = client.get("/notes/3/text", headers={"Range": "bytes=4-8"})
    other = client.get("/notes/3/text", headers={"Range": "bytes=4-8", "If-Range": whole.headers["etag"]})

    assert (206, b"quick", None) == (part.status_code, part.content, part.headers.get("content-encoding"))
    assert (200, LONG) == (other.status_code, other.text)


def test_forms_and_problems_are_compressed_too(client: httpx.Client) -> None:
    """As far as they are long enough."""
    for accept in ("text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"):
        assert "content-encoding" in client.get("/notes", headers={"Accept": accept}).headers
    assert "content-encoding" not in client.get("/notes", headers={"Accept": "application/vnd.apache.parquet"}).headers
    problem = client.get(f"/notes?select={'x' * 2_000}")
    assert (400, "unknown_column", True) == (
        problem.status_code, problem.json()["code"], "content-encoding" in problem.headers,
    )  # fmt: skip
