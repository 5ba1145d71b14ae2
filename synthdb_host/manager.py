"""The host: active plugins, their frozen contributions, the databases and the gate, in one object."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel

from synthdb_host.access import Access
from synthdb_host.contracts import Outcome, Principal, Scheduler
from synthdb_host.contributions import Contributions, freeze
from synthdb_host.databases import Databases
from synthdb_host.errors import StartupError
from synthdb_host.following import Consumers, with_consumers
from synthdb_host.gate import Gate
from synthdb_host.jobs import Jobs
from synthdb_host.loading import LoadedPlugin, Loader, label
from synthdb_host.located import MemoryPlacements, PlacementSource
from synthdb_host.operations import Operation
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings
from synthdb_host.signing import Signing
from synthdb_host.targets import load_target
from synthdb_host.tenancy import Tenancy
from synthdb_host.versions import Follow

if TYPE_CHECKING:
    from synthdb_host.control import Control

__all__ = ["Host", "LoadedPlugin", "load_target"]

_log = logging.getLogger(__name__)

_Calls = tuple[tuple[str, Callable[..., Any]], ...]


class Host:
    """A set of plugins at work. Frozen once built: nothing can be registered later.

    Several hosts with different plugins live in one process. Build one with :meth:`build`.
    """

    def __init__(self, loader: Loader, plugins: tuple[LoadedPlugin, ...], databases: Mapping[str, str] | None) -> None:
        self.settings = loader.settings
        self.plugins = plugins
        self.contributions: Contributions = with_consumers(freeze(loader.collect(plugins)))
        self._sections = dict(loader.sections)
        self._observers = loader.registry.observers([plugin.id for plugin in plugins])
        self._start = self._calls(loader, "synthdb_worker_start")
        self._stop = self._calls(loader, "synthdb_worker_stop")[::-1]
        self.control: Control | None = None
        self._tenancy: Tenancy | None = None
        self.consumers = Consumers(self)
        self.databases = Databases(
            self._placements(databases),
            self.contributions.storage_backends,
            frozenset(plugin.id for plugin in plugins),
            self.settings.data,
            self.settings.tenants.max_open_databases,
        )
        self.jobs = Jobs(self, self.control)
        self.signing = Signing(self.settings.data, self.settings.secret_key)
        self.access = self._access(loader)
        told = self.consumers.committed if self.contributions.consumers and self.jobs.are_recorded else None
        self.gate = Gate(
            self.databases,
            self.contributions,
            self._observers or None,
            self.access,
            self.settings.feeds,
            told,
            self._tenancy,
        )

    @classmethod
    def build(
        cls,
        settings: HostSettings,
        *,
        plugins: Mapping[str, object] | None = None,
        discover: bool = True,
        databases: Mapping[str, str] | None = None,
    ) -> Self:
        """Load plugins and put a host together; opens no file, socket or thread.

        Args:
            settings: the host's settings, with the sections of plugins in them.
            plugins: instances to register besides the installed plugins, by id. Each has its manifest in its
                top-level package or as an attribute ``manifest``.
            discover: whether to load installed plugins.
            databases: URLs of databases by name. Without it the control database says which there are.

        Raises:
            StartupError: with every problem of every plugin.
        """
        loader = Loader(settings)
        loaded = loader.load(plugins or {}, discovering=discover)
        host = cls(loader, loaded, databases)
        for whose, start in () if loader.problems else host._calls(loader, "synthdb_startup"):
            with loader.attempt(whose, "synthdb_startup"):
                start(host=host)
        if loader.problems:
            raise StartupError([str(problem) for problem in loader.problems])
        return host

    def plugin_settings(self, plugin_id: str) -> BaseModel:
        """Give the settings of an active plugin, of the type that its manifest names."""
        return self._sections[plugin_id]

    def observed(self, database: str, operation: Operation | Follow, principal: Principal, outcome: Outcome) -> None:
        """Tell plugins that an operation was answered."""
        self._observers(database, operation, principal, outcome)

    @property
    def observer_errors(self) -> Mapping[str, int]:
        """How often each plugin failed to learn what was observed."""
        return dict(self._observers.errors)

    def migrate(self) -> None:
        """Bring the control database up to date; before workers fork, else it happens when first needed.

        Raises:
            ConfigurationError: the data folder or a migration does not work.
        """
        if self.control:
            self.control.upgrade()

    def prepare(self) -> None:
        """Make a data folder ready to be served: migrated, and with a database to write to.

        Call it before workers fork; what it opens it closes again.

        Raises:
            ConfigurationError: the data folder or a migration does not work.
        """
        self.migrate()
        for plugin in sorted(self.control.abandoned()) if self.control else ():
            _log.warning("plugin %s is not active: its data is kept, and what it protected is not protected", plugin)
        self.databases.start(EmbeddedScheduler())
        self.databases.create_first()
        self.databases.close()

    def start_worker(self, scheduler: Scheduler) -> None:
        """Let databases be opened and plugins begin their work in this process.

        Raises:
            StartupError: a plugin failed.
        """
        self.databases.start(scheduler)
        self.gate.feeds.begin()
        for whose, start in self._start:
            try:
                start(host=self)
            except Exception as error:
                raise StartupError([f"{whose}, synthdb_worker_start: {type(error).__name__}: {error}"]) from error

    def stop_worker(self) -> None:
        """Let plugins end their work, last started first, and close the databases."""
        self.gate.feeds.end()
        for whose, stop in self._stop:
            try:
                stop(host=self)
            except Exception:  # noqa: BLE001 - by contract of the hook, the others must still be stopped
                _log.exception("%s failed in synthdb_worker_stop", whose)
        self.databases.close()

    def _placements(self, databases: Mapping[str, str] | None) -> PlacementSource:
        if databases is not None:
            return MemoryPlacements(databases)
        from synthdb_host.control import Control  # noqa: PLC0415 - embedded use pays for no SQLAlchemy
        from synthdb_host.directory import Directory  # noqa: PLC0415 - as above

        migrations = {
            plugin.id: plugin.package / plugin.manifest.migrations
            for plugin in self.plugins
            if plugin.manifest.migrations and plugin.package
        }
        self.control = Control(self.settings.data, migrations)
        directory = Directory(self.control)
        self._tenancy = Tenancy(directory, self.settings.tenants.domain)
        return directory

    def _access(self, loader: Loader) -> Access:
        with loader.attempt("the host", "configure", hint="see the setting admin_token"):
            token = self.settings.admin_token.resolve() if self.settings.admin_token else None
            return Access(token, self.settings.trusted_origins)
        return Access()

    def _calls(self, loader: Loader, hook: str) -> _Calls:
        return tuple(
            (label(plugin), loader.registry.call(plugin.id, hook))
            for plugin in self.plugins
            if loader.registry.implements(plugin.id, hook)
        )
