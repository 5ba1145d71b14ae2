"""A table that was exported and imported again is the same table."""

import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pyarrow as pa  # type: ignore[import-untyped] # pyarrow ships no types
import pyarrow.parquet as pq  # type: ignore[import-untyped] # pyarrow ships no types
import pytest

import synthdb
from synthdb import col
from synthdb.importing import exporting
from synthdb_host.errors import DuplicateName, InvalidParameter, UnknownTable

TYPES = {
    "t": "text", "n": "integer", "r": "real", "d": "decimal(12,3)", "b": "boolean", "day": "date",
    "at": "timestamp", "u": "uuid", "j": "json", "raw": "bytes",
}  # fmt: skip
ROW = {
    "t": 'a "quoted", line\nbreak é', "n": -(2**63), "r": 1e-7, "d": Decimal("123456789.125"), "b": True,
    "day": date(2013, 1, 31), "at": datetime(2013, 1, 31, 10, 0, 0, 5, tzinfo=UTC),
    "u": UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "j": {"a": [1, None, "x"]}, "raw": b"\x00\xff",
}  # fmt: skip


@pytest.fixture
def full(db: synthdb.Connection) -> synthdb.Connection:
    """A database with one table of every type, and a row without values."""
    db.create_table("all", TYPES)
    db.insert("all", [ROW, dict.fromkeys(ROW), ROW])
    return db


@pytest.mark.parametrize("name", ("out.csv", "out.json", "out.ndjson", "out.db"))
def test_a_table_survives_the_way_out_and_in(full: synthdb.Connection, tmp_path: Path, name: str) -> None:
    """Every value of every type comes back, given the same types."""
    rows = full.export_file("all", tmp_path / name)
    with synthdb.connect(tmp_path / "other.db") as other:
        other.create_table("back", TYPES)
        table = "all" if name == "out.db" else "back"
        other.import_file(tmp_path / name, None if table == "all" else table, existing="append")
        imported = other.query(table)

    assert 3 == rows
    assert full.query("all") == imported


@pytest.mark.parametrize("name", ("out.arrows", "out.parquet"))
def test_arrow_and_parquet_hold_every_value(full: synthdb.Connection, tmp_path: Path, name: str) -> None:
    """Page by page; what Arrow has no type for is text."""
    rows = full.export_file("all", tmp_path / name)
    table = pq.read_table(tmp_path / name) if name == "out.parquet" else pa.ipc.open_stream(tmp_path / name).read_all()

    texts = {"u": str(ROW["u"]), "j": '{"a":[1,null,"x"]}'}
    found = [{key: value for key, value in row.items() if key != "id"} for row in table.to_pylist()]
    assert 3 == rows
    assert [{**ROW, **texts}, dict.fromkeys(ROW), {**ROW, **texts}] == found


def test_a_long_table_is_read_page_by_page(
    db: synthdb.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No row is left out or doubled at the edge of a page."""
    monkeypatch.setattr(exporting, "_PAGE", 7)
    db.insert("long", [{"n": number} for number in range(50)])
    db.delete("long", {"n": [0, 6, 7, 8, 13]})

    count = db.export_file("long", tmp_path / "out.csv")

    expected = [number for number in range(50) if number not in {0, 6, 7, 8, 13}]
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert (45, "id,n") == (count, lines[0])
    assert expected == [int(line.split(",")[1]) for line in lines[1:]]


def test_only_some_rows_can_be_exported(full: synthdb.Connection, tmp_path: Path) -> None:
    """A condition chooses them."""
    assert 2 == full.export_file("all", tmp_path / "some.ndjson", where=col("n").is_not_null())


def test_an_empty_table_is_an_empty_file(db: synthdb.Connection, tmp_path: Path) -> None:
    """A header is still a header, and an empty array an array."""
    db.create_table("none", {"a": "text"})

    assert 0 == db.export_file("none", tmp_path / "out.csv")
    assert 0 == db.export_file("none", tmp_path / "out.json")
    assert ("id,a\n", "[\n]\n") == ((tmp_path / "out.csv").read_text(), (tmp_path / "out.json").read_text())


def test_an_export_that_fails_keeps_the_file_that_was_there(full: synthdb.Connection, tmp_path: Path) -> None:
    """It is replaced when all is written, and nothing else stays behind."""
    (tmp_path / "out.csv").write_text("before")

    with pytest.raises(UnknownTable):
        full.export_file("nope", tmp_path / "out.csv")
    assert [("out.csv", "before")] == [(path.name, path.read_text()) for path in tmp_path.glob("out*")]
    with pytest.raises(InvalidParameter, match="no folder"):
        full.export_file("all", tmp_path / "nowhere" / "out.csv")


def test_an_export_into_a_pipe_leaves_the_pipe(full: synthdb.Connection, tmp_path: Path) -> None:
    """What is no file, such as a device, is written to and not replaced."""
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert 3 == full.export_file("all", pipe)
        assert os.read(reader, 100).startswith(b"id,t,n")
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_an_export_that_cannot_be_meant_is_refused(full: synthdb.Connection, tmp_path: Path) -> None:
    """No format, no such table, or a table already in the SQLite file."""
    full.export_file("all", tmp_path / "out.db")

    with pytest.raises(InvalidParameter):
        full.export_file("all", tmp_path / "out.xyz")
    with pytest.raises(UnknownTable):
        full.export_file("nope", tmp_path / "out.csv")
    with pytest.raises(DuplicateName):
        full.export_file("all", tmp_path / "out.db")
