"""Row policies: a kept plan knows no value of them, so two principals never see each other's rows."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from plugins.core.tests.graphql.conftest import Api, column, serving
from plugins.core.tests.servers import url_of
from synthdb_host.catalog import ForeignKey
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
from synthdb_host.operations import CreateTable, Insert

PEOPLE = ("ada", "bob")
QUERY = """query($least: bigint) {
    notes(where: {id: {_gte: $least}}, order_by: {id: asc}) { id owner lines { text owner } }
    notes_aggregate { aggregate { count } groups(group_by: [owner]) { key { owner } } }
    lines(where: {notes: {owner: {_like: "%"}}}) { owner }
    notes_by_pk(id: 1) { owner }
}"""


class Own:
    """Lets everybody in who says a name; rows are seen by their owners, and a column by nobody called ``guest``."""

    manifest = Manifest(id="own", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_authenticators(self) -> Sequence[Authenticator]:
        async def authenticate(credentials: Credentials) -> Principal | None:
            return Principal(credentials.value, "user", {"role": "writer"})

        return [Authenticator("bearer", authenticate)]

    @hookimpl
    def synthdb_authorizers(self) -> Sequence[Authorizer]:
        async def allow(principal: Principal, action: str, resource: Resource) -> Decision:
            return Decision(Verdict.ALLOW)

        return [Authorizer("all", allow)]

    @hookimpl
    def synthdb_policies(self) -> Sequence[Policy]:
        async def restrict(principal: Principal, action: str, resource: Resource) -> RowPolicy | None:
            if resource.table not in ("notes", "lines") or principal.id == "local":
                return None
            hidden = frozenset({"secret"}) if principal.id == "guest" else frozenset()
            return RowPolicy(Comparison(ColumnRef("owner"), "eq", principal.id), hidden=hidden)

        return [Policy("own rows", restrict)]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """Notes and lines of two people, who also wrote on each other's notes."""
    with serving(url_of("sqlite", tmp_path), tmp_path, {"own": Own()}) as api:
        notes = (column("id", "integer"), column("owner", "text", not_null=True), column("secret", "text"))
        lines = (column("id", "integer"), column("owner", "text"), column("text", "text"), column("note", "integer"))
        key = ForeignKey("lines_note", ("note",), "notes", ("id",))
        api.define(CreateTable("notes", notes, key=("id",)))
        api.define(CreateTable("lines", lines, key=("id",), foreign_keys=(key,)))
        api.execute(Insert.of("notes", [{"id": n, "owner": PEOPLE[n % 2], "secret": "s"} for n in range(20)]))
        rows = [{"owner": PEOPLE[n % 3 % 2], "text": str(n), "note": n % 20} for n in range(60)]
        api.execute(Insert.of("lines", rows))
        yield api


async def ask(api: Api, person: str, query: str, **variables: Any) -> bytes:
    body = msgspec.json.encode({"query": query, "variables": variables})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {person}"}
    return (await api.client.begin("POST", "/graphql/v1/db", body=body, headers=headers)).content


def owners(value: Any) -> set[str]:
    """Collect every owner in an answer."""
    if isinstance(value, list):
        return set().union(*map(owners, value))
    if isinstance(value, dict):
        own = {value["owner"]} if value.get("owner") is not None else set()
        return own.union(*map(owners, value.values()))
    return set()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_principals_of_one_role_never_see_each_others_rows(api: Api) -> None:
    """In 1,000 requests in turn, and in many at once, that all use the same plans."""
    first = {person: api.client.run(ask(api, person, QUERY, least=0)) for person in PEOPLE}
    for person, body in first.items():
        answer = msgspec.json.decode(body)
        assert "errors" not in answer, answer
        assert {person} == owners(answer["data"])
        assert (10, 10) == (len(answer["data"]["notes"]), answer["data"]["notes_aggregate"]["aggregate"]["count"])
    for turn in range(1_000):
        person = PEOPLE[turn % 2]
        assert first[person] == api.client.run(ask(api, person, QUERY, least=0))

    async def at_once() -> list[bytes]:
        return await asyncio.gather(*[ask(api, PEOPLE[turn % 2], QUERY, least=0) for turn in range(40)])

    assert [first[PEOPLE[turn % 2]] for turn in range(40)] == api.client.run(at_once())


def test_a_column_that_is_hidden_is_not_in_the_schema(api: Api) -> None:
    """Of those from whom it is hidden; a document that others have sent is refused them."""
    query = "{ notes { id secret } }"
    assert b'"secret":"s"' in api.client.run(ask(api, "ada", query))
    refused = msgspec.json.decode(api.client.run(ask(api, "guest", query)))
    assert "Cannot query field 'secret'" in refused["errors"][0]["message"]
    assert b'"secret":"s"' in api.client.run(ask(api, "ada", query))
    assert b"secret" not in api.client.run(ask(api, "guest", "{ __schema { types { fields { name } } } }"))
