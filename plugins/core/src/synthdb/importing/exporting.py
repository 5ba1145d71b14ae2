"""Taking a table out of a database, page by page, in constant memory."""

import csv
import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO, Literal

from synthdb.formats.writers import MakeWriter, arrow_writer, parquet_writer
from synthdb.importing.bookkeeping import Target
from synthdb.importing.sqlite_tables import quoted
from synthdb_host.catalog import Column, Table
from synthdb_host.contracts import Result
from synthdb_host.encoding import RowEncoder, to_text
from synthdb_host.errors import DuplicateName, InvalidBody, InvalidParameter
from synthdb_host.operations import ColumnRef, Comparison, Filter, Order, Select, and_all

__all__ = ["ExportFormat", "creation_of", "declared", "export_sqlite", "export_stream", "export_to"]

ExportFormat = Literal["csv", "json", "ndjson", "arrow", "parquet", "sqlite"]

_PAGE = 5_000


def export_stream(
    target: Target,
    table: str,
    out: BinaryIO,
    format_: Literal["csv", "json", "ndjson", "arrow", "parquet"],
    where: Filter | None = None,
) -> int:
    """Write a table to a stream, ordered by identity, and say how many rows there were.

    Raises:
        UnknownTable, UnknownColumn: there is no such thing.
        NotAcceptable: the format needs what is not installed.
    """
    pages = _pages(target, target.catalog().table(table), where)
    return _WRITERS[format_](pages, out)


def export_to(target: Target, table: str, path: Path, format_: ExportFormat, where: Filter | None = None) -> int:
    """Write a table to a file, which is replaced once all is written, or into a SQLite file.

    Raises:
        InvalidParameter: there is no folder to write into.
        UnknownTable, UnknownColumn: there is no such thing.
    """
    if not path.parent.is_dir():
        raise InvalidParameter(f"There is no folder {str(path.parent)!r} to write into.")
    if format_ == "sqlite":
        return export_sqlite(target, table, path, where)
    if path.exists() and not path.is_file():  # a pipe or a device takes what comes, and stays what it is
        with path.open("wb") as out:
            return export_stream(target, table, out, format_, where)
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as out:
            count = export_stream(target, table, out, format_, where)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _pages(target: Target, table: Table, where: Filter | None) -> Iterator[tuple[RowEncoder, Result]]:
    """Read pages behind the identity of the last row, so that a page costs the same at any depth."""
    identity = ColumnRef(table.identity)
    position = [column.name for column in table.columns].index(table.identity)
    last: Filter | None = None
    while True:
        chosen = and_all(where, last)
        page = target.execute(Select(table.name, where=chosen, order=(Order(identity),), limit=_PAGE, ref=target.ref))
        if page.encoder is None:
            raise InvalidBody(f"The storage of {table.name!r} gave no rows.")
        yield page.encoder, page
        if len(page.rows) < _PAGE:
            return
        last = Comparison(identity, "gt", page.encoder.python(page.rows[-1:])[0][page.encoder.names[position]])


_Pages = Iterator[tuple[RowEncoder, Result]]


def _write_csv(pages: _Pages, out: BinaryIO) -> int:
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    writer, count = csv.writer(text, lineterminator="\n"), 0
    for number, (encoder, page) in enumerate(pages):
        if number == 0:
            writer.writerow(encoder.names)
        writer.writerows(encoder.text(page.rows))
        count += len(page.rows)
    text.detach()
    return count


def _write_ndjson(pages: _Pages, out: BinaryIO) -> int:
    count = 0
    for encoder, page in pages:
        out.write(encoder.ndjson(page.rows))
        count += len(page.rows)
    return count


def _write_json(pages: _Pages, out: BinaryIO) -> int:
    count = 0
    out.write(b"[")
    for encoder, page in pages:
        for line in encoder.ndjson(page.rows).splitlines():
            out.write(b",\n" if count else b"\n")
            out.write(line)
            count += 1
    out.write(b"\n]\n")
    return count


def _by(make: MakeWriter) -> Callable[[_Pages, BinaryIO], int]:
    """Write pages by what writes the rows of an answer."""

    def write(pages: _Pages, out: BinaryIO) -> int:
        writer, count = None, 0
        for encoder, page in pages:
            writer = writer or make(encoder, {})
            out.write(writer.write(page.rows))
            count += len(page.rows)
        if writer is not None:
            out.write(writer.finish())
        return count

    return write


_WRITERS: dict[str, Callable[[_Pages, BinaryIO], int]] = {
    "csv": _write_csv,
    "json": _write_json,
    "ndjson": _write_ndjson,
    "arrow": _by(arrow_writer),
    "parquet": _by(parquet_writer),
}


# -- SQLite ----------------------------------------------------------------------------------------------

_DECLARED = {
    "text": "TEXT", "integer": "INTEGER", "real": "REAL", "boolean": "BOOLEAN", "date": "DATE",
    "timestamp": "TIMESTAMP", "uuid": "UUID", "json": "JSON", "bytes": "BLOB",
}  # fmt: skip


def export_sqlite(target: Target, table: str, path: Path, where: Filter | None = None) -> int:
    """Write a table with its key and unique keys into a SQLite file, and say how many rows there were.

    Dates, timestamps, uuids, decimals and JSON are text, booleans 0 and 1. An import gives the same types
    again.

    Raises:
        DuplicateName: the file has a table of this name.
    """
    described = target.catalog().table(table)
    with closing(sqlite3.connect(path)) as connection, connection:
        try:
            connection.execute(creation_of(described))
        except sqlite3.OperationalError as error:
            raise DuplicateName(f"{path} has a table {table!r} already.") from error
        marks = ", ".join("?" * len(described.columns))
        count = 0
        for encoder, page in _pages(target, described, where):
            rows = (tuple(map(_plain, row.values())) for row in encoder.python(page.rows))
            insert = f"INSERT INTO {quoted(table)} VALUES ({marks})"  # noqa: S608 - quoted
            connection.executemany(insert, rows)
            count += len(page.rows)
    return count


def creation_of(table: Table) -> str:
    """Write the statement that makes a plain table like one of a database."""
    columns = [f"{quoted(c.name)} {declared(c)}{' NOT NULL' if c.not_null else ''}" for c in table.columns]
    keys = [
        f"PRIMARY KEY ({_list(table.key)})",
        *(f"UNIQUE ({_list(key.columns)})" for key in table.unique_keys if key.columns != table.key),
    ]
    return f"CREATE TABLE {quoted(table.name)} ({', '.join([*columns, *keys])})"


def declared(column: Column) -> str:
    """Give the type of a column in a plain table."""
    return _DECLARED.get(column.type.name, str(column.type).upper())


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(map(quoted, names))


def _plain(value: object) -> object:
    if value is None or isinstance(value, int | float | str | bytes):
        return value
    return format(value, "f") if isinstance(value, Decimal) else to_text(value)
