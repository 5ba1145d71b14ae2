"""CSV and NDJSON as representations of rows."""

import re
from collections.abc import Sequence

from synthdb.formats.text import CsvWriter, NdjsonWriter
from synthdb.formats.writers import arrow_writer, has_pyarrow, parquet_writer
from synthdb.rest.body import decode_json, tabulate
from synthdb_host.contracts import MediaType
from synthdb_host.errors import InvalidBody
from synthdb_host.operations import Literal

__all__ = ["decode_csv", "decode_ndjson", "media_types"]

_Rows = tuple[tuple[str, ...], Sequence[Sequence[object]]]

# Possessive, since a repeat that may give back keeps a mark for each character of a cell.
_CELL = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^",\r\n]*))(,|\r\n|\n|\r|\Z)')
_NULL = "NULL"


def media_types() -> tuple[MediaType, ...]:
    """Give the representations beside JSON; Arrow and Parquet need pyarrow, which is an extra."""
    binary = (
        MediaType("application/vnd.apache.arrow.stream", "arrow", charset=None, writer=arrow_writer),
        MediaType("application/vnd.apache.parquet", "parquet", charset=None, writer=parquet_writer),
    )
    return (
        MediaType("text/csv", "csv", decode=decode_csv, writer=CsvWriter),
        MediaType("application/x-ndjson", "ndjson", decode=decode_ndjson, writer=NdjsonWriter),
        MediaType("application/jsonl", "jsonl", decode=decode_ndjson, writer=NdjsonWriter),
        *(binary if has_pyarrow() else ()),
    )


def decode_csv(body: bytes) -> _Rows:
    """Read CSV whose first line names the columns; an empty cell and ``NULL`` are NULL unless quoted.

    Raises:
        InvalidBody: it is not UTF-8, a quote is not closed, or a row has another length than the header.
    """
    header, *rows = _records(_text(body))
    names = tuple(str(name) for name in header)
    if names == ("",):
        raise InvalidBody("The CSV body has no header line.", where="line 1")
    if len(set(names)) < len(names):
        raise InvalidBody("Two columns of the header have the same name.", where="line 1")
    return names, rows


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidBody(f"The CSV body is not UTF-8: {error.reason} at byte {error.start}.") from error


def _records(text: str) -> list[list[Literal | None]]:
    records: list[list[Literal | None]] = []
    row: list[Literal | None] = []
    position, line, end = 0, 1, len(text)
    while position < end or row or not records:
        found = _CELL.match(text, position)
        if found is None:
            raise InvalidBody("A quote is out of place, or is never closed.", where=f"line {line}")
        position = found.end()
        row.append(_cell(found) if records else _name(found))
        if found[3] != ",":
            _check_length(row, records, line)
            records.append(row)
            row = []
        line += found[0].count("\n")
        if found[3] == "":
            break
    return [record for number, record in enumerate(records) if number == 0 or record != [None] or len(records[0]) == 1]


def _name(found: re.Match[str]) -> Literal:
    return Literal(found[2] if found[1] is None else found[1].replace('""', '"'))


def _cell(found: re.Match[str]) -> Literal | None:
    return None if found[2] in ("", _NULL) else _name(found)


def _check_length(row: list[Literal | None], records: list[list[Literal | None]], line: int) -> None:
    if records and len(row) != len(records[0]) and row != [None]:
        raise InvalidBody(f"Expected {len(records[0])} cells, found {len(row)}.", where=f"line {line}")


def decode_ndjson(body: bytes) -> _Rows:
    """Read JSON objects, one a line; their keys may differ.

    Raises:
        InvalidBody: a line is not a JSON object.
        TooComplex: a line is nested too deeply, or there are too many cells.
    """
    found: list[dict[str, object]] = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        row = decode_json(line, f"line {number}")
        if not isinstance(row, dict):
            raise InvalidBody("Expected an object.", where=f"line {number}")
        found.append(row)
    return tabulate(found)
