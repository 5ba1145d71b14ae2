"""Relay's own compiler takes the schema that is exported, and what it compiles is answered."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.films import make_films
from tests.integration.serving import Server, serving

CLIENTS: Final = Path(__file__).parent.parent / "clients"
COMPILER: Final = CLIENTS / "node_modules" / "relay-compiler" / "cli.js"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Serve the films."""
    make_films(tmp_path / "films.db")
    with serving(tmp_path, tmp_path / "films.db", workers=1) as server:
        yield server


def compiled(server: Server, folder: Path) -> dict[str, str]:
    """Compile the program against the schema that the server exports; gives the documents by their names."""
    (folder / "src").mkdir(parents=True)
    (folder / "artifacts").mkdir()
    shutil.copy(CLIENTS / "relay" / "films.js", folder / "src")
    shutil.copy(CLIENTS / "relay" / "relay.config.json", folder)
    (folder / "documents.json").write_text("{}", "utf-8")
    with server.client() as client:
        (folder / "schema.graphql").write_bytes(client.get("/graphql/v1/films/schema.graphql").body)
    finished = subprocess.run(
        ["node", COMPILER, "relay.config.json"], cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert 0 == finished.returncode, finished.stdout + finished.stderr
    texts = json.loads((folder / "documents.json").read_text("utf-8")).values()
    return {re.findall(r"(?:query|mutation) (\w+)", text)[0]: text for text in texts}


def test_what_the_compiler_makes_is_answered(server: Server, tmp_path: Path) -> None:
    """Pages of roots and of rows that are found by their global id, and mutations that tell which edges they change."""
    documents = compiled(server, tmp_path / "relay")
    with server.client() as client:

        def ask(name: str, **variables: Any) -> Any:
            answer = client.post("/graphql/v1/films", {"query": documents[name], "variables": variables}).data
            assert "errors" not in answer, answer
            return answer["data"]

        first = ask("filmsQuery", count=2, cursor=None, year=1900)
        end = first["films_connection"]["pageInfo"]["endCursor"]
        following = ask("filmsPaginationQuery", count=2, cursor=end, year=1900)
        titles = [edge["node"]["title"] for page in (first, following) for edge in page["films_connection"]["edges"]]
        assert ["Alien", "Blade Runner", "Ran", "The Piano"] == titles
        assert "films" == first["films_connection"]["edges"][0]["node"]["__typename"]

        (person,) = first["people"]
        page = person["films_connection"]
        assert ["Blade Runner"] == [edge["node"]["title"] for edge in page["edges"]]
        before = ask("filmsPersonQuery", nodeId=person["nodeId"], cursor=page["pageInfo"]["startCursor"], count=1)
        assert ["Alien"] == [edge["node"]["title"] for edge in before["node"]["films_connection"]["edges"]]

        added = ask("filmsAddMutation", film={"id": 9, "title": "Up"}, connections=[])["insert_films_one"]
        dropped = ask("filmsDropMutation", id=9, connections=[])["delete_films_by_pk"]
        assert added["nodeId"] == dropped["nodeId"]
