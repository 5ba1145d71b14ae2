"""GraphQL from the real server."""

from pathlib import Path
from typing import Any

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


def test_mutations_of_several_processes_are_each_done_or_not(tmp_path: Path) -> None:
    """Whichever worker answers; what was not done by one is seen by none."""
    make_films(tmp_path / "films.db")
    insert = "mutation ($films: [films_insert_input!]!) { insert_films(objects: $films) { affected_rows } }"
    with serving(tmp_path, tmp_path / "films.db", workers=2) as server, server.client() as client:

        def send(query: str, **variables: object) -> Any:
            return client.post("/graphql/v1/films", {"query": query, "variables": variables}).data

        for number in range(6):
            films = [{"title": f"{number} {place}"} for place in range(100)]
            assert {"data": {"insert_films": {"affected_rows": 100}}} == send(insert, films=films)
            failed = send(insert, films=[{"title": f"lost {number}"}, {"title": "Alien"}])
            assert (None, "unique_violation") == (failed["data"], failed["errors"][0]["extensions"]["code"])
        count = send("{ films_aggregate { aggregate { count } } }")["data"]["films_aggregate"]["aggregate"]["count"]
        assert 605 == count
