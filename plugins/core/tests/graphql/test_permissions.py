"""What a caller may write is what the mutations of his schema write, and each is judged again when it is done."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from plugins.core.tests.graphql.conftest import Api, fill, serving
from plugins.core.tests.servers import url_of
from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Credentials,
    Decision,
    Policy,
    Principal,
    Resource,
    RowPolicy,
    Verdict,
)
from synthdb_host.filters import ColumnRef, Comparison
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manifest import Manifest

FIELDS = "{ __schema { mutationType { fields { name args { name } } } } }"
INPUTS = '{ __type(name: "films_insert_input") { inputFields { name } } set: __type(name: "films_set_input") { name } }'


class Some:
    """Lets a caller do what his token says: ``insert:films``. Who is ``seen`` too has only films that were seen."""

    manifest = Manifest(id="some", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_authenticators(self) -> Sequence[Authenticator]:
        async def authenticate(credentials: Credentials) -> Principal | None:
            return Principal(credentials.value)

        return [Authenticator("bearer", authenticate)]

    @hookimpl
    def synthdb_authorizers(self) -> Sequence[Authorizer]:
        async def allow(principal: Principal, action: str, resource: Resource) -> Decision:
            free = principal.id == "local" or action in ("select", "introspect")
            allowed = free or f"{action}:{resource.table}" in principal.id.split(",")
            return Decision(Verdict.ALLOW if allowed else Verdict.ABSTAIN)

        return [Authorizer("some", allow)]

    @hookimpl
    def synthdb_policies(self) -> Sequence[Policy]:
        async def restrict(principal: Principal, action: str, resource: Resource) -> RowPolicy | None:
            if resource.table != "films" or "seen" not in principal.id:
                return None
            return RowPolicy(Comparison(ColumnRef("seen"), "eq", value=True), hidden=frozenset({"data"}))

        return [Policy("seen", restrict)]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Films that some callers may write in some ways."""
    with serving(url_of("sqlite", tmp_path), tmp_path, {"some": Some()}) as api:
        fill(api)
        yield api


def ask(api: Api, query: str, *rights: str) -> Any:
    """Ask as a caller who has these rights."""
    headers = {"Authorization": f"Bearer {','.join(rights) or 'nothing'}"}
    return api.send(query, headers=headers).json


def mutations(api: Api, *rights: str) -> dict[str, set[str]]:
    """Give the mutations that a caller finds in his schema, with their arguments."""
    found = ask(api, FIELDS, *rights)["data"]["__schema"]["mutationType"]
    return {item["name"]: {arg["name"] for arg in item["args"]} for item in (found or {"fields": ()})["fields"]}


def test_a_schema_has_only_the_mutations_that_are_allowed(api: Api) -> None:
    """An insert that may not update has no on_conflict."""
    assert {} == mutations(api)
    assert {"insert_films": {"objects", "at"}, "insert_films_one": {"object", "at"}} == mutations(api, "insert:films")
    both = mutations(api, "insert:films", "update:films")
    assert "on_conflict" in both["insert_films_one"]
    assert {"update_films", "update_films_by_pk", "update_films_many"} <= both.keys()
    assert {"delete_roles", "delete_roles_by_pk"} == mutations(api, "delete:roles").keys()


def test_rows_are_nested_only_where_they_may_be_inserted(api: Api) -> None:
    """And the types of what may not be done are not there at all."""
    alone = ask(api, INPUTS, "insert:films")["data"]
    names = {item["name"] for item in alone["__type"]["inputFields"]}
    assert ("roles" in names, alone["set"]) == (False, None)
    more = ask(api, INPUTS, "insert:films", "insert:roles")["data"]
    assert "roles" in {item["name"] for item in more["__type"]["inputFields"]}


def test_what_is_not_allowed_is_not_in_the_schema(api: Api) -> None:
    """So it is refused before anything is done."""
    insert = 'mutation { insert_films_one(object: {title: "X"}) { id } }'
    assert "data" not in ask(api, insert)
    assert "data" not in ask(api, insert, "update:films")
    assert "errors" not in ask(api, insert, "insert:films")


def test_policies_hold_for_writes_and_for_what_they_give_back(api: Api) -> None:
    """Rows out of reach are neither changed nor found by related rows, and hidden columns are not there."""
    rights = ("insert:films", "update:films", "delete:roles", "seen")
    update = "mutation { update_films(where: {}, _set: {year: 1}) { affected_rows returning { id } } }"
    found = ask(api, update, *rights)["data"]["update_films"]
    assert (2, [{"id": 1}, {"id": 2}]) == (found["affected_rows"], found["returning"])
    delete = 'mutation { delete_roles(where: {films: {title: {_like: "%"}}}) { affected_rows } }'
    assert 3 == ask(api, delete, *rights)["data"]["delete_roles"]["affected_rows"]
    hidden = "mutation { update_films(where: {}, _set: {data: 1}) { affected_rows } }"
    assert "data" not in ask(api, hidden, *rights)
    taken = """mutation { insert_films_one(
      object: {id: 3, title: "X"}, on_conflict: {update_columns: [title]}
    ) { id } }"""
    assert None is ask(api, taken, *rights)["data"]
