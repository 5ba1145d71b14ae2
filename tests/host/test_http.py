"""The HTTP application: routes, problems, limits, identity, common headers."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import falcon
import falcon.asgi
import falcon.testing
import pytest

from synthdb_host.contracts import ApiGenerator, HealthCheck, Route
from synthdb_host.errors import Conflict, TooLarge, Unavailable
from synthdb_host.hookspecs import hookimpl
from synthdb_host.http import build_app
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.problems import error_codes, meaning, remedy
from synthdb_host.settings import HostSettings

Client = falcon.testing.ASGIConductor
Result = falcon.testing.Result
HERE: dict[str, Any] = {"host": "127.0.0.1", "port": 8000}


class Echo:
    """Answers with what it was asked."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        caller = req.context.caller
        resp.media = {
            "principal": caller.principal.id,
            "address": req.context.credentials.client,
            "request_id": caller.request_id,
            "seconds": caller.deadline - time.monotonic(),
        }

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = await req.get_media()


class Talk:
    """Greets over a WebSocket."""

    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
        await ws.accept()
        await ws.send_text(req.context.caller.principal.id)
        await ws.receive_text()


class Failing:
    """Fails in the way that the address names."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, how: str) -> None:
        resp.text = "half an answer"
        errors: dict[str, Exception] = {
            "conflict": Conflict("Taken.", hint="Choose another.", where="line 3", data={"name": "x"}),
            "busy": Unavailable("Busy.", data={"retry_after": 7}),
            "bug": ValueError("password=hunter2"),
            "teapot": falcon.HTTPError(418, description="Short and stout."),
            "gateway": falcon.HTTPBadGateway(),
        }
        raise errors[how]


def routes(host: Host) -> Sequence[Route]:
    """The routes of the API generator below."""
    return [Route("/anything", lambda host: Echo())]


def fail() -> None:
    """Be unhealthy."""
    raise OSError("/secret/place is full")


class Probe:
    """A plugin with routes, an API and health checks."""

    manifest = Manifest(id="probe", host_api=">=1.0,<2", top_level_paths=("/api",))

    def __init__(self, checks: Sequence[HealthCheck] = ()) -> None:
        self.checks = checks

    @hookimpl
    def synthdb_routes(self) -> Sequence[Route]:
        return [
            Route("/echo", lambda host: Echo()),
            Route("/fail/{how}", lambda host: Failing()),
            Route("/talk", lambda host: Talk()),
        ]

    @hookimpl
    def synthdb_api_generators(self) -> Sequence[ApiGenerator]:
        return [ApiGenerator("probe", "/api/v1", f"{__name__}:routes")]

    @hookimpl
    def synthdb_health_checks(self) -> Sequence[HealthCheck]:
        return self.checks


def ask(
    tmp_path: Path,
    use: Callable[[Client], Awaitable[Result]],
    probe: Probe | None = None,
    **settings: Any,
) -> Result:
    """Start a worker's application, let ``use`` ask it something, and stop it."""
    host = Host.build(
        HostSettings(data=tmp_path, **settings),
        plugins={"probe": probe or Probe()},
        discover=False,
        databases={},
    )

    async def main() -> Result:
        async with Client(build_app(host), headers=None) as client:
            result = await use(client)
        return result  # noqa: RET504 - inside the block mypy takes it for one that may fall through

    return asyncio.run(main())


def get(tmp_path: Path, path: str, headers: dict[str, str] | None = None, **settings: Any) -> Result:
    """GET an address as a local program."""
    return ask(tmp_path, lambda client: client.simulate_get(path, headers=headers, **HERE), **settings)


class TestRoutes:
    def test_a_plugins_routes_lie_below_its_prefix(self, tmp_path: Path) -> None:
        """A plugin cannot take an address that is not its own."""
        assert 200 == get(tmp_path, "/x/probe/echo").status_code
        assert 404 == get(tmp_path, "/echo").status_code

    def test_an_api_generators_routes_lie_at_its_mount(self, tmp_path: Path) -> None:
        """The routes of its target are relative to the mount."""
        assert 200 == get(tmp_path, "/api/v1/anything").status_code

    def test_a_resource_knows_its_caller(self, tmp_path: Path) -> None:
        """Principal, request id and deadline come with every request."""
        answer = get(tmp_path, "/x/probe/echo", {"X-Request-Id": "my-1"}).json

        assert ("local", "my-1") == (answer["principal"], answer["request_id"])
        assert 0 < answer["seconds"] <= 30

    def test_head_is_answered_wherever_get_is(self, tmp_path: Path) -> None:
        """With the headers of GET, and no body."""
        result = ask(tmp_path, lambda client: client.simulate_head("/x/probe/echo", **HERE))

        assert (200, b"") == (result.status_code, result.content)
        assert int(result.headers["content-length"]) > 0

    def test_options_lists_the_methods(self, tmp_path: Path) -> None:
        """Allow says what may be asked."""
        result = ask(tmp_path, lambda client: client.simulate_options("/x/probe/echo", **HERE))

        assert (200, {"GET", "HEAD", "POST"}) == (
            result.status_code,
            set(result.headers["allow"].split(", ")),
        )


class TestProblems:
    def test_a_refusal_says_what_where_and_what_to_do(self, tmp_path: Path) -> None:
        """The body has the standard's fields and those of PostgREST; nothing of a half answer is left."""
        result = get(tmp_path, "/x/probe/fail/conflict", {"X-Request-Id": "abc"})

        assert (409, "application/problem+json") == (result.status_code, result.headers["content-type"])
        assert {
            "type": "/errors/conflict",
            "title": "Conflict",
            "status": 409,
            "detail": "Taken.",
            "instance": "/x/probe/fail/conflict",
            "code": "conflict",
            "message": "Taken.",
            "details": "line 3",
            "hint": "Choose another.",
            "request_id": "abc",
            "data": {"name": "x"},
        } == result.json

    def test_a_bug_tells_the_log_everything_and_the_caller_nothing(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The request id leads from the answer to the traceback."""
        result = get(tmp_path, "/x/probe/fail/bug", {"X-Request-Id": "bug-1"})

        assert (500, "internal_error") == (result.status_code, result.json["code"])
        assert "hunter2" not in result.text
        (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
        assert "bug-1" == vars(record)["facts"]["request_id"]
        assert "hunter2" in caplog.text

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("/nothing/here", 404, "not_found"),
            ("/x/probe/fail/teapot", 400, "bad_request"),
            ("/x/probe/fail/gateway", 500, "internal_error"),
            ("/x/probe/fail/busy", 503, "unavailable"),
        ],
    )
    def test_every_error_has_a_published_code(self, tmp_path: Path, path: str, status: int, code: str) -> None:
        """Errors of the framework are translated; the status is that of the code."""
        result = get(tmp_path, path)

        assert (status, code, status) == (result.status_code, result.json["code"], result.json["status"])

    def test_a_busy_server_says_when_to_come_back(self, tmp_path: Path) -> None:
        """Retry-After is in seconds."""
        assert "7" == get(tmp_path, "/x/probe/fail/busy").headers["retry-after"]

    def test_a_wrong_method_lists_the_right_ones(self, tmp_path: Path) -> None:
        """405 comes with Allow."""
        result = ask(tmp_path, lambda client: client.simulate_delete("/x/probe/echo", **HERE))

        assert (405, "method_not_allowed") == (result.status_code, result.json["code"])
        assert "POST" in result.headers["allow"]

    @pytest.mark.parametrize(
        ("body", "media_type", "status", "code"),
        [
            (b"{", "application/json", 400, "invalid_body"),
            (b"", "application/json", 400, "invalid_body"),
            (b"{}", "application/x-unknown", 415, "unsupported_media_type"),
        ],
        ids=["broken", "empty", "unknown-type"],
    )
    def test_a_body_that_cannot_be_read_is_the_callers_error(
        self, tmp_path: Path, body: bytes, media_type: str, status: int, code: str
    ) -> None:
        """Never a traceback."""
        headers = {"Content-Type": media_type}
        result = ask(
            tmp_path,
            lambda client: client.simulate_post("/x/probe/echo", body=body, headers=headers, **HERE),
        )

        assert (status, code) == (result.status_code, result.json["code"])

    @pytest.mark.parametrize("code", error_codes())
    def test_every_code_is_explained_at_the_address_that_problems_give(self, tmp_path: Path, code: str) -> None:
        """Anyone may read it, without a credential."""
        result = ask(tmp_path, lambda client: client.simulate_get(f"/errors/{code}"))

        assert 200 == result.status_code
        assert meaning(error_codes()[code]).split("\n")[0][:40] in result.text.replace("&#x27;", "'")

    @pytest.mark.parametrize("code", error_codes())
    def test_a_program_gets_the_explanation_as_data(self, tmp_path: Path, code: str) -> None:
        """The code's status, its meaning, and what to do."""
        result = get(tmp_path, f"/errors/{code}", {"Accept": "application/json"})
        cls = error_codes()[code]

        assert {
            "code": code,
            "title": cls.title,
            "status": cls.status,
            "meaning": meaning(cls),
            "remedy": remedy(cls),
        } == result.json
        assert "Accept" == result.headers["vary"]
        assert remedy(cls).endswith(".")

    def test_no_code_is_invented(self, tmp_path: Path) -> None:
        """What is not published is not found."""
        assert 404 == get(tmp_path, "/errors/nonsense").status_code


class TestLimits:
    def test_an_address_that_is_too_long_is_refused(self, tmp_path: Path) -> None:
        """Path and query count together."""
        limits = {"max_url_bytes": 100}

        assert 200 == get(tmp_path, "/x/probe/echo?" + "a" * 87, limits=limits).status_code
        result = get(tmp_path, "/x/probe/echo?" + "a" * 88, limits=limits)
        assert (414, TooLarge.code) == (result.status_code, result.json["code"])

    @pytest.mark.parametrize(("size", "status"), [(100, 200), (101, 413)])
    def test_a_body_that_says_it_is_too_large_is_refused(self, tmp_path: Path, size: int, status: int) -> None:
        """Before any of it is read."""
        body = json.dumps("a" * (size - 2)).encode()
        result = ask(
            tmp_path,
            lambda client: client.simulate_post("/x/probe/echo", body=body, **HERE),
            limits={"max_body_bytes": 100},
        )

        assert status == result.status_code


class TestIdentity:
    def test_a_page_of_another_site_gets_nothing(self, tmp_path: Path) -> None:
        """Not even the knowledge of what exists; no header allows it to read the answer."""
        for path in ("/", "/x/probe/echo", "/nothing/here"):
            result = get(tmp_path, path, {"Origin": "http://evil.example"})
            assert (403, "untrusted_origin") == (result.status_code, result.json["code"])
            assert not [name for name in result.headers if name.startswith("access-control-")]

    def test_a_missing_token_is_asked_for(self, tmp_path: Path) -> None:
        """401 says which scheme is wanted."""
        result = ask(
            tmp_path,
            lambda client: client.simulate_get("/x/probe/echo", host="example.com"),
            admin_token="secret",
        )

        assert (401, "unauthenticated") == (result.status_code, result.json["code"])
        assert 'Bearer realm="SynthDB"' == result.headers["www-authenticate"]

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_token_opens_the_door(self, tmp_path: Path, scheme: str) -> None:
        """The scheme's name is not case-sensitive."""
        headers = {"Authorization": f"{scheme} secret"}
        result = ask(
            tmp_path,
            lambda client: client.simulate_get("/x/probe/echo", headers=headers, host="example.com"),
            admin_token="secret",
        )

        assert "admin" == result.json["principal"]

    def test_no_header_says_which_address_a_caller_has(self, tmp_path: Path) -> None:
        """Whoever names himself as a proxy before another address is not taken for it."""
        headers = {"Authorization": "Bearer secret", "X-Forwarded-For": "192.0.2.7, 10.0.0.1"}
        result = ask(
            tmp_path,
            lambda client: client.simulate_get("/x/probe/echo", headers=headers, remote_addr="192.0.2.7"),
            admin_token="secret",
        )

        assert "192.0.2.7" == result.json["address"]

    def test_a_websocket_is_opened_only_for_whom_requests_are_answered(self, tmp_path: Path) -> None:
        """A page of another site cannot talk where it cannot read."""

        async def talk(client: Client, headers: dict[str, str]) -> str:
            async with client.simulate_ws("/x/probe/talk", headers=headers, **HERE) as socket:
                heard = await socket.receive_text()
                await socket.send_text("goodbye")
            return heard

        async def both(client: Client) -> Result:
            assert "local" == await talk(client, {})
            with pytest.raises(falcon.WebSocketDisconnected) as refused:
                await talk(client, {"Origin": "http://evil.example"})
            assert 3403 == refused.value.code
            return await client.simulate_get("/healthz/live")

        ask(tmp_path, both)


class TestCommonHeaders:
    @pytest.mark.parametrize("path", ["/", "/x/probe/echo", "/x/probe/fail/bug", "/nothing", "/healthz/live"])
    def test_every_answer_carries_them(self, tmp_path: Path, path: str) -> None:
        """Browsers neither guess types nor let other sites embed answers."""
        headers = get(tmp_path, path).headers

        assert ("nosniff", "same-origin") == (
            headers["x-content-type-options"],
            headers["cross-origin-resource-policy"],
        )

    @pytest.mark.parametrize("given", ["a", "A-b_c.9", "x" * 64])
    def test_a_callers_request_id_is_kept(self, tmp_path: Path, given: str) -> None:
        """It comes back, so that both sides' logs can be matched."""
        assert given == get(tmp_path, "/healthz/live", {"X-Request-Id": given}).headers["x-request-id"]

    @pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\x1bb", "<script>"])
    def test_an_unsafe_request_id_is_replaced(self, tmp_path: Path, given: str) -> None:
        """What goes to logs and headers is harmless."""
        assert given != get(tmp_path, "/healthz/live", {"X-Request-Id": given}).headers["x-request-id"]

    def test_generated_request_ids_differ(self, tmp_path: Path) -> None:
        """Within a worker and across workers."""
        ids = {get(tmp_path, "/healthz/live").headers["x-request-id"] for _ in range(3)}

        assert 3 == len(ids)


class TestHealth:
    def test_a_live_worker_says_so_to_anyone(self, tmp_path: Path) -> None:
        """Load balancers have no token and another host name."""
        result = ask(tmp_path, lambda client: client.simulate_get("/healthz/live"), admin_token="secret")

        assert (200, {"status": "ok"}) == (result.status_code, result.json)

    @pytest.mark.parametrize(
        ("checks", "status"),
        [
            ([], 200),
            ([HealthCheck("a", lambda: None)], 200),
            ([HealthCheck("a", lambda: None), HealthCheck("b", fail, critical=False)], 200),
            ([HealthCheck("a", lambda: None), HealthCheck("b", fail)], 503),
        ],
        ids=["none", "good", "minor-failure", "critical-failure"],
    )
    def test_only_a_critical_check_makes_a_worker_unready(
        self, tmp_path: Path, checks: list[HealthCheck], status: int
    ) -> None:
        """All checks are shown with their result; the reason stays in the log."""
        result = ask(tmp_path, lambda client: client.simulate_get("/healthz/ready"), Probe(checks))

        assert status == result.status_code
        assert [(check.name, check.critical) for check in checks] == [
            (shown["name"], shown["critical"]) for shown in result.json["checks"]
        ]
        assert ["failed" if check.run is fail else "ok" for check in checks] == [
            shown["status"] for shown in result.json["checks"]
        ]
        assert "secret" not in result.text
