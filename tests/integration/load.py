"""Concurrent writers that keep books on what the server acknowledged."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from tests.integration.client import Answer, Client, Unanswered
from tests.integration.serving import Server, wait_until

__all__ = ["BALANCE", "Books", "Load", "Pair", "State"]

BALANCE: Final = 1_000
"""What each account of a writer holds at first."""

_PANEL_ROWS: Final = 20
_LARGEST_BULK: Final = 100
_STOPPING: Final = 503

State = tuple[int, ...]


@dataclass(slots=True)
class Pair:
    """What rows that are always written together hold: as last acknowledged, and as last asked for."""

    known: State
    asked: State


@dataclass(slots=True)
class Books:
    """What one writer knows: its inserts by name with their number of rows, and its accounts and panel."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    answers: int = 0
    accounts: Pair = field(default_factory=lambda: Pair((BALANCE, BALANCE), (BALANCE, BALANCE)))
    panel: Pair = field(default_factory=lambda: Pair((0,) * _PANEL_ROWS, (0,) * _PANEL_ROWS))
    complaints: list[str] = field(default_factory=list)


class _Writer:
    """One client: inserts single rows and bulks, moves amounts between its accounts, updates its panel."""

    def __init__(self, server: Server, number: int, random: Random) -> None:
        self.books = Books()
        self._server = server
        self._number = number
        self._random = random
        self._inserts = 0
        self._accounts: list[int] = []

    def prepare(self) -> None:
        """Make the writer's accounts and panel."""
        accounts = [{"writer": self._number, "side": side, "balance": BALANCE} for side in (0, 1)]
        panel = [{"writer": self._number, "place": place, "turn": 0} for place in range(_PANEL_ROWS)]
        with self._server.client() as client:
            made = client.post(f"{self._server.address}/accounts", accounts, "return=representation")
            self._accounts = [row["id"] for row in made.data]
            made = client.post(f"{self._server.address}/panels", panel, "return=representation")
            assert _PANEL_ROWS == len(made.data)

    def run(self, stop: threading.Event, *, reconnects: bool) -> None:
        """Write until told to stop, or until an answer fails to come if the writer does not reconnect."""
        while not stop.is_set():
            try:
                with self._server.client() as client:
                    self._look(client)
                    while not stop.is_set():
                        self._random.choice((self._insert, self._insert, self._move, self._turn))(client)
            except Unanswered:
                if not reconnects:
                    return

    def _look(self, client: Client) -> None:
        """Find out which of the two possible states the rows have that are written together."""
        for table, column, order, pair in (
            ("accounts", "balance", "side", self.books.accounts),
            ("panels", "turn", "place", self.books.panel),
        ):
            path = f"{self._server.address}/{table}?writer=eq.{self._number}&select={column}&order={order}"
            answer = client.get(path)
            state = tuple(row[column] for row in answer.data) if answer.status == 200 else ()
            if state not in (pair.known, pair.asked):
                self.books.complaints.append(f"{table} of {self._number}: {answer.status} {state}, not {pair}")
            pair.known = pair.asked = state

    def _insert(self, client: Client) -> None:
        self._inserts += 1
        name = f"{self._number}-{self._inserts}"
        count = self._random.choice((1, 1, self._random.randint(2, _LARGEST_BULK)))
        rows = [
            {"request": name, "part": part, "of": count, "text": "x" * self._random.randint(0, 200)}
            for part in range(count)
        ]
        self.books.unknown[name] = count
        answer = client.post(f"{self._server.address}/events", rows[0] if count == 1 else rows)
        del self.books.unknown[name]
        done = self._accept(answer)
        (self.books.acknowledged if done else self.books.refused)[name] = count

    def _move(self, client: Client) -> None:
        amount = self._random.randint(-50, 50)
        left, right = self.books.accounts.known
        rows = [
            {"id": account, "writer": self._number, "side": side, "balance": balance}
            for side, (account, balance) in enumerate(zip(self._accounts, (left - amount, right + amount), strict=True))
        ]
        self.books.accounts.asked = (left - amount, right + amount)
        prefer = "resolution=merge-duplicates,return=minimal"
        answer = client.post(f"{self._server.address}/accounts", rows, prefer)
        self._settle(self.books.accounts, answer)

    def _turn(self, client: Client) -> None:
        turn = self.books.panel.known[0] + 1
        self.books.panel.asked = (turn,) * _PANEL_ROWS
        answer = client.patch(f"{self._server.address}/panels?writer=eq.{self._number}", {"turn": turn})
        self._settle(self.books.panel, answer)

    def _settle(self, pair: Pair, answer: Answer) -> None:
        if self._accept(answer):
            pair.known = pair.asked
        else:
            pair.asked = pair.known

    def _accept(self, answer: Answer) -> bool:
        if answer.status in (200, 201, 204):
            self.books.answers += 1
            return True
        if answer.status != _STOPPING:
            self.books.complaints.append(f"{answer.status} {answer.body[:300]!r}")
        return False


class Load:
    """Several writers at once.

    Args:
        server: a running server.
        seed: decides what is written, and by whom.
        writers: how many clients there are.
    """

    def __init__(self, server: Server, seed: str, writers: int = 8) -> None:
        self._writers = [_Writer(server, number, Random(f"{seed}-{number}")) for number in range(1, writers + 1)]
        for writer in self._writers:
            writer.prepare()

    @property
    def books(self) -> list[Books]:
        """The books of all writers."""
        return [writer.books for writer in self._writers]

    @property
    def answers(self) -> int:
        """How many writes were acknowledged."""
        return sum(books.answers for books in self.books)

    @property
    def complaints(self) -> list[str]:
        """Answers that no client should have got."""
        return [complaint for books in self.books for complaint in books.complaints]

    @contextmanager
    def running(self, *, reconnects: bool = False) -> Iterator[None]:
        """Write while the block runs; without ``reconnects``, a writer ends when an answer does not come."""
        stop = threading.Event()
        arguments: dict[str, Any] = {"reconnects": reconnects}
        threads = [threading.Thread(target=writer.run, args=(stop,), kwargs=arguments) for writer in self._writers]
        with ExitStack() as stack:
            for thread in threads:
                thread.start()
                stack.callback(thread.join)
            stack.callback(stop.set)
            yield

    def wait_for(self, more: int) -> None:
        """Wait until so many more writes were acknowledged."""
        wanted = self.answers + more
        wait_until(lambda: self.answers >= wanted, f"{more} more writes were acknowledged", self._explain)

    def _explain(self) -> str:
        return f"acknowledged: {self.answers}; complaints: {self.complaints[:5]}"
