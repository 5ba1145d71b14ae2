"""The plugin's hooks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from synthdb.cors.settings import CorsSettings
from synthdb_host.contracts import Middleware
from synthdb_host.errors import ConfigurationError
from synthdb_host.hookspecs import hookimpl

if TYPE_CHECKING:
    from synthdb.cors.middleware import CorsMiddleware
    from synthdb_host.hosting import PluginHost

__all__ = ["CorsPlugin"]


class CorsPlugin:
    """Lets pages of trusted origins call the server."""

    @hookimpl
    def synthdb_startup(self, host: "PluginHost") -> None:
        """Refuse what no browser would ever do."""
        if "*" in host.settings.trusted_origins and _settings(host).credentials:
            raise ConfigurationError("plugins.cors.credentials: not where trusted_origins is '*'")

    @hookimpl
    def synthdb_middleware(self) -> Sequence[Middleware]:
        """Answer before authentication, since browsers ask without credentials."""
        return [Middleware("cors", _make, place="before_authentication")]


def _settings(host: "PluginHost") -> CorsSettings:
    return cast("CorsSettings", host.plugin_settings("cors"))


def _make(host: "PluginHost") -> "CorsMiddleware | None":
    from synthdb.cors.middleware import CorsMiddleware  # noqa: PLC0415 - only servers need it

    origins = host.settings.trusted_origins
    return CorsMiddleware(origins, _settings(host)) if origins else None
