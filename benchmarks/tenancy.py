"""``python -m benchmarks.tenancy``: what it costs one worker to serve many tenants instead of one.

Each tenant has a database with three tables. The same requests go, in turns and in one run, to one tenant, to all of
them while their databases are open, and to all of them while only some may be open.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

from benchmarks.load import Exchange
from benchmarks.process import Server, free_port, serving, share_cpus
from synthdb.plugin import plugin as core
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context
from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.operations import Insert
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import TenantSettings
from synthdb_host.stepping import run
from synthdb_host.tenants import Tenants
from synthdb_host.testing.hosting import build_host

__all__ = ["main"]

_TABLES: Final = ("people", "orders", "items")
_ROWS: Final = 50
_READY: Final = "/healthz/ready"


@dataclass(frozen=True, slots=True)
class Figure:
    """What requests of one kind cost."""

    what: str
    p50_us: float
    cpu_us: float
    megabytes: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the tenants, measure, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tenancy", description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000, help="how many")
    parser.add_argument("--requests", type=int, default=5_000, help="of each kind, in each of three rounds")
    options = parser.parse_args(arguments)
    share_cpus()
    names = [f"t{number}" for number in range(options.tenants)]
    with tempfile.TemporaryDirectory(prefix="synthdb-bench-") as folder:
        _make(Path(folder), names)
        figures = [
            *_measured(Path(folder), names, options.requests, most=len(names) + 1),
            *_measured(Path(folder), names, min(options.requests, 2 * len(names)), most=max(len(names) // 10, 1))[1:],
        ]
    first = figures[0]
    for one in figures:
        ratios = f"p50 x{one.p50_us / first.p50_us:.2f}, cpu x{one.cpu_us / first.cpu_us:.2f}"
        print(f"{one.what:<44} p50 {one.p50_us:7.0f} us  cpu {one.cpu_us:7.0f} us  {one.megabytes:6.0f} MB  {ratios}")
    return 0


def _make(folder: Path, names: Sequence[str]) -> None:
    started = time.perf_counter()
    host = build_host(folder / "data", {"core": core()}, tenants=TenantSettings(max_open_databases=50))
    tenants = Tenants(Directory(Control(folder / "data")))
    host.start_worker(EmbeddedScheduler())
    rows = [{"name": f"name {number}", "size": number, "price": number / 4} for number in range(_ROWS)]
    for name in names:
        tenants.create(name)
        host.databases.create(f"{name}/main")
        for table in _TABLES:
            run(host.gate.execute(f"{name}/main", Insert.of(table, rows), Context(PROCESS)))
    host.stop_worker()
    print(f"{len(names)} tenants with {len(_TABLES)} tables each: made in {time.perf_counter() - started:.0f} s")


def _measured(folder: Path, names: Sequence[str], requests: int, most: int) -> list[Figure]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "synthdb_host",
        "serve",
        "--data",
        "data",
        "--port",
        str(port),
    ]
    environment = {
        "SYNTHDB_ADMIN_TOKEN": "secret",
        "SYNTHDB_LOG_LEVEL": "warning",
        "SYNTHDB_PLUGINS__AUTOLOAD": "false",
        "SYNTHDB_PLUGINS__ENABLED": "core",
        "SYNTHDB_TENANTS__DOMAIN": "test",
        "SYNTHDB_TENANTS__MAX_OPEN_DATABASES": str(most),
    }
    ready = Exchange("GET", _READY)
    with serving(command, port, ready, folder, environment) as server:
        client = http.client.HTTPConnection("127.0.0.1", port)
        _ask(client, names[:1], 500)
        before = _megabytes(server)
        _ask(client, names, len(names))
        after = _megabytes(server)
        one, all_ = _rounds(server, client, names[:1], names, requests)
    kept = "all open" if most > len(names) else f"{most} open at a time"
    return [
        Figure("1 tenant", *one, before),
        Figure(f"{len(names)} tenants, {kept}", *all_, after),
    ]


def _rounds(
    server: Server, client: http.client.HTTPConnection, one: Sequence[str], many: Sequence[str], requests: int
) -> list[tuple[float, float]]:
    """Measure both kinds in turns; gives median and CPU time of the middle round of each."""
    found: list[list[tuple[float, float]]] = [[], []]
    for _ in range(3):
        for names, figures in zip((one, many), found, strict=True):
            cpu = server.cpu_seconds()
            seconds = _ask(client, names, requests)
            figures.append((statistics.median(seconds) * 1e6, (server.cpu_seconds() - cpu) / requests * 1e6))
    return [sorted(figures)[1] for figures in found]


def _ask(client: http.client.HTTPConnection, names: Sequence[str], requests: int) -> list[float]:
    seconds = []
    for number, name in zip(range(requests), cycle(names), strict=False):
        headers = {"Host": f"{name}.test", "Authorization": "Bearer secret"}
        began = time.perf_counter()
        client.request("GET", f"/rest/v1/main/{_TABLES[number % 3]}?id=eq.{number % _ROWS + 1}", headers=headers)
        response = client.getresponse()
        body = response.read()
        seconds.append(time.perf_counter() - began)
        if response.status != http.HTTPStatus.OK or body.count(b"name ") != 1:
            raise RuntimeError(f"{name}: {response.status} {body[:500]!r}")
    return seconds


def _megabytes(server: Server) -> float:
    """Give the memory of the worker: of the processes of the server, the largest."""
    sizes = []
    for status in Path("/proc").glob("[0-9]*/status"):
        text = status.read_text()
        facts = dict(line.split(":", 1) for line in text.splitlines())
        if int(facts["PPid"]) == server.process.pid and "VmRSS" in facts:
            sizes.append(int(facts["VmRSS"].split()[0]) / 1024)
    return max(sizes)


if __name__ == "__main__":
    raise SystemExit(main())
