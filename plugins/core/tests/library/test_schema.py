"""Tables are described and changed by methods; each change is one commit."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

import synthdb
from synthdb import ForeignKey, col, column
from synthdb_host.catalog import Column, ColumnType
from synthdb_host.errors import (
    CheckViolation,
    Conflict,
    DuplicateName,
    InvalidParameter,
    InvalidValue,
    NotNullViolation,
    SchemaLocked,
    UnknownColumn,
    UnknownTable,
)


def types(db: synthdb.Connection, table: str) -> dict[str, str]:
    """Give the types of a table's columns."""
    return {item.name: str(item.type) for item in db.list_columns(table)}


def test_a_column_is_described_by_a_type_a_class_or_an_example(db: synthdb.Connection) -> None:
    """Whatever is at hand."""
    db.create_table("t", {"a": "decimal(6,2)", "b": int, "c": ColumnType("uuid"), "d": column("text", not_null=True)})
    db.add_columns(
        "t",
        {
            "e": 1.5, "f": True, "g": date(2013, 1, 31), "h": datetime(2013, 1, 31, tzinfo=UTC), "i": Decimal("1.50"),
            "j": {"a": 1}, "k": b"x", "l": UUID(int=1), "m": datetime, "n": list,
        },
    )  # fmt: skip

    assert {
        "id": "integer", "a": "decimal(6,2)", "b": "integer", "c": "uuid", "d": "text", "e": "real", "f": "boolean",
        "g": "date", "h": "timestamp", "i": "decimal(14,2)", "j": "json", "k": "bytes", "l": "uuid", "m": "timestamp",
        "n": "json",
    } == types(db, "t")  # fmt: skip
    inferred = {item.name for item in db.list_columns("t") if item.inferred}
    assert set("efghijkl") == inferred


@pytest.mark.parametrize("spec", ("intger", None, object, object()), ids=["typo", "None", "class", "object"])
def test_what_describes_no_column_is_refused(db: synthdb.Connection, spec: object) -> None:
    """A typo never becomes a text column."""
    with pytest.raises(InvalidValue):
        db.create_table("t", {"a": spec})
    assert ["people"] == db.list_tables()


def test_columns_without_types_are_refused(db: synthdb.Connection) -> None:
    """Names alone describe no column."""
    with pytest.raises(InvalidValue, match="dictionary of types by name, not a list"):
        db.create_table("t", ["a", "b"])  # type: ignore[arg-type]  # what an untyped caller may do
    assert ["people"] == db.list_tables()


def test_a_table_comes_with_its_rules(db: synthdb.Connection) -> None:
    """Key, unique and foreign keys, indexes, defaults and checks are part of one commit."""
    db.create_table(
        "tickets",
        {"code": "text", "person": "integer", "price": column("decimal(6,2)", default="1.50"), "seat": column("text")},
        key="code", unique=["seat", ("person", "price")], indexes=["price"], foreign_keys={"person": "people.id"},
        checks={"positive": col("price") > 0}, comment="who sits where",
    )  # fmt: skip

    table = db.describe("tickets")
    assert (("code",), "who sits where") == (table.key, table.comment)
    assert [("code",), ("seat",), ("person", "price")] == [key.columns for key in table.unique_keys]
    assert ["tickets_price_idx"] == [index.name for index in table.indexes]
    assert [ForeignKey("tickets_person_fkey", ("person",), "people", ("id",))] == list(table.foreign_keys)
    db.insert("tickets", {"code": "a", "person": 1})
    assert Decimal("1.50") == (db.get("tickets", "a") or {})["price"]
    with pytest.raises(CheckViolation):
        db.insert("tickets", {"code": "b", "price": 0})


def test_rules_can_be_added_and_removed(db: synthdb.Connection) -> None:
    """By their names, which are the conventional ones unless given."""
    db.add_index("people", ["city", "name"])
    db.add_unique("people", "name", name="one_name")
    db.add_check("people", "born_late", col("born") > 1000)
    db.insert("towns", {"name": "Arlington"})
    db.add_unique("towns", "name")
    db.update("people", {"city": "Arlington"}, every_row=True)
    db.add_foreign_key("people", "city", "towns(name)", on_delete="set_null")

    table = db.describe("people")
    assert ["people_city_name_idx"] == [index.name for index in table.indexes]
    assert ["one_name"] == [key.name for key in table.unique_keys]
    assert ["born_late"] == [check.name for check in table.checks]
    assert [("people_city_fkey", "set_null")] == [(key.name, key.on_delete) for key in table.foreign_keys]
    for name in ("people_city_name_idx", "one_name", "born_late", "people_city_fkey"):
        db.drop_constraint("people", name)
    table = db.describe("people")
    assert () == table.indexes + table.unique_keys + table.checks + table.foreign_keys


def test_tables_and_columns_are_renamed_copied_dropped_and_restored(db: synthdb.Connection) -> None:
    """Values follow."""
    db.rename_table("people", "persons")
    db.rename_column("persons", "born", "year")
    db.copy_column("persons", "year", "same")
    db.copy_column("persons", "year", "empty", data=False)
    db.copy_table("persons", "twin")
    db.copy_table("persons", "shape", data=False)

    assert ["persons", "shape", "twin"] == db.list_tables()
    assert (3, 0) == (db.count("twin"), db.count("shape"))
    assert {"year": 1815, "same": 1815, "empty": None} == db.query("twin", {"name": "Ada"}, ["year", "same", "empty"])[
        0
    ]

    db.drop_column("twin", "year")
    db.drop_table("persons")
    db.drop_table("persons", if_exists=True)
    assert ["shape", "twin"] == db.list_tables()
    assert "year" not in types(db, "twin")
    db.restore_table("persons")
    db.restore_column("twin", "year")
    assert 1815 == db.query("twin", {"name": "Ada"})[0]["year"] == db.query("persons", {"name": "Ada"})[0]["year"]
    db.drop_table("shape", hard=True)
    with pytest.raises(UnknownTable):
        db.restore_table("shape")


def test_a_column_changes_only_without_loss(db: synthdb.Connection) -> None:
    """A type may widen, a rule may be added where every row keeps it."""
    db.alter_column("people", "born", column_type="real", default=1900)
    db.insert("people", {"name": "x"})

    assert 1900.0 == db.query("people", {"name": "x"})[0]["born"]
    with pytest.raises(Conflict):
        db.alter_column("people", "name", column_type="integer")
    with pytest.raises(NotNullViolation):
        db.alter_column("people", "city", not_null=True)


def test_the_mode_says_who_may_change_the_schema(db: synthdb.Connection) -> None:
    """Strict refuses columns made by writing, locked refuses all changes."""
    db.set_mode("people", "strict")
    with pytest.raises(UnknownColumn):
        db.insert("people", {"new": 1})
    db.add_columns("people", {"new": "integer"})
    db.set_mode("people", "locked")
    with pytest.raises(SchemaLocked):
        db.add_columns("people", {"newer": "integer"})


def test_a_name_is_taken_once(db: synthdb.Connection) -> None:
    """Unless the caller does not mind."""
    with pytest.raises(DuplicateName):
        db.create_table("people")
    db.create_table("people", if_not_exists=True)
    db.add_columns("people", {"name": "text"}, if_not_exists=True)

    assert 3 == db.count("people")


@pytest.mark.parametrize("reference", ("people", "people.", ".id", "people()", ""))
def test_a_reference_names_a_table_and_columns(db: synthdb.Connection, reference: str) -> None:
    """Anything else is refused with the two forms that are meant."""
    with pytest.raises(InvalidParameter, match=r"names no column"):
        db.add_foreign_key("people", "born", reference)


def test_a_column_record_can_be_reused() -> None:
    """``column`` leaves the name to the table."""
    assert Column("", ColumnType("integer"), not_null=True, default=0, has_default=True) == column(
        "integer", not_null=True, default=0
    )
