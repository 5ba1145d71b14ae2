"""Batches: several writes in one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .sessions import Session
from .transport import Request
from .values import decode, encode

__all__ = ["Batch", "Batchable"]


class Batchable(Protocol):
    """A write that was not sent yet."""

    def request(self) -> Request:
        """Give the request."""
        ...


@dataclass(frozen=True)
class Batch:
    """Writes that are done at once."""

    session: Session
    statements: Sequence[Batchable]
    atomic: bool = True

    def execute(self) -> list[dict[str, Any]]:
        """Do them, and give status, headers and body of each answer.

        Raises:
            NotConnected: it is not known whether it was done.
            Refused: of an atomic batch, nothing was done.
        """
        operations = [_operation(statement.request()) for statement in self.statements]
        body = encode({"operations": operations, "atomic": self.atomic}).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        reply = self.session.send(Request("POST", self.session.meta("batch"), headers, body))
        found: Any = decode(reply.body)
        return list(found["results"] if isinstance(found, dict) else found)


def _operation(request: Request) -> dict[str, Any]:
    body = None if request.body is None else decode(request.body)
    return {"method": request.method, "url": request.target, "headers": dict(request.headers), "body": body}
