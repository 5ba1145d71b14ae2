"""What the tests with hostile requests share: the films database behind a real server, and a socket without manners."""

import json
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from synthdb_host.problems import error_codes
from tests.integration.films import make_films
from tests.integration.serving import Server, serving

__all__ = ["Reply", "calm", "complaint", "exchange", "head", "post", "storming"]

_SECONDS: Final = 60
_MOST_GROWTH: Final = 400 * 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """What came back before the connection ended; status 0: no answer."""

    status: int
    content_type: str
    body: bytes

    @property
    def code(self) -> str:
        """The code of the problem, empty if it is none."""
        return str(json.loads(self.body)["code"]) if self.content_type == "application/problem+json" else ""


@contextmanager
def storming(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve films, with a branch, a tag and a saved query, by two workers."""
    make_films(folder / "films.db")
    with serving(folder, folder / "films.db", environment=environment) as server:
        with server.client() as client:
            query = {"sql": "SELECT title FROM films WHERE year > :year", "parameters": {"year": "integer"}}
            answers = [
                client.post("/meta/v1/films/branches", {"name": "dev"}),
                client.post("/meta/v1/films/tags", {"name": "first"}),
                client.ask("PUT", "/meta/v1/films/queries/recent", query),
            ]
        assert {200, 201} >= {answer.status for answer in answers}, answers
        yield server


@contextmanager
def calm(server: Server) -> Iterator[None]:
    """Hold that after the block every worker lives, none has grown much, and none has failed."""
    pids, memory, logged = server.worker_pids, _memory(server), len(server.log)
    yield
    log = server.log[logged:]
    assert "Traceback" not in log, log
    assert not re.search(r"status=5\d\d", log), log
    assert pids == server.worker_pids
    assert _memory(server) - memory < _MOST_GROWTH
    with server.client() as client:
        assert client.get(f"{server.address}/films?select=id&id=eq.1").data == [{"id": 1}]


def head(method: str, path: str, headers: Mapping[str, str]) -> bytes:
    """Write the head of a request, whatever is in it."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def post(path: str, body: bytes, content_type: str = "application/json", method: str = "POST", **more: str) -> bytes:
    """Write a whole request whose connection ends with its answer."""
    sent = {name.replace("_", "-"): value for name, value in more.items()}
    headers = {"Connection": "close", "Content-Type": content_type, "Content-Length": str(len(body)), **sent}
    return head(method, path, headers) + body


def exchange(server: Server, *pieces: bytes, pause: float = 0) -> Reply:
    """Send bytes as they are, and read until the server ends the connection."""
    found = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=_SECONDS) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except OSError:
            pass  # it has answered meanwhile
        while part := _more(connection):
            found += part
    return _reply(found)


def complaint(reply: Reply, allowed: Sequence[int] = ()) -> str:
    """Say what is wrong with a reply that should be a documented refusal, or have an allowed status."""
    if reply.status in allowed:
        return ""
    if not 400 <= reply.status < 500:
        return f"status {reply.status}: {reply.body[:200]!r}"
    if reply.content_type != "application/problem+json":
        return f"{reply.status} is {reply.content_type}: {reply.body[:200]!r}"
    problem: dict[str, Any] = json.loads(reply.body)
    if problem["code"] not in error_codes() or problem["status"] != reply.status or not problem["detail"]:
        return f"not documented: {problem}"
    leaked = re.search(rb"Traceback|sqlite3|File \\\"", reply.body)
    return f"leaks {leaked[0]!r}" if leaked else ""


def _more(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionError:
        return b""


def _reply(found: bytes) -> Reply:
    start, _, body = found.partition(b"\r\n\r\n")
    while start.startswith(b"HTTP/1.1 100"):
        start, _, body = body.partition(b"\r\n\r\n")
    first, *lines = start.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    # What follows the length is the answer to a second request, which broken bytes may be.
    body = body[: int(headers["content-length"])] if "content-length" in headers else body
    return Reply(int(first.split(" ")[1]) if first else 0, headers.get("content-type", ""), body)


def _memory(server: Server) -> int:
    pages = [int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) for pid in server.worker_pids]
    return sum(pages) * 4096
