"""The wish that a write be done once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from synthdb_host.contracts.results import Result
from synthdb_host.errors import IdempotencyKeyReused, TooLarge

__all__ = ["Idempotency"]


_LARGEST_ANSWER: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The wish that a write be done once, however often it is sent (capability ``idempotency``).

    The storage keeps ``answer(result)`` by principal and ``key`` in the transaction of the write, for ``seconds``, and
    gives it again where the write comes again; the ``fingerprint`` says whether it is the same one. A write that
    fails, also because ``answer`` raises, is not kept, nor is a dry run.
    """

    key: str
    fingerprint: bytes
    answer: Callable[["Result"], bytes]
    seconds: int = 86_400

    def answered(self, result: "Result") -> "Result":
        """Give the result of the write with the answer that is to be kept.

        Raises:
            TooLarge: the answer has more than a million bytes.
        """
        answer = self.answer(result)
        if len(answer) > _LARGEST_ANSWER:
            raise TooLarge(
                f"The answer is too large to be kept for the idempotency key: {len(answer):,} bytes.",
                hint=f"Ask for less to be returned; {_LARGEST_ANSWER:,} bytes are kept.",
            )
        return replace(result, answer=answer)

    def replayed(self, fingerprint: bytes, answer: bytes) -> "Result":
        """Give what was kept for the key.

        Raises:
            IdempotencyKeyReused: it was kept for another write.
        """
        if fingerprint != self.fingerprint:
            raise IdempotencyKeyReused(
                "This idempotency key was sent before, with another request.", hint="Use a new key for each write."
            )
        return Result(answer=answer, replayed=True)
