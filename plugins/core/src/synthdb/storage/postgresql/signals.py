"""Telling of commits: between threads by a call, between processes by NOTIFY.

A commit and its notification come together or not at all, and a listener whose connection ends tells of a commit when
it has another one: it may have missed some. A notification is a hint: whoever hears it reads the log.
"""

import os
import secrets
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import psycopg

from synthdb_host.errors import Unavailable

__all__ = ["ServerSignal"]

_FIRST_WAIT: Final = 0.1
_LONGEST_WAIT: Final = 5.0


class ServerSignal:
    """The signal of one database in this process.

    Args:
        channel: on which its commits are notified.
        connect: makes a connection for listening.
    """

    def __init__(self, channel: str, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._channel = channel
        self._connect = connect
        self._own = secrets.token_hex(8)
        self._notify: tuple[Callable[[], None], ...] = ()
        self._lock = threading.Lock()
        self._listener: _Listener | None = None

    @property
    def statement(self) -> str:
        """What a transaction that writes runs before its COMMIT, so that other processes hear of it."""
        return f"NOTIFY \"{self._channel}\", '{self._own}'"

    def give(self) -> None:
        """Tell the threads of this process of a commit."""
        for notify in self._notify:
            notify()

    def watch(self, notify: Callable[[], None]) -> "_Watcher":
        """Have a function called after commits of any process, on any thread.

        Raises:
            Unavailable: the server cannot be reached.
        """
        with self._lock:
            if self._listener is None:
                self._listener = _Listener(self._channel, self._connect, self._heard)
            self._notify = (*self._notify, notify)
        return _Watcher(self, notify)

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

    def _heard(self, payload: str | None) -> None:
        # Whoever watches was told of this process's own commits already.
        if payload != self._own:
            self.give()


class _Watcher:
    """Implements :class:`synthdb_host.contracts.Watch`."""

    def __init__(self, signal: ServerSignal, notify: Callable[[], None]) -> None:
        self._signal: ServerSignal | None = signal
        self._notify = notify

    def close(self) -> None:
        """Call the function no more."""
        signal, self._signal = self._signal, None
        if signal is not None:
            with suppress(ValueError):  # the database was closed before
                signal.unwatch(self._notify)


class _Listener:
    """A thread that sleeps until the server tells it something, or its connection ends."""

    def __init__(
        self, channel: str, connect: Callable[[], psycopg.Connection[Any]], heard: Callable[[str | None], None]
    ) -> None:
        self._channel = channel
        self._connect = connect
        self._heard = heard
        self._stop_read, self._stop_write = os.pipe2(os.O_CLOEXEC)
        try:
            connection = self._listening()
        except BaseException:
            os.close(self._stop_read)
            os.close(self._stop_write)
            raise
        self._thread = threading.Thread(target=self._run, args=(connection,), name="synthdb-listen", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        os.close(self._stop_write)
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _listening(self) -> psycopg.Connection[Any]:
        connection = self._connect()
        try:
            connection.execute(f'LISTEN "{self._channel}"')
        except psycopg.Error as error:
            connection.close()
            raise Unavailable("The server does not let this role listen.") from error
        return connection

    def _run(self, connection: psycopg.Connection[Any] | None) -> None:
        try:
            while connection is not None:
                if self._is_stopped_while_listening(connection):
                    return
                connection = self._again()
                self._heard(None)
        finally:
            if connection is not None:
                connection.close()
            os.close(self._stop_read)

    def _is_stopped_while_listening(self, connection: psycopg.Connection[Any]) -> bool:
        """Tell what is heard until somebody asks to stop; False: the connection has ended."""
        try:
            while not self._stopped_within(None, connection.fileno()):
                for notification in connection.notifies(timeout=0):
                    self._heard(notification.payload)
        except (psycopg.Error, OSError):
            connection.close()
            return False
        return True

    def _again(self) -> psycopg.Connection[Any] | None:
        """Connect once more, trying ever more seldom; None: somebody asks to stop."""
        wait = _FIRST_WAIT
        while not self._stopped_within(wait):
            try:
                return self._listening()
            except Unavailable:
                wait = min(wait * 2, _LONGEST_WAIT)
        return None

    def _stopped_within(self, seconds: float | None, *others: int) -> bool:
        """Wait until there is something to read, and say whether it is the request to stop."""
        return self._stop_read in select.select([self._stop_read, *others], [], [], seconds)[0]
