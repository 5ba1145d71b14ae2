"""Who asks, and what accompanies an operation."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from synthdb_host.contracts.idempotency import Idempotency

__all__ = ["Context", "Principal"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who makes a request. ``claims`` are facts that policies may use."""

    id: str
    kind: str = "user"
    claims: Mapping[str, object] = field(default_factory=dict)


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
