"""Where the REST interface's resources are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthdb.rest.body import Bodies
from synthdb.rest.calling import FunctionResource
from synthdb.rest.cursors import Cursors
from synthdb.rest.limits import Limits
from synthdb.rest.reading import Reading
from synthdb.rest.representation import Representations
from synthdb.rest.resources import DatabaseResource, TableResource
from synthdb.rest.rows import RowResource
from synthdb.rest.shapes import Shapes
from synthdb.rest.steps import Steps
from synthdb.rest.streaming import Streams
from synthdb.rest.suffixes import Suffixes
from synthdb.settings import core_settings
from synthdb_host.contracts import MediaType, Route

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["readers", "routes"]


def readers(host: "PluginHost") -> tuple[Shapes, Steps]:
    """Give what reads requests."""
    media_types, limits = _media_types(host), Limits.of(host.settings)
    return Shapes(limits, Representations(media_types)), Steps(host.gate, Bodies(media_types), limits)


def _media_types(host: "PluginHost") -> tuple[MediaType, ...]:
    return tuple(contribution.record for contribution in host.contributions.media_types)


def _cursors(host: "PluginHost") -> Cursors:
    """Give what reads and writes cursors; none is used for longer than the states that it leads to are kept."""
    core = core_settings(host)
    hours = core.cursor_hours if core.retention_days is None else min(core.cursor_hours, 24 * core.retention_days)
    return Cursors(host.signing, hours * 3600)


def routes(host: "PluginHost") -> Sequence[Route]:
    """Give the routes, relative to the mount of the REST generator."""
    shapes, steps = readers(host)
    limits = Limits.of(host.settings)
    reading = Reading(host.gate, _cursors(host), Streams(host.gate, host.settings), limits)
    parts = host.gate, shapes, steps, reading, Suffixes(host.gate, _media_types(host)), limits
    table, row = TableResource(*parts), RowResource(*parts)
    database = DatabaseResource(host.gate)
    function = FunctionResource(host.gate, limits, Representations(_media_types(host)))
    return (
        Route("/{db}", lambda _: database),
        Route("/{db}/rpc/{name}", lambda _: function),
        Route("/{db}/{table}", lambda _: table),
        Route("/{db}/{table}/{key:path}", lambda _: row),
    )
