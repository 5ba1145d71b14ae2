"""Passwords: hashed slowly, a few at a time, so that logins never take the machine from everybody else."""

import asyncio
import os
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from synthdb_host.errors import InvalidValue, Unavailable

__all__ = ["Passwords", "check_password"]

_SHORTEST: Final = 10
_LONGEST: Final = 256
_COMMON: Final = frozenset(
    {"password12", "password123", "passwordpassword", "1234567890", "0123456789", "qwertyuiop", "letmeinplease"}
)


class Passwords:
    """Hashes and verifies passwords on other threads.

    Args:
        waiting: how many logins may wait for their turn.
        at_once: how many are worked on at a time; by default half of the processors, at least one.
    """

    def __init__(self, waiting: int, at_once: int | None = None) -> None:
        self._hasher = PasswordHasher()
        self._waiting = waiting
        self._at_once = at_once or max((os.cpu_count() or 1) // 2, 1)
        self._turns: asyncio.Semaphore | None = None
        self._queued = 0
        self._nobodys: str | None = None

    def hash(self, password: str) -> str:
        """Hash a password; it takes long on purpose."""
        return self._hasher.hash(password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Say whether a password is the one that was hashed; without a hash it takes as long, and is not.

        Raises:
            Unavailable: too many others are waiting.
        """
        if self._queued >= self._waiting:
            raise Unavailable("Too many logins at once.", hint="Try again soon.", data={"retry_after": 2})
        self._turns = self._turns or asyncio.Semaphore(self._at_once)
        self._queued += 1
        try:
            async with self._turns:
                return await asyncio.to_thread(self._matches, hashed, password)
        finally:
            self._queued -= 1

    def _matches(self, hashed: str | None, password: str) -> bool:
        self._nobodys = self._nobodys or self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(hashed or self._nobodys, password)
            return hashed is not None
        except (VerificationError, InvalidHashError):
            return False


def check_password(password: str, name: str) -> None:
    """Refuse a password that is easily guessed.

    Raises:
        InvalidValue: it is too short, too long, or one that everybody tries first.
    """
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise InvalidValue(f"A password has {_SHORTEST} to {_LONGEST} characters.")
    plain = password.lower()
    if plain in _COMMON or len(set(plain)) < _SHORTEST // 2 or plain == name.lower():
        raise InvalidValue("This password would be guessed soon.", hint="Take some words that have nothing in common.")
