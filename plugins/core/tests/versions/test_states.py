"""A state stands for the rows that were read with it, whoever writes meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from synthdb.engine.sqlite import open_sqlite
from synthdb.settings import CoreSettings
from synthdb_host.contracts import Placement
from synthdb_host.operations import HEAD, Aggregate, ColumnRef, Comparison, Output, Ref, Select, Update
from synthdb_host.scheduling import EmbeddedScheduler

_EACH = 150


@pytest.fixture
def other(ask: Any, tmp_path: Path) -> Iterator[Any]:
    """The same file, opened once more, as another process would have it."""
    placement = Placement("other", f"sqlite:///{tmp_path / 'test.db'}")
    database = open_sqlite(placement, EmbeddedScheduler(), CoreSettings(durability="normal"))
    yield type(ask)(database)
    database.close()


def _reads(ref: Ref) -> list[Select]:
    """Give reads of one statement and of several, of rows, of none and of a group."""
    small = Comparison(ColumnRef("n"), "lt", 0)
    return [
        Select("counters", limit=10, ref=ref),
        Select("counters", ref=ref),
        Select("counters", limit=10, count="exact", ref=ref),
        Select("counters", where=small, limit=10, ref=ref),
        Select("counters", (Output(Aggregate("max", ColumnRef("n")), "n"),), limit=10, ref=ref),
    ]


@pytest.mark.parametrize("place", ["main", "dev"])
@pytest.mark.parametrize("number", range(5))
def test_no_state_is_of_two_results(ask: Any, other: Any, place: str, number: int) -> None:
    """Another process counts up while this one reads."""
    ask.insert("counters", {"n": 0}, {"n": 0})
    ref = HEAD if place == "main" else ask.branch("dev")
    read = replace(_reads(ref)[number], known=frozenset())
    found: dict[str, Any] = {}

    def look() -> None:
        result = ask(read)
        assert result.state is not None
        assert found.setdefault(result.state, result.python()) == result.python()

    with _counting(other, ref):
        for _ in range(_EACH):
            look()
    last = ask(read)
    assert _EACH - 1 == ask(Select("counters", limit=1, ref=ref)).python()[0]["n"]
    assert ask(replace(read, known=frozenset({last.state}))).encoder is None


@contextmanager
def _counting(ask: Any, ref: Ref) -> Iterator[None]:
    """Count in a thread, to the end."""

    def count() -> None:
        for n in range(_EACH):
            ask(Update("counters", {"n": n}, every_row=True, ref=ref))

    thread = threading.Thread(target=count)
    thread.start()
    try:
        yield
    finally:
        thread.join()
