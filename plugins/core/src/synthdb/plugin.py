"""The core plugin: what SynthDB is without any other plugin."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import quote

from synthdb.settings import CoreSettings
from synthdb_host.consumers import Consumer
from synthdb_host.contracts import (
    ApiGenerator,
    Database,
    HealthCheck,
    MediaType,
    Outcome,
    Permission,
    Placement,
    Principal,
    Relocation,
    Scheduler,
    StorageBackend,
)
from synthdb_host.errors import Unavailable
from synthdb_host.hookspecs import hookimpl
from synthdb_host.operations import Operation
from synthdb_host.tasks import Schedule, Task
from synthdb_host.versions import Follow

if TYPE_CHECKING:
    from synthdb_host.hosting import PluginHost

__all__ = ["CorePlugin", "plugin"]

_log = logging.getLogger("synthdb.core")


class CorePlugin:
    """Storage in SQLite files and on PostgreSQL, the REST API, and what both need."""

    def __init__(self) -> None:
        self._host: PluginHost | None = None
        self._settings = CoreSettings()

    @hookimpl
    def synthdb_startup(self, host: "PluginHost") -> None:
        """Take the settings, and import the engine before workers fork, so that no first request waits for it."""
        import synthdb.engine.sqlite  # noqa: F401, PLC0415 - only hosts that start need it

        self._host = host
        settings = host.plugin_settings("core")
        if isinstance(settings, CoreSettings):
            self._settings = settings
        if host.contributions.graphql_types:
            from synthdb.graphql.plugin_types import PluginTypes  # noqa: PLC0415 - only hosts with such plugins need it

            PluginTypes.of(host.contributions.graphql_types)

    @hookimpl
    def synthdb_storage_backends(self) -> Sequence[StorageBackend]:
        """Offer SQLite files, and schemas of PostgreSQL servers."""
        from synthdb.engine.capabilities import CAPABILITIES  # noqa: PLC0415 - the engine loads on use

        return [
            StorageBackend("sqlite", self._open, CAPABILITIES, self._remove, self._relocate, self._check_file),
            StorageBackend(
                "postgresql",
                self._open_postgresql,
                CAPABILITIES,
                self._remove_postgresql,
                self._relocate,
                self._check_postgresql,
            ),
        ]

    @hookimpl
    def synthdb_api_generators(self) -> Sequence[ApiGenerator]:
        """Offer REST and GraphQL for rows, meta for all else about a database, realtime, and what describes them."""
        return [
            ApiGenerator("rest", "/rest/v1", "synthdb.rest.routes:routes", _rest_links),
            ApiGenerator("meta", "/meta/v1", "synthdb.meta.routes:routes"),
            ApiGenerator("graphql", "/graphql/v1", "synthdb.graphql.routes:routes"),
            ApiGenerator("realtime", "/realtime/v1", "synthdb.realtime.routes:routes"),
            ApiGenerator("openapi", "/openapi/v1", "synthdb.openapi.routes:routes"),
        ]

    @hookimpl
    def synthdb_media_types(self) -> Sequence[MediaType]:
        """Offer CSV and NDJSON."""
        from synthdb.rest.media import media_types  # noqa: PLC0415 - only servers need it

        return media_types()

    @hookimpl
    def synthdb_permissions(self) -> Sequence[Permission]:
        """Name the actions on data."""
        return [
            Permission("select", "table", "Read rows."),
            Permission("insert", "table", "Write new rows."),
            Permission("update", "table", "Change rows."),
            Permission("delete", "table", "Delete rows."),
            Permission("define", "database", "Make and change tables and columns, by writing to them too."),
            Permission("require", "database", "Say without which plugins the database is not served."),
            Permission("introspect", "database", "Ask GraphQL for its schema; what is in it follows the others."),
            Permission("sql", "database", "Run read-only SQL."),
            Permission("history", "database", "Read commits, branches, histories, diffs and changes."),
            Permission("follow", "database", "Be told of changes of rows that may be read, back to an offset."),
            Permission("branch", "database", "Make, change and remove branches and tags."),
            Permission(
                "merge",
                "database",
                "Merge, pick, revert and restore, as far as the other permissions go, and decide conflicts.",
            ),
            Permission("webhooks", "database", "Manage webhooks; to make one, all rows must be readable."),
            Permission("consumers", "database", "Note how far consumers of changes have come."),
            Permission(
                "maintain", "database", "Forget old versions, and move rows between branches and main in the file."
            ),
        ]

    @hookimpl
    def synthdb_tasks(self) -> Sequence[Task]:
        """Offer to forget old versions, drop expired branches, flatten deep ones and fill widened columns."""
        from synthdb.tasks import tasks  # noqa: PLC0415 - only hosts with background work need it
        from synthdb.webhooks.delivering import replay  # noqa: PLC0415 - only hosts with background work need it

        return [*tasks(), replay()]

    @hookimpl
    def synthdb_schedules(self) -> Sequence[Schedule]:
        """Do so by itself."""
        from synthdb.tasks import schedules  # noqa: PLC0415 - only hosts with background work need it

        return schedules()

    @hookimpl
    def synthdb_consumers(self) -> Sequence[Consumer]:
        """Send what commits change to webhooks."""
        from synthdb.webhooks.delivering import consumer  # noqa: PLC0415 - only hosts with background work need it

        return [consumer()]

    @hookimpl
    def synthdb_health_checks(self) -> Sequence[HealthCheck]:
        """Check that open databases can be read."""
        return [HealthCheck("storage", self._check)]

    @hookimpl
    def synthdb_observed(
        self, database: str, operation: Operation | Follow, principal: Principal, outcome: Outcome
    ) -> None:
        """Log operations that were slow."""
        if outcome.seconds > self._settings.slow_operation_seconds:
            _log.warning("slow operation: %s on %s took %.3f s", type(operation).__name__, database, outcome.seconds)

    def _open(self, placement: Placement, scheduler: Scheduler) -> Database:
        from synthdb.engine.sqlite import open_sqlite  # noqa: PLC0415 - engine and SQLAlchemy load on use

        return open_sqlite(placement, scheduler, self._settings, lambda: self._queue_backfill(placement.name))

    def _remove(self, placement: Placement) -> None:
        from synthdb.storage.files import remove_database  # noqa: PLC0415 - SQLAlchemy loads on use

        remove_database(placement, self._settings.lock_timeout_seconds)

    def _open_postgresql(self, placement: Placement, scheduler: Scheduler) -> Database:
        announce = partial(self._queue_backfill, placement.name)
        database: Database = _postgresql().open_postgresql(placement, scheduler, self._settings, announce)
        return database

    def _check_file(self, placement: Placement) -> None:
        from synthdb.storage.files import check_file  # noqa: PLC0415 - SQLAlchemy loads on use

        check_file(placement)

    def _check_postgresql(self, placement: Placement) -> None:
        _postgresql().check_postgresql(placement, self._settings)

    def _remove_postgresql(self, placement: Placement) -> None:
        _postgresql().remove_postgresql(placement, self._settings)

    def _relocate(self, source: Placement, target: Placement) -> Relocation:
        from synthdb.storage.relocation import FileRelocation  # noqa: PLC0415 - SQLAlchemy loads on use

        if not all(place.url.startswith("sqlite:") for place in (source, target)):
            _postgresql()
            from synthdb.engine.moving.crossing import CrossRelocation  # noqa: PLC0415 - needs a driver

            return CrossRelocation(source, target, self._settings.lock_timeout_seconds)
        return FileRelocation(source, target, self._settings.lock_timeout_seconds)

    def _queue_backfill(self, database: str) -> None:
        """Let a job do what a write has left; where no job can be queued, it is left until somebody asks for it."""
        from synthdb.tasks import BACKFILL  # noqa: PLC0415 - only hosts with background work need it

        if self._host is None:
            return
        try:
            self._host.jobs.enqueue(BACKFILL, {"database": database}, key=f"{BACKFILL}:{database}")
        except Unavailable:
            _log.debug("no job fills columns of %s: this host has no control database", database)
        except Exception:  # noqa: BLE001 - the write is done, and the schedule will find what is left
            _log.exception("no job could be queued that fills columns of %s", database)

    def _check(self) -> None:
        if self._host is not None:
            for database in self._host.databases.opened():
                database.check()


def _postgresql() -> ModuleType:
    try:
        from synthdb.engine import postgresql  # noqa: PLC0415 - needs a driver, which is an extra
    except ImportError as error:
        raise Unavailable(
            "PostgreSQL needs a driver that is not installed here.", hint="pip install 'synthdb-core[postgresql]'"
        ) from error
    return postgresql


def _rest_links(database: str, table: str) -> Mapping[str, str]:
    address = f"/rest/v1/{quote(database)}/{quote(table, safe='')}"
    return {"rows": f"{address}?limit=20", "count": f"{address}?select=count()"}


plugin = CorePlugin
