"""What a plugin may use of the host that loaded it."""

from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel

from synthdb_host.contributions import Contributions
from synthdb_host.databases import Databases
from synthdb_host.gate import Gate
from synthdb_host.jobs import Jobs
from synthdb_host.settings import HostSettings
from synthdb_host.signing import Signing

if TYPE_CHECKING:
    from synthdb_host.control import Control
    from synthdb_host.following import Consumers

__all__ = ["PluginHost"]


class PluginHost(Protocol):
    """The host as hooks, routes and API generators are given it. Data is reached through ``gate`` alone."""

    @property
    def settings(self) -> HostSettings:
        """The host's settings, its limits among them."""

    @property
    def contributions(self) -> Contributions:
        """What all active plugins contribute."""

    @property
    def databases(self) -> Databases:
        """Which databases there are."""

    @property
    def gate(self) -> Gate:
        """The one way to data."""

    @property
    def control(self) -> "Control | None":
        """The control database, in which the plugin's migrations have made its tables; None: there is none here."""

    @property
    def consumers(self) -> "Consumers":
        """Who follows the changes of databases."""

    @property
    def jobs(self) -> Jobs:
        """Background work: queue a job for a task, look at jobs, run a task at once."""

    @property
    def signing(self) -> Signing:
        """Keys to sign with what clients bring back."""

    def plugin_settings(self, plugin_id: str) -> BaseModel:
        """Give the settings of an active plugin, of the type that its manifest names."""
