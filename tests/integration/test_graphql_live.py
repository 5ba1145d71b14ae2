"""GraphQL from the real server."""

from pathlib import Path

import pytest

from tests.integration.films import make_films
from tests.integration.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_a_served_database_answers_queries(tmp_path: Path) -> None:
    """At its address, without anything being set up."""
    make_films(tmp_path / "films.db")
    with serving(tmp_path, tmp_path / "films.db", workers=2) as server:
        query = "query($id: bigint!) { films_by_pk(id: $id) { title people { name } } }"
        with server.client() as client:
            answer = client.post("/graphql/v1/films", {"query": query, "variables": {"id": 1}})
        assert {"data": {"films_by_pk": {"title": "Alien", "people": {"name": "Ridley Scott"}}}} == answer.data
