"""Pages of other origins: what a browser is told that they may do."""

import asyncio
from pathlib import Path
from typing import Any, Final

import falcon.testing
import pytest

from synthdb_host.access import LOCAL, Access
from synthdb_host.contracts import Credentials
from synthdb_host.cors import ORIGIN
from synthdb_host.errors import ConfigurationError, UntrustedOrigin
from synthdb_host.http import build_app
from synthdb_host.manager import Host
from synthdb_host.settings import HostSettings
from tests.host.test_http import Probe

APP: Final = "https://app.example.com"
OTHER: Final = "https://evil.example.com"
TOKEN: Final = {"Authorization": "Bearer secret"}
PREFLIGHT: Final = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "prefer,if-match"}
SERVED: Final[dict[str, Any]] = {"host": "db.example.com", "port": 80}


def ask(folder: Path, method: str, path: str, headers: dict[str, str], **cors: Any) -> falcon.testing.Result:
    """Ask a server that has a token and is not local."""
    settings = HostSettings.model_validate({"data": folder, "admin_token": "secret", "cors": cors})
    host = Host.build(settings, plugins={"probe": Probe()}, discover=False, databases={})

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
    [("/x/probe/echo", {}, 401), ("/nothing", TOKEN, 404), ("/x/probe/fail/conflict", TOKEN, 409),
     ("/x/probe/fail/bug", TOKEN, 500)],
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


@pytest.mark.parametrize(
    "cors",
    [{"origins": ["https://app.example.com/"]}, {"origins": ["app.example.com"]}, {"origins": ["null"]},
     {"origins": ["https://*.example.com"]}, {"origins": ["HTTPS://app.example.com"]}, {"origins": ["*", APP]},
     {"origins": ["*"], "credentials": True}],
    ids=str,
)  # fmt: skip
def test_what_no_browser_would_ever_match_is_refused_at_the_start(cors: dict[str, Any]) -> None:
    """An origin is written as browsers write it; everybody is not trusted with credentials."""
    with pytest.raises(ConfigurationError, match="origin"):
        HostSettings.load(cors=cors)


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://[::1]:1", "https://a-b.example", "app://x.y"])
def test_origins_are_scheme_host_and_port(origin: str) -> None:
    """As a browser writes them."""
    assert ORIGIN.fullmatch(origin)


class TestOpenAccess:
    @staticmethod
    def _from(origin: str) -> Credentials:
        headers = {"host": "127.0.0.1:8000", "origin": origin, "sec-fetch-site": "cross-site"}
        return Credentials("none", "", headers, "127.0.0.1", bound_to_loopback=True)

    def test_a_named_origin_of_this_machine_comes_in_as_own_pages_do(self) -> None:
        """So a page that is being developed reaches the server without a token."""
        access = Access(origins=["http://localhost:5173"])

        assert LOCAL == access.authenticate(self._from("http://localhost:5173"))
        with pytest.raises(UntrustedOrigin):
            access.authenticate(self._from("http://localhost:5174"))

    @pytest.mark.parametrize("allowed", ["*", APP, "http://localhost.example.com"])
    def test_no_other_origin_does(self, allowed: str) -> None:
        """That its pages may read answers does not make it local."""
        origin = OTHER if allowed == "*" else allowed
        with pytest.raises(UntrustedOrigin):
            Access(origins=[allowed]).authenticate(self._from(origin))
