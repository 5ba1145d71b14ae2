"""The plugin in docs/graphql-plugins.md does what the page says."""

import json
import re
from pathlib import Path

import pytest

from synthdb.plugin import plugin as core
from synthdb_host.targets import load_target
from synthdb_host.testing.hosting import ApiClient, build_host
from tests.integration.films import make_films

PAGE = (Path(__file__).parents[2] / "docs" / "graphql-plugins.md").read_text("utf-8")

pytestmark = pytest.mark.slow


def block(kind: str) -> str:
    """Give the page's block of a kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_plugin_on_the_page_answers_its_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a table."""
    (tmp_path / "films_facts.py").write_text(block("python"), "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    make_films(tmp_path / "films.db")
    plugins = {"core": core(), "films-facts": load_target("films_facts:plugin")}
    host = build_host(tmp_path, plugins, databases={"films": f"sqlite:///{tmp_path / 'films.db'}"})
    with ApiClient(host) as client:
        answer = client.post("/graphql/v1/films", json={"query": block("graphql")})
    assert json.loads(block("json")) == answer.json
