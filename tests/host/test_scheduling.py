"""The two schedulers: at once on the calling thread, and on a server's threads."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from synthdb_host.errors import Conflict, Unavailable
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.server_scheduling import GROUP_SIZE, ServerScheduler
from synthdb_host.stepping import run

Scenario = Callable[[ServerScheduler], Coroutine[Any, Any, None]]


class Ledger:
    """A storage's writer: notes each group it is given; a unit that is an error fails alone."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.groups: list[list[object]] = []
        self.started = threading.Event()
        self._gate = gate

    def write(self, units: Sequence[object]) -> list[object]:
        """Note the group, and wait at the gate if there is one."""
        self.groups.append(list(units))
        self.started.set()
        if self._gate is not None:
            assert self._gate.wait(10)
        return [unit if isinstance(unit, BaseException) else f"done {unit}" for unit in units]


def serve(scenario: Scenario, *, max_waiting: int = 4096) -> None:
    """Run a scenario with a scheduler on an event loop, and close the scheduler afterwards."""

    async def main() -> None:
        scheduler = ServerScheduler(asyncio.get_running_loop(), max_waiting=max_waiting)
        try:
            await scenario(scheduler)
        finally:
            await asyncio.to_thread(scheduler.close)

    asyncio.run(main())


class TestEmbedded:
    def test_a_write_runs_at_once_and_gives_its_outcome(self) -> None:
        """The library needs no event loop and no thread."""
        scheduler, ledger = EmbeddedScheduler(), Ledger()

        assert "done 1" == run(scheduler.submit_write(ledger.write, 1))
        assert [[1]] == ledger.groups
        assert scheduler.inline_budget is None

    def test_a_failed_write_raises(self) -> None:
        """An outcome that is an error is raised where the write was asked for."""
        with pytest.raises(Conflict, match="taken"):
            run(EmbeddedScheduler().submit_write(Ledger().write, Conflict("taken")))

    def test_blocking_work_runs_right_here(self) -> None:
        """Offloading stays on the calling thread."""
        assert threading.get_ident() == run(EmbeddedScheduler().offload(threading.get_ident))

    def test_threads_take_turns_at_one_runner(self) -> None:
        """Two threads of a program never write to one storage at the same time."""
        scheduler, inside, overlaps = EmbeddedScheduler(), threading.Lock(), []

        def write(units: Sequence[int]) -> Sequence[int]:
            overlaps.append(not inside.acquire(blocking=False))
            inside.release()
            return units

        def work() -> None:
            for number in range(200):
                run(scheduler.submit_write(write, number))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [False] * 800 == overlaps


class TestServer:
    def test_writes_that_wait_are_committed_together_in_order(self) -> None:
        """While one group is being committed, the next one gathers; order is kept, size is bounded."""
        gate = threading.Event()
        ledger = Ledger(gate)

        async def scenario(scheduler: ServerScheduler) -> None:
            first = scheduler.submit_write(ledger.write, 0)
            await asyncio.to_thread(ledger.started.wait)
            rest = [scheduler.submit_write(ledger.write, number) for number in range(1, 100)]
            gate.set()
            assert [f"done {number}" for number in range(100)] == await asyncio.gather(first, *rest)

        serve(scenario)

        assert [1, GROUP_SIZE, 99 - GROUP_SIZE] == [len(group) for group in ledger.groups]
        assert list(range(100)) == [unit for group in ledger.groups for unit in group]

    def test_a_busy_runner_does_not_hold_up_the_others(self) -> None:
        """Runners take turns, group by group."""
        gate, order = threading.Event(), []
        busy, quiet = Ledger(gate), Ledger()

        def note(name: str, ledger: Ledger) -> Callable[[Sequence[object]], list[object]]:
            def write(units: Sequence[object]) -> list[object]:
                order.append(name)
                return ledger.write(units)

            return write

        async def scenario(scheduler: ServerScheduler) -> None:
            busy_write, quiet_write = note("busy", busy), note("quiet", quiet)
            waiting = [scheduler.submit_write(busy_write, 0)]
            await asyncio.to_thread(busy.started.wait)
            waiting += [scheduler.submit_write(busy_write, number) for number in range(3 * GROUP_SIZE)]
            waiting += [scheduler.submit_write(quiet_write, 0)]
            gate.set()
            await asyncio.gather(*waiting)

        serve(scenario)

        assert ["busy", "busy", "quiet", "busy", "busy"] == order

    def test_an_error_belongs_to_its_own_write(self) -> None:
        """One bad write in a group leaves the others alone."""
        ledger = Ledger()

        async def scenario(scheduler: ServerScheduler) -> None:
            units = [1, Conflict("taken"), 2]
            futures = [scheduler.submit_write(ledger.write, unit) for unit in units]
            one, error, two = await asyncio.gather(*futures, return_exceptions=True)
            assert ("done 1", "done 2") == (one, two)
            assert isinstance(error, Conflict)

        serve(scenario)

    @pytest.mark.parametrize("outcomes", ["raises", "too few"])
    def test_a_broken_runner_fails_its_group_and_not_the_writer(self, outcomes: str) -> None:
        """Whoever waits gets the error, and the next write is served."""

        def broken(units: Sequence[object]) -> Sequence[object]:
            if outcomes == "raises":
                raise OSError("disk gone")
            return units[1:]

        async def scenario(scheduler: ServerScheduler) -> None:
            with pytest.raises((OSError, RuntimeError)):
                await scheduler.submit_write(broken, 1)
            assert "done 1" == await scheduler.submit_write(Ledger().write, 1)

        serve(scenario)

    def test_who_gives_up_waiting_does_not_stop_the_write(self) -> None:
        """A cancelled request may have been acknowledged to nobody, but it is never half done."""
        gate = threading.Event()
        ledger = Ledger(gate)

        async def scenario(scheduler: ServerScheduler) -> None:
            async def request(number: int) -> object:
                return await scheduler.submit_write(ledger.write, number)

            first = asyncio.create_task(request(0))
            await asyncio.to_thread(ledger.started.wait)
            given_up = asyncio.create_task(request(1))
            await asyncio.sleep(0)
            given_up.cancel()
            gate.set()
            assert "done 0" == await first
            with pytest.raises(asyncio.CancelledError):
                await given_up

        serve(scenario)

        assert [[0], [1]] == ledger.groups

    def test_too_many_waiting_writes_are_refused(self) -> None:
        """The queue is bounded: beyond it, callers are told to come back later, and served when they do."""
        gate = threading.Event()
        ledger = Ledger(gate)

        async def scenario(scheduler: ServerScheduler) -> None:
            waiting = [scheduler.submit_write(ledger.write, number) for number in range(3)]
            with pytest.raises(Unavailable) as refused:
                await scheduler.submit_write(ledger.write, 3)
            assert {"retry_after": 1} == refused.value.data
            gate.set()
            await asyncio.gather(*waiting)
            assert "done 4" == await scheduler.submit_write(ledger.write, 4)

        serve(scenario, max_waiting=3)

    def test_too_many_waiting_reads_are_refused(self) -> None:
        """Reads that must be offloaded are bounded as well."""
        gate = threading.Event()

        async def scenario(scheduler: ServerScheduler) -> None:
            waiting = scheduler.offload(gate.wait)
            with pytest.raises(Unavailable):
                await scheduler.offload(gate.wait)
            gate.set()
            assert await waiting
            assert 1 == await scheduler.offload(lambda: 1)

        serve(scenario, max_waiting=1)

    def test_blocking_reads_leave_the_event_loop(self) -> None:
        """A long read holds up nobody."""

        async def scenario(scheduler: ServerScheduler) -> None:
            assert threading.get_ident() != await scheduler.offload(threading.get_ident)
            assert 0 < scheduler.inline_budget < 1

        serve(scenario)

    def test_stopping_finishes_what_was_queued_and_takes_nothing_new(self) -> None:
        """A worker that is told to stop answers what it has accepted."""
        gate = threading.Event()
        ledger = Ledger(gate)

        async def scenario(scheduler: ServerScheduler) -> None:
            waiting = [scheduler.submit_write(ledger.write, number) for number in range(200)]
            closing = asyncio.create_task(asyncio.to_thread(scheduler.close))
            await asyncio.to_thread(ledger.started.wait)
            gate.set()
            await closing
            assert 200 == len(await asyncio.gather(*waiting))
            with pytest.raises(Unavailable, match="stopping"):
                await scheduler.submit_write(ledger.write, 200)

        serve(scenario)

        assert list(range(200)) == [unit for group in ledger.groups for unit in group]

    def test_a_write_may_outlive_the_event_loop(self) -> None:
        """A worker that must die at once leaves no thread in trouble."""
        gate = threading.Event()
        ledger = Ledger(gate)
        scheduler: ServerScheduler | None = None

        async def main() -> None:
            nonlocal scheduler
            scheduler = ServerScheduler(asyncio.get_running_loop())
            scheduler.submit_write(ledger.write, 0)

        asyncio.run(main())
        assert scheduler is not None
        gate.set()
        scheduler.close()

        assert [[0]] == ledger.groups
