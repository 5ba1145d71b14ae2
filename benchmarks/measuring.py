"""Measuring peers that run side by side: first what they answer, then what it costs, round by round."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.data import Item, dearest, item
from benchmarks.load import Exchange, fetch, generate
from benchmarks.peers import raw
from benchmarks.peers.base import (
    BULK,
    BULK_ROWS,
    CASES,
    GRAPHQL_LIST,
    GRAPHQL_POINT,
    INSERT,
    LIST,
    POINT,
    Peer,
    new_row,
)
from benchmarks.process import Server, free_port, serving

__all__ = ["RAW", "Plan", "Sample", "Wrong", "check", "measure_all", "running"]

RAW: Final = "raw sqlite3"
"""What reports call the statement alone, run in a process without a server."""

_CONNECTIONS: Final = {POINT: 16, GRAPHQL_POINT: 16, LIST: 16, GRAPHQL_LIST: 16, INSERT: 16, BULK: 2}
_REQUESTS: Final = {POINT: 9_973, GRAPHQL_POINT: 9_973, LIST: 1, GRAPHQL_LIST: 1, INSERT: 500, BULK: 4}
"""How many different requests there are of a case: of keys more than any cache of requests should hold."""
_RAW_COUNTS: Final = {POINT: 40_000, LIST: 1_000, INSERT: 2_000, BULK: 20}
_AT_MOST: Final = 200_000
_WARM_UP_SECONDS: Final = 0.2


class Wrong(Exception):
    """A peer did not answer as it should, so that its speed means nothing."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    ``rows`` are in the table at first; each round loads each peer for ``seconds`` per case, after a warm-up;
    ``import_rows`` is the size of the file to import.
    """

    rows: int
    rounds: int
    seconds: float
    import_rows: int


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: CPU time is that of the server's processes, latencies are in seconds."""

    peer: str
    case: str
    requests: int
    failed: int
    dropped: int
    seconds: float
    cpu_seconds: float
    p50: float
    p99: float


Running = tuple[Peer, Server]


@contextmanager
def running(peers: Sequence[Peer], modules: Path) -> Iterator[list[Running]]:
    """Start all peers; ``modules`` is where Python finds this package."""
    with ExitStack() as stack:
        started = []
        for peer in peers:
            port = free_port()
            environment = {**peer.environment, "PYTHONPATH": str(modules)}
            server = serving(peer.command(port), port, peer.ready(), peer.folder, environment)
            started.append((peer, stack.enter_context(server)))
        yield started


def check(peer: Peer, server: Server) -> None:
    """Ask a peer each case once, and compare its answer with the data.

    Raises:
        Wrong: an answer is no success or holds other rows, or a write left another number of rows behind.
    """
    for case in CASES:
        exchange = peer.exchange(case, 7)
        if exchange is None:
            continue
        before = peer.count()
        status, body = fetch(server.port, exchange)
        if not 200 <= status < 300:
            raise Wrong(f"{peer.name}, {case}: {status} {body[:300]!r}")
        if before is not None:
            _check_rows(peer, case, body, before)


def _check_rows(peer: Peer, case: str, body: bytes, before: int) -> None:
    added = {INSERT: 1, BULK: BULK_ROWS}.get(case, 0)
    if peer.count() != before + added:
        raise Wrong(f"{peer.name}, {case}: {before} rows became {peer.count()}")
    expected = _expected(case, peer.rows)
    first = 1 if case == INSERT else 0  # the id of a new row is the server's to choose
    if [row[first:] for row in peer.read(case, body)] != [row[first:] for row in expected]:
        raise Wrong(f"{peer.name}, {case}: other rows than expected: {body[:300]!r}")


def _expected(case: str, rows: int) -> list[Item]:
    if case in {POINT, GRAPHQL_POINT}:
        return [item(7)]
    if case in {LIST, GRAPHQL_LIST}:
        return dearest(rows)
    return [new_row(7)] if case == INSERT else []


def measure_all(running: Sequence[Running], folder: Path, plan: Plan) -> Iterator[Sample]:
    """Measure every case of every peer in every round; every second round goes through the peers backwards.

    Raises:
        Wrong: a row whose insert was answered with success is not there.
    """
    raw.prepare(folder, plan.rows)
    for number in range(plan.rounds):
        order = running if number % 2 == 0 else running[::-1]
        for case in CASES:
            if case in _RAW_COUNTS:
                yield _raw_sample(folder, case, plan)
            for peer, server in order:
                if peer.exchange(case, 1) is not None:
                    yield from _loaded(peer, server, case, plan)


def _loaded(peer: Peer, server: Server, case: str, plan: Plan) -> list[Sample]:
    try:
        return _samples(peer, server, case, plan)
    except OSError as error:
        raise Wrong(f"{peer.name}, {case}: {error}; {server.obituary()}") from error


def _raw_sample(folder: Path, case: str, plan: Plan) -> Sample:
    count = max(int(_RAW_COUNTS[case] * min(plan.seconds / 3, 1)), 1)
    cpu = raw.measure(folder, case, count)
    return Sample(RAW, case, count, 0, 0, 0, cpu, 0, 0)


def _samples(peer: Peer, server: Server, case: str, plan: Plan) -> list[Sample]:
    """Load a peer once; give what that cost all its processes, and what it cost those that count apart."""
    ring = [found.encoded(server.port) for found in _exchanges(peer, case, plan.rows)]

    def request(number: int) -> bytes:
        return ring[number % len(ring)]

    connections = _CONNECTIONS[case]
    warm_up = max(plan.seconds / 10, _WARM_UP_SECONDS)
    generate(server.port, request, connections=connections, seconds=warm_up, at_most=_AT_MOST)
    programs = {peer.name: "", **peer.apart}
    before, spent = peer.count(), {name: server.cpu_seconds(without) for name, without in programs.items()}
    load = generate(server.port, request, connections=connections, seconds=plan.seconds, at_most=_AT_MOST)
    spent = {name: server.cpu_seconds(without) - spent[name] for name, without in programs.items()}
    added = {INSERT: 1, BULK: BULK_ROWS}.get(case, 0) * load.succeeded
    after = peer.count()
    if before is not None and after is not None and after < before + added:
        raise Wrong(f"{peer.name}, {case}: {added} rows were acknowledged, {after - before} are there")
    return [
        Sample(
            name, case, load.succeeded, load.failed, load.dropped, load.seconds, cpu,
            load.percentile(0.5), load.percentile(0.99),
        )
        for name, cpu in spent.items()
    ]  # fmt: skip


def _exchanges(peer: Peer, case: str, rows: int) -> Iterator[Exchange]:
    for number in range(_REQUESTS[case]):
        chosen = 1 + number * 7_919 % rows if case in {POINT, GRAPHQL_POINT} else number
        exchange = peer.exchange(case, chosen)
        if exchange is not None:
            yield exchange
