"""A million rows out of a real server, in little memory, through good and bad connections."""

import http.client
import json
import re
import socket
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import brotli  # type: ignore[import-untyped] # it ships no types
import pyarrow as pa  # type: ignore[import-untyped] # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # pyarrow ships no types
import pytest
from backports import zstd

import synthdb
from tests.integration.serving import Server, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROWS: Final = 1_000_000
CHUNK: Final = 100_000
MOST_MEGABYTES: Final = 150


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A million rows of several types."""
    path = tmp_path_factory.mktemp("million") / "million.db"
    with synthdb.connect(path) as db:
        for start in range(0, ROWS, CHUNK):
            db.insert("rows", [_row(number) for number in range(start, start + CHUNK)])
    return path


def _row(number: int) -> dict[str, object]:
    return {
        "id": number, "word": f"w{number % 997}", "ratio": number / 8, "even": number % 2 == 0,
        "name": f"name {number}", "size": number * 7, "kind": f"k{number % 13}", "mail": f"m{number}@example.com",
    }  # fmt: skip


@pytest.fixture
def server(tmp_path: Path, database: Path) -> Iterator[Server]:
    """A server of them, with one worker."""
    with serving(tmp_path, database, workers=1) as found:
        yield found


def _pull(
    server: Server,
    accept: str,
    take: Callable[[bytes], None],
    headers: Mapping[str, str] | None = None,
    query: str = "",
) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)) as connection:
        connection.request("GET", f"{server.address}/rows{query}", headers={"Accept": accept, **(headers or {})})
        response = connection.getresponse()
        assert 200 == response.status
        while piece := response.read(1 << 16):
            take(piece)


def _peak_megabytes(server: Server) -> int:
    (worker,) = server.worker_pids
    return int(_number("VmHWM", worker)) // 1024


def _number(name: str, pid: int) -> str:
    found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    assert found is not None
    return found[1]


def _open_connections(server: Server) -> int:
    """Count how often the worker has the database's file open."""
    (worker,) = server.worker_pids
    links = [path.readlink() for path in Path(f"/proc/{worker}/fd").iterdir() if path.is_symlink()]
    return sum(link == server.database for link in links)


class _Lines:
    """Counts lines, and keeps the last one."""

    def __init__(self) -> None:
        self.count = 0
        self.last = b""

    def __call__(self, piece: bytes) -> None:
        self.count += piece.count(b"\n")
        self.last = (self.last + piece)[-200:]


@pytest.mark.parametrize(("accept", "header"), [("application/x-ndjson", 0), ("text/csv", 1)], ids=["NDJSON", "CSV"])
def test_a_million_rows_take_little_memory(server: Server, accept: str, header: int) -> None:
    """All of them arrive, in order, and the server's memory does not grow with their number."""
    lines = _Lines()
    _pull(server, accept, lines)

    last = lines.last.splitlines()[-1].decode()
    assert ROWS + header == lines.count
    row = _row(ROWS - 1)
    line = ",".join(str(row[name]) for name in row).replace("False", "false")
    assert last == (line if header else json.dumps(row, separators=(",", ":")))
    assert MOST_MEGABYTES > _peak_megabytes(server)


def test_a_million_rows_in_one_array_take_little_memory(server: Server) -> None:
    """Where so many are asked for; without a limit it is a page."""
    sizes, ends = [0, 0], [b"", b""]

    def take(piece: bytes) -> None:
        sizes[0] += len(piece)
        sizes[1] += piece.count(b'"id":')
        ends[0], ends[1] = ends[0] or piece[:20], (ends[1] + piece)[-200:]

    _pull(server, "application/json", take, query=f"?limit={ROWS}")

    assert (True, True) == (ends[0].startswith(b'[{"id":0,'), ends[1].endswith(b"}]"))
    assert ROWS - sizes[0] // (1 << 16) <= sizes[1] <= ROWS  # a name may be cut by the end of a piece
    assert _row(ROWS - 1) == json.loads(ends[1].rpartition(b",{")[2].join([b"{", b""]).removesuffix(b"]"))
    assert MOST_MEGABYTES > _peak_megabytes(server)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_million_rows_that_are_compressed_take_little_memory_too(server: Server, coding: str) -> None:
    """They are compressed piece by piece, and are the same rows."""
    decoder: Any = {"gzip": lambda: zlib.decompressobj(31), "br": brotli.Decompressor, "zstd": zstd.ZstdDecompressor}
    reader, lines, sizes = decoder[coding](), _Lines(), [0, 0]

    def take(piece: bytes) -> None:
        plain = reader.process(piece) if coding == "br" else reader.decompress(piece)
        sizes[0] += len(piece)
        sizes[1] += len(plain)
        lines(plain)

    _pull(server, "application/x-ndjson", take, {"Accept-Encoding": coding})

    assert (ROWS, _row(ROWS - 1)) == (lines.count, json.loads(lines.last.splitlines()[-1]))
    assert sizes[0] < sizes[1] // 3
    assert MOST_MEGABYTES > _peak_megabytes(server)


class _ArrowFile:
    """Keeps an answer in a file, to be read by others."""

    def __init__(self, path: Path) -> None:
        self._out = path.open("wb")

    def __call__(self, piece: bytes) -> None:
        self._out.write(piece)

    def close(self) -> None:
        self._out.close()


@pytest.mark.parametrize("form", ["vnd.apache.arrow.stream", "vnd.apache.parquet"])
def test_a_million_rows_in_columns_take_little_memory_too(server: Server, tmp_path: Path, form: str) -> None:
    """Other programs read them, type by type."""
    path = tmp_path / "rows"
    with closing(_ArrowFile(path)) as file:
        _pull(server, f"application/{form}", file)
    peak = _peak_megabytes(server)
    table = pa.ipc.open_stream(path).read_all() if form.endswith("stream") else pq.read_table(path)

    assert ROWS == table.num_rows
    text, number = pa.string(), pa.int64()
    assert [number, text, pa.float64(), pa.bool_(), text, number, text, text] == table.schema.types
    assert _row(ROWS - 1) == table.slice(ROWS - 1).to_pylist()[0]
    assert MOST_MEGABYTES > peak


def _asking(server: Server) -> socket.socket:
    """Ask for everything, and read nothing."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    client.sendall(f"GET {server.address}/rows HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n".encode())
    assert client.recv(15).startswith(b"HTTP/1.1 200")
    return client


def test_a_client_that_leaves_frees_its_place(tmp_path: Path, database: Path) -> None:
    """Whether it read or not; the connection to the database is used again.

    A thread may still read a piece that nobody wants when the place is free, so a second connection may be made.
    """
    with serving(tmp_path, database, workers=1, environment={"SYNTHDB_LIMITS__MAX_STREAMS": "1"}) as server:
        before = 0
        for _ in range(5):
            with _asking(server):
                time.sleep(0.2)
                with server.client() as other:
                    refused = other.ask("GET", f"{server.address}/rows", headers={"Accept": "text/csv"})
                assert (503, "unavailable") == (refused.status, refused.data["code"])
            wait_until(lambda: _is_free(server), "the place is free")
            before = before or _open_connections(server)
        assert _open_connections(server) - before in (0, 1)
        assert "Traceback" not in server.log


def _is_free(server: Server) -> bool:
    with server.client() as client:
        return client.ask("HEAD", f"{server.address}/rows", headers={"Accept": "text/csv"}).status == 200


def test_a_client_that_is_too_slow_is_broken_off(tmp_path: Path, database: Path) -> None:
    """It notices: the body has no end. The state of the file is free again."""
    environment = {"SYNTHDB_LIMITS__MAX_STREAM_SECONDS": "1", "SYNTHDB_LIMITS__MAX_STREAMS": "1"}
    with serving(tmp_path, database, workers=1, environment=environment) as server:
        with _asking(server) as client:
            wait_until(lambda: "broken off" in server.log, "the answer is broken off")
            assert _is_free(server)
            rest = b"".join(iter(lambda: client.recv(1 << 16), b""))
        assert not rest.endswith(b"0\r\n\r\n")
        assert "Traceback" not in server.log


def test_a_stream_is_one_state_while_others_write(server: Server) -> None:
    """Rows that are deleted and added while it is sent change nothing in it."""
    lines = _Lines()
    with server.client() as writer:

        def take(piece: bytes) -> None:
            if not lines.count:
                writer.ask("DELETE", f"{server.address}/rows?id=gte.{ROWS - 5}")
                writer.post(f"{server.address}/rows", {"id": ROWS + 7, "word": "late"})
            lines(piece)

        _pull(server, "application/x-ndjson", take)
        restored = [_row(number) for number in range(ROWS - 5, ROWS)]
        assert 201 == writer.post(f"{server.address}/rows", restored).status
        assert 204 == writer.ask("DELETE", f"{server.address}/rows?id=eq.{ROWS + 7}").status

    assert ROWS == lines.count
