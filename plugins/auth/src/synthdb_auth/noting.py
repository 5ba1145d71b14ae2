"""What is written down later, so that no request waits for it: when keys were used, and what was refused."""

import logging
import threading
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from synthdb_auth.store import Store

__all__ = ["Notes", "Refused"]

_SECONDS: Final = 1.0
_MOST: Final = 100
"""Refusals that are told apart in a second: whoever tries all names must not fill the log."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody was refused something, so many times."""

    actor: str
    tenant: str
    action: str
    subject: str
    code: str


class Notes:
    """Collects notes, and writes them once a second on a thread of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._used: dict[tuple[sa.Table, str], float] = {}
        self._refused: dict[Refused, int] = {}
        self._lost = 0
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def used(self, table: sa.Table, id_: str, at: float) -> None:
        """Note that a key or session was used."""
        with self._lock:
            self._used[table, id_] = at
        self._begin()

    def refused(self, refusal: Refused) -> None:
        """Note a refusal; the same one many times in a second is one entry."""
        with self._lock:
            if refusal in self._refused or len(self._refused) < _MOST:
                self._refused[refusal] = self._refused.get(refusal, 0) + 1
            else:
                self._lost += 1
        self._begin()

    def flush(self) -> None:
        """Write what was noted."""
        with self._lock:
            used, refused, lost = self._used, self._refused, self._lost
            self._used, self._refused, self._lost = {}, {}, 0
        if not used and not refused:
            return
        with self._store.add("server") as change:
            for (table, id_), at in used.items():
                change.connection.execute(sa.update(table).where(table.c.id == id_).values(used_at=at))
            for one, times in refused.items():
                details = {"by": one.actor, "times": times, "code": one.code}
                change.note(one.action, one.subject, one.tenant, "refused", details)
            if lost:
                change.note("audit.lost", "refusals", outcome="refused", details={"times": lost})

    def close(self) -> None:
        """Write the rest, and stop."""
        self._is_closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._thread, self._is_closing = None, False
        self._wake.clear()
        self._write()

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="auth-notes", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._is_closing:
            self._wake.wait(_SECONDS)
            self._write()

    def _write(self) -> None:
        try:
            self.flush()
        except Exception:  # noqa: BLE001 - the next notes must be written, too
            _log.exception("what was noted could not be written")
