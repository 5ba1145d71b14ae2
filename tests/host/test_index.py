"""The page at ``/``: what lives on this server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import falcon.testing
import pytest
from synthdb_memory.plugin import plugin as memory

from synthdb_host.access import LOCAL
from synthdb_host.contracts import ApiGenerator, Context, Route
from synthdb_host.hookspecs import hookimpl
from synthdb_host.http import build_app
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import Define, Insert, RequirePlugin
from synthdb_host.settings import HostSettings

Result = falcon.testing.Result


def routes(host: Host) -> Sequence[Route]:
    """An API without routes of its own."""
    return []


def links(database: str, table: str) -> Mapping[str, str]:
    """Where the API would serve a table."""
    return {"JSON": f"/api/{quote(database)}/{quote(table)}"}


class Api:
    """A plugin whose API links every table."""

    manifest = Manifest(id="api", host_api=">=1.0,<2", top_level_paths=("/api",))

    @hookimpl
    def synthdb_api_generators(self) -> Sequence[ApiGenerator]:
        return [ApiGenerator("api", "/api", f"{__name__}:routes", links)]


def show(
    tmp_path: Path,
    fill: Callable[[Host], Awaitable[None]],
    *,
    accept: str = "text/html",
    databases: Sequence[str] = ("shop",),
) -> Result:
    """Fill databases, then look at the page."""
    host = Host.build(
        HostSettings(data=tmp_path),
        plugins={"memory": memory, "api": Api()},
        discover=False,
        databases={name: f"memory://{name}" for name in databases},
    )

    async def main() -> Result:
        async with falcon.testing.ASGIConductor(build_app(host)) as client:
            await fill(host)
            result = await client.simulate_get("/", headers={"Accept": accept}, host="localhost", port=8000)
        return result  # noqa: RET504 - inside the block mypy takes it for one that may fall through

    return asyncio.run(main())


async def nothing(host: Host) -> None:
    """Leave the databases empty."""


async def items(host: Host) -> None:
    """Write a table of three rows."""
    rows = [{"name": "a", "price": 1}, {"name": "b", "price": 2}, {"name": "c", "price": 3}]
    await host.gate.execute("shop", Insert.of("items", rows), Context(LOCAL))


def test_a_program_gets_the_page_as_data(tmp_path: Path) -> None:
    """Databases with tables, rows and addresses, and the plugins with their versions."""
    page = show(tmp_path, items, accept="application/json").json

    (database,) = page["databases"]
    (table,) = database["tables"]
    assert ("shop", None) == (database["name"], database["error"])
    assert ("items", 3, {"JSON": "/api/shop/items"}) == (table["name"], table["rows"], table["links"])
    assert {"api", "memory"} == {plugin["id"] for plugin in page["plugins"]}


@pytest.mark.parametrize("accept", ["text/html", "*/*", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"])
def test_a_person_gets_a_page_that_loads_nothing_else(tmp_path: Path, accept: str) -> None:
    """No script, no foreign asset; the policy in the header allows none."""
    result = show(tmp_path, items, accept=accept)

    assert "text/html; charset=utf-8" == result.headers["content-type"]
    assert "default-src 'none'" in result.headers["content-security-policy"]
    assert "Accept" == result.headers["vary"]
    assert '<a href="/api/shop/items">JSON</a>' in result.text
    assert '<td class="number">3</td>' in result.text
    assert [] == [part for part in ("<script", "src=", "http://", "https://", "@import") if part in result.text]


def test_names_from_data_cannot_become_markup(tmp_path: Path) -> None:
    """A table may be called anything; the page shows it as text."""
    name = "<img src=x onerror=alert(1)>&\"'"

    async def fill(host: Host) -> None:
        await host.gate.execute("shop", Insert.of(name, [{"a": 1}]), Context(LOCAL))

    page = show(tmp_path, fill).text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;&amp;&quot;&#x27;" in page


def test_an_empty_server_says_what_to_do(tmp_path: Path) -> None:
    """Neither an empty database nor an empty server is an error."""
    assert "No tables yet" in show(tmp_path, nothing).text
    assert "There is no database yet" in show(tmp_path, nothing, databases=()).text


def test_a_database_that_cannot_be_shown_does_not_hide_the_others(tmp_path: Path) -> None:
    """It is listed with the reason."""

    async def fill(host: Host) -> None:
        await host.gate.execute("shop", Define((RequirePlugin("vault"),)), Context(LOCAL))

    page = show(tmp_path, fill, accept="application/json", databases=("shop", "other")).json

    assert [("other", False), ("shop", True)] == [
        (database["name"], "vault" in (database["error"] or "")) for database in page["databases"]
    ]
