"""Who may do what: the records that the gate asks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from synthdb_host.contracts.callers import Context, Principal
from synthdb_host.operations import Filter, Ref

__all__ = [
    "Authenticator",
    "Authorizer",
    "Credentials",
    "Decision",
    "GraphqlCall",
    "GraphqlType",
    "Outcome",
    "Permission",
    "Policy",
    "Resource",
    "RowPolicy",
    "Verdict",
]


@dataclass(frozen=True, slots=True)
class GraphqlType:
    """Fields that a plugin adds to the queries of GraphQL, below a field that is called like the plugin.

    ``query`` is a class decorated with ``strawberry.type``. It is made without arguments for each operation that asks
    for it; its resolvers find a :class:`GraphqlCall` as ``info.context``, and run on the event loop. ``mutation`` is
    one like it, of which the fields lie below a mutation of the same name.
    """

    query: type
    mutation: type | None = None


@dataclass(frozen=True, slots=True)
class GraphqlCall:
    """What an operation of GraphQL is about, and who asks: what resolvers of plugins hand to the gate."""

    database: str
    ref: Ref
    caller: Context


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
    """Says whether a principal may do an action. Any deny denies; if none allows, it is denied.

    As long as ``version`` gives the same, so does ``authorize`` for the same principal: then the gate remembers which
    tables somebody sees. It must cost nothing. None: ask each time.
    """

    name: str
    authorize: Callable[[Principal, str, Resource], Awaitable[Decision]]
    version: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class RowPolicy:
    """What a policy demands for one table; see :class:`TableRestriction`."""

    rows: Filter | None = None
    check: Filter | None = None
    hidden: frozenset[str] = frozenset()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """Restricts rows and columns. None: this policy has nothing to say about the table. Restrictions add up.

    ``version`` is as that of an authorizer.
    """

    name: str
    restrict: Callable[[Principal, str, Resource], Awaitable[RowPolicy | None]]
    version: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an operation went: an error code or None, the seconds it took, and the rows it read or wrote."""

    code: str | None
    seconds: float
    rows: int
