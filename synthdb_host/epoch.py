"""The epoch of a control database: a number that is another one whenever it may say something else than before.

It lies in a file that all processes map into memory, so that comparing it costs a tenth of a microsecond and no system
call. It is odd while somebody changes something: then nothing that was read holds for longer than the moment. So a
process that dies in the middle of a change makes the others slow, until one of them notices, and never wrong.
"""

import fcntl
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from synthdb_host.errors import ConfigurationError

__all__ = ["Epoch"]

_BYTES: Final = 8


class Epoch:
    """The epoch that is kept in a file. Safe across threads, forks and processes.

    Args:
        path: the file; made when first needed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers: memoryview | None = None

    @property
    def value(self) -> int:
        """The number of now.

        Raises:
            ConfigurationError: the file cannot be made.
        """
        numbers = self._numbers
        return (self._map() if numbers is None else numbers)[0]

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change what the control database says: one process at a time, and nobody goes on with what was before."""
        numbers = self._map()
        with self._path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            numbers[0] |= 1
            try:
                yield
            finally:
                numbers[0] += 1

    def repair(self) -> None:
        """Put right what a process left that died in a change; nothing happens while one is being made."""
        numbers = self._map()
        with self._path.open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            numbers[0] += numbers[0] % 2

    def _map(self) -> memoryview:
        if self._numbers is None:
            try:
                self._numbers = _mapped(self._path)
            except OSError as error:
                raise ConfigurationError(f"data folder {self._path.parent}: {error.strerror}") from error
        return self._numbers


def _mapped(path: Path) -> memoryview:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if os.fstat(descriptor).st_size < _BYTES:
            os.ftruncate(descriptor, _BYTES)
        return memoryview(mmap.mmap(descriptor, _BYTES)).cast("Q")
    finally:
        os.close(descriptor)
