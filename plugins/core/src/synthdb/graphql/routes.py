"""Where the resources of the GraphQL interface are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from synthdb.graphql.answering import Answering
from synthdb.graphql.documents import Documents
from synthdb.graphql.limits import Limits
from synthdb.graphql.persisted import Persisted
from synthdb.graphql.plugin_types import PluginTypes
from synthdb.graphql.rations import Rations
from synthdb.graphql.resources import GraphqlResource
from synthdb.graphql.schemas import Schemas
from synthdb.graphql.sdl import SdlResource
from synthdb.graphql.service import Service
from synthdb.graphql.subscriptions.connection import Terms
from synthdb.graphql.subscriptions.sockets import Sockets
from synthdb.rest.assets import AssetResource
from synthdb.settings import core_settings
from synthdb_host.contracts import Route

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["routes"]

_ASSETS: Final = {
    "graphiql.min.css": "graphiql",
    "graphiql.min.js": "graphiql",
    "page.css": "page",
    "react-dom.production.min.js": "graphiql",
    "react.production.min.js": "graphiql",
    "start.js": "page",
}


def routes(host: "PluginHost") -> Sequence[Route]:
    """Give the routes, relative to the mount of the GraphQL generator."""
    core = core_settings(host)
    settings = core.graphql
    limits = Limits.of(host.settings, settings)
    service = Service(
        host.gate,
        Schemas(host.gate, PluginTypes.of(host.contributions.graphql_types), relay=settings.relay),
        Documents(limits),
        Persisted(settings.documents, limits.document_bytes),
        Answering(host.gate, limits.rows),
        limits,
        settings.introspection,
        Rations(settings.max_refused_seconds),
    )
    terms = Terms(
        settings.max_operations,
        settings.init_seconds,
        core.realtime_heartbeat_seconds,
        core.realtime_lifetime_seconds,
    )
    sockets = Sockets(service, terms, settings.max_sockets, host.settings.trusted_origins)
    host.gate.feeds.when_ended(sockets.end)
    database = GraphqlResource(service, limits, sockets, terms, page=settings.page)
    assets = AssetResource("synthdb.graphql", _ASSETS)
    sdl = SdlResource(service)
    return (
        Route("/{db}", lambda _: database),
        Route("/{db}/schema.graphql", lambda _: sdl),
        Route("/{db}/{asset}", lambda _: assets),
    )
