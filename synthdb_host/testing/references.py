"""Conformance: foreign keys and the relations that they make."""

from typing import Any

import pytest

from synthdb_host.catalog import ForeignKey
from synthdb_host.operations import (
    AddForeignKey,
    DropTable,
    RenameColumn,
    RenameTable,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, column, where

__all__ = ["ForeignKeyTests"]


def _family(session: Session, **options: Any) -> None:
    session.create("parents", column("name", "text"))
    key = ForeignKey("parent", ("parent_id",), "parents", ("id",), **options)
    session.create("children", column("name", "text"), column("parent_id", "integer"), foreign_keys=(key,))
    session.insert("parents", {"name": "Ada"}, {"name": "Bob"})
    session.insert("children", {"name": "Cleo", "parent_id": 1}, {"name": "Dan", "parent_id": None})


class ForeignKeyTests:
    """References between tables."""

    @needs("define", "foreign_keys")
    def test_a_reference_must_lead_to_a_row(self, session: Session) -> None:
        """NULL refers to nothing and is allowed."""
        _family(session)
        with session.refused("foreign_key_violation"):
            session.insert("children", {"name": "Eve", "parent_id": 3})
        with session.refused("foreign_key_violation"):
            session.update("children", {"parent_id": 3}, every_row=True)

    @needs("define", "foreign_keys")
    @pytest.mark.parametrize("action", ["no_action", "restrict"])
    def test_a_row_that_is_referred_to_stays(self, session: Session, action: Any) -> None:
        """It can go once nothing refers to it."""
        _family(session, on_delete=action)
        with session.refused("foreign_key_violation"):
            session.delete("parents", where("id", "eq", 1))
        session.delete("parents", where("id", "eq", 2))
        session.delete("children", every_row=True)
        assert 1 == session.delete("parents", every_row=True).affected

    @needs("define", "foreign_keys")
    def test_a_delete_can_cascade(self, session: Session) -> None:
        """Only the rows asked for are counted."""
        _family(session, on_delete="cascade")
        assert 1 == session.delete("parents", where("id", "eq", 1)).affected
        assert ["Dan"] == session.values("children", "name")

    @needs("define", "foreign_keys")
    def test_a_delete_can_set_references_to_null(self, session: Session) -> None:
        """The rows that referred stay."""
        _family(session, on_delete="set_null")
        session.delete("parents", where("id", "eq", 1))
        assert [("Cleo", None), ("Dan", None)] == [(row["name"], row["parent_id"]) for row in session.rows("children")]

    @needs("define", "foreign_keys")
    def test_rows_of_one_write_may_refer_to_each_other(self, session: Session) -> None:
        """References are checked when all rows are written, whatever their order."""
        key = ForeignKey("boss", ("boss_id",), "staff", ("id",))
        session.create("staff", column("boss_id", "integer"))
        session.define(AddForeignKey("staff", key))
        session.insert("staff", {"id": 1, "boss_id": 2}, {"id": 2, "boss_id": 1})
        with session.refused("foreign_key_violation"):
            session.delete("staff", where("id", "eq", 1))
        assert 2 == session.delete("staff", every_row=True).affected

    @needs("define", "foreign_keys")
    def test_a_foreign_key_is_added_only_where_it_holds(self, session: Session) -> None:
        """To unique columns that exist, and for the rows that are there."""
        session.insert("parents", {"name": "Ada"})
        session.insert("children", {"parent_id": 1}, {"parent_id": 7})
        key = ForeignKey("parent", ("parent_id",), "parents", ("id",))
        with session.refused("foreign_key_violation"):
            session.define(AddForeignKey("children", key))
        with session.refused("unknown_table"):
            session.define(AddForeignKey("children", ForeignKey("k", ("parent_id",), "nowhere", ("id",))))
        with session.refused("unknown_column"):
            session.define(AddForeignKey("children", ForeignKey("k", ("nowhere",), "parents", ("id",))))
        session.delete("children", where("parent_id", "eq", 7))
        session.define(AddForeignKey("children", key))
        with session.refused("foreign_key_violation"):
            session.insert("children", {"parent_id": 7})

    @needs("define", "foreign_keys")
    def test_the_catalog_tells_the_relations(self, session: Session) -> None:
        """Both ways, so that APIs can embed; renaming keeps them."""
        _family(session)
        session.define(RenameTable("parents", "elders"), RenameColumn("elders", "id", "number"))
        catalog = session.catalog()
        to_one, to_many = catalog.relation("children", "elders"), catalog.relation("elders", "children")
        assert (False, ("parent_id",), ("number",)) == (to_one.many, to_one.local, to_one.remote)
        assert (True, ("number",), ("parent_id",)) == (to_many.many, to_many.local, to_many.remote)

    @needs("define", "foreign_keys")
    def test_a_table_that_is_referred_to_is_not_dropped(self, session: Session) -> None:
        """Dropping its referrer first makes it free."""
        _family(session)
        with session.refused("conflict", "foreign_key_violation"):
            session.define(DropTable("parents"))
        session.define(DropTable("children", hard=True), DropTable("parents"))
        assert {} == dict(session.catalog().tables)
