"""Who may do what with which rows: the built-in access, or what authorizers and policies of plugins decide."""

from collections.abc import Iterable, Mapping
from typing import Final

from synthdb_host.access import Access
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import (
    UNRESTRICTED,
    Capability,
    Context,
    Credentials,
    Database,
    Principal,
    Resource,
    Restrictions,
    TableRestriction,
)
from synthdb_host.deciding import Deciders, forbidden, join_restrictions
from synthdb_host.demands import Demands
from synthdb_host.errors import RequestError, UnsupportedCapability
from synthdb_host.operations import HEAD, Filter, Operation, Select
from synthdb_host.versions import Follow
from synthdb_host.visibility import NO_ROWS, visible

__all__ = ["Judge", "require"]

_MOST_SEEN: Final = 1_000
_ROW_ACTIONS: Final = ("select", "insert", "update", "delete")

_TABLE_ACTIONS: Final = (*_ROW_ACTIONS, "define")


class Judge:
    """Judges callers, of databases by their full names.

    Args:
        access: the built-in judge, used only where no plugin contributes an authorizer.
        deciders: the plugins' authenticators, authorizers and policies.
    """

    def __init__(self, access: Access, deciders: Deciders) -> None:
        self._deciders = deciders
        self._access = None if deciders.authorizers else access
        self._seen: dict[tuple[int, str, str], tuple[Principal, object, Catalog]] = {}

    async def authenticate(self, credentials: Credentials) -> Principal:
        """Say who makes a request.

        Raises:
            Unauthenticated: the credentials are missing or not valid.
            UntrustedOrigin: built-in access trusts only this machine, and this is not it.
        """
        if self._access is not None and credentials.scheme not in self._deciders.authenticators:
            return self._access.authenticate(credentials)
        return await self._deciders.authenticate(credentials)

    @property
    def judges_tables(self) -> bool:
        """Say whether a caller may be allowed more on one table than on another."""
        return self._access is None

    def is_free(self, principal: Principal) -> bool:
        """Say whether nothing is forbidden to a caller, and no policy restricts him."""
        return self._access is not None and not self._deciders.policies and self._access.allows(principal)

    async def admit(self, database: str, target: Database, operation: Operation, context: Context) -> Restrictions:
        """Authorize an operation, and say what restricts it.

        Raises:
            Forbidden: the caller may not do this, or a part of it.
            UnsupportedCapability: the storage does not offer it.
        """
        if type(operation) is Select and not operation.embeds and operation.after is None:
            return await self._admit_read(database, target, operation, context)
        demands = Demands.of(operation)
        place = str(getattr(operation, "ref", HEAD))
        for action in sorted(demands.database):
            for about in sorted({place, *demands.places}):
                await self.authorize(context, action, Resource(database, ref=about))
        for action, table in demands.tables:
            await self.authorize(context, action, Resource(database, table, place))
        for table in sorted(demands.altered) if self.judges_tables else ():
            await self.authorize(context, "define", Resource(database, table, place))
        require(database, target, demands.capabilities, context)
        if self.is_free(context.principal):
            return UNRESTRICTED
        tables = await self._restrict(database, demands, context)
        combining: dict[str | None, frozenset[str]] = {}
        for ref in demands.sql:
            catalog = await target.catalog(ref)
            actions = _TABLE_ACTIONS if demands.combines else ("select",)
            for name, limit in (await self.limits(database, catalog, context, actions)).items():
                tables[name] = join_restrictions(tables.get(name), limit)
            for known in {None, *catalog.tables} - combining.keys() if demands.combines else ():
                combining[known] = await self._allowed(context, Resource(database, known, place))
        whole = Resource(database, ref=place)
        may_define = not demands.writes or await self.refusal(context, "define", whole) is None
        return Restrictions(tables, may_define, combining if demands.combines else None)

    async def _admit_read(self, database: str, target: Database, select: Select, context: Context) -> Restrictions:
        """Do the same for a read of one table, which is what most operations are."""
        await self.authorize(context, "select", Resource(database, select.table, str(select.ref)))
        require(database, target, set(), context)
        if not self._deciders.policies:
            return UNRESTRICTED
        found = await self._deciders.restriction(context, "select", Resource(database, select.table))
        return UNRESTRICTED if found is None else Restrictions({select.table: found})

    async def followed(
        self, database: str, follow: Follow, changed: Iterable[str], context: Context
    ) -> tuple[Mapping[str, Filter | None] | None, Restrictions]:
        """Say which tables somebody is shown who follows some or, of those that were changed, all."""
        await self.authorize(context, "follow", Resource(database, ref=follow.branch))
        if self.is_free(context.principal):
            return follow.tables, UNRESTRICTED
        wishes: dict[str, Filter | None] = {}
        limits: dict[str, TableRestriction] = {}
        for name in follow.tables or changed:
            refusal = await self.refusal(context, "select", Resource(database, name, follow.branch))
            if refusal is None:
                wishes[name] = follow.tables.get(name)
                found = await self._deciders.restriction(context, "select", Resource(database, name))
                limits |= {} if found is None else {name: found}
            elif name in follow.tables:
                raise refusal
        return wishes or None, Restrictions(limits)

    async def _allowed(self, context: Context, resource: Resource) -> frozenset[str]:
        """Give the actions on rows that are allowed."""
        return frozenset([item for item in _ROW_ACTIONS if await self.refusal(context, item, resource) is None])

    async def authorize(self, context: Context, action: str, resource: Resource) -> None:
        """Refuse what the caller may not do.

        Raises:
            Forbidden: he may not.
        """
        refusal = await self.refusal(context, action, resource)
        if refusal is not None:
            raise refusal

    async def refusal(self, context: Context, action: str, resource: Resource) -> RequestError | None:
        """Give the refusal of an action, None if it is allowed."""
        if self._access is None:
            return await self._deciders.refusal(context, action, resource)
        return None if self._access.allows(context.principal) else forbidden(action, resource, "nobody allows it")

    async def sees(self, context: Context, resource: Resource) -> bool:
        """Say whether a caller may know that there is a database."""
        for action in ("select", "see"):
            if await self.refusal(context, action, resource) is None:
                return True
        return False

    async def seen(self, database: str, catalog: Catalog, context: Context) -> Catalog:
        """Give what a caller may know of a catalog; it is remembered while all deciders say the same."""
        version, principal = self._deciders.version, context.principal
        # A principal's claims need not be hashable; one that is kept here cannot have the identity of another one.
        key = (id(principal), database, catalog.version)
        known = self._seen.get(key)
        if known is not None and known[0] is principal and known[1] == version and version is not None:
            return known[2]
        limits = await self.limits(database, catalog, context)
        found = visible(catalog, limits) if limits else catalog
        if version is not None:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen[key] = (principal, version, found)
        return found

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

    async def limits(
        self, database: str, catalog: Catalog, context: Context, actions: tuple[str, ...] = ("select",)
    ) -> dict[str, TableRestriction]:
        """Restrictions of actions on every table; one that may not be read has no rows and no columns."""
        limits: dict[str, TableRestriction] = {}
        for name, table in catalog.tables.items():
            resource = Resource(database, name)
            if await self.refusal(context, "select", resource) is not None:
                limits[name] = TableRestriction(NO_ROWS, hidden=frozenset(table.by_name))
                continue
            for action in actions:
                found = await self._deciders.restriction(context, action, resource)
                if found is not None:
                    limits[name] = join_restrictions(limits.get(name), found)
        return limits


def require(database: str, target: Database, needed: set[Capability], context: Context) -> None:
    """Refuse what the storage of a database does not offer.

    Raises:
        UnsupportedCapability: it lacks something that is needed, or that the caller wishes.
    """
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
