"""What a gate lets through, and what it tells the storage: for tests of authorizers and policies."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from synthdb_host.catalog import Catalog, Column, ColumnType, ForeignKey, Table, UniqueKey
from synthdb_host.contracts import (
    Authenticator,
    Authorizer,
    Capability,
    ChangeSet,
    Context,
    Decision,
    Outcome,
    Placement,
    Policy,
    Principal,
    Resource,
    Restrictions,
    Result,
    RowPolicy,
    Scheduler,
    StorageBackend,
    Verdict,
    Watch,
)
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import UnsupportedCapability
from synthdb_host.gate import Gate
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import HEAD, Operation, Ref, Select
from synthdb_host.versions import Follow, Offset

__all__ = [
    "ALL_CAPABILITIES",
    "BOOKSHOP",
    "Guard",
    "Ledger",
    "LedgerDatabase",
    "LedgerStream",
    "allow_all",
    "allow_only",
    "open_gate",
    "restrict",
]

T = TypeVar("T")

ALL_CAPABILITIES: Final[frozenset[Capability]] = frozenset(
    {"sql", "transactions", "foreign_keys", "checks", "define", "dry_run", "streams"}
)

_TEXT: Final = ColumnType("text")
_AUTHORS: Final = Table("authors", (Column("id", _TEXT), Column("name", _TEXT)), "id", ("id",))
_BOOKS: Final = Table(
    "books",
    (Column("id", _TEXT), Column("author", _TEXT), Column("price", _TEXT)),
    "id",
    ("id",),
    unique_keys=(UniqueKey("books_price_key", ("price",)),),
    foreign_keys=(ForeignKey("books_author", ("author",), "authors", ("id",)),),
)

BOOKSHOP: Final = Catalog("1", {"authors": _AUTHORS, "books": _BOOKS})
"""Books (id, author, unique price) that refer to authors (id, name)."""


class LedgerDatabase:
    """A storage that notes what it is asked to do and under which restrictions; it is its own transaction."""

    requires: frozenset[str] = frozenset()

    def __init__(self, capabilities: frozenset[Capability]) -> None:
        self.capabilities = capabilities
        self.asked: list[tuple[Operation, Restrictions]] = []
        self.ended: list[str] = []

    async def catalog(self, ref: Ref = HEAD) -> Catalog:
        """Give the catalog of the book shop."""
        return BOOKSHOP

    def recent_catalog(self, ref: Ref = HEAD) -> Catalog | None:
        """Give none."""
        return None

    async def execute(self, operation: Operation, restrictions: Restrictions, context: Context) -> Result:
        """Note the operation; three rows are said to be affected."""
        self.asked.append((operation, restrictions))
        return Result(affected=3)

    async def begin(self, context: Context, ref: Ref = HEAD) -> "LedgerDatabase":
        """Start a transaction, which notes in the same place."""
        return self

    async def stream(self, select: Select, restrictions: Restrictions, context: Context) -> "LedgerStream":
        """Note the select, and give no rows."""
        self.asked.append((select, restrictions))
        return LedgerStream(self.ended)

    def watch(self, notify: Callable[[], None]) -> Watch:
        """Refuse."""
        raise UnsupportedCapability("The ledger cannot be followed.")

    async def changes(self, branch: str, since: Offset | None, limit: int) -> ChangeSet:
        """Refuse."""
        raise UnsupportedCapability("The ledger cannot be followed.")

    async def commit(self) -> str | None:
        """Note that the transaction was committed."""
        self.ended.append("commit")
        return "1"

    async def rollback(self) -> None:
        """Note that the transaction was undone."""
        self.ended.append("rollback")

    def check(self) -> None:
        """Be well."""

    def close(self) -> None:
        """Keep the notes."""


class LedgerStream:
    """A stream without rows that notes when it is closed."""

    encoder = RowEncoder(())
    total: int | None = None

    def __init__(self, ended: list[str]) -> None:
        self._ended = ended

    async def read(
        self, size: int, convert: Callable[[Sequence[Sequence[Any]]], T], deadline: float | None = None
    ) -> T | None:
        """Give nothing."""
        return None

    def close(self) -> None:
        """Note that the stream was closed."""
        self._ended.append("close")


class Ledger:
    """A plugin with such a storage under ``ledger:`` URLs; it also notes what was observed."""

    manifest: Final = Manifest(id="ledger", host_api=">=1.0,<2", summary="notes what a storage is asked")

    def __init__(self, capabilities: frozenset[Capability] = ALL_CAPABILITIES) -> None:
        self.database = LedgerDatabase(capabilities)
        self.observed: list[tuple[str, Operation | Follow, Principal, Outcome]] = []

    @hookimpl
    def synthdb_storage_backends(self) -> Sequence[StorageBackend]:
        """Contribute the scheme ``ledger``."""
        return (StorageBackend("ledger", self._open, self.database.capabilities),)

    @hookimpl
    def synthdb_observed(
        self, database: str, operation: Operation | Follow, principal: Principal, outcome: Outcome
    ) -> None:
        """Note what was observed."""
        self.observed.append((database, operation, principal, outcome))

    def _open(self, placement: Placement, scheduler: Scheduler) -> LedgerDatabase:
        return self.database


class Guard:
    """A plugin with the decisions that a test chooses; its id is ``guard``."""

    manifest: Final = Manifest(id="guard", host_api=">=1.0,<2", summary="decides as it is told")

    def __init__(
        self,
        *,
        authorizers: Sequence[Authorizer] = (),
        policies: Sequence[Policy] = (),
        authenticators: Sequence[Authenticator] = (),
    ) -> None:
        self._authorizers = tuple(authorizers)
        self._policies = tuple(policies)
        self._authenticators = tuple(authenticators)

    @hookimpl
    def synthdb_authorizers(self) -> Sequence[Authorizer]:
        """Contribute the authorizers."""
        return self._authorizers

    @hookimpl
    def synthdb_policies(self) -> Sequence[Policy]:
        """Contribute the policies."""
        return self._policies

    @hookimpl
    def synthdb_authenticators(self) -> Sequence[Authenticator]:
        """Contribute the authenticators."""
        return self._authenticators


def allow_all() -> Authorizer:
    """Make an authorizer that allows everything to everybody."""

    async def authorize(*_: object) -> Decision:
        return Decision(Verdict.ALLOW)

    return Authorizer("everything", authorize)


def allow_only(*allowed: tuple[str, str | None]) -> Authorizer:
    """Make an authorizer that allows these actions on tables (None: the database) and abstains otherwise."""

    async def authorize(_: Principal, action: str, resource: Resource) -> Decision:
        return Decision(Verdict.ALLOW if (action, resource.table) in allowed else Verdict.ABSTAIN)

    return Authorizer("list", authorize)


def restrict(
    table: str, answer: RowPolicy, *, name: str = "rows", action: str | None = None, only: str | None = None
) -> Policy:
    """Make a policy for a table: for one action or all, for the principal with one id or everybody."""

    async def answered(principal: Principal, asked: str, resource: Resource) -> RowPolicy | None:
        is_meant = resource.table == table and action in (None, asked) and only in (None, principal.id)
        return answer if is_meant else None

    return Policy(name, answered)


def open_gate(make_host: Callable[..., Host], ledger: Ledger, guard: Guard | None = None) -> Gate:
    """Open the gate of a host whose one database, ``shop``, is the ledger's.

    Args:
        make_host: the fixture of this name.
        ledger: the storage.
        guard: who decides; None: built-in access.
    """
    plugins: dict[str, object] = {"ledger": ledger}
    if guard is not None:
        plugins["guard"] = guard
    return make_host(plugins, databases={"shop": "ledger:"}).gate
