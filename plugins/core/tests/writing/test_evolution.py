"""How a schema grows from the data, and how it is changed on purpose."""

from decimal import Decimal
from typing import Any

import pytest

from synthdb_host.catalog import Column, ColumnType, Index, UniqueKey
from synthdb_host.contracts import Restrictions
from synthdb_host.errors import (
    Conflict,
    DuplicateName,
    Forbidden,
    InvalidName,
    InvalidValue,
    LossyValue,
    NotNullViolation,
    SchemaLocked,
    TooManyColumns,
    TypeConflict,
    UnknownColumn,
    UnknownTable,
)
from synthdb_host.operations import (
    AddColumn,
    AddUniqueKey,
    AlterColumn,
    CopyColumn,
    CopyTable,
    CreateTable,
    DropColumn,
    DropTable,
    Insert,
    Literal,
    RenameColumn,
    RenameTable,
    RestoreColumn,
    RestoreTable,
    SetMode,
)


def column(name: str, declared: str = "text", **properties: Any) -> Column:
    return Column(name, ColumnType.parse(declared), **properties)


@pytest.mark.parametrize(
    ("first", "second", "declared", "expected"),
    [
        (1, 2.5, "real", [1.0, 2.5]),
        (2**53 + 1, 0.5, "decimal", [Decimal(2**53 + 1), Decimal("0.5")]),
        (1, "007", "text", ["1", "007"]),
        (True, 5, "text", ["true", "5"]),
        (1.5, Decimal("2.123456789012345678"), "decimal", [Decimal("1.5"), Decimal("2.123456789012345678")]),
        ("2020-01-01", "2020-01-01T10:00:00Z", "timestamp", None),
        (1, {"a": 1}, "json", [1, {"a": 1}]),
        (None, 3, "integer", [None, 3]),
        (2**63, 1, "decimal", [Decimal(2**63), Decimal(1)]),
        (5, "5", "integer", [5, 5]),
    ],
)
def test_an_inferred_column_widens_without_loss(
    ask: Any, first: object, second: object, declared: str, expected: list[object] | None
) -> None:
    """A column takes the narrowest type that holds both values, and keeps both exactly."""
    ask.insert("t", {"v": first})
    ask.insert("t", {"v": second})

    assert declared == ask.types("t")["v"].partition("(")[0]
    if expected is not None:
        assert expected == [row["v"] for row in ask.rows("t")]


def test_text_that_looks_like_a_number_stays_text(ask: Any) -> None:
    """A postal code keeps its zeros; digits after the point keep theirs as a decimal."""
    ask(Insert("t", ("zip", "price"), [(Literal("00501"), Literal("19.9900"))]))

    assert "text" == ask.types("t")["zip"]
    assert "decimal" == ask.types("t")["price"].partition("(")[0]
    assert [{"id": 1, "zip": "00501", "price": Decimal("19.9900")}] == ask.rows("t")


def test_a_declared_type_is_a_promise(ask: Any) -> None:
    """A flexible table widens what it inferred, never what was declared."""
    ask.define(CreateTable("t", (column("age", "integer"), column("price", "decimal(6,2)"))))

    with pytest.raises(InvalidValue, match="'abc' is not a value of type integer"):
        ask.insert("t", {"age": "abc"})
    with pytest.raises(LossyValue):
        ask.insert("t", {"price": "1.234"})


def test_a_widened_column_keeps_its_unique_key(ask: Any) -> None:
    """Widening moves the index with the column."""
    ask.insert("t", {"code": 1}, {"code": 2})
    ask.define(AddUniqueKey("t", UniqueKey("codes", ("code",))))
    ask.insert("t", {"code": "x"})

    with pytest.raises(Conflict) as caught:
        ask.insert("t", {"code": "1"})

    assert ["code"] == caught.value.data["columns"]


def test_a_column_named_id_is_the_identity_if_it_can_be(ask: Any) -> None:
    """Integers and uuids are identities; any other id is the user's, and the engine's is _id."""
    ask.insert("numbers", {"id": 7})
    ask.insert("uuids", {"id": "018f4e3c-0000-7000-8000-000000000000"})
    ask.insert("names", {"id": "ada"})

    assert ["id", "id", "_id"] == [ask.table(name).identity for name in ("numbers", "uuids", "names")]
    assert [{"_id": 1, "id": "ada"}] == ask.rows("names")


def test_uuid7_identities_are_made_in_order(ask: Any) -> None:
    """An engine uuid is of version 7 and is given to each row that brings none."""
    ask.define(CreateTable("t", (column("n", "integer"),), generated="uuid7"))
    ask.insert("t", {"n": 1})
    ask.insert("t", {"n": 2})

    ids = [row["id"] for row in ask.rows("t")]

    assert [7, 7] == [item.version for item in ids]
    assert 2 == len(set(ids))


def test_modes_say_who_may_change_the_schema(ask: Any) -> None:
    """Strict tables change by definition only, locked ones not at all."""
    ask.define(CreateTable("t", (column("a"),), mode="strict"))
    with pytest.raises(UnknownColumn):
        ask.insert("t", {"b": 1})
    ask.define(AddColumn("t", column("b")), SetMode("t", "locked"))
    with pytest.raises(SchemaLocked):
        ask.define(AddColumn("t", column("c")))
    with pytest.raises(SchemaLocked):
        ask.define(DropTable("t"))
    ask.insert("t", {"a": "still writable"})


def test_writing_defines_only_with_permission(ask: Any) -> None:
    """A caller who may not define gets an error, and nothing is made."""
    ask.insert("t", {"a": 1})

    with pytest.raises(Forbidden):
        ask(Insert.of("t", [{"b": 1}]), Restrictions(may_define=False))
    with pytest.raises(UnknownTable):
        ask(Insert.of("u", [{"b": 1}]), Restrictions(may_define=False))
    with pytest.raises(Forbidden):
        ask(Insert.of("t", [{"a": "text"}]), Restrictions(may_define=False))

    assert {"id": "integer", "a": "integer"} == ask.types("t")


@pytest.mark.parametrize("name", ["", "_x", "a\0b", " a", "x" * 129, "a\n"])
def test_names_that_no_one_could_use_are_refused(ask: Any, name: str) -> None:
    """Tables and columns have the same rules for names."""
    with pytest.raises(InvalidName):
        ask.insert("t", {name: 1})
    with pytest.raises(InvalidName):
        ask.define(CreateTable(name))


@pytest.mark.parametrize("name", ['a"b', "select", "größe", "日本語", "a b", "x" * 128, "sqlite_x", "a;drop", "rowid"])
def test_any_other_name_works(ask: Any, name: str) -> None:
    """Quotes, keywords and unicode are only characters."""
    ask.insert(name, {name: 1})
    ask.insert(name, {name: "two"})

    assert [{"id": 1, name: "1"}, {"id": 2, name: "two"}] == ask.rows(name)


def test_names_are_unique_in_any_case(ask: Any) -> None:
    """No storage could tell them apart later."""
    ask.insert("people", {"name": 1})

    with pytest.raises(DuplicateName):
        ask.define(CreateTable("People"))
    with pytest.raises(DuplicateName):
        ask.insert("people", {"Name": 1})


def test_too_many_columns_are_refused(ask: Any) -> None:
    """The error suggests a json column."""
    with pytest.raises(TooManyColumns) as caught:
        ask.insert("t", {f"c{number}": 1 for number in range(201)})

    assert "json" in str(caught.value.hint)


def test_a_new_column_gives_old_rows_its_default(ask: Any) -> None:
    """As PostgreSQL does; a NULL that is written stays NULL."""
    ask.insert("t", {"a": 1})
    ask.define(AddColumn("t", column("b", "integer", default=5, has_default=True)))
    ask.insert("t", {"a": 2})
    ask.insert("t", {"a": 3, "b": None})

    assert [5, 5, None] == [row["b"] for row in ask.rows("t")]


def test_renames_keep_data_and_constraints(ask: Any) -> None:
    """Only the catalog changes; the file keeps its physical names."""
    ask.define(CreateTable("t", (column("a", "integer"),), unique_keys=(UniqueKey("u", ("a",)),)))
    ask.insert("t", {"a": 1})
    ask.define(RenameColumn("t", "a", "b"), RenameTable("t", "s"))

    assert [{"id": 1, "b": 1}] == ask.rows("s")
    assert ("b",) == ask.table("s").unique_keys[0].columns
    with pytest.raises(Conflict, match="'s' with this b"):
        ask.insert("s", {"b": 1})
    assert [(1,)] == ask.file("SELECT a FROM t")


def test_dropped_columns_and_tables_come_back(ask: Any) -> None:
    """A soft drop hides, a restore brings the values back, a hard drop removes them from the file."""
    ask.insert("t", {"a": 1, "b": 2})
    ask.define(DropColumn("t", "b"), DropTable("t"))
    with pytest.raises(UnknownTable):
        ask.rows("t")
    ask.define(RestoreTable("t"), RestoreColumn("t", "b"))
    assert [{"id": 1, "a": 1, "b": 2}] == ask.rows("t")

    ask.define(DropColumn("t", "b", hard=True))
    assert [{"id": 1, "a": 1}] == ask.rows("t")
    assert ["id", "a", "_tx", "_created"] == [row[1] for row in ask.file("PRAGMA table_info(t)")]
    ask.define(DropTable("t", hard=True))
    assert [] == ask.file("SELECT name FROM sqlite_master WHERE name IN ('t', '_h_t')")


def test_a_name_can_be_used_again_after_a_drop(ask: Any) -> None:
    """A new column of the name of a dropped one starts empty, with a place of its own."""
    ask.insert("t", {"a": 1, "b": 2})
    ask.define(DropColumn("t", "b"))
    ask.insert("t", {"a": 2, "b": "text"})

    assert [None, "text"] == [row["b"] for row in ask.rows("t")]


def test_the_key_and_constrained_columns_cannot_be_dropped(ask: Any) -> None:
    """The error names what stands in the way."""
    ask.define(CreateTable("t", (column("k"), column("a")), key=("k",), indexes=(Index("by_a", ("a",)),)))

    with pytest.raises(Conflict, match="key"):
        ask.define(DropColumn("t", "k"))
    with pytest.raises(Conflict, match="by_a"):
        ask.define(DropColumn("t", "a"))


def test_a_type_changes_only_where_nothing_is_lost(ask: Any) -> None:
    """Narrowing works when every value fits, else nothing changes."""
    ask.insert("t", {"a": "1", "b": "x"}, {"a": "2", "b": "3"})
    ask.define(AlterColumn("t", "a", ColumnType("integer")))

    with pytest.raises(TypeConflict):
        ask.define(AlterColumn("t", "b", ColumnType("integer")))

    assert [{"id": 1, "a": 1, "b": "x"}, {"id": 2, "a": 2, "b": "3"}] == ask.rows("t")


def test_not_null_looks_at_the_rows_that_exist(ask: Any) -> None:
    """It can be set where every row has a value, and holds from then on."""
    ask.insert("t", {"a": 1, "b": None})

    with pytest.raises(NotNullViolation):
        ask.define(AlterColumn("t", "b", not_null=True))
    ask.define(AlterColumn("t", "a", not_null=True))
    with pytest.raises(NotNullViolation):
        ask.insert("t", {"b": 1})


def test_copies_have_the_same_rows(ask: Any) -> None:
    """A copied table keeps identities and counts on from there; a copied column keeps values."""
    ask.insert("t", {"a": 1}, {"a": 2.5})
    ask.define(CopyTable("t", "u"), CopyColumn("u", "a", "b"))
    ask.insert("u", {"a": 3})

    assert [
        {"id": 1, "a": 1.0, "b": 1.0},
        {"id": 2, "a": 2.5, "b": 2.5},
        {"id": 3, "a": 3.0, "b": None},
    ] == ask.rows("u")


def test_any_sqlite_tool_can_read_the_file(ask: Any) -> None:
    """A table is a plain table with plain columns of its own name."""
    ask.insert("people", {"name": "Ada", "born": "1815-12-10", "alive": False, "data": {"b": 1, "a": 2}})

    assert [("Ada", "1815-12-10", 0, '{"a":2,"b":1}')] == ask.file("SELECT name, born, alive, data FROM people")
