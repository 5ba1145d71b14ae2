"""``make demo`` serves real data, and what it tells people to type works."""

import gzip
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "scripts" / "demo.py"
PATIENCE = 60


@dataclass(frozen=True)
class Demo:
    process: subprocess.Popen[str]
    printed: str
    base: str

    @property
    def curls(self) -> list[str]:
        """The lines it says to type."""
        return [line.strip() for line in self.printed.splitlines() if line.strip().startswith("curl ")]


def environment(port: int, data: Path) -> dict[str, str]:
    """Say where to serve and where to keep the data, as `make demo` does."""
    return dict(os.environ) | {"HOST": "127.0.0.1", "PORT": str(port), "DATA": str(data)}


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def unpacked(path: Path) -> bytes:
    """Give what a gzip file holds; its packed bytes depend on the version of zlib."""
    return gzip.decompress(path.read_bytes())


@contextmanager
def demo(data: Path) -> Iterator[Demo]:
    """Run the demo until it says how to stop it; interrupt it, as a terminal does, in the end."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(DEMO)],
        cwd=data.parent,
        env=environment(port, data),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    with process:
        printed = ""
        for line in process.stdout:
            printed += line
            if "Ctrl-C" in line:
                break
        try:
            yield Demo(process, printed, f"http://127.0.0.1:{port}")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)


def curl(line: str) -> httpx.Response:
    """Send what a curl command line with -H and -d would send."""
    words = shlex.split(line)[1:]
    headers, body, address = httpx.Headers(), None, ""
    while words:
        word = words.pop(0)
        if word == "-H":
            name, value = words.pop(0).split(": ")
            headers[name] = value
        elif word == "-d":
            body = words.pop(0)
        else:
            address = word
    return httpx.request("POST" if body else "GET", address, headers=headers, content=body, timeout=PATIENCE)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run one demo for all tests that only talk to it."""
    with demo(tmp_path_factory.mktemp("demo") / "data") as started:
        yield started


def test_all_five_commands_that_it_prints_work(running: Demo) -> None:
    """A newcomer who pastes any printed line gets an answer, not an error."""
    answers = [curl(line) for line in running.curls]

    assert [200, 200, 200, 201, 200] == [answer.status_code for answer in answers]


def test_its_filter_finds_the_longest_delays_in_order(running: Demo) -> None:
    """The first command shows a filter and an order on real numbers."""
    rows = curl(running.curls[0]).json()

    assert [898, 483] == [row["dep_delay"] for row in rows][:2]
    assert "2013-07-22T11:00:00.000000Z" == rows[0]["time_hour"]


def test_its_flights_come_with_airline_and_plane(running: Demo) -> None:
    """The second command shows embedding along two foreign keys."""
    rows = curl(running.curls[1]).json()

    assert 3 == len(rows)
    assert {"flight", "dest", "airlines", "planes"} == rows[0].keys()
    assert all(row["airlines"]["name"] and row["planes"]["model"] for row in rows)


def test_its_aggregate_counts_every_flight(running: Demo) -> None:
    """The third command shows a group-by, whose counts add up to all the rows."""
    groups = curl(running.curls[2]).json()

    assert 15 == len(groups)
    assert 2423 == sum(group["flights"] for group in groups)


def test_its_insert_makes_a_table(running: Demo) -> None:
    """The fourth command writes to a table that nobody declared, and it is there to be read."""
    row = curl(running.curls[3]).json()[0]

    found = httpx.get(f"{running.base}/rest/v1/flights/notes", params={"id": f"eq.{row['id']}"}, timeout=PATIENCE)
    assert [row] == found.json()
    assert ("Late again", 2.5) == (row["text"], row["stars"])


def test_its_csv_is_csv(running: Demo) -> None:
    """The fifth command shows another representation of the same resource."""
    lines = curl(running.curls[4]).text.splitlines()

    assert 6 == len(lines)
    assert lines[0].startswith("id,origin,time_hour,temp")


def test_its_pages_open(running: Demo) -> None:
    """Every address to click answers, and the first shows the database with its tables and the plugins."""
    pages = [line.split()[0] for line in running.printed.splitlines() if line.startswith("    http")]

    assert 3 == len(pages)
    assert [200] * 3 == [httpx.get(page, timeout=PATIENCE).status_code for page in pages]
    index = httpx.get(pages[0], headers={"Accept": "text/html"}, timeout=PATIENCE).text
    assert all(name in index for name in ("flights", "airlines", "weather", "core"))


def test_a_second_run_imports_nothing_again(tmp_path: Path) -> None:
    """The demo can be run twice: the rows are there once, and what was written in between stays."""
    with demo(tmp_path / "data") as first:
        curl(first.curls[3])
    assert 0 == first.process.returncode
    with demo(tmp_path / "data") as second:
        rows = httpx.get(
            f"{second.base}/rest/v1/flights/flights", params={"select": "count()"}, timeout=PATIENCE
        ).json()
        notes = httpx.get(f"{second.base}/rest/v1/flights/notes", timeout=PATIENCE).json()

    assert 5 == second.printed.count("nothing to do")
    assert [{"count": 2423}] == rows
    assert 1 == len(notes)


def test_a_port_that_is_taken_is_said_so(tmp_path: Path) -> None:
    """Where another program listens, the demo stops with the cause and a way out, before it imports."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, str(DEMO)],
            cwd=tmp_path,
            env=environment(port, tmp_path / "data"),
            capture_output=True,
            text=True,
            check=False,
        )

    assert 1 == ended.returncode
    assert f"Cannot listen on 127.0.0.1, port {port}: Address already in use" in ended.stderr
    assert f"make demo PORT={port + 1}" in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_said_so(port: str, tmp_path: Path) -> None:
    """A mistyped port is one line, not a traceback, and nothing is imported."""
    ended = subprocess.run(
        [sys.executable, str(DEMO)],
        cwd=tmp_path,
        env=environment(8000, tmp_path / "data") | {"PORT": port},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == ended.returncode
    assert f"PORT={port} is no port: write a number from 1 to 65535\n" == ended.stderr
    assert not (tmp_path / "data").exists()


def test_the_bundled_data_is_small() -> None:
    """The data of the demo costs a clone little."""
    assert 400_000 > sum(path.stat().st_size for path in (ROOT / "demo").iterdir() if path.is_file())


def test_the_bundled_files_are_what_the_script_extracts(tmp_path: Path) -> None:
    """Anybody can make the same files again from the published package."""
    script = tmp_path / "extract.py"
    script.write_text((ROOT / "demo" / "extract.py").read_text("utf-8"), "utf-8")
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True)

    made = sorted(tmp_path.glob("*.csv.gz"))
    assert ["airlines", "airports", "flights", "planes", "weather"] == [path.name.split(".")[0] for path in made]
    assert all(unpacked(path) == unpacked(ROOT / "demo" / path.name) for path in made)
