"""JSON and NDJSON are read exactly, and every malformed record is reported with its line."""

from decimal import Decimal
from pathlib import Path

import pytest

from synthdb.importing.objects import ObjectReader, json_tables
from synthdb.importing.records import CHUNK_RECORDS, Reject
from synthdb.importing.sources import find_sources
from synthdb_host.errors import InvalidBody
from synthdb_host.operations import MISSING

from .conftest import Write


def read(
    path: Path, member: str | None = None, skip: int = 0
) -> tuple[list[tuple[int, dict[str, object]]], list[Reject]]:
    """Give the records with their lines, and the rejects of a file."""
    records: list[tuple[int, dict[str, object]]] = []
    rejects: list[Reject] = []
    for chunk in ObjectReader(find_sources(path)[0], member).chunks(skip):
        rejects += chunk.rejects
        for position, line in enumerate(chunk.lines):
            cells = {name: values[position] for name, values in chunk.columns.items()}
            records.append((line, {name: value for name, value in cells.items() if value is not MISSING}))
    return records, rejects


def test_lines_of_objects_are_records(write: Write) -> None:
    """Keys may differ from line to line, and blank lines do not count."""
    path = write("a.ndjson", '{"a": 1}\n\n{"b": [1, {"c": null}], "a": "é"}\n')

    assert ([(1, {"a": 1}), (3, {"b": [1, {"c": None}], "a": "é"})], []) == read(path)


def test_an_array_of_objects_is_read_with_lines(write: Write) -> None:
    """The line of a record is the one it begins on, however the document is laid out."""
    path = write("a.json", '[\n  {"a": 1},\n  {\n    "a": 2\n  }, {"a": 3}\n]\n')

    assert ([(2, {"a": 1}), (3, {"a": 2}), (5, {"a": 3})], []) == read(path)


def test_numbers_keep_all_their_digits(write: Write) -> None:
    """What a float would round is a decimal; what a float holds is one."""
    path = write("a.json", '[{"a": 0.1, "b": 0.1000000000000000000001, "c": 12345678901234567890, "d": 1e2}]')

    ((_, record),), _ = read(path)

    assert {
        "a": 0.1, "b": Decimal("0.1000000000000000000001"), "c": 12345678901234567890, "d": 100.0,
    } == record  # fmt: skip
    assert isinstance(record["a"], float)


@pytest.mark.parametrize(
    ("line", "reason"),
    (
        (b'{"a": 1', "not JSON: Expecting ',' delimiter at character 9"),
        (b"[1]", "not an object: '[1]'"),
        (b'{"a": NaN}', "not JSON: NaN is not JSON"),
        (b'{"a": "\xff"}', "the line is not valid utf-8"),
        (
            b"[" * 100_000,
            "not JSON: maximum recursion depth exceeded while decoding a JSON array from a unicode string",
        ),
    ),
    ids=["cut off", "no object", "not a number", "not text", "too deep"],
)
def test_a_bad_line_is_rejected_and_the_rest_is_read(write: Write, line: bytes, reason: str) -> None:
    """One broken line costs one record."""
    path = write("a.ndjson", b'{"a": 1}\n' + line + b'\n{"a": 3}\n')

    records, rejects = read(path)

    assert [1, 3] == [number for number, _ in records]
    assert [(2, reason)] == [(reject.line, reject.reason) for reject in rejects]


@pytest.mark.parametrize(
    ("text", "line"),
    (('[{"a": 1},\n{"a": }]', 2), ('[{"a": 1}\n\n{"a": 2}]', 3), ('[{"a": 1},\n', 2), ('[{"a": 1},\n]', 1)),
    ids=["bad value", "no comma", "cut off", "comma at the end"],
)
def test_a_broken_array_gives_what_stands_before_and_says_where(write: Write, text: str, line: int) -> None:
    """An array cannot be read behind its first error, so nothing behind it is silently lost."""
    records, (reject,) = read(write("a.json", text))

    assert [{"a": 1}] == [record for _, record in records]
    assert line == reject.line
    assert "nothing after it can be read" in reject.reason


def test_an_object_of_arrays_holds_several_tables(write: Write) -> None:
    """Each member is a table of its own."""
    path = write("a.json", '{"x": [{"a": 1}], "y": [],\n "z": [{"b": 2}]}')

    assert ("x", "y", "z") == json_tables(find_sources(path)[0])
    assert ([(1, {"a": 1})], []) == read(path, "x")
    assert ([(2, {"b": 2})], []) == read(path, "z")


@pytest.mark.parametrize(
    "text", ('{"a": 1}', "3", "", "{", b"\xff"), ids=["no arrays", "number", "empty", "cut off", "bytes"]
)
def test_a_document_that_holds_no_tables_is_refused(write: Write, text: str | bytes) -> None:
    """What cannot be rows is an error, not an empty table."""
    with pytest.raises(InvalidBody):
        json_tables(find_sources(write("a.json", text))[0])


@pytest.mark.parametrize("name", ("a.json", "a.ndjson"))
def test_reading_behind_a_number_of_records_gives_the_rest_of_the_same(write: Write, name: str) -> None:
    """Resuming sees the same records as reading through."""
    lines = [f'{{"a": {number}}}' for number in range(CHUNK_RECORDS + 50)]
    path = write(name, "\n".join(lines) if name.endswith("ndjson") else "[" + ",\n".join(lines) + "]")

    assert read(path)[0][CHUNK_RECORDS - 3 :] == read(path, skip=CHUNK_RECORDS - 3)[0]
