"""A receiver of webhooks, which believes only what it has verified, and the servers that send to it."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

from synthdb_host.testing.serving import LiveServer
from tests.integration.serving import Server, free_port, wait_until

__all__ = ["SECRET", "Answer", "Received", "Receiver", "Site"]

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

QUICK: Final = {
    "SYNTHDB_PLUGINS__CORE__EGRESS__ALLOW_HTTP": "true",
    "SYNTHDB_PLUGINS__CORE__EGRESS__NETWORKS": "127.0.0.0/8",
    "SYNTHDB_JOBS__POLL_SECONDS": "0.05",
    "SYNTHDB_JOBS__LEASE_SECONDS": "5",
    "SYNTHDB_PLUGINS__CORE__DURABILITY": "normal",
    "SYNTHDB_PLUGINS__CORE__WEBHOOK_RETRY_SECONDS": "[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]",
    "SYNTHDB_PLUGINS__CORE__WEBHOOK_TIMEOUT_SECONDS": "5",
}
"""Settings under which a test need not wait."""

Answer = tuple[int, Mapping[str, str], float]
"""Status, headers, and seconds before it is given."""


@dataclass(frozen=True)
class Received:
    """A message that was verified."""

    path: str
    id: str
    body: dict[str, Any]
    taken: bool

    @property
    def changes(self) -> list[dict[str, Any]]:
        """What it says of rows."""
        found: list[dict[str, Any]] = self.body["data"].get("changes", [])
        return found


@dataclass
class Receiver:
    """A receiver on one port, through as many lives as a test gives it."""

    secret: str = SECRET
    port: int = field(default_factory=free_port)
    received: list[Received] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    answer: Callable[[str, dict[str, Any]], Answer] = lambda _, __: (204, {}, 0.0)
    _server: ThreadingHTTPServer | None = None

    def url(self, path: str = "/in") -> str:
        """Give an address that it listens on."""
        return f"http://127.0.0.1:{self.port}{path}"

    def start(self) -> "Receiver":
        """Begin to listen."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, *arguments: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Be gone: who connects is refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Verify a message, note it, and answer."""
        body = request.rfile.read(int(request.headers["Content-Length"]))
        try:
            found = Webhook(self.secret).verify(body, dict(request.headers))
        except WebhookVerificationError as error:
            self.forged.append(str(error))
            answer: Answer = (400, {}, 0.0)
        else:
            answer = self.answer(request.path, found)
            taken = 200 <= answer[0] < 300
            self.received.append(Received(request.path, request.headers["webhook-id"], found, taken))
        status, headers, seconds = answer
        time.sleep(seconds)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    def taken(self, path: str | None = None) -> list[dict[str, Any]]:
        """Give the changes of the messages that were taken, in the order in which they came."""
        messages = [one for one in self.received if one.taken and path in (None, one.path)]
        return [change for message in messages for change in message.changes]

    def wait_for(self, count: int, path: str | None = None) -> list[dict[str, Any]]:
        """Wait for so many changes."""
        wait_until(lambda: len(self.taken(path)) >= count, f"{count} changes", lambda: str(len(self.taken(path))))
        return self.taken(path)


class Site(Server):
    """A server of a data folder, whose only database is ``main``; several may share one.

    The database lies in the data folder, or on a server at ``place``.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None, *, place: str | None = None) -> None:
        super().__init__(folder, folder / "main.db", workers=1, environment=QUICK | dict(environment or {}))
        if place is not None:
            make = ("databases", "create", "main", "--url", place, "--data", "data")
            subprocess.run([sys.executable, "-m", "synthdb_host", *make], cwd=folder, check=True)

    def start(self) -> float:
        """Start it."""
        self._past, self._life = self.log, None
        arguments = ("--port", str(self.port))
        self._life = LiveServer(self._folder, *arguments, environment=self._environment)
        return 0.0

    def hook(self, name: str, url: str, **wanted: Any) -> Any:
        """Make a webhook."""
        with self.client() as client:
            answer = client.ask("PUT", f"/meta/v1/main/webhooks/{name}", {"url": url, "secret": SECRET, **wanted})
        assert answer.status in (200, 201), answer.body
        return json.loads(answer.body)

    def show(self, name: str) -> Any:
        """Describe a webhook."""
        with self.client() as client:
            return client.get(f"/meta/v1/main/webhooks/{name}").data

    def do(self, name: str, what: str, **body: Any) -> Any:
        """Do something with a webhook."""
        with self.client() as client:
            body_or_none = body if what == "replay" else None
            answer = client.ask("POST", f"/meta/v1/main/webhooks/{name}/{what}", body_or_none)
        assert answer.status in (200, 202), answer.body
        return json.loads(answer.body)

    def see(self, name: str, what: str) -> Any:
        """Read something of a webhook."""
        with self.client() as client:
            return client.get(f"/meta/v1/main/webhooks/{name}/{what}").data

    def write(self, *rows: Mapping[str, Any], table: str = "films") -> None:
        """Write rows as one commit."""
        with self.client() as client:
            assert client.post(f"/rest/v1/main/{table}", list(rows)).status in (200, 201)
