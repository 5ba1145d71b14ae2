"""Work that computes for long: on a thread, or in small turns on the event loop."""

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

__all__ = ["Turns", "computed"]

T = TypeVar("T")

_USUAL_SECONDS: Final = sys.getswitchinterval()
_TURN_SECONDS: Final = 0.0001
"""For which a thread computes before the event loop, which waits some ten times in a request, has its turn."""


async def computed(make: Callable[[], T]) -> T:
    """Give what is made, while the event loop goes on."""
    with _in_turns():
        return await asyncio.to_thread(make)


class Turns:
    """Lets one of those who have much to do go on in each turn of the event loop, whoever waits longest."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def next(self) -> None:
        """Wait for a turn."""
        async with self._lock:
            await asyncio.sleep(0)


@contextmanager
def _in_turns() -> Iterator[None]:
    """Let others run often, and the collector not at all.

    Schemas and documents are made of so many objects that it would look again and again at all that there are, a tenth
    of a second each time, in which nobody runs. Where several compute at once, the first to end ends this for all.
    """
    sys.setswitchinterval(_TURN_SECONDS)
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        sys.setswitchinterval(_USUAL_SECONDS)
