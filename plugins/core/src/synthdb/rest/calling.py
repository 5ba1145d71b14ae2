"""Saved queries as functions, at ``/{db}/rpc/{name}``: they only read, so GET calls them as well as POST."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import falcon.asgi

from synthdb.queries.saved import TABLE, SavedQuery
from synthdb.queries.store import call_of, select_named, unknown_query
from synthdb.rest.address import Address
from synthdb.rest.body import decode_json
from synthdb.rest.content_types import media_type_of
from synthdb.rest.limits import Limits
from synthdb.rest.preferences import parse_preferences
from synthdb.rest.queries import ACCEPTED, form_of
from synthdb.rest.query import decode
from synthdb.rest.ranges import content_range, parse_range
from synthdb.rest.representation import Representations
from synthdb.rest.shapes import address_of
from synthdb.rest.writing import not_singular
from synthdb_host.contracts import Context
from synthdb_host.errors import InvalidBody, InvalidParameter, TooComplex, UnsupportedMediaType
from synthdb_host.gate import Gate
from synthdb_host.operations import Literal

__all__ = ["FunctionResource"]

_MOST_ARGUMENTS: Final = 1_000
_APPLIED: Final = frozenset({"handling", "int64", "timezone"})
"""Preferences that mean something to a call."""


@dataclass(frozen=True, slots=True)
class FunctionResource:
    """A saved query, called with values for its parameters."""

    gate: Gate
    limits: Limits
    representations: Representations

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Say how it can be called."""
        resp.set_header("Allow", "GET, HEAD, QUERY, POST, OPTIONS")
        resp.set_header("Accept-Query", ACCEPTED)
        resp.status = falcon.HTTP_204

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Call it with the arguments of the query string."""
        address = address_of(req, req.get_header("accept-profile"))
        await self._call(req, resp, address, _query_arguments(req.query_string))

    async def on_query(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Call it with the arguments in the body, a form or a JSON object (RFC 10008)."""
        address = address_of(req, req.get_header("accept-profile"))
        body = await req.stream.readall()
        form = form_of(req.content_type, body)
        parts = [req.query_string, *([] if form is None else [form])]
        given = _query_arguments("&".join(part for part in parts if part))
        if form is None:
            given = _body_arguments(req.content_type, body) | given
        await self._call(req, resp, address, given)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Call it with the members of the body, a JSON object; without a body it has none."""
        address = address_of(req, req.get_header("content-profile"))
        if req.query_string:
            raise InvalidParameter("The arguments of a POST are in its body.", where="query string")
        await self._call(req, resp, address, _body_arguments(req.content_type, await req.stream.readall()))

    async def _call(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, address: Address, given: Mapping[str, object]
    ) -> None:
        preferences = parse_preferences(req.get_header("prefer"))
        representation = self.representations.choose(req.get_header("accept")).preferred(preferences)
        query = await self._query(address, req.context.caller)
        page = parse_range(req.get_header("range"), req.get_header("range-unit"))
        most = 1 if representation.single else min(self.limits.rows, page.limit or self.limits.rows)
        # One more than is given says whether there are more.
        call = call_of(query, given, most + 1, address.ref, page.offset)
        found = await self.gate.execute(address.database, call, req.context.caller)
        if representation.single and len(found.rows) != 1:
            raise not_singular(len(found.rows), at_least=len(found.rows) > 1)
        result = replace(found, rows=found.rows[:most])
        resp.status = falcon.HTTP_206 if len(found.rows) > most else falcon.HTTP_200
        resp.data = representation.encode(result)
        resp.content_type = representation.content_type
        resp.set_header("Content-Range", content_range(page.offset, len(result.rows), None))
        if req.method != "POST":
            resp.set_header("Accept-Query", ACCEPTED)
        resp.set_header("Vary", "Accept, Accept-Profile, Authorization, Content-Profile, Prefer, Range")
        applied = [part for part in preferences.applied.split(", ") if part.partition("=")[0] in _APPLIED]
        if applied:
            resp.set_header("Preference-Applied", ", ".join(applied))

    async def _query(self, address: Address, caller: Context) -> SavedQuery:
        """Read the query that the address names.

        Raises:
            NotFound: there is none of this name.
        """
        name = ",".join(address.key or ())
        catalog = await self.gate.catalog(address.database, caller, address.ref)
        if TABLE not in catalog.tables:
            raise unknown_query(name, ())
        rows = (await self.gate.execute(address.database, select_named(name, address.ref), caller)).python()
        found = SavedQuery.of_rows(rows, catalog)
        if not found:
            raise unknown_query(name, ())
        return found[0]


def _query_arguments(text: str) -> dict[str, object]:
    given: dict[str, object] = {}
    if text.count("&") >= _MOST_ARGUMENTS:
        raise TooComplex(f"A call has at most {_MOST_ARGUMENTS:,} arguments.", where="query string")
    for part in text.split("&") if text else ():
        name, _, value = part.replace("+", " ").partition("=")
        name = decode(name, "query string")
        if name in given:
            raise InvalidParameter("It is given twice.", where=f"query parameter {name[:100]!r}")
        given[name] = Literal(decode(value, f"query parameter {name[:100]!r}"))
    return given


def _body_arguments(content_type: str | None, body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    if media_type_of(content_type) != "application/json":
        raise UnsupportedMediaType("The arguments of a call are JSON.", where="header 'Content-Type'")
    given = decode_json(body)
    if not isinstance(given, dict) or len(given) > _MOST_ARGUMENTS:
        raise InvalidBody("The arguments of a call are one object.", where="body")
    return given
