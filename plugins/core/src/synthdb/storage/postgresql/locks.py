"""Who writes: one thread of a process at a time, and of those the one that holds the lock in the database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from synthdb.storage.postgresql.signals import ServerSignal
from synthdb_host.errors import Unavailable

__all__ = ["ServerLock"]


class ServerLock:
    """Holds writers of other threads away. The transaction itself waits for those of other processes.

    It does what :class:`synthdb.storage.locks.WriteLock` does. ``signal`` tells of commits.
    """

    def __init__(self, seconds: float, signal: ServerSignal) -> None:
        self._seconds = seconds
        self._thread = threading.Lock()
        self.signal = signal

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock.

        Raises:
            Unavailable: it could not be had in time.
        """
        self.acquire()
        try:
            yield
        finally:
            self.release()

    def acquire(self) -> None:
        """Take the lock; raises Unavailable as :meth:`hold` does."""
        if not self._thread.acquire(timeout=self._seconds):
            raise Unavailable(
                f"Another writer has held this database for {self._seconds:g} seconds.",
                hint="Try again.",
                data={"retry_after": 1},
            )

    def release(self) -> None:
        """Give the lock back."""
        self._thread.release()

    def close(self) -> None:
        """Listen no more; the lock itself lives in the server."""
        self.signal.close()
