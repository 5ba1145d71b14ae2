"""The queries in docs/graphql.md are answered as the page says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.films import make_films
from tests.integration.serving import serving

PAGE = Path(__file__).parents[2] / "docs" / "graphql.md"
BLOCK = re.compile(r"^```(graphql|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def read(page: str) -> Iterator[tuple[str, str, str]]:
    """Give each query with its variables and its answer."""
    blocks = BLOCK.findall(page)
    starts = [place for place, (kind, _) in enumerate(blocks) if kind == "graphql"]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        query, *told = [text for _, text in blocks[start:end]]
        yield query, told[0] if len(told) > 1 else "{}", told[-1]


def test_every_query_on_the_page_is_answered_as_it_says(tmp_path: Path) -> None:
    """Each query, with the variables that stand between, gets the answer below it."""
    make_films(tmp_path / "films.db")
    exchanges = list(read(PAGE.read_text("utf-8")))
    assert exchanges
    with serving(tmp_path, tmp_path / "films.db", workers=1) as server, server.client() as client:
        for query, variables, expected in exchanges:
            body = {"query": query, "variables": json.loads(variables)}
            assert json.loads(expected) == client.post("/graphql/v1/films", body).data, query
