"""Saved queries over HTTP; ``/rest/v1/{db}/rpc/{name}`` calls them."""

import falcon
import falcon.asgi
import msgspec

from synthdb.meta.answers import answer
from synthdb.meta.bodies import QueryDefinition, read_body
from synthdb.meta.calls import Call, Resource
from synthdb.meta.parameters import Parameters
from synthdb.queries.saved import TABLE, SavedQuery
from synthdb.queries.store import Draft, keeping, removing, select_all, unknown_query

__all__ = ["QueriesResource", "QueryResource"]


class QueriesResource(Resource):
    """The saved queries, at ``/queries``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the queries, by name."""
        Parameters.of(req)
        queries = await _queries(self._call(req))
        answer(req, resp, [query.as_dict() for query in queries.values()])


class QueryResource(Resource):
    """A saved query, at ``/queries/{name}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Describe the query."""
        Parameters.of(req)
        answer(req, resp, (await _query(self._call(req))).as_dict())

    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Check the query against the tables there are, and keep it under this name."""
        call, body = self._call(req), await read_body(req, QueryDefinition)
        parameters = {name: msgspec.to_builtins(item) for name, item in body.parameters.items()}
        draft = Draft.of(call.name, body.sql, body.description, parameters)
        known = await _queries(call)
        query = draft.checked((await call.execute(draft.explanation(call.ref))).python())
        await call.execute(keeping(query, call.ref))
        answer(req, resp, query.as_dict())
        resp.status = falcon.HTTP_200 if query.name in known else falcon.HTTP_201

    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Remove the query; a restore of its row brings it back."""
        Parameters.of(req)
        call = self._call(req)
        query = await _query(call)
        await call.execute(removing(query.name, call.ref))
        resp.status = falcon.HTTP_204


async def _queries(call: Call) -> dict[str, SavedQuery]:
    catalog = await call.catalog()
    if TABLE not in catalog.tables:
        return {}
    rows = (await call.execute(select_all(call.ref))).python()
    return {query.name: query for query in SavedQuery.of_rows(rows, catalog)}


async def _query(call: Call) -> SavedQuery:
    """Find the query that the address names.

    Raises:
        NotFound: there is none of this name.
    """
    queries = await _queries(call)
    found = queries.get(call.name)
    if found is None:
        raise unknown_query(call.name, list(queries))
    return found
