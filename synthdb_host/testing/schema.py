"""Conformance: define operations, checks, and the catalog that tells of them."""

from decimal import Decimal
from typing import Any, Final

import pytest

from synthdb_host.catalog import CheckConstraint, Column, ColumnType, Index, UniqueKey
from synthdb_host.operations import (
    AddCheck,
    AddColumn,
    AddIndex,
    AddUniqueKey,
    AlterColumn,
    CopyColumn,
    CopyTable,
    CreateTable,
    Define,
    DropColumn,
    DropConstraint,
    DropTable,
    RenameColumn,
    RenameTable,
    RequirePlugin,
    RestoreColumn,
    RestoreTable,
    Select,
    SetMode,
)
from synthdb_host.testing.needing import needs
from synthdb_host.testing.session import Session, by, column, where

__all__ = ["DefiningTests"]

_CHANGES: Final = (
    CreateTable("new"),
    AddColumn("things", column("extra", "text")),
    RenameColumn("things", "value", "worth"),
    RenameTable("things", "stuff"),
    DropColumn("things", "value"),
    DropTable("things"),
    SetMode("things", "strict"),
    AlterColumn("things", "value", not_null=True),
    AlterColumn("things", "value", default=5),
    AddIndex("things", Index("i", ("value",))),
    AddUniqueKey("things", UniqueKey("u", ("value",))),
    CopyTable("things", "copy"),
    CopyColumn("things", "value", "copy"),
)

_ALTERED: Final[tuple[tuple[str, Any, str, Any], ...]] = (
    ("integer", 5, "real", 5.0),
    ("integer", 5, "decimal(10,2)", Decimal("5.00")),
    ("integer", 5, "text", "5"),
    ("text", "5", "integer", 5),
    ("real", 5.0, "integer", 5),
    ("decimal(10,2)", "5.50", "decimal(10,1)", Decimal("5.5")),
    ("text", "a", "json", "a"),
    ("boolean", True, "text", "true"),
)

_LOSSY: Final[tuple[tuple[str, Any, str], ...]] = (
    ("text", "abc", "integer"),
    ("text", "007", "integer"),
    ("real", 5.5, "integer"),
    ("integer", 2**53 + 1, "real"),
    ("decimal(10,2)", "5.55", "decimal(10,1)"),
    ("timestamp", "2013-01-01T05:00:00Z", "date"),
)


class DefiningTests:
    """Tables and columns on purpose."""

    @needs("define")
    def test_a_table_is_made_as_described(self, session: Session) -> None:
        """Columns, key, unique keys, indexes, mode and comment stand in the catalog."""
        described = (
            column("code", "text", not_null=True),
            column("price", "decimal(10,2)", default=Decimal("1.50"), comment="net"),
        )
        session.create(
            "items",
            *described,
            key=("code",),
            mode="strict",
            comment="what we sell",
            unique_keys=(UniqueKey("by_price", ("price",)),),
            indexes=(Index("fast", ("price", "code")),),
        )
        table = session.table("items")
        assert (("code",), "strict", "what we sell") == (table.key, table.mode, table.comment)
        assert described == tuple(item for item in table.columns if item.name != table.identity)
        assert ("by_price", ("price",)) in [(key.name, key.columns) for key in table.unique_keys]
        assert [("fast", ("price", "code"))] == [(index.name, index.columns) for index in table.indexes]
        session.insert("items", {"code": "a"})
        assert [Decimal("1.50")] == session.values("items", "price")

    @needs("define")
    @pytest.mark.parametrize("type_name", ["integer", "uuid"])
    def test_a_declared_integer_or_uuid_key_is_the_identity(self, session: Session, type_name: str) -> None:
        """It keeps its name, and the engine gives a value where an insert does not."""
        session.create("items", column("number", type_name), column("name", "text"), key=("number",))
        table = session.table("items")
        assert ("number", ("number",)) == (table.identity, table.key)
        session.insert("items", {"name": "a"}, {"name": "b"})
        first, second = session.values("items", "number", order=by("name"))
        assert first != second

    @needs("define")
    def test_an_engine_identity_may_be_a_uuid(self, session: Session) -> None:
        """On request, version 7, so that they come in the order of their making."""
        session.create("items", column("name", "text"), generated="uuid7")
        session.insert("items", {"name": "a"}, {"name": "b"})
        (first, second) = session.values("items", "id")
        assert (7, 7) == (first.version, second.version)

    @needs("define")
    def test_names_are_unique_whatever_their_letter_case(self, session: Session) -> None:
        """On every storage alike."""
        session.create("Items", column("Name", "text"))
        with session.refused("duplicate_name"):
            session.create("items")
        with session.refused("duplicate_name"):
            session.create("ITEMS")
        with session.refused("duplicate_name"):
            session.define(AddColumn("Items", column("name", "text")))
        with session.refused("duplicate_name"):
            session.create("other", column("a", "text"), column("A", "text"))
        session.create("Items", if_not_exists=True)

    @needs("define")
    def test_a_renamed_table_keeps_rows_and_keys(self, session: Session) -> None:
        """The old name is free again."""
        session.insert("things", {"value": 1})
        session.define(RenameTable("things", "stuff"))
        assert [1] == session.values("stuff", "value")
        with session.refused("unknown_table"):
            session.rows("things")
        session.insert("things", {"other": 2})
        assert {"things", "stuff"} == set(session.catalog().tables)

    @needs("define")
    def test_a_renamed_column_keeps_its_values_and_constraints(self, session: Session) -> None:
        """Everything that named the column names it anew."""
        session.create("things", column("value", "integer"), unique_keys=(UniqueKey("u", ("value",)),))
        session.insert("things", {"value": 1})
        session.define(RenameColumn("things", "value", "worth"))
        assert [1] == session.values("things", "worth")
        assert ("worth",) == session.table("things").unique_keys[0].columns
        with session.refused("unique_violation"):
            session.insert("things", {"worth": 1})

    @needs("define")
    def test_a_dropped_table_can_be_restored_with_its_rows(self, session: Session) -> None:
        """Unless it was dropped hard, or its name was taken."""
        session.insert("things", {"value": 1})
        session.define(DropTable("things"))
        assert {} == session.catalog().tables
        session.define(RestoreTable("things"))
        assert [1] == session.values("things", "value")
        session.define(DropTable("things", hard=True))
        with session.refused("unknown_table"):
            session.define(RestoreTable("things"))
        session.define(DropTable("things", if_exists=True))
        with session.refused("unknown_table"):
            session.define(DropTable("things"))

    @needs("define")
    def test_a_dropped_column_can_be_restored_with_its_values(self, session: Session) -> None:
        """Rows written meanwhile have NULL in it."""
        session.insert("things", {"value": 1, "note": "x"})
        session.define(DropColumn("things", "note"))
        session.insert("things", {"value": 2})
        assert {"value": "integer"} == session.types("things")
        session.define(RestoreColumn("things", "note"))
        assert ["x", None] == session.values("things", "note")
        session.define(DropColumn("things", "note", hard=True))
        with session.refused("unknown_column"):
            session.define(RestoreColumn("things", "note"))

    @needs("define")
    @pytest.mark.parametrize(("source", "value", "target", "expected"), _ALTERED)
    def test_a_type_changes_where_no_value_loses_anything(
        self, session: Session, source: str, value: Any, target: str, expected: Any
    ) -> None:
        """The values become those of the new type."""
        session.create("things", column("value", source))
        session.insert("things", {"value": value}, {"value": None})
        session.define(AlterColumn("things", "value", type=ColumnType.parse(target)))
        assert str(ColumnType.parse(target)) == str(session.table("things").column("value").type)
        found = session.values("things", "value")
        assert [expected, None] == found
        assert type(expected) is type(found[0])

    @needs("define")
    @pytest.mark.parametrize(("source", "value", "target"), _LOSSY)
    def test_a_type_does_not_change_where_a_value_would_lose(
        self, session: Session, source: str, value: Any, target: str
    ) -> None:
        """The change is refused as a whole."""
        session.create("things", column("value", source))
        session.insert("things", {"value": None}, {"value": value})
        with session.refused("type_conflict"):
            session.define(AlterColumn("things", "value", type=ColumnType.parse(target)))

    @needs("define")
    def test_a_column_can_be_made_mandatory_once_it_is_full(self, session: Session) -> None:
        """Rows without a value stand in the way."""
        session.insert("things", {"value": 1}, {"value": None})
        with session.refused("not_null_violation"):
            session.define(AlterColumn("things", "value", not_null=True))
        session.delete("things", where("value", "is", None))
        session.define(AlterColumn("things", "value", not_null=True, default=7))
        session.insert("things", {})
        assert [1, 7] == session.values("things", "value")
        session.define(AlterColumn("things", "value", drop_default=True))
        with session.refused("not_null_violation"):
            session.insert("things", {})

    @needs("define")
    def test_a_new_column_fills_old_rows_with_its_default(self, session: Session) -> None:
        """And needs one where it must have a value."""
        session.insert("things", {"value": 1})
        session.define(AddColumn("things", column("note", "text", default="none", not_null=True)))
        assert ["none"] == session.values("things", "note")
        with session.refused("not_null_violation"):
            session.define(AddColumn("things", column("other", "text", not_null=True)))

    @needs("define")
    def test_a_constraint_is_dropped_by_its_name(self, session: Session) -> None:
        """What it forbade is then allowed."""
        session.insert("things", {"value": 1})
        session.define(AddUniqueKey("things", UniqueKey("u", ("value",))), AddIndex("things", Index("i", ("value",))))
        with session.refused("unique_violation"):
            session.insert("things", {"value": 1})
        session.define(DropConstraint("things", "u"), DropConstraint("things", "i"))
        session.insert("things", {"value": 1})
        assert ((), ()) == (session.table("things").unique_keys, session.table("things").indexes)
        with session.refused("not_found"):
            session.define(DropConstraint("things", "u"))

    @needs("define")
    def test_tables_and_columns_are_copied(self, session: Session) -> None:
        """With their data or without; the copy goes its own way."""
        session.insert("things", {"value": 1})
        session.define(CopyTable("things", "copy"), CopyTable("things", "empty", data=False))
        session.define(CopyColumn("things", "value", "twin"), CopyColumn("things", "value", "void", data=False))
        session.update("things", {"value": 2}, every_row=True)
        assert ([1], []) == (session.values("copy", "value"), session.rows("empty"))
        assert [{"id": 1, "value": 2, "twin": 1, "void": None}] == session.rows("things")

    @needs("define")
    def test_a_database_records_the_plugins_it_needs(self, session: Session) -> None:
        """The record can be withdrawn."""
        session.define(RequirePlugin("auth"))
        assert {"auth"} == session.database.requires
        session.define(RequirePlugin("auth", required=False))
        assert set() == session.database.requires

    @needs("define")
    @pytest.mark.parametrize("change", _CHANGES, ids=lambda change: type(change).__name__)
    def test_the_catalog_version_changes_with_the_schema(self, session: Session, change: Any) -> None:
        """Every change of the catalog gives a version that was not there before."""
        session.insert("things", {"value": 1})
        before = session.catalog()
        session.define(change)
        after = session.catalog()
        assert before.tables != after.tables
        assert before.version != after.version

    @needs("define")
    def test_a_change_of_another_schema_than_expected_is_refused(self, session: Session) -> None:
        """Nothing is changed; where the version is one of those expected, it is."""
        session.insert("things", {"value": 1})
        before = session.catalog().version
        session.define(RenameColumn("things", "value", "worth"))
        now = session.catalog()
        with session.refused("precondition_failed"):
            session.execute(Define((DropColumn("things", "worth"),), expected=(before,)))
        assert now == session.catalog()
        session.execute(Define((DropColumn("things", "worth"),), expected=(before, now.version)))
        assert {} == session.types("things")

    @needs("define")
    def test_a_select_made_of_another_catalog_is_refused(self, session: Session) -> None:
        """Also where it would find the same rows; made of the present one it is answered."""
        session.insert("things", {"value": 1})
        bound = Select("things", bound=session.catalog().version)
        assert 1 == len(session.execute(bound).rows)
        session.define(AddColumn("things", column("extra", "text")))
        with session.refused("catalog_changed"):
            session.execute(bound)
        assert 1 == len(session.execute(Select("things", bound=session.catalog().version)).rows)

    def test_a_catalog_that_was_seen_lately_is_the_present_one_or_older(self, session: Session) -> None:
        """A storage may know none; one that it knows is the present one as long as the schema stays."""
        session.insert("things", {"value": 1})
        present = session.catalog()
        session.rows("things")
        assert session.database.recent_catalog(session.ref) in (None, present)

    def test_the_catalog_version_stays_while_only_rows_change(self, session: Session) -> None:
        """So that plans made for it stay valid; a new or wider column changes it."""
        session.insert("things", {"value": 1})
        before = session.catalog()
        session.insert("things", {"value": 2})
        session.update("things", {"value": 3}, every_row=True)
        session.delete("things", every_row=True)
        assert before == session.catalog()
        session.insert("things", {"value": 1.5})
        widened = session.catalog().version
        session.insert("things", {"other": 1})
        assert 3 == len({before.version, widened, session.catalog().version})

    @needs("define")
    @pytest.mark.parametrize("described", [(Column("", ColumnType("text")),), (Column("_x", ColumnType("text")),)])
    def test_a_table_with_impossible_columns_is_refused(self, session: Session, described: tuple[Column, ...]) -> None:
        """Nothing is made."""
        with session.refused("invalid_name"):
            session.create("things", *described)

    @needs("define", "checks")
    def test_a_check_holds_for_every_row(self, session: Session) -> None:
        """For those there when it is added, and for those that come; unknown is no violation."""
        adult = CheckConstraint("adult", where("age", "gte", 18))
        session.insert("people", {"age": 36}, {"age": None})
        session.define(AddCheck("people", adult))
        with session.refused("check_violation"):
            session.insert("people", {"age": 17})
        with session.refused("check_violation"):
            session.update("people", {"age": 17}, where("id", "eq", 1))
        session.define(DropConstraint("people", "adult"))
        session.insert("people", {"age": 17})
        with session.refused("check_violation"):
            session.define(AddCheck("people", adult))
