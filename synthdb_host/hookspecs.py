"""Every hook of the host, in lifecycle order: the page for plugin authors.

A plugin is an object with methods marked ``@hookimpl``. There are three kinds of hook, with three rules for
errors:

* **contributions** are asked once, at registration, and return frozen records (see
  :mod:`synthdb_host.contracts`, and for background work :mod:`synthdb_host.tasks`). An exception, a wrong type
  or a clash of names fails the start-up and names the plugins. Answers of all plugins are joined, in plugin order.
* **decisions** are contributions whose records the gate asks for every operation. They are *sealed*: no wrapper
  may stand around them, all of them are asked, and an exception or a wrong type in a record's callable denies.
* **events** tell what has happened. An exception is logged with the plugin's name and counted; it never reaches
  the caller.

Hooks are synchronous; what may suspend is an ``async`` callable of a record. Hooks run per process, per request
or per commit, never per row.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import pluggy

if TYPE_CHECKING:
    from synthdb_host.consumers import Consumer
    from synthdb_host.contracts import (
        ApiGenerator,
        Authenticator,
        Authorizer,
        GraphqlType,
        HealthCheck,
        MediaType,
        Middleware,
        Outcome,
        Permission,
        Policy,
        Principal,
        Route,
        StorageBackend,
    )
    from synthdb_host.hosting import PluginHost
    from synthdb_host.operations import Operation
    from synthdb_host.tasks import Schedule, Task
    from synthdb_host.versions import Follow

__all__ = ["HOOK_API", "PROJECT", "SEALED", "HostSpecs", "hookimpl", "hookspec"]

PROJECT: Final = "synthdb"
HOOK_API: Final = "1.0"
"""Version of this page. A manifest's ``host_api`` is checked against it before the plugin is imported."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

SEALED: Final = frozenset({"synthdb_authenticators", "synthdb_authorizers", "synthdb_observed", "synthdb_policies"})
"""Hooks around which no wrapper may stand: the decisions, and the event that is dispatched past pluggy."""


class HostSpecs:
    """The hook specifications."""

    # -- lifecycle --------------------------------------------------------------------------------------

    @hookspec
    def synthdb_startup(self, host: "PluginHost") -> None:
        """Check that the plugin can work with its settings.

        Kind: event of the lifecycle. When: once per process, after all plugins are registered and configured,
        before any fork. Must not open files, sockets or threads. An exception fails the start-up.
        """

    @hookspec
    def synthdb_worker_start(self, host: "PluginHost") -> None:
        """Open connections and start threads.

        Kind: event of the lifecycle. When: once per worker process, after the fork, before the first request.
        An exception stops the worker.
        """

    @hookspec
    def synthdb_worker_stop(self, host: "PluginHost") -> None:
        """Close what ``synthdb_worker_start`` opened.

        Kind: event of the lifecycle. When: once per worker process, after its last request; not after a kill.
        An exception is logged.
        """

    @hookspec
    def synthdb_health_checks(self) -> "Sequence[HealthCheck]":
        """Contribute questions for the readiness endpoint.

        Kind: contribution, one per name. The checks run at each call of ``/healthz/ready``.
        """

    # -- data -------------------------------------------------------------------------------------------

    @hookspec
    def synthdb_storage_backends(self) -> "Sequence[StorageBackend]":
        """Contribute kinds of storage.

        Kind: contribution, one per URL scheme. A backend's ``open`` is called when a database is first used in a
        worker.
        """

    # -- surfaces ---------------------------------------------------------------------------------------

    @hookspec
    def synthdb_api_generators(self) -> "Sequence[ApiGenerator]":
        """Contribute APIs made from the catalog.

        Kind: contribution, one per name and per mount. A mount outside ``/x/{plugin}`` must be listed in the
        manifest's ``top_level_paths``.
        """

    @hookspec
    def synthdb_media_types(self) -> "Sequence[MediaType]":
        """Contribute representations of rows, by ``Accept`` and ``Content-Type``.

        Kind: contribution, one per name and per suffix.
        """

    @hookspec
    def synthdb_graphql_types(self) -> "Sequence[GraphqlType]":
        """Contribute fields of GraphQL, as types of Strawberry.

        Kind: contribution, one per plugin. They lie below a field that is called like the plugin, in queries and in
        mutations, and their types have its name before theirs. Resolvers run on the event loop, and reach data only
        through ``host.gate`` with the caller of ``info.context``. An error of ``synthdb_host`` is told with its code,
        any other as an internal one.
        """

    @hookspec
    def synthdb_routes(self) -> "Sequence[Route]":
        """Contribute HTTP resources below ``/x/{plugin}``.

        Kind: contribution, one per path. A resource reaches data only through ``host.gate``.
        """

    @hookspec
    def synthdb_middleware(self) -> "Sequence[Middleware]":
        """Contribute code around HTTP requests.

        Kind: contribution, one per name. It is made once per process, before any fork. What it raises answers the
        request if it is an error of ``synthdb_host`` or of Falcon; any other is logged with the plugin's name and
        answered as ``unavailable``, whatever was prepared: a guard that fails lets nobody in.
        """

    # -- work -------------------------------------------------------------------------------------------

    @hookspec
    def synthdb_tasks(self) -> "Sequence[Task]":
        """Contribute kinds of background work.

        Kind: contribution, one per name, which is ``{plugin}.{task}``. A task runs when ``host.jobs`` or a
        schedule asks for it, outside any transaction, at least once per job, on a thread of the one worker
        process that has the turn. It reaches data through ``host.gate`` with ``run.context``. An exception is
        logged, recorded without its text unless it is one of ``synthdb_host``, and tried again.
        """

    @hookspec
    def synthdb_schedules(self) -> "Sequence[Schedule]":
        """Contribute times at which tasks of the plugin run by themselves.

        Kind: contribution, one per name, which is ``{plugin}.{name}``. A time is taken once for all processes
        that share a control database; without one (embedded use, ``serve --database``) there are no schedules. A
        ``cron``, a time zone or a task that does not exist fails the start-up.
        """

    @hookspec
    def synthdb_consumers(self) -> "Sequence[Consumer]":
        """Contribute followers of what commits change.

        Kind: contribution, one per name, which is ``{plugin}.{name}`` and no task's. ``handle`` is called outside any
        transaction with the next changes of a database in the order of commits, on a thread of one worker process at
        a time, and again with the same ones if it raises or its process dies: *at least once*. How far it is, is kept
        in the database. It is woken by commits; without a control database (embedded use, ``serve --database``) it is
        not called. It reaches data through ``host.gate`` with ``batch.run.context``, under no policy.
        """

    # -- the gate ---------------------------------------------------------------------------------------

    @hookspec
    def synthdb_permissions(self) -> "Sequence[Permission]":
        """Contribute actions that can be allowed.

        Kind: contribution, one per action.
        """

    @hookspec
    def synthdb_authenticators(self) -> "Sequence[Authenticator]":
        """Contribute ways to know who asks.

        Kind: decision (sealed), one per Authorization scheme. Asked once per HTTP request. None, an exception or a
        wrong type means that the credentials are not valid.
        """

    @hookspec
    def synthdb_authorizers(self) -> "Sequence[Authorizer]":
        """Contribute judges of what a principal may do.

        Kind: decision (sealed). Asked per operation, table and action, outside the transaction. Any deny denies,
        and if none allows it is denied. The first registered authorizer replaces the host's built-in access.
        What a filter finds is read: an update or delete with a filter needs ``select`` on its table, too, and
        is under its policies.
        """

    @hookspec
    def synthdb_policies(self) -> "Sequence[Policy]":
        """Contribute row filters, write checks and hidden columns.

        Kind: decision (sealed). Asked per operation and table, outside the transaction. Row filters and checks of
        all policies are ANDed, hidden columns are joined. An exception or a wrong type denies.
        """

    # -- events -----------------------------------------------------------------------------------------

    @hookspec
    def synthdb_observed(
        self, database: str, operation: "Operation | Follow", principal: "Principal", outcome: "Outcome"
    ) -> None:
        """Learn that an operation has been answered.

        Kind: event. When: after each operation, allowed or not, outside the transaction; for somebody who follows
        changes, when he no longer does. Telemetry only: durable work belongs behind the commit log.
        """
