"""Batches: several writes in one request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .sessions import Session
from .transport import Request
from .values import decode

__all__ = ["Batch", "Batchable", "reference"]


class Batchable(Protocol):
    """A write that was not sent yet."""

    def request(self) -> Request:
        """Give the request."""
        ...


def reference(operation: int, column: str) -> Any:
    """Mean, in a later write of a batch, a value of the one row that an earlier one writes; these count from 0."""
    return f"${operation}.{column}"


@dataclass(frozen=True)
class Batch:
    """Writes that are done at once."""

    session: Session
    statements: Sequence[Batchable]
    atomic: bool = True

    def execute(self) -> list[dict[str, Any]]:
        """Do them, and give status, headers and body of each answer.

        A batch has no key by which the server knows it again, so it is sent once.

        Raises:
            NotConnected: it is not known whether it was done.
            Refused: of an atomic batch, nothing was done; ``data["operation"]`` says which part was refused.
        """
        operations = [self._operation(statement.request()) for statement in self.statements]
        found = self.session.ask("POST", "batch", {"operations": operations, "atomic": self.atomic})
        return list(found["results"])

    def _operation(self, request: Request) -> dict[str, Any]:
        operation: dict[str, Any] = {"method": request.method, "headers": dict(request.headers)}
        operation["url"] = request.target.removeprefix(self.session.table(""))
        if request.body is not None:
            is_json = request.headers["Content-Type"] == "application/json"
            operation["body"] = decode(request.body) if is_json else request.body.decode()
        return operation
