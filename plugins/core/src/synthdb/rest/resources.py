"""The resources of the REST interface: what each HTTP method does."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import quote

import falcon.asgi
import msgspec

from synthdb.rest.answers import VARY, Answer, changed, check_found, check_single, deleted, posted, put
from synthdb.rest.body import Bodies
from synthdb.rest.drift import SCHEMA_HEADER, Drift
from synthdb.rest.idempotency import answered, keyed
from synthdb.rest.message import with_message
from synthdb.rest.ranges import content_range, page_status
from synthdb.rest.shapes import Shape, Shapes, address_of, raw_path
from synthdb.rest.streaming import Streams
from synthdb.rest.tags import IF_NONE_MATCH, expected_of, is_known, known_states, list_tag, new_rows, row_tag
from synthdb.rest.writing import delete_rows, insert_rows, not_singular, put_row, update_rows
from synthdb_host.catalog import Catalog, Table
from synthdb_host.contracts import Context, Result
from synthdb_host.encoding import to_text
from synthdb_host.errors import InvalidParameter, MaxAffectedExceeded, NotAllowed
from synthdb_host.gate import Gate
from synthdb_host.operations import Delete, Expected, Insert, Select, Update

__all__ = ["DatabaseResource", "TableResource"]

_FIXED: Final = "private, max-age=31536000, immutable"
_MAY_CHANGE: Final = "private, no-cache"
_TABLE_METHODS: Final = "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS"
_ROW_METHODS: Final = "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"


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
        "comment": table.comment,
        "columns": [
            {"name": column.name, "type": str(column.type), "not_null": column.not_null} for column in table.columns
        ],
        "foreign_keys": [
            {"name": key.name, "columns": key.columns, "table": key.table, "references": key.references}
            for key in table.foreign_keys
        ],
    }


class TableResource:
    """A table at ``/{db}/{table}``, and one row of it at ``/{db}/{table}/{key}``."""

    def __init__(self, gate: Gate, shapes: Shapes, bodies: Bodies, streams: Streams) -> None:
        self._gate = gate
        self._drift = Drift(gate)
        self._streams = streams
        self._shapes = shapes
        self._bodies = bodies

    async def on_options(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Say which methods there are."""
        is_row = self._shapes.of(req).is_of_row
        resp.set_header("Allow", _ROW_METHODS if is_row else _TABLE_METHODS)
        resp.status = falcon.HTTP_204

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Read rows, or the one row at a key."""
        shape = self._shapes.of(req)
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        caller: Context = req.context.caller
        select = shape.select(await self._catalog(shape, caller) if shape.needs_catalog else None)
        if IF_NONE_MATCH in req.headers_lower and select.known is not None:
            select = replace(select, known=known_states(req.headers_lower, shape.target.tag))
        if self._streams.takes(shape, select):
            if await self._stream(req, resp, shape, select):
                return
            select = replace(select, limit=self._shapes.page_rows)
        result = await self._gate.execute(shape.database, select, caller)
        self._set_common(resp, shape, result)
        if result.encoder is None:
            resp.set_header("ETag", list_tag(result.state or "", shape.target.tag))
            resp.status = falcon.HTTP_304
            return
        count = len(result.rows)
        if shape.is_of_row:
            check_found(shape, count)
        else:
            check_single(shape, count)
            resp.set_header("Content-Range", content_range(select.offset, count, result.total))
            resp.status = page_status(select.offset, count, result.total)
        representation = shape.representation
        resp.data = body = representation.encode(result)
        resp.content_type = representation.content_type
        tag = _tag(shape, result, body)
        if tag is not None:
            resp.set_header("ETag", tag)
            if is_known(req.headers_lower, tag):
                resp.status = falcon.HTTP_304
                resp.data = None

    async def _stream(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, shape: Shape, select: Select) -> bool:
        """Answer with a stream of rows, or that they are known; False: it cannot be."""
        seen = Result()
        if select.known is not None:
            # Rows that are read a moment later may be newer than their tag, but never older.
            caller: Context = req.context.caller
            seen = await self._gate.execute(shape.database, replace(select, limit=0, count=None), caller)
        self._set_common(resp, shape, seen)
        is_known = seen.state is not None and seen.encoder is None
        if is_known:
            resp.status = falcon.HTTP_304
        elif not await self._streams.answer(req, resp, shape, replace(select, known=None)):
            return False
        if seen.state is not None:
            resp.set_header("ETag", list_tag(seen.state, shape.target.tag))
        return True

    def _set_common(self, resp: falcon.asgi.Response, shape: Shape, result: Result) -> None:
        resp.set_header("Vary", VARY)
        # A state that never changes looks the same to all only where nobody's rows are restricted.
        is_fixed = result.state is not None and shape.target.is_fixed
        resp.set_header("Cache-Control", _FIXED if is_fixed else _MAY_CHANGE)
        if applied := shape.preferences.applied:
            resp.set_header("Preference-Applied", applied)

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Insert rows, or with a resolution upsert them."""
        shape = self._shapes.of(req)
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        if shape.is_of_row:
            resp.set_header("Allow", _ROW_METHODS)
            raise NotAllowed("A row is not posted to its key.", hint="PUT it there, or POST it to the table.")
        select = await self._select(req, shape)
        defaults = shape.preferences.missing == "default"
        body = await req.stream.readall()
        rows = self._bodies.rows(req.content_type, body, shape.query.columns, defaults=defaults)
        insert = replace(insert_rows(shape, rows, select), expected=new_rows(req.headers_lower))
        make = partial(posted, shape, raw_path(req).rstrip("/"))
        (await self._write(req, body, shape, insert, make)).send(resp)

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Put one row at its key: insert it, or replace it."""
        shape = self._shapes.of(req)
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        catalog = await self._catalog(shape, req.context.caller)
        table, select = catalog.table(shape.address.table), shape.select(catalog)
        body = await req.stream.readall()
        insert = put_row(shape, body, req.content_type, table, self._bodies, select)
        insert = replace(insert, expected=expected_of(req.headers_lower))
        make = partial(put, shape, raw_path(req).rstrip("/"))
        (await self._write(req, body, shape, insert, make)).send(resp)

    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Update the rows that the filters select, or the one at a key."""
        shape = self._shapes.of(req)
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        select = await self._select(req, shape)
        body = await req.stream.readall()
        values = self._bodies.values(req.content_type, body)
        update = replace(update_rows(shape, values, select), expected=_expected(req, shape))
        (await self._write(req, body, shape, update, partial(changed, shape))).send(resp)

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Delete the rows that the filters select, or the one at a key."""
        shape = self._shapes.of(req)
        if SCHEMA_HEADER in req.headers_lower:
            await self._drift.note(req, resp, shape.address)
        select = await self._select(req, shape)
        delete = replace(delete_rows(shape, select), expected=_expected(req, shape))
        (await self._write(req, b"", shape, delete, partial(deleted, shape))).send(resp)

    async def _catalog(self, shape: Shape, caller: Context) -> Catalog:
        return await self._gate.catalog(shape.database, caller, shape.form.target.address.ref)

    async def _select(self, req: falcon.asgi.Request, shape: Shape) -> Select:
        return shape.select(await self._catalog(shape, req.context.caller) if shape.needs_catalog else None)

    async def _write(
        self,
        req: falcon.asgi.Request,
        body: bytes,
        shape: Shape,
        operation: Insert | Update | Delete,
        make: Callable[[Result], Answer],
    ) -> Answer:
        caller = keyed(req, body, with_message(req, req.context.caller), make)
        if shape.preferences.rollback:
            caller = replace(caller, dry_run=True)
        try:
            result = await self._gate.execute(shape.database, operation, caller)
        except MaxAffectedExceeded as error:
            if shape.representation.single and shape.preferences.max_affected is None:
                raise not_singular(2, at_least=True) from error
            raise
        return answered(result, make)


def _tag(shape: Shape, result: Result, body: bytes) -> str | None:
    if result.versions:
        return row_tag(result.versions[0], body)
    if result.state is None or shape.is_of_row:
        return None
    return list_tag(result.state, shape.target.tag)


def _expected(req: falcon.asgi.Request, shape: Shape) -> Expected | None:
    expected = expected_of(req.headers_lower)
    if expected is not None and not shape.is_of_row:
        raise InvalidParameter(
            "If-Match and If-None-Match compare the version of one row.",
            hint="Write to the row's own address: /TABLE/KEY.",
            where="header 'If-Match'",
        )
    return expected
