"""Branches and tags over HTTP."""

from urllib.parse import quote

import falcon
import falcon.asgi
import msgspec

from synthdb.meta.answers import answer, answer_page, answer_rows
from synthdb.meta.bodies import AlteredBranch, Compacting, NewBranch, NewTag, read_body
from synthdb.meta.calls import Call, Resource
from synthdb.meta.parameters import Parameters
from synthdb.rest.shapes import raw_path
from synthdb_host.contracts import Result
from synthdb_host.errors import UnknownRef
from synthdb_host.versions import (
    AlterBranch,
    Branches,
    Branching,
    Compact,
    CreateBranch,
    CreateTag,
    DropBranch,
    DropTag,
    Ref,
    Tags,
)

__all__ = ["BranchResource", "BranchesResource", "CompactResource", "TagResource", "TagsResource"]


class BranchesResource(Resource):
    """The branches, at ``/branches``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List branches, a page at a time."""
        parameters = Parameters.of(req, "prefix", "after", "limit")
        limit = parameters.limit(self._most, self._most)
        operation = Branches(parameters.text("prefix") or "", limit, parameters.text("after"))
        answer_page(req, resp, await self._call(req).execute(operation), limit, "after", "name")

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Make a branch."""
        call, body = self._call(req), await read_body(req, NewBranch)
        at = call.state(body.at, "member 'at' of the body")
        change = CreateBranch(body.name, at, body.comment, body.expires, body.if_not_exists)
        await call.execute(Branching((change,)))
        answer(req, resp, await _branch(call, body.name))
        _point_to(req, resp, body.name)


class BranchResource(Resource):
    """A branch, at ``/branches/{name}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the branch."""
        Parameters.of(req)
        call = self._call(req)
        answer(req, resp, await _branch(call, call.name))

    async def on_patch(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Rename, describe, protect or expire the branch."""
        call, body = self._call(req), await read_body(req, AlteredBranch)
        change = AlterBranch(call.name, body.name, _given(body.comment), body.protected, _given(body.expires))
        await call.execute(Branching((change,)))
        answer(req, resp, await _branch(call, body.name or call.name))

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Remove the branch with all its commits."""
        Parameters.of(req)
        call = self._call(req)
        await call.execute(Branching((DropBranch(call.name),)))
        resp.status = falcon.HTTP_204


class CompactResource(Resource):
    """How a branch is stored, at ``/branches/{name}/compact``."""

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Let the branch hold what it shows of the branches below it, and with ``whole`` of main."""
        call, body = self._call(req), await read_body(req, Compacting)
        result = await call.execute(Compact(Ref(names["name"]), body.whole))
        answer(req, resp, {"rows": result.affected or 0})


class TagsResource(Resource):
    """The tags, at ``/tags``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """List the tags."""
        Parameters.of(req)
        answer_rows(req, resp, await self._call(req).execute(Tags()))

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Name a state."""
        call, body = self._call(req), await read_body(req, NewTag)
        change = CreateTag(body.name, call.state(body.at, "member 'at' of the body"), body.comment)
        await call.execute(Branching((change,)))
        answer(req, resp, await _tag(call, body.name))
        _point_to(req, resp, body.name)


class TagResource(Resource):
    """A tag, at ``/tags/{name}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the tag."""
        Parameters.of(req)
        call = self._call(req)
        answer(req, resp, await _tag(call, call.name))

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Remove the tag."""
        Parameters.of(req)
        call = self._call(req)
        await call.execute(Branching((DropTag(call.name),)))
        resp.status = falcon.HTTP_204


def _given(value: str | msgspec.UnsetType | None) -> str | None:
    """Give the new text; null in the body takes the old one away, what is not there leaves it."""
    return None if isinstance(value, msgspec.UnsetType) else (value or "")


def _point_to(req: falcon.asgi.Request, resp: falcon.asgi.Response, name: str) -> None:
    """Answer that the list of this request has a new member, and where (RFC 9110, 15.3.2)."""
    resp.status = falcon.HTTP_201
    resp.set_header("Location", f"{raw_path(req).rstrip('/')}/{quote(name, safe='')}")


async def _branch(call: Call, name: str) -> bytes:
    return _named(await call.execute(Branches(prefix=name)), name, "branch")


async def _tag(call: Call, name: str) -> bytes:
    return _named(await call.execute(Tags()), name, "tag")


def _named(result: Result, name: str, kind: str) -> bytes:
    for row, facts in zip(result.rows, result.python(), strict=True):
        if facts["name"] == name and result.encoder is not None:
            return result.encoder.json_object(row)
    raise UnknownRef(f"There is no {kind} {name!r}.", data={"ref": name})
