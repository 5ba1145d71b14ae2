"""A session: one database at one state, and what every request to it has in common."""

import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import SchemaDrift
from .targets import segment
from .transport import Lines, Reply, Request, Retries, Transport
from .values import decode, encode

__all__ = ["Options", "Session"]


@dataclass(frozen=True)
class Options:
    """How a client behaves.

    Args:
        token: sent as ``Authorization: Bearer``.
        headers: sent with every request.
        timeout: seconds to wait for a connection and for each part of an answer.
        retries: how often to try again.
        on_drift: called once, with the fingerprint that the server has, when the schema is not any more the one that
            the client was generated from. Default: a warning, ``SchemaDrift``.
    """

    token: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout: float = 30.0
    retries: Retries = field(default_factory=Retries)
    on_drift: Callable[[str], None] | None = None


class _Drift:
    """Tells once that the schema is another one."""

    def __init__(self, hook: Callable[[str], None] | None) -> None:
        self._hook = hook
        self._lock = threading.Lock()
        self._told = False

    def tell(self, current: str) -> None:
        with self._lock:
            if self._told:
                return
            self._told = True
        if self._hook is not None:
            self._hook(current)
        else:
            warnings.warn(
                "the tables are not any more those that this client was generated from; generate it again",
                SchemaDrift,
                stacklevel=2,
            )


@dataclass(frozen=True)
class Session:
    """One database at one state."""

    transport: Transport
    database: str
    headers: Mapping[str, str]
    drift: _Drift
    ref: str | None = None

    @classmethod
    def open(cls, url: str, database: str, fingerprint: str, options: Options) -> "Session":
        """Begin a session; nothing is sent yet.

        Raises:
            ClientError: the address is not one of a server.
        """
        headers = {**options.headers, "Synthdb-Schema": fingerprint}
        if options.token is not None:
            headers["Authorization"] = f"Bearer {options.token}"
        return cls(Transport(url, options.timeout, options.retries), database, headers, _Drift(options.on_drift))

    @property
    def base(self) -> str:
        """What stands before the path of each request in the addresses that the server gives."""
        return self.transport.base

    def at(self, ref: str | None) -> "Session":
        """Give the session of another state of the database."""
        return replace(self, ref=ref)

    def table(self, name: str) -> str:
        """Give the path of a table."""
        return f"/rest/v1/{self._place}/{segment(name)}"

    def function(self, name: str) -> str:
        """Give the path of a saved query."""
        return f"/rest/v1/{self._place}/rpc/{segment(name)}"

    def meta(self, path: str) -> str:
        """Give a path below the meta interface of the database."""
        return f"/meta/v1/{self._place}/{path}"

    def realtime(self, path: str) -> str:
        """Give a path below the realtime interface of the database."""
        return f"/realtime/v1/{self._place}/{path}"

    def send(self, request: Request) -> Reply:
        """Send a request and give the answer.

        Raises:
            NotConnected: there was no answer.
            Refused: the answer is a refusal.
        """
        reply = self.transport.send(self._complete(request))
        self._look_for_drift(reply.headers)
        return reply

    def lines(self, request: Request) -> Lines:
        """Send a request that reads, and give the lines of the answer as they come.

        Raises:
            NotConnected: there was no answer, or it broke off.
            Refused: the answer is a refusal.
        """
        headers, lines = self.transport.lines(self._complete(request))
        self._look_for_drift(headers)
        return lines

    def ask(self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Any:
        """Ask the meta interface, and give what it says; it knows no keys of requests, so only reads are repeated.

        Raises:
            NotConnected: there was no answer.
            Refused: the answer is a refusal.
        """
        sent = {"Accept": "application/json", **(headers or {})}
        content = None
        if body is not None:
            sent["Content-Type"] = "application/json"
            content = encode(body).encode()
        reply = self.send(Request(method, self.meta(path), sent, content, repeatable=method == "GET"))
        return decode(reply.body) if reply.body else None

    @property
    def _place(self) -> str:
        return segment(self.database if self.ref is None else f"{self.database}@{self.ref}")

    def _complete(self, request: Request) -> Request:
        return replace(request, headers={**self.headers, **request.headers})

    def _look_for_drift(self, headers: Mapping[str, str]) -> None:
        current = headers.get("schema-drift")
        if current is not None:
            self.drift.tell(current)
