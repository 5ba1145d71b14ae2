"""A served database of films, and a client of its GraphQL interface, on each storage."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import falcon.testing
import msgspec
import pytest
from synthdb_memory.plugin import plugin as memory

from plugins.core.tests import servers
from synthdb.plugin import plugin as core
from synthdb_host.access import LOCAL
from synthdb_host.catalog import Column, ColumnType, ForeignKey
from synthdb_host.contracts import Context, Result
from synthdb_host.manager import Host
from synthdb_host.operations import Change, CreateTable, Define, Insert, Operation
from synthdb_host.settings import HostSettings, PluginsSection
from synthdb_host.testing.hosting import ApiClient

STORAGES: Final = ("sqlite", "memory", pytest.param("postgresql", marks=pytest.mark.slow))

url_of = servers.url_of


class Api:
    """Asks the GraphQL interface of one database named ``db``."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client

    def execute(self, operation: Operation) -> Result:
        """Run an operation through the gate, without HTTP."""
        return self.client.run(self.client.host.gate.execute("db", operation, Context(LOCAL)))

    def define(self, *changes: Change) -> None:
        """Change the schema, without HTTP."""
        self.execute(Define(changes))

    def send(
        self, query: str, ref: str = "", *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> falcon.testing.Result:
        """Ask; ``more`` are further members of the body."""
        body = msgspec.json.encode({"query": query, **more})
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self.client.post(f"/graphql/v1/db{ref}", body=body, headers=headers)

    def ask(self, query: str, ref: str = "", **variables: Any) -> Any:
        """Ask with variables; gives the whole answer."""
        answer = self.send(query, ref, variables=variables)
        assert 200 == answer.status_code, answer.text
        return msgspec.json.decode(answer.content)

    def data(self, query: str, ref: str = "", **variables: Any) -> Any:
        """Ask with variables; gives the data, without any error."""
        answer = self.ask(query, ref, **variables)
        assert "errors" not in answer, answer
        return answer["data"]

    def error(self, query: str, ref: str = "", **variables: Any) -> Any:
        """Ask with variables; gives the one error."""
        (error,) = self.ask(query, ref, **variables)["errors"]
        return error


@contextmanager
def serving(
    url: str,
    data: Path,
    plugins: Mapping[str, object] | None = None,
    graphql: Mapping[str, object] | None = None,
    **settings: Any,
) -> Iterator[Api]:
    """Serve the database at a URL, in this process, by core and one more storage, with settings of GraphQL."""
    parts = {"core": core(), "memory": memory, **(plugins or {})}
    # What a slow machine takes for refused documents is no test's concern but its own.
    limits = {"max_refused_seconds": 0, **(graphql or {})}
    settings.setdefault("log_level", "error")
    chosen = HostSettings(data=data, plugins=PluginsSection.model_validate({"core": {"graphql": limits}}), **settings)
    with ApiClient(Host.build(chosen, plugins=parts, discover=False, databases={"db": url})) as client:
        yield Api(client)


def column(name: str, type_name: str, **options: Any) -> Column:
    """Describe a declared column."""
    return Column(name, ColumnType.parse(type_name), **options)


Serve = Callable[..., Api]


@pytest.fixture(params=STORAGES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """A served database without tables, on each storage."""
    with serving(url_of(request.param, tmp_path), tmp_path) as api:
        yield api


@pytest.fixture(params=STORAGES, scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A database of films for all tests of a module, which only read it."""
    folder = tmp_path_factory.mktemp("shared")
    with serving(url_of(request.param, folder), folder) as api:
        fill(api)
        yield api


@pytest.fixture
def written(empty: Api) -> Api:
    """A database of films on each storage, to write to."""
    fill(empty)
    return empty


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """The same in a SQLite file, to write to."""
    with serving(url_of("sqlite", tmp_path), tmp_path) as api:
        fill(api)
        yield api


def fill(api: Api) -> None:
    """Make the tables and their rows."""
    api.define(
        CreateTable(
            "people",
            (column("id", "integer"), column("name", "text"), column("boss_id", "integer")),
            key=("id",),
            foreign_keys=(ForeignKey("people_boss", ("boss_id",), "people", ("id",)),),
        ),
        CreateTable(
            "films",
            (
                column("id", "integer"),
                column("title", "text", not_null=True, comment="What it is called"),
                column("year", "integer"),
                column("rating", "decimal(4,2)"),
                column("seen", "boolean"),
                column("data", "json"),
                column("director_id", "integer"),
                column("writer_id", "integer"),
            ),
            key=("id",),
            foreign_keys=(
                ForeignKey("films_director", ("director_id",), "people", ("id",)),
                ForeignKey("films_writer", ("writer_id",), "people", ("id",)),
            ),
        ),
        CreateTable(
            "roles",
            (
                column("film_id", "integer", not_null=True),
                column("actor", "text", not_null=True),
                column("fee", "integer"),
            ),
            key=("film_id", "actor"),
            foreign_keys=(ForeignKey("roles_film", ("film_id",), "films", ("id",)),),
        ),
    )
    for table, rows in _ROWS.items():
        api.execute(Insert.of(table, rows))


_ROWS: Final[Mapping[str, list[dict[str, object]]]] = {
    "people": [
        {"id": 1, "name": "Ridley", "boss_id": None},
        {"id": 2, "name": "Jane", "boss_id": 1},
        {"id": 3, "name": "Akira", "boss_id": 1},
    ],
    "films": [
        {"id": 1, "title": "Alien", "year": 1979, "rating": "8.50", "seen": True, "director_id": 1, "writer_id": 2,
         "data": {"cost": {"usd": 11}, "tags": ["space", "horror"]}},
        {"id": 2, "title": "The Piano", "year": 1993, "rating": "7.50", "seen": True, "director_id": 2, "writer_id": 2,
         "data": {"tags": ["drama"]}},
        {"id": 3, "title": "Ran, the film", "year": 1985, "rating": "8.20", "seen": False, "director_id": 3,
         "writer_id": None, "data": None},
        {"id": 4, "title": "Lost", "year": None, "rating": None, "seen": None, "director_id": None,
         "writer_id": None, "data": None},
    ],
    "roles": [
        {"film_id": 1, "actor": "Sigourney", "fee": 100},
        {"film_id": 1, "actor": "John", "fee": 50},
        {"film_id": 2, "actor": "Holly", "fee": 80},
    ],
}  # fmt: skip
