"""How long after a commit somebody hears of it: ``python -m benchmarks.following``.

A process commits; a follower of the server hears of it by its event, and beside it a thread that does nothing but ask
SQLite for ``PRAGMA data_version`` every millisecond. Both are timed by the same clock, and only their ratio is meant.
"""

import http.client
import json
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Final
from urllib.parse import urlsplit

import synthdb
from synthdb_host.testing.serving import LiveServer

__all__ = ["main"]

_COMMITS: Final = 500
_PAUSE: Final = 0.01
_POLL: Final = 0.001
_PATIENCE: Final = 30.0


def main() -> int:
    """Measure, and print both and their ratio."""
    with tempfile.TemporaryDirectory(prefix="synthdb-follow-") as name:
        folder = Path(name)
        with synthdb.connect(folder / "shop.db") as db:
            db.insert("orders", {"number": -1})
            server = LiveServer(folder, "--database", str(folder / "shop.db"), plugins=("core",))
            try:
                told, polled = _measure(db, server.url, folder / "shop.db")
            finally:
                server.close()
    for name, seconds in (("event", told), ("poll", polled)):
        print(f"{name:6} median {_at(seconds, 50):.0f} us, p99 {_at(seconds, 99):.0f} us")
    print(f"ratio  median {_at(told, 50) / _at(polled, 50):.2f}, p99 {_at(told, 99) / _at(polled, 99):.2f}")
    return 0


def _measure(db: synthdb.Connection, url: str, file: Path) -> tuple[list[float], list[float]]:
    told, polled, committed = [0.0] * _COMMITS, [0.0] * _COMMITS, [0.0] * _COMMITS
    ready = threading.Barrier(3)
    threads = [
        threading.Thread(target=_follow, args=(url, told, ready)),
        threading.Thread(target=_poll, args=(file, polled, ready)),
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    for number in range(_COMMITS):
        db.insert("orders", {"number": number})
        committed[number] = time.perf_counter()
        time.sleep(_PAUSE)
    for thread in threads:
        thread.join()
    # A commit is seen before the call that made it returns.
    return _between(committed, told), _between(committed, polled)


def _between(committed: list[float], heard: list[float]) -> list[float]:
    return [max(then - begin, 1e-6) for begin, then in zip(committed, heard, strict=True)]


def _follow(url: str, told: list[float], ready: threading.Barrier) -> None:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_PATIENCE)
    connection.request("GET", "/realtime/v1/shop/changes")
    answer = connection.getresponse()
    while not answer.readline().startswith(b"event: ready"):
        pass
    ready.wait()
    left = len(told)
    while left:
        line = answer.readline()
        if line.startswith(b'data: {"seq":"') and b'"op"' in line:
            told[json.loads(line[6:])["new"]["number"]] = time.perf_counter()
            left -= 1
    connection.close()


def _poll(file: Path, polled: list[float], ready: threading.Barrier) -> None:
    connection = sqlite3.connect(file)
    version = connection.execute("PRAGMA data_version").fetchone()[0]
    seen = -1
    ready.wait()
    while seen < len(polled) - 1:
        time.sleep(_POLL)
        found = connection.execute("PRAGMA data_version").fetchone()[0]
        if found != version:
            version, now = found, time.perf_counter()
            newest = connection.execute("SELECT max(number) FROM orders").fetchone()[0]
            for number in range(seen + 1, newest + 1):
                polled[number] = now
            seen = newest
    connection.close()


def _at(seconds: list[float], percent: int) -> float:
    return 1e6 * quantiles(seconds, n=100)[percent - 1]


if __name__ == "__main__":
    raise SystemExit(main())
