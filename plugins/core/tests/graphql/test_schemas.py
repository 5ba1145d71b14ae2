"""Schemas: made once, shared by states with the same tables, and those of old commits as they were."""

import asyncio
from typing import Any

import pytest

from plugins.core.tests.graphql.conftest import Api, column
from synthdb.graphql import schemas as module
from synthdb.graphql.schema import Schema
from synthdb.graphql.schemas import Schemas
from synthdb_host.access import LOCAL
from synthdb_host.contracts import Context
from synthdb_host.operations import AddColumn, Ref, RenameColumn
from synthdb_host.versions import Branching, CreateBranch, CreateTag

CALLER = Context(LOCAL)


class Counted:
    """Makes schemas, and counts them."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self, *parts: Any, **options: Any) -> Schema:
        self.made += 1
        return Schema(*parts, **options)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Count the schemas that are made."""
    found = Counted()
    monkeypatch.setattr(module, "Schema", found)
    return found


def test_a_burst_of_callers_makes_one_schema(api: Api, counted: Counted) -> None:
    """All of them wait for it."""
    schemas = Schemas(api.client.host.gate)

    async def burst() -> list[Schema]:
        return await asyncio.gather(*[schemas.get("db", None, CALLER) for _ in range(50)])

    assert 1 == len(set(map(id, api.client.run(burst()))))
    assert 1 == counted.made


def test_states_with_the_same_tables_share_a_schema(api: Api, counted: Counted) -> None:
    """Branches, tags and moments; another table makes another one."""
    api.execute(Branching((CreateTag("v1"), CreateBranch("dev"))))
    schemas, run = Schemas(api.client.host.gate), api.client.run
    first = run(schemas.get("db", None, CALLER))
    assert first is run(schemas.get("db", Ref("dev"), CALLER)) is run(schemas.get("db", Ref("v1"), CALLER))
    api.define(AddColumn("films", column("more", "text")))
    assert first is run(schemas.get("db", Ref("v1"), CALLER)) is not run(schemas.get("db", None, CALLER))
    assert 2 == counted.made


def test_an_old_state_has_its_old_schema(api: Api) -> None:
    """A query of today does not fit it, and one of then does."""
    api.execute(Branching((CreateTag("v1"),)))
    api.define(RenameColumn("films", "title", "name"))
    assert {"films_by_pk": {"title": "Alien"}} == api.data("{ films_by_pk(id: 1) { title } }", "@v1")
    assert {"films_by_pk": {"name": "Alien"}} == api.data("{ films_by_pk(id: 1) { name } }")
    assert "errors" in api.ask("{ films_by_pk(id: 1) { name } }", "@v1")


def test_a_change_is_seen_by_the_next_query(api: Api) -> None:
    """Also by one that was asked before, in both ways."""
    old, new = "{ films_by_pk(id: 1) { title } }", "{ films_by_pk(id: 1) { name } }"
    for _ in range(2):
        assert {"films_by_pk": {"title": "Alien"}} == api.data(old)
        assert "errors" in api.ask(new)
        api.define(RenameColumn("films", "title", "name"))
        assert {"films_by_pk": {"name": "Alien"}} == api.data(new)
        assert "errors" in api.ask(old)
        api.define(RenameColumn("films", "name", "title"))


def test_the_schema_is_given_in_its_language(api: Api) -> None:
    """With comments, at each ref, and with a tag by which it need not be sent again."""
    api.execute(Branching((CreateTag("v1"),)))
    api.define(AddColumn("films", column("a b", "text")))
    answer = api.client.get("/graphql/v1/db/schema.graphql")
    assert (200, "text/plain; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert '"""What it is called"""\n  title: String!' in answer.text
    assert '"""In the database it is called \'a b\'."""\n  a_b: String' in answer.text
    assert "a_b" not in api.client.get("/graphql/v1/db@v1/schema.graphql").text
    again = api.client.get("/graphql/v1/db/schema.graphql", headers={"If-None-Match": answer.headers["etag"]})
    assert 304 == again.status_code
    assert 404 == api.client.get("/graphql/v1/db@nope/schema.graphql").status_code
