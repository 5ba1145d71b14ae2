"""Who guesses passwords has to wait."""

from typing import Final

from synthdb_auth.store import Store
from synthdb_host.errors import Unavailable

__all__ = ["Guesses"]

_SECONDS: Final = 900.0
_MOST: Final = 50_000


class Guesses:
    """How often a wrong password was sent for each name, whether there is an account of that name or not."""

    def __init__(self, most: int, store: Store) -> None:
        self._most = most
        self._store = store
        self._failures: dict[str, list[float]] = {}

    def check(self, name: str) -> None:
        """Refuse another try; raises Unavailable, which says how long to wait."""
        failures = self._recent(name)
        if len(failures) >= self._most:
            wait = int(failures[0] + _SECONDS - self._store.clock()) + 1
            raise Unavailable(
                "There were too many wrong passwords for this name.",
                hint="Wait, or let whoever runs the server give you a key.",
                data={"retry_after": wait},
            )

    def failed(self, name: str) -> None:
        """Count a wrong password."""
        if len(self._failures) >= _MOST:
            self._failures.clear()
        self._failures[name] = [*self._recent(name), self._store.clock()]

    def forget(self, name: str) -> None:
        """Count from the start, after the right password."""
        self._failures.pop(name, None)

    def _recent(self, name: str) -> list[float]:
        return [at for at in self._failures.get(name, ()) if at > self._store.clock() - _SECONDS]
