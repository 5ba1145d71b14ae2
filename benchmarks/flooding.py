"""What reads cost beside hostile requests of GraphQL: ``python -m benchmarks.flooding [ROUNDS [SECONDS [KIND...]]]``.

A reader asks the only worker for a row at a steady pace; in every second turn another process sends one kind of hostile
request, one after the other, as fast as they are answered, and each of them differs, so that no cache answers. What
counts is the ratio of the percentiles of two turns beside each other, and of all rounds the median. The server has
the first CPU, those who ask have the second, on which the reader comes before the flood.
"""

import gc
import http
import http.client
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final
from urllib.parse import urlsplit

import synthdb
from synthdb_host.testing.serving import LiveServer

__all__ = ["FLOODS", "main"]

_ROUNDS: Final = 5
_SECONDS: Final = 1.5
_PAUSE: Final = 0.002
_FEWEST: Final = 10
_NICE: Final = 10
"""How far those who flood let the reader come first, whose own waiting for a CPU is not meant."""

_SILENT: Final = 50
"""Subscriptions that are opened and never read."""

_Turn = tuple[list[float], list[float]]
"""The seconds that reads took in a turn without and in one with a flood."""

_ADDRESS: Final = "/graphql/v1/films"
_ARRAY: Final = "array"
_UNREAD: Final = "never read"
_INTROSPECTION: Final = "{ __schema { types { name fields { name args { name } type { name ofType { name } } } } } }"

FLOODS: Final[dict[str, tuple[str, str | None]]] = {
    "aliases": ("{ films { " + " ".join(f"a{n}: id" for n in range(1_000)) + " } }", "too_complex"),
    "root aliases": ("{ " + " ".join(f"a{n}: films {{ id }}" for n in range(1_000)) + " }", "too_complex"),
    "fragment cycle": (
        "{ films { ...A } } fragment A on films { ...B } fragment B on films { ...A }",
        "invalid_document",
    ),
    "fragment bomb": (
        "{ films { ...F0 } }"
        + "".join(f"fragment F{n} on films {{ ...F{n + 1} ...F{n + 1} }} " for n in range(100))
        + "fragment F100 on films { id }",
        "too_complex",
    ),
    "depth": ("{ films " + "{ people { films " * 60 + "{ id }" + " } }" * 60 + " }", "too_complex"),
    "a megabyte": ("{ films { id } }" + " " * 1_000_000, "too_large"),
    "tokens": ("{ films { " + "id " * 30_000 + "} }", "too_complex"),
    "merging": ("{ films { " + "people { films { id } films { year } } " * 200 + "} }", "too_complex"),
    "cost": ("{ films { people { films { people { films { people { films { id } } } } } } } }", "too_complex"),
    "introspection": (_INTROSPECTION, None),
    "unknown fields": ("{ films { " + " ".join(f"f{n}" for n in range(400)) + " } }", "invalid_document"),
}
"""Hostile documents by what they do, and the code that each is refused with; None: it is answered."""


def main(rounds: float = _ROUNDS, seconds: float = _SECONDS, *kinds: str) -> int:
    """Measure, and print the ratio for each kind."""
    with tempfile.TemporaryDirectory(prefix="synthdb-floods-") as name:
        folder = Path(name)
        _fill(folder / "films.db")
        cpus = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cpus[:1])
        server = LiveServer(folder, "--database", str(folder / "films.db"), "--workers", "1", plugins=("core",))
        os.sched_setaffinity(0, cpus[1:] or cpus)
        try:
            found = _measure(server.url, int(rounds), seconds, kinds or (*FLOODS, _ARRAY, _UNREAD))
        finally:
            server.close()
    for kind, turns in found.items():
        idle, beside = (median([_p99(turn[place]) for turn in turns]) for place in (0, 1))
        ratio = median([_p99(beside) / _p99(idle) for idle, beside in turns])
        print(f"{kind:16} idle p99 {idle:6.2f} ms, beside it {beside:6.2f} ms, ratio {ratio:.2f}", flush=True)
    every = [_p99(turn[1]) / _p99(turn[0]) for turns in found.values() for turn in turns]
    print(f"{'all':16} ratio {median(every):.2f}")
    return 0


def _fill(file: Path) -> None:
    with synthdb.connect(file) as db:
        db.insert("people", [{"id": n, "name": f"person {n}"} for n in range(10)])
        db.insert("films", [{"id": n, "title": f"film {n}", "year": n, "people_id": n % 10} for n in range(1_000)])
        db.add_foreign_key("films", "people_id", "people.id")


def _measure(url: str, rounds: int, seconds: float, kinds: Sequence[str]) -> dict[str, list[_Turn]]:
    found: dict[str, list[_Turn]] = {kind: [] for kind in kinds}
    for number in range(rounds):
        for kind, turns in found.items():
            idle = _reads(url, seconds)
            with _flooded(url, kind, number):
                turns.append((idle, _reads(url, seconds)))
    return found


def _reads(url: str, seconds: float) -> list[float]:
    """Ask for a row at a steady pace; gives the seconds that each answer took."""
    connection, found = _connection(url), []
    # A pause of this program is none of the server's.
    gc.disable()
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end or len(found) < _FEWEST:
        connection.request("GET", f"/rest/v1/films/films?id=eq.{len(found) % 1_000}")
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"a read was answered with {answer.status}")
        found.append(time.perf_counter() - begun)
        time.sleep(_PAUSE)
    connection.close()
    gc.enable()
    return found


@contextmanager
def _flooded(url: str, kind: str, number: int) -> Iterator[None]:
    """Let another process flood the server meanwhile."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_flood, args=(url, kind, number, ready, done))
    process.start()
    try:
        ready.wait()
        yield
    finally:
        done.set()
        process.join()


def _flood(url: str, kind: str, number: int, ready: Any, done: Any) -> None:
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(_NICE)
    if kind == _UNREAD:
        connections = [_subscribed(url) for _ in range(_SILENT)]
        ready.set()
        done.wait()
        for connection in connections:
            connection.close()
        return
    connection = _connection(url)
    for place in count():
        body: object = [{"query": "{ films { id } }"}] * 1_000
        if kind != _ARRAY:
            body = {"query": f"#{number} {place}\n{FLOODS[kind][0]}"}
        connection.request("POST", _ADDRESS, json.dumps(body), {"Content-Type": "application/json"})
        connection.getresponse().read()
        ready.set()
        if done.is_set():
            return


def _subscribed(url: str) -> http.client.HTTPConnection:
    """Follow a table with all the rows that it has, without reading any of it."""
    connection = _connection(url)
    query = "subscription { films_changes(snapshot: true) { new { id title year people_id } } }"
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
    connection.request("POST", _ADDRESS, json.dumps({"query": query}), headers)
    return connection


def _connection(url: str) -> http.client.HTTPConnection:
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)


def _p99(seconds: list[float]) -> float:
    return 1e3 * quantiles(seconds, n=100)[98]


if __name__ == "__main__":
    sys.exit(main(*[float(text) for text in sys.argv[1:3]], *sys.argv[3:]))
