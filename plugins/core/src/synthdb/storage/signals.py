"""Telling of commits: between threads by a call, between processes by the lock file beside the database.

Whoever has committed writes a stamp into that file, and the kernel tells those who watch it (inotify). A process that
dies closes the file, of which they hear too: it may have died after its commit and before its stamp. Where the kernel
has no inotify the stamp is looked at every now and then. Nobody who watches touches the database.
"""

import ctypes
import os
import select
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

__all__ = ["CommitSignal", "Watcher"]

_STAMP: Final = struct.Struct("=Q")
_EVENT: Final = struct.Struct("=iIII")
_MODIFY: Final = 0x2
_CLOSE_WRITE: Final = 0x8
_POLL_SECONDS: Final = 0.02
_BUFFER: Final = 4096


class CommitSignal:
    """The signal of one database file in this process.

    Args:
        path: the lock file.
        descriptor: that file, open for reading and writing as long as this lives.
    """

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._own = self._seen = b""
        self._notify: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()
        self._listener: _Listener | None = None

    def give(self) -> None:
        """Tell everybody of a commit. The write lock must be held, so that stamps are written one after the other."""
        self._own = _STAMP.pack(time.monotonic_ns())
        with suppress(OSError):  # a full disk; the commit is done all the same
            os.pwrite(self._descriptor, self._own, 0)
        self._tell()

    def watch(self, notify: Callable[[], None]) -> "Watcher":
        """Have a function called after commits of any process, on any thread."""
        with self._lock:
            self._notify = (*self._notify, notify)
            if self._listener is None:
                self._seen = os.pread(self._descriptor, _STAMP.size, 0)
                self._listener = _Listener(self._path, self._heard)
        return Watcher(self, notify)

    def unwatch(self, notify: Callable[[], None]) -> None:
        """Call the function no more."""
        with self._lock:
            found = list(self._notify)
            found.remove(notify)
            self._notify = tuple(found)
            listener = None if found else self._listener
            if listener is not None:
                self._listener = None
        if listener is not None:
            listener.close()

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            listener, self._listener, self._notify = self._listener, None, ()
        if listener is not None:
            listener.close()

    def _heard(self, *, died: bool) -> None:
        # Whoever watches was told of this process's own commits already.
        stamp = os.pread(self._descriptor, _STAMP.size, 0)
        if died or stamp not in (self._own, self._seen):
            self._tell()
        self._seen = stamp

    def _tell(self) -> None:
        for notify in self._notify:
            notify()


class Watcher:
    """Implements :class:`synthdb_host.contracts.Watch`."""

    def __init__(self, signal: CommitSignal, notify: Callable[[], None]) -> None:
        self._signal: CommitSignal | None = signal
        self._notify = notify

    def close(self) -> None:
        """Call the function no more."""
        signal, self._signal = self._signal, None
        if signal is not None:
            with suppress(ValueError):  # the database was closed before
                signal.unwatch(self._notify)


class _Listener:
    """A thread that sleeps until the file is written to or closed."""

    def __init__(self, path: str, heard: Callable[..., None]) -> None:
        self._heard = heard
        self._path = path
        self._stop_read, self._stop_write = os.pipe2(os.O_CLOEXEC)
        self._inotify = _inotify(path)
        self._thread = threading.Thread(target=self._listen, name="synthdb-watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        os.close(self._stop_write)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _listen(self) -> None:
        try:
            while self._wait():
                pass
        finally:
            os.close(self._stop_read)
            if self._inotify is not None:
                os.close(self._inotify)

    def _wait(self) -> bool:
        """Wait for news and tell of it; False: stop."""
        if self._inotify is None:
            if select.select([self._stop_read], [], [], _POLL_SECONDS)[0]:
                return False
            self._heard(died=False)
            return True
        ready = select.poll()
        ready.register(self._stop_read, select.POLLIN | select.POLLHUP)
        ready.register(self._inotify, select.POLLIN)
        if any(descriptor == self._stop_read for descriptor, _ in ready.poll()):
            return False
        self._heard(died=_was_closed(os.read(self._inotify, _BUFFER)))
        return True


def _was_closed(events: bytes) -> bool:
    # A watched file has no names in its events, so that each has the same size.
    return any(mask & _CLOSE_WRITE for _, mask, _, _ in _EVENT.iter_unpack(events))


def _inotify(path: str) -> int | None:
    """Watch a file; None: this system cannot, or not another one."""
    library = ctypes.CDLL(None)
    try:
        start, add = library.inotify_init1, library.inotify_add_watch
    except AttributeError:
        return None
    descriptor = int(start(os.O_CLOEXEC | os.O_NONBLOCK))
    if descriptor < 0:
        return None
    if add(descriptor, os.fsencode(path), _MODIFY | _CLOSE_WRITE) < 0:
        os.close(descriptor)
        return None
    return descriptor
