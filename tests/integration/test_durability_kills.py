"""What was acknowledged survives, whatever is killed, and whenever.

A run prints its seed; ``SEED=...`` repeats what is written, though not the moment of the kill.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import Final

import pytest

from tests.integration.evidence import faults, unanswered_but_there
from tests.integration.load import Load
from tests.integration.serving import Server, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Record = Callable[[str, object], None]

RESTART_SECONDS: Final = 3.0
"""What an operator is promised for every restart, not counting by how much other programs delay it."""


def test_acknowledged_writes_survive_a_kill_of_the_whole_server(
    tmp_path: Path, seed: str, kills: int, record_property: Record
) -> None:
    """After kill -9 of master and workers under load, every acknowledged write is there and none is by half."""
    random = Random(seed)
    with serving(tmp_path, tmp_path / "ledger.db") as server:
        load = Load(server, seed)
        restarts, delays = [], []
        for _ in range(kills):
            with load.running():
                load.wait_for(random.randint(30, 150))
                time.sleep(random.uniform(0, 0.02))
                server.kill()
            restarts.append(server.start())
            delays.append(server.delay)
            assert [] == load.complaints
            assert [] == faults(server.database, load.books)
        _note(record_property, load, restarts)
        own = [restart - delay for restart, delay in zip(restarts, delays, strict=True)]
        record_property("without delay by other programs", f"{median(own):.2f}, most {max(own):.2f}")
        assert "Traceback" not in server.log
    assert max(own) < RESTART_SECONDS


def test_a_killed_worker_is_replaced_and_nothing_acknowledged_is_lost(
    tmp_path: Path, seed: str, kills: int, record_property: Record
) -> None:
    """After kill -9 of one worker of two under load, the other serves on, a new one comes, and no write is lost."""
    random = Random(seed)
    with serving(tmp_path, tmp_path / "ledger.db") as server:
        load = Load(server, seed)
        with load.running(reconnects=True):
            for _ in range(kills):
                load.wait_for(random.randint(30, 150))
                _kill_a_worker(server, random)
                load.wait_for(30)
        record_property("kills", kills)
        record_property("acknowledged", load.answers)
        assert [] == load.complaints
        assert [] == faults(server.database, load.books)
        assert "Traceback" not in server.log


def test_a_stopping_server_loses_nothing_it_acknowledged(
    tmp_path: Path, seed: str, kills: int, record_property: Record
) -> None:
    """On SIGTERM under load the server answers what it has begun, begins nothing more, and exits with 0."""
    random = Random(seed)
    with serving(tmp_path, tmp_path / "ledger.db") as server:
        load = Load(server, seed)
        restarts = []
        for _ in range(kills):
            with load.running():
                load.wait_for(random.randint(30, 150))
                code = server.terminate()
            assert 0 == code
            assert [] == faults(server.database, load.books)
            assert [] == unanswered_but_there(server.database, load.books)
            restarts.append(server.start())
        _note(record_property, load, restarts)
        assert [] == load.complaints
        assert "Traceback" not in server.log


def _kill_a_worker(server: Server, random: Random) -> None:
    victim = random.choice(server.worker_pids)
    time.sleep(random.uniform(0, 0.02))
    os.kill(victim, signal.SIGKILL)
    wait_until(
        lambda: victim not in server.worker_pids and len(server.worker_pids) == server.workers,
        "the worker is replaced",
    )


def _note(record_property: Record, load: Load, restarts: list[float]) -> None:
    record_property("kills", len(restarts))
    record_property("acknowledged", load.answers)
    record_property("unknown", sum(len(books.unknown) for books in load.books))
    record_property("restart seconds", f"{median(restarts):.2f}, most {max(restarts):.2f}")
