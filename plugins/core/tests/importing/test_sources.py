"""What a path holds is told by its name and its first bytes."""

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from synthdb.importing.names import NameMaker, constraint_name, parse_reference, usable_name
from synthdb.importing.records import Reject
from synthdb.importing.rejects import RejectFile
from synthdb.importing.sources import digest, find_sources
from synthdb_host.errors import InvalidBody, InvalidParameter

from .conftest import Write


@pytest.mark.parametrize(
    ("name", "format_", "stem"),
    (
        ("a.csv", "csv", "a"),
        ("a.b.TSV", "tsv", "a.b"),
        ("a.tab", "tsv", "a"),
        ("a.json.gz", "json", "a"),
        ("a.jsonl", "ndjson", "a"),
        ("a.ndjson.gz", "ndjson", "a"),
        ("a.sqlite3", "sqlite", "a"),
    ),
)
def test_the_name_tells_format_and_table(write: Write, name: str, format_: str, stem: str) -> None:
    """Compression does not hide it."""
    (source,) = find_sources(write(name, "x"))

    assert (format_, stem) == (source.format, source.name)


def test_a_sqlite_file_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    """Whatever it is called."""
    with closing(sqlite3.connect(tmp_path / "store.dat")) as connection:
        connection.execute("CREATE TABLE t (a)")

    assert "sqlite" == find_sources(tmp_path / "store.dat")[0].format


def test_a_folder_is_no_source(tmp_path: Path) -> None:
    """The message says what it is, rather than that it is not there."""
    with pytest.raises(InvalidParameter, match="is a folder"):
        find_sources(tmp_path)


def test_reading_tells_how_far_it_is(tmp_path: Path) -> None:
    """From 0 to 1, in a plain file and in an archive."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "x" * 3_000_000)
    (tmp_path / "a.csv").write_text("x" * 3_000_000)

    for path in (tmp_path / "a.zip", tmp_path / "a.csv"):
        with find_sources(path)[0].open() as (file, meter):
            before = meter.fraction
            file.read(10)
            between = meter.fraction
            file.read()
            assert before == 0 < between < 1 == meter.fraction


def test_a_broken_archive_is_refused(write: Write) -> None:
    """The message names it."""
    with pytest.raises(InvalidBody, match=r"a\.zip"):
        find_sources(write("a.zip", "no archive"))


def test_the_digest_follows_the_content(write: Write) -> None:
    """The same bytes under another name are the same source."""
    assert digest(write("a.csv", "x")) == digest(write("b.csv", "x")) != digest(write("c.csv", "y"))


@pytest.mark.parametrize(
    ("raw", "name"),
    (("a", "a"), (" a b ", "a b"), ("__a", "a"), ("", "other"), ("_", "other"), ("a\n\tb", "a b"), ("e\u0301", "é")),
)
def test_any_text_becomes_a_usable_name(raw: str, name: str) -> None:
    """Or the name given for the hopeless ones."""
    assert name == usable_name(raw, "other")


def test_names_stay_apart_and_the_same() -> None:
    """Two columns never get one name, one column never two."""
    maker = NameMaker(taken=("id",))

    assert ["id_2", "a", "A_2", "column_4"] == [maker.name(raw) for raw in ("id", "a", "A", "")]
    assert "A_2" == maker.name("A")
    assert ("b", "b_2") == maker.header(("b", "b"))
    assert ["id", "a", "A", "", "b", "b"] == maker.known()


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("t.c", ("t", ("c",))),
        ("t(a, b)", ("t", ("a", "b"))),
        ("a.b.c", ("a.b", ("c",))),
        (" t . c ", ("t", ("c",))),
    ),
)
def test_a_reference_is_a_table_and_its_columns(text: str, expected: tuple[str, tuple[str, ...]]) -> None:
    """In one of two forms."""
    assert expected == parse_reference(text)


@pytest.mark.parametrize("text", ("t", "t.", ".c", "t()", "", "t(a,)"))
def test_other_text_is_no_reference(text: str) -> None:
    """The message shows both forms."""
    with pytest.raises(InvalidParameter):
        parse_reference(text)


def test_constraints_have_conventional_names() -> None:
    """As in PostgreSQL, and never too long."""
    assert "t_a_b_idx" == constraint_name("t", ("a", "b"), "idx")
    assert 128 >= len(constraint_name("t" * 120, ("c" * 120,), "fkey"))


def test_a_rejects_file_holds_each_record_once(tmp_path: Path) -> None:
    """An import that continues writes behind what it wrote before."""
    path = tmp_path / "r.csv"
    first, second = Reject("a.csv", 3, None, "bad"), Reject("a.csv", 9, "n", 'x, "y"')

    RejectFile(path).write([])
    assert not path.exists()
    RejectFile(path).write([first])
    RejectFile(path).write([first, second])

    assert ["file,line,column,reason", "a.csv,3,,bad", 'a.csv,9,n,"x, ""y"""'] == path.read_text().splitlines()
    RejectFile(path, fresh=True).write([second])
    assert 2 == len(path.read_text().splitlines())
    assert "a.csv, line 9, column 'n': x, \"y\"" == str(second)
