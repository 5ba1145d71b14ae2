"""The resources of the REST interface: what each HTTP method does."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import quote

import falcon.asgi
import msgspec

from synthdb.rest.allowing import ROW, SUFFIXED, TABLE, TWIN, allowed_of
from synthdb.rest.answers import VARY
from synthdb.rest.drift import SCHEMA_HEADER, Drift
from synthdb.rest.idempotency import answered, keyed
from synthdb.rest.limits import Limits
from synthdb.rest.message import with_message
from synthdb.rest.queries import ACCEPTED, query_of
from synthdb.rest.reading import Reading
from synthdb.rest.shapes import Inner, Sent, Shapes, address_of, raw_path
from synthdb.rest.steps import Asked, Step, Steps
from synthdb.rest.suffixes import Suffixes
from synthdb.rest.writing import not_singular
from synthdb_host.catalog import Table
from synthdb_host.contracts import Result
from synthdb_host.encoding import to_text
from synthdb_host.errors import MaxAffectedExceeded
from synthdb_host.gate import Gate

__all__ = ["DatabaseResource", "TableResource"]

_QUERY: Final = "query"
_ROW_METHODS: Final = ", ".join([*ROW, "OPTIONS"])


class DatabaseResource:
    """The tables of a database, at ``/{db}``."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List the tables that the caller may read."""
        address = address_of(req, req.get_header("accept-profile"))
        catalog = await self._gate.catalog(address.database, req.context.caller, address.ref)
        base = raw_path(req).rstrip("/")
        listed = [_described(table, base) for _, table in sorted(catalog.tables.items())]
        resp.data = msgspec.json.encode(listed, enc_hook=to_text)
        resp.content_type = "application/json"
        resp.set_header("Vary", VARY)


def _described(table: Table, base: str) -> dict[str, object]:
    return {
        "name": table.name,
        "url": f"{base}/{quote(table.name, safe='')}",
        "key": table.key,
        "mode": table.mode,
        "preconditions": table.preconditions,
        "comment": table.comment,
        "columns": [
            {"name": column.name, "type": str(column.type), "not_null": column.not_null} for column in table.columns
        ],
        "foreign_keys": [
            {"name": key.name, "columns": key.columns, "table": key.table, "references": key.references}
            for key in table.foreign_keys
        ],
    }


def _is_twin(req: falcon.asgi.Request) -> bool:
    """Say whether an address is the one below a table that takes queries by POST; names may hold an encoded slash."""
    path, template = raw_path(req).rstrip("/"), req.uri_template or ""
    return path.endswith(f"/{_QUERY}") and path.count("/") == template.count("/") and "{key" in template


class TableResource:
    """A table at ``/{db}/{table}``, and one row of it at ``/{db}/{table}/{key}``."""

    def __init__(
        self, gate: Gate, shapes: Shapes, steps: Steps, reading: Reading, suffixes: Suffixes, limits: Limits
    ) -> None:
        self._gate = gate
        self._suffixes = suffixes
        self._drift = Drift(gate)
        self._shapes = shapes
        self._steps = steps
        self._most = limits.conditions
        self._reading = reading

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Say which methods there are for the caller."""
        sent = await self._meant(req, names)
        shape, is_twin = self._shapes.of(sent), _is_twin(req)
        methods = SUFFIXED if sent is not req else TWIN if is_twin else ROW if shape.is_of_row else TABLE
        resp.set_header("Allow", await allowed_of(self._gate, req.context.caller, shape.address, methods))
        if is_twin or not shape.is_of_row:
            resp.set_header("Accept-Query", ACCEPTED)
        resp.status = falcon.HTTP_204

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Read rows, or the one row at a key."""
        shape = self._shapes.of(await self._meant(req, names))
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        await self._reading.answer(req, resp, shape)

    async def on_query(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Read rows as the body asks (RFC 10008)."""
        sent = await self._meant(req, names)
        await self._query(req, resp, raw_path(sent), sent.headers_lower)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Insert rows, or with a resolution upsert them; at ``/query`` read them as the body asks."""
        if _is_twin(req):
            await self._query(req, resp, raw_path(req).rstrip("/").removesuffix(f"/{_QUERY}"), req.headers_lower)
        else:
            await self._write(req, resp)

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Put one row at its key: insert it, or replace it."""
        await self._write(req, resp)

    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Update the rows that the filters select, or the one at a key, or each row of the body by its key."""
        await self._write(req, resp)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Delete the rows that the filters select, or the one at a key."""
        await self._write(req, resp)

    async def _meant(self, req: falcon.asgi.Request, names: Mapping[str, str]) -> Sent:
        """Give the request for the table that an address with a suffix means; keys have none."""
        return req if "key" in names else await self._suffixes.meant(req)

    async def _query(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, path: str, headers: Mapping[str, str]
    ) -> None:
        body = await req.stream.readall()
        text = query_of(req.content_type, body, self._most)
        query = "&".join(part for part in (req.query_string, text) if part)
        template = (req.uri_template or "").removesuffix("/{key:path}")
        shape = self._shapes.of(Inner("QUERY", path, query, headers, template))
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        resp.set_header("Accept-Query", ACCEPTED)
        await self._reading.answer(req, resp, shape)

    async def _write(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        shape = self._shapes.of(req)
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        if shape.is_of_row and req.method == "POST":
            resp.set_header("Allow", _ROW_METHODS)
        asked = Asked(req.method, raw_path(req).rstrip("/"), shape, req.headers_lower, await req.stream.readall())
        step = await self._steps.of(asked, req.context.caller)
        answered(await self._execute(req, step), step.answer).send(resp)

    async def _execute(self, req: falcon.asgi.Request, step: Step) -> Result:
        shape = step.asked.shape
        caller = keyed(req, step.asked.body, with_message(req, req.context.caller), step.answer)
        if shape.preferences.rollback:
            caller = replace(caller, dry_run=True)
        try:
            return await self._gate.execute(shape.database, step.operation, caller)
        except MaxAffectedExceeded as error:
            if shape.representation.single and shape.preferences.max_affected is None:
                raise not_singular(2, at_least=True) from error
            raise
