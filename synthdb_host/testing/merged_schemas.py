"""Conformance: merging schemas, and what constraints say to merged rows."""

from typing import Any

from synthdb_host.catalog import CheckConstraint, ColumnType, ForeignKey, UniqueKey
from synthdb_host.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddUniqueKey,
    AlterColumn,
    DropColumn,
    DropTable,
    RenameColumn,
    RenameTable,
    SetMode,
)
from synthdb_host.testing.merges import conflicts_of
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, column, where

__all__ = ["MergedSchemaTests"]


def _forked(session: Session) -> Session:
    session.insert("people", {"name": "Ada", "age": 36}, {"name": "Bob", "age": 25})
    return session.fork("dev")


def _broken(session: Session, source: Session) -> list[tuple[Any, ...]]:
    return [(kind, table, key) for kind, table, key, *_ in conflicts_of(session, source)]


class MergedSchemaTests:
    """Tables and columns are known by what they are, not by what they are called."""

    @needs("merge", "branches", "define")
    def test_a_rename_and_edits_come_together(self, session: Session) -> None:
        """Rows written under the old name arrive under the new one, in both directions."""
        dev = _forked(session)
        dev.define(RenameColumn("people", "age", "years"), RenameTable("people", "folk"))
        session.update("people", {"age": 37}, where("id", "eq", 1))
        session.merge(dev)
        assert [37, 25] == session.values("folk", "years")
        session.update("folk", {"years": 38}, where("id", "eq", 1))
        dev.update("folk", {"years": 26}, where("id", "eq", 2))
        dev.merge(session)
        assert [38, 26] == dev.values("folk", "years")

    @needs("merge", "branches", "define")
    def test_two_names_for_one_column_are_a_conflict(self, session: Session) -> None:
        """Of the schema, with all three names; cells of other columns are compared nevertheless."""
        dev = _forked(session)
        dev.define(RenameColumn("people", "age", "years"))
        dev.update("people", {"name": "Adi"}, where("id", "eq", 1))
        session.define(RenameColumn("people", "age", "old"))
        session.update("people", {"name": "Eda"}, where("id", "eq", 1))
        schema, cell = sorted(conflicts_of(session, dev), key=lambda conflict: conflict[0], reverse=True)
        assert ("schema", "people", None, "age", "old", "years") == (*schema[:3], *schema[4:])
        assert ("cell", "people", (1,), "name", "Ada", "Eda", "Adi") == cell

    @needs("merge", "branches")
    def test_widened_types_meet_in_the_wider(self, session: Session) -> None:
        """No value of either side is lost."""
        session.insert("things", {"value": 1})
        dev = session.fork("dev")
        dev.insert("things", {"value": "x"})
        session.insert("things", {"value": 1.5})
        session.update("things", {"value": 3}, where("id", "eq", 1))
        session.merge(dev)
        assert {"value": "text"} == session.types("things")
        assert ["3.0", "x", "1.5"] == session.values("things", "value")

    @needs("merge", "branches")
    def test_new_columns_of_one_name_are_one_column(self, session: Session) -> None:
        """Its type holds the values of both, then and after the way back."""
        dev = _forked(session)
        dev.update("people", {"size": 1.5}, where("id", "eq", 1))
        session.update("people", {"size": 2}, where("id", "eq", 2))
        session.merge(dev)
        assert {"name": "text", "age": "integer", "size": "real"} == session.types("people")
        assert [1.5, 2.0] == session.values("people", "size")
        session.update("people", {"size": 3.5}, where("id", "eq", 1))
        dev.merge(session)
        assert [3.5, 2.0] == dev.values("people", "size")

    @needs("merge", "branches", "define")
    def test_a_column_dropped_on_one_side_is_dropped(self, session: Session) -> None:
        """Whatever the other side wrote into it; the rest of its rows is merged."""
        dev = _forked(session)
        dev.define(DropColumn("people", "age"))
        session.update("people", {"age": 37, "name": "Adi"}, where("id", "eq", 1))
        session.merge(dev)
        assert [{"id": 1, "name": "Adi"}, {"id": 2, "name": "Bob"}] == session.rows("people")

    @needs("merge", "branches", "define")
    def test_a_table_dropped_on_one_side_is_dropped(self, session: Session) -> None:
        """In both directions."""
        dev = _forked(session)
        session.insert("things", {"value": 1})
        dev.define(DropTable("people"))
        session.merge(dev)
        assert {"things"} == set(session.catalog().tables)
        session.define(DropTable("things"))
        dev.merge(session)
        assert {} == dev.catalog().tables

    @needs("merge", "branches", "define")
    def test_properties_are_merged_one_by_one(self, session: Session) -> None:
        """A default from here, a mode from there, a new column and its values."""
        dev = _forked(session)
        dev.define(AlterColumn("people", "age", default=18), AddColumn("people", column("note", "text", default="-")))
        session.define(SetMode("people", "strict"), AlterColumn("people", "name", not_null=True))
        session.merge(dev)
        table = session.table("people")
        assert ("strict", True, 18) == (table.mode, table.column("name").not_null, table.column("age").default)
        assert ["-", "-"] == session.values("people", "note")

    @needs("merge", "branches", "define")
    def test_different_defaults_are_a_conflict(self, session: Session) -> None:
        """A property is decided like a cell."""
        dev = _forked(session)
        dev.define(AlterColumn("people", "age", default=18))
        session.define(AlterColumn("people", "age", default=21))
        (conflict,) = conflicts_of(session, dev)
        assert ("schema", "people", None, "age") == conflict[:4]

    @needs("merge", "branches", "define")
    def test_a_type_changed_on_one_side_converts_the_rows_of_the_other(self, session: Session) -> None:
        """A value that is the same in both types is no change."""
        dev = _forked(session)
        dev.define(AlterColumn("people", "age", type=ColumnType("text")))
        dev.update("people", {"age": "old"}, where("id", "eq", 2))
        session.update("people", {"age": 37}, where("id", "eq", 1))
        session.merge(dev)
        assert ["37", "old"] == session.values("people", "age")

    @needs("merge", "branches", "define")
    def test_a_row_that_breaks_a_unique_key_is_a_conflict(self, session: Session) -> None:
        """The row that the merge would write; it names the key."""
        session.create("people", column("name", "text"), unique_keys=(UniqueKey("by_name", ("name",)),))
        session.insert("people", {"name": "Ada"})
        dev = session.fork("dev")
        dev.insert("people", {"id": 5, "name": "Eve"})
        session.insert("people", {"id": 6, "name": "Eve"})
        assert [("constraint", "people", (5,))] == _broken(session, dev)
        result = session.merge(dev)
        assert result.report is not None
        assert "by_name" in result.report.conflicts[0].detail

    @needs("merge", "branches", "define")
    def test_a_new_unique_key_holds_for_the_rows_of_both(self, session: Session) -> None:
        """A row that the target wrote meanwhile can break it."""
        dev = _forked(session)
        dev.define(AddUniqueKey("people", UniqueKey("by_name", ("name",))))
        session.insert("people", {"name": "Ada", "age": 1})
        assert {"constraint"} == {kind for kind, *_ in _broken(session, dev)}
        session.delete("people", where("age", "eq", 1))
        assert session.merge(dev).commit is not None
        with session.refused("unique_violation"):
            session.insert("people", {"name": "Ada"})

    @needs("merge", "branches", "define")
    def test_a_row_without_a_needed_value_is_a_conflict(self, session: Session) -> None:
        """A column made mandatory on one side, a row without it from the other."""
        dev = _forked(session)
        dev.insert("people", {"id": 5, "name": "Eve"})
        session.define(AlterColumn("people", "age", not_null=True))
        assert [("constraint", "people", (5,))] == _broken(session, dev)

    @needs("merge", "branches", "define", "checks")
    def test_a_row_that_breaks_a_check_is_a_conflict(self, session: Session) -> None:
        """Of the result, whichever side it comes from."""
        dev = _forked(session)
        dev.insert("people", {"id": 5, "name": "Eve", "age": 3})
        session.define(AddCheck("people", CheckConstraint("adult", where("age", "gte", 18))))
        assert [("constraint", "people", (5,))] == _broken(session, dev)

    @needs("merge", "branches", "define", "foreign_keys")
    def test_a_row_that_refers_to_a_deleted_one_is_a_conflict(self, session: Session) -> None:
        """On the row that the merge would write, or on the one that it would delete."""
        _forked(session)
        key = ForeignKey("owner", ("owner_id",), "people", ("id",))
        session.create("pets", column("owner_id", "integer"))
        session.define(AddForeignKey("pets", key))
        dev = session.fork("other")
        dev.insert("pets", {"id": 5, "owner_id": 2})
        session.delete("people", where("id", "eq", 2))
        assert [("constraint", "pets", (5,))] == _broken(session, dev)
        assert [("constraint", "people", (2,))] == _broken(dev, session)
