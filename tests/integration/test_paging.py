"""A walk over pages sees one state, while another process writes and whichever worker answers."""

import base64
import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import synthdb
from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
TERMS = st.builds(
    "{}{}{}".format,
    st.sampled_from(["size", "kind", "id"]),
    st.sampled_from(["", ".desc"]),
    st.sampled_from(["", ".nullsfirst", ".nullslast"]),
)
ORDERS = st.lists(TERMS, max_size=3, unique_by=lambda term: term.partition(".")[0]).map(",".join)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a table of things, which another process changes all the time."""
    folder = tmp_path_factory.mktemp("paging")
    file = folder / "db.db"
    with synthdb.connect(str(file)) as db:
        db.insert("things", [{"id": n, "size": n % 7 or None, "kind": "abc"[n % 3]} for n in range(300)])
    command = [sys.executable, "-m", "tests.integration.writing", str(file)]
    with serving(folder, file, workers=2) as running:
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert "ready\n" == writer.stdout.readline()
        yield running
        assert writer.poll() is None, "the writer has ended"
        writer.kill()
        writer.communicate()


def get(
    server: Server, address: str, headers: Mapping[str, str] = MappingProxyType({})
) -> tuple[list[Any], str | None]:
    """Read a page on a connection of its own; gives its rows and the address of the next one."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", address, headers=dict(headers))
    response = connection.getresponse()
    body, link = response.read(), response.headers["Link"]
    connection.close()
    assert 200 == response.status, body
    return json.loads(body), None if link is None else link[1 : link.index(">")]


def walk(
    server: Server, address: str | None, headers: Mapping[str, str] = MappingProxyType({})
) -> Iterator[tuple[list[Any], str | None]]:
    """Read page after page."""
    while address is not None:
        rows, address = get(server, address, headers)
        yield rows, address


def commit_of(address: str) -> str:
    """Give the state that the token in an address leads to."""
    token = address.rpartition("cursor=")[2]
    facts = msgspec.msgpack.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[16:])
    return str(facts[2])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=ORDERS, size=st.integers(7, 90), where=st.sampled_from(["", "&size=gt.2", "&kind=not.eq.a"]))
def test_a_walk_is_exact_while_another_process_writes(server: Server, order: str, size: int, where: str) -> None:
    """All rows of the state of the first page, each once, in their order."""
    asked = f"{server.address}/things?select=id,size,kind&order={order}{where}"
    pages = list(walk(server, f"{asked}&limit={size}"))
    followed = pages[0][1]
    assert followed is not None
    then = asked.replace(server.address, f"{server.address}@{commit_of(followed)}")
    # Ties are in no order of their own there, but rows come by identity where nothing else sorts them.
    last = "id.desc" if order.rpartition(",")[2].partition(".")[2].startswith("desc") else "id"
    whole, _ = get(server, f"{then}".replace(f"order={order}", f"order={','.join(filter(None, (order, last)))}"))
    assert whole == [row for rows, _ in pages for row in rows]


def test_a_walk_of_now_sees_what_stays_once(server: Server) -> None:
    """Rows that another process never touches come exactly once, in their order."""
    rows = [{"id": number, "size": number % 5} for number in range(1000, 1100)]
    with server.client() as client:
        assert 201 == client.post(f"{server.address}/things", rows).status
    asked = f"{server.address}/things?select=id,size&order=size,id&limit=20"
    found = [row for rows, _ in walk(server, asked, {"Prefer": "snapshot=off"}) for row in rows]
    stayed = [(row["size"], row["id"]) for row in found if row["id"] >= 1000]
    assert sorted((number % 5, number) for number in range(1000, 1100)) == stayed


def test_a_walk_goes_on_after_the_server_was_started_again(server: Server) -> None:
    """Cursors are nothing that a process has to remember."""
    rows, address = get(server, f"{server.address}/things?select=id&order=id&limit=50")
    server.kill()
    server.start()
    for more, _ in walk(server, address):
        rows += more
    assert sorted({row["id"] for row in rows}) == [row["id"] for row in rows]
    assert len(rows) > 100
