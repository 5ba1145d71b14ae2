"""The plugin's hooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from synthdb_host.contracts import Middleware
from synthdb_host.hookspecs import hookimpl

if TYPE_CHECKING:
    from synthdb.compression.middleware import CompressionMiddleware
    from synthdb.compression.settings import CompressionSettings
    from synthdb_host.hosting import PluginHost

__all__ = ["CompressionPlugin"]


class CompressionPlugin:
    """Compresses answers."""

    @hookimpl
    def synthdb_middleware(self) -> Sequence[Middleware]:
        """Stand next to the resources, whose answers it compresses."""
        return [Middleware("compression", _make)]


def _make(host: "PluginHost") -> "CompressionMiddleware":
    from synthdb.compression.coding import codings  # noqa: PLC0415 - only servers need it
    from synthdb.compression.middleware import CompressionMiddleware  # noqa: PLC0415 - only servers need it

    settings = cast("CompressionSettings", host.plugin_settings("compression"))
    return CompressionMiddleware(codings(settings.level), settings.min_bytes)
