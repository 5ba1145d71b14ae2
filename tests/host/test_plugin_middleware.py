"""The middleware of plugins: where it stands, what it may do, and what its failures do."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Self

import falcon
import falcon.asgi
import falcon.testing
import pytest

from synthdb_host.contracts import Middleware, Route
from synthdb_host.errors import Conflict, StartupError, TooManyRequests
from synthdb_host.hookspecs import hookimpl
from synthdb_host.http import build_app
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.plugin_middleware import PluginMiddleware
from synthdb_host.testing.hosting import build_host

HERE: Final[dict[str, Any]] = {"host": "127.0.0.1", "port": 8000}
AFTER: Final = "after_authentication"
BEFORE: Final = "before_authentication"


class Notes:
    """A middleware that writes down what it sees, and answers or fails where it is told to."""

    def __init__(self, seen: list[str], name: str, *, error: Exception | None = None, late: bool = False) -> None:
        self.seen, self.name, self.error, self.late = seen, name, error, late

    async def process_request(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        caller = getattr(req.context, "caller", None)
        self.seen.append(f"{self.name} {caller.principal.id if caller else 'nobody'}")
        if self.error is not None and not self.late:
            raise self.error

    async def process_response(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, req_succeeded: bool,  # noqa: FBT001 - the signature is Falcon's
    ) -> None:  # fmt: skip
        self.seen.append(f"/{self.name}")
        if self.error is not None and self.late:
            resp.set_header("Content-Encoding", "gzip")
            raise self.error


class Body:
    """A stream that knows whether it was closed."""

    closed = 0

    def __init__(self) -> None:
        self.pieces = iter([b"one"])

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        for piece in self.pieces:
            return piece
        raise StopAsyncIteration

    async def close(self) -> None:
        self.closed += 1


class Page:
    def __init__(self, seen: list[str], body: Body) -> None:
        self.seen, self.body = seen, body

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self.seen.append("page")
        resp.stream = self.body


class Plugin:
    """A plugin with middleware."""

    def __init__(self, id_: str, *records: Middleware, route: object = None, after: tuple[str, ...] = ()) -> None:
        self.manifest = Manifest(id=id_, host_api=">=1.0,<2", after=after)
        self.records, self.route = records, route

    @hookimpl
    def synthdb_middleware(self) -> Sequence[Middleware]:
        return self.records

    @hookimpl
    def synthdb_routes(self) -> Sequence[Route]:
        return [Route("/page", lambda host: self.route)] if self.route else []


def build(folder: Path, *plugins: Plugin) -> Host:
    return build_host(folder, {one.manifest.id: one for one in plugins}, databases={})


def ask(folder: Path, *plugins: Plugin, path: str = "/healthz/live") -> falcon.testing.Result:
    """Ask a server with these plugins."""
    return falcon.testing.TestClient(build_app(build(folder, *plugins))).simulate_get(path, **HERE)


def noting(seen: list[str], name: str, place: Any = AFTER, **how: Any) -> Middleware:
    return Middleware(name, lambda host: Notes(seen, name, **how), place)


def test_middleware_stands_before_or_after_authentication_in_plugin_order(tmp_path: Path) -> None:
    """Requests pass it in that order, and answers the other way round; a manifest's ``after`` changes it."""
    seen: list[str] = []
    first = Plugin("a", noting(seen, "a1", AFTER), noting(seen, "a2", BEFORE), after=("b",))
    second = Plugin("b", noting(seen, "b1", BEFORE), noting(seen, "b2", AFTER), route=Page(seen, Body()))

    assert 200 == ask(tmp_path, first, second, path="/x/b/page").status_code
    assert ["b1 nobody", "a2 nobody", "b2 local", "a1 local", "page", "/a1", "/b2", "/a2", "/b1"] == seen


def test_answers_to_those_who_were_refused_pass_it_too(tmp_path: Path) -> None:
    """Each phase stands for itself."""
    seen: list[str] = []
    app = build_app(build(tmp_path, Plugin("a", noting(seen, "out", BEFORE), noting(seen, "in", AFTER))))

    assert 403 == falcon.testing.TestClient(app).simulate_get("/", host="example.com").status_code
    assert ["out nobody", "/in", "/out"] == seen


def test_one_that_has_nothing_to_do_is_not_there(tmp_path: Path) -> None:
    """Then the application is made as if the plugin were not there."""
    idle = build(tmp_path, Plugin("a", Middleware("idle", lambda host: None)))

    assert {"before_authentication": [], "after_authentication": []} == PluginMiddleware(idle).places


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(TooManyRequests("Slowly.", data={"retry_after": 9}), 429, "too_many_requests"),
     (falcon.HTTPTooManyRequests(retry_after=9), 429, "too_many_requests"),
     (falcon.HTTPStatus(falcon.HTTP_204), 204, None)],
    ids=["an error of the host", "an error of Falcon", "an answer"],
)  # fmt: skip
@pytest.mark.parametrize("place", [BEFORE, AFTER])
def test_it_may_refuse(tmp_path: Path, place: str, error: Exception, status: int, code: str | None) -> None:
    """What it raises on purpose is the answer, with its headers."""
    seen: list[str] = []
    result = ask(tmp_path, Plugin("a", noting(seen, "guard", place, error=error)))

    assert status == result.status_code
    assert code is None or code == result.json["code"]
    assert ("9" if status == 429 else None) == result.headers.get("retry-after")


@pytest.mark.parametrize("late", [False, True], ids=["on the way in", "on the way out"])
def test_a_failure_is_told_of_its_plugin_and_never_of_its_inside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, late: bool
) -> None:
    """Nothing of what was prepared is sent, whatever it was; the log has the plugin, the cause and the request."""
    seen: list[str] = []
    body = Body()
    broken = noting(seen, "guard", error=ZeroDivisionError("inside"), late=late)
    with caplog.at_level(logging.ERROR):
        result = ask(tmp_path, Plugin("a", broken, route=Page(seen, body)), path="/x/a/page")

    assert (503, "unavailable", "1") == (result.status_code, result.json["code"], result.headers["retry-after"])
    assert "inside" not in result.text
    assert "content-encoding" not in result.headers
    assert int(late) == body.closed == seen.count("page")
    (record,) = [one for one in caplog.records if one.exc_info]
    assert "plugin a, middleware 'guard' failed" == record.getMessage()
    assert result.json["request_id"] == record.facts["request_id"]  # type: ignore[attr-defined] # ours


def test_a_websocket_passes_it_too(tmp_path: Path) -> None:
    """Both phases of one, and a failure closes it."""

    class Door:
        def __init__(self, error: Exception | None) -> None:
            self.error = error

        async def process_request_ws(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
            if self.error is not None:
                raise self.error

    class Talk:
        async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket) -> None:
            await ws.accept()
            await ws.close(4000)

    async def code(error: Exception | None) -> int:
        plugin = Plugin("a", Middleware("door", lambda host: Door(error)), route=Talk())
        conductor = falcon.testing.ASGIConductor(build_app(build(tmp_path, plugin)))
        with pytest.raises(falcon.WebSocketDisconnected) as caught:
            async with conductor as client, client.simulate_ws("/x/a/page", **HERE) as ws:
                await ws.receive_text()
        assert isinstance(caught.value.code, int)
        return caught.value.code

    assert [4000, 3503, 3409] == [asyncio.run(code(one)) for one in (None, KeyError("x"), Conflict("No."))]


def test_two_of_one_name_cannot_be(tmp_path: Path) -> None:
    """The report names both plugins."""
    text = "plugin b, synthdb_middleware: name 'zip' is already taken by plugin a -> disable one of the two"
    with pytest.raises(StartupError, match=text):
        build(tmp_path, Plugin("a", noting([], "zip")), Plugin("b", noting([], "zip")))


class Sync:
    def process_request(self, req: object, resp: object) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    ("make", "complaint"),
    [(lambda host: 1 / 0, "ZeroDivisionError"), (lambda host: object(), "made a object, which has no phases"),
     (lambda host: Sync(), "made a Sync, which has no phases, or some that are not async")],
    ids=["fails", "is none", "is not async"],
)  # fmt: skip
def test_what_cannot_be_made_stops_the_start(tmp_path: Path, make: Callable[[Any], object], complaint: str) -> None:
    """With the name of every plugin that is concerned."""
    host = build(tmp_path, Plugin("a", Middleware("x", make)), Plugin("b", Middleware("y", make)))
    with pytest.raises(StartupError) as caught:
        build_app(host)

    assert 2 == len(caught.value.problems)
    assert f"plugin a, middleware 'x': {'' if 'Zero' in complaint else 'TypeError: '}{complaint}" in str(caught.value)
