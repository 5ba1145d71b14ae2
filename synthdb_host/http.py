"""The Falcon application, put together from what the plugins contribute."""

import logging
from collections.abc import Callable
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import falcon
import falcon.asgi
from falcon.routing import CompiledRouter

from synthdb_host.contributions import prefix
from synthdb_host.errors import NotFound, RequestError, Unavailable
from synthdb_host.health import Live, Ready
from synthdb_host.index import Index
from synthdb_host.manager import Host
from synthdb_host.middleware import AuthenticationMiddleware, LimitedRequest, RequestMiddleware, WorkerMiddleware
from synthdb_host.pages import Pages
from synthdb_host.plugin_middleware import PluginMiddleware
from synthdb_host.problems import PROBLEM_TYPE, encode, error_codes, meaning, remedy, translate
from synthdb_host.targets import load_target

if TYPE_CHECKING:
    from synthdb_host.job_worker import JobWorker

__all__ = ["App", "build_app"]

App = falcon.asgi.App[LimitedRequest, falcon.asgi.Response]

_log = logging.getLogger(__name__)

_WEBSOCKET_CODES: Final = 3000
"""What Falcon adds to an HTTP status to make it a WebSocket close code."""


def build_app(
    host: Host,
    *,
    bound_to_loopback: bool = True,
    started: Callable[[], None] | None = None,
    jobs: "JobWorker | None" = None,
) -> App:
    """Build the ASGI application of a host.

    Args:
        host: the plugins and their contributions.
        bound_to_loopback: whether the server listens on a loopback address only.
        started: called when a worker is ready to answer.
        jobs: does background work as long as the application is served.

    Raises:
        AttributeError, ImportError: an API generator's routes cannot be imported.
        StartupError: a plugin's middleware cannot be made.
    """
    contributed = PluginMiddleware(host)
    middleware: list[Any] = [
        WorkerMiddleware(host, started, jobs),
        RequestMiddleware(host),
        *contributed.places["before_authentication"],
        AuthenticationMiddleware(host, bound_to_loopback=bound_to_loopback),
        *contributed.places["after_authentication"],
    ]
    app = falcon.asgi.App(
        request_type=LimitedRequest.limited_to(host.settings.limits.max_body_bytes),
        router=_Router(),
        middleware=middleware,
    )
    answer_error = _ErrorAnswer(contributed).give
    app.add_error_handler(Exception, answer_error)
    app.add_error_handler(falcon.HTTPError, answer_error)
    pages = Pages()
    app.add_route("/", Index(host, pages))
    app.add_route("/errors/{code}", _ErrorPage(pages))
    app.add_route("/healthz/live", Live())
    app.add_route("/healthz/ready", Ready(host))
    _add_contributed(app, host)
    return app


def _add_contributed(app: App, host: Host) -> None:
    for generator in host.contributions.api_generators:
        for route in load_target(generator.record.routes)(host):
            app.add_route(generator.record.mount + route.path, route.resource(host))
    for contribution in host.contributions.routes:
        app.add_route(prefix(contribution.plugin) + contribution.record.path, contribution.record.resource(host))


class _Router(CompiledRouter):
    """Answers HEAD wherever GET is answered."""

    def map_http_methods(self, resource: object, **kwargs: Any) -> Any:  # noqa: ANN401 - Falcon's own types
        methods: Any = super().map_http_methods(resource, **kwargs)
        if "GET" in methods:
            methods.setdefault("HEAD", methods["GET"])
        return methods


class _ErrorPage:
    """What an error code means, at the address that every problem's ``type`` gives."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, code: str) -> None:
        """Explain a code."""
        cls = error_codes().get(code)
        if cls is None:
            raise NotFound("There is no such error code.")
        resp.set_header("Vary", "Accept")
        facts = {"code": code, "title": cls.title, "status": cls.status, "meaning": meaning(cls), "remedy": remedy(cls)}
        if req.client_prefers(("text/html", falcon.MEDIA_JSON)) == falcon.MEDIA_JSON:
            resp.media = facts
            return
        content = f"<p><code>{escape(code)}</code></p><p>{escape(meaning(cls))}</p><p>{escape(remedy(cls))}</p>"
        resp.data = self._pages.render(f"{cls.title} ({cls.status})", content)
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", self._pages.policy)


class _ErrorAnswer:
    """Answers errors, and logs those that nobody meant: of a plugin's middleware with its name."""

    def __init__(self, contributed: PluginMiddleware) -> None:
        self._contributed = contributed

    async def give(
        self,
        req: falcon.asgi.Request,
        resp: falcon.asgi.Response | None,
        error: Exception,
        params: dict[str, Any],
        ws: falcon.asgi.WebSocket | None = None,
    ) -> None:
        """Write an error as the answer, or close the WebSocket with it."""
        request_id = getattr(req.context, "request_id", "")
        problem = self._problem(req, error, request_id)
        if ws is not None:
            await ws.close(_WEBSOCKET_CODES + problem.status)
        if resp is not None:
            if resp.stream is not None and hasattr(resp.stream, "close"):
                await resp.stream.close()
            _write_problem(resp, problem, encode(problem, req.path, request_id))
            if isinstance(error, falcon.HTTPError) and error.headers:
                resp.set_headers(error.headers)

    def _problem(self, req: falcon.asgi.Request, error: Exception, request_id: str) -> RequestError:
        problem = translate(error)
        if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            facts = {"request_id": request_id, "method": req.method, "path": req.path}
            blamed = self._contributed.blame(error)
            _log.error("%s failed", blamed or "request", exc_info=error, extra={"facts": facts})
            if blamed:
                return Unavailable("A plugin of this server failed.", hint="The log says which.")
        return problem


def _write_problem(resp: falcon.asgi.Response, problem: RequestError, body: bytes) -> None:
    # What a resource prepared before it failed must not leak into the answer.
    resp.text = resp.media = resp.stream = None
    resp.sse = None
    resp.delete_header("Content-Encoding")
    resp.status = problem.status
    resp.data = body
    resp.content_type = PROBLEM_TYPE
    if problem.status == HTTPStatus.UNAUTHORIZED:
        resp.set_header("WWW-Authenticate", 'Bearer realm="SynthDB"')
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE or "retry_after" in problem.data:
        resp.set_header("Retry-After", str(problem.data.get("retry_after", 1)))
