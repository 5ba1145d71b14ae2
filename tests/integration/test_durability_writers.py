"""Many writers at once: of one server, of another process, of another program."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

import pytest

from tests.integration.evidence import file_faults
from tests.integration.serving import Server, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WRITERS: Final = 16

IMPORTER: Final = """
import sys
import synthdb

path, bulks, size = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with synthdb.connect(path) as database:
    print("connected", flush=True)
    for bulk in range(bulks):
        database.insert("imported", [{"bulk": bulk, "part": part} for part in range(size)])
"""

FOREIGNER: Final = """
import sqlite3, sys, time

connection = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("holding", flush=True)
time.sleep(1)
connection.execute("ROLLBACK")
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Give a server with two workers."""
    with serving(tmp_path, tmp_path / "busy.db") as server:
        yield server
        assert "Traceback" not in server.log


def test_sixteen_writers_never_see_a_locked_database(
    server: Server, requests: int, record_property: Callable[[str, object], None]
) -> None:
    """Each of 16 clients gets 201 for every row, over two workers, and every row is there exactly once."""
    answers = _write_from_all(server, requests)

    record_property("writers", WRITERS)
    record_property("requests", answers.total())
    assert {201: WRITERS * requests} == answers
    assert _expected(requests) == _rows(server)
    assert [] == file_faults(server.database)


def test_writers_and_the_library_in_another_process_share_a_database(server: Server, requests: int) -> None:
    """While another process writes bulks with the embedded library, no client of the server is refused."""
    bulks, size = requests // 2, 500
    with _running(IMPORTER, server.database, str(bulks), str(size), says="connected") as importer:
        answers = _write_from_all(server, requests)
        assert 0 == importer.wait(300)

    assert {201: WRITERS * requests} == answers
    assert _expected(requests) == _rows(server)
    assert bulks * size == _count(server, "imported")
    assert [] == file_faults(server.database)


def test_a_foreign_program_that_holds_the_file_only_delays_writers(server: Server, requests: int) -> None:
    """While SQLite's own lock is held for a second by a program that knows nothing of us, writers just wait."""
    with server.client() as client:
        client.post(f"{server.address}/rows", {"writer": -1, "number": -1})
    with _running(FOREIGNER, server.database, says="holding") as foreigner:
        answers = _write_from_all(server, requests)
        assert 0 == foreigner.wait(60)

    assert {201: WRITERS * requests} == answers
    assert Counter({(-1, -1): 1}) + _expected(requests) == _rows(server)
    assert [] == file_faults(server.database)


def test_all_workers_see_at_once_what_one_of_them_wrote(server: Server, requests: int) -> None:
    """A row, and a column that it brought, is read through every connection as soon as it is acknowledged."""
    stale = []
    with ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(8)]
        for number in range(requests):
            column = f"column_{number}"
            clients[number % 8].post(f"{server.address}/growing", {"number": number, column: number})
            for client in clients:
                seen = client.get(f"{server.address}/growing?{column}=eq.{number}&select=number")
                if (200, [{"number": number}]) != (seen.status, seen.data):
                    stale.append((number, seen))

    assert [] == stale


def _write_from_all(server: Server, requests: int) -> Counter[int]:
    """Write from all clients at once; gives how often each status came."""
    answers: Counter[int] = Counter()
    refusals: list[bytes] = []
    together = threading.Barrier(WRITERS)

    def run(writer: int) -> None:
        with server.client() as client:
            together.wait()
            for number in range(requests):
                answer = client.post(f"{server.address}/rows", {"writer": writer, "number": number})
                answers[answer.status] += 1
                if answer.status != 201:
                    refusals.append(answer.body)

    threads = [threading.Thread(target=run, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps([body.decode() for body in refusals[:5]]))  # noqa: T201 - shown when the test fails
    return answers


def _expected(requests: int) -> Counter[tuple[int, int]]:
    return Counter((writer, number) for writer in range(WRITERS) for number in range(requests))


def _rows(server: Server) -> Counter[tuple[int, int]]:
    with closing(sqlite3.connect(server.database)) as file:
        return Counter(file.execute("SELECT writer, number FROM rows").fetchall())


def _count(server: Server, table: str) -> int:
    with server.client() as client:
        count: int = client.get(f"{server.address}/{table}?select=count()").data[0]["count"]
        return count


class _running:  # noqa: N801 - read as a verb in a with statement
    """Run a Python program beside the server, from when it has said that it is at work."""

    def __init__(self, program: str, database: Path, *arguments: str, says: str) -> None:
        self._command: Sequence[str] = [sys.executable, "-c", program, str(database), *arguments]
        self._says = says

    def __enter__(self) -> subprocess.Popen[str]:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert f"{self._says}\n" == self._process.stdout.readline()
        return self._process

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
