"""The real server as a user starts it, which can be killed and started again."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from synthdb_host.testing.serving import LiveServer
from tests.integration.client import Client

__all__ = ["Server", "free_port", "serving", "wait_until"]

_PATIENCE_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.01
_TAIL: Final = 5_000


class Server:
    """A server of one database, always on the same port, through as many lives as a test gives it.

    Args:
        folder: where its data folder and its log are made.
        database: the database's file or URL; the stem of its path is the database's name.
        workers: worker processes.
        environment: further environment variables, looked up at each start.
    """

    def __init__(
        self, folder: Path, database: Path | str, *, workers: int = 2, environment: Mapping[str, str] | None = None
    ) -> None:
        self._place = database
        self.database = Path(str(database).partition("?")[0])
        self.port = free_port()
        self.workers = workers
        self._folder = folder
        self._environment = environment or {}
        self._past = ""
        self._life: LiveServer | None = None

    @property
    def address(self) -> str:
        """Where the database's tables are."""
        return f"/rest/v1/{self.database.stem}"

    @property
    def log(self) -> str:
        """Everything it has printed since it was first started."""
        return self._past + (self._life.log if self._life else "")

    @property
    def worker_pids(self) -> list[int]:
        """The process ids of the living workers."""
        return _children(self._running.process.pid)

    @property
    def delay(self) -> float:
        """The seconds by which other programs delayed its start: those in which it could run and had no processor."""
        return _delay(self._running.process.pid) + max(map(_delay, self.worker_pids))

    def client(self) -> Client:
        """Give a new client of the server."""
        return Client(self.port)

    def start(self) -> float:
        """Start it with all its workers; gives the seconds from the start of the process to its first "ready"."""
        self._past, self._life = self.log, None
        arguments = ["--database", self._place, "--port", self.port, "--workers", self.workers]
        started = time.monotonic()
        self._life = LiveServer(self._folder, *map(str, arguments), environment=self._environment)
        seconds = time.monotonic() - started
        # The first worker may be ready before the master has forked the others.
        wait_until(lambda: len(self.worker_pids) == self.workers, "all workers are there")
        return seconds

    def kill(self) -> None:
        """Kill master and workers, as a failing machine does."""
        process = self._running.process
        # A master that stands still forks no worker while its workers are listed.
        os.kill(process.pid, signal.SIGSTOP)
        pids = [process.pid, *self.worker_pids]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        process.wait(_PATIENCE_SECONDS)
        # The port and the locks are free when the last worker is gone.
        wait_until(lambda: not any(map(_is_alive, pids)), "all workers are gone")

    def terminate(self) -> int:
        """Ask it to stop, as a service manager does, and give its exit code."""
        return self._running.stop()

    def stop(self) -> None:
        """Make sure that nothing of it is left."""
        if self._life is not None and self._life.process.poll() is None:
            self.kill()

    @property
    def _running(self) -> LiveServer:
        if self._life is None:
            raise RuntimeError("the server was not started")
        return self._life


@contextmanager
def serving(
    folder: Path, database: Path | str, *, workers: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Serve a database until the block ends."""
    server = Server(folder, database, workers=workers, environment=environment)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        print(server.log[-_TAIL:])  # noqa: T201 - shown when the test fails


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, explain: Callable[[], str] = lambda: "") -> None:
    """Wait for a condition.

    Raises:
        AssertionError: it did not come true in a minute.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited a minute, but not: {what}\n{explain()}")
        time.sleep(_POLL_SECONDS)


def _children(parent: int) -> list[int]:
    numbers = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [pid for pid in numbers if _status(pid)[1] == str(parent) and _is_alive(pid)]


def _is_alive(pid: int) -> bool:
    return _status(pid)[0] not in ("", "Z")


def _delay(pid: int) -> float:
    """Give the seconds that a process waited in the queue for a processor (see sched-stats of the kernel)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text("utf-8").split()[1]) / 1e9


def _status(pid: int) -> tuple[str, str]:
    """Give a process's state and parent, empty if there is none."""
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "", ""
    return state, parent
