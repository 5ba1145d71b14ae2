"""Statements that take too long are cancelled: by a thread that looks at those that run with a time limit."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg

__all__ = ["Deadlines"]

_LOOKS: Final = 0.02


class Deadlines:
    """Cancels statements of any number of connections. The thread lives while there are statements to watch."""

    def __init__(self) -> None:
        self._running: dict[int, tuple[float, psycopg.Connection[Any]]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watch(self, connection: psycopg.Connection[Any], deadline: float) -> Iterator[None]:
        """Cancel what the connection does when the deadline (``time.monotonic`` seconds) is over."""
        key = id(connection)
        with self._lock:
            self._running[key] = deadline, connection
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="synthdb-deadlines", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            # Waits for a cancellation under way, so that it never meets the next statement.
            with self._lock:
                self._running.pop(key, None)

    def _look(self) -> None:
        idle = 0
        while True:
            time.sleep(_LOOKS)
            with self._lock:
                now = time.monotonic()
                for key, (deadline, connection) in list(self._running.items()):
                    if now > deadline:
                        del self._running[key]
                        with suppress(psycopg.Error):
                            connection.cancel_safe(timeout=1.0)
                idle = 0 if self._running else idle + 1
                if idle > 1 / _LOOKS:
                    self._thread = None
                    return
