"""What the gate hands out for longer than one operation: streams and transactions that stay under its eyes."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from synthdb_host.contracts import Result, RowStream, Transaction
from synthdb_host.operations import Operation

__all__ = ["GatedStream", "GatedTransaction"]

T = TypeVar("T")


class GatedStream:
    """A stream of rows, like :class:`synthdb_host.contracts.RowStream`.

    When it is closed it is observed, with the seconds that were spent reading.
    """

    def __init__(
        self, stream: RowStream, observe: Callable[[BaseException | None, int, float], None], seconds: float
    ) -> None:
        self._stream = stream
        self._observe: Callable[[BaseException | None, int, float], None] | None = observe
        self._error: BaseException | None = None
        self._seconds = seconds
        self._rows = 0
        self.encoder = stream.encoder
        self.total = stream.total

    async def read(
        self, size: int, convert: Callable[[Sequence[Sequence[Any]]], T], deadline: float | None = None
    ) -> T | None:
        """Read and convert the next rows; None: there are no more."""

        def counted(rows: Sequence[Sequence[Any]]) -> T:
            self._rows += len(rows)
            return convert(rows)

        started = time.perf_counter()
        try:
            return await self._stream.read(size, counted, deadline)
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._seconds += time.perf_counter() - started

    def close(self) -> None:
        """Let go of the rows; harmless a second time."""
        self._stream.close()
        observe, self._observe = self._observe, None
        if observe is not None:
            observe(self._error, self._rows, time.perf_counter() - self._seconds)


class GatedTransaction:
    """A transaction; each operation in it is authorised and restricted like any other."""

    def __init__(
        self,
        run: Callable[[Operation], Awaitable[Result]],
        transaction: Transaction,
        committed: Callable[[], None] = lambda: None,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._run = run
        self._transaction = transaction
        self._committed = committed
        self._ended = ended

    async def execute(self, operation: Operation) -> Result:
        """Run an operation inside the transaction; see :meth:`Gate.execute`. An error undoes it alone."""
        return await self._run(operation)

    async def commit(self) -> str | None:
        """Make everything durable; gives the commit id, None if nothing changed."""
        try:
            commit = await self._transaction.commit()
        finally:
            self._end()
        if commit is not None:
            self._committed()
        return commit

    async def rollback(self) -> None:
        """Undo everything."""
        try:
            await self._transaction.rollback()
        finally:
            self._end()

    def _end(self) -> None:
        ended, self._ended = self._ended, lambda: None
        ended()
