"""Pages of other origins: what a browser is told that they may do."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import falcon.asgi
import falcon.testing
import pytest

from synthdb.cors.plugin import CorsPlugin
from synthdb_host.contracts import Route
from synthdb_host.errors import Conflict, StartupError
from synthdb_host.hookspecs import hookimpl
from synthdb_host.http import build_app
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.settings import HostSettings
from synthdb_host.testing.hosting import build_host

APP: Final = "https://app.example.com"
OTHER: Final = "https://evil.example.com"
TOKEN: Final = {"Authorization": "Bearer secret"}
PREFLIGHT: Final = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "prefer,if-match"}
SERVED: Final[dict[str, Any]] = {"host": "db.example.com", "port": 80}


class Echo:
    """Answers, or fails as its address says."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, how: str) -> None:
        if how != "echo":
            raise Conflict("Refused.") if how == "conflict" else RuntimeError("a bug")
        resp.media = {}


class Probe:
    """A plugin with an address."""

    manifest = Manifest(id="probe", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_routes(self) -> Sequence[Route]:
        return [Route("/{how}", lambda host: Echo())]


def ask(
    folder: Path, method: str, path: str, headers: dict[str, str], origins: Sequence[str] = (), **cors: Any
) -> falcon.testing.Result:
    """Ask a server that has a token and is not local."""
    given = {"data": folder, "admin_token": "secret", "trusted_origins": origins, "plugins": {"cors": cors}}
    plugins = {"probe": Probe(), "cors": CorsPlugin()}
    host = Host.build(HostSettings.model_validate(given), plugins=plugins, discover=False, databases={})

    async def main() -> falcon.testing.Result:
        async with falcon.testing.ASGIConductor(build_app(host, bound_to_loopback=False)) as client:
            found: falcon.testing.Result = await client.simulate_request(method, path, headers=headers, **SERVED)
        return found

    return asyncio.run(main())


def listed(result: falcon.testing.Result, name: str) -> set[str]:
    """The items of a header, in lower case."""
    return {item.strip().lower() for item in result.headers.get(name, "").split(",") if item}


def allows(result: falcon.testing.Result) -> list[str]:
    """The headers that allow or expose something."""
    return [name for name in result.headers if name.startswith("access-control-")]


def test_a_preflight_of_an_allowed_origin_needs_no_credentials(tmp_path: Path) -> None:
    """Browsers send none with it; the answer says what may be sent, and is the same wherever it is asked."""
    for path in ("/x/probe/echo", "/nothing/here"):
        result = ask(tmp_path, "OPTIONS", path, {"Origin": APP, **PREFLIGHT}, origins=[APP], max_age_seconds=60)

        assert (204, b"") == (result.status_code, result.content)
        assert APP == result.headers["access-control-allow-origin"]
        assert {"get", "query", "patch", "delete"} <= listed(result, "access-control-allow-methods")
        wanted = {"authorization", "apikey", "prefer", "range", "if-match", "if-none-match", "idempotency-key"}
        assert wanted <= listed(result, "access-control-allow-headers")
        assert "60" == result.headers["access-control-max-age"]
        assert "access-control-allow-credentials" not in result.headers
        assert {"origin", "access-control-request-method"} <= listed(result, "vary")
        assert {"x-request-id", "x-content-type-options"} <= set(result.headers)


@pytest.mark.parametrize("cors", [{}, {"origins": [APP]}], ids=["no origin is allowed", "another one is"])
def test_a_preflight_of_another_origin_is_told_nothing(tmp_path: Path, cors: dict[str, Any]) -> None:
    """It is a request like any other, and without credentials refused."""
    result = ask(tmp_path, "OPTIONS", "/x/probe/echo", {"Origin": OTHER, **PREFLIGHT}, **cors)

    assert (401, []) == (result.status_code, allows(result))
    assert bool(cors) is ("origin" in listed(result, "vary"))


def test_an_answer_may_be_read_by_an_allowed_origin(tmp_path: Path) -> None:
    """With the headers that its programs need."""
    result = ask(tmp_path, "GET", "/x/probe/echo", {"Origin": APP, **TOKEN}, origins=[APP])

    assert (200, APP) == (result.status_code, result.headers["access-control-allow-origin"])
    wanted = {"etag", "content-range", "link", "location", "preference-applied", "retry-after", "allow", "accept-query"}
    assert wanted <= listed(result, "access-control-expose-headers")
    assert {"origin"} == listed(result, "vary")


def test_an_answer_to_another_origin_may_not_be_read(tmp_path: Path) -> None:
    """It is the same, but for the headers; caches are told that it depends on the origin."""
    for headers in ({"Origin": OTHER}, {"Origin": "null"}, {"Origin": APP + "/"}, {}):
        result = ask(tmp_path, "GET", "/x/probe/echo", headers | TOKEN, origins=[APP])

        assert (200, []) == (result.status_code, allows(result))
        assert {"origin"} == listed(result, "vary")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [("/x/probe/echo", {}, 401), ("/nothing", TOKEN, 404), ("/x/probe/conflict", TOKEN, 409),
     ("/x/probe/bug", TOKEN, 500)],
    ids=["not known", "no such address", "refused", "failed"],
)  # fmt: skip
def test_an_allowed_origin_may_read_problems_too(
    tmp_path: Path, path: str, headers: dict[str, str], status: int
) -> None:
    """Otherwise its programs would only learn that something went wrong."""
    result = ask(tmp_path, "GET", path, {"Origin": APP, **headers}, origins=[APP])

    assert (status, APP) == (result.status_code, result.headers["access-control-allow-origin"])


def test_everybody_may_be_allowed(tmp_path: Path) -> None:
    """Then answers do not depend on the origin, and no browser sends credentials of its own."""
    result = ask(tmp_path, "GET", "/x/probe/echo", {"Origin": OTHER, **TOKEN}, origins=["*"])

    assert ("*", set()) == (result.headers["access-control-allow-origin"], listed(result, "vary"))


def test_credentials_of_a_browser_are_sent_only_where_the_operator_says_so(tmp_path: Path) -> None:
    """Both the permission and the answer say it."""
    for method, headers in (("GET", TOKEN), ("OPTIONS", PREFLIGHT)):
        result = ask(tmp_path, method, "/x/probe/echo", {"Origin": APP, **headers}, origins=[APP], credentials=True)

        assert "true" == result.headers["access-control-allow-credentials"]


def test_without_allowed_origins_nothing_is_said(tmp_path: Path) -> None:
    """This is the default."""
    result = ask(tmp_path, "GET", "/x/probe/echo", {"Origin": APP, **TOKEN})

    assert ([], set()) == (allows(result), listed(result, "vary"))


def test_everybody_is_not_trusted_with_credentials(tmp_path: Path) -> None:
    """No browser would do it."""
    with pytest.raises(StartupError, match=r"plugin cors, synthdb_startup: plugins\.cors\.credentials"):
        ask(tmp_path, "GET", "/x/probe/echo", {}, origins=["*"], credentials=True)


def test_without_the_plugin_no_page_may_read(tmp_path: Path) -> None:
    """Whatever origins are trusted: a browser is told nothing."""
    host = build_host(tmp_path, {"probe": Probe()}, databases={}, trusted_origins=[APP])
    local = {"host": "127.0.0.1", "port": 8000}
    client = falcon.testing.TestClient(build_app(host))
    for method, headers in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        result = client.simulate_request(method, "/x/probe/echo", headers={"Origin": APP, **headers}, **local)

        assert [] == allows(result)
