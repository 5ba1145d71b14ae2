"""The resource of a schema in the schema definition language."""

import hashlib

import falcon
import falcon.asgi

from synthdb.graphql.service import Place, Service
from synthdb.rest.shapes import address_of
from synthdb_host.operations import HEAD

__all__ = ["SdlResource"]


class SdlResource:
    """The schema of a database at ``/{db}[@{ref}]/schema.graphql``."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Give the schema as the caller sees it."""
        address = address_of(req, None)
        ref = None if address.ref == HEAD else address.ref
        data = (await self._service.sdl(Place(address.database, ref, req.context.caller, writes=False))).encode()
        tag = f'"{hashlib.blake2b(data, digest_size=16).hexdigest()}"'
        resp.set_headers({"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"})
        if tag in (req.get_header("if-none-match") or ""):
            resp.status = falcon.HTTP_304
            return
        resp.data = data
        resp.content_type = "text/plain; charset=utf-8"
