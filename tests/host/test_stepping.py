"""Coroutines driven by hand."""

import asyncio

import pytest

from synthdb_host.stepping import run, within


async def _value(value: int) -> int:
    return value


async def _slow(log: list[str]) -> int:
    try:
        await asyncio.sleep(0)
        await asyncio.sleep(30)
    finally:
        log.append("cancelled")
    return 1


async def _failing_future() -> str:
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_exception, KeyError("inner"))
    try:
        await future
    except KeyError:
        await asyncio.sleep(0)
        return "recovered"
    return "missed"


def test_a_coroutine_that_does_not_suspend_runs_without_an_event_loop() -> None:
    """Embedded use needs no loop."""
    assert 7 == run(_value(7))


def test_a_coroutine_that_suspends_is_an_error_without_a_loop() -> None:
    """Nobody waits for ever where there is no loop to wake the coroutine up."""
    with pytest.raises(RuntimeError, match="event loop"):
        run(asyncio.sleep(0))


def test_a_coroutine_that_does_not_suspend_needs_no_timer() -> None:
    """A time limit costs nothing where nothing waits, so it works without a loop."""
    assert 7 == run(within(0.0, _value(7)))


def test_a_coroutine_that_suspends_is_stopped_at_its_limit() -> None:
    """The coroutine learns that it is cancelled, and the caller that time ran out."""
    log: list[str] = []

    with pytest.raises(TimeoutError):
        asyncio.run(within(0.01, _slow(log)))

    assert ["cancelled"] == log


def test_a_coroutine_that_suspends_goes_on_where_it_was() -> None:
    """Errors and values of what it awaits reach the coroutine itself."""
    assert "recovered" == asyncio.run(within(5, _failing_future()))
