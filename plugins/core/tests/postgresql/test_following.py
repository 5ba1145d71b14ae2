"""Being told of commits, and reads of any length, on a server: what other sessions do meanwhile."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from plugins.core.tests.servers import schema_url, server_url
from synthdb.engine.postgresql import open_postgresql
from synthdb.engine.versions.seeing import EngineChanges
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Placement, RowStream
from synthdb_host.operations import Select, Update
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.stepping import run
from synthdb_host.testing.session import Session, columns, embed
from synthdb_host.versions import Offset

pytestmark = pytest.mark.slow

_PATIENCE = 20.0


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Session, Session]]:
    """The same database, opened twice, as two processes would have it."""
    placement = Placement("db", schema_url(tmp_path), create=True)
    databases = [open_postgresql(placement, EmbeddedScheduler(), CoreSettings()) for _ in range(2)]
    sessions = [Session(database) for database in databases]
    sessions[0].insert("people", {"name": "first"})
    yield sessions[0], sessions[1]
    for database in databases:
        database.close()


class Heard:
    """Counts what a watch is told."""

    def __init__(self) -> None:
        self._told = threading.Semaphore(0)

    def __call__(self) -> None:
        self._told.release()

    def wait(self) -> None:
        """Wait until there is news."""
        assert self._told.acquire(timeout=_PATIENCE)


def listeners(admin: psycopg.Connection[Any]) -> list[int]:
    """Give the server's processes of connections that listen."""
    found = admin.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    return [pid for (pid,) in found.fetchall()]


def followed(session: Session, since: Offset) -> list[Any]:
    """Read the rows that were changed after an offset."""
    changes = run(session.database.changes("main", since, 100))
    assert isinstance(changes, EngineChanges)
    return [line.new for line in changes.lines]


def rest(stream: RowStream) -> list[Any]:
    """Read what is left of a stream."""
    rows: list[Any] = []
    while piece := run(stream.read(50, tuple)):
        rows += piece
    return rows


def test_commits_of_others_and_of_its_own_are_told_of(pair: tuple[Session, Session]) -> None:
    """Each process hears of each, and finds the rows in the log; nobody listens for a watch that is closed."""
    one, other = pair
    heard = [Heard(), Heard()]
    watches = [session.database.watch(told) for session, told in zip(pair, heard, strict=True)]
    for number, writer in enumerate([one, other, one], start=1):
        writer.insert("people", {"name": f"number {number}"})
        for told in heard:
            told.wait()
        assert number == len(followed(other, Offset(1)))
    for watch in watches:
        watch.close()
    with psycopg.connect(server_url(), autocommit=True) as admin:
        assert [] == listeners(admin)


def test_a_listener_whose_connection_ends_listens_again(pair: tuple[Session, Session]) -> None:
    """And says that there may be news, since it has heard nothing in between."""
    one, other = pair
    heard = Heard()
    watch = other.database.watch(heard)
    with psycopg.connect(server_url(), autocommit=True) as admin:
        (listener,) = listeners(admin)
        admin.execute("SELECT pg_terminate_backend(%s)", (listener,))
        heard.wait()
        one.insert("people", {"name": "after"})
        heard.wait()
    assert 1 == len(followed(other, Offset(1)))
    watch.close()


def test_nothing_is_told_of_a_write_that_is_undone(pair: tuple[Session, Session]) -> None:
    """A notification comes with the commit or not at all."""
    one, other = pair
    heard = Heard()
    watch = other.database.watch(heard)
    transaction = one.begin()
    run(transaction.rollback())
    one.insert("people", {"name": "done"})
    heard.wait()
    assert 0 == heard._told._value  # noqa: SLF001 - no more than the one
    watch.close()


def test_a_stream_keeps_its_state_and_holds_nobody_up(pair: tuple[Session, Session]) -> None:
    """Who changes the schema does not wait for it, and it goes on with the rows and columns that it began with."""
    one, other = pair
    one.insert("people", *[{"name": f"p{number}"} for number in range(1_000)])
    stream = run(other.database.stream(Select("people"), other.restrictions, other.context))
    first: Any = run(stream.read(10, list))
    started = time.monotonic()
    one.insert("people", {"name": "new", "age": 5})
    assert time.monotonic() - started < CoreSettings().lock_timeout_seconds
    rows = [*first, *rest(stream)]
    assert (1_001, 2) == (len(rows), len(rows[0]))
    stream.close()


def test_a_stream_with_related_rows_is_of_one_state(pair: tuple[Session, Session]) -> None:
    """They are read later than the rows, and are as they were all the same."""
    one, other = pair
    one.insert("orders", *[{"people_id": 1, "what": "tea"} for _ in range(100)])
    asked = Select(
        "orders", columns("id"), (embed("people", "people_id", "id", Select("people", columns("name")), many=False),)
    )
    stream = run(other.database.stream(asked, other.restrictions, other.context))
    first: Any = run(stream.read(1, list))
    one.execute(Update("people", {"name": "other"}, every_row=True))
    rows = [*first, *rest(stream)]
    assert (100, {(("first",),)}) == (len(rows), {row[1:] for row in rows})
    stream.close()
