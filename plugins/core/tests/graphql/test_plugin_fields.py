"""Fields that plugins add: beside those of tables, under the plugin's name, with the caller's context."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import strawberry
from strawberry.types import Info
from synthdb_greetings.plugin import plugin as greetings

from plugins.core.tests.graphql.conftest import Api, column, fill, serving, url_of
from synthdb_host.contracts import GraphqlCall, GraphqlType, Policy, Principal, Resource, RowPolicy
from synthdb_host.errors import StartupError
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manifest import Manifest
from synthdb_host.operations import ColumnRef, Comparison, CreateTable, Insert


@pytest.fixture
def greeted(tmp_path: Path) -> Iterator[Api]:
    """The films, served with the plugin."""
    with serving(url_of("sqlite", tmp_path), tmp_path, {"greetings": greetings}) as api:
        fill(api)
        yield api


def test_one_operation_asks_tables_and_plugins(greeted: Api) -> None:
    """With variables, fragments, aliases and directives, in the order of the query."""
    answer = greeted.send(
        """query ($name: String!, $not: Boolean!) {
             a: greetings { hello(name: $name) { ...G } }
             films(limit: 1) { title }
             b: greetings { hello { text } rows(table: "films") @skip(if: $not) __typename }
           }
           fragment G on greetings_Greeting { shouted day }""",
        variables={"name": "Ada", "not": False},
    )
    expected = (
        b'{"data":{"a":{"hello":{"shouted":"HELLO, ADA","day":"2026-01-01"}},"films":[{"title":"Alien"}],'
        b'"b":{"hello":{"text":"Hello, world"},"rows":4,"__typename":"greetings_Greetings"}}}'
    )
    assert expected == answer.content


def test_an_error_of_a_field_leaves_the_others(greeted: Api) -> None:
    """One of the host is told with its code, any other without its text."""
    answer = greeted.ask("{ films(limit: 1) { title } a: greetings { missing } b: greetings { broken } }")
    assert {"films": [{"title": "Alien"}], "a": None, "b": None} == answer["data"]
    known, unknown = answer["errors"]
    assert (["a", "missing"], "not_found") == (known["path"], known["extensions"]["code"])
    assert ("There is no such greeting.", "Say hello.") == (known["message"], known["extensions"]["hint"])
    assert (["b", "broken"], "internal_error") == (unknown["path"], unknown["extensions"]["code"])
    assert "secret" not in str(answer)


def test_the_schema_describes_the_fields(greeted: Api) -> None:
    """With what the plugin says about them; types have the plugin's name before theirs."""
    data = greeted.data('{ __type(name: "greetings_Greetings") { description fields { name } } }')
    assert "Greetings of several kinds." == data["__type"]["description"]
    assert {"name": "hello"} in data["__type"]["fields"]
    assert "Cannot query field 'nothing'" in greeted.error("{ greetings { nothing } }")["message"]


def test_a_table_of_the_same_name_gives_way(greeted: Api) -> None:
    """It is still there, with a digest behind its name."""
    greeted.define(CreateTable("greetings", (column("id", "integer"),), key=("id",)))
    data = greeted.data('{ __type(name: "query_root") { fields { name } } greetings { hello { text } } }')
    names = {field["name"] for field in data["__type"]["fields"]}
    assert "Hello, world" == data["greetings"]["hello"]["text"]
    assert "greetings_by_pk" not in names
    assert 1 == len([name for name in names if name.startswith("greetings_") and name.endswith("_by_pk")])


class Seen:
    """A plugin whose policy shows only films that were seen."""

    manifest = Manifest(id="seen", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_policies(self) -> list[Policy]:
        return [Policy("seen", self._restrict)]

    async def _restrict(self, principal: Principal, action: str, resource: Resource) -> RowPolicy | None:
        return RowPolicy(Comparison(ColumnRef("seen"), "eq", True)) if resource.table == "films" else None


def test_resolvers_see_what_the_caller_may_see(tmp_path: Path) -> None:
    """They go through the gate with his context."""
    with serving(url_of("sqlite", tmp_path), tmp_path) as api:
        fill(api)
    with serving(url_of("sqlite", tmp_path), tmp_path, {"greetings": greetings, "seen": Seen()}) as api:
        assert {"greetings": {"rows": 2}} == api.data('{ greetings { rows(table: "films") } }')
        error = api.error('{ greetings { rows(table: "nothing") } }')
        assert "unknown_table" == error["extensions"]["code"]


def added(plugin: str, query: Any, mutation: Any = None) -> Any:
    """Make a plugin that adds a type."""

    class Added:
        manifest = Manifest(id=plugin, host_api=">=1.0,<2")

        @hookimpl
        def synthdb_startup(self, host: Any) -> None:
            self.host = host

        @hookimpl
        def synthdb_graphql_types(self) -> Sequence[GraphqlType]:
            return [GraphqlType(query, mutation)]

    return Added()


@strawberry.type
class Slow:
    @strawberry.field
    async def nap(self) -> int:
        await asyncio.sleep(60)
        return 1


def test_a_resolver_has_as_much_time_as_the_request(tmp_path: Path) -> None:
    """Then it is stopped."""
    parts, limits = {"slow": added("slow", Slow)}, {"max_seconds": 0.05}
    with serving(url_of("sqlite", tmp_path), tmp_path, parts, limits) as api:
        assert "timeout" == api.error("{ slow { nap } }")["extensions"]["code"]


@strawberry.type
class Plain:
    number: int = 1


@strawberry.type
class Needy:
    number: int


@strawberry.type(name="b_Thing")
class Outer:
    number: int = 1


@strawberry.type
class Thing:
    number: int = 2


@pytest.mark.parametrize(
    ("plugins", "words"),
    [
        ({"a-b": Plain, "a_b": Plain}, ["a-b", "a_b", "field 'a_b' is already taken"]),
        ({"a": Outer, "a_b": Thing}, ["plugins a and a_b both have a GraphQL type 'a_b_Thing'"]),
        ({"a": int}, ["plugin a, synthdb_graphql_types"]),
        ({"a": Needy}, ["plugin a, synthdb_graphql_types", "number"]),
    ],
    ids=["fields", "types", "another class", "arguments"],
)
def test_what_does_not_fit_together_does_not_start(tmp_path: Path, plugins: dict[str, Any], words: list[str]) -> None:
    """The error names the plugins."""
    parts = {name: added(name, query) for name, query in plugins.items()}
    with pytest.raises(StartupError) as caught, serving(url_of("sqlite", tmp_path), tmp_path, parts):
        pass
    for word in words:
        assert word in str(caught.value)


@strawberry.type
class Adding:
    @strawberry.mutation
    async def film(self, info: Info[GraphqlCall, None], title: str) -> int:
        call = info.context
        insert = Insert.of("films", [{"title": title}])
        result = await adding.host.gate.execute(call.database, insert, call.caller)
        return int(result.keys[0][0])


adding = added("adding", Plain, Adding)


@pytest.fixture
def extended(tmp_path: Path) -> Iterator[Api]:
    """The films, served with a plugin that adds some."""
    with serving(url_of("sqlite", tmp_path), tmp_path, {"adding": adding}) as api:
        fill(api)
        yield api


def test_plugins_have_mutations_of_their_own(extended: Api) -> None:
    """Below a field that is called like the plugin, one root field after the other."""
    query = 'mutation { a: adding { film(title: "Up") } b: adding { film(title: "Her") __typename } __typename }'
    data = extended.data(query)
    assert {"a": {"film": 5}, "b": {"film": 6, "__typename": "adding_Adding"}, "__typename": "mutation_root"} == data
    assert ["Up", "Her"] == [row["title"] for row in extended.data("{ films(offset: 4) { title } }")["films"]]


@pytest.mark.parametrize(
    ("query", "headers", "code"),
    [
        ('mutation { adding { film(title: "Up") } delete_films(where: {}) { affected_rows } }', {}, "invalid_document"),
        ('mutation { adding { film(title: "Up") } }', {"Prefer": "tx=rollback"}, "invalid_parameter"),
        ('mutation { adding { film(title: "Up") } }', {"Idempotency-Key": "a"}, "invalid_parameter"),
    ],
    ids=["tables", "rollback", "key"],
)
def test_what_only_a_commit_can_promise_is_refused(
    extended: Api, query: str, headers: dict[str, str], code: str
) -> None:
    """And nothing is done."""
    (error,) = extended.send(query, headers=headers).json["errors"]
    assert code == error["extensions"]["code"]
    assert 4 == len(extended.data("{ films { id } }")["films"])


def test_a_link_changes_nothing_through_a_plugin(extended: Api) -> None:
    """GET is for queries."""
    query = quote('mutation { adding { film(title: "Up") } }')
    headers = {"Accept": "application/json"}
    answer = extended.client.get("/graphql/v1/db", query_string=f"query={query}", headers=headers)
    assert 405 == answer.status_code
