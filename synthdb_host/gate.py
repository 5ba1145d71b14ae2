"""The gate: the one way to data.

Whatever comes in (an API, the embedded library, a job) becomes an operation and passes here: authenticate,
authorize, restrict, execute, observe. What nobody contributes is not asked: with built-in access and no
policies an operation goes straight to its storage.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
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
    Outcome,
    Principal,
    Resource,
    Restrictions,
    Result,
    Transaction,
)
from synthdb_host.databases import Held
from synthdb_host.deciding import Deciders
from synthdb_host.errors import Moving, RequestError, UnknownDatabase
from synthdb_host.gated import GatedStream, GatedTransaction
from synthdb_host.judging import Judge, require
from synthdb_host.live_feeds import LiveFeeds
from synthdb_host.operations import HEAD, Delete, Insert, Operation, Ref, Select, Update
from synthdb_host.selection import closest
from synthdb_host.tenancy import Tenancy, full_name, split_name
from synthdb_host.versions import Follow

if TYPE_CHECKING:
    from synthdb_host.contributions import Contributions
    from synthdb_host.feeds import Feed, Wishes
    from synthdb_host.settings import FeedSettings

__all__ = ["Gate", "Observer", "OpenDatabases"]

Observer = Callable[[str, Operation | Follow, Principal, Outcome], None]
"""Told how an operation went: database, operation, principal, outcome."""

_BASIC: Final = frozenset({Select, Insert, Update, Delete})
"""Operations that every storage offers."""

_MAKE: Final = "The page at / lists those that you may see; `synthdb databases create NAME` makes one."

_MOVING_TRIES: Final = 250


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
            Moving: it is being moved.
        """

    async def wait(self) -> None:
        """Wait for a moment, because a database is being moved."""


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
        self._judge = Judge(
            access, Deciders(contributions.authenticators, contributions.authorizers, contributions.policies)
        )
        self._observed = observed
        self.feeds = LiveFeeds(feeds)
        self._committed = committed
        self._tenancy = tenancy

    async def authenticate(self, credentials: Credentials) -> Principal:
        """Say who makes a request.

        Raises:
            Unauthenticated: the credentials are missing or not valid.
            UntrustedOrigin: built-in access trusts only this machine, and this is not it.
        """
        principal = await self._judge.authenticate(credentials)
        return principal if self._tenancy is None else self._tenancy.bind(principal, credentials.headers)

    def full_name(self, database: str, context: Context) -> str:
        """Give the name by which jobs, which act for no tenant, know what the caller calls so.

        Raises:
            UnknownDatabase: such a name cannot be.
        """
        return full_name(context.principal.tenant, database)

    async def database_names(self, context: Context) -> tuple[str, ...]:
        """List the databases that the caller may know of: of which he may select all, or at least ``see`` something."""
        tenant = context.principal.tenant
        names = {name: Resource(full_name(tenant, name)) for name in self._databases.names(tenant or "")}
        return tuple([name for name, one in names.items() if await self._judge.sees(context, one)])

    async def catalog(self, database: str, context: Context, ref: Ref = HEAD, *, recent: bool = False) -> Catalog:
        """Describe a database as the caller sees it: only tables and columns that may be read.

        With ``recent`` it may be as it was a moment ago, which costs nothing; a select that is made of such a catalog
        says so by ``bound``.

        Raises:
            UnknownDatabase, UnknownRef: there is no such thing.
        """
        database = self.full_name(database, context)
        catalog = self._recent(database, context, ref) if recent else None
        if catalog is None:
            catalog = await self._later(lambda: self._catalog(database, context, ref))
        return catalog if self._judge.is_free(context.principal) else await self._judge.seen(database, catalog, context)

    def _recent(self, database: str, context: Context, ref: Ref) -> Catalog | None:
        try:
            held = self._databases.hold(database)
        except (Moving, UnknownDatabase):
            return None
        try:
            catalog = held.database.recent_catalog(ref)
        finally:
            held.release()
        return None if catalog is None else _own(catalog, database, held, context)

    async def _catalog(self, database: str, context: Context, ref: Ref) -> Catalog:
        held = await self._hold(database, context)
        try:
            return _own(await held.database.catalog(ref), database, held, context)
        finally:
            held.release()

    async def reads_everything(self, database: str, context: Context) -> bool:
        """Say whether the caller may follow all changes of all rows: nothing is hidden, and no policy stands before it.

        What is sent on later, when nobody can be asked, may only be asked for by such a caller.
        """
        if self._judge.is_free(context.principal):
            return True
        database = self.full_name(database, context)
        catalog = await self._later(lambda: self._catalog(database, context, HEAD))
        refused = await self._judge.refusal(context, "history", Resource(database)) is not None
        return not refused and not await self._judge.limits(database, catalog, context)

    async def permitted(self, resource: Resource, actions: Iterable[str], context: Context) -> frozenset[str]:
        """Tell which of these actions the caller may do, so that no more is shown; each operation is judged anew."""
        resource = replace(resource, database=self.full_name(resource.database, context))
        return frozenset([action for action in actions if await self._judge.refusal(context, action, resource) is None])

    @property
    def judges_tables(self) -> bool:
        """Say whether a caller may be allowed more on one table than on another."""
        return self._judge.judges_tables

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
        database = self.full_name(database, context)
        try:
            return await self._run(database, None, operation, context)
        except Moving:
            return await self._later(lambda: self._run(database, None, operation, context))

    async def begin(self, database: str, context: Context, ref: Ref = HEAD) -> GatedTransaction:
        """Start a transaction on a branch, whose every operation passes the gate.

        Raises:
            UnsupportedCapability: the storage has no interactive transactions.
        """
        database = self.full_name(database, context)
        return await self._later(lambda: self._begin(database, context, ref))

    async def _begin(self, database: str, context: Context, ref: Ref) -> GatedTransaction:
        held = await self._hold(database, context)
        try:
            require(database, held.database, {"transactions"}, context)
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
        database = self.full_name(database, context)
        return await self._later(lambda: self._stream(database, select, context))

    async def _stream(self, database: str, select: Select, context: Context) -> GatedStream:
        started = time.perf_counter()
        held: Held | None = None

        def observe(error: BaseException | None, rows: int, started: float) -> None:
            self._observe(database, select, context, None if error is None else _code(error), started, rows)
            if held is not None:
                held.release(error)

        try:
            held = await self._hold(database, context)
            restrictions = await self._judge.admit(database, held.database, select, context)
            require(database, held.database, {"streams"}, context)
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
        database, context = self.full_name(database, context), replace(context, deadline=None)
        return await self._later(lambda: self._feed(database, follow, context))

    async def _feed(self, database: str, follow: Follow, context: Context) -> "Feed":
        started, begun = time.perf_counter(), 0.0
        held: Held | None = None

        async def admit(changed: Iterable[str]) -> "tuple[Wishes | None, Restrictions]":
            return await self._judge.followed(database, follow, changed, context)

        def ended(rows: int) -> None:
            self._observe(database, follow, context, None, time.perf_counter() - begun, rows)
            if held is not None:
                held.release()

        try:
            held = await self._hold(database, context)
            await self._judge.authorize(context, "follow", Resource(database, ref=follow.branch))
            require(database, held.database, {"follow"}, context)
            feed = await self.feeds.open().follow(held.database, follow, context, admit, ended)
        except BaseException as error:
            self._observe(database, follow, context, _code(error), started, 0)
            raise
        # Observed is how long it took to begin; how long somebody follows says nothing about the work.
        begun = time.perf_counter() - started
        return feed

    async def _later(self, call: Callable[[], Awaitable[T]]) -> T:
        """Do something, and again as long as its database is being moved; nothing was done when that is said."""
        for _ in range(_MOVING_TRIES):
            with suppress(Moving):
                return await call()
            await self._databases.wait()
        return await call()

    async def _hold(self, name: str, context: Context) -> Held:
        try:
            return self._databases.hold(name)
        except UnknownDatabase as error:
            # Only a name that the caller may know of is suggested.
            asked = name if context.principal.tenant == ANY_TENANT else split_name(name)[1]
            meant = closest(asked, await self.database_names(context))
            raise UnknownDatabase(f"There is no database {asked!r}{meant or '.'}", hint=_MAKE) from error

    async def _run(
        self, database: str, transaction: Transaction | None, operation: Operation, context: Context
    ) -> Result:
        started = time.perf_counter()
        held: Held | None = None
        try:
            held = await self._hold(database, context)
            target = held.database
            if self._judge.is_free(context.principal) and _is_basic(operation, context):
                restrictions = UNRESTRICTED
            else:
                restrictions = await self._judge.admit(database, target, operation, context)
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


def _own(catalog: Catalog, database: str, held: Held, context: Context) -> Catalog:
    """Mark a catalog, of which more is kept by its version, as that of this database, for several may be called so."""
    return catalog if context.principal.tenant is None else catalog.of(f"{held.located.mark}.{database}")


def _is_basic(operation: Operation, context: Context) -> bool:
    """Say whether every storage can do this."""
    if context.dry_run or context.idempotency is not None:
        return False
    return type(operation) in _BASIC and getattr(operation, "expected", None) is None


def _code(error: BaseException) -> str:
    return error.code if isinstance(error, RequestError) else "internal_error"
