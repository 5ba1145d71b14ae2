"""Writes that are done once for their key: the answer is kept where, and exactly when, the write is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from synthdb.engine.session import Session
from synthdb.storage.answers import find_answer, forget_answers, keep_answer
from synthdb_host.contracts import Context, Idempotency, Result
from synthdb_host.errors import IdempotencyInProgress

__all__ = ["Running", "once"]

_FORGOTTEN_AT_ONCE: Final = 10
"""More than one, so that the answers kept do not become more and more."""


def once(session: Session, asked: Idempotency, work: Callable[[], Result]) -> Result:
    """Do a write unless it was done, and keep its answer in the same transaction.

    Raises:
        IdempotencyKeyReused: the key was used for another write.
        TooLarge: the answer cannot be kept.
    """
    if session.context.dry_run:
        return asked.answered(replace(work(), commit=None))
    driver, principal, now = session.driver, session.context.principal.id, time.time()
    kept = find_answer(driver, principal, asked.key, now)
    if kept is not None:
        return asked.replayed(*kept)
    result = asked.answered(work())
    keep_answer(driver, principal, asked.key, now + asked.seconds, (asked.fingerprint, result.answer or b""))
    forget_answers(driver, now, _FORGOTTEN_AT_ONCE)
    return result


class Running:
    """The keys of the writes that this process is doing; what another does is waited for by the lock."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, str], object] = {}

    @contextmanager
    def claim(self, context: Context, asked: Idempotency) -> Iterator[None]:
        """Do a write with a key, alone in this process.

        Raises:
            IdempotencyInProgress: one with the same key is being done.
        """
        claimed, owner = (context.principal.id, asked.key), object()
        # One step, because several threads may come.
        if self._owners.setdefault(claimed, owner) is not owner:
            raise IdempotencyInProgress(
                "A request with this idempotency key is being answered.",
                hint="Send it again in a moment.",
                data={"retry_after": 1},
            )
        try:
            yield
        finally:
            del self._owners[claimed]
