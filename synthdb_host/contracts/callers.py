"""Who asks, and what accompanies an operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from synthdb_host.contracts.idempotency import Idempotency

__all__ = ["ANY_TENANT", "Context", "Principal"]

ANY_TENANT = "*"
"""The tenant of those who act for the host itself, such as jobs: they call databases by their full names."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request. ``claims`` are facts that policies may use.

    ``tenant`` is whose databases the principal can reach at all: those of this tenant, whatever is asked for; without
    one, those that belong to no tenant. An authenticator sets it where the credentials belong to a tenant; else the
    host name of the request does.
    """

    id: str
    kind: str = "user"
    claims: Mapping[str, object] = field(default_factory=dict)
    tenant: str | None = None


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
