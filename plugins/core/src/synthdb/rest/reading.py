"""Reads: a request's shape becomes a select, and its rows an answer that leads to the next page."""

from contextlib import suppress
from dataclasses import replace
from typing import Final

import falcon
import falcon.asgi

from synthdb.rest.answers import common, listed
from synthdb.rest.cursors import Cursor, Cursors
from synthdb.rest.forms import without_cursor
from synthdb.rest.limits import Limits
from synthdb.rest.ranges import content_range
from synthdb.rest.shapes import Shape, raw_path
from synthdb.rest.streaming import Streams
from synthdb.rest.tags import IF_NONE_MATCH, is_known, known_states, list_tag, row_tag
from synthdb_host.contracts import Context, Result
from synthdb_host.errors import CatalogChanged, InvalidParameter, RangeNotSatisfiable, RequestError
from synthdb_host.gate import Gate
from synthdb_host.operations import Position, Select

__all__ = ["Reading"]

_FIXED: Final = "private, max-age=31536000, immutable"
_MAY_CHANGE: Final = "private, no-cache"
_NO_CURSOR: Final = "A row has no pages, and so no cursor."


class Reading:
    """Answers reads of a table and of its rows."""

    def __init__(self, gate: Gate, cursors: Cursors, streams: Streams, limits: Limits) -> None:
        self._gate = gate
        self._cursors = cursors
        self._streams = streams
        self._most = limits.rows

    async def answer(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, shape: Shape) -> None:
        """Read rows, or the one row at a key.

        A select that needs the catalog is made of the one seen last; if that was no longer the right one, it is done
        again with the right one.
        """
        if shape.needs_catalog and shape.cursor is None:
            with suppress(CatalogChanged):
                await self._answer(req, resp, shape, recent=True)
                return
        await self._answer(req, resp, shape, recent=False)

    async def _answer(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, shape: Shape, *, recent: bool
    ) -> None:
        cursor = self._cursor(shape)
        select = await self._select(req, shape, cursor, recent=recent)
        if self._streams.takes(shape, select):
            if cursor is None and await self._stream(req, resp, shape, select):
                return
            select = replace(select, limit=self._most)
        result = await self._execute(shape, select, req.context.caller, cursor)
        _set_cached(resp, shape, result)
        if result.encoder is None:
            resp.set_headers(common(shape) | {"ETag": list_tag(result.state or "", shape.target.tag)})
            resp.status = falcon.HTTP_304
            return
        begin = select.offset if cursor is None else cursor.rows
        try:
            found = listed(shape, result, begin)
        except RangeNotSatisfiable:
            resp.set_header("Content-Range", content_range(begin, 0, result.total))
            raise
        found.send(resp)
        if result.position is not None:
            self._link(req, resp, shape, Cursor(result.position, begin + len(result.rows)))
        tag = _tag(shape, result, found.body or b"")
        if tag is not None:
            resp.set_header("ETag", tag)
            if is_known(req.headers_lower, tag):
                resp.status = falcon.HTTP_304
                resp.data = None

    def _cursor(self, shape: Shape) -> Cursor | None:
        if shape.cursor is None:
            return None
        if shape.is_of_row:
            raise InvalidParameter(_NO_CURSOR, where="query parameter 'cursor'")
        return self._cursors.read(shape.cursor, shape.address, shape.text)

    async def _select(
        self, req: falcon.asgi.Request, shape: Shape, cursor: Cursor | None, *, recent: bool
    ) -> Select:  # fmt: skip
        select = await self._bound(shape, req.context.caller, cursor, recent=recent)
        if cursor is not None:
            select = cursor.applied(select)
        if IF_NONE_MATCH in req.headers_lower and select.known is not None:
            select = replace(select, known=known_states(req.headers_lower, shape.target.tag))
        return select

    async def _bound(self, shape: Shape, caller: Context, cursor: Cursor | None, *, recent: bool) -> Select:
        if not shape.needs_catalog:
            return shape.select()
        ref = shape.target.address.ref
        try:
            state = ref if cursor is None else cursor.ref(ref)
            catalog = await self._gate.catalog(shape.database, caller, state, recent=recent)
        except RequestError as error:
            raise (error if cursor is None else cursor.explained(error)) from error
        try:
            select = shape.select(catalog)
        except RequestError as error:
            if recent:
                raise CatalogChanged(error.detail) from error
            raise
        return select if recent else replace(select, bound=None)

    async def _execute(self, shape: Shape, select: Select, caller: Context, cursor: Cursor | None) -> Result:
        try:
            return await self._gate.execute(shape.database, select, caller)
        except RequestError as error:
            if cursor is None:
                raise
            raise cursor.explained(error) from error

    async def _stream(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, shape: Shape, select: Select) -> bool:
        """Answer with a stream of rows, or that they are known; False: it cannot be."""
        seen, caller, end = Result(), req.context.caller, None
        if shape.representation.paged and select.positioned:
            end = await self._end(shape, select, caller)
            select = select if end is None else replace(select, ref=end.ref(select.ref))
        if select.known is not None:
            # Rows that are read a moment later may be newer than their tag, but never older.
            seen = await self._gate.execute(shape.database, replace(select, limit=0, count=None), caller)
        resp.set_headers(common(shape))
        _set_cached(resp, shape, seen)
        is_known = seen.state is not None and seen.encoder is None
        if is_known:
            resp.status = falcon.HTTP_304
        elif not await self._streams.answer(req, resp, shape, replace(select, known=None, positioned=False)):
            return False
        if seen.state is not None:
            resp.set_header("ETag", list_tag(seen.state, shape.target.tag))
        if end is not None and not is_known:
            self._link(req, resp, shape, end)
        return True

    async def _end(self, shape: Shape, select: Select, caller: Context) -> Cursor | None:
        """Find out where a page ends that is too large to be read first; None: it will not be full.

        Its state is the one of then, so that it and the next page fit together.
        """
        size = select.limit or 0
        last = replace(select, offset=select.offset + size - 1, limit=1, count=None, known=None)
        found = await self._gate.execute(shape.database, last, caller)
        return None if found.position is None else Cursor(found.position, select.offset + size)

    def _link(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, shape: Shape, cursor: Cursor) -> None:
        """Say where the next page is (RFC 8288)."""
        if shape.preferences.live:
            cursor = Cursor(Position(None, cursor.position.row), cursor.rows)
        window = shape.target.window
        size = window.limit if window is not None else None
        query, _ = without_cursor(req.query_string)
        address = self._cursors.link(cursor, shape.address, shape.text, raw_path(req), query, size)
        resp.set_header("Link", f'<{address}>; rel="next"')


def _set_cached(resp: falcon.asgi.Response, shape: Shape, result: Result) -> None:
    # A state that never changes looks the same to all only where nobody's rows are restricted, and a link to its next
    # page is good for a time only.
    is_fixed = result.state is not None and shape.target.is_fixed and result.position is None
    resp.set_header("Cache-Control", _FIXED if is_fixed else _MAY_CHANGE)


def _tag(shape: Shape, result: Result, body: bytes) -> str | None:
    if result.versions:
        return row_tag(result.versions[0], body)
    if result.state is None or shape.is_of_row:
        return None
    return list_tag(result.state, shape.target.tag)
