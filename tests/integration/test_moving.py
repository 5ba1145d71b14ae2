"""Databases are moved while a real server writes to them: nothing acknowledged is lost, and nothing is done twice."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from synthdb_host.testing.serving import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HEADERS = {"Host": "acme.test", "Authorization": "Bearer secret"}
TIMES = 20 if os.environ.get("SOAK") else 4


class Writers:
    """Threads that write numbered rows of a tenant's database, and remember what the server has acknowledged."""

    def __init__(self, url: str) -> None:
        self.url = f"{url}/rest/v1/main/notes"
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(number,)) for number in range(4)]
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        for thread in self._threads:
            thread.start()

    def _write(self, writer: int) -> None:
        with httpx.Client(headers=HEADERS, timeout=60) as client:
            number = 0
            while not self._ends.is_set():
                text, number = f"{writer}:{number}", number + 1
                answer = client.post(self.url, json={"text": text})
                (self.acknowledged if answer.status_code == httpx.codes.CREATED else self.refused).append(text)
                found = client.get(self.url, params={"text": f"eq.{text}", "select": "text"})
                if answer.status_code == httpx.codes.CREATED and found.json() != [{"text": text}]:
                    self.refused.append(f"{text} was not read again: {found.text[:200]}")

    def end(self) -> None:
        """Let them finish what they do."""
        self._ends.set()
        for thread in self._threads:
            thread.join()


Command = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def synthdb(tmp_path: Path) -> Command:
    """Start a command beside the server."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "synthdb_host", *arguments, "--data", "data"]
        return subprocess.Popen(command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    return start


def done(process: subprocess.Popen[str]) -> str:
    """Wait until a command is done, and give what it printed."""
    output, errors = process.communicate(timeout=120)
    assert (0, "") == (process.returncode, errors)
    return output


@pytest.fixture
def writers(live_server: Callable[..., LiveServer], synthdb: Command) -> Iterator[Writers]:
    """A server with a tenant whose database is written to, and two placements."""
    for step in (
        "placements create one --url one",
        "placements create two --url two",
        "tenants create acme --host acme.test",
        "databases create acme/main --placement one",
    ):
        done(synthdb(*step.split()))
    server = live_server("--workers", "2", environment={"SYNTHDB_ADMIN_TOKEN": "secret"})
    found = Writers(server.url)
    yield found
    found.end()


def check(writers: Writers) -> None:
    """See that exactly what was acknowledged is there."""
    writers.end()
    # A page of JSON ends at some thousands of rows; a stream has them all.
    streamed = httpx.get(f"{writers.url}?select=text", headers=HEADERS | {"Accept": "application/x-ndjson"}, timeout=60)

    assert [] == writers.refused
    assert sorted(writers.acknowledged) == sorted(json.loads(line)["text"] for line in streamed.text.splitlines())


def test_a_database_moves_there_and_back_while_it_is_written_to(writers: Writers, synthdb: Command) -> None:
    """No request fails, each reads what it has written, and every row is there once."""
    pauses = []
    for number in range(TIMES):
        moved = done(synthdb("databases", "move", "acme/main", "--to", ("two", "one")[number % 2], "--json"))
        pauses.append(json.loads(moved)["pause_seconds"])
        done(synthdb("databases", "move", "acme/main", "--confirm"))

    assert TIMES == len(pauses)
    assert len(writers.acknowledged) > TIMES
    check(writers)


def test_moves_that_are_killed_lose_nothing(writers: Writers, synthdb: Command) -> None:
    """At whatever moment; the next one begins again, and the last one arrives."""
    for _ in range(TIMES):
        process = synthdb("databases", "move", "acme/main", "--to", "two")
        time.sleep(random.uniform(0.5, 3))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        before = len(writers.acknowledged)
        while len(writers.acknowledged) == before and not writers.refused:
            time.sleep(0.01)
        shown = json.loads(done(synthdb("databases", "show", "acme/main", "--json")))
        if shown["placement"] == "two":
            done(synthdb("databases", "move", "acme/main", "--confirm"))
            done(synthdb("databases", "move", "acme/main", "--to", "one"))
            done(synthdb("databases", "move", "acme/main", "--confirm"))
    done(synthdb("databases", "move", "acme/main", "--to", "two"))

    check(writers)
