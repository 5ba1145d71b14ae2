"""Changes as they are made."""

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .errors import NotConnected, Unavailable, refusal
from .sessions import Session
from .targets import query_string
from .transport import Request
from .values import decode

__all__ = ["LiveChange", "listen"]

_GONE = 410
_MOST_PAUSES = 10


@dataclass(frozen=True)
class LiveChange:
    """What a commit did to a row; keep ``seq`` once it is dealt with.

    A row that comes to be one that may be seen is an ``insert``, too; one that no longer is one is a ``leave``.
    Values in ``old`` and ``new`` are as they are in JSON, with the columns that the table has now.
    """

    seq: str
    commit: str
    at: dt.datetime
    branch: str
    table: str
    op: Literal["insert", "update", "delete", "leave"]
    key: list[Any]
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    changed: list[str] | None


def listen(
    session: Session, since: str | None, path: str, parameters: Sequence[tuple[str, str]]
) -> Iterator[LiveChange]:
    """Give changes for ever; a connection that breaks is made again, and goes on where the last one ended."""
    attempt = 0
    while True:
        headers = {"Accept": "text/event-stream", **({} if since is None else {"Last-Event-ID": since})}
        try:
            for name, seq, data in _events(session.lines(Request("GET", path + query_string(parameters), headers))):
                since, attempt = seq or since, 0
                if name == "change":
                    at = dt.datetime.fromisoformat(data.pop("at"))
                    yield LiveChange(at=at, **data)
                elif name == "problem":
                    raise refusal(data["status"], data)
                elif name == "resync" and data["lost"]:
                    message = "the changes after the last one that was seen are no longer kept: read everything again"
                    raise refusal(_GONE, {"code": "history_gone", "message": message})
        except (NotConnected, Unavailable):
            if attempt >= _MOST_PAUSES:
                raise
        time.sleep(session.transport.retries.pause(attempt, None))
        attempt += 1


def _events(lines: Iterator[bytes]) -> Iterator[tuple[str, str | None, Any]]:
    """Give name, id and data of events; the data of each is one line, and the last one of it."""
    name, seq, is_beat = "", None, False
    for line in lines:
        if not line.endswith(b"\n"):
            return  # the connection broke in the middle of it
        field, _, text = line.decode().rstrip("\n").partition(": ")
        if field == "event":
            name = text
        elif field == "id" and is_beat:
            # Nothing happened up to there that is of interest here.
            is_beat = False
            yield "beat", text, None
        elif field == "id":
            seq = text
        elif field == "data":
            yield name, seq, decode(text.encode())
            name, seq = "", None
        is_beat = field == ":"
