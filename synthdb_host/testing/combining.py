"""Conformance: combining states does nothing that its caller may not do."""

from typing import Final

import pytest

from synthdb_host.contracts import TableRestriction
from synthdb_host.operations import DropColumn, Operation, Ref
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, where
from synthdb_host.versions import CherryPick, Merge, Restore, Revert

__all__ = ["CombiningRightTests"]

_ROWS: Final = ("insert", "update", "delete")


def _changed(session: Session) -> tuple[Session, dict[str, str]]:
    """Insert, update and delete rows on a branch, each in one commit; gives the branch and the commits."""
    session.insert("people", {"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"})
    dev = session.fork("dev")
    commits = {
        "insert": dev.insert("people", {"id": 3, "name": "Cleo"}).commit,
        "update": dev.update("people", {"name": "Adi"}, where("id", "eq", 1)).commit,
        "delete": dev.delete("people", where("id", "eq", 2)).commit,
    }
    return dev, {action: str(commit) for action, commit in commits.items()}


class CombiningRightTests:
    """Merge, cherry-pick, revert and restore insert, update and delete only where their caller may."""

    @needs("merge", "branches")
    @pytest.mark.parametrize("missing", _ROWS)
    def test_a_merge_needs_the_right_to_all_that_it_does(self, session: Session, missing: str) -> None:
        """Any one that is missing refuses it whole, in a dry run too."""
        dev, _ = _changed(session)
        caller = session.combining("select", *({*_ROWS} - {missing}))
        for trying in (caller.trying(), caller):
            with session.refused("forbidden"):
                trying.merge(dev)
        assert session.combining("select", *_ROWS).merge(dev).commit

    @needs("merge", "branches")
    @pytest.mark.parametrize("done", _ROWS)
    def test_a_cherry_pick_needs_the_right_to_what_the_commit_did(self, session: Session, done: str) -> None:
        """And to no more."""
        _, commits = _changed(session)
        with session.refused("forbidden"):
            session.combining("select", *({*_ROWS} - {done})).execute(CherryPick(commits[done], ref=session.ref))
        assert session.combining("select", done).execute(CherryPick(commits[done], ref=session.ref)).commit

    @needs("merge", "branches")
    @pytest.mark.parametrize(
        ("reverted", "done"), [("insert", "delete"), ("update", "update"), ("delete", "insert")], ids=_ROWS
    )
    def test_a_revert_needs_the_right_to_the_contrary(self, session: Session, reverted: str, done: str) -> None:
        """Who may not delete does not get rid of a row by reverting its insert."""
        dev, commits = _changed(session)
        with dev.refused("forbidden"):
            dev.combining("select", *({*_ROWS} - {done})).execute(Revert(commits[reverted], ref=dev.ref))
        assert dev.combining("select", done).execute(Revert(commits[reverted], ref=dev.ref)).commit

    @needs("merge", "branches", "as_of")
    @pytest.mark.parametrize("missing", _ROWS)
    def test_a_restore_needs_the_right_to_all_that_it_does(self, session: Session, missing: str) -> None:
        """Of everything or of a table; a row that is brought back is inserted."""
        dev, commits = _changed(session)
        caller = dev.combining("select", *({*_ROWS} - {missing}))
        before = Ref("dev", str(int(commits["insert"]) - 1))
        for restore in (Restore(before, ref=dev.ref), Restore(before, ("people",), ref=dev.ref)):
            with dev.refused("forbidden"):
                caller.execute(restore)
        undelete = Restore(None, ("people",), ((2,),), dev.ref)
        with dev.refused("forbidden"):
            dev.combining("select", "update", "delete").execute(undelete)
        assert dev.combining("select", "insert").execute(undelete).commit

    @needs("merge", "branches", "define")
    def test_a_changed_schema_needs_the_right_to_define(self, session: Session) -> None:
        """By a merge, a cherry-pick, a revert, or a restore."""
        dev, commits = _changed(session)
        dropped = str(dev.define(DropColumn("people", "name")).commit)
        picked: list[tuple[Session, Operation]] = [
            (session, Merge(dev.ref, session.ref)),
            (session, CherryPick(dropped, ref=session.ref)),
            (dev, Revert(dropped, ref=dev.ref)),
            (dev, Restore(Ref("dev", commits["delete"]), ref=dev.ref)),
        ]
        for target, operation in picked:
            with target.refused("forbidden"):
                target.combining("select", *_ROWS).execute(operation)
            assert target.combining("select", *_ROWS, may_define=True).trying().execute(operation).report is not None

    @needs("merge", "branches")
    def test_who_may_write_only_some_rows_combines_nothing(self, session: Session) -> None:
        """A check, a filter or a hidden column would be got around."""
        dev, commits = _changed(session)
        mine = where("name", "eq", "eve")
        for limit in (TableRestriction(check=mine), TableRestriction(mine), TableRestriction(hidden=frozenset({"id"}))):
            with session.refused("forbidden"):
                session.restricted(people=limit).merge(dev)
            with dev.refused("forbidden"):
                dev.restricted(people=limit).execute(Revert(commits["insert"], ref=dev.ref))
