"""The resource of the GraphQL interface: GraphQL over HTTP, and the page to try it with."""

from dataclasses import replace
from functools import lru_cache, partial
from html import escape
from typing import Any, Final

import falcon
import falcon.asgi
from falcon.util import mediatypes

from synthdb.graphql.limits import Limits
from synthdb.graphql.refusals import Refused
from synthdb.graphql.requests import Sent, read_batch, read_body, read_query_string
from synthdb.graphql.service import Place, Service
from synthdb.graphql.subscriptions.connection import Terms
from synthdb.graphql.subscriptions.sockets import Sockets
from synthdb.graphql.subscriptions.streams import EventStream
from synthdb.rest.idempotency import KEY_HEADER, keyed
from synthdb.rest.message import with_message
from synthdb.rest.preferences import parse_preferences
from synthdb.rest.shapes import address_of, raw_path
from synthdb_host.errors import InvalidParameter, NotAcceptable, NotAllowed, UnsupportedMediaType
from synthdb_host.operations import HEAD

__all__ = ["GraphqlResource"]

_JSON: Final = "application/json"
_RESPONSE: Final = "application/graphql-response+json"
_EVENTS: Final = "text/event-stream"
_MOST_ACCEPTS: Final = 64
"""Different headers ``Accept`` of which is kept what they mean."""

_METHODS: Final = "GET, HEAD, POST, OPTIONS"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="{base}/graphiql.min.css">
<link rel="stylesheet" href="{base}/page.css"></head>
<body><div id="graphiql" data-address="{base}"></div>
<script src="{base}/react.production.min.js"></script><script src="{base}/react-dom.production.min.js"></script>
<script src="{base}/graphiql.min.js"></script><script src="{base}/start.js"></script></body></html>
"""


class GraphqlResource:
    """A database at ``/{db}[@{ref}]``, for operations of GraphQL."""

    asks_who_it_is = True
    """Of WebSockets, whose clients say it in a first message."""

    def __init__(self, service: Service, limits: Limits, sockets: Sockets, terms: Terms, *, page: bool) -> None:
        self._service = service
        self._sockets = sockets
        self._terms = terms
        self._limits = limits
        self._page = page

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Say which methods and media types there are."""
        resp.set_header("Allow", _METHODS)
        resp.set_header("Accept-Post", _JSON)
        resp.status = falcon.HTTP_204

    async def on_websocket(self, req: falcon.asgi.Request, ws: falcon.asgi.WebSocket, **_names: str) -> None:
        """Answer operations on a WebSocket, subscriptions too."""
        await self._sockets.serve(req, ws)

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Answer the query in the address; a browser is shown the page that it can be changed on."""
        resp.set_header("Vary", "Accept, Authorization")
        if self._page and mediatypes.best_match((_JSON, _RESPONSE, falcon.MEDIA_HTML), req.accept) == falcon.MEDIA_HTML:
            await self._show(req, resp)
            return
        streams, place = _streams(req.accept), _place(req, writes=False)
        form = _JSON if streams else _form(req.accept)
        try:
            sent = read_query_string(req.query_string, self._limits)
            if streams:
                self._stream(req, resp, sent, place)
                return
            status, body = await self._answered(sent, place, form, resp)
        except Refused as refused:
            status, body = _refusal(refused, form)
        except NotAllowed:
            resp.set_header("Allow", "POST")
            raise
        _answer(resp, status, body, form)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Answer the operation in the body."""
        resp.set_header("Vary", "Accept, Authorization")
        streams = _streams(req.accept)
        form = _JSON if streams else _form(req.accept)
        _check_content(req)
        body = await req.stream.readall()
        place = _writing(req, body)
        try:
            sent = read_body(body, self._limits)
            if streams and isinstance(sent, Sent):
                self._stream(req, resp, sent, place)
                return
            if isinstance(sent, list):
                if place.keyed is not None:
                    raise InvalidParameter(
                        "A key stands for one request, not for several.", where=f"header {KEY_HEADER!r}"
                    )
                status, body = falcon.HTTP_200, await self._batch(sent, place)
            else:
                status, body = await self._answered(sent, place, form, resp)
        except Refused as refused:
            status, body = _refusal(refused, form)
        _answer(resp, status, body, form)

    def _stream(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, sent: Sent, place: Place) -> None:
        resp.content_type = _EVENTS
        resp.set_header("Cache-Control", "no-store")
        resp.set_header("X-Accel-Buffering", "no")
        # Falcon takes any asynchronous iterable, and closes it.
        resp.stream = EventStream(self._service, sent, place, req.context.credentials, self._terms)  # type: ignore[assignment]  # it says less than it takes

    async def _answered(self, sent: Sent, place: Place, form: str, resp: falcon.asgi.Response) -> tuple[str, bytes]:
        answer = await self._service.answer(sent, place)
        resp.set_headers(dict(answer.headers))
        wrong = form == _RESPONSE and not answer.executed
        return falcon.HTTP_400 if wrong else falcon.HTTP_200, answer.body

    async def _batch(self, items: list[Any], place: Place) -> bytes:
        """Answer one operation after the other; one that is refused does not keep the others from being answered."""
        bodies = []
        for sent in read_batch(items, self._limits):
            try:
                bodies.append((await self._service.answer(sent, place)).body)
            except Refused as refused:
                bodies.append(refused.body)
        return b"[%b]" % b",".join(bodies)

    async def _show(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        place = _place(req)
        await self._service.gate.catalog(place.database, place.caller, place.ref or HEAD)
        name = place.database if place.ref is None else f"{place.database}@{place.ref}"
        resp.text = _PAGE.format(title=escape(f"{name} - SynthDB"), base=escape(raw_path(req)))
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", _POLICY)


def _place(req: falcon.asgi.Request, *, writes: bool = True) -> Place:
    address = address_of(req, None)
    ref = None if address.ref == HEAD else address.ref
    return Place(address.database, ref, req.context.caller, writes, client=req.context.credentials.client)


def _writing(req: falcon.asgi.Request, body: bytes) -> Place:
    """Give the place of a request that may write, with what its headers say about that.

    Raises:
        InvalidParameter: a header cannot be read.
    """
    place, wished = _place(req), req.get_header("prefer")
    once = partial(keyed, req, body) if KEY_HEADER in req.headers_lower else None
    caller = with_message(req, place.caller)
    if wished is None and once is None and caller is place.caller:
        return place
    return replace(place, caller=caller, rollback=parse_preferences(wished).rollback, keyed=once)


@lru_cache(_MOST_ACCEPTS)
def _form(accept: str) -> str:
    """Choose the form of the answer: the newer one only for those who name it.

    Raises:
        NotAcceptable: neither is accepted.
    """
    known = (_RESPONSE, _JSON) if _RESPONSE in accept.lower() else (_JSON, _RESPONSE)
    found = mediatypes.best_match(known, accept)
    if not found:
        raise NotAcceptable(
            "GraphQL answers in JSON only.", hint=f"Accept {_RESPONSE} or {_JSON}.", where="header 'Accept'"
        )
    return found


@lru_cache(_MOST_ACCEPTS)
def _streams(accept: str) -> bool:
    """Say whether the client wants server-sent events: only who names them does."""
    return mediatypes.best_match((_JSON, _RESPONSE, _EVENTS), accept) == _EVENTS


def _check_content(req: falcon.asgi.Request) -> None:
    """Take JSON only: what a form or a script of another page can send without being asked is refused.

    Raises:
        UnsupportedMediaType: it is something else, or not in UTF-8.
    """
    if req.content_type == _JSON:
        return
    kind, parameters = mediatypes.parse_header(req.content_type or "")
    if kind.lower() != _JSON or parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(
            f"A GraphQL request is {_JSON} in UTF-8.", hint=f"Send Content-Type: {_JSON}.", where="Content-Type"
        )


def _refusal(refused: Refused, form: str) -> tuple[str, bytes]:
    """Give the status of a refusal: in the older form 200, unless it was no GraphQL request at all."""
    if refused.malformed:
        return falcon.HTTP_400, refused.body
    return falcon.code_to_http_status(refused.status) if form == _RESPONSE else falcon.HTTP_200, refused.body


def _answer(resp: falcon.asgi.Response, status: str, body: bytes, form: str) -> None:
    resp.status = status
    resp.data = body
    resp.content_type = f"{form}; charset=utf-8"
