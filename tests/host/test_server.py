"""The real server: gunicorn with workers, driven over sockets and signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final

import httpx
import pytest

pytestmark = pytest.mark.slow

PROGRAM: Final = Path(__file__).with_name("served.py")
PATIENCE: Final = 30.0


class Server:
    """A running server; what it prints is kept."""

    def __init__(self, data: Path, **settings: Any) -> None:
        options = json.dumps({"data": str(data), "port": 0, **settings})
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SYNTHDB_")}
        environment["PYTHONPATH"] = str(PROGRAM.parents[1] / "plugins" / "memory" / "src")
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.lines: list[str] = []
        self._fresh: Queue[str] = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            self._fresh.put(line)

    def wait_for(self, text: str) -> str:
        """Wait for a line that it prints."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(Empty):
                line = self._fresh.get(timeout=0.2)
                if text in line:
                    return line
            assert self.process.poll() is None, "".join(self.lines)
        raise AssertionError(f"{text!r} was not printed:\n{''.join(self.lines)}")

    @property
    def output(self) -> str:
        """All that it printed."""
        return "".join(self.lines)

    def wait(self) -> int:
        """Wait for its end and give the exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def stop(self) -> int:
        """Ask it to stop and give the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()


@contextmanager
def serving(data: Path, **settings: Any) -> Iterator[tuple[Server, httpx.Client]]:
    """Start a server, connect a client, and stop both."""
    server = Server(data, **settings)
    try:
        url = server.wait_for("SynthDB is ready").split("at ")[1].split(" ")[0]
        with httpx.Client(base_url=url, timeout=PATIENCE) as client:
            yield server, client
    finally:
        server.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, httpx.Client]]:
    """A server for tests that leave it as it was."""
    limits = {"max_body_bytes": 100_000, "max_url_bytes": 2_000}
    with serving(tmp_path_factory.mktemp("data"), limits=limits) as both:
        yield both


def raw(client: httpx.Client, request: bytes) -> bytes:
    """Send bytes as they are and read until the server closes."""
    address = (client.base_url.host, client.base_url.port or 80)
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(request)
        answer = b""
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                answer += chunk
        return answer


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestRequests:
    def test_one_connection_serves_many_requests(self, shared: tuple[Server, httpx.Client]) -> None:
        """Keep-alive works, also for requests that are sent without waiting for answers."""
        _, client = shared
        one = b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = b"GET /healthz/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

        assert 3 == raw(client, one + one + last).count(b"HTTP/1.1 200 OK")

    def test_data_is_written_and_read(self, shared: tuple[Server, httpx.Client]) -> None:
        """Requests of many clients at once are grouped by the writer thread; each gets its own answer."""
        _, client = shared
        answers: list[object] = []
        before = client.get("/x/probe/rows").json() if client.post("/x/probe/rows").is_success else 0

        def write() -> None:
            answers.extend(client.post("/x/probe/rows").json() for _ in range(20))

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [1] * 80 == answers
        assert before + 80 == client.get("/x/probe/rows").json()

    def test_what_was_imported_is_never_collected(self, shared: tuple[Server, httpx.Client]) -> None:
        """A worker's collections look at what requests made, so that they are short."""
        _, client = shared

        assert client.get("/x/probe/memory").json() > 10_000

    def test_head_has_no_body(self, shared: tuple[Server, httpx.Client]) -> None:
        """Over the wire as well."""
        _, client = shared
        answer = client.head("/")

        assert (200, b"") == (answer.status_code, answer.content)
        assert int(answer.headers["content-length"]) > 0

    def test_a_chunked_body_is_counted_while_it_comes(self, shared: tuple[Server, httpx.Client]) -> None:
        """Without a declared length, the limit still holds."""
        _, client = shared

        def chunks(count: int) -> Iterator[bytes]:
            for _ in range(count):
                yield b"x" * 10_000

        assert 100_000 == client.post("/x/probe/body", content=chunks(10)).json()
        refused = client.post("/x/probe/body", content=chunks(11))
        assert (413, "too_large") == (refused.status_code, refused.json()["code"])

    def test_a_declared_length_over_the_limit_is_refused(self, shared: tuple[Server, httpx.Client]) -> None:
        """With a problem that the client can read."""
        _, client = shared

        assert 100_000 == client.post("/x/probe/body", content=b"x" * 100_000).json()
        refused = client.post("/x/probe/body", content=b"x" * 100_001)
        assert (413, "too_large") == (refused.status_code, refused.json()["code"])

    @pytest.mark.parametrize("length", [2_001, 60_000], ids=["over", "far-over"])
    def test_a_long_address_is_refused(self, shared: tuple[Server, httpx.Client], length: int) -> None:
        """414, however long it is."""
        _, client = shared

        assert 414 == client.get("/x/probe/process?" + "a" * length).status_code

    @pytest.mark.parametrize(
        "headers",
        [
            b"Host: localhost\r\nHost: evil.example\r\n",
            b"Host: evil.example\r\nHost: localhost\r\n",
            b"",
            b"Host: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            b"Host: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n",
            b"Host: localhost\r\nContent-Length: -3\r\n",
            b"Host: localhost\r\nX-Forwarded-For : 1.2.3.4\r\n",
            b"Host: localhost\r\n" + b"A: b\r\n" * 200,
            b"Host: localhost\r\nA: " + b"b" * 20_000 + b"\r\n",
        ],
        ids=[
            "two-hosts",
            "two-hosts-swapped",
            "no-host",
            "length-and-chunked",
            "two-lengths",
            "negative-length",
            "space-before-colon",
            "many-headers",
            "long-header",
        ],
    )
    def test_malformed_requests_are_refused(self, shared: tuple[Server, httpx.Client], headers: bytes) -> None:
        """What two programs could read in two ways is not served, and the connection ends."""
        _, client = shared
        start = b"POST /x/probe/body HTTP/1.1\r\nConnection: close\r\n"
        answer = raw(client, start + headers + b"\r\n1\r\nx\r\n0\r\n\r\n")

        assert answer.startswith(b"HTTP/1.1 4"), answer
        assert 1 == answer.count(b"HTTP/1.1 ")

    def test_the_log_has_no_secrets(self, shared: tuple[Server, httpx.Client]) -> None:
        """Path, status and request id are logged; query and credentials are not."""
        server, client = shared
        headers = {"X-Request-Id": "log-1", "Authorization": "Bearer hunter2"}
        client.get("/x/probe/process?token=hunter2", headers=headers)
        server.wait_for("request_id=log-1")

        (line,) = [line for line in server.lines if "log-1" in line]
        assert "method=GET path=/x/probe/process status=200" in line
        assert "hunter2" not in server.output


class TestSignals:
    def test_a_killed_worker_is_replaced(self, tmp_path: Path) -> None:
        """Killing one of two workers loses no service, and soon there are two again."""
        with serving(tmp_path, workers=2) as (_, client):
            seen: set[int] = set()

            def ask() -> bool:
                with suppress(httpx.TransportError):
                    seen.add(client.get("/x/probe/process", headers={"Connection": "close"}).json())
                return len(seen) >= wanted

            wanted = 2
            eventually(ask)
            os.kill(victim := next(iter(seen)), signal.SIGKILL)
            seen.discard(victim)
            eventually(ask)

            assert victim not in seen

    def test_stopping_finishes_running_requests(self, tmp_path: Path) -> None:
        """SIGTERM: the request is answered, plugins are stopped, and the exit code is 0."""
        with serving(tmp_path) as (server, client):
            answers: list[httpx.Response] = []
            request = threading.Thread(target=lambda: answers.append(client.get("/x/probe/process?seconds=1.5")))
            request.start()
            server.wait_for("asked")
            server.process.terminate()
            request.join()

            assert 0 == server.wait()
            assert [200] == [answer.status_code for answer in answers]
            assert "stopped\n" in server.lines

    def test_an_interrupt_stops_at_once(self, tmp_path: Path) -> None:
        """SIGINT, as from a keyboard, does not wait for a running request."""
        with serving(tmp_path) as (server, client):
            request = threading.Thread(target=lambda: _ignore_end(client, "/x/probe/process?seconds=3600"))
            request.start()
            server.wait_for("asked")
            server.process.send_signal(signal.SIGINT)

            assert 0 == server.wait()
            request.join()


def _ignore_end(client: httpx.Client, path: str) -> None:
    with suppress(httpx.TransportError):
        client.get(path)


class TestStarting:
    def test_a_taken_port_is_named(self, tmp_path: Path) -> None:
        """With what to do about it, and no traceback."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server = Server(tmp_path, port=taken.getsockname()[1])

            assert 1 == server.wait()
        assert "ConfigurationError: Cannot listen on 127.0.0.1, port" in server.output
        assert "--port" in server.output
        assert "Traceback" not in server.output

    def test_serving_others_without_a_token_is_refused(self, tmp_path: Path) -> None:
        """Before anything listens."""
        server = Server(tmp_path, host="0.0.0.0")

        assert 1 == server.wait()
        assert "SYNTHDB_ADMIN_TOKEN" in server.output

    def test_a_server_for_others_asks_everyone_for_the_token(self, tmp_path: Path) -> None:
        """The bind address decides, not what the request says about itself."""
        with serving(tmp_path, host="0.0.0.0", admin_token="secret") as (_, client):
            local = {"Host": "localhost"}
            token = {"Authorization": "Bearer secret"}

            assert 401 == client.get("/x/probe/process", headers=local).status_code
            assert 200 == client.get("/x/probe/process", headers=token).status_code

    def test_a_worker_that_cannot_start_stops_the_server(self, tmp_path: Path) -> None:
        """A failing plugin is named; workers are not restarted for ever."""
        server = Server(tmp_path, broken=True)

        assert 0 != server.wait()
        assert "no such printer" in server.output
        assert "SynthDB is ready" not in server.output

    def test_an_ipv6_address_is_served(self, tmp_path: Path) -> None:
        """Loopback has two families."""
        with serving(tmp_path, host="::1") as (_, client):
            assert 200 == client.get("/").status_code
