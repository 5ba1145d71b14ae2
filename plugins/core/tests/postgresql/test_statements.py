"""How many statements a read costs on PostgreSQL, where each is a journey."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plugins.core.tests.graphql.conftest import Api, fill, serving
from plugins.core.tests.servers import url_of
from synthdb_host.operations import Insert, Select
from synthdb_host.testing.session import columns, where

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A served database of films."""
    folder: Path = tmp_path_factory.mktemp("statements")
    with serving(url_of("postgresql", folder), folder) as api:
        fill(api)
        yield api


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is sent to the server from now on, by any thread."""
    found: list[str] = []
    execute = psycopg.RawCursor.execute

    def noted(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        found.append(str(query))
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.RawCursor, "execute", noted)
    return found


def fewest(ask: Callable[[], object], statements: list[str]) -> int:
    """Give how many statements it takes where the thread that reads knows the schema."""
    counts = []
    for _ in range(20):
        statements.clear()
        ask()
        counts.append(len(statements))
    return min(counts)


@pytest.mark.parametrize(
    "query",
    [
        "{ films { id title } }",
        "{ films(limit: 2, order_by: [{year: desc}]) { id } }",
        "{ films_by_pk(id: 1) { id } }",
        "{ films_aggregate { aggregate { count max { year } } } }",
        "{ films_aggregate { groups(group_by: [seen]) { aggregate { count } } } }",
        '{ films(where: {films_director: {name: {_eq: "Jane"}}}) { id } }',
    ],
)
def test_a_root_field_is_one_statement(api: Api, statements: list[str], query: str) -> None:
    """Nothing is asked before it and nothing behind it, not even which schema the database has."""
    assert 1 == fewest(lambda: api.data(query), statements)


def test_several_root_fields_are_each_a_transaction(api: Api, statements: list[str]) -> None:
    """Each says at which state it was read, so that all are of one; here that takes versions, state, BEGIN, COMMIT."""
    query = "{ a: films { id } b: people { id } c: roles { actor } }"
    assert 3 * 5 == fewest(lambda: api.data(query), statements)


def test_a_row_by_its_key_is_one_statement(api: Api, statements: list[str]) -> None:
    """The same through every interface; what another process changes is seen all the same."""
    asked = Select("films", columns("title"), where=where("id", "eq", 1), limit=1)
    assert 1 == fewest(lambda: api.execute(asked), statements)
    api.execute(Insert.of("films", [{"id": 99, "title": "new", "unheard": 1}]))
    assert [{"title": "Alien"}] == api.execute(asked).python()
