"""Commits, histories, differences, changes and SQL over HTTP."""

from typing import Any, Final

import falcon
import falcon.asgi
import msgspec

from synthdb.meta.answers import answer, answer_page, answer_rows
from synthdb.meta.bodies import Cleaning, Filling, Statement, read_body
from synthdb.meta.calls import Resource
from synthdb.meta.parameters import Parameters
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import Sql
from synthdb_host.versions import Backfill, Changes, Collect, Diff, History, Log, StorageReport

__all__ = [
    "BackfillResource",
    "ChangesResource",
    "CommitsResource",
    "DiffResource",
    "GarbageResource",
    "HistoryResource",
    "SqlResource",
    "StorageResource",
]

_FILTERS: Final = ("table", "author", "kind", "message", "since", "until", "before")
_DETAILS: Final = ("rows", "cells", "summary", "schema")


class CommitsResource(Resource):
    """The commits that led to the ref, at ``/commits``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List commits, newest first, a page at a time."""
        parameters = Parameters.of(req, *_FILTERS, "limit")
        call, limit = self._call(req), parameters.limit(50, self._most)
        table, author, kind, message, since, until, before = map(parameters.text, _FILTERS)
        result = await call.execute(Log(call.ref, table, author, kind, message, since, until, before, limit))
        answer_page(req, resp, result, limit, "before", "id")


class HistoryResource(Resource):
    """The versions of a row, at ``/history/{table}/{key}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List the versions of the row, or with ``column`` of one cell, newest first."""
        parameters = Parameters.of(req, "column", "limit")
        call, limit = self._call(req), parameters.limit(100, self._most)
        table = (await call.catalog()).table(call.name)
        key = call.key(table)
        answer_rows(req, resp, await call.execute(History(table.name, key, parameters.text("column"), call.ref, limit)))


class DiffResource(Resource):
    """What differs between two states, at ``/diff``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Compare ``base`` with ``target``, which is the ref of the address by default."""
        parameters = Parameters.of(req, "base", "target", "tables", "detail", "three_dot", "limit")
        call, limit = self._call(req), parameters.limit(self._most, self._most)
        base = call.state(parameters.required("base"), "query parameter 'base'")
        target = call.state(parameters.text("target"), "query parameter 'target'")
        three_dot = parameters.flag("three_dot")
        operation = Diff(base, target, parameters.tables(), three_dot, _detail(parameters), limit + 1)
        _answer_some(req, resp, await call.execute(operation), limit)


def _detail(parameters: Parameters) -> Any:  # noqa: ANN401 - one of the literals, which is checked here
    detail = parameters.text("detail") or "rows"
    if detail not in _DETAILS:
        raise InvalidParameter(f"It is one of {', '.join(_DETAILS)}.", where="query parameter 'detail'")
    return detail


def _answer_some(req: falcon.asgi.Request, resp: falcon.asgi.Response, result: Result, limit: int) -> None:
    """Answer with at most ``limit`` rows, and say whether these are all."""
    rows = result.rows[:limit]
    answer(req, resp, result.encoder.json(rows) if result.encoder else b"[]")
    span = f"0-{len(rows) - 1}" if rows else "*"
    resp.set_header("Content-Range", f"{span}/{'*' if len(result.rows) > limit else len(rows)}")


class ChangesResource(Resource):
    """What commits changed, in their order, at ``/changes``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Read the changes after the offset ``since`` on the branch of the address."""
        parameters = Parameters.of(req, "since", "tables", "limit")
        call, limit = self._call(req), parameters.limit(1_000, self._most)
        if call.ref.at is not None:
            raise InvalidParameter("Changes are those of a branch, not of a moment.", where="path")
        operation = Changes(parameters.text("since"), parameters.tables(), call.ref.branch, limit)
        answer_rows(req, resp, await call.execute(operation))


class SqlResource(Resource):
    """SQL that only reads, at ``/sql``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Run a statement on the state that the address names."""
        call, body = self._call(req), await read_body(req, Statement)
        limit = min(body.limit or self._most, self._most)
        result = await call.execute(Sql(body.statement, tuple(body.parameters), limit, call.ref, body.explain))
        columns = result.encoder.columns if result.encoder else ()
        facts = [{"name": column.name, "type": str(column.type)} for column in columns]
        answer(req, resp, {"columns": facts, "rows": msgspec.Raw(result.json())})


class StorageResource(Resource):
    """How much is stored, at ``/storage``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Measure the storage."""
        Parameters.of(req)
        answer_rows(req, resp, await self._call(req).execute(StorageReport()))


class GarbageResource(Resource):
    """Old versions, at ``/gc``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Forget versions that are older than ``before`` and that no branch or tag needs."""
        call, body = self._call(req), await read_body(req, Cleaning)
        result = await call.execute(Collect(body.before), dry_run=body.dry_run)
        answer(req, resp, {"versions": result.affected or 0, "dry_run": body.dry_run})


class BackfillResource(Resource):
    """Columns that got a wider type, at ``/backfill``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Go on with moving their values; ``rows`` of the answer is 0 when all is done."""
        call, body = self._call(req), await read_body(req, Filling)
        result = await call.execute(Backfill(body.rows))
        answer(req, resp, {"rows": result.affected or 0})
