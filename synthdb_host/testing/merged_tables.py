"""Conformance: tables of the same name that two branches have made."""

from typing import Any

from synthdb_host.operations import DropTable, RenameTable
from synthdb_host.testing.merges import conflicts_of
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, column, where
from synthdb_host.versions import Diff

__all__ = ["MergedTableTests"]


def _made_twice(session: Session, *types: str, **options: Any) -> Session:
    """Make a table ``pets`` on a branch and on the one it comes from; gives the branch."""
    session.insert("people", {"name": "Ada"})
    dev = session.fork("dev")
    for place, kind in zip((session, dev), types, strict=True):
        place.create("pets", column("code", "integer"), column("name", "text"), column("size", kind), **options)
    return dev


class MergedTableTests:
    """They become one, like columns of the same name, if their rows are known in the same way."""

    @needs("merge", "branches", "define")
    def test_new_tables_of_one_name_become_one(self, session: Session) -> None:
        """Rows that got their identities from the database are others on each branch, and all are kept."""
        dev = _made_twice(session, "integer", "integer")
        session.insert("pets", {"name": "Rex", "size": 1}, {"name": "Tom", "size": 2})
        dev.insert("pets", {"name": "Kit", "size": 3})
        session.merge(dev)
        assert ["Rex", "Tom", "Kit"] == session.values("pets", "name")
        dev.merge(session)
        assert ["Rex", "Tom", "Kit"] == dev.values("pets", "name")

    @needs("merge", "branches", "define")
    def test_what_comes_later_is_merged_like_any_table(self, session: Session) -> None:
        """Edits and deletes in both directions, and a rename."""
        dev = _made_twice(session, "integer", "integer")
        session.insert("pets", {"name": "Rex", "size": 1}, {"name": "Tom", "size": 2})
        dev.insert("pets", {"name": "Kit", "size": 3})
        session.merge(dev)
        session.update("pets", {"size": 9}, where("name", "eq", "Kit"))
        dev.define(RenameTable("pets", "animals"))
        dev.update("animals", {"name": "Kitty"}, where("name", "eq", "Kit"))
        dev.merge(session)
        assert [("Rex", 1), ("Tom", 2), ("Kitty", 9)] == [(row["name"], row["size"]) for row in dev.rows("animals")]
        dev.delete("animals", where("name", "eq", "Tom"))
        session.merge(dev)
        assert ["Rex", "Kitty"] == session.values("animals", "name")

    @needs("merge", "branches", "define")
    def test_rows_of_one_key_are_compared_cell_by_cell(self, session: Session) -> None:
        """There is no base, so values that differ are in conflict."""
        dev = _made_twice(session, "integer", "integer", key=("code",))
        session.insert("pets", {"code": 1, "name": "Rex", "size": 1}, {"code": 2, "name": "Tom", "size": 2})
        dev.insert("pets", {"code": 1, "name": "Rex", "size": 5}, {"code": 3, "name": "Kit", "size": 3})
        assert [("cell", "pets", (1,), "size", None, 1, 5)] == conflicts_of(session, dev)

    @needs("merge", "branches", "define")
    def test_columns_are_joined_by_name(self, session: Session) -> None:
        """Of two types the wider wins; columns of one side come along."""
        dev = _made_twice(session, "integer", "real")
        session.insert("pets", {"name": "Rex", "size": 1, "age": 3})
        dev.insert("pets", {"name": "Kit", "size": 2.5, "owner": "Ada"})
        session.merge(dev)
        assert [(1.0, 3, None), (2.5, None, "Ada")] == [
            (row["size"], row["age"], row["owner"]) for row in session.rows("pets")
        ]

    @needs("merge", "branches", "define")
    def test_types_without_a_wider_one_are_a_conflict(self, session: Session) -> None:
        """As they are for columns that two branches have added."""
        dev = _made_twice(session, "integer", "timestamp")
        ((kind, table, _, name, *_),) = conflicts_of(session, dev)
        assert ("schema", "pets", "size") == (kind, table, name)

    @needs("merge", "branches", "define")
    def test_tables_with_other_keys_are_a_conflict(self, session: Session) -> None:
        """Their rows have nothing in common."""
        session.insert("people", {"name": "Ada"})
        dev = session.fork("dev")
        dev.create("pets", column("code", "integer"), key=("code",))
        session.create("pets", column("code", "integer"))
        (conflict,) = conflicts_of(session, dev)
        assert ("schema", "pets", None) == conflict[:3]

    @needs("merge", "branches", "define")
    def test_a_table_dropped_before_has_nothing_to_do_with_it(self, session: Session) -> None:
        """A new one comes without its rows."""
        session.insert("people", {"name": "Ada"})
        dev = session.fork("dev")
        session.insert("pets", {"name": "Rex"})
        session.define(DropTable("pets"))
        dev.insert("pets", {"name": "Kit"})
        session.merge(dev)
        assert ["Kit"] == session.values("pets", "name")

    @needs("merge", "branches", "define", "as_of")
    def test_a_diff_compares_their_rows(self, session: Session) -> None:
        """They are one table before any merge."""
        dev = _made_twice(session, "integer", "integer", key=("code",))
        session.insert("pets", {"code": 1, "name": "Rex"}, {"code": 2, "name": "Tom"})
        dev.insert("pets", {"code": 1, "name": "Rex"}, {"code": 2, "name": "Tim"})
        found = session.execute(Diff(session.ref, dev.ref, ("pets",))).python()
        assert [([2], "update")] == [(row["key"], row["change"]) for row in found]
