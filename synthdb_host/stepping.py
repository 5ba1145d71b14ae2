"""Driving coroutines by hand.

Gate and storage are written once, as coroutines; whether they suspend depends on the scheduler. Embedded use
steps them to their end without an event loop, and the gate steps a plugin's decision before it pays for a
timer.
"""

import types
from collections.abc import Awaitable, Coroutine, Generator
from typing import Any, TypeVar

__all__ = ["run", "within"]

T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Step a coroutine that must not suspend and give its value.

    Raises:
        RuntimeError: it suspended; something in it needs an event loop.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    coroutine.close()
    raise RuntimeError(f"{coroutine!r} suspended, which needs a server's event loop.")


async def within(seconds: float, coroutine: Coroutine[Any, Any, T]) -> T:
    """Await a coroutine, for at most ``seconds`` if it suspends; one that does not costs no timer.

    Raises:
        TimeoutError: it did not finish in time, and was cancelled.
    """
    try:
        yielded = coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    import asyncio  # noqa: PLC0415 - embedded use never gets here and never pays for it

    try:
        async with asyncio.timeout(seconds):
            return await _rest(coroutine, yielded)
    finally:
        coroutine.close()


@types.coroutine
def _generator(coroutine: Coroutine[Any, Any, T], yielded: object) -> Generator[object, Any, T]:
    while True:
        try:
            sent = yield yielded
        except BaseException as error:  # noqa: BLE001 - it belongs to the coroutine, which may answer it
            thrown: BaseException | None = error
        else:
            thrown = None
        try:
            yielded = coroutine.send(sent) if thrown is None else coroutine.throw(thrown)
        except StopIteration as done:
            value: T = done.value
            return value


def _rest(coroutine: Coroutine[Any, Any, T], yielded: object) -> Awaitable[T]:
    return _generator(coroutine, yielded)
