"""Where the documents and the page are."""

import inspect
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from synthdb.meta.routes import routes as meta_routes
from synthdb.openapi.documents import Documents
from synthdb.openapi.resources import DocumentResource
from synthdb.openapi.scope import Server
from synthdb.rest.assets import AssetResource
from synthdb_host.contracts import MediaType, Route

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["routes"]

_ASSETS: Final = {"start.js": "page", "swagger-ui-bundle.js": "swagger_ui", "swagger-ui.css": "swagger_ui"}
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def routes(host: "PluginHost") -> Sequence[Route]:
    """Give the routes, relative to the mount of the OpenAPI generator."""
    resource = DocumentResource(Documents(host.gate, _server(host)))
    assets = AssetResource("synthdb.openapi", _ASSETS)
    return (Route("/{db}", lambda _: resource), Route("/{db}/{asset}", lambda _: assets))


def _server(host: "PluginHost") -> Server:
    mounts = {one.record.name: one.record.mount for one in host.contributions.api_generators if one.plugin == "core"}
    media_types = [one.record for one in host.contributions.media_types]
    schemes = _schemes(host)
    return Server(
        mounts,
        {media_type.name: _form(media_type) for media_type in media_types if media_type.encode or media_type.writer},
        {media_type.name: _form(media_type) for media_type in media_types if media_type.decode},
        {scheme: _scheme(scheme) for scheme in schemes if scheme != "none"},
        anonymous="none" in schemes,
        max_rows=host.settings.limits.max_rows,
        resources={_template(route.path): _methods(route.resource(host)) for route in meta_routes(host)},
    )


def _form(media_type: MediaType) -> dict[str, Any]:
    return {"type": "string"} if media_type.charset else {"type": "string", "format": "binary"}


def _template(path: str) -> str:
    """Write a path below the database as OpenAPI does, in which parameters have no kind."""
    return re.sub(r":\w+}", "}", path.removeprefix("/{db}"))


def _methods(resource: object) -> dict[str, str]:
    found = {method: getattr(resource, f"on_{method}", None) for method in _METHODS}
    return {method: inspect.getdoc(responder) or "" for method, responder in found.items() if responder}


def _schemes(host: "PluginHost") -> tuple[str, ...]:
    """Name the schemes of credentials that are known here; ``none`` is to send none."""
    known = tuple(sorted(host.contributions.authenticators))
    if host.contributions.authorizers:
        return known or ("none",)
    # Built-in access lets programs on this machine in without, and where there is a token all who show it.
    return tuple(sorted({*known, "none", "bearer"})) if host.settings.admin_token else tuple(sorted({*known, "none"}))


def _scheme(name: str) -> dict[str, Any]:
    return {"type": "http", "scheme": name}
