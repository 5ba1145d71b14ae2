"""The write lock of a database file, fair between processes.

SQLite's own lock is waited for by sleeping and trying again, which starves some writers for a second or more.
Here a process that wants to write takes a place in the queue (one lock), then the file (another lock), and
leaves the queue once it has the file; a process that has just written must queue behind it.
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol

from synthdb.storage.signals import CommitSignal
from synthdb_host.contracts import Watch
from synthdb_host.errors import Unavailable

__all__ = ["Lock", "Signal", "WriteLock"]

_FIRST_WAIT: Final = 0.000_2
_LONGEST_WAIT: Final = 0.004


class Signal(Protocol):
    """Tells of commits."""

    def give(self) -> None:
        """Tell everybody of a commit, while the lock is held."""

    def watch(self, notify: Callable[[], None]) -> Watch:
        """Have a function called after commits of any process, on any thread."""


class Lock(Protocol):
    """What a writer holds from before its transaction until after it."""

    @property
    def signal(self) -> Signal:
        """Tells of commits."""

    def hold(self) -> AbstractContextManager[None]:
        """Hold the lock; raises Unavailable if it could not be had in time."""

    def acquire(self) -> None:
        """Take the lock; raises Unavailable as :meth:`hold` does."""

    def release(self) -> None:
        """Give the lock back."""

    def close(self) -> None:
        """Close what it is made of."""


class WriteLock:
    """Holds writers of other threads and processes away from a database file.

    The lock files lie beside the database; the kernel frees them when a process dies. ``signal`` tells of commits by
    one of them.
    """

    def __init__(self, path: Path, seconds: float) -> None:
        self._seconds = seconds
        self._thread = threading.Lock()
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._queue = os.open(f"{path}-queue", flags, 0o644)
        try:
            self._write = os.open(f"{path}-lock", flags, 0o644)
        except OSError:
            os.close(self._queue)
            raise
        self.signal = CommitSignal(f"{path}-lock", self._write)

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
        deadline = time.monotonic() + self._seconds
        if not self._thread.acquire(timeout=self._seconds):
            raise _busy(self._seconds)
        try:
            _lock(self._queue, deadline, self._seconds)
            try:
                _lock(self._write, deadline, self._seconds)
            finally:
                fcntl.flock(self._queue, fcntl.LOCK_UN)
        except BaseException:
            self._thread.release()
            raise

    def release(self) -> None:
        """Give the lock back."""
        fcntl.flock(self._write, fcntl.LOCK_UN)
        self._thread.release()

    def close(self) -> None:
        """Close the lock files."""
        self.signal.close()
        os.close(self._queue)
        os.close(self._write)


def _lock(descriptor: int, deadline: float, seconds: float) -> None:
    wait = _FIRST_WAIT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _busy(seconds) from None
            time.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)
        else:
            return


def _busy(seconds: float) -> Unavailable:
    return Unavailable(
        f"Another writer has held this database for {seconds:g} seconds.",
        hint="Try again.",
        data={"retry_after": 1},
    )
