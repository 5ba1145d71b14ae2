"""Reads that go on: rows piece by piece, and what commits changed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from synthdb_host.contracts.restrictions import Restrictions
from synthdb_host.contracts.results import Result
from synthdb_host.encoding import RowEncoder
from synthdb_host.operations import Filter
from synthdb_host.versions import Offset

__all__ = ["ChangeSet", "RowStream", "Watch"]


T = TypeVar("T")


class RowStream(Protocol):
    """The rows of one select, read piece by piece from one state: what is written meanwhile is not seen.

    The storage keeps that state for as long as the stream is open, so whoever opens one closes it, and soon.
    ``total`` is the count that the select asks for.
    """

    @property
    def encoder(self) -> RowEncoder:
        """What knows the rows."""

    @property
    def total(self) -> int | None:
        """The number of rows without limit and offset, if it was asked for."""

    async def read(
        self, size: int, convert: Callable[[Sequence[Sequence[Any]]], T], deadline: float | None = None
    ) -> T | None:
        """Read at most ``size`` rows, fewer where they are large, and convert them where they were read.

        None: there are no more. ``deadline`` is that of this one call.

        Raises:
            Timeout: the deadline is over.
            Unavailable: the stream is closed.
        """

    def close(self) -> None:
        """Let go of the state, at the latest when a running read is over; harmless a second time."""


class Watch(Protocol):
    """Somebody is told of commits, until this is closed."""

    def close(self) -> None:
        """Tell of no more commits; harmless a second time."""


class ChangeSet(Protocol):
    """What commits of one branch changed between two offsets: read once, and shown to any number of callers."""

    @property
    def start(self) -> Offset:
        """The offset after which it begins."""

    @property
    def end(self) -> Offset:
        """The offset with which it ends, and after which to go on."""

    @property
    def tables(self) -> frozenset[str]:
        """The names, as they are now, of the tables that were changed."""

    @property
    def size(self) -> int:
        """About how many bytes it holds."""

    async def seen(
        self, tables: Mapping[str, Filter | None], restrictions: Restrictions
    ) -> tuple[Sequence[Offset], Result]:
        """Give what a caller with these restrictions sees of it, and the offset of each change.

        ``tables`` and the columns of the result are those of :class:`synthdb_host.versions.Follow`. Of a restricted
        table a row that does not satisfy ``rows`` is not there, before or after, and hidden columns are not shown.

        Raises:
            UnknownTable, UnknownColumn, InvalidFilter, UnknownOperator: a condition does not fit its table, whether
                that was changed or not.
        """
