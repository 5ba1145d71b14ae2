"""How much of a worker's time one client's refused documents may take.

A document is refused only after it was read, which may take as long as a hundred reads of rows; and whoever writes
programs sends a few such in a day. So each client has a ration of time, which comes back slowly, and while it is used
up, his documents that were not sent before are turned away unread. Known documents are answered as always.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from synthdb_host.errors import TooManyRequests

__all__ = ["Rations"]

_BACK: Final = 0.02
"""The part of a ration that comes back each second."""

_MOST_CLIENTS: Final = 10_000


class Rations:
    """The rations of all clients.

    Args:
        seconds: a whole ration; 0: there is no limit.
        clock: tells the time in seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._used: OrderedDict[object, tuple[float, float]] = OrderedDict()

    def check(self, client: object) -> None:
        """Turn a client away whose ration is used up.

        Raises:
            TooManyRequests: it is.
        """
        over = self._used_by(client) - self._seconds
        if over >= 0 and self._seconds:
            raise TooManyRequests(
                "Too many of your documents were refused.",
                hint="Send documents that were answered before, or wait.",
                data={"limit": "max_refused_seconds", "retry_after": max(1, math.ceil(over / self._seconds / _BACK))},
            )

    def charge(self, client: object, seconds: float) -> None:
        """Take note of the time that a client's document took."""
        self._used[client] = self._used_by(client) + seconds, self._clock()
        self._used.move_to_end(client)
        if len(self._used) > _MOST_CLIENTS:
            self._used.popitem(last=False)

    def _used_by(self, client: object) -> float:
        used, since = self._used.get(client, (0.0, 0.0))
        return max(0.0, used - (self._clock() - since) * self._seconds * _BACK)
