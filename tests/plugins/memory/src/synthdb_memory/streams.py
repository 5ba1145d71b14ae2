"""Streams: rows that were read at once, given piece by piece."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from synthdb_host.encoding import RowEncoder
from synthdb_host.errors import Timeout, Unavailable

__all__ = ["MemoryStream"]

T = TypeVar("T")


class MemoryStream:
    """The rows of one select."""

    def __init__(self, encoder: RowEncoder, rows: Sequence[Sequence[Any]], total: int | None) -> None:
        self.encoder = encoder
        self.total = total
        self._rows: Sequence[Sequence[Any]] | None = rows

    async def read(
        self, size: int, convert: Callable[[Sequence[Sequence[Any]]], T], deadline: float | None = None
    ) -> T | None:
        """Give the next rows, converted; None: there are no more."""
        _check_deadline(deadline)
        if self._rows is None:
            raise Unavailable("The stream of rows is closed.")
        rows, self._rows = self._rows[:size], self._rows[size:]
        return convert(rows) if rows else None

    def close(self) -> None:
        """Forget the rows."""
        self._rows = None


def _check_deadline(deadline: float | None) -> None:
    if deadline is not None and time.monotonic() > deadline:
        raise Timeout("The operation's time is over.")
