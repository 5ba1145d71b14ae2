"""Tenants through every interface: each sees its own databases, and of others not even that they are there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from falcon.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthdb.plugin import plugin as core
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context
from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.jobs import Attempt
from synthdb_host.manager import Host
from synthdb_host.operations import Insert
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import TenantSettings
from synthdb_host.stepping import run
from synthdb_host.tenants import Tenants
from synthdb_host.testing.hosting import ApiClient, build_host

TOKEN = {"Authorization": "Bearer secret"}
SECRET = "only globex knows this"


class Site:
    """A client of a host with two tenants, each with a database ``main``; globex has another one, ``private``."""

    def __init__(self, folder: Path) -> None:
        tenants = Tenants(Directory(Control(folder / "data")))
        host: Host = build_host(
            folder / "data", {"core": core()}, admin_token="secret", tenants=TenantSettings(domain="db.test")
        )
        host.start_worker(EmbeddedScheduler())
        for name, rows in (
            ("acme/main", [{"name": "Ann"}]),
            ("globex/main", [{"label": SECRET, "size": 1}]),
            ("globex/private", [{"label": SECRET}]),
        ):
            tenant = name.partition("/")[0]
            if not tenants.list(tenant):
                tenants.create(tenant)
            host.databases.create(name)
            run(host.gate.execute(name, Insert.of("items", rows), Context(PROCESS)))
        host.stop_worker()
        self.client = ApiClient(host)

    def ask(self, tenant: str, path: str, method: str = "GET", **options: Any) -> Result:
        """Send a request for a tenant."""
        host = f"{tenant}.db.test" if tenant else "localhost"
        return self.client.request(method, path, host=host, headers={**TOKEN, "Accept": "*/*"}, **options)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site of these tests, which change nothing in it."""
    found = Site(tmp_path_factory.mktemp("site"))
    yield found
    found.client.close()


def test_two_tenants_have_databases_of_one_name(site: Site) -> None:
    """Whatever is kept of schemas and requests is of one of them, in either order."""
    for _ in range(2):
        assert [{"id": 1, "name": "Ann"}] == site.ask("acme", "/rest/v1/main/items").json
        assert [{"id": 1, "label": SECRET, "size": 1}] == site.ask("globex", "/rest/v1/main/items").json


def test_graphql_and_openapi_describe_the_tenants_own(site: Site) -> None:
    """Though both databases are called the same, and are as old."""
    texts = {
        (tenant, path): site.ask(tenant, path).text
        for _ in range(2)
        for tenant in ("acme", "globex")
        for path in ("/graphql/v1/main/schema.graphql", "/openapi/v1/main.json")
    }
    assert {path: "label" in text for path, text in texts.items()} == {path: path[0] == "globex" for path in texts}


ADDRESSES = [
    "/rest/v1/{db}",
    "/rest/v1/{db}/items",
    "/rest/v1/{db}/items/1",
    "/rest/v1/{db}/rpc/x",
    "/meta/v1/{db}/tables",
    "/meta/v1/{db}/commits",
    "/meta/v1/{db}/webhooks",
    "/meta/v1/{db}/changes",
    "/openapi/v1/{db}",
    "/openapi/v1/{db}.json",
    "/graphql/v1/{db}/schema.graphql",
    "/realtime/v1/{db}/changes",
]


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize(
    "name", ["private", "globex%2Fprivate", "globex/private", "..%2Fglobex%2Fprivate", "%2A%2Fmain"]
)
@pytest.mark.parametrize("tenant", ["acme", "nobody", ""])
def test_anothers_database_is_as_one_that_is_not_there(site: Site, address: str, name: str, tenant: str) -> None:
    """The answer is the same, but for the name that was asked for, and tells nothing."""
    there = site.ask(tenant, address.format(db=name))
    absent = site.ask(tenant, address.format(db=name.replace("private", "privatx")))

    assert 404 == there.status_code == absent.status_code
    assert SECRET not in there.text
    told, other = there.json, absent.json
    for facts in (told, other):
        del facts["request_id"]
    assert told == _renamed(other)


def _renamed(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.replace("privatx", "private") if isinstance(value, str) else value for key, value in facts.items()
    }


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.sampled_from(["globex", "private", "main", "%2F", "/", "..", ".", "@", "*", "%00", "%25", "acme"]),
        max_size=6,
    ),
    st.sampled_from(["/rest/v1/", "/meta/v1/", "/graphql/v1/", "/openapi/v1/", "/realtime/v1/"]),
)
def test_no_address_leads_to_another_tenants_data(site: Site, parts: list[str], mount: str) -> None:
    """However it is put together."""
    answer = site.ask("acme", mount + "".join(parts) + "/items")

    assert answer.status_code < 500
    assert SECRET not in answer.text


def test_jobs_reach_the_databases_of_all_tenants(site: Site) -> None:
    """By their full names, for they act for the host."""
    host = site.client.host
    task = host.contributions.tasks["core.expire"].record
    found = task.run(Attempt(host, task.name, {}, run=site.client.run))

    assert {"acme/main": [], "globex/main": [], "globex/private": []} == found
