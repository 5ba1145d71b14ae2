"""A served database with a column of every type, names of every kind, and a caller who may do what a test says."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

from synthdb.plugin import plugin as core
from synthdb_host.access import LOCAL
from synthdb_host.catalog import TYPE_NAMES, Column, ColumnType, ForeignKey, UniqueKey
from synthdb_host.contracts import Context
from synthdb_host.operations import CreateTable, Define, Insert
from synthdb_host.testing.hosting import ApiClient, build_host

HOSTILE: Final = (
    "order", "a.b", "foo-bar", "foo_bar", "Foo Bar", "{x}", 'say "hi"', "back\\slash", "a/b", "naïve", "数", "1st",
    "-", "a->b", "x::y", "select", "$ref", "a&b=c", "100%", "emoji 🎬", "^.*$",
)  # fmt: skip

_ALL: Final = tuple(Column(f"a_{name}", ColumnType.parse(name)) for name in TYPE_NAMES)
_TABLES: Final = (
    CreateTable("people", (Column("id", ColumnType("integer")), Column("name", ColumnType("text"))), key=("id",)),
    CreateTable(
        "everything",
        (
            Column("id", ColumnType("integer")),
            Column("code", ColumnType("text"), not_null=True, comment="What it is called"),
            Column("person", ColumnType("integer")),
            Column("price", ColumnType.parse("decimal(6,2)"), default=0, has_default=True, not_null=True),
            *_ALL,
        ),
        key=("id",),
        unique_keys=(UniqueKey("everything_code", ("code",)),),
        foreign_keys=(ForeignKey("everything_person", ("person",), "people", ("id",)),),
        mode="strict",
    ),
    CreateTable("pairs", (Column("a", ColumnType("text")), Column("b", ColumnType("date"))), key=("a", "b")),
    *(
        CreateTable(name, (Column("id", ColumnType("integer")), Column("{x}", ColumnType("text"))), key=("id", "{x}"))
        for name in HOSTILE
    ),
    CreateTable("columns", tuple(Column(name, ColumnType("text")) for name in HOSTILE)),
)


class Described:
    """The server of one database named ``db``."""

    def __init__(self, client: ApiClient) -> None:
        self.client = client

    def get(self, path: str, **headers: str) -> Any:
        """Send a GET request to an address of the OpenAPI interface."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.get(f"/openapi/v1/{quote(path, safe='@:')}", headers=sent)

    def document(self, name: str = "db", **headers: str) -> Any:
        """Read a document."""
        result = self.get(f"{name}.json", **headers)
        assert 200 == result.status_code, result.text
        return result.json


Serve = Callable[..., Described]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Give a function that serves the database with further plugins and settings."""
    clients: list[ApiClient] = []

    def start(plugins: dict[str, object] | None = None, **settings: Any) -> Described:
        host = build_host(
            tmp_path,
            {"core": core(), **(plugins or {})},
            databases={"db": f"sqlite:///{tmp_path / 'db.db'}"},
            log_level="error",
            **settings,
        )
        clients.append(ApiClient(host))
        return Described(clients[-1])

    described = start()
    rows = [{"id": 1, "code": "a", "a_text": "x", "a_json": {"k": 1}}, {"id": 2, "code": "b"}]
    for operation in (Define(_TABLES), Insert.of("everything", rows)):
        described.client.run(described.client.host.gate.execute("db", operation, Context(LOCAL)))
    described.client.close()
    yield start
    for client in clients:
        client.close()


@pytest.fixture
def described(serve: Serve) -> Described:
    """The database, open to this machine."""
    return serve()
