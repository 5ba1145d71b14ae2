"""What a storage is, and what it may offer."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from synthdb_host.catalog import Catalog
from synthdb_host.contracts.callers import Context
from synthdb_host.contracts.restrictions import Restrictions
from synthdb_host.contracts.results import Result
from synthdb_host.contracts.scheduling import Scheduler
from synthdb_host.contracts.streams import ChangeSet, RowStream, Watch
from synthdb_host.operations import HEAD, Operation, Ref, Select
from synthdb_host.versions import Offset

__all__ = ["ELSEWHERE", "Capability", "Database", "Placement", "Relocation", "StorageBackend", "Transaction"]

ELSEWHERE = "sealed"
"""What stands among the plugins that a database requires if it lies elsewhere now: nobody has such a plugin."""


Capability = Literal[
    "sql",
    "transactions",
    "foreign_keys",
    "checks",
    "define",
    "dry_run",
    "as_of",
    "branches",
    "merge",
    "changes",
    "row_versions",
    "idempotency",
    "streams",
    "follow",
    "records",
]
"""What a storage may offer beyond select, insert, update and delete. What is not declared is refused with
``unsupported_capability``. ``as_of`` is reading the past: refs with a moment, the log, histories and diffs;
``merge`` is everything that combines two states; ``changes`` is the feed; ``row_versions`` is giving the version of
each row and comparing it in a write; ``idempotency`` is doing a write once for its key; ``streams`` are reads of any
length; ``follow`` is being told of commits, and reading for many callers at once what they changed; ``records`` are
values of plugins, kept beside the rows."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a database lives: a name, a URL whose scheme chooses the backend, and whether to make it."""

    name: str
    url: str
    create: bool = False


class Transaction(Protocol):
    """Several operations as one commit; it sees its own writes and keeps other writers out."""

    async def execute(self, operation: Operation, restrictions: Restrictions, context: Context) -> Result:
        """Run an operation inside the transaction. An error undoes that operation only."""

    async def commit(self) -> str | None:
        """Make everything durable; gives the commit id, None if nothing changed."""

    async def rollback(self) -> None:
        """Undo everything."""


class Database(Protocol):
    """One open database. Safe to use from one event loop and its scheduler's threads at a time."""

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this storage offers beyond reading and writing rows."""

    @property
    def requires(self) -> frozenset[str]:
        """Ids of plugins without which this database must not be served."""

    async def catalog(self, ref: Ref = HEAD) -> Catalog:
        """Describe the database at a ref; never older than the last acknowledged change.

        Raises:
            UnknownRef: there is no such ref.
        """

    def recent_catalog(self, ref: Ref = HEAD) -> Catalog | None:
        """Give the catalog of a ref as this process saw it last, without a look at the storage; None: it did not."""

    async def execute(self, operation: Operation, restrictions: Restrictions, context: Context) -> Result:
        """Run an operation. A write is durable when this returns, and absent when it raises."""

    async def begin(self, context: Context, ref: Ref = HEAD) -> Transaction:
        """Start an interactive transaction on a branch (capability ``transactions``)."""

    async def stream(self, select: Select, restrictions: Restrictions, context: Context) -> RowStream:
        """Start to read rows piece by piece (capability ``streams``); the context's deadline is for starting."""

    def watch(self, notify: Callable[[], None]) -> Watch:
        """Have ``notify`` called after commits, also of other processes (capability ``follow``).

        It is a hint and carries nothing: it may come for nothing, and once for several commits, but there is one
        after every commit. It comes on any thread, and must neither wait nor raise. Until there is a commit, a watch
        asks nothing of the storage.
        """

    async def changes(self, branch: str, since: Offset | None, limit: int) -> ChangeSet:
        """Read what was changed on a branch after an offset (capability ``follow``): about ``limit`` changes.

        None: nothing yet, only where the log ends now. A commit with more changes comes in several sets.

        Raises:
            UnknownRef: there is no such branch.
            HistoryGone: the changes after the offset are no longer kept.
        """

    def check(self) -> None:
        """Raise if the storage cannot be read."""

    def close(self) -> None:
        """Release everything; unfinished transactions are undone."""


class Relocation(Protocol):
    """A copy of a database at another place, which may take its place. All of it blocks.

    A process may die at any moment. Until the copy is finished nothing lies at the target, and the source is as it was,
    but that it may be sealed; then :meth:`unseal` and :meth:`discard` leave nothing behind.
    """

    def check(self) -> None:
        """Refuse a target at which something lies.

        Raises:
            Conflict: something does.
        """

    def copy(self, progress: Callable[[float], None]) -> str:
        """Copy the source, durable, while others read and write it, and verify that; gives a hash of its content.

        ``progress`` is told the part that is done.
        """

    def pause(self) -> AbstractContextManager[None]:
        """Keep the writers of all processes out, until the context ends."""

    def finish(self, *, fresh: bool) -> None:
        """Make the copy what the source is now, verify that, and let it lie at the target; call it in a pause.

        A ``fresh`` one keeps no records of plugins and no answers for idempotency keys: it is another database.
        """

    def seal(self) -> None:
        """Let every process refuse, with Moving, to read or write the source; call it in a pause."""

    def unseal(self) -> None:
        """Let the source be used again, if it was sealed; not in a pause."""

    def discard(self) -> None:
        """Remove what there is of a copy that was not finished."""

    def close(self) -> None:
        """Let go of both."""


@dataclass(frozen=True, slots=True)
class StorageBackend:
    """A kind of storage, chosen by URL scheme.

    ``remove`` removes the data of a database for good, and whatever lies beside it; what is gone already is no error.
    None: the storage leaves that to its operator. ``relocate`` is for moving and cloning a database from one placement
    to another one, which the same function must serve; None: the storage cannot do that. ``check`` raises Misconfigured
    if a database could never be opened there, and makes nothing; it is called when a server starts.
    """

    scheme: str
    open: Callable[[Placement, Scheduler], Database]
    capabilities: frozenset[Capability] = frozenset()
    remove: Callable[[Placement], None] | None = None
    relocate: Callable[[Placement, Placement], Relocation] | None = None
    check: Callable[[Placement], None] | None = None
