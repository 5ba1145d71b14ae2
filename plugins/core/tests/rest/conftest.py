"""The REST interface in process: a host, its application, and a client that keeps one worker running."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from falcon import testing
from synthdb_memory.plugin import plugin as memory

from plugins.core.tests import servers
from synthdb.plugin import plugin as core
from synthdb_host.access import LOCAL
from synthdb_host.catalog import Column, ColumnType, ForeignKey, UniqueKey
from synthdb_host.contracts import Context, Result
from synthdb_host.operations import Change, CreateTable, Define, Insert, Operation
from synthdb_host.testing.hosting import ApiClient, build_host
from synthdb_host.versions import Branching, CreateBranch, CreateTag

CALLER = Context(LOCAL)

url_of = servers.url_of


class Answer:
    """What the server answered."""

    def __init__(self, result: testing.Result) -> None:
        self.status: int = result.status_code
        self.headers: Mapping[str, str] = result.headers
        self.body: bytes = result.content

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    @property
    def code(self) -> str:
        """The problem's code."""
        assert self.headers["content-type"] == "application/problem+json", self.body
        return str(self.json["code"])


class Api:
    """Sends requests to the REST interface of one database named ``db``."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client

    def execute(self, operation: Operation) -> Result:
        """Run an operation through the gate, without HTTP."""
        return self._client.run(self._client.host.gate.execute("db", operation, CALLER))

    def define(self, *changes: Change) -> None:
        """Change the schema, without HTTP."""
        self.execute(Define(changes))

    def send(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None, **more: str
    ) -> Answer:
        """Send a request; ``path`` is below the database, and a body that is not bytes is sent as JSON."""
        address, _, query = path.partition("?")
        sent = dict(headers or {}) | {name.replace("_", "-"): value for name, value in more.items()}
        if body is not None and not isinstance(body, bytes):
            body = msgspec.json.encode(body)
            sent.setdefault("Content-Type", "application/json")
        return self.raw(method, f"/rest/v1/db{address}", query, body, sent)

    def meta(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to the meta interface, which must succeed; gives the body of its answer."""
        address, _, query = path.partition("?")
        sent = {"Content-Type": "application/json"}
        encoded = None if body is None else msgspec.json.encode(body)
        answer = self.raw(method, f"/meta/v1/db{address}", query, encoded, sent)
        assert answer.status in (200, 201, 204), answer.body
        return answer.json if answer.body else None

    def raw(self, method: str, path: str, query: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request to any address."""
        return Answer(self._client.request(method, path, query_string=query, body=body, headers=dict(headers)))

    def get(self, path: str, **headers: str) -> Answer:
        """Send a GET request."""
        return self.send("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def at_once(self, *requests: tuple[str, Mapping[str, str]]) -> list[Answer]:
        """Send GET requests at the same time."""

        async def send() -> list[testing.Result]:
            return await asyncio.gather(*[
                self._client.begin("GET", f"/rest/v1/db{path.partition('?')[0]}",
                                   query_string=path.partition("?")[2], headers=dict(headers))
                for path, headers in requests
            ])  # fmt: skip

        return [Answer(result) for result in self._client.run(send())]

    def rows(self, path: str) -> Any:
        """Read rows, which must succeed."""
        answer = self.get(path)
        assert answer.status in (200, 206), answer.body
        return answer.json


@contextmanager
def serving(url: str, data: Path, **settings: Any) -> Iterator[Api]:
    """Serve the database at a URL, in this process, by core and one more storage."""
    host = build_host(data, {"core": core(), "memory": memory}, databases={"db": url}, **settings)
    with ApiClient(host) as client:
        yield Api(client)


def column(name: str, type_name: str, **options: Any) -> Column:
    """Describe a declared column."""
    if "default" in options:
        options["has_default"] = True
    return Column(name, ColumnType.parse(type_name), **options)


STORAGES = ("sqlite", "memory", pytest.param("postgresql", marks=pytest.mark.slow))
"""The other storages prove that nothing here knows SQLite."""


@pytest.fixture(params=STORAGES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Api]:
    """A served database without tables, on each storage."""
    with serving(url_of(request.param, tmp_path), tmp_path) as api:
        yield api


@pytest.fixture
def api(empty: Api) -> Api:
    """A served database of films, people who made them, and roles with a key of two columns, to write to."""
    fill(empty)
    return empty


@pytest.fixture(params=STORAGES, scope="module")
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The same database for all tests of a module, which only read it."""
    folder = tmp_path_factory.mktemp("shared")
    with serving(url_of(request.param, folder), folder) as api:
        fill(api)
        yield api


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Api]]:
    """Serve new databases under the limits that a test gives."""
    with ExitStack() as stack:

        def serve(storage: str = "sqlite", **limits: Any) -> Api:
            folder = tmp_path_factory.mktemp("limited")
            return stack.enter_context(serving(url_of(storage, folder), folder, limits=limits))

        yield serve


@pytest.fixture
def branched(tmp_path: Path) -> Iterator[Api]:
    """The same database in a SQLite file, with a tag ``v1`` and a branch ``dev``."""
    with serving(url_of("sqlite", tmp_path), tmp_path) as api:
        fill(api)
        api.execute(Branching((CreateTag("v1"), CreateBranch("dev"))))
        yield api


def fill(api: Api) -> None:
    """Make the tables and their rows."""
    api.define(
        CreateTable(
            "people",
            (column("id", "integer", not_null=True), column("name", "text"), column("boss_id", "integer")),
            key=("id",),
            foreign_keys=(ForeignKey("people_boss", ("boss_id",), "people", ("id",)),),
        ),
        CreateTable(
            "films",
            (
                column("id", "integer"),
                column("title", "text", not_null=True),
                column("year", "integer"),
                column("rating", "decimal(4,2)"),
                column("seen", "boolean", default=False),
                column("data", "json"),
                column("director_id", "integer"),
                column("writer_id", "integer"),
            ),
            key=("id",),
            unique_keys=(UniqueKey("films_title", ("title",)),),
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


_ROWS: Mapping[str, list[dict[str, object]]] = {
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
        {"id": 4, "title": "Lost", "year": None, "rating": None, "seen": False, "director_id": None,
         "writer_id": None, "data": None},
    ],
    "roles": [
        {"film_id": 1, "actor": "Sigourney", "fee": 100},
        {"film_id": 1, "actor": "John", "fee": 50},
        {"film_id": 2, "actor": "Holly", "fee": 80},
    ],
}  # fmt: skip
