"""Peers as processes: starting them on one CPU, reading the CPU time of a tree of processes, stopping."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.load import Exchange, fetch

__all__ = ["Finished", "Server", "free_port", "run_to_end", "serving", "share_cpus"]

_START_SECONDS: Final = 60
_STOP_SECONDS: Final = 60
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_FIRST_CPU: Final = min(os.sched_getaffinity(0))


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, the process that was started, and the file it prints to."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def cpu_seconds(self, without: str = "") -> float:
        """Give the CPU time, user and system, of the process and all its descendants.

        Args:
            without: the name of a program whose processes are not to count.
        """
        return sum(_cpu_seconds(pid) for pid in _tree(self.process.pid) if not without or _name(pid) != without)

    def obituary(self) -> str:
        """Say whether it still runs, and what it printed last."""
        code = self.process.poll()
        state = "still running" if code is None else f"ended with {code}"
        return f"{state}; it printed:\n{self.log.read_text('utf-8', 'replace')[-3000:]}"


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that ended well: its output, CPU time, elapsed time and most memory, children included."""

    output: str
    cpu_seconds: float
    seconds: float
    peak_bytes: int


def share_cpus() -> None:
    """Keep this process off the first CPU, which belongs to the servers, if there are two."""
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cpus[1:] or cpus)


def free_port() -> int:
    """Give a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(
    command: Sequence[str], port: int, ready: Exchange, folder: Path, environment: Mapping[str, str]
) -> Iterator[Server]:
    """Run a server until the block ends. It is up when it answers ``ready`` with success.

    Raises:
        RuntimeError: it ended, or was not up in a minute; the message ends with what it printed.
    """
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_on_the_first_cpu,  # noqa: PLW1509 - this program has no threads
        )
    try:
        _await(process, port, ready, log)
        yield Server(port, process, log)
    finally:
        _stop(process)


def run_to_end(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Finished:
    """Run a program to its end on the first CPU.

    Raises:
        RuntimeError: it failed; the message holds what it printed.
    """
    log = folder / "output.log"
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=_environment(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_on_the_first_cpu,  # noqa: PLW1509 - this program has no threads
        )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    text = log.read_text("utf-8", "replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed with {process.returncode}:\n{text[-3000:]}")
    cpu = usage.ru_utime + usage.ru_stime
    return Finished(text, cpu, time.perf_counter() - started, usage.ru_maxrss * 1024)


def _environment(additions: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SYNTHDB_")}
    return inherited | {"PYTHONUNBUFFERED": "1"} | dict(additions)


def _on_the_first_cpu() -> None:
    os.sched_setaffinity(0, {_FIRST_CPU})


def _await(process: subprocess.Popen[bytes], port: int, ready: Exchange, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    answer = "nothing"
    while process.poll() is None and time.monotonic() < deadline:
        try:
            status, body = fetch(port, ready)
        except OSError:
            time.sleep(0.05)
            continue
        if 200 <= status < 300:
            return
        answer = f"{status} {body[:300]!r}"
        time.sleep(0.2)
    printed = log.read_text("utf-8", "replace")[-3000:]
    raise RuntimeError(f"{process.args!r} is not up; it answered {answer} and printed:\n{printed}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    children = [pid for pid in _tree(process.pid) if pid != process.pid]
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in children:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


def _tree(root: int) -> list[int]:
    """Give a process and its living descendants."""
    parents = {int(path.name): _stat(int(path.name))[1:2] for path in Path("/proc").glob("[0-9]*")}
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == [str(pid)]]
    return found


def _cpu_seconds(pid: int) -> float:
    """Give the time of a process and of its children that have ended."""
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / _TICKS


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _stat(pid: int) -> list[str]:
    """Give the fields of a process after its name, which may hold spaces; none if it has just ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
