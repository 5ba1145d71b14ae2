"""How many SQL statements a query costs: as many as its page demands, whatever is in the tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from plugins.core.tests.graphql.conftest import Api
from synthdb_host.operations import Insert


@contextmanager
def counted(api: Api) -> Iterator[list[str]]:
    """Collect the statements that read rows, as SQLite is given them."""
    database: Any = api.client.host.databases.get("db")
    driver = database._connections.reader().driver  # noqa: SLF001 - nothing else sees statements
    found: list[str] = []
    driver.set_trace_callback(found.append)
    try:
        yield found
    finally:
        driver.set_trace_callback(None)


def reads(statements: list[str]) -> int:
    return len([text for text in statements if (text.startswith("SELECT") and '"films"' in text) or '"roles"' in text
                or '"people"' in text])  # fmt: skip


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ("{ films { id title } }", lambda _: 1),
        ("{ films_by_pk(id: 1) { id } }", lambda _: 1),
        ("{ films_aggregate { aggregate { count max { year } } } }", lambda _: 1),
        ("{ films_aggregate { groups(group_by: [seen]) { aggregate { count } } } }", lambda _: 1),
        ('{ films(where: {films_director: {name: {_eq: "Jane"}}}) { id } }', lambda _: 1),
        ("{ films { id films_director { name } } }", lambda _: 2),
        ("{ films(limit: 3) { id roles { actor } } }", lambda _: 4),
        ("{ films(limit: 3) { id roles_aggregate { aggregate { count } } } }", lambda _: 4),
        ("{ a: films { id } b: films { id } }", lambda _: 2),
    ],
)
def test_statements_are_bounded_by_the_page(api: Api, query: str, most: Callable[[int], int]) -> None:
    """One for the rows of a root field; for what is related to them one, or one for each row of the page."""
    counts = []
    for size in (0, 500):
        api.execute(Insert.of("roles", [{"film_id": 1, "actor": f"extra {n}", "fee": n} for n in range(size)]))
        api.data(query)
        with counted(api) as statements:
            api.data(query)
        counts.append(reads(statements))
    assert counts[0] == counts[1] <= most(4), statements
