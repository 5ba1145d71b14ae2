"""The plugin's part of the control database: read, and changed so that every process knows at once."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from synthdb_auth.sealing import Entry, Sealer
from synthdb_auth.tables import AUDIT, CHAIN
from synthdb_host.control import Control
from synthdb_host.epoch import Epoch

__all__ = ["Change", "Store", "new_id"]

_ID_BYTES: Final = 9
_EPOCH: Final = "auth.epoch"


@dataclass(frozen=True, slots=True)
class Change:
    """A transaction that changes what the plugin knows, and writes into the log why."""

    connection: sa.Connection
    at: float
    actor: str
    _note: "Callable[[Entry], None]" = field(repr=False)

    def note(
        self,
        action: str,
        subject: str,
        tenant: str = "",
        outcome: str = "done",
        details: Mapping[str, object] | None = None,
    ) -> None:
        """Write an entry of the audit log; it is there if and only if the change is."""
        text = json.dumps(dict(details or {}), sort_keys=True, ensure_ascii=True)
        self._note(Entry(self.at, tenant, self.actor, action, subject, outcome, text))


class Store:
    """The tables of the plugin. Safe across threads, forks and processes.

    Args:
        control: the control database.
        sealer: what seals the audit log.
        clock: gives seconds since 1970.
    """

    def __init__(self, control: Control, sealer: Sealer, clock: Callable[[], float] = time.time) -> None:
        self._control = control
        self._sealer = sealer
        self._epoch = Epoch(control.folder / _EPOCH)
        self.clock = clock

    @property
    def epoch(self) -> int:
        """Another number whenever something that was read before may not hold; odd: while that is being changed."""
        value = self._epoch.value
        if value % 2:
            self._epoch.repair()
            value = self._epoch.value
        return value

    def read(self, question: "sa.Select[Any] | sa.CompoundSelect[Any]") -> Sequence[Any]:
        """Read rows."""
        with self._control.ready().connect() as connection:
            return connection.execute(question).all()

    @contextmanager
    def change(self, actor: str) -> Iterator[Change]:
        """Change something that others may remember: when this ends, all processes have forgotten it."""
        self._control.ready()
        with self._epoch.change(), self.add(actor) as change:
            yield change

    @contextmanager
    def add(self, actor: str) -> Iterator[Change]:
        """Write something that nobody can remember, because it is new, or need not know."""
        with self._control.ready().connect() as connection, connection.begin():
            # The first statement writes, so that nobody reads what another one is about to change.
            connection.execute(sa.update(CHAIN).values(number=CHAIN.c.number))
            entries: list[Entry] = []
            yield Change(connection, self.clock(), actor, entries.append)
            last = self._append(connection, entries) if entries else None
        if last is not None:
            self._sealer.keep(*last)

    def _append(self, connection: sa.Connection, entries: Sequence[Entry]) -> tuple[int, bytes]:
        number, digest = connection.execute(sa.select(CHAIN.c.number, CHAIN.c.digest)).one()
        for entry in entries:
            number, digest = number + 1, self._sealer.seal(number + 1, entry, digest)
            connection.execute(sa.insert(AUDIT).values(number=number, digest=digest, **entry.values()))
        connection.execute(sa.update(CHAIN).values(number=number, digest=digest))
        return number, digest


def new_id(kind: str) -> str:
    """Make an id that nothing else has."""
    return f"{kind}_{secrets.token_hex(_ID_BYTES)}"
