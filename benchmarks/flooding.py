"""What reads cost beside hostile requests of GraphQL: ``python -m benchmarks.flooding [ROUNDS [SECONDS]]``.

A reader asks for a row at a steady pace; now and then another process sends one kind of hostile request, one after the
other, as fast as they are answered. Both are timed in the same run in turn, and only the ratio of their percentiles is
meant.
"""

import http
import http.client
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any, Final
from urllib.parse import urlsplit

import synthdb
from synthdb_host.testing.serving import LiveServer

__all__ = ["FLOODS", "main"]

_ROUNDS: Final = 3
_SECONDS: Final = 2.0
_PAUSE: Final = 0.002
_FEWEST: Final = 10
_SILENT: Final = 50
"""Subscriptions that are opened and never read."""

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


def main(rounds: float = _ROUNDS, seconds: float = _SECONDS) -> int:
    """Measure, and print the ratio for each kind."""
    with tempfile.TemporaryDirectory(prefix="synthdb-floods-") as name:
        folder = Path(name)
        _fill(folder / "films.db")
        server = LiveServer(folder, "--database", str(folder / "films.db"), "--workers", "2", plugins=("core",))
        try:
            found = _measure(server.url, int(rounds), seconds)
        finally:
            server.close()
    for kind, (idle, beside) in found.items():
        ratio = _p99(beside) / _p99(idle)
        print(f"{kind:16} idle p99 {_p99(idle):6.2f} ms, beside it {_p99(beside):6.2f} ms, ratio {ratio:.2f}")
    every = [[one for pair in found.values() for one in pair[place]] for place in (0, 1)]
    print(f"{'all':16} ratio {_p99(every[1]) / _p99(every[0]):.2f}")
    return 0


def _fill(file: Path) -> None:
    with synthdb.connect(file) as db:
        db.insert("people", [{"id": n, "name": f"person {n}"} for n in range(10)])
        db.insert("films", [{"id": n, "title": f"film {n}", "year": n, "people_id": n % 10} for n in range(1_000)])
        db.add_foreign_key("films", "people_id", "people.id")


def _measure(url: str, rounds: int, seconds: float) -> dict[str, tuple[list[float], list[float]]]:
    found: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in (*FLOODS, _ARRAY, _UNREAD)}
    for _ in range(rounds):
        for kind in found:
            found[kind][0].extend(_reads(url, seconds))
            with _flooded(url, kind):
                found[kind][1].extend(_reads(url, seconds))
    return found


def _reads(url: str, seconds: float) -> list[float]:
    """Ask for a row at a steady pace; gives the seconds that each answer took."""
    connection, found = _connection(url), []
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
    return found


@contextmanager
def _flooded(url: str, kind: str) -> Iterator[None]:
    """Let another process flood the server meanwhile."""
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_flood, args=(url, kind, ready, done))
    process.start()
    try:
        ready.wait()
        yield
    finally:
        done.set()
        process.join()


def _flood(url: str, kind: str, ready: Any, done: Any) -> None:
    if kind == _UNREAD:
        connections = [_subscribed(url) for _ in range(_SILENT)]
        ready.set()
        done.wait()
        for connection in connections:
            connection.close()
        return
    body: object = [{"query": "{ films { id } }"}] * 1_000 if kind == _ARRAY else {"query": FLOODS[kind][0]}
    text, connection = json.dumps(body), _connection(url)
    while not done.is_set():
        connection.request("POST", _ADDRESS, text, {"Content-Type": "application/json"})
        connection.getresponse().read()
        ready.set()


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
    sys.exit(main(*[float(text) for text in sys.argv[1:]]))
