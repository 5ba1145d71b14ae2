"""A client of event streams, no more than a socket."""

import json
import socket
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

__all__ = ["Event", "Listener", "write"]

_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Event:
    """One event: its name, its id if it has one, and its data."""

    name: str
    id: str | None
    data: Any


class Listener:
    """A connection that follows; ``opened`` are all of them."""

    opened: ClassVar[list["Listener"]] = []

    def __init__(self, url: str, last: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), _PATIENCE_SECONDS)
        self._lines = self._socket.makefile("rb")
        self.opened.append(self)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        sent = {"Host": parts.netloc, "Accept": "text/event-stream", **(headers or {})}
        if last is not None:
            sent["Last-Event-ID"] = last
        head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
        self._socket.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        self.status = int(self._lines.readline().split()[1])
        self.headers = dict(self._header())
        self._left = b""
        self.last = last
        self.comments = 0

    def _header(self) -> Any:
        while line := self._lines.readline().strip().decode():
            name, _, value = line.partition(": ")
            yield name.lower(), value

    def body(self) -> Any:
        """Read the whole answer as JSON."""
        return json.loads(self._lines.read(int(self.headers["content-length"])))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        fields: dict[str, str] = {}
        while True:
            line = self._line()
            if line is None:
                raise StopIteration
            if line.startswith(b":"):
                self.comments += 1
            elif line:
                name, _, value = line.decode().partition(": ")
                fields[name] = value
            else:
                self.last = fields.get("id", self.last)
                if "data" in fields:
                    return Event(fields.get("event", "message"), fields.get("id"), json.loads(fields["data"]))
                fields = {}

    def changes(self, count: int) -> list[Event]:
        """Give the next changes, without what else is said."""
        found: list[Event] = []
        while len(found) < count:
            event = next(self)
            if event.name == "change":
                found.append(event)
        return found

    def until(self, name: str) -> list[Event]:
        """Give all events up to and with one of a name."""
        found = []
        for event in self:
            found.append(event)
            if event.name == name:
                return found
        raise AssertionError(f"There was no {name}: {found}")

    def _line(self) -> bytes | None:
        while b"\n" not in self._left:
            size = int(self._lines.readline() or b"0", 16)
            if size == 0:
                return None
            self._left += self._lines.read(size)
            self._lines.readline()
        line, _, self._left = self._left.partition(b"\n")
        return line

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
        self._lines.close()


def write(url: str, *rows: Mapping[str, Any], method: str = "POST") -> None:
    """Write over REST."""
    body = json.dumps(rows if method == "POST" else rows[0]).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:
        answer.read()
