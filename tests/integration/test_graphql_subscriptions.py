"""Subscriptions from the real server with unmodified clients, whose connections are lost again and again."""

import json
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Final

import pytest

from plugins.core.tests.servers import STORAGES, url_of
from tests.integration.films import make_films
from tests.integration.serving import Server, serving, wait_until

CLIENTS: Final = Path(__file__).parents[1] / "clients"
PATIENCE: Final = 60
COUNT: Final = 60

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(params=STORAGES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """Serve the films from two workers, on each storage."""
    url = url_of(request.param, tmp_path, "films")
    make_films(url)
    with serving(tmp_path, url, workers=2) as server:
        yield server
        assert "Traceback" not in server.log


class Told:
    """The lines that a client prints."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())
        self._lines.put(None)

    def next(self) -> str | None:
        """Give the next line; None: there are no more."""
        return self._lines.get(timeout=PATIENCE)

    def rest(self) -> list[str]:
        """Give all others."""
        return list(iter(self.next, None))


@contextmanager
def following(*arguments: str) -> Iterator[Told]:
    """Run a client."""
    with subprocess.Popen(["node", *arguments], cwd=CLIENTS, stdout=subprocess.PIPE, text=True) as process:
        told = Told(process)
        try:
            yield told
        finally:
            process.kill()
            told.reader.join()


def write(server: Server, number: int) -> None:
    """Insert a film, if need be again: whether a write was made whose connection was lost is not known."""

    def is_written() -> bool:
        try:
            with server.client() as client:
                film = {"id": number, "title": f"T{number}", "year": 2000 + number}
                return client.post("/rest/v1/films/films", film).status in (201, 409)
        except (OSError, HTTPException):
            return False

    wait_until(is_written, "the film is written")


def end_workers(server: Server, how: signal.Signals) -> None:
    """End all workers; others take their place."""
    for pid in server.worker_pids:
        os.kill(pid, how)


@pytest.mark.parametrize("kind", ["ws", "sse"])
def test_a_client_that_is_cut_off_goes_on_and_misses_nothing(server: Server, kind: str) -> None:
    """Whether workers are killed or stopped, every change comes once and in order."""
    address = f"http://127.0.0.1:{server.port}/graphql/v1/films"
    with following("graphql_subscriptions.mjs", kind, address, str(COUNT)) as told:
        assert "ready" == told.next()
        ends = {20: signal.SIGKILL, 40: signal.SIGTERM}
        for number in range(100, 100 + COUNT):
            if number - 100 in ends:
                end_workers(server, ends[number - 100])
            write(server, number)
        lines = told.rest()

    changes = [json.loads(line) for line in lines if line.startswith("{")]
    assert [[number] for number in range(100, 100 + COUNT)] == [change["key"] for change in changes]
    assert len({change["offset"] for change in changes}) == COUNT
    assert lines.count("lost") >= 2
    assert {"insert"} == {change["operation"] for change in changes}


_IDLE: Final = """
import WebSocket from "ws";
const socket = new WebSocket(process.argv[1], "graphql-transport-ws");
socket.on("open", () => socket.send('{"type":"connection_init"}'));
socket.on("message", (text) => console.log(String(text)));
socket.on("close", (code) => console.log(code));
socket.on("error", (error) => console.log(error.message));
"""


def test_a_worker_that_stops_closes_connections_that_are_idle(server: Server) -> None:
    """With the code after which clients connect again; it waits for none of them."""
    url = f"ws://127.0.0.1:{server.port}/graphql/v1/films"
    with following("--input-type=module", "-e", _IDLE, url) as told:
        assert '{"type":"connection_ack"}' == told.next()
        before = server.worker_pids
        end_workers(server, signal.SIGTERM)
        assert ["1012"] == told.rest()
        wait_until(lambda: not set(before) & set(server.worker_pids), "the workers are gone")


def test_a_page_of_another_site_is_refused_by_the_server(server: Server) -> None:
    """Before there is a connection."""
    url = f"ws://127.0.0.1:{server.port}/graphql/v1/films"
    program = _IDLE.replace('"graphql-transport-ws")', '"graphql-transport-ws", { origin: "https://evil.example" })')
    with following("--input-type=module", "-e", program, url) as told:
        assert "Unexpected server response: 403" == told.next()
