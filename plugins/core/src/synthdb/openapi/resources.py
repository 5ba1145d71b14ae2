"""The resource of the OpenAPI generator: documents, and the page that shows one."""

from html import escape
from typing import Final

import falcon
import falcon.asgi

from synthdb.openapi.documents import Documents
from synthdb.rest.address import parse_address
from synthdb.rest.assets import answer_bytes
from synthdb.rest.shapes import raw_path
from synthdb_host.operations import HEAD

__all__ = ["DocumentResource"]

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
        answer_bytes(req, resp, document.data, document.etag, falcon.MEDIA_JSON)
