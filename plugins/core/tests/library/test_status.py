"""What has become of rows, columns and tables."""

import pytest

import synthdb
from synthdb_host.errors import NotFound


def test_the_status_of_a_row_says_since_when_and_by_whom(db: synthdb.Connection) -> None:
    """Deleted rows have one, too."""
    db.update("people", {"city": "London"}, {"id": 1})
    changed = db.row_status("people", 1)
    db.delete("people", {"id": 1})
    deleted = db.row_status("people", 1)

    assert ("live", "local", "local", 2) == (changed.state, changed.created_by, changed.changed_by, changed.versions)
    assert ("deleted", 3) == (deleted.state, deleted.versions)
    assert deleted.created_at == changed.created_at < changed.changed_at < deleted.changed_at
    assert ("live", 1) == (db.row_status("people", 2).state, db.row_status("people", 2).versions)
    with pytest.raises(NotFound):
        db.row_status("people", 99)


def test_dropped_tables_and_columns_are_listed_until_they_are_restored(db: synthdb.Connection) -> None:
    """Each branch has its own; what was dropped for good is not among them."""
    db.branches.create("dev")
    db.add_columns("people", {"note": "text"})
    db.drop_column("people", "city")
    db.drop_column("people", "note", hard=True)

    assert ["city"] == [column.name for column in db.list_columns("people", dropped=True)]
    assert [] == db.branch("dev").list_columns("people", dropped=True)
    db.restore_column("people", "city")
    assert [] == db.list_columns("people", dropped=True)
    db.drop_table("people")
    assert (["people"], []) == (db.list_tables(dropped=True), db.branch("dev").list_tables(dropped=True))
    db.restore_table("people")
    assert [] == db.list_tables(dropped=True)
