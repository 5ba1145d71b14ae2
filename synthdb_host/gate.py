"""The gate: the one way to data.

Whatever comes in (an API, the embedded library, a job) becomes an operation and passes here: authenticate,
authorize, restrict, execute, observe. What nobody contributes is not asked: with built-in access and no
policies an operation goes straight to its storage.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from synthdb_host.access import Access
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import (
    ANY_TENANT,
    UNRESTRICTED,
    Capability,
    Context,
    Credentials,
    Database,
    Outcome,
    Principal,
    Resource,
    Restrictions,
    Result,
    TableRestriction,
    Transaction,
)
from synthdb_host.databases import Held
from synthdb_host.deciding import Deciders, forbidden, join_restrictions
from synthdb_host.demands import Demands
from synthdb_host.errors import RequestError, Unavailable, UnknownDatabase, UnsupportedCapability
from synthdb_host.gated import GatedStream, GatedTransaction
from synthdb_host.operations import HEAD, Delete, Filter, Insert, Operation, Ref, Select, Update
from synthdb_host.selection import closest
from synthdb_host.tenancy import Tenancy, full_name, split_name
from synthdb_host.versions import Follow
from synthdb_host.visibility import NO_ROWS, visible

if TYPE_CHECKING:
    from synthdb_host.contributions import Contributions
    from synthdb_host.feeds import Feed, Feeds, Wishes
    from synthdb_host.settings import FeedSettings

__all__ = ["Gate", "Observer", "OpenDatabases"]

Observer = Callable[[str, Operation | Follow, Principal, Outcome], None]
"""Told how an operation went: database, operation, principal, outcome."""

_BASIC: Final = frozenset({Select, Insert, Update, Delete})
"""Operations that every storage offers."""

_ROW_ACTIONS: Final = ("select", "insert", "update", "delete")

_TABLE_ACTIONS: Final = (*_ROW_ACTIONS, "define")

T = TypeVar("T")


class OpenDatabases(Protocol):
    """Where the gate finds databases."""

    def names(self, tenant: str) -> tuple[str, ...]:
        """List the databases of a tenant."""

    def hold(self, name: str) -> Held:
        """Give an open database by its full name, to be released.

        Raises:
            UnknownDatabase: there is none of this name.
            MissingPlugin: it needs a plugin that is not active.
        """


class Gate:
    """Lets operations through to their storage, or refuses them.

    Args:
        databases: where databases are found.
        contributions: the plugins' authenticators, authorizers and policies.
        observed: told the outcome of every operation; None: nobody wants to know.
        committed: told the name of a database in which something was committed; None: nobody wants to know.
        access: the built-in judge, used only where no plugin contributes an authorizer.
        feeds: what those may cost who follow changes.
        tenancy: which host names belong to which tenants; None: there are no tenants.

    Callers call databases of their tenant by their own names. Whoever else is asked or told (authorizers, policies,
    observers, ``committed``) hears their full names.
    """

    def __init__(
        self,
        databases: OpenDatabases,
        contributions: "Contributions",
        observed: Observer | None,
        access: Access,
        feeds: "FeedSettings",
        committed: Callable[[str], None] | None = None,
        tenancy: Tenancy | None = None,
    ) -> None:
        self._databases = databases
        self._deciders = Deciders(contributions.authenticators, contributions.authorizers, contributions.policies)
        self._access = None if self._deciders.authorizers else access
        self._observed = observed
        self._feed_settings = feeds
        self._feeds: Feeds | None = None
        self._endings: list[Callable[[], None]] = []
        self._ends_feeds = False
        self._committed = committed
        self._tenancy = tenancy

    async def authenticate(self, credentials: Credentials) -> Principal:
        """Say who makes a request.

        Raises:
            Unauthenticated: the credentials are missing or not valid.
            UntrustedOrigin: built-in access trusts only this machine, and this is not it.
        """
        if self._access is not None and credentials.scheme not in self._deciders.authenticators:
            principal = self._access.authenticate(credentials)
        else:
            principal = await self._deciders.authenticate(credentials)
        return principal if self._tenancy is None else self._tenancy.bind(principal, credentials.headers)

    def full_name(self, database: str, context: Context) -> str:
        """Give the name by which jobs, which act for no tenant, know what the caller calls so.

        Raises:
            UnknownDatabase: such a name cannot be.
        """
        return full_name(context.principal.tenant, database)

    async def database_names(self, context: Context) -> tuple[str, ...]:
        """List the databases that the caller may know of: those on which ``select`` is allowed as a whole."""
        tenant = context.principal.tenant
        names = {name: Resource(full_name(tenant, name)) for name in self._databases.names(tenant or "")}
        return tuple([name for name, one in names.items() if await self._refusal(context, "select", one) is None])

    async def catalog(self, database: str, context: Context, ref: Ref = HEAD, *, recent: bool = False) -> Catalog:
        """Describe a database as the caller sees it: only tables and columns that may be read.

        With ``recent`` it may be as it was a moment ago, which costs nothing; a select that is made of such a catalog
        says so by ``bound``.

        Raises:
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        database = self.full_name(database, context)
        held = await self._hold(database, context)
        try:
            catalog = held.database.recent_catalog(ref) if recent else None
            if catalog is None:
                catalog = await held.database.catalog(ref)
        finally:
            held.release()
        if context.principal.tenant is not None:
            # What is kept of a catalog by its version is of this database, however many are called the same.
            catalog = catalog.of(f"{held.located.mark}.{database}")
        if self._is_free(context.principal):
            return catalog
        limits = await self._limits(database, catalog, context)
        return visible(catalog, limits) if limits else catalog

    async def reads_everything(self, database: str, context: Context) -> bool:
        """Say whether the caller may follow all changes of all rows: nothing is hidden, and no policy stands before it.

        What is sent on later, when nobody can be asked, may only be asked for by such a caller.
        """
        if self._is_free(context.principal):
            return True
        database = self.full_name(database, context)
        held = await self._hold(database, context)
        try:
            catalog = await held.database.catalog()
        finally:
            held.release()
        refused = await self._refusal(context, "history", Resource(database)) is not None
        return not refused and not await self._limits(database, catalog, context)

    async def permitted(self, resource: Resource, actions: Iterable[str], context: Context) -> frozenset[str]:
        """Tell which of these actions the caller may do, so that no more is shown; each operation is judged anew."""
        resource = replace(resource, database=self.full_name(resource.database, context))
        return frozenset([action for action in actions if await self._refusal(context, action, resource) is None])

    @property
    def judges_tables(self) -> bool:
        """Say whether a caller may be allowed more on one table than on another."""
        return self._access is None

    async def capabilities(self, database: str, context: Context) -> frozenset[Capability]:
        """Say what the storage of a database offers.

        Raises:
            UnknownDatabase: there is no such database.
        """
        held = await self._hold(self.full_name(database, context), context)
        held.release()
        return held.database.capabilities

    async def execute(self, database: str, operation: Operation, context: Context) -> Result:
        """Run an operation.

        Raises:
            Forbidden: the caller may not do this, or a part of it.
            UnsupportedCapability: the storage does not offer it.
            RequestError: whatever else the storage finds wrong.
        """
        return await self._run(self.full_name(database, context), None, operation, context)

    async def begin(self, database: str, context: Context, ref: Ref = HEAD) -> GatedTransaction:
        """Start a transaction on a branch, whose every operation passes the gate.

        Raises:
            UnsupportedCapability: the storage has no interactive transactions.
        """
        database = self.full_name(database, context)
        held = await self._hold(database, context)
        try:
            _require(database, held.database, {"transactions"}, context)
            transaction = await held.database.begin(context, ref)
        except BaseException as error:
            held.release(error)
            raise

        async def run(operation: Operation) -> Result:
            return await self._run(database, transaction, operation, context)

        return GatedTransaction(run, transaction, lambda: self._tell(database), held.release)

    async def stream(self, database: str, select: Select, context: Context) -> GatedStream:
        """Start to read rows piece by piece; whoever does closes the stream.

        Raises:
            Forbidden, UnsupportedCapability, RequestError: as :meth:`execute` does.
        """
        started = time.perf_counter()
        held: Held | None = None
        database = self.full_name(database, context)

        def observe(error: BaseException | None, rows: int, started: float) -> None:
            self._observe(database, select, context, None if error is None else _code(error), started, rows)
            if held is not None:
                held.release(error)

        try:
            held = await self._hold(database, context)
            restrictions = await self._admit(database, held.database, select, context)
            _require(database, held.database, {"streams"}, context)
            stream = await held.database.stream(select, restrictions, context)
            return GatedStream(stream, observe, time.perf_counter() - started)
        except BaseException as error:
            observe(error, 0, started)
            raise

    async def follow(self, database: str, follow: Follow, context: Context) -> "Feed":
        """Begin to be told of changes; whoever does closes the feed.

        For each set of changes the caller is judged and restricted anew, and each row before and after by itself.

        Raises:
            Forbidden, UnsupportedCapability, RequestError: as :meth:`execute` does.
            HistoryGone: the changes after ``since`` are no longer kept.
            Unavailable: there are too many followers.
        """
        started, begun, context = time.perf_counter(), 0.0, replace(context, deadline=None)
        database = self.full_name(database, context)
        held: Held | None = None

        async def admit(changed: Iterable[str]) -> "tuple[Wishes | None, Restrictions]":
            return await self._followed(database, follow, changed, context)

        def ended(rows: int) -> None:
            self._observe(database, follow, context, None, time.perf_counter() - begun, rows)
            if held is not None:
                held.release()

        try:
            held = await self._hold(database, context)
            await self._authorize(context, "follow", Resource(database, ref=follow.branch))
            _require(database, held.database, {"follow"}, context)
            feed = await self._open_feeds().follow(held.database, follow, context, admit, ended)
        except BaseException as error:
            self._observe(database, follow, context, _code(error), started, 0)
            raise
        # Observed is how long it took to begin; how long somebody follows says nothing about the work.
        begun = time.perf_counter() - started
        return feed

    def _open_feeds(self) -> "Feeds":
        if self._ends_feeds:
            raise Unavailable("The server is stopping.", hint="Connect again.", data={"retry_after": 1})
        if self._feeds is None:
            from synthdb_host.feeds import Feeds  # noqa: PLC0415 - loads asyncio, which embedded use does without

            self._feeds = Feeds(self._feed_settings)
        return self._feeds

    def end_feeds(self) -> None:
        """End all feeds, because the process is stopping; none is begun until :meth:`begin_feeds`."""
        self._ends_feeds = True
        if self._feeds is not None:
            self._feeds.end()
        for call in self._endings:
            call()

    @property
    def ends_feeds(self) -> bool:
        """Whether the process is stopping, so that nobody can begin to follow."""
        return self._ends_feeds

    def when_feeds_end(self, call: Callable[[], None]) -> None:
        """Have a function called, too, when feeds end: for connections that stay open without one."""
        self._endings.append(call)

    def begin_feeds(self) -> None:
        """Let feeds be begun again."""
        self._ends_feeds = False

    async def _followed(
        self, database: str, follow: Follow, changed: Iterable[str], context: Context
    ) -> "tuple[Wishes | None, Restrictions]":
        """Say which tables somebody is shown who follows some or, of those that were changed, all."""
        await self._authorize(context, "follow", Resource(database, ref=follow.branch))
        if self._is_free(context.principal):
            return follow.tables, UNRESTRICTED
        wishes: dict[str, Filter | None] = {}
        limits: dict[str, TableRestriction] = {}
        for name in follow.tables or changed:
            refusal = await self._refusal(context, "select", Resource(database, name, follow.branch))
            if refusal is None:
                wishes[name] = follow.tables.get(name)
                found = await self._deciders.restriction(context, "select", Resource(database, name))
                limits |= {} if found is None else {name: found}
            elif name in follow.tables:
                raise refusal
        return wishes or None, Restrictions(limits)

    async def _hold(self, name: str, context: Context) -> Held:
        try:
            return self._databases.hold(name)
        except UnknownDatabase as error:
            # Only a name that the caller may know of is suggested.
            asked = name if context.principal.tenant == ANY_TENANT else split_name(name)[1]
            meant = closest(asked, await self.database_names(context))
            raise UnknownDatabase(f"there is no database {asked!r}{meant}") from error

    def _is_free(self, principal: Principal) -> bool:
        return self._access is not None and not self._deciders.policies and self._access.allows(principal)

    async def _run(
        self, database: str, transaction: Transaction | None, operation: Operation, context: Context
    ) -> Result:
        started = time.perf_counter()
        held: Held | None = None
        try:
            held = await self._hold(database, context)
            target = held.database
            if self._is_free(context.principal) and _is_basic(operation, context):
                restrictions = UNRESTRICTED
            else:
                restrictions = await self._admit(database, target, operation, context)
                if restrictions.tables and isinstance(operation, Select):
                    # What a policy lets through may change while the rows stay.
                    operation = replace(operation, known=None)
            result = await (transaction or target).execute(operation, restrictions, context)
        except BaseException as error:
            if held is not None:
                held.release(error)
            self._observe(database, operation, context, _code(error), started, 0)
            raise
        held.release()
        self._observe(database, operation, context, None, started, result.affected or len(result.rows))
        if result.commit is not None and transaction is None:
            self._tell(database)
        return result

    def _tell(self, database: str) -> None:
        if self._committed is not None:
            self._committed(database)

    def _observe(
        self,
        database: str,
        operation: Operation | Follow,
        context: Context,
        code: str | None,
        started: float,
        rows: int,
    ) -> None:
        if self._observed is not None:
            outcome = Outcome(code, time.perf_counter() - started, rows)
            self._observed(database, operation, context.principal, outcome)

    async def _admit(self, database: str, target: Database, operation: Operation, context: Context) -> Restrictions:
        demands = Demands.of(operation)
        place = str(getattr(operation, "ref", HEAD))
        for action in sorted(demands.database):
            for about in sorted({place, *demands.places}):
                await self._authorize(context, action, Resource(database, ref=about))
        for action, table in demands.tables:
            await self._authorize(context, action, Resource(database, table, place))
        _require(database, target, demands.capabilities, context)
        if self._is_free(context.principal):
            return UNRESTRICTED
        tables = await self._restrict(database, demands, context)
        combining: dict[str | None, frozenset[str]] = {}
        for ref in demands.sql:
            catalog = await target.catalog(ref)
            actions = _TABLE_ACTIONS if demands.combines else ("select",)
            for name, limit in (await self._limits(database, catalog, context, actions)).items():
                tables[name] = join_restrictions(tables.get(name), limit)
            for known in {None, *catalog.tables} - combining.keys() if demands.combines else ():
                combining[known] = await self._allowed(context, Resource(database, known, place))
        whole = Resource(database, ref=place)
        may_define = not demands.writes or await self._refusal(context, "define", whole) is None
        return Restrictions(tables, may_define, combining if demands.combines else None)

    async def _allowed(self, context: Context, resource: Resource) -> frozenset[str]:
        """Give the actions on rows that are allowed."""
        return frozenset([item for item in _ROW_ACTIONS if await self._refusal(context, item, resource) is None])

    async def _authorize(self, context: Context, action: str, resource: Resource) -> None:
        refusal = await self._refusal(context, action, resource)
        if refusal is not None:
            raise refusal

    async def _refusal(self, context: Context, action: str, resource: Resource) -> RequestError | None:
        if self._access is None:
            return await self._deciders.refusal(context, action, resource)
        return None if self._access.allows(context.principal) else forbidden(action, resource, "nobody allows it")

    async def _restrict(self, database: str, demands: Demands, context: Context) -> dict[str, TableRestriction]:
        if not self._deciders.policies:
            return {}
        tables: dict[str, TableRestriction] = {}
        reshaped = [(action, table) for table in sorted(demands.altered) for action in _TABLE_ACTIONS]
        for action, table in (*demands.tables, *reshaped):
            found = await self._deciders.restriction(context, action, Resource(database, table))
            if found is not None:
                tables[table] = join_restrictions(tables.get(table), found)
        for table in demands.altered & tables.keys():
            # A renamed or copied table or column would leave the policy, which goes by name, behind.
            raise forbidden("define", Resource(database, table), "its rows or columns are restricted for you")
        return tables

    async def _limits(
        self, database: str, catalog: Catalog, context: Context, actions: tuple[str, ...] = ("select",)
    ) -> dict[str, TableRestriction]:
        """Restrictions of actions on every table; one that may not be read has no rows and no columns."""
        limits: dict[str, TableRestriction] = {}
        for name, table in catalog.tables.items():
            resource = Resource(database, name)
            if await self._refusal(context, "select", resource) is not None:
                limits[name] = TableRestriction(NO_ROWS, hidden=frozenset(table.by_name))
                continue
            for action in actions:
                found = await self._deciders.restriction(context, action, resource)
                if found is not None:
                    limits[name] = join_restrictions(limits.get(name), found)
        return limits


def _is_basic(operation: Operation, context: Context) -> bool:
    """Say whether every storage can do this."""
    if context.dry_run or context.idempotency is not None:
        return False
    return type(operation) in _BASIC and getattr(operation, "expected", None) is None


def _require(database: str, target: Database, needed: set[Capability], context: Context) -> None:
    wishes: set[Capability] = set()
    if context.dry_run:
        wishes.add("dry_run")
    if context.idempotency is not None:
        wishes.add("idempotency")
    missing = (needed | wishes) - target.capabilities
    if missing:
        names = ", ".join(sorted(missing))
        raise UnsupportedCapability(
            f"The storage of database {database!r} does not offer: {names}.",
            data={"database": database, "missing": sorted(missing)},
        )


def _code(error: BaseException) -> str:
    return error.code if isinstance(error, RequestError) else "internal_error"
