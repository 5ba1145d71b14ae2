"""What a peer is: how its data is written, how it is started, and how it is asked for each case."""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

from benchmarks.data import COLUMNS, Item, item, normal
from benchmarks.load import Exchange

__all__ = [
    "BULK",
    "BULK_ROWS",
    "CASES",
    "GRAPHQL_LIST",
    "GRAPHQL_POINT",
    "INSERT",
    "LIST",
    "POINT",
    "SCRIPTS",
    "Peer",
    "encoded",
    "fields",
    "new_row",
]

POINT: Final = "point read"
LIST: Final = "list 100 x 8"
INSERT: Final = "insert"
BULK: Final = "bulk insert 1,000"
GRAPHQL_POINT: Final = "GraphQL point"
GRAPHQL_LIST: Final = "GraphQL list 100 x 8"
CASES: Final = (POINT, GRAPHQL_POINT, LIST, GRAPHQL_LIST, INSERT, BULK)
BULK_ROWS: Final = 1000
SCRIPTS: Final = Path(sys.executable).parent
"""Where the programs of the environment are."""

_FIRST_NEW: Final = 500_000


@dataclass
class Peer(ABC):
    """A server under test, with its own folder.

    Attributes:
        folder: where it keeps its data; empty at first.
        rows: how many rows the table begins with.
        environment: variables that its processes get.
    """

    name: ClassVar[str]
    """What reports call it."""

    apart: ClassVar[Mapping[str, str]] = {}
    """Under which further name the CPU time is reported that is left without the processes of some program."""

    folder: Path
    rows: int
    environment: dict[str, str] = field(default_factory=dict)

    @abstractmethod
    def prepare(self) -> None:
        """Write the data, as the server will find it."""

    @abstractmethod
    def command(self, port: int) -> Sequence[str]:
        """Give the command that starts the server in the foreground."""

    @abstractmethod
    def exchange(self, case: str, number: int) -> Exchange | None:
        """Give the request for one case, or None if the server does not offer it.

        Reads ask for the row with the id ``number``; a write inserts as its ``number``-th row, or rows.
        """

    def ready(self) -> Exchange:
        """Give a request that succeeds once the server is up."""
        return next(found for case in CASES if (found := self.exchange(case, 1)) is not None)

    def read(self, case: str, body: bytes) -> list[Item]:
        """Give the rows that an answer holds; for a bulk insert none, because no two peers answer alike."""
        if case == BULK:
            return []
        return [normal(self.record(entry)) for entry in self.records(case, json.loads(body))]

    def records(self, case: str, document: Any) -> list[dict[str, Any]]:
        """Find the rows in an answer."""
        return document if isinstance(document, list) else [document]

    def record(self, entry: dict[str, Any]) -> Mapping[str, object]:
        """Give a row under our column names."""
        return entry

    def count(self) -> int | None:
        """Count the rows that are in the table now, looking past the server; None if it has no table."""
        return None


def new_row(number: int) -> Item:
    """Make a row to insert; its id is left to the server. It is too cheap to be in the list that is read."""
    row = item(_FIRST_NEW + number % 10_000)
    return (*row[:3], number % 100 / 100, *row[4:])


def fields(row: Item) -> dict[str, Any]:
    """Give a row without its id, as JSON has it."""
    return dict(zip(COLUMNS[1:], row[1:], strict=True))


def encoded(value: object) -> bytes:
    """Encode JSON without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()
