"""What the gate asks: who sent these credentials, and whether he may do this."""

from synthdb_host.contracts import Credentials, Decision, Principal, Resource, Verdict

__all__ = ["authenticate", "authorize"]


async def authenticate(credentials: Credentials) -> Principal | None:  # noqa: ARG001 - so far nobody is known
    """Say who sent the credentials; None: nobody that is known here."""
    return None


async def authorize(principal: Principal, action: str, resource: Resource) -> Decision:  # noqa: ARG001 - as above
    """Say whether somebody may do something: the process itself anything, others nothing that was not allowed."""
    if principal.kind == "local":
        return Decision(Verdict.ALLOW, "it is the server's own process")
    return Decision(Verdict.ABSTAIN)
