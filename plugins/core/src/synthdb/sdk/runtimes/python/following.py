"""Changes as they are made."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Self, TypeVar, cast

from .errors import ClientError, NotConnected, Unavailable, refusal
from .sessions import Session
from .targets import query_string
from .transport import Request
from .values import decode, decode_row

__all__ = ["Listening", "LiveChange"]

Row = TypeVar("Row")

_GONE = 410
_MOST_PAUSES = 10
_OVER = ("end", "resync")


@dataclass(frozen=True)
class LiveChange(Generic[Row]):
    """What a commit did to a row; keep ``seq`` once it is dealt with.

    A row that comes to be one that is followed, or may be seen, is an ``insert``, too; one that no longer is one is a
    ``leave``. Rows have the columns that their table has now.
    """

    seq: str
    commit: str
    at: dt.datetime
    branch: str
    table: str
    op: Literal["insert", "update", "delete", "leave"]
    key: list[Any]
    old: Row | None
    new: Row | None
    changed: list[str] | None


class Listening(Generic[Row]):
    """Gives changes for ever; a connection that breaks is made again, and goes on where the last one ended.

    Args:
        session: the database, at the branch that is followed.
        path: what is followed.
        parameters: conditions.
        since: where to begin.
        types: the types of the columns, where they are known.
    """

    def __init__(
        self,
        session: Session,
        path: str,
        parameters: Sequence[tuple[str, str]],
        since: str | None,
        types: Mapping[str, str],
    ) -> None:
        self._session = session
        self._target = session.realtime(path) + query_string(parameters)
        self._types = types
        self._stopped = threading.Event()
        self._hang_up: Callable[[], None] | None = None
        self._changes = self._follow(since)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LiveChange[Row]:
        """Wait for the next change.

        Raises:
            NotFound: with the code ``history_gone``, the changes after ``since`` are no longer kept.
            Refused: it is not allowed, or not any more.
            NotConnected: there was no answer for a long time.
        """
        return next(self._changes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more; also from another thread, for which whoever waits is told of the end."""
        self._stopped.set()
        if self._hang_up is not None:
            self._hang_up()

    def _follow(self, since: str | None) -> Iterator[LiveChange[Row]]:
        attempt = 0
        while not self._stopped.is_set():
            asked, is_over = None, False
            try:
                for event in self._events(since):
                    since, attempt = event.seq or since, 0
                    asked = event.retry or asked
                    if event.name == "change":
                        yield self._change(decode(event.data))
                    else:
                        is_over = _ends(event) or is_over
                if not is_over:
                    message = f"GET {self._target} was not answered to the end"
                    raise NotConnected(message)
            except (ClientError, OSError, ValueError) as error:
                if self._stopped.is_set():
                    return
                if attempt >= _MOST_PAUSES or not isinstance(error, NotConnected | Unavailable):
                    raise
                asked = None
            self._stopped.wait(max(self._session.transport.retries.pause(attempt, None), asked or 0.0))
            attempt += 1

    def _events(self, since: str | None) -> "Iterator[_Event]":
        headers = {"Accept": "text/event-stream", **({} if since is None else {"Last-Event-ID": since})}
        lines = self._session.lines(Request("GET", self._target, headers))
        self._hang_up = lines.hang_up
        # Who stopped it meanwhile did not know of this connection.
        return iter(()) if self._stopped.is_set() else _events(lines)

    def _change(self, data: dict[str, Any]) -> LiveChange[Row]:
        at = dt.datetime.fromisoformat(data.pop("at"))
        old, new = self._row(data.pop("old")), self._row(data.pop("new"))
        return LiveChange(at=at, old=old, new=new, **data)

    def _row(self, row: dict[str, Any] | None) -> Row | None:
        return None if row is None else cast("Row", decode_row(row, self._types))


@dataclass
class _Event:
    name: str = ""
    seq: str | None = None
    data: str = ""
    retry: float | None = None


def _ends(event: _Event) -> bool:
    """Tell whether an event says that the stream is over, to be gone on with; what ends it for good is raised."""
    if event.name == "problem":
        problem = decode(event.data)
        raise refusal(problem["status"], problem)
    if event.name == "resync" and decode(event.data)["lost"]:
        message = "the changes after the last one that was seen are no longer kept: read everything again"
        raise refusal(_GONE, {"code": "history_gone", "message": message})
    return event.name in _OVER


def _events(lines: Iterator[bytes]) -> Iterator[_Event]:
    """Put lines together; an event that was not sent to its end, which is an empty line, is none."""
    event = _Event()
    for line in lines:
        field, _, text = line.decode().removesuffix("\n").partition(": ")
        if line == b"\n":
            yield event
            event = _Event()
        elif field == "event":
            event.name = text
        elif field == "id":
            event.seq = text
        elif field == "data":
            event.data = text
        elif field == "retry":
            event.retry = int(text) / 1000
