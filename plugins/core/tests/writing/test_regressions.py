"""Promises of the write path that were once broken."""

import sqlite3
import threading
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from synthdb.engine import columns
from synthdb_host.catalog import CheckConstraint, Column, ColumnType, ForeignKey, OnDelete, UniqueKey
from synthdb_host.contracts import (
    UNRESTRICTED,
    Context,
    Principal,
    Restrictions,
    TableRestriction,
)
from synthdb_host.errors import (
    CheckViolation,
    Conflict,
    ForeignKeyViolation,
    InvalidValue,
    LossyValue,
    NotNullViolation,
    TooManyColumns,
    TypeConflict,
    UniqueViolation,
    UnknownColumn,
    UnknownRelation,
)
from synthdb_host.operations import (
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddUniqueKey,
    AlterColumn,
    Batch,
    ColumnRef,
    Comparison,
    CreateTable,
    Define,
    Delete,
    DropColumn,
    DropTable,
    Filter,
    Insert,
    Not,
    OnConflict,
    Operation,
    RestoreColumn,
    RestoreTable,
    SetMode,
    Update,
)
from synthdb_host.stepping import run

CONTEXT = Context(Principal("tester"))
INTEGER, TEXT = ColumnType("integer"), ColumnType("text")


def equals(column: str, value: object) -> Filter:
    return Comparison(ColumnRef(column), "eq", value)


def together(ask: Any, *operations: Operation) -> None:
    """Run operations as one interactive transaction."""
    transaction = run(ask.database.begin(CONTEXT))
    for operation in operations:
        run(transaction.execute(operation, UNRESTRICTED, CONTEXT))
    run(transaction.commit())


def as_batch(ask: Any, *operations: Operation) -> None:
    ask(Batch(operations))


def family(ask: Any, on_delete: OnDelete = "no_action", **table: Any) -> None:
    """Make parents with a unique number and children that refer to it, one of each."""
    key = ForeignKey("parent", ("parent",), "parents", ("number",), on_delete)
    ask.define(
        CreateTable("parents", (Column("number", INTEGER),), unique_keys=(UniqueKey("numbers", ("number",)),)),
        CreateTable("children", (Column("parent", INTEGER),), foreign_keys=(key,), **table),
    )
    ask.insert("parents", {"number": 5})
    ask.insert("children", {"parent": 5})


# -- transactions ----------------------------------------------------------------------------------------


def test_a_write_after_a_transaction_is_the_next_commit(ask: Any) -> None:
    """The commit ids go on where the transaction left them."""
    ask.insert("t", {"a": 1})
    together(ask, Insert.of("t", [{"a": 2}]))

    assert ask.insert("t", {"a": 3}).commit == "3"
    assert ask.file("SELECT id FROM _tx") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("at_once", [together, as_batch])
def test_a_write_behind_a_schema_change_of_its_own_commit_knows_the_change(
    ask: Any, at_once: Callable[..., None]
) -> None:
    """A statement that was prepared between two schema changes of one commit is not used after the second."""
    at_once(
        ask,
        Define((CreateTable("t", (Column("a", INTEGER),)),)),
        Insert.of("t", [{"a": 1}]),
        Define((AlterColumn("t", "a", type=TEXT), AddColumn("t", Column("b", INTEGER, default=7)))),
        Insert.of("t", [{"a": "x"}]),
        Update("t", {"a": "y"}, where=equals("id", 1)),
    )
    ask.insert("t", {"a": "z"})

    assert [("y", 7), ("x", 7), ("z", 7)] == [(row["a"], row["b"]) for row in ask.rows("t")]


def test_a_row_that_is_updated_and_deleted_at_once_is_deleted_in_the_history(ask: Any) -> None:
    """What a commit did to a row is what it did in the end; rows that it only updated are updated."""
    ask.insert("t", {"a": 1}, {"a": 1})
    as_batch(ask, Update("t", {"a": 2}, every_row=True), Delete("t", where=equals("id", 1)))
    assert ask.file("SELECT id, a, _from, _to, _op FROM _h_t ORDER BY id") == [(1, 1, 1, 2, "d"), (2, 1, 1, 2, "u")]


class Interrupting(list[Any]):
    """Rows during which the user presses Ctrl-C."""

    def __iter__(self) -> Any:
        raise KeyboardInterrupt


def test_an_interrupt_in_the_middle_of_a_write_leaves_the_file_unlocked(ask: Any) -> None:
    """Nothing of it is written, and other processes and this one can write at once."""
    ask.insert("t", {"a": 1})
    with pytest.raises(KeyboardInterrupt):
        ask(Insert("t", ("a",), Interrupting([(2,)])))

    other = sqlite3.connect(ask.path, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    other.close()
    ask.insert("t", {"a": 3})
    assert [1, 3] == [row["a"] for row in ask.rows("t")]


# -- defaults --------------------------------------------------------------------------------------------


def test_a_default_that_was_dropped_is_not_given_any_more(ask: Any) -> None:
    """Nor does a column take its default while it is dropped."""
    ask.insert("t", {"a": 1})
    ask.define(AddColumn("t", Column("b", INTEGER, default=5)), AddColumn("t", Column("c", INTEGER, default=6)))
    ask.define(AlterColumn("t", "b", drop_default=True), DropColumn("t", "c"))
    ask.insert("t", {"a": 2})
    ask.define(RestoreColumn("t", "c"))

    assert [(1, 5, 6), (2, None, None)] == [(row["a"], row["b"], row["c"]) for row in ask.rows("t")]


def test_a_default_of_nothing_does_not_fill_a_column_that_must_have_a_value(ask: Any) -> None:
    """NULL as a default is no value."""
    ask.define(CreateTable("t", (Column("a", TEXT, not_null=True, has_default=True), Column("b", TEXT))))
    with pytest.raises(NotNullViolation):
        ask.insert("t", {"b": "x"})


@pytest.mark.parametrize("text", ["2020-01-01T00:00:00Z", "2020-01-01", "00000000-0000-0000-0000-000000000001"])
def test_text_that_looks_like_another_type_can_be_a_default_and_stand_in_a_check(ask: Any, text: str) -> None:
    """It stays the text that it is."""
    ask.define(
        CreateTable("t", (Column("a", TEXT, default=text), Column("b", INTEGER))),
        AddCheck("t", CheckConstraint("same", Comparison(ColumnRef("a"), "eq", text))),
    )
    ask.insert("t", {"b": 1})
    assert ask.rows("t") == [{"id": 1, "a": text, "b": 1}]
    with pytest.raises(CheckViolation):
        ask.insert("t", {"a": "other"})


# -- names -----------------------------------------------------------------------------------------------


def test_a_name_in_decomposed_unicode_means_the_column_that_is_there(ask: Any) -> None:
    """Inserts, upserts and updates take NFD for the NFC that is stored, and refuse both at once."""
    composed, decomposed = "é", unicodedata.normalize("NFD", "é")
    ask.insert("t", {"id": 1, decomposed: 1})
    ask.insert("t", {decomposed: 2})
    ask(Insert.of("t", [{"id": 1, decomposed: 3}], OnConflict(update=(decomposed,))))
    ask(Update("t", {decomposed: 4}, where=equals("id", 2)))

    assert [3, 4] == [row[composed] for row in ask.rows("t")]
    with pytest.raises(InvalidValue):
        ask(Update("t", {decomposed: 5, composed: 6}, every_row=True))


@pytest.mark.parametrize("name", ["Last, First", "a.b", 'quote"', "x" * 120, "ordinateur portable é"])
def test_a_violated_unique_key_names_its_columns_whatever_they_are_called(ask: Any, name: str) -> None:
    """Commas, dots, quotes and long names are no trouble."""
    ask.define(
        CreateTable("t.a, b", (Column("a", INTEGER), Column(name, TEXT)), unique_keys=(UniqueKey("k", ("a", name)),))
    )
    ask.insert("t.a, b", {"a": 1, name: "x"})
    with pytest.raises(UniqueViolation) as caught:
        ask.insert("t.a, b", {"a": 1, name: "x"})
    assert caught.value.data == {"table": "t.a, b", "columns": ["a", name]}


def test_a_missing_column_and_a_hidden_one_look_the_same(ask: Any) -> None:
    """The hint lists what the caller may know."""
    ask.insert("t", {"a": 1, "secret": 2})
    ask.define(SetMode("t", "strict"))
    limited = Restrictions({"t": TableRestriction(hidden=frozenset({"secret"}))})

    for name in ("secret", "nowhere"):
        with pytest.raises(UnknownColumn) as caught:
            ask(Insert.of("t", [{name: 1}]), limited)
        assert caught.value.hint == "Its columns are id, a."


# -- identities and upserts ------------------------------------------------------------------------------


def test_the_highest_identity_leaves_a_counter_that_says_that_it_is_used_up(ask: Any) -> None:
    """The rows that are there stay, rows with an identity of their own can be written, and the file is sound."""
    ask.insert("t", {"id": 2**63 - 3, "a": 1})
    assert ask.insert("t", {"a": 2}).keys == ((2**63 - 2,),)
    for _ in range(2):
        with pytest.raises(Conflict):
            ask.insert("t", {"a": 3})
    ask.insert("t", {"id": 2**63 - 1, "a": 4}, {"id": -(2**63), "a": 5})

    assert [5, 1, 2, 4] == [row["a"] for row in ask.rows("t")]
    assert ask.file("SELECT typeof(next_id) FROM _table") == [("integer",)]


def test_an_upsert_that_updates_no_column_changes_nothing(ask: Any) -> None:
    """An empty list of columns is not the absence of a list."""
    ask.insert("t", {"id": 1, "a": 1})
    assert ask(Insert.of("t", [{"id": 1, "a": 2}], OnConflict(update=()))).commit is None
    assert ask.rows("t") == [{"id": 1, "a": 1}]


def test_a_check_goes_on_meaning_what_it_meant(ask: Any) -> None:
    """A column that it compares becomes wider among numbers, but never text, where 10 comes before 3."""
    ask.insert("t", {"a": 10})
    ask.define(AddCheck("t", CheckConstraint("more", Comparison(ColumnRef("a"), "gt", 3))))
    ask.insert("t", {"a": 3.5})
    ask.insert("t", {"a": Decimal("3.250")})
    for value in ("x", {"b": 1}):
        with pytest.raises(TypeConflict):
            ask.insert("t", {"a": value})
    with pytest.raises(CheckViolation):
        ask.insert("t", {"a": Decimal("2.999")})
    with pytest.raises(TypeConflict):
        ask.define(AlterColumn("t", "a", type=TEXT))
    assert [10, Decimal("3.5"), Decimal("3.25")] == [row["a"] for row in ask.rows("t")]


# -- references ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["cascade", "set_null", "no_action", "restrict"])
def test_changing_a_value_that_is_referred_to_never_does_what_a_deletion_does(ask: Any, action: OnDelete) -> None:
    """The rows that refer to it forbid the change, whatever is to happen when it is deleted."""
    family(ask, action)
    with pytest.raises(ForeignKeyViolation):
        ask(Update("parents", {"number": 6}, every_row=True))
    assert [5] == [row["parent"] for row in ask.rows("children")]


def test_a_deletion_follows_a_long_chain_to_its_end(ask: Any) -> None:
    """Each row refers to the one before it."""
    key = ForeignKey("before", ("before",), "t", ("id",), "cascade")
    ask.define(CreateTable("t", (Column("id", INTEGER), Column("before", INTEGER)), ("id",), foreign_keys=(key,)))
    ask.insert("t", *({"id": number, "before": number - 1 or None} for number in range(1, 1500)))

    ask(Delete("t", where=equals("id", 1)))
    assert ask.rows("t") == []


def test_a_row_that_goes_by_another_way_does_not_forbid_a_deletion(ask: Any) -> None:
    """Where no action is wanted, what counts is what refers to nothing in the end."""
    ask.define(
        CreateTable("a", (Column("x", INTEGER),)),
        CreateTable(
            "b",
            (Column("watching", INTEGER), Column("owner", INTEGER)),
            foreign_keys=(
                ForeignKey("watching", ("watching",), "a", ("id",)),
                ForeignKey("owner", ("owner",), "a", ("id",), "cascade"),
            ),
        ),
    )
    ask.insert("a", {"x": 1})
    ask.insert("b", {"watching": 1, "owner": 1})
    ask(Delete("a", every_row=True))
    assert ask.rows("b") == []


def test_an_emptied_reference_must_satisfy_the_checks(ask: Any) -> None:
    """The deletion is refused where the row that is left would break one."""
    present = CheckConstraint("present", Not(Comparison(ColumnRef("parent"), "is", None)))
    family(ask, "set_null", checks=(present,))
    with pytest.raises(CheckViolation):
        ask(Delete("parents", every_row=True))
    assert [5] == [row["parent"] for row in ask.rows("children")]


def test_a_reference_compares_values_that_are_stored_alike(ask: Any) -> None:
    """A decimal lies in the file scaled, so only the same decimal can refer to it."""
    ask.define(
        CreateTable(
            "prices", (Column("price", ColumnType("decimal", 10, 2)),), unique_keys=(UniqueKey("u", ("price",)),)
        ),
        CreateTable("offers", (Column("whole", INTEGER), Column("price", ColumnType("decimal", 10, 2)))),
    )
    with pytest.raises(UnknownRelation):
        ask.define(AddForeignKey("offers", ForeignKey("f", ("whole",), "prices", ("price",))))
    ask.define(AddForeignKey("offers", ForeignKey("f", ("price",), "prices", ("price",))))


@pytest.mark.parametrize(("table", "column"), [("parents", "number"), ("children", "parent")])
def test_columns_that_a_foreign_key_compares_keep_their_type(ask: Any, table: str, column: str) -> None:
    """Neither a wider value nor a change of the type parts the two."""
    ask.insert("parents", {"number": 5})
    ask.define(AddUniqueKey("parents", UniqueKey("numbers", ("number",))))
    ask.insert("children", {"parent": 5})
    ask.define(AddForeignKey("children", ForeignKey("f", ("parent",), "parents", ("number",))))

    with pytest.raises(LossyValue):
        ask.insert(table, {column: Decimal("1.250")})
    with pytest.raises(Conflict):
        ask.define(AlterColumn(table, column, type=TEXT))
    with pytest.raises(ForeignKeyViolation):
        ask(Delete("parents", every_row=True))


def test_a_table_comes_back_only_with_everything_that_it_refers_to(ask: Any) -> None:
    """Its parents may be dropped softly and restored, not removed, and its rows are checked again."""
    family(ask)
    ask.define(DropTable("children"))
    with pytest.raises(Conflict):
        ask.define(DropTable("parents", hard=True))
    with pytest.raises(Conflict):
        ask.define(DropColumn("parents", "number"))
    ask.define(DropTable("parents"))
    with pytest.raises(Conflict):
        ask.define(RestoreTable("children"))

    ask.define(RestoreTable("parents"))
    ask(Delete("parents", every_row=True))
    with pytest.raises(ForeignKeyViolation):
        ask.define(RestoreTable("children"))
    ask.insert("parents", {"number": 5})
    ask.define(RestoreTable("children"))
    assert [5] == [row["parent"] for row in ask.rows("children")]


# -- definitions -----------------------------------------------------------------------------------------


def test_unknown_modes_and_actions_are_invalid_values(ask: Any) -> None:
    """Nothing of the definition is kept."""
    mode: Any = "open"
    action: Any = "explode"
    with pytest.raises(InvalidValue):
        ask.define(CreateTable("t", (Column("a", TEXT),), mode=mode))
    with pytest.raises(InvalidValue):
        family(ask, action)
    assert run(ask.database.catalog()).tables == {}


def test_a_key_column_must_have_values_for_ever(ask: Any) -> None:
    """It cannot be made optional."""
    ask.define(CreateTable("t", (Column("a", TEXT), Column("b", TEXT)), key=("a", "b")))
    with pytest.raises(Conflict):
        ask.define(AlterColumn("t", "a", not_null=False))


def test_too_many_changes_of_type_are_told_before_the_file_is_full_of_columns(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each one keeps the column that was, and SQLite has room for so many; here for five, to be quick."""
    monkeypatch.setattr(columns, "PHYSICAL_COLUMNS", 5)
    ask.insert("t", {"a": 1, "b": 1})
    ask.insert("t", {"a": "x", "b": "x"})
    with pytest.raises(TooManyColumns):
        ask.insert("t", {"a": {"x": 1}})
    ask.insert("t", {"a": "y"})
    assert ask.types("t") == {"id": "integer", "a": "text", "b": "text"}


def test_a_read_never_meets_the_schema_of_another_moment(ask: Any) -> None:
    """While columns come and go in another thread, every read finds the columns that belong to its rows."""
    ask.insert("t", {"a": 1})
    done = threading.Event()

    def change() -> None:
        for number in range(40):
            ask.define(AddColumn("t", Column("b", INTEGER, default=number)))
            ask.define(DropColumn("t", "b", hard=True))
        done.set()

    thread = threading.Thread(target=change)
    thread.start()
    while not done.is_set():
        assert ask.rows("t")[0]["a"] == 1
    thread.join()
