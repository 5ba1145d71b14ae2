"""Merges, their conflicts, picks, reverts and restores over HTTP."""

import falcon.asgi

from synthdb.library.keys import typed_key
from synthdb.meta.answers import answer, answer_report, answer_rows
from synthdb.meta.bodies import Combined, Decision, Merged, Restored, read_body
from synthdb.meta.calls import Call, Resource
from synthdb.meta.parameters import Parameters
from synthdb_host.errors import InvalidBody
from synthdb_host.versions import CherryPick, Conflicts, Merge, Resolve, Restore, Revert

__all__ = ["CherryPickResource", "ConflictsResource", "MergeResource", "RestoreResource", "RevertResource"]


class MergeResource(Resource):
    """Merging into the branch of the address, at ``/merge``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Take what ``source`` changed."""
        call, body = self._call(req), await read_body(req, Merged)
        operation = Merge(call.state(body.source, "member 'source' of the body"), call.ref)
        answer_report(req, resp, await call.execute(operation, dry_run=body.dry_run), dry_run=body.dry_run)


class CherryPickResource(Resource):
    """Making the changes of commits here, too, at ``/cherry-pick``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Make the changes of the commits ``first`` to ``last`` on the branch of the address."""
        call, body = self._call(req), await read_body(req, Combined)
        operation = CherryPick(body.first, body.last, call.ref)
        answer_report(req, resp, await call.execute(operation, dry_run=body.dry_run), dry_run=body.dry_run)


class RevertResource(Resource):
    """Undoing commits, at ``/revert``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Undo the changes of the commits ``first`` to ``last`` and keep what came later."""
        call, body = self._call(req), await read_body(req, Combined)
        operation = Revert(body.first, body.last, call.ref)
        answer_report(req, resp, await call.execute(operation, dry_run=body.dry_run), dry_run=body.dry_run)


class RestoreResource(Resource):
    """Making things as they were, at ``/restore``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Make rows, tables or everything on the branch of the address as they were."""
        call, body = self._call(req), await read_body(req, Restored)
        if body.keys and len(body.tables) != 1:
            raise InvalidBody("Keys are of one table.", hint="Name one table in 'tables'.", where="member 'keys'")
        if body.to is None and not body.keys:
            raise InvalidBody("Say what to restore: 'to', or the 'keys' of deleted rows.", where="body")
        keys = [await _key(call, body.tables[0], key) for key in body.keys]
        to = None if body.to is None else call.state(body.to, "member 'to' of the body")
        operation = Restore(to, tuple(body.tables), tuple(keys), call.ref)
        answer_report(req, resp, await call.execute(operation, dry_run=body.dry_run), dry_run=body.dry_run)


class ConflictsResource(Resource):
    """The conflicts of merges into the branch of the address, at ``/conflicts``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List them, with the decisions made."""
        parameters = Parameters.of(req, "source")
        call = self._call(req)
        answer_rows(req, resp, await call.execute(Conflicts(parameters.text("source"), call.ref)))

    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Decide all of them, or those of a table, a row or a cell."""
        call, body = self._call(req), await read_body(req, Decision)
        if body.key is not None and body.table is None:
            raise InvalidBody("A key is of one table.", hint="Name it in 'table'.", where="member 'key'")
        key = None if body.key is None or body.table is None else await _key(call, body.table, body.key)
        source = call.state(body.source, "member 'source' of the body")
        operation = Resolve(source, body.choice, body.table, key, body.column, body.value, call.ref)
        answer(req, resp, {"decided": (await call.execute(operation)).affected or 0})


async def _key(call: Call, table: str, key: object) -> tuple[object, ...]:
    values = tuple(key) if isinstance(key, list) else (key,)
    return typed_key((await call.catalog()).table(table), values)
