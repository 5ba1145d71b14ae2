"""The audit log: read, searched, exported and verified."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from synthdb_auth.sealing import Entry, Sealer
from synthdb_auth.store import Store
from synthdb_auth.tables import AUDIT, CHAIN

__all__ = ["Audit", "Recorded", "Verification"]

_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry of the log, by its number."""

    number: int
    entry: Entry
    digest: bytes

    def facts(self) -> dict[str, Any]:
        """Give it as it is shown; ``digest`` lets others see whether it is still the same."""
        shown = {"number": self.number, **self.entry.values(), "details": json.loads(self.entry.details)}
        return shown | {"digest": self.digest.hex()}


@dataclass(frozen=True, slots=True)
class Verification:
    """Whether the log is whole: how many entries were looked at, and the first thing that is wrong."""

    entries: int
    problem: str | None = None


class Audit:
    """The audit log."""

    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    def list(
        self,
        limit: int = 100,
        *,
        tenant: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        since: float | None = None,
    ) -> tuple[Recorded, ...]:
        """Give the newest entries, the newest first; ``action`` may end with ``*``."""
        wanted = [] if tenant is None else [AUDIT.c.tenant == tenant]
        wanted += [] if actor is None else [AUDIT.c.actor == actor]
        wanted += [] if since is None else [AUDIT.c.at >= since]
        if action is not None:
            prefix = action.endswith("*")
            wanted.append(
                AUDIT.c.action.startswith(action[:-1], autoescape=True) if prefix else AUDIT.c.action == action
            )
        question = sa.select(AUDIT).where(*wanted).order_by(AUDIT.c.number.desc()).limit(limit)
        return tuple(map(_recorded, self._store.read(question)))

    def all(self) -> Iterator[Recorded]:
        """Give every entry in order, reading some at a time."""
        number = 0
        while rows := self._store.read(
            sa.select(AUDIT).where(AUDIT.c.number > number).order_by(AUDIT.c.number).limit(_PAGE)
        ):
            yield from map(_recorded, rows)
            number = rows[-1].number

    def verify(self) -> Verification:
        """Compare every entry with its seal, and the end of the log with what is kept beside the database."""
        kept = self._sealer.kept()
        digest, number = b"", 0
        found: dict[int, bytes] = {}
        for number, one in enumerate(self.all(), 1):
            if one.number != number:
                return Verification(number - 1, f"entry {number} is missing")
            digest = self._sealer.seal(number, one.entry, digest)
            if not hmac.compare_digest(digest, one.digest):
                return Verification(number, f"entry {number} is not as it was written, or stands at the wrong place")
            if kept is not None and number == kept.number:
                found[number] = digest
        return Verification(number, self._end(number, digest, found.get(kept.number) if kept else None))

    def _end(self, number: int, digest: bytes, at_checkpoint: bytes | None) -> str | None:
        """Say what is wrong with the end of the log."""
        kept = self._sealer.kept()
        last = self._store.read(sa.select(CHAIN.c.number, CHAIN.c.digest))
        if not last or last[0].number < number:
            return "the end of the log is not known any more"
        if last[0].number > number:
            return f"the log ends with entry {number}; there were {last[0].number}"
        if kept is None:
            return None if number == 0 else "the checkpoint beside the database is missing, or is not one of ours"
        if kept.number > number:
            return f"the log ends with entry {number}, but {kept.number} were seen: it was cut off, or is an old copy"
        if at_checkpoint is not None and not hmac.compare_digest(at_checkpoint, kept.digest):
            return f"entry {kept.number} is another one than was seen: the log was written anew"
        return None


def _recorded(row: "sa.Row[tuple[object, ...]]") -> Recorded:
    entry = Entry(row.at, row.tenant, row.actor, row.action, row.subject, row.outcome, row.details)
    return Recorded(row.number, entry, row.digest)
