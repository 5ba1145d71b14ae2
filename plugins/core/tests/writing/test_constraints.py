"""Keys, references and checks: what holds after every write."""

from typing import Any

import pytest

from synthdb_host.catalog import CheckConstraint, Column, ColumnType, ForeignKey, OnDelete, UniqueKey
from synthdb_host.contracts import Restrictions, TableRestriction
from synthdb_host.errors import (
    CheckViolation,
    Conflict,
    Forbidden,
    ForeignKeyViolation,
    FullTableWrite,
    InvalidParameter,
    MaxAffectedExceeded,
    UniqueViolation,
    UnknownRelation,
)
from synthdb_host.operations import (
    AddCheck,
    AddForeignKey,
    Batch,
    ColumnRef,
    Comparison,
    CreateTable,
    Delete,
    DropConstraint,
    DropTable,
    Insert,
    OnConflict,
    RenameColumn,
    Update,
)


def eq(column: str, value: object) -> Comparison:
    return Comparison(ColumnRef(column), "eq", value)


def make(ask: Any, on_delete: OnDelete) -> None:
    integer = ColumnType("integer")
    ask.define(
        CreateTable("parents", (Column("id", integer), Column("name", ColumnType("text"))), key=("id",)),
        CreateTable(
            "children",
            (Column("parent", integer), Column("n", integer)),
            foreign_keys=(ForeignKey("of", ("parent",), "parents", ("id",), on_delete),),
        ),
    )
    ask.insert("parents", {"id": 1, "name": "a"}, {"id": 2, "name": "b"})
    ask.insert("children", {"parent": 1, "n": 1}, {"parent": 1, "n": 2}, {"parent": 2, "n": 3}, {"n": 4})


def test_a_reference_to_nothing_is_refused(ask: Any) -> None:
    """On insert and on update, in the batch that writes both it is enough that the parent is written first."""
    make(ask, "no_action")

    with pytest.raises(ForeignKeyViolation):
        ask.insert("children", {"parent": 9})
    with pytest.raises(ForeignKeyViolation):
        ask(Update("children", {"parent": 9}, eq("n", 1)))
    ask(Batch((Insert.of("parents", [{"id": 9}]), Insert.of("children", [{"parent": 9}]))))


@pytest.mark.parametrize("action", ["no_action", "restrict"])
def test_a_row_that_is_referred_to_stays(ask: Any, action: OnDelete) -> None:
    """Deleting it is an error that names the table that refers to it."""
    make(ask, action)

    with pytest.raises(ForeignKeyViolation, match="children"):
        ask(Delete("parents", eq("id", 1)))

    assert 4 == len(ask.rows("children"))


def test_cascade_deletes_and_keeps_the_history_of_both(ask: Any) -> None:
    """What is deleted by a reference is in the history like what is deleted by hand."""
    make(ask, "cascade")
    ask(Delete("parents", eq("id", 1)))

    assert [3, 4] == [row["n"] for row in ask.rows("children")]
    assert [(1, "d"), (2, "d")] == ask.file("SELECT n, _op FROM _h_children ORDER BY n")


def test_set_null_updates_and_keeps_the_history(ask: Any) -> None:
    """The reference is emptied, the row stays."""
    make(ask, "set_null")
    ask(Delete("parents", eq("id", 1)))

    assert [None, None, 2, None] == [row["parent"] for row in ask.rows("children")]
    assert [(1, "u"), (2, "u")] == ask.file("SELECT n, _op FROM _h_children ORDER BY n")


def test_a_tree_cascades_to_its_leaves(ask: Any) -> None:
    """A table that refers to itself."""
    ask.insert("nodes", {"id": 1, "up": None}, {"id": 2, "up": 1}, {"id": 3, "up": 2}, {"id": 4, "up": None})
    ask.define(AddForeignKey("nodes", ForeignKey("tree", ("up",), "nodes", ("id",), "cascade")))
    ask(Delete("nodes", eq("id", 1)))

    assert [4] == [row["id"] for row in ask.rows("nodes")]


def test_a_foreign_key_checks_the_rows_that_exist(ask: Any) -> None:
    """It cannot be added over a broken reference, nor to columns that are not unique."""
    ask.insert("a", {"b": 7})
    ask.insert("b", {"n": 1})

    with pytest.raises(ForeignKeyViolation):
        ask.define(AddForeignKey("a", ForeignKey("to_b", ("b",), "b", ("id",))))
    with pytest.raises(UnknownRelation, match="not unique"):
        ask.define(AddForeignKey("a", ForeignKey("to_b", ("b",), "b", ("n",))))


def test_a_table_that_is_referred_to_cannot_be_dropped(ask: Any) -> None:
    """Until the foreign key is."""
    make(ask, "no_action")

    with pytest.raises(Conflict):
        ask.define(DropTable("parents"))
    ask.define(DropConstraint("children", "of"), DropTable("parents"))


def test_a_text_key_is_unique_and_its_table_has_an_identity_too(ask: Any) -> None:
    """The declared key names rows, the identity knows them."""
    text = ColumnType("text")
    ask.define(CreateTable("airlines", (Column("code", text), Column("name", text)), key=("code",)))
    result = ask.insert("airlines", {"code": "AA", "name": "American"})

    assert ((("AA",),), ("code",), "id") == (
        result.keys,
        ask.table("airlines").key,
        ask.table("airlines").identity,
    )
    with pytest.raises(UniqueViolation):
        ask.insert("airlines", {"code": "AA"})


def test_composite_keys_conflict_as_a_whole(ask: Any) -> None:
    """An upsert on two columns updates the row with both."""
    ask.define(
        CreateTable(
            "t",
            tuple(Column(name, ColumnType("integer")) for name in "abn"),
            unique_keys=(UniqueKey("ab", ("a", "b")),),
        )
    )
    ask.insert("t", {"a": 1, "b": 1, "n": 1})
    result = ask(Insert.of("t", [{"a": 1, "b": 1, "n": 2}, {"a": 1, "b": 2, "n": 3}], OnConflict(("a", "b"))))

    assert (2, 1) == (result.affected, result.inserted)
    assert [2, 3] == [row["n"] for row in ask.rows("t")]


def test_an_upsert_needs_a_unique_key_and_distinct_rows(ask: Any) -> None:
    """Both mistakes are told, and nothing is written."""
    ask.insert("t", {"a": 1})

    with pytest.raises(InvalidParameter, match="no unique key"):
        ask(Insert.of("t", [{"a": 1}], OnConflict(("a",))))
    with pytest.raises(UniqueViolation, match="Two rows"):
        ask(Insert.of("t", [{"id": 5}, {"id": 5}], OnConflict()))


def test_an_ignored_conflict_keeps_the_first(ask: Any) -> None:
    """Rows that exist are left alone, of two new ones with the same key the first counts."""
    ask.insert("t", {"id": 1, "a": 1})
    result = ask(
        Insert.of("t", [{"id": 1, "a": 2}, {"id": 2, "a": 3}, {"id": 2, "a": 4}], OnConflict(resolution="ignore"))
    )

    assert (1, 1) == (result.affected, result.inserted)
    assert [1, 3] == [row["a"] for row in ask.rows("t")]


def test_checks_hold_for_every_write_and_follow_renames(ask: Any) -> None:
    """Unknown passes, as in SQL."""
    ask.insert("t", {"age": 5}, {"age": None})
    with pytest.raises(CheckViolation):
        ask.define(AddCheck("t", CheckConstraint("grown", Comparison(ColumnRef("age"), "gte", 18))))
    ask.define(AddCheck("t", CheckConstraint("positive", Comparison(ColumnRef("age"), "gt", 0))))
    ask.define(RenameColumn("t", "age", "years"))

    with pytest.raises(CheckViolation):
        ask.insert("t", {"years": 0})
    with pytest.raises(CheckViolation):
        ask(Update("t", {"years": -1}, eq("id", 1)))
    ask(Update("t", {"years": None}, eq("id", 1)))


def test_an_identity_never_changes(ask: Any) -> None:
    """Setting it to what it is already is harmless."""
    ask.insert("t", {"a": 1})
    ask(Update("t", {"id": 1, "a": 2}, eq("id", 1)))

    with pytest.raises(Conflict):
        ask(Update("t", {"id": 2}, eq("id", 1)))


def test_unfiltered_writes_and_writes_over_the_limit_change_nothing(ask: Any) -> None:
    """The caller must say that every row is meant, and how many at most."""
    ask.insert("t", {"a": 1}, {"a": 2})

    with pytest.raises(FullTableWrite):
        ask(Delete("t"))
    with pytest.raises(MaxAffectedExceeded):
        ask(Update("t", {"a": 0}, every_row=True, max_affected=1))

    assert [1, 2] == [row["a"] for row in ask.rows("t")]


def test_policies_bound_what_is_touched_and_what_is_written(ask: Any) -> None:
    """Rows out of sight are neither changed nor merged into; rows out of bounds are not written."""
    ask.insert("t", {"id": 1, "owner": "ada"}, {"id": 2, "owner": "bob"})
    mine = Restrictions({"t": TableRestriction(eq("owner", "ada"), eq("owner", "ada"))})

    assert 1 == ask(Update("t", {"n": 1}, every_row=True), mine).affected
    assert 0 == ask(Delete("t", eq("id", 2)), mine).affected
    with pytest.raises(Forbidden):
        ask(Insert.of("t", [{"owner": "bob"}]), mine)
    with pytest.raises(Forbidden):
        ask(Update("t", {"owner": "bob"}, eq("id", 1)), mine)
    with pytest.raises(Forbidden):
        ask(Insert.of("t", [{"id": 2, "owner": "ada"}], OnConflict()), mine)
    assert ["ada", "bob"] == [row["owner"] for row in ask.rows("t")]
