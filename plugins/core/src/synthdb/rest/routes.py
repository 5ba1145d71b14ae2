"""Where the REST interface's resources are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthdb.rest.body import Bodies
from synthdb.rest.limits import Limits
from synthdb.rest.representation import Representations
from synthdb.rest.resources import DatabaseResource, TableResource
from synthdb.rest.rows import RowResource
from synthdb.rest.shapes import Shapes
from synthdb.rest.streaming import Streams
from synthdb_host.contracts import Route

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["routes"]


def routes(host: "PluginHost") -> Sequence[Route]:
    """Give the routes, relative to the mount of the REST generator."""
    media_types = tuple(contribution.record for contribution in host.contributions.media_types)
    shapes = Shapes(Limits.of(host.settings), Representations(media_types))
    parts = host.gate, shapes, Bodies(media_types), Streams(host.gate, host.settings)
    table, row = TableResource(*parts), RowResource(*parts)
    database = DatabaseResource(host.gate)
    return (
        Route("/{db}", lambda _: database),
        Route("/{db}/{table}", lambda _: table),
        Route("/{db}/{table}/{key:path}", lambda _: row),
    )
