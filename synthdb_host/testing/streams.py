"""Conformance: rows read piece by piece."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from synthdb_host.contracts import RowStream, TableRestriction
from synthdb_host.errors import Timeout, Unavailable
from synthdb_host.operations import Select
from synthdb_host.stepping import run
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, aggregate, by, columns, embed, where

__all__ = ["StreamTests"]

_SIZE = 7
"""Rows that are asked for at a time."""

_ROWS = [{"name": f"p{number}", "age": number % 10} for number in range(1, 31)]


@contextmanager
def _streaming(session: Session, select: Select) -> Iterator[RowStream]:
    """Open a stream at the session's place, and close it."""
    operation: Any = session.place.of(select)
    stream = run(session.database.stream(operation, session.restrictions, session.context))
    try:
        yield stream
    finally:
        stream.close()


def _pieces(stream: RowStream) -> list[list[dict[str, Any]]]:
    """Read a stream to its end."""
    found: list[list[dict[str, Any]]] = []
    while True:
        piece = run(stream.read(_SIZE, stream.encoder.python))
        if piece is None:
            return found
        found.append(piece)


class StreamTests:
    """A stream is the select, in pieces, of one state."""

    @needs("streams")
    @pytest.mark.parametrize(
        "select",
        [
            Select("people"),
            Select("people", columns("name"), order=by("age", descending=True), limit=20, offset=3),
            Select("people", columns("age"), where=where("name", "like", "p1%")),
            Select("people", where=where("age", "eq", 99)),
            Select("people", (*columns("age"), aggregate("count"))),
            Select("people", columns("name"), (embed("pets", "id", "owner", Select("pets"), many=True),)),
        ],
        ids=["all", "page", "filter", "nothing", "groups", "embed"],
    )
    def test_a_stream_gives_what_the_select_gives(self, session: Session, select: Select) -> None:
        """In its order, in pieces of at most the size asked for, of which none is empty."""
        session.insert("people", *_ROWS)
        session.insert("pets", {"owner": 1, "name": "Rex"}, {"owner": 1, "name": "Tom"}, {"owner": 9, "name": "Kit"})
        with _streaming(session, select) as stream:
            found = _pieces(stream)

        assert session.execute(select).python() == [row for piece in found for row in piece]
        assert all(0 < len(piece) <= _SIZE for piece in found)

    @needs("streams")
    def test_a_stream_counts(self, session: Session) -> None:
        """The total is that of the select, without its limit, and only if it is asked for."""
        session.insert("people", *_ROWS)
        with _streaming(session, Select("people", limit=3, offset=1, count="exact")) as stream:
            assert 30 == stream.total
            assert 3 == sum(map(len, _pieces(stream)))
        with _streaming(session, Select("people")) as stream:
            assert stream.total is None

    @needs("streams")
    def test_a_stream_reads_one_state(self, session: Session) -> None:
        """What is written after it was opened is not in it, schema changes included."""
        session.insert("people", *_ROWS)
        before = session.rows("people")
        with _streaming(session, Select("people")) as stream:
            first = run(stream.read(_SIZE, stream.encoder.python)) or []
            session.update("people", {"name": "changed"}, every_row=True)
            session.insert("people", {"name": "late", "height": 2})
            session.delete("people", where("age", "gt", 5))
            rest = [row for piece in _pieces(stream) for row in piece]

        assert before == [*first, *rest]

    @needs("streams")
    def test_restrictions_hold_in_a_stream(self, session: Session) -> None:
        """Rows and columns that are not for the caller are not in it."""
        session.insert("people", *_ROWS)
        caller = session.restricted(people=TableRestriction(where("age", "lt", 3), hidden=frozenset({"age"})))
        with _streaming(caller, Select("people")) as stream:
            found = [row for piece in _pieces(stream) for row in piece]

        assert [row["name"] for row in _ROWS if int(str(row["age"])) < 3] == [row["name"] for row in found]
        assert {"id", "name"} == set(_names(found))

    @needs("streams")
    def test_a_closed_stream_gives_nothing_more(self, session: Session) -> None:
        """It can be closed at any time, and twice; the database goes on."""
        session.insert("people", *_ROWS)
        with _streaming(session, Select("people")) as stream:
            run(stream.read(_SIZE, len))
            stream.close()
            with pytest.raises(Unavailable):
                run(stream.read(_SIZE, len))
        session.insert("people", {"name": "after"})
        assert 31 == len(session.rows("people"))

    @needs("streams")
    def test_a_read_whose_time_is_over_is_stopped(self, session: Session) -> None:
        """Each read has a deadline of its own."""
        session.insert("people", *_ROWS)
        with _streaming(session, Select("people")) as stream, pytest.raises(Timeout):
            run(stream.read(_SIZE, len, time.monotonic() - 1))

    @needs("streams")
    @pytest.mark.parametrize(
        ("select", "code"),
        [(Select("nothing"), "unknown_table"), (Select("people", columns("nothing")), "unknown_column")],
        ids=["table", "column"],
    )
    def test_a_wrong_select_is_refused_when_the_stream_is_opened(
        self, session: Session, select: Select, code: str
    ) -> None:
        """Before anything is read."""
        session.insert("people", *_ROWS)
        with session.refused(code), _streaming(session, select):
            pass


def _names(rows: list[dict[str, Any]]) -> list[str]:
    """Name the columns of all rows."""
    return [name for row in rows for name in row]
