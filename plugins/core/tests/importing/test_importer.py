"""Files become tables: right types, nothing twice, nothing half, and every refusal names its record."""

import gzip
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

import synthdb
from synthdb.importing.importer import plan_import, run_import
from synthdb.importing.options import ImportOptions
from synthdb.importing.rejects import RejectList
from synthdb.importing.report import ImportReport
from synthdb.importing.writing import COMMIT_ROWS
from synthdb_host.catalog import ForeignKey
from synthdb_host.errors import (
    Conflict,
    DuplicateName,
    ForeignKeyViolation,
    InvalidBody,
    InvalidParameter,
    InvalidValue,
    UnknownColumn,
)

from .conftest import Write

Progress = Callable[[str, int, float], None]


class Stopped(Exception):
    """The importer was interrupted."""


def load(db: synthdb.Connection, *paths: Path, **options: object) -> ImportReport:
    """Import files with these options."""
    plan = plan_import(db, paths, ImportOptions(**options))  # type: ignore[arg-type] # as the test says
    return run_import(db, plan, RejectList())


def stop_after(records: int) -> Progress:
    """Interrupt when so many records are committed."""

    def progress(table: str, done: int, fraction: float) -> None:
        if done >= records:
            raise Stopped

    return progress


def test_every_type_arrives_as_its_python_value(db: synthdb.Connection, write: Write) -> None:
    """What a CSV file says is what the table holds."""
    path = write(
        "all.csv",
        "n,r,d,b,day,at,u,t,e\n"
        "1,0.5,1.50,true,2013-01-31,2013-01-31 10:00:00,6ba7b810-9dad-11d1-80b4-00c04fd430c8,007,\n"
        ",,,,,,,,\n",
    )

    load(db, path)

    first, second = db.query("all")
    assert {
        "id": 1, "n": 1, "r": 0.5, "d": Decimal("1.50"), "b": True, "day": date(2013, 1, 31),
        "at": datetime(2013, 1, 31, 10, tzinfo=UTC), "u": UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        "t": "007", "e": None,
    } == first  # fmt: skip
    assert {None} == {value for name, value in second.items() if name != "id"}


JSON_ROWS = [{"a": 1, "b": "x", "c": {"d": [1, None]}}, {"a": 2, "e": True}]
EXPECTED = [
    {"id": 1, "a": 1, "b": "x", "c": {"d": [1, None]}, "e": None},
    {"id": 2, "a": 2, "b": None, "c": None, "e": True},
]


@pytest.mark.parametrize(
    ("name", "content"),
    (
        ("rows.json", json.dumps(JSON_ROWS).encode()),
        ("rows.ndjson", b"\n".join(json.dumps(row).encode() for row in JSON_ROWS)),
        ("rows.jsonl.gz", gzip.compress(b"\n".join(json.dumps(row).encode() for row in JSON_ROWS))),
        ("some.json", json.dumps({"rows": JSON_ROWS}).encode()),
    ),
    ids=("array", "lines", "packed lines", "members"),
)
def test_json_in_every_wrapping_is_the_same_table(
    db: synthdb.Connection, write: Write, name: str, content: bytes
) -> None:
    """The table does not depend on how its rows were packed."""
    load(db, write(name, content))

    assert EXPECTED == db.query("rows")


def test_a_zip_archive_holds_a_table_per_file(db: synthdb.Connection, tmp_path: Path) -> None:
    """Folders, hidden files and unknown files in it are passed over."""
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/one.csv", "a\n1\n")
        archive.writestr("two.json", '[{"b": 2}]')
        archive.writestr("readme.md", "no data")
        archive.writestr("__MACOSX/._one.csv", b"\x00\x05")

    report = load(db, path)

    assert ["one", "two"] == [table.table for table in report.tables]
    assert [{"id": 1, "b": 2}] == db.query("two")


def test_a_column_of_different_ids_becomes_the_key(db: synthdb.Connection, write: Write) -> None:
    """The ids of a file stay the ids of its rows."""
    load(db, write("good.csv", "id,a\n7,x\n3,y\n"))

    assert {"id": 3, "a": "y"} == db.get("good", 3)
    assert ("id",) == db.describe("good").key


@pytest.mark.parametrize("text", ("id,a\n7,x\n7,y\n", "id,a\n7,x\n,y\n"), ids=["repeated", "missing"])
def test_ids_that_do_not_tell_rows_apart_make_room_for_the_key(db: synthdb.Connection, write: Write, text: str) -> None:
    """They keep their values under another name, and the report says so."""
    (table,) = load(db, write("bad.csv", text)).tables

    assert ["column 'id' is called 'id_2': it does not have a different value in every row"] == table.notes
    assert [1, 2] == [row["id"] for row in db.query("bad")]
    assert [7, 7 if "7,y" in text else None] == [row["id_2"] for row in db.query("bad")]


def test_options_choose_key_types_and_missing_values(db: synthdb.Connection, write: Write) -> None:
    """What is told wins over what is found."""
    path = write("a.csv", "code,n,t\nx,1,-\ny,2,NA\n")

    load(db, path, table="named", key=("code",), types={"n": "decimal(6,2)"}, nulls=frozenset({"-"}), mode="strict")

    assert ("code",) == db.describe("named").key
    assert "strict" == db.describe("named").mode
    assert [(Decimal("1.00"), None), (Decimal("2.00"), "NA")] == [(row["n"], row["t"]) for row in db.query("named")]


def test_a_relation_can_be_declared_between_files(db: synthdb.Connection, write: Write) -> None:
    """What it refers to is made unique where it is not."""
    relation = ("flights", ForeignKey("fk", ("carrier",), "airlines", ("carrier",)))

    report = load(
        db, write("flights.csv", "carrier\nUA\n"), write("airlines.csv", "carrier,name\nUA,United\n"),
        foreign_keys=(relation,),
    )  # fmt: skip

    assert ["(carrier) -> airlines(carrier)"] == report.tables[0].relations
    assert "United" == db.query("flights", embed="airlines")[0]["airlines"]["name"]


def test_a_relation_that_the_rows_break_is_refused_and_can_be_mended(db: synthdb.Connection, write: Write) -> None:
    """The rows stay; after the missing row is there, the same import finishes."""
    options = {"foreign_keys": (("flights", ForeignKey("fk", ("carrier",), "airlines", ("carrier",))),)}
    paths = write("flights.csv", "carrier\nUA\nAA\n"), write("airlines.csv", "carrier,name\nUA,United\n")

    with pytest.raises(ForeignKeyViolation, match="does not exist: AA") as refused:
        load(db, *paths, **options)
    assert "Add what is missing to 'airlines' and give the same command again" in str(refused.value.hint)
    db.insert("airlines", {"carrier": "AA", "name": "American"})
    report = load(db, *paths, **options)

    assert ["resumed", "resumed"] == [table.status for table in report.tables]
    assert (2, 2) == (db.count("flights"), db.count("airlines"))


def rows_of(count: int) -> str:
    """Give a CSV file of so many rows."""
    return "n,t\n" + "".join(f"{number},text {number % 7}\n" for number in range(count))


@pytest.mark.slow
@pytest.mark.parametrize("at", (1, COMMIT_ROWS, 2 * COMMIT_ROWS))
def test_an_interrupted_import_continues_and_doubles_nothing(db: synthdb.Connection, write: Write, at: int) -> None:
    """Wherever it was stopped, the second run gives exactly the rows of one whole run."""
    count = 3 * COMMIT_ROWS + 5
    path = write("big.csv", rows_of(count))
    plan = plan_import(db, [path], ImportOptions())

    with pytest.raises(Stopped):
        run_import(db, plan, RejectList(), stop_after(at))
    before = db.count("big")
    (table,) = load(db, path).tables

    assert 0 < before < count
    assert ("resumed", count) == (table.status, table.rows)
    assert list(range(count)) == [row["n"] for row in db.query("big", columns=["n"], order="n")]


def test_what_was_imported_is_not_imported_again(db: synthdb.Connection, write: Write) -> None:
    """The same command twice is the same as once."""
    path = write("a.csv", "n\n1\n2\n")

    load(db, path)
    (again,) = load(db, path).tables

    assert ("unchanged", 2) == (again.status, db.count("a"))


def test_a_restart_begins_again(db: synthdb.Connection, write: Write) -> None:
    """Whoever wants a fresh table from the same file says so."""
    path = write("a.csv", "n\n1\n2\n")
    load(db, path)
    db.delete("a", {"n": 1})

    load(db, path, restart=True)

    assert [1, 2] == [row["n"] for row in db.query("a")]


def test_rows_that_were_appended_cannot_be_appended_again_by_a_restart(db: synthdb.Connection, write: Write) -> None:
    """Doubling rows is never what a restart does."""
    load(db, write("a.csv", "n\n1\n"))
    more = write("b.csv", "n\n2\n")
    load(db, more, table="a", existing="append")

    with pytest.raises(Conflict):
        load(db, more, table="a", existing="append", restart=True)
    assert 2 == db.count("a")


def test_a_table_that_exists_is_left_alone_unless_told(db: synthdb.Connection, write: Write) -> None:
    """No import changes a table by accident."""
    load(db, write("a.csv", "n\n1\n"))
    changed = write("a.csv", "n,extra\n2,x\n")

    with pytest.raises(DuplicateName):
        load(db, changed)
    load(db, changed, existing="append")
    appended = db.query("a", columns=["n", "extra"])
    load(db, write("a.csv", "other\n3\n"), existing="replace")

    assert [{"n": 1, "extra": None}, {"n": 2, "extra": "x"}] == appended
    assert [{"id": 1, "other": 3}] == db.query("a")


def test_the_types_of_an_existing_table_hold(db: synthdb.Connection, write: Write) -> None:
    """A value that does not fit them is refused before anything is written, with its place."""
    db.create_table("a", {"n": "integer", "t": "text"})

    with pytest.raises(InvalidBody, match="line 3, column 'n'") as refused:
        load(db, write("a.csv", "n,t\n1,5\nx,6\n"), existing="append")
    load(db, write("b.csv", "n,t\n1,5\n"), table="a", existing="append")

    assert {"line": 3, "column": "n", "committed": 0} == {
        name: refused.value.data[name] for name in ("line", "column", "committed")
    }
    assert [{"id": 1, "n": 1, "t": "5"}] == db.query("a")


def test_wrong_records_stop_an_import_before_it_begins(db: synthdb.Connection, write: Write) -> None:
    """What can be known from reading is known before the first table is made."""
    good, bad = write("good.csv", "n\n1\n"), write("bad.csv", "a,b\n1\n")

    with pytest.raises(InvalidBody, match=r"bad\.csv, line 2: 1 fields instead of 2"):
        load(db, good, bad)
    assert [] == db.list_tables()


def test_wrong_records_can_be_skipped_and_are_all_listed(db: synthdb.Connection, write: Write) -> None:
    """Each record is either in the table or in the rejects."""
    path = write("a.csv", b"id,n\n1,1\n2\n3,x\n4,\xff\n5,5\n")
    plan = plan_import(db, [path], ImportOptions(types={"n": "integer"}, on_error="skip"))
    rejects = RejectList()

    (table,) = run_import(db, plan, rejects).tables

    assert (2, 3) == (table.rows, table.rejected)
    assert [(3, None), (5, "n"), (4, "n")] == [(item.line, item.column) for item in rejects.rejects]
    assert [1, 5] == [row["id"] for row in db.query("a")]


def test_rows_that_break_a_rule_of_the_table_are_found_one_by_one(db: synthdb.Connection, write: Write) -> None:
    """A repeated key costs its own record, not its chunk."""
    path = write("a.csv", "k\n" + "\n".join(["a", "b", "a", *(f"x{number}" for number in range(500)), "b"]) + "\n")
    rejects = RejectList()

    plan = plan_import(db, [path], ImportOptions(key=("k",), on_error="skip"))
    (table,) = run_import(db, plan, rejects).tables

    assert (502, 2) == (table.rows, table.rejected)
    assert [4, 505] == [item.line for item in rejects.rejects]
    assert 502 == db.count("a")


def test_a_row_that_breaks_a_rule_stops_with_its_line(db: synthdb.Connection, write: Write) -> None:
    """Nothing of the chunk is written, and the message names the record."""
    path = write("a.csv", "k\na\nb\nc\nb\n")

    with pytest.raises(InvalidBody, match=r"line 5.*nothing is written"):
        load(db, path, key=("k",))
    assert 0 == db.count("a")


@pytest.mark.parametrize(
    ("options", "error"),
    (
        ({"key": ("nope",)}, UnknownColumn),
        ({"types": {"nope": "integer"}}, UnknownColumn),
        ({"types": {"n": "intger"}}, InvalidValue),
        ({"format": "sqlite"}, InvalidBody),
    ),
    ids=["key", "type of a column", "type", "format"],
)
def test_wrong_options_are_refused(
    db: synthdb.Connection, write: Write, options: dict[str, object], error: type[Exception]
) -> None:
    """A typo in an option is named before anything is written."""
    with pytest.raises(error):
        load(db, write("a.csv", "n\n1\n"), **options)
    assert [] == db.list_tables()


@pytest.mark.parametrize(
    ("paths", "options"),
    ((["absent.csv"], {}), (["a.xyz"], {}), (["a.csv", "b.csv"], {"table": "one"}), (["empty.zip"], {})),
    ids=["no file", "no format", "one name for two", "nothing in it"],
)
def test_sources_that_cannot_be_meant_are_refused(
    db: synthdb.Connection, write: Write, tmp_path: Path, paths: Sequence[str], options: dict[str, object]
) -> None:
    """The message says what is missing."""
    for name in ("a.csv", "b.csv", "a.xyz"):
        write(name, "n\n1\n")
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()

    with pytest.raises(InvalidParameter):
        load(db, *(tmp_path / name for name in paths), **options)


def test_two_sources_of_one_name_are_refused(db: synthdb.Connection, write: Write) -> None:
    """They would be one table by accident."""
    with pytest.raises(DuplicateName):
        load(db, write("a.csv", "n\n1\n"), write("A.json", "[]"))


def test_a_plan_writes_nothing(db: synthdb.Connection, write: Write) -> None:
    """A dry run reports what an import would do, and does not do it."""
    report = plan_import(db, [write("a.csv", "n,t\n1,x\n,y\n")], ImportOptions()).report()

    (table,) = report.as_dict()["tables"]
    assert ("a", "planned", 2) == (table["table"], table["status"], table["records"])
    assert [("n", "integer", True), ("t", "text", False)] == [
        (column["name"], column["type"], column["nullable"]) for column in table["columns"]
    ]
    assert [] == db.list_tables()
