"""The resources of the OpenAPI generator: documents, the page that shows one, and what the page loads."""

from html import escape
from typing import Final

import falcon
import falcon.asgi

from synthdb.openapi.assets import asset
from synthdb.openapi.documents import Documents
from synthdb.rest.address import parse_address
from synthdb.rest.shapes import raw_path
from synthdb_host.errors import NotFound
from synthdb_host.operations import HEAD

__all__ = ["AssetResource", "DocumentResource"]

_SUFFIX: Final = ".json"
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="stylesheet" href="{base}/swagger-ui.css"></head>
<body><div id="api" data-document="{base}.json"></div>
<script src="{base}/swagger-ui-bundle.js"></script><script src="{base}/start.js"></script></body></html>
"""


class DocumentResource:
    """A document at ``/{db}[@{ref}].json``, and without the ending the page that shows it."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **_names: str) -> None:
        """Give the document, or the page."""
        path = raw_path(req)
        mount = (req.uri_template or "").partition("/{")[0]
        address = parse_address(path.removesuffix(_SUFFIX), mount, None)
        ref = None if address.ref == HEAD else address.ref
        document = await self._documents.get(address.database, ref, req.context.caller)
        resp.set_header("Vary", "Authorization")
        if not path.endswith(_SUFFIX):
            name = address.database if ref is None else f"{address.database}@{ref}"
            resp.text = _PAGE.format(title=escape(f"{name} - SynthDB"), base=escape(path))
            resp.content_type = falcon.MEDIA_HTML
            resp.set_header("Content-Security-Policy", _POLICY)
            return
        _answer(req, resp, document.data, document.etag, falcon.MEDIA_JSON)


class AssetResource:
    """What the page loads, at ``/{db}/{asset}``."""

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, **names: str) -> None:
        """Give a file of the page."""
        found = asset(names["asset"])
        if found is None:
            raise NotFound("There is nothing at this address.")
        _answer(req, resp, found.data, found.etag, found.content_type)


def _answer(req: falcon.asgi.Request, resp: falcon.asgi.Response, data: bytes, etag: str, content_type: str) -> None:
    """Answer with bytes, or that those the client has are still right."""
    resp.set_header("ETag", etag)
    resp.set_header("Cache-Control", "private, no-cache")
    if _has(req.get_header("if-none-match"), etag):
        resp.status = falcon.HTTP_304
        return
    resp.data = data
    resp.content_type = content_type


def _has(known: str | None, etag: str) -> bool:
    if known is None:
        return False
    return known.strip() == "*" or etag in (part.strip().removeprefix("W/") for part in known.split(","))
