"""A full disk is an answer, not an accident. Each test records by which means its disk was full."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.integration.client import Answer, Client
from tests.integration.disk import Disk, page_limit, small_file_system
from tests.integration.evidence import file_faults
from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FULL: Final = (507, "application/problem+json", "storage_full")
ROWS: Final = 8
THREADS: Final = 8


@pytest.fixture(params=[small_file_system, page_limit], ids=["file-system", "page-limit"])
def disk(
    request: pytest.FixtureRequest, tmp_path: Path, record_property: Callable[[str, object], None]
) -> Iterator[Disk]:
    """Give a folder with little room."""
    with request.param(tmp_path / "disk") as disk:
        record_property("the disk", disk.kind)
        print(f"the disk is {disk.kind}")  # noqa: T201 - shown when the test fails
        yield disk


@pytest.fixture
def server(disk: Disk, tmp_path: Path) -> Iterator[Server]:
    """Give a server whose database lies on the disk."""
    with serving(tmp_path, disk.folder / "small.db", environment=disk.environment) as server:
        yield server
        assert "Traceback" not in server.log


def test_a_full_disk_is_a_clean_problem_that_loses_nothing(disk: Disk, server: Server) -> None:
    """Writes that no longer fit get 507, all acknowledged rows stay readable, and more room ends it."""
    workers = server.worker_pids
    acknowledged, refusal = _write_until_refused(server)

    assert FULL == (refusal.status, refusal.content_type, refusal.data["code"])
    assert [acknowledged] * THREADS == [_count(server) for _ in range(THREADS)]
    assert {FULL: THREADS * THREADS} == _write_at_once(server)
    assert workers == server.worker_pids

    disk.enlarge()
    _notice(disk, server)

    assert 201 == _write(server).status
    assert acknowledged + ROWS == _count(server)
    assert [] == file_faults(server.database)


def test_what_was_acknowledged_is_there_after_a_kill_on_a_full_disk(disk: Disk, server: Server) -> None:
    """A server that is killed and started while the disk is full still serves reads, and recovers."""
    acknowledged, _ = _write_until_refused(server)
    server.kill()
    server.start()

    assert acknowledged == _count(server)
    assert FULL[0] == _write(server).status

    disk.enlarge()
    _notice(disk, server)

    assert 201 == _write(server).status
    assert acknowledged + ROWS == _count(server)
    assert [] == file_faults(server.database)


def test_another_program_that_fills_the_disk_costs_no_data(disk: Disk, server: Server) -> None:
    """With not a byte left, the server still reads and refuses writes cleanly, until the space returns."""
    assert 201 == _write(server).status
    disk.fill()
    _notice(disk, server)
    _, refusal = _write_until_refused(server)
    acknowledged = _count(server)

    assert FULL == (refusal.status, refusal.content_type, refusal.data["code"])

    disk.empty()
    _notice(disk, server)

    assert 201 == _write(server).status
    assert acknowledged + ROWS == _count(server)
    assert [] == file_faults(server.database)


def test_a_database_first_opened_on_a_full_disk_is_served_when_there_is_room(disk: Disk, server: Server) -> None:
    """A server started while the disk is full answers reads or says why not, and serves when space returns."""
    assert 201 == _write(server).status
    assert 0 == server.terminate()
    disk.fill()
    server.start()

    with server.client() as client:
        assert client.get(f"{server.address}/rows").status in (200, 507)

    disk.empty()
    _notice(disk, server)

    assert ROWS == _count(server)
    assert 201 == _write(server).status


def _write(server: Server, client: Client | None = None) -> Answer:
    rows = [{"part": part, "text": "x" * 5_000} for part in range(ROWS)]
    if client is not None:
        return client.post(f"{server.address}/rows", rows)
    with server.client() as own:
        return own.post(f"{server.address}/rows", rows)


def _write_until_refused(server: Server) -> tuple[int, Answer]:
    acknowledged = 0
    with server.client() as client:
        while (answer := _write(server, client)).status == 201:
            acknowledged += ROWS
    return acknowledged, answer


def _write_at_once(server: Server) -> Counter[tuple[int, str, str]]:
    """Write from many clients, which share groups; gives how often each answer came."""
    answers: Counter[tuple[int, str, str]] = Counter()

    def run() -> None:
        with server.client() as client:
            for _ in range(THREADS):
                answer = _write(server, client)
                answers[answer.status, answer.content_type, answer.data["code"] if answer.body else ""] += 1

    threads = [threading.Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _count(server: Server) -> int:
    with server.client() as client:
        count: int = client.get(f"{server.address}/rows?select=count()").data[0]["count"]
        return count


def _notice(disk: Disk, server: Server) -> None:
    if disk.needs_restart:
        assert 0 == server.terminate()
        server.start()
