"""Everything that can go wrong, in one tree.

::

    ClientError
        NotConnected        no answer came; whether a write took effect is not known
            TimedOut        it did not come in time
        Garbled             what came is not JSON; perhaps it came from something before the server
        Incomplete          a saved query has more rows than the server gives at once
        Refused             the server said no, and why
            BadRequest      400, 406, 413 to 416, 422, 428: the request is not right
            Forbidden       401, 403
            NotFound        404, 410
            Conflict        409: another row, another writer or another merge is in the way
            Changed         412: the row is not any more what it was when it was read
            Unavailable     429, 502, 503, 504: later may be better
"""

from collections.abc import Mapping
from typing import Any

__all__ = [
    "BadRequest",
    "Changed",
    "ClientError",
    "Conflict",
    "Forbidden",
    "Garbled",
    "Incomplete",
    "NotConnected",
    "NotFound",
    "Refused",
    "SchemaDrift",
    "TimedOut",
    "Unavailable",
    "refusal",
]


class ClientError(Exception):
    """The base of all errors of this client."""


class NotConnected(ClientError):
    """No complete answer came, however often it was tried."""


class TimedOut(NotConnected):
    """No complete answer came in time."""


class Garbled(ClientError, ValueError):
    """What came is not JSON; perhaps it came from something that stands before the server."""


class Incomplete(ClientError):
    """A saved query has more rows than the server gives for one call; its parameters may ask for fewer."""


class Refused(ClientError):
    """The server refused the request.

    ``code`` never changes its meaning; each has a page at ``/errors/CODE`` on the server. ``details`` names the part of
    the request that is meant, ``hint`` what to do, ``data`` holds facts, such as the conflicts of a merge.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code: str = str(problem.get("code") or "unknown")
        self.message: str = str(problem.get("message") or problem.get("detail") or f"HTTP status {status}")
        self.details: str | None = problem.get("details")
        self.hint: str | None = problem.get("hint")
        self.request_id: str | None = problem.get("request_id")
        self.data: Mapping[str, Any] = problem.get("data") or {}
        super().__init__(" ".join(part for part in (self.message, self.hint, f"[{self.code}]") if part))


class BadRequest(Refused):
    """The request is not right, and would not be later."""


class Forbidden(Refused):
    """The caller is not known, or may not do this."""


class NotFound(Refused):
    """There is no such row, table, database or state, or not any more."""


class Conflict(Refused):
    """Something that is there is in the way: a row with the same key, a row that refers to this one, a conflict."""


class Changed(Refused):
    """The row is not any more what it was when its ETag was read; nothing was written."""


class Unavailable(Refused):
    """The server cannot do this now."""


class SchemaDrift(UserWarning):
    """The tables are not any more those that this client was generated from."""


_BY_STATUS: Mapping[int, type[Refused]] = {
    401: Forbidden, 403: Forbidden, 404: NotFound, 410: NotFound, 409: Conflict, 412: Changed,
    429: Unavailable, 502: Unavailable, 503: Unavailable, 504: Unavailable,
}  # fmt: skip


def refusal(status: int, problem: object) -> Refused:
    """Make the error for an answer."""
    facts: Mapping[str, Any] = problem if isinstance(problem, dict) else {}
    return _BY_STATUS.get(status, BadRequest)(status, facts)
