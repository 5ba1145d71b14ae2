"""CSV and TSV are read with exact line numbers, and every malformed record is reported."""

from pathlib import Path

import pytest

from synthdb.importing.delimited import DelimitedReader
from synthdb.importing.records import CHUNK_RECORDS, Reject
from synthdb.importing.sources import find_sources
from synthdb_host.errors import InvalidBody, InvalidParameter

from .conftest import Write


def read(
    path: Path, delimiter: str | None = None, encoding: str = "utf-8-sig", skip: int = 0
) -> tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]], list[Reject]]:
    """Give the columns, the records with their lines, and the rejects of a file."""
    reader = DelimitedReader(find_sources(path)[0], delimiter, encoding)
    records: list[tuple[int, tuple[str, ...]]] = []
    rejects: list[Reject] = []
    for chunk in reader.chunks(skip):
        rows = zip(*chunk.columns.values(), strict=True)
        records += zip(chunk.lines, rows, strict=True)
        rejects += chunk.rejects
    return reader.columns, records, rejects


def test_quoted_fields_may_hold_anything(write: Write) -> None:
    """Delimiters, quotes and line breaks inside quotes belong to the field, and lines are counted through them."""
    path = write("a.csv", 'a,b\n"x,y","say ""hi"""\n"two\nlines",2\n"old\r\nstyle",3\nlast,4\n')

    _, records, rejects = read(path)

    assert [
        (2, ("x,y", 'say "hi"')),
        (3, ("two\nlines", "2")),
        (5, ("old\r\nstyle", "3")),
        (7, ("last", "4")),
    ] == records
    assert [] == rejects


@pytest.mark.parametrize(
    "text",
    ("a,b\n1,2\n", "a,b\r\n1,2\r\n", "a,b\r1,2\r", "a,b\n1,2", "\ufeffa,b\n1,2\n", "a,b\n\n1,2\n\n"),
    ids=["unix", "windows", "old mac", "no last newline", "byte order mark", "blank lines"],
)
def test_line_ends_and_marks_do_not_matter(write: Write, text: str) -> None:
    """The same records come out of every platform's files."""
    columns, records, rejects = read(write("a.csv", text))

    assert ("a", "b") == columns
    assert [("1", "2")] == [record for _, record in records]
    assert [] == rejects


@pytest.mark.parametrize(
    ("name", "text", "delimiter"),
    (
        ("a.csv", "a;b\n1,5;2\n", None),
        ("a.csv", "a|b\n1,5|2\n", None),
        ("a.tsv", "a\tb\n1,5\t2\n", None),
        ("a.csv", "a#b\n1,5#2\n", "#"),
    ),
    ids=["semicolon", "bar", "tab", "told"],
)
def test_the_delimiter_is_found_or_told(write: Write, name: str, text: str, delimiter: str | None) -> None:
    """Files that call themselves CSV use several delimiters."""
    _, records, _ = read(write(name, text), delimiter)

    assert [(2, ("1,5", "2"))] == records


def test_records_of_another_width_are_rejected_with_their_line(write: Write) -> None:
    """A field too few or too many is never shifted into another column."""
    path = write("a.csv", 'a,b\n1,2\n3\n"4\n4",5,6\n7,8\n')

    _, records, rejects = read(path)

    assert [(2, ("1", "2")), (6, ("7", "8"))] == records
    assert [(3, "1 fields instead of 2: '3'"), (4, "3 fields instead of 2: '4\\n4,5,6'")] == [
        (reject.line, reject.reason) for reject in rejects
    ]


def test_bytes_that_are_no_text_are_rejected_with_their_column(write: Write) -> None:
    """Broken UTF-8 and NUL are named, and do not stop the reading."""
    path = write("a.csv", b"a,b\nok,1\nca\xff\xfe,2\nn\0l,3\n\xc3\xa9,4\n")

    _, records, rejects = read(path)

    assert [(2, ("ok", "1")), (5, ("é", "4"))] == records
    assert [(3, "a"), (4, "a")] == [(reject.line, reject.column) for reject in rejects]


def test_another_encoding_can_be_told(write: Write) -> None:
    """A Latin-1 file is read as such."""
    _, records, _ = read(write("a.csv", "a\né\n".encode("latin-1")), encoding="latin-1")

    assert [(2, ("é",))] == records


@pytest.mark.parametrize("text", ('a,b\n1,"open\nmore,2\n', 'a,b\n"x"y,2\n'), ids=["never closed", "after a quote"])
def test_broken_quoting_is_one_reject_at_its_first_line(write: Write, text: str) -> None:
    """A stray quote swallows no data in silence."""
    _, _, rejects = read(write("a.csv", text))

    assert [2] == [reject.line for reject in rejects]


def test_reading_behind_a_number_of_records_gives_the_rest_of_the_same(write: Write) -> None:
    """Resuming at any record, in any chunk, sees the same records, lines and rejects as reading through."""
    lines = ["3" if number % 97 == 0 else f"{number},{number}" for number in range(3 * CHUNK_RECORDS)]
    path = write("a.csv", "a,b\n" + "\n".join(lines) + "\n")
    _, whole, rejects = read(path)

    for skip in (1, CHUNK_RECORDS - 1, CHUNK_RECORDS, 2 * CHUNK_RECORDS + 7):
        _, rest, refused = read(path, skip=skip)

        assert [record for record in whole if record[0] >= skip + 2] == rest
        assert [reject for reject in rejects if reject.line >= skip + 2] == refused


def test_names_are_made_usable_and_the_changes_are_told(write: Write) -> None:
    """Names that are empty, doubled, hidden or too long get a name of their own."""
    path = write("a.csv", f"x,X,,_id,a\tb,{'n' * 200}\n1,2,3,4,5,6\n")
    reader = DelimitedReader(find_sources(path)[0])

    assert ("x", "X_2", "column_3", "id", "a b", "n" * 128) == reader.columns
    assert 5 == len(reader.notes)


@pytest.mark.parametrize("text", ("", "\n1,2\n", b"\xff,b\n1,2\n"), ids=["empty", "no header", "broken header"])
def test_a_file_without_column_names_is_refused(write: Write, text: str | bytes) -> None:
    """There is nothing to import into without names."""
    with pytest.raises(InvalidBody):
        read(write("a.csv", text))


def test_an_unknown_encoding_is_refused(write: Write) -> None:
    """A typo in the encoding is the caller's error."""
    with pytest.raises(InvalidParameter):
        read(write("a.csv", "a\n1\n"), encoding="utf-nine")


def test_damaged_compression_is_refused(write: Write) -> None:
    """A file cut off in the middle is named as such."""
    with pytest.raises(InvalidBody, match="cannot be read"):
        read(write("a.csv.gz", b"\x1f\x8b\x08\x00garbage"))
