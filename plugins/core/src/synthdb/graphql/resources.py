"""The resources of the GraphQL interface."""

import falcon
import falcon.asgi

from synthdb.graphql.answering import Answering, Asked, refusal
from synthdb.graphql.documents import Documents, InvalidDocument
from synthdb.graphql.requests import parse_body
from synthdb.graphql.schemas import Schemas
from synthdb.rest.shapes import address_of
from synthdb_host.operations import HEAD

__all__ = ["DatabaseResource"]


class DatabaseResource:
    """A database, at ``/{db}[@{ref}]``."""

    def __init__(self, schemas: Schemas, documents: Documents, answering: Answering) -> None:
        self._schemas = schemas
        self._documents = documents
        self._answering = answering

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Answer an operation."""
        asked = parse_body(await req.stream.readall())
        address, caller = address_of(req, None), req.context.caller
        ref = None if address.ref == HEAD else address.ref
        schema = await self._schemas.get(address.database, ref, caller)
        try:
            document = self._documents.get(schema, asked.query)
            answer = await self._answering.answer(
                Asked(address.database, ref, schema, document, asked.operation_name, asked.variables or {}, caller)
            )
        except InvalidDocument as invalid:
            answer = refusal(invalid.errors)
        resp.data = answer.body
        resp.content_type = "application/json"
