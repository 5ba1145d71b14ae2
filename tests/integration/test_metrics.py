"""Metrics of a server with several workers, as Prometheus reads them."""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from synthdb_host.testing.serving import LiveServer

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server with two workers, whose temporary files are in a folder of the test."""
    (tmp_path / "temporary").mkdir()
    server = LiveServer(tmp_path, "--workers", "2", environment={"TMPDIR": str(tmp_path / "temporary")})
    yield server
    server.kill()


def ask(server: LiveServer, path: str, body: bytes | None = None) -> str:
    request = urllib.request.Request(f"{server.url}{path}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return str(answer.read().decode())


def count(server: LiveServer, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(ask(server, "/x/metrics/prometheus"))
    samples = [sample for family in families for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def workers(server: LiveServer) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(server.process.pid)], check=True, capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]


def test_workers_are_added_up_dead_ones_too(server: LiveServer, tmp_path: Path) -> None:
    """Whichever worker is asked gives the same numbers, and none goes back when one is killed."""
    ask(server, "/rest/v1/main/films", b'[{"title": "Ran"}]')
    for _ in range(40):
        ask(server, "/rest/v1/main/films")
    read = {"name": "synthdb_request_seconds_count", "plugin": "core", "method": "GET", "status": "200"}
    assert [40.0] * 10 == [count(server, **read) for _ in range(10)]
    assert 1 == count(server, "synthdb_operation_seconds_count", operation="Insert", code="ok")
    assert 1 == count(server, "synthdb_info")

    os.kill(workers(server)[0], signal.SIGKILL)
    for _ in range(40):
        ask(server, "/rest/v1/main/films")
    assert 80 == count(server, **read)

    assert 1 == len(list((tmp_path / "temporary").glob("synthdb-metrics-*")))
    assert 0 == server.stop()
    assert [] == list((tmp_path / "temporary").glob("synthdb-metrics-*"))
