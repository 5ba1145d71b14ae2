"""A client that sends each write with an Idempotency-Key until it is answered writes it exactly once.

A run prints its seed; ``SEED=...`` repeats what is written, though not the moment of the kill.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from tests.integration.client import Answer, Client, Unanswered
from tests.integration.serving import Server, serving, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_CLIENTS: Final = 4
_BETWEEN_RETRIES: Final = 0.02
_BEING_DONE: Final = (409, 503)


class _Retrier:
    """Inserts rows, and now and then repeats what was answered long ago."""

    def __init__(self, server: Server, number: int, random: Random) -> None:
        self.complaints: list[str] = []
        self.names: list[str] = []
        self.retries = 0
        self._server = server
        self._number = number
        self._random = random
        self._past: list[tuple[str, str, dict[str, Any], Answer]] = []

    def run(self, stop: threading.Event) -> None:
        """Write until told to stop; what was begun is finished."""
        with self._server.client() as client:
            while not stop.is_set():
                name = f"{self._number}-{len(self.names)}"
                row = {"name": name, "text": "x" * self._random.randint(0, 2_000)}
                answer = self._send(client, name, "/entries", row)
                if answer.status != 201:
                    self.complaints.append(f"{name}: {answer.status} {answer.body[:300]!r}")
                self.names.append(name)
                self._past.append((name, "/entries", row, answer))
                self._look_back(client)

    def _look_back(self, client: Client) -> None:
        key, path, row, answer = self._random.choice(self._past)
        again = self._send(client, key, path, row)
        if (again.status, again.body) != (answer.status, answer.body):
            self.complaints.append(f"{key}: first {answer}, then {again}")

    def _send(self, client: Client, key: str, path: str, row: dict[str, Any]) -> Answer:
        headers = {"Idempotency-Key": f'"{key}"', "Prefer": "return=representation"}
        while True:
            try:
                answer = client.ask("POST", f"{self._server.address}{path}", row, headers)
            except Unanswered:
                answer = None
            if answer is not None and answer.status not in _BEING_DONE:
                return answer
            self.retries += 1
            time.sleep(_BETWEEN_RETRIES)


@contextmanager
def _running(retriers: list[_Retrier]) -> Iterator[None]:
    stop = threading.Event()
    threads = [threading.Thread(target=retrier.run, args=(stop,)) for retrier in retriers]
    with ExitStack() as ended:
        for thread in threads:
            thread.start()
            ended.callback(thread.join)
        ended.callback(stop.set)
        yield


def test_a_write_that_is_retried_is_there_once(
    tmp_path: Path, seed: str, kills: int, record_property: Callable[[str, object], None]
) -> None:
    """Whenever master and workers are killed, and however often a request is sent."""
    random = Random(seed)
    with serving(tmp_path, tmp_path / "ledger.db") as server:
        retriers = [_Retrier(server, number, Random(f"{seed} {number}")) for number in range(_CLIENTS)]
        with _running(retriers):
            for _ in range(kills):
                wanted = sum(len(retrier.names) for retrier in retriers) + random.randint(20, 100)
                wait_until(lambda: sum(len(one.names) for one in retriers) >= wanted, "writes are done")  # noqa: B023 - called at once
                time.sleep(random.uniform(0, 0.02))
                server.kill()
                server.start()
        record_property("retries", sum(retrier.retries for retrier in retriers))
        assert [] == [complaint for retrier in retriers for complaint in retrier.complaints]
        written = sorted(name for retrier in retriers for name in retrier.names)
        record_property("writes", len(written))
        assert written == sorted(_names(server))
        assert "Traceback" not in server.log


def _names(server: Server) -> list[str]:
    found: list[str] = []
    with server.client() as client:
        while page := client.get(f"{server.address}/entries?select=name&order=id&offset={len(found)}").data:
            found += [row["name"] for row in page]
    return found
