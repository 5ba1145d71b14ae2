"""Changes are taken out of one database and made in another, by key and without losing a digit."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import synthdb
from synthdb.library.changesets import Changeset, RowChange, TableChanges
from synthdb_host.errors import InvalidBody, MergeConflict
from synthdb_host.merge_reports import CombinedTable
from synthdb_host.operations import Ref
from synthdb_host.versions import Diff

if TYPE_CHECKING:
    from plugins.core.tests.conftest import Script

ADA, BOB = {"id": 1, "name": "Ada", "born": 1815}, {"id": 2, "name": "Bob", "born": None}
COLUMNS = {"id": "integer", "name": "text", "born": "integer"}


def people(*rows: RowChange) -> Changeset:
    """Make a changeset of people."""
    return Changeset("main", "dev", [TableChanges("people", ("id",), COLUMNS, list(rows))])


def test_a_changeset_is_the_same_after_writing_and_reading() -> None:
    """Numbers keep every digit."""
    price = Decimal("12345678901234567890.10")
    changes = Changeset("a", "b", [TableChanges("t", ("k",), {"k": "text"}, [RowChange(None, {"k": "x", "p": price})])])

    assert changes == Changeset.decode(changes.encode())
    assert b'"p":12345678901234567890.10' in changes.encode()


@pytest.mark.parametrize(
    "data", (b"", b"[]", b'{"base":"a"}', people().encode().replace(b'"changeset":1', b'"changeset":2'))
)
def test_what_is_no_changeset_is_refused(data: bytes) -> None:
    """Also one of a later form."""
    with pytest.raises(InvalidBody, match="changeset"):
        Changeset.decode(data)


def test_a_changeset_is_made_of_a_difference(scripted: synthdb.Connection, script: "Script") -> None:
    """With the columns of the table as it is then."""
    script.answer({"table": "people", "old": {"id": 1, "name": "Ada"}, "new": None})

    made = scripted.changeset("main", "dev", "people", three_dot=True)

    assert [Diff(Ref(), Ref("dev"), ("people",), True)] == script.asked
    rows = [RowChange({"id": 1, "name": "Ada"}, None)]
    assert Changeset("main", "dev", [TableChanges("people", ("id",), {"id": "integer", "name": "text"}, rows)]) == made


def test_changes_are_made_where_tables_and_columns_are_missing(tmp_path: Path) -> None:
    """As one commit."""
    with synthdb.connect(tmp_path / "a.db") as db:
        report = db.apply(people(RowChange(None, ADA), RowChange(None, BOB)).encode(), message="from elsewhere")

        assert {"people": CombinedTable(inserted=2)} == report.tables
        assert [ADA, BOB] == db.query("people")
        assert ("id",) == db.describe("people").key

        both = people(RowChange(BOB, None), RowChange(ADA, ADA | {"born": 1816}))
        assert {"people": CombinedTable(updated=1, deleted=1)} == db.apply(both).tables
        assert [ADA | {"born": 1816}] == db.query("people")

        wider = Changeset("a", "b", [TableChanges("people", ("id",), COLUMNS | {"x": "text"}, [RowChange(None, BOB)])])
        db.apply(wider)
        assert [None, None] == [row["x"] for row in db.query("people")]


def test_changes_that_are_there_already_are_passed_over(db: synthdb.Connection) -> None:
    """Applying twice does what applying once does."""
    before = db.query("people")
    born = {"id": 1, "born": 1815}
    changes = people(RowChange(born, born | {"born": 1816}), RowChange({"id": 9}, None), RowChange({"id": 2}, None))

    assert {"people": CombinedTable(updated=1, deleted=1)} == db.apply(changes, dry_run=True).tables
    assert before == db.query("people")
    db.apply(changes)
    after = db.query("people")
    assert {} == db.apply(changes).tables
    assert after == db.query("people")


@pytest.mark.parametrize(
    "change",
    (
        RowChange({"id": 1, "born": 1}, {"id": 1, "born": 2}),
        RowChange({"id": 9, "born": 1}, {"id": 9, "born": 2}),
        RowChange({"id": 1, "born": 1}, None),
        RowChange(None, {"id": 1, "name": "Eve"}),
    ),
    ids=["updated otherwise", "not there", "deleted but changed", "there already"],
)
def test_a_row_that_is_not_as_expected_stops_everything(db: synthdb.Connection, change: RowChange) -> None:
    """The error lists what was expected, what is there and what was to be."""
    before = db.query("people")
    changes = people(RowChange(None, {"id": 50, "name": "New"}), change)

    with pytest.raises(MergeConflict) as caught:
        db.apply(changes)

    (conflict,) = caught.value.conflicts
    assert (change.old, change.new) == (conflict.base, conflict.theirs)
    assert before == db.query("people")
    assert 1 == len(db.apply(changes, dry_run=True).conflicts)


def test_tables_that_refer_to_each_other_are_changed_in_the_right_order(db: synthdb.Connection) -> None:
    """Whatever the order in the changeset: new rows need what they refer to, deleted ones must not be needed."""
    db.create_table("pets", {"name": "text", "owner": "integer"}, foreign_keys={"owner": "people.id"})
    pets = {"id": "integer", "name": "text", "owner": "integer"}
    pet, owner = {"id": 1, "name": "Rex", "owner": 70}, {"id": 70, "name": "Zoe"}
    there = Changeset("a", "b", [
        TableChanges("pets", ("id",), pets, [RowChange(None, pet)]),
        TableChanges("people", ("id",), {"id": "integer", "name": "text"}, [RowChange(None, owner)]),
    ])  # fmt: skip
    back = Changeset("b", "a", [
        TableChanges("people", ("id",), {"id": "integer", "name": "text"}, [RowChange(owner, None)]),
        TableChanges("pets", ("id",), pets, [RowChange(pet, None)]),
    ])  # fmt: skip

    db.apply(there)
    assert 1 == db.count("pets")
    db.apply(back)
    assert 0 == db.count("pets")
