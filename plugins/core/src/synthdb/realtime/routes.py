"""Where the resources of the realtime interface are."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthdb.realtime.resources import ChangesResource
from synthdb.settings import core_settings
from synthdb_host.contracts import Route

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["routes"]


def routes(host: "PluginHost") -> Sequence[Route]:
    """Give the routes, relative to the mount of the realtime generator."""
    resource = ChangesResource(host.gate, host.settings, core_settings(host))
    return [Route(path, lambda _: resource) for path in ("/{db}/changes", "/{db}/changes/{table:path}")]
