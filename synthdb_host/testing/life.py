"""Conformance: threads, closing and reopening."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from synthdb_host.contracts import Database
from synthdb_host.operations import (
    Aggregate,
    Batch,
    Insert,
    Output,
    Select,
)
from synthdb_host.testing.session import Session, where

__all__ = ["LifeTests"]


class LifeTests:
    """Threads, closing and reopening."""

    durable: ClassVar[bool]
    make_database: Callable[[Path], Database]

    def test_writes_of_many_threads_all_arrive(self, session: Session) -> None:
        """Each write is there once, with an identity of its own."""
        session.insert("numbers", {"thread": -1, "n": 0})
        writers, each = 8, 25

        def write(thread: int) -> None:
            for number in range(each):
                session.insert("numbers", {"thread": thread, "n": number})

        _together([partial(write, thread) for thread in range(writers)])
        found = session.rows("numbers", where=where("thread", "gte", 0))
        assert writers * each == len({row["id"] for row in found})
        assert {(t, n) for t in range(writers) for n in range(each)} == {(row["thread"], row["n"]) for row in found}

    def test_an_update_loses_no_other_writers_update(self, session: Session) -> None:
        """Threads that each count up a row of their own all reach their end."""
        session.insert("marks", *({"owner": owner, "moves": 0} for owner in range(6)))

        def move(owner: int) -> None:
            for step in range(1, 21):
                session.update("marks", {"moves": step}, where("owner", "eq", owner), max_affected=1)

        _together([partial(move, owner) for owner in range(6)])
        assert [20] * 6 == session.values("marks", "moves")

    def test_readers_see_whole_batches_only(self, session: Session) -> None:
        """A batch is there as a whole or not at all, at any moment."""
        session.insert("pairs", {"n": 0}, {"n": 0})
        odd: list[int] = []
        done = threading.Event()

        def write() -> None:
            for number in range(50):
                row = {"n": number}
                session.execute(Batch((Insert.of("pairs", [row]), Insert.of("pairs", [row]))))
            done.set()

        def read() -> None:
            while not done.is_set():
                total = session.execute(Select("pairs", (Output(Aggregate("count"), "count"),))).python()[0]["count"]
                if total % 2:
                    odd.append(total)

        _together([write, read])
        assert [] == odd
        assert 102 == len(session.rows("pairs"))

    def test_a_reopened_database_is_as_it_was_left(self, session: Session, tmp_path: Path) -> None:
        """Where storage is durable: rows, types and the counter of identities. Elsewhere it starts empty."""
        rows: list[dict[str, object]] = [
            {"name": "Ada", "price": 1.5, "doc": {"a": [1]}, "day": "2013-01-01"},
            {"name": "Bob"},
        ]
        session.insert("things", *rows)
        session.delete("things", where("id", "eq", 2))
        before = session.everything()
        session.database.close()
        again = Session(self.make_database(tmp_path), place=session.place)
        try:
            if self.durable:
                assert before == again.everything()
                again.insert("things", {"name": "Cleo"})
                assert [1, 3] == again.values("things", "id")
            else:
                assert {} == Session(again.database).catalog().tables
        finally:
            again.database.close()

    def test_an_open_database_is_well_until_it_is_closed(self, session: Session) -> None:
        """Closing twice does no harm."""
        session.database.check()
        session.database.close()
        session.database.close()


def _together(works: list[Callable[[], None]]) -> None:
    """Run works in threads at once and raise the first error of any."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again in the test's thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
