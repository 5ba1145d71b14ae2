"""A plain HTTP client with one kept-alive connection that never repeats a request by itself."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

__all__ = ["Answer", "Client", "Unanswered"]

_SECONDS: Final = 60
_IDLE_SECONDS: Final = 2


class Unanswered(Exception):
    """No complete answer came; whether the request took effect is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    content_type: str
    body: bytes

    @property
    def data(self) -> Any:
        """The body, decoded from JSON."""
        return json.loads(self.body)


class Client:
    """Talks to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        self._used = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, path: str) -> Answer:
        """Send a GET request; raises Unanswered."""
        return self.ask("GET", path)

    def post(self, path: str, body: object, prefer: str = "return=minimal") -> Answer:
        """POST a JSON document; raises Unanswered."""
        return self.ask("POST", path, body, {"Prefer": prefer})

    def patch(self, path: str, body: object) -> Answer:
        """PATCH with a JSON document; raises Unanswered."""
        return self.ask("PATCH", path, body)

    def ask(self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send a request and read the whole answer.

        Raises:
            Unanswered: the connection failed before the answer was complete.
        """
        content = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        if time.monotonic() - self._used > _IDLE_SECONDS:
            # As browsers do: the server closes a kept connection after five idle seconds.
            self._connection.close()
        try:
            self._connection.request(method, path, content, sent)
            response = self._connection.getresponse()
            return Answer(response.status, response.getheader("Content-Type", ""), response.read())
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unanswered(f"{method} {path}: {error!r}") from error
        finally:
            self._used = time.monotonic()
