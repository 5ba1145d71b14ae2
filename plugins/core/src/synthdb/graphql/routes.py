"""Where the resources of the GraphQL interface are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthdb.graphql.answering import Answering
from synthdb.graphql.documents import Documents
from synthdb.graphql.resources import DatabaseResource
from synthdb.graphql.schemas import Schemas
from synthdb_host.contracts import Route

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["routes"]


def routes(host: "PluginHost") -> Sequence[Route]:
    """Give the routes, relative to the mount of the GraphQL generator."""
    answering = Answering(host.gate, host.settings.limits.max_rows)
    database = DatabaseResource(Schemas(host.gate), Documents(), answering)
    return (Route("/{db}", lambda _: database),)
