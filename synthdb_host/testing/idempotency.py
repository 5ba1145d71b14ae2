"""Conformance: writes that are done once for their key."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from synthdb_host.contracts import Database, Idempotency, Principal, Result
from synthdb_host.errors import NotFound, RequestError
from synthdb_host.operations import AddColumn, Batch, Define, Delete, Insert, Operation, Select, Update
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, column, columns, where

__all__ = ["IdempotencyTests"]

_ADA = Insert.of("people", [{"name": "Ada"}])
_PATIENCE = 20.0


def _said(result: Result) -> bytes:
    return f"{result.affected} rows in commit {result.commit}".encode()


def _keyed(
    session: Session, key: str = "k", fingerprint: bytes = b"f", *, answer: Callable[[Result], bytes] = _said,
    seconds: int = 3_600,
) -> Session:  # fmt: skip
    """Give a session whose writes all have one key."""
    return replace(
        session, context=replace(session.context, idempotency=Idempotency(key, fingerprint, answer, seconds))
    )


class IdempotencyTests:
    """A write that is sent again, because nobody knows whether it arrived, is not done again."""

    durable: ClassVar[bool]
    make_database: Callable[[Path], Database]

    @needs("idempotency")
    def test_a_write_with_a_key_is_done_once(self, session: Session) -> None:
        """Sent again it is answered as it was, and nothing else happens."""
        session.place.stay()
        first = _keyed(session).execute(_ADA)
        assert (_said(first), False) == (first.answer, first.replayed)
        before = session.everything()
        for _ in range(2):
            again = _keyed(session).execute(_ADA)
            assert (first.answer, True, None) == (again.answer, again.replayed, again.affected)
        assert before == session.everything()
        assert 1 == session.insert("people", {"name": "Bob"}).affected

    @needs("idempotency", "define")
    @pytest.mark.parametrize(
        "operation",
        [
            Update("people", {"age": 37}, where("name", "eq", "Ada")),
            Delete("people", where("name", "eq", "Ada")),
            Define((AddColumn("people", column("city", "text")),)),
            Batch((_ADA, Delete("people", where("name", "eq", "Ada")))),
            Update("people", {"age": 37}, where("name", "eq", "nobody")),
        ],
        ids=["update", "delete", "define", "batch", "nothing to do"],
    )
    def test_every_kind_of_write_can_have_a_key(self, session: Session, operation: Operation) -> None:
        """One that changes nothing, too."""
        session.place.stay()
        session.insert("people", {"name": "Ada", "age": 36})
        first = _keyed(session).execute(operation)
        session.insert("people", {"name": "Ada", "age": 36})
        before = session.everything()
        assert (first.answer, True) == ((again := _keyed(session).execute(operation)).answer, again.replayed)
        assert before == session.everything()

    @needs("idempotency")
    def test_a_key_is_of_one_write(self, session: Session) -> None:
        """With another fingerprint it is refused, whatever the write is."""
        session.place.stay()
        _keyed(session).execute(_ADA)
        with session.refused("idempotency_key_reused"):
            _keyed(session, fingerprint=b"another").execute(_ADA)
        with session.refused("idempotency_key_reused"):
            _keyed(session, fingerprint=b"another").execute(Delete("people", every_row=True))
        assert not _keyed(session, "other").execute(_ADA).replayed

    @needs("idempotency")
    def test_a_key_is_of_one_principal(self, session: Session) -> None:
        """Nobody hears what another one was answered."""
        session.place.stay()
        _keyed(session).execute(_ADA)
        other = replace(session, context=replace(session.context, principal=Principal("another")))
        assert not _keyed(other, fingerprint=b"another").execute(_ADA).replayed
        assert ["Ada", "Ada"] == session.values("people", "name")

    @needs("idempotency", "define")
    def test_a_write_that_failed_can_be_sent_again(self, session: Session) -> None:
        """Nothing is kept of it."""
        session.create("people", column("name", "text"), key=("name",))
        session.place.stay()
        session.execute(_ADA)
        with session.refused("unique_violation"):
            _keyed(session).execute(_ADA)
        session.delete("people", every_row=True)
        assert not _keyed(session).execute(_ADA).replayed

    @needs("idempotency")
    def test_a_write_whose_answer_fails_is_undone(self, session: Session) -> None:
        """Also if the answer is only too large to be kept."""
        session.insert("people", {"name": "Bob"})
        session.place.stay()

        def failing(_: Result) -> bytes:
            raise NotFound("There is nothing.")

        with session.refused("not_found"):
            _keyed(session, answer=failing).execute(_ADA)
        with session.refused("too_large"):
            _keyed(session, answer=lambda _: bytes(1_000_001)).execute(_ADA)
        assert not _keyed(session, answer=lambda _: bytes(1_000_000)).execute(_ADA).replayed
        assert bytes(1_000_000) == _keyed(session).execute(_ADA).answer

    @needs("idempotency")
    def test_an_answer_is_kept_for_a_time(self, session: Session) -> None:
        """After it the write is done again, and its new answer is kept."""
        session.place.stay()
        for _ in range(12):
            assert not _keyed(session, seconds=0).execute(_ADA).replayed
        assert not _keyed(session).execute(_ADA).replayed
        assert _keyed(session).execute(_ADA).replayed
        assert 13 == len(session.rows("people"))

    @needs("idempotency", "dry_run")
    def test_a_dry_run_is_answered_and_not_kept(self, session: Session) -> None:
        """Nor does it hear what was kept."""
        session.place.stay()
        trying = _keyed(session).trying()
        assert (b"1 rows in commit None", False) == ((tried := trying.execute(_ADA)).answer, tried.replayed)
        assert not _keyed(session).execute(_ADA).replayed
        assert not trying.execute(_ADA).replayed
        assert ["Ada"] == session.values("people", "name")

    @needs("idempotency")
    def test_reading_takes_no_key(self, session: Session) -> None:
        """It may be done as often as one likes."""
        session.insert("people", {"name": "Ada"})
        for fingerprint in (b"one", b"another"):
            found = _keyed(session, fingerprint=fingerprint).execute(Select("people", columns("name")))
            assert ([{"name": "Ada"}], None) == (found.python(), found.answer)

    @needs("idempotency")
    def test_of_many_at_once_one_is_done(self, session: Session) -> None:
        """The others hear that it is being done, or what it was answered."""
        session.insert("people", {"name": "Bob"})
        session.place.stay()
        heard: list[bytes | str | None] = []
        start = threading.Barrier(8)

        def write() -> None:
            start.wait(_PATIENCE)
            try:
                heard.append(_keyed(session).execute(_ADA).answer)
            except RequestError as error:
                heard.append(error.code)

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 8 == len(heard)
        assert set(heard) <= {"idempotency_in_progress", _keyed(session).execute(_ADA).answer}
        assert 2 == len(session.rows("people"))

    @needs("idempotency")
    def test_a_kept_answer_outlives_the_process(self, session: Session, tmp_path: Path) -> None:
        """Where storage is durable; it is kept as long as the write is."""
        session.place.stay()
        first = _keyed(session).execute(_ADA)
        session.database.close()
        again = Session(self.make_database(tmp_path), place=session.place)
        try:
            if self.durable:
                assert (first.answer, True) == ((kept := _keyed(again).execute(_ADA)).answer, kept.replayed)
                assert ["Ada"] == again.values("people", "name")
        finally:
            again.database.close()
