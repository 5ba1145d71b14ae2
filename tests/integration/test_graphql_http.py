"""GraphQL over HTTP from the real server: the audits of others, the page in a browser, floods, documentation."""

import http.client
import json
import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote

import pytest

from benchmarks.flooding import FLOODS
from tests.integration.films import make_films
from tests.integration.serving import Server, serving
from tests.integration.test_browser import visit
from tests.integration.test_rest_docs import EXCHANGE, Message

ROOT: Final = Path(__file__).parents[2]
AUDITS: Final = """
    4655 4760 4761 4762 4763 8161 8764 22EB 47DE 80D8 82A3 BF61 78D5 2C94 5A70 9C48 9ABE 03D4 A5BF 423L LKJ0 LKJ1 LKJ2
    LKJ3 34A2 13EE 6C00 6C01 6C02 6C03 B8B3 94B0 0220 94B1 0221 94B2 0222 2EA1 28B9 D6D5 6A70 58B0 58B1 58B2 58B3 428F
    1B7A B6DC BCF8 B7N8 3E3A 572B FDE2 7B9B 865D 556A D586 51FE 74FF 5E5B 86EE
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the films."""
    folder = tmp_path_factory.mktemp("graphql")
    make_films(folder / "films.db")
    # All that is hostile comes from one client, which shall see more than that it is turned away.
    environment = {"SYNTHDB_PLUGINS__CORE__GRAPHQL__MAX_REFUSED_SECONDS": "0"}
    with serving(folder, folder / "films.db", workers=1, environment=environment) as server:
        yield server
        assert "Traceback" not in server.log


def address(server: Server) -> str:
    """Give the address of the interface."""
    return f"http://127.0.0.1:{server.port}/graphql/v1/films"


def test_all_audits_of_graphql_http_are_passed(server: Server) -> None:
    """There are 61, and none has a warning."""
    program = ROOT / "tests" / "clients" / "graphql_audits.mjs"
    finished = subprocess.run(
        ["node", program, address(server)], capture_output=True, text=True, timeout=120, check=True
    )

    audits = AUDITS.split()
    assert 61 == len(set(audits))
    assert dict.fromkeys(audits, "ok") == json.loads(finished.stdout)


def test_the_page_shows_the_schema_in_a_browser(server: Server, tmp_path: Path) -> None:
    """Its policy lets its own scripts run, which have asked for the schema; the query of the address is on it."""
    document = visit(f"{address(server)}?query={quote('{ films { title } }')}", tmp_path / "profile")

    assert "graphiql-container" in document
    assert "films_bool_exp" in document, document[:5_000]
    assert re.search(r"cm-property[^>]*>title<", document)


def test_the_page_loads_nothing_from_elsewhere(server: Server) -> None:
    """What it loads is there, and what the browser has is not sent again."""
    with server.client() as client:
        page = client.ask("GET", "/graphql/v1/films", headers={"Accept": "text/html"})
        files = re.findall(r'(?:src|href)="([^"]+)"', page.body.decode())
        assert 6 == len(files)
        for file in files:
            assert file.startswith("/graphql/v1/films/")
            answer = client.get(file)
            assert (200, True) == (answer.status, len(answer.body) > 50), file
    for folder in ("graphql/graphiql", "openapi/swagger_ui"):
        vendored = ROOT / "plugins/core/src/synthdb" / folder
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=vendored, check=True)


def test_a_flood_is_refused_while_others_read(server: Server) -> None:
    """Every hostile request has its documented answer, and all reads beside them succeed."""
    done = threading.Event()
    reads: Counter[int] = Counter()

    def read() -> None:
        with server.client() as client:
            while not done.is_set():
                reads[client.get("/rest/v1/films/films?limit=1").status] += 1

    reader = threading.Thread(target=read)
    reader.start()
    answers = [answer for thread in flood(server, 4) for answer in thread]
    done.set()
    reader.join()

    assert {200} == set(reads)
    for name, code in answers:
        # A read of a long document may be shed, because others wait.
        assert code in (FLOODS[name][1], "unavailable"), name
    assert set(FLOODS) == {name for name, code in answers if code == FLOODS[name][1]}


def flood(server: Server, threads: int) -> list[list[tuple[str, str | None]]]:
    """Send every hostile request twice from each of some threads; gives the code of each answer."""
    found: list[list[tuple[str, str | None]]] = [[] for _ in range(threads)]

    def send(answers: list[tuple[str, str | None]]) -> None:
        with server.client() as client:
            for name, (text, _) in [*FLOODS.items()] * 2:
                body = client.post("/graphql/v1/films", {"query": text}).data
                errors = body.get("errors")
                answers.append((name, errors[0]["extensions"]["code"] if errors else body.get("code")))

    senders = [threading.Thread(target=send, args=(answers,)) for answers in found]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return found


def test_arrays_of_requests_are_refused(server: Server) -> None:
    """They are off."""
    with server.client() as client:
        answer = client.post("/graphql/v1/films", [{"query": "{ __typename }"}] * 100)
    assert (400, "invalid_body") == (answer.status, answer.data["errors"][0]["extensions"]["code"])


def test_every_request_on_the_page_is_answered_as_it_says(server: Server) -> None:
    """Sent in order, each gets the status, the headers and the body that stand below it."""
    page = (ROOT / "docs" / "graphql-http.md").read_text("utf-8")
    exchanges = [(Message.read(asked), Message.read(told)) for asked, told in EXCHANGE.findall(page)]
    assert 7 <= len(exchanges)
    for asked, told in exchanges:
        method, _, path = asked.first.partition(" ")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request(method, quote(path, safe="/?&=:()"), asked.body.encode() or None, asked.headers)
        response = connection.getresponse()
        found = response.read()
        connection.close()
        assert int(told.first) == response.status, (asked.first, found)
        assert told.headers == {name: response.headers[name] for name in told.headers}, asked.first
        assert json.loads(told.body) == json.loads(found), asked.first
