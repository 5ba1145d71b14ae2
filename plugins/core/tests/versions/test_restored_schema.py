"""Merges and reverts that change columns, tables and types under rows that say nothing about it."""

from typing import Any

from synthdb_host.catalog import Column, ColumnType, UniqueKey
from synthdb_host.operations import (
    AddColumn,
    AddUniqueKey,
    AlterColumn,
    Change,
    CreateTable,
    Define,
    DropColumn,
    DropTable,
    RestoreColumn,
)
from synthdb_host.versions import HEAD, Merge, Ref, Resolve, Restore, Revert


def define(ask: Any, change: Change, ref: Ref = HEAD) -> str:
    commit: str = ask(Define((change,), ref=ref)).commit
    return commit


def found(ask: Any, operation: Any) -> list[tuple[str, Any, Any, str]]:
    conflicts = ask(operation).report.conflicts
    return [(item.kind, item.key, item.column, item.detail) for item in conflicts]


def test_a_row_written_without_a_column_gets_its_value_back_with_it(ask: Any) -> None:
    """It is the same row, and nothing was said about the column meanwhile."""
    ask.insert("things", {"size": 1, "name": "x"}, {"size": 2, "name": "y"})
    dropped = define(ask, DropColumn("things", "size"))
    ask.delete("things", 1)
    ask.insert("things", {"id": 1, "name": "z"}, {"id": 3, "name": "new"})
    ask(Revert(dropped))

    expected = [
        {"id": 1, "name": "z", "size": 1},
        {"id": 2, "name": "y", "size": 2},
        {"id": 3, "name": "new", "size": None},
    ]
    assert expected == ask.rows("things")


def test_a_row_written_without_a_required_column_is_in_conflict_when_it_comes_back(ask: Any) -> None:
    """There must be a value, and there is none."""
    define(ask, CreateTable("things", (Column("size", ColumnType("integer"), not_null=True),)))
    dropped = define(ask, DropColumn("things", "size"))
    ask.insert("things", {"id": 1})

    assert [("constraint", (1,), None, "size")] == found(ask, Revert(dropped))


def test_a_column_does_not_come_back_under_a_name_that_is_taken(ask: Any) -> None:
    """Two columns of one name are a conflict of the schema."""
    ask.insert("things", {"size": 1})
    dropped = define(ask, DropColumn("things", "size"))
    define(ask, AddColumn("things", Column("size", ColumnType("text"))))

    assert [("schema", None, "size", "name")] == found(ask, Revert(dropped))


def test_a_column_kept_for_a_constraint_does_not_come_back_under_a_name_that_is_taken(ask: Any) -> None:
    """Whoever keeps the constraint needs the column that the other side has dropped and made anew."""
    ask.insert("things", {"size": 1})
    dev = ask.branch("dev")
    define(ask, AddUniqueKey("things", UniqueKey("u", ("size",))))
    define(ask, DropColumn("things", "size"), dev)
    ask.insert("things", {"size": 2}, ref=dev)

    assert [("schema", None, None, "u")] == found(ask, Merge(dev))
    ask(Resolve(dev, "ours"))
    assert [("schema", None, "size", "name")] == found(ask, Merge(dev))


def test_a_new_table_that_one_side_has_dropped_is_in_conflict(ask: Any) -> None:
    """It is not dropped without a word on the branch that made it."""
    ask.insert("things", {"size": 1})
    dev = ask.branch("dev")
    made = define(ask, CreateTable("other", (Column("size", ColumnType("integer")),)), dev)
    ask(Restore(Ref(made)))
    define(ask, DropTable("other"))

    assert [("schema", None, None, "dropped")] == found(ask, Merge(Ref("main"), dev))


def test_a_type_that_later_values_do_not_fit_is_one_conflict(ask: Any) -> None:
    """However many values there are; to keep the wider type is to decide for ours."""
    ask.insert("things", {"size": 1})
    widened = define(ask, AlterColumn("things", "size", type=ColumnType("real")))
    ask.insert("things", {"size": 0.5}, {"size": 1.5})

    assert [("schema", None, "size", "type")] == found(ask, Revert(widened))
    ask(Resolve(Ref("main"), "ours"))
    assert [] == found(ask, Revert(widened))
    assert [1.0, 0.5, 1.5] == [row["size"] for row in ask.rows("things")]


def test_a_restored_column_has_no_value_in_rows_written_meanwhile(ask: Any) -> None:
    """Not even its default: nobody asked for one."""
    ask.insert("things", {"size": 1})
    define(ask, AddColumn("things", Column("note", ColumnType("text"), default="none", has_default=True)))
    define(ask, DropColumn("things", "note"))
    ask.insert("things", {"size": 2})
    define(ask, RestoreColumn("things", "note"))

    assert ["none", None] == [row["note"] for row in ask.rows("things")]


def test_the_default_that_theirs_gave_to_a_column_of_both_comes_with_it(ask: Any) -> None:
    """Rows that were there before have it there, and nothing here."""
    ask.insert("things", {"size": 1})
    dev = ask.branch("dev")
    ask.insert("things", {"note": "own"}, ref=dev)
    define(ask, AddColumn("things", Column("note", ColumnType("text"), default="none", has_default=True)))
    ask(Merge(Ref("main"), dev))

    assert [(1, "none"), (2, "own")] == [(row["id"], row["note"]) for row in ask.rows("things", dev)]
