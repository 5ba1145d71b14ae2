"""The records and protocols that plugins give to the host.

A hook returns these records; the host collects, checks and freezes them at start-up. Adding a field with a
default never breaks a plugin. Targets written ``"package.module:name"`` are imported when first needed.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final, Literal, Protocol, TypeVar

from synthdb_host.catalog import Catalog
from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import IdempotencyKeyReused, TooLarge
from synthdb_host.operations import HEAD, Filter, Operation, Position, Ref, Select
from synthdb_host.versions import MergeReport, Offset

__all__ = [
    "UNRESTRICTED",
    "ApiGenerator",
    "Authenticator",
    "Authorizer",
    "Capability",
    "ChangeSet",
    "Context",
    "Credentials",
    "Database",
    "Decision",
    "GraphqlCall",
    "GraphqlType",
    "HealthCheck",
    "Idempotency",
    "MediaType",
    "Outcome",
    "Permission",
    "Placement",
    "Policy",
    "Principal",
    "Resource",
    "Restrictions",
    "Result",
    "Route",
    "RowPolicy",
    "RowStream",
    "RowWriter",
    "Scheduler",
    "StorageBackend",
    "TableRestriction",
    "Transaction",
    "UnitRunner",
    "Verdict",
    "Watch",
]

_LARGEST_ANSWER: Final = 1_000_000

T = TypeVar("T")
U = TypeVar("U")

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


# -- who asks, and with which limits ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request. ``claims`` are facts that policies may use."""

    id: str
    kind: str = "user"
    claims: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The wish that a write be done once, however often it is sent (capability ``idempotency``).

    The storage keeps ``answer(result)`` by principal and ``key`` in the transaction of the write, for ``seconds``, and
    gives it again where the write comes again; the ``fingerprint`` says whether it is the same one. A write that
    fails, also because ``answer`` raises, is not kept, nor is a dry run.
    """

    key: str
    fingerprint: bytes
    answer: Callable[["Result"], bytes]
    seconds: int = 86_400

    def answered(self, result: "Result") -> "Result":
        """Give the result of the write with the answer that is to be kept.

        Raises:
            TooLarge: the answer has more than a million bytes.
        """
        answer = self.answer(result)
        if len(answer) > _LARGEST_ANSWER:
            raise TooLarge(
                f"The answer is too large to be kept for the idempotency key: {len(answer):,} bytes.",
                hint=f"Ask for less to be returned; {_LARGEST_ANSWER:,} bytes are kept.",
            )
        return replace(result, answer=answer)

    def replayed(self, fingerprint: bytes, answer: bytes) -> "Result":
        """Give what was kept for the key.

        Raises:
            IdempotencyKeyReused: it was kept for another write.
        """
        if fingerprint != self.fingerprint:
            raise IdempotencyKeyReused(
                "This idempotency key was sent before, with another request.", hint="Use a new key for each write."
            )
        return Result(answer=answer, replayed=True)


@dataclass(frozen=True, slots=True)
class Context:
    """What accompanies an operation.

    ``deadline`` is on the ``time.monotonic`` clock, in seconds. With ``dry_run`` everything is done and
    answered, then undone. ``idempotency`` is about a whole operation that writes, and nothing to others.
    """

    principal: Principal
    request_id: str = ""
    message: str | None = None
    deadline: float | None = None
    dry_run: bool = False
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class TableRestriction:
    """What one caller may see and write of one table.

    ``rows`` is ANDed to every read and to the rows that an update or delete touches; ``check`` must hold for
    every row written; ``hidden`` columns do not exist for this caller.
    """

    rows: Filter | None = None
    check: Filter | None = None
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Restrictions:
    """The limits that a storage applies while it executes, wherever a restricted table is read or written.

    ``may_define`` says whether a write, or combining states, may change the schema. SQL over a restricted table is
    refused unless the storage applies the restriction to it. ``combining`` are the actions (select, insert, update,
    delete) that combining states may do, by table; under None those on tables it does not name. None: all actions.
    """

    tables: Mapping[str, TableRestriction] = field(default_factory=dict)
    may_define: bool = True
    combining: Mapping[str | None, frozenset[str]] | None = None

    def may_combine(self, action: str, table: str) -> bool:
        """Say whether combining states may do an action on a table."""
        if self.combining is None:
            return True
        return action in self.combining.get(table, self.combining.get(None, frozenset()))


UNRESTRICTED = Restrictions()


# -- storage ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a database lives: a name, a URL whose scheme chooses the backend, and whether to make it."""

    name: str
    url: str
    create: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation yields.

    ``rows`` are tuples for ``encoder``; a write without ``returning`` has neither. ``total`` is the count asked
    for. ``affected`` is how many rows a write wrote (an unchanged row that was matched counts). ``inserted`` is
    how many of them are new. ``keys`` are the declared keys of the rows inserted, given for a single row.
    ``parts`` are the results of a batch. ``report`` says what was combined; while it has conflicts, nothing was.
    ``versions`` are those of the rows of a read that asks for them, and of the row that a write left if it is one;
    they are made of letters and digits. ``state`` is a word for all that a read could have seen at its ref, given to
    one that asks for it: as long as it is the same, so are the rows. None: nobody can say. ``answer`` is what is kept
    for an idempotency key, and ``replayed`` says that it was kept before and nothing was done now.
    ``position`` is where a page that is full ended, if that was asked for.
    """

    encoder: RowEncoder | None = None
    rows: Sequence[Sequence[Any]] = ()
    total: int | None = None
    affected: int | None = None
    inserted: int | None = None
    keys: tuple[tuple[Any, ...], ...] = ()
    commit: str | None = None
    parts: tuple["Result", ...] = ()
    report: MergeReport | None = None
    versions: tuple[str, ...] = ()
    state: str | None = None
    answer: bytes | None = None
    replayed: bool = False
    position: Position | None = None

    def json(self) -> bytes:
        """Encode the rows as a JSON array."""
        return self.encoder.json(self.rows) if self.encoder else b"[]"

    def python(self) -> list[dict[str, Any]]:
        """Give the rows as dictionaries of Python values."""
        return self.encoder.python(self.rows) if self.encoder else []


UnitRunner = Callable[[Sequence[U]], Sequence[T | BaseException]]
"""Runs a group of write units as one durable transaction and gives each unit's outcome, in order."""


class Scheduler(Protocol):
    """Decides where a storage's work runs; the only thing that suspends a storage's coroutines.

    A server's scheduler uses threads; the embedded one runs everything at once on the calling thread.
    """

    def submit_write(self, runner: UnitRunner[Any, Any], unit: Any) -> Awaitable[Any]:  # noqa: ANN401 - opaque to the scheduler
        """Queue a write unit. Units of one runner run in order, possibly as a group, never two groups at once.

        Awaiting gives the unit's outcome or raises it. A cancelled awaiter does not cancel its write.
        """

    def offload(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run blocking work away from the event loop, if there is one."""

    @property
    def inline_budget(self) -> float | None:
        """Seconds that a read may hold the calling thread before it must be offloaded; None: no limit."""


class RowStream(Protocol):
    """The rows of one select, read piece by piece from one state: what is written meanwhile is not seen.

    The storage keeps that state for as long as the stream is open, so whoever opens one closes it, and soon.
    ``total`` is the count that the select asks for.
    """

    @property
    def encoder(self) -> RowEncoder:
        """What knows the rows."""

    @property
    def total(self) -> int | None:
        """The number of rows without limit and offset, if it was asked for."""

    async def read(
        self, size: int, convert: Callable[[Sequence[Sequence[Any]]], T], deadline: float | None = None
    ) -> T | None:
        """Read at most ``size`` rows, fewer where they are large, and convert them where they were read.

        None: there are no more. ``deadline`` is that of this one call.

        Raises:
            Timeout: the deadline is over.
            Unavailable: the stream is closed.
        """

    def close(self) -> None:
        """Let go of the state, at the latest when a running read is over; harmless a second time."""


class Watch(Protocol):
    """Somebody is told of commits, until this is closed."""

    def close(self) -> None:
        """Tell of no more commits; harmless a second time."""


class ChangeSet(Protocol):
    """What commits of one branch changed between two offsets: read once, and shown to any number of callers."""

    @property
    def start(self) -> Offset:
        """The offset after which it begins."""

    @property
    def end(self) -> Offset:
        """The offset with which it ends, and after which to go on."""

    @property
    def tables(self) -> frozenset[str]:
        """The names, as they are now, of the tables that were changed."""

    @property
    def size(self) -> int:
        """About how many bytes it holds."""

    async def seen(
        self, tables: Mapping[str, Filter | None], restrictions: Restrictions
    ) -> tuple[Sequence[Offset], Result]:
        """Give what a caller with these restrictions sees of it, and the offset of each change.

        ``tables`` and the columns of the result are those of :class:`synthdb_host.versions.Follow`. Of a restricted
        table a row that does not satisfy ``rows`` is not there, before or after, and hidden columns are not shown.

        Raises:
            UnknownTable, UnknownColumn, InvalidFilter, UnknownOperator: a condition does not fit its table, whether
                that was changed or not.
        """


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


@dataclass(frozen=True, slots=True)
class StorageBackend:
    """A kind of storage, chosen by URL scheme. ``options`` of ``open`` is the plugin's settings section."""

    scheme: str
    open: Callable[[Placement, Scheduler], Database]
    capabilities: frozenset[Capability] = frozenset()


# -- surfaces --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP resource at a path below the plugin's prefix.

    ``resource`` is given the host (:class:`synthdb_host.hosting.PluginHost`) when the application is built, and makes
    the Falcon ASGI resource.
    """

    path: str
    resource: Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class ApiGenerator:
    """An API made from the catalog, mounted at ``mount``.

    ``routes`` is a target ``"module:function"``; the function takes the host and gives routes relative to the
    mount. ``links`` gives the generator's addresses for a table, shown on the index page.
    """

    name: str
    mount: str
    routes: str
    links: Callable[[str, str], Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class GraphqlType:
    """Fields that a plugin adds to the queries of GraphQL, below a field that is called like the plugin.

    ``query`` is a class decorated with ``strawberry.type``. It is made without arguments for each operation that asks
    for it; its resolvers find a :class:`GraphqlCall` as ``info.context``, and run on the event loop.
    """

    query: type


@dataclass(frozen=True, slots=True)
class GraphqlCall:
    """What an operation of GraphQL is about, and who asks: what resolvers of plugins hand to the gate."""

    database: str
    ref: Ref
    caller: Context


class RowWriter(Protocol):
    """Writes the rows of one answer, piece by piece."""

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Take the next rows; gives what can be sent by now, which may be nothing."""

    def finish(self) -> bytes:
        """Give the rest, after the last rows."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A representation of rows.

    It is written by ``encode`` at once, or by ``writer``, which is made for each answer from its encoder and the
    parameters that the media type was asked for with; then an answer may have any length. ``decode`` reads a body
    into columns and rows, for an insert.
    """

    name: str
    suffix: str
    encode: Callable[[Result], bytes] | None = None
    decode: Callable[[bytes], tuple[tuple[str, ...], Sequence[Sequence[object]]]] | None = None
    charset: str | None = "utf-8"
    writer: Callable[[RowEncoder, Mapping[str, str]], RowWriter] | None = None


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A question about health: ``run`` raises if the answer is no. A critical one makes the server not ready."""

    name: str
    run: Callable[[], None]
    critical: bool = True


# -- decisions -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resource:
    """What an action is about: a database, in it perhaps a table, and the branch or other ref it is done on."""

    database: str
    table: str | None = None
    ref: str = "main"


@dataclass(frozen=True, slots=True)
class Permission:
    """An action that can be allowed: its name, the kind of resource it is about, and its meaning."""

    action: str
    resource: Literal["server", "database", "table"]
    meaning: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries to prove who makes it.

    ``scheme`` is the lower-cased Authorization scheme (``bearer``), or ``none``. ``headers`` have lower-case names.
    """

    scheme: str
    value: str
    headers: Mapping[str, str] = field(default_factory=dict)
    client: str | None = None
    bound_to_loopback: bool = False

    def __repr__(self) -> str:
        return f"Credentials(scheme={self.scheme!r}, value='***')"


class Verdict(Enum):
    """What an authorizer says."""

    ALLOW = "allow"
    DENY = "deny"
    ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and the reason for it."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Turns credentials of one scheme into a principal; None: they are not valid."""

    scheme: str
    authenticate: Callable[[Credentials], Awaitable[Principal | None]]


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Says whether a principal may do an action. Any deny denies; if none allows, it is denied."""

    name: str
    authorize: Callable[[Principal, str, Resource], Awaitable[Decision]]


@dataclass(frozen=True, slots=True)
class RowPolicy:
    """What a policy demands for one table; see :class:`TableRestriction`."""

    rows: Filter | None = None
    check: Filter | None = None
    hidden: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Restricts rows and columns. None: this policy has nothing to say about the table. Restrictions add up."""

    name: str
    restrict: Callable[[Principal, str, Resource], Awaitable[RowPolicy | None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation went: an error code or None, the seconds it took, and the rows it read or wrote."""

    code: str | None
    seconds: float
    rows: int
