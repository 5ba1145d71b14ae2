"""What happens around every request: limits, identity, request id, common headers, access log."""

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import falcon
import falcon.asgi

from synthdb_host.contracts import Context, Credentials
from synthdb_host.contributions import prefix
from synthdb_host.errors import (
    AddressTooLong,
    MalformedRequest,
    RequestTimeout,
    TooLarge,
    Unauthenticated,
    UnsupportedMediaType,
)
from synthdb_host.logs import access_log
from synthdb_host.server_scheduling import ServerScheduler

if TYPE_CHECKING:
    from synthdb_host.job_worker import JobWorker
    from synthdb_host.manager import Host

__all__ = ["AuthenticationMiddleware", "LimitedRequest", "RequestMiddleware", "WorkerMiddleware"]

_PUBLIC: Final = ("/healthz/", "/errors/")
"""Below these lies nothing that belongs to anybody."""

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class WorkerMiddleware:
    """Starts and stops the host in a worker, with the worker's event loop."""

    def __init__(self, host: "Host", started: Callable[[], None] | None, jobs: "JobWorker | None") -> None:
        self._host = host
        self._started = started
        self._jobs = jobs
        self._scheduler: ServerScheduler | None = None

    async def process_startup(self, scope: dict[str, Any], event: dict[str, Any]) -> None:
        """Start the threads, then the plugins, then background work."""
        loop = asyncio.get_running_loop()
        self._scheduler = ServerScheduler(loop)
        self._host.start_worker(self._scheduler)

        def run(coroutine: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever it gives
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

        if self._jobs is not None:
            self._jobs.start(run)
        self._host.consumers.start(run, self._jobs.wake if self._jobs else None)
        if self._started is not None:
            self._started()

    async def process_shutdown(self, scope: dict[str, Any], event: dict[str, Any]) -> None:
        """Stop background work, finish queued writes, then close databases and stop the plugins."""
        if self._scheduler is not None:
            if self._jobs is not None:
                await asyncio.to_thread(self._jobs.stop)
            await asyncio.to_thread(self._host.consumers.stop)
            await asyncio.to_thread(self._scheduler.close)
            self._host.stop_worker()


class LimitedRequest(falcon.asgi.Request):
    """A request that counts the bytes of its body and refuses too many, whatever its headers say."""

    __slots__ = ("is_complete", "received")

    max_body_bytes: ClassVar[int]

    def __init__(
        self,
        scope: dict[str, Any],
        receive: Callable[[], Awaitable[Any]],
        first_event: dict[str, Any] | None = None,
        options: falcon.RequestOptions | None = None,
    ) -> None:
        self.received = 0
        self.is_complete = True
        if scope.get("method", "GET") not in ("GET", "HEAD"):
            self.received = len(first_event.get("body", b"")) if first_event else 0
            self.is_complete = first_event is None or not first_event.get("more_body", False)
            receive = self._counted(receive)
        super().__init__(scope, receive, first_event=first_event, options=options)

    @classmethod
    def limited_to(cls, size: int) -> type[Self]:
        """Make the class of requests with at most ``size`` bytes of body."""
        return type(cls.__name__, (cls,), {"__slots__": (), "max_body_bytes": size})

    def replace_headers(self, headers: Mapping[str, str]) -> None:
        """Let whoever comes next see other values of some headers than those sent; names are in lower case."""
        if headers:
            self._asgi_headers |= {name.encode(): value.encode("latin-1") for name, value in headers.items()}
            self._cached_headers = None

    def check_size(self, size: int) -> None:
        """Refuse a body of so many bytes if that is too many.

        Raises:
            TooLarge: it is over the limit.
        """
        if size > self.max_body_bytes:
            raise TooLarge(
                f"The request body is larger than {self.max_body_bytes:,} bytes.",
                hint="Send it in parts, or raise limits.max_body_bytes.",
                data={"limit": self.max_body_bytes},
            )

    def _counted(self, receive: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[Any]]:
        async def count() -> Any:  # noqa: ANN401 - an ASGI event
            event = await receive()
            if event["type"] == "http.disconnect" and not self.is_complete:
                # Without this, what has arrived would count as the whole body.
                raise RequestTimeout("The request ended before its body did; nothing of it took effect.")
            self.is_complete = not event.get("more_body", False)
            self.received += len(event.get("body", b""))
            self.check_size(self.received)
            return event

        return count


class RequestMiddleware:
    """Gives every request an id, checks its form and size, and logs it."""

    def __init__(self, host: "Host") -> None:
        self._limits = host.settings.limits
        self._log = access_log(host.settings.log_level, host.settings.log_format)
        # Unique within and, by the random part, across workers; cheaper than random bytes per request.
        self._ids = (f"{start}{number:x}" for start in (secrets.token_hex(4),) for number in itertools.count(1))

    async def process_request(self, req: LimitedRequest, resp: falcon.asgi.Response) -> None:
        """Check a request before anybody looks at it."""
        headers = req.headers_lower
        wanted = headers.get("x-request-id")
        req.context.request_id = wanted if wanted and _REQUEST_ID.fullmatch(wanted) else next(self._ids)
        req.context.started = time.monotonic()
        self._check_sizes(req, headers)
        _check_form(req, headers)

    async def process_request_ws(self, req: LimitedRequest, ws: falcon.asgi.WebSocket) -> None:
        """Give a WebSocket an id."""
        req.context.request_id = next(self._ids)

    async def process_response(
        self, req: LimitedRequest, resp: falcon.asgi.Response, resource: object, req_succeeded: bool,  # noqa: FBT001 - the signature is Falcon's
    ) -> None:  # fmt: skip
        """Add the common headers and log."""
        context = req.context
        resp.set_header("X-Content-Type-Options", "nosniff")
        resp.set_header("Cross-Origin-Resource-Policy", "same-origin")
        resp.set_header("X-Request-Id", context.request_id)
        if self._log is not None:
            caller = getattr(context, "caller", None)
            principal = caller.principal.id if caller else None
            ms = (time.monotonic() - context.started) * 1000
            self._log.write(context.request_id, req.method, req.path, resp.status_code, ms, principal)

    def _check_sizes(self, req: LimitedRequest, headers: Mapping[str, str]) -> None:
        length = len(req.path) + len(req.query_string)
        if length > self._limits.max_url_bytes:
            raise AddressTooLong(
                f"The address has {length:,} characters; {self._limits.max_url_bytes:,} are allowed.",
                hint="Ask for less at a time, or send the condition in a body.",
            )
        declared = headers.get("content-length")
        if declared is not None or req.received:
            req.check_size(max(req.received, int(declared or 0)))


class AuthenticationMiddleware:
    """Finds out who makes a request.

    A resource finds the caller as ``req.context.caller``, a :class:`synthdb_host.contracts.Context`, and what proves it
    as ``req.context.credentials``, to be looked at again where an answer takes long.
    """

    def __init__(self, host: "Host", *, bound_to_loopback: bool) -> None:
        self._authenticate = host.gate.authenticate
        self._timeout = host.settings.limits.statement_timeout_seconds
        self._longest = self._timeout + host.settings.limits.body_timeout_seconds
        self._bound_to_loopback = bound_to_loopback
        routes = host.contributions.routes
        self._public = frozenset(prefix(one.plugin) + one.record.path for one in routes if one.record.is_public)

    async def process_request(self, req: LimitedRequest, resp: falcon.asgi.Response) -> None:
        """Identify who makes a request, before it is routed."""
        if req.path.startswith(_PUBLIC) or req.path in self._public:
            return
        context = req.context
        context.credentials = credentials = self._credentials(req)
        principal = await self._authenticate(credentials)
        # A body that is still arriving takes nothing from the time of the operation.
        seconds = self._timeout if req.is_complete else self._longest
        context.caller = Context(principal, context.request_id, deadline=context.started + seconds)

    async def process_request_ws(self, req: LimitedRequest, ws: falcon.asgi.WebSocket) -> None:
        """Identify who opens a WebSocket; it has no deadline."""
        req.context.caller = None
        req.context.credentials = credentials = self._credentials(req)
        try:
            req.context.caller = Context(await self._authenticate(credentials), req.context.request_id)
        except Unauthenticated as error:
            # A browser cannot send the header: some protocols bring credentials in a first message.
            req.context.refusal = error

    async def process_resource_ws(
        self, req: LimitedRequest, ws: falcon.asgi.WebSocket, resource: object, params: Mapping[str, object]
    ) -> None:
        """Refuse whoever is not known, unless the resource itself asks who it is before it does anything."""
        if req.context.caller is None and not getattr(resource, "asks_who_it_is", False):
            raise req.context.refusal

    def _credentials(self, req: LimitedRequest) -> Credentials:
        headers = req.headers_lower
        scheme, _, value = headers.get("authorization", "none").partition(" ")
        return Credentials(scheme.lower(), value.strip(), headers, _address(req), self._bound_to_loopback)


def _address(req: LimitedRequest) -> str:
    """Give the address that a connection comes from; Falcon's ``remote_addr`` may be what its headers say."""
    client = req.scope.get("client")
    return next(iter(client)) if client else "127.0.0.1"


def _check_form(req: LimitedRequest, headers: Mapping[str, str]) -> None:
    """Refuse what HTTP allows nobody to read as it stands.

    Raises:
        MalformedRequest: it does not say which host it is for (RFC 9112, section 3.2).
        UnsupportedMediaType: its body is compressed.
    """
    if "host" not in headers and req.scope.get("http_version") == "1.1":
        raise MalformedRequest("The request has no Host header.", where="header 'Host'")
    for name, plain in (("content-encoding", "identity"), ("transfer-encoding", "chunked")):
        coding = headers.get(name, plain).strip().lower()
        if coding != plain:
            raise UnsupportedMediaType(
                f"The body is {coding[:100]}; nothing here decompresses it.",
                hint="Send it as it is.",
                where=f"header {name.title()!r}",
            )
