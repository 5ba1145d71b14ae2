"""Conformance: records, which are nobody's rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from synthdb_host.contracts import Database
from synthdb_host.operations import Ref
from synthdb_host.records import KeepRecords, Records
from synthdb_host.stepping import run
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import CALLER, Session

__all__ = ["RecordTests"]


def _all(session: Session, kind: str = "k", prefix: str = "") -> dict[str, Any]:
    return {row["key"]: row["value"] for row in session.execute(Records(kind, prefix)).python()}


class RecordTests:
    """What plugins keep in a database, beside its rows."""

    durable: ClassVar[bool]
    make_database: Callable[[Path], Database]

    @needs("records")
    def test_records_are_kept_by_kind_and_key(self, session: Session) -> None:
        """In the order of keys, as the JSON values that they were."""
        assert {} == _all(session)
        first = {"b": {"n": 1.5, "t": "é", "l": [None, True]}, "a/1": 9007199254740993, "a": "text"}
        session.execute(KeepRecords("k", first))
        session.execute(KeepRecords("other", {"a": 1}))
        assert (["a", "a/1", "b"], first) == (list(_all(session)), _all(session))
        assert {"a": "text", "a/1": 9007199254740993} == _all(session, prefix="a")
        assert {"a/1": 9007199254740993} == _all(session, prefix="a/")
        assert {"a": 1} == _all(session, "other")

    @needs("records")
    def test_a_record_is_replaced_and_removed(self, session: Session) -> None:
        """All that one operation says, at once; removing what is not there is no error."""
        session.execute(KeepRecords("k", {"a": 1, "b": 2}))
        session.execute(KeepRecords("k", {"a": None, "b": 3, "c": 4, "d": None}))
        assert {"b": 3, "c": 4} == _all(session)

    @needs("records")
    def test_records_are_written_only_if_they_are_as_expected(self, session: Session) -> None:
        """All or none: two writers cannot both believe that they were first."""
        session.execute(KeepRecords("k", {"a": {"n": 1}}, {"a": None}))
        for expected in ({"a": None}, {"a": {"n": 2}}, {"a": {"n": 1}, "b": 1}):
            with session.refused("precondition_failed"):
                session.execute(KeepRecords("k", {"a": 5, "c": 6}, expected))
        assert {"a": {"n": 1}} == _all(session)
        session.execute(KeepRecords("k", {"a": None, "c": 6}, {"a": {"n": 1}, "b": None}))
        assert {"c": 6} == _all(session)

    @needs("records", "dry_run")
    def test_a_dry_run_keeps_no_record(self, session: Session) -> None:
        """It is answered all the same."""
        assert 1 == session.trying().execute(KeepRecords("k", {"a": 1})).affected
        with session.refused("precondition_failed"):
            session.trying().execute(KeepRecords("k", {"a": 1}, {"a": 2}))
        assert {} == _all(session)

    @needs("records")
    def test_a_record_is_no_row_and_no_commit(self, session: Session) -> None:
        """Tables, rows and the catalog stay as they are, and whoever follows the commits hears nothing."""
        session.insert("people", {"name": "Ada"})
        before = session.everything()
        assert session.execute(KeepRecords("people", {"a": 1})).commit is None
        assert before == session.everything()
        assert [1] == [row["id"] for row in session.rows("people")]

    @needs("records", "branches")
    def test_records_are_the_same_on_every_branch(self, session: Session) -> None:
        """They belong to the database."""
        session.insert("people", {"name": "Ada"})
        session.fork("dev")
        session.execute(KeepRecords("k", {"a": 1}))
        assert {"a": 1} == _all(session.at(Ref("dev")))

    @needs("records")
    def test_records_stay_when_the_database_is_opened_again(self, session: Session, tmp_path: Path) -> None:
        """If its rows do."""
        session.execute(KeepRecords("k", {"a": 1}))
        session.database.close()
        again = self.make_database(tmp_path)
        found = run(again.execute(Records("k"), session.restrictions, CALLER)).python()
        assert ([{"key": "a", "value": 1}] if self.durable else []) == found
        again.close()

    @needs("records", "transactions")
    def test_records_are_no_part_of_a_transaction(self, session: Session) -> None:
        """Which is one commit."""
        transaction = session.begin()
        with pytest.raises(Exception, match="part of a transaction"):
            session.within(transaction, KeepRecords("k", {"a": 1}))
        run(transaction.rollback())
        assert {} == _all(session)
