"""An existing SQLite database comes with its keys and relations; what cannot come is reported."""

import sqlite3
from contextlib import closing
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
from synthdb_host.errors import InvalidBody, UniqueViolation

from .conftest import Write


def load(db: synthdb.Connection, path: Path, script: str) -> ImportReport:
    """Make a SQLite database and import it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return run_import(db, plan_import(db, [path], ImportOptions()), RejectList())


def types(db: synthdb.Connection, table: str) -> dict[str, str]:
    """Give the types of a table's columns."""
    return {column.name: str(column.type) for column in db.list_columns(table) if column.name != "id"}


def test_keys_relations_defaults_and_indexes_come_along(db: synthdb.Connection, tmp_path: Path) -> None:
    """The rules of the old database hold in the new one."""
    report = load(
        db, tmp_path / "old.db",
        """
        CREATE TABLE book (isbn TEXT PRIMARY KEY, author INTEGER NOT NULL REFERENCES author ON DELETE CASCADE,
            price DECIMAL(8,2) DEFAULT 9.5, shelf TEXT DEFAULT 'it''s', UNIQUE (author, shelf));
        CREATE TABLE author (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE INDEX by_name ON author (name);
        CREATE TABLE loan (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
        INSERT INTO author VALUES (7, 'Ada');
        INSERT INTO book VALUES ('1', 7, 12.5, 'x');
        INSERT INTO loan VALUES ('p', 'q');
        """,
    )  # fmt: skip

    assert [] == [note for table in report.tables for note in table.notes]
    assert [("isbn",), ("id",), ("a", "b")] == [db.describe(name).key for name in ("book", "author", "loan")]
    assert ["by_name"] == [index.name for index in db.describe("author").indexes]
    assert {"isbn": "1", "price": Decimal("12.50")} == db.query("book", columns=["isbn", "price"])[0]
    key = db.insert("book", {"isbn": "2", "author": 7})
    (second,) = db.query("book", {"isbn": key}, ["price", "shelf"])
    assert {"price": Decimal("9.50"), "shelf": "it's"} == second
    with pytest.raises(UniqueViolation):
        db.insert("book", {"isbn": "3", "author": 7, "shelf": "x"})
    db.delete("author", {"id": 7})
    assert 0 == db.count("book")


def test_declared_types_hold_where_every_value_keeps_them(db: synthdb.Connection, tmp_path: Path) -> None:
    """The declaration is believed only as far as the values agree."""
    report = load(
        db, tmp_path / "old.db",
        """
        CREATE TABLE t (yes BOOLEAN, no BOOLEAN, day DATE, at DATETIME, u UUID, j JSON, money NUMERIC(9,2), any,
            big INTEGER, txt VARCHAR(9), blob BLOB, mixed INTEGER);
        INSERT INTO t VALUES (1, 1, '2013-01-31', '2013-01-31 10:00:00', '6ba7b810-9dad-11d1-80b4-00c04fd430c8',
            '{"a": [1]}', 1.5, 2.5, 9007199254740993, '007', x'00ff', 5);
        INSERT INTO t VALUES (0, 2, NULL, NULL, NULL, NULL, 3, 1, NULL, NULL, NULL, 'five');
        """,
    )  # fmt: skip

    assert {
        "yes": "boolean", "no": "integer", "day": "date", "at": "timestamp", "u": "uuid", "j": "json",
        "money": "decimal(9,2)", "any": "real", "big": "integer", "txt": "text", "blob": "bytes", "mixed": "text",
    } == types(db, "t")  # fmt: skip
    assert {
        "id": 1, "yes": True, "no": 1, "day": date(2013, 1, 31), "at": datetime(2013, 1, 31, 10, tzinfo=UTC),
        "u": UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "j": {"a": [1]}, "money": Decimal("1.50"), "any": 2.5,
        "big": 9007199254740993, "txt": "007", "blob": b"\x00\xff", "mixed": "5",
    } == db.query("t")[0]  # fmt: skip
    assert [
        "column 'no': declared BOOLEAN, but not all values are; it is integer",
        "column 'mixed': text, because it holds text as well as integer",
    ] == report.tables[0].notes


def test_what_has_no_counterpart_is_reported(db: synthdb.Connection, tmp_path: Path) -> None:
    """Nothing is dropped in silence."""
    report = load(
        db, tmp_path / "old.db",
        """
        CREATE TABLE p (id INTEGER PRIMARY KEY, n INTEGER CHECK (n > 0), t TEXT COLLATE NOCASE DEFAULT (random()),
            twice INTEGER AS (n * 2), note TEXT DEFAULT 'CHECK (no)');
        CREATE TABLE c (p INTEGER REFERENCES p(id) ON UPDATE CASCADE ON DELETE SET DEFAULT,
            gone INTEGER REFERENCES nope(x));
        CREATE INDEX part ON p (n) WHERE n > 5;
        CREATE VIEW v AS SELECT 1;
        CREATE TRIGGER g AFTER INSERT ON p BEGIN SELECT 1; END;
        CREATE VIRTUAL TABLE f USING fts5(x);
        INSERT INTO p (n) VALUES (3);
        INSERT INTO c VALUES (99, NULL);
        """,
    )  # fmt: skip

    parent, child = report.tables
    assert [
        "trigger 'g' is not carried over", "view 'v' is not carried over", "virtual table 'f' is not carried over",
    ] == report.notes  # fmt: skip
    assert [
        "column 'twice' is generated; its values are carried over, its rule is not",
        "index 'part' is partial or on an expression, and is not carried over",
        "1 check expression is not carried over",
        "COLLATE NOCASE is not carried over",
        "column 't': the default random() is not carried over",
    ] == parent.notes
    assert [
        "ON UPDATE CASCADE of the reference to 'p' is not carried over",
        "ON DELETE SET DEFAULT of the reference to 'p' is not carried over",
        "the reference to 'nope', which does not exist or has no key, is not carried over",
    ] == child.notes[:3]
    assert "reference (p) -> p(id) is not carried over: " in child.notes[3]
    assert 6 == db.query("p")[0]["twice"]


def test_names_that_cannot_be_kept_are_changed(db: synthdb.Connection, tmp_path: Path) -> None:
    """Relations follow the new names."""
    report = load(
        db, tmp_path / "old.db",
        "CREATE TABLE _a (_id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES _A);"
        " INSERT INTO _a VALUES (4);"
        " INSERT INTO b VALUES (4);",
    )  # fmt: skip

    assert ["table '_a' is called 'a'"] == report.notes
    assert [{"id": 1, "a": 4}] == db.query("b")
    assert ["(a) -> a(id)"] == report.tables[1].relations


def test_ids_that_are_no_key_make_room_for_one(db: synthdb.Connection, tmp_path: Path) -> None:
    """A table without a key may number its rows twice; indexes follow the new name."""
    report = load(
        db, tmp_path / "old.db",
        "CREATE TABLE t (id INTEGER, a TEXT); CREATE INDEX by_id ON t (id); INSERT INTO t VALUES (5, 'x'), (5, 'y');",
    )  # fmt: skip

    assert ["column 'id' is called 'id_2'"] == report.tables[0].notes
    assert [{"id": 1, "a": "x", "id_2": 5}, {"id": 2, "a": "y", "id_2": 5}] == db.query("t")
    assert ("id_2",) == db.describe("t").indexes[0].columns


def test_rows_that_no_type_can_hold_are_rejected(db: synthdb.Connection, tmp_path: Path) -> None:
    """Broken text and infinite numbers stop the import, with the row."""
    with pytest.raises(InvalidBody, match="line 2, column 'r'"):
        load(
            db,
            tmp_path / "old.db",
            "CREATE TABLE t (r REAL); INSERT INTO t VALUES (1.5); INSERT INTO t VALUES (9e999);",
        )


def test_a_file_that_is_no_database_is_refused(db: synthdb.Connection, write: Write) -> None:
    """The message names the file."""
    with pytest.raises(InvalidBody, match=r"fake\.db"):
        plan_import(db, [write("fake.db", "not a database at all" * 100)], ImportOptions())
