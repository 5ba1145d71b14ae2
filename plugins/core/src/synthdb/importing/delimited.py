"""Reading CSV and TSV: quoted fields, exact line numbers, and every malformed record reported."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from synthdb.importing.names import NameMaker
from synthdb.importing.records import CHUNK_RECORDS, Chunk, Reject, is_broken, shorten
from synthdb.importing.sources import Meter, Source
from synthdb_host.errors import InvalidBody, InvalidParameter

if TYPE_CHECKING:
    from _csv import Reader  # the csv module has no public name for its readers

__all__ = ["FIELD_LIMIT", "DelimitedReader"]

FIELD_LIMIT = 16 * 1024 * 1024
"""The longest field, in characters."""

_DELIMITERS = ",;\t|"

_Record = list[str]


@dataclass(frozen=True)
class DelimitedReader:
    """Reads a CSV or TSV source whose first line names the columns.

    ``delimiter`` None: a tab for TSV; for CSV the one that the first line holds most often, a comma if in
    doubt. Blank lines are passed over.
    """

    source: Source
    delimiter: str | None = None
    encoding: str = "utf-8-sig"

    @cached_property
    def _names(self) -> NameMaker:
        return NameMaker()

    @property
    def notes(self) -> Sequence[str]:
        """Which columns were renamed, and which delimiter was found."""
        found = [] if self._delimiter in ",\t" else [f"the fields are separated by {self._delimiter!r}"]
        return [*found, *self._names.notes]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names in the first line.

        Raises:
            InvalidBody: the source is empty, or its first line cannot be read.
        """
        with self._opened() as (reader, _):
            return self._names.header(tuple(self._header(reader)))

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """Read the records after the first ``skip``.

        Raises:
            InvalidBody: the compressed data is damaged.
        """
        csv.field_size_limit(FIELD_LIMIT)
        with self._opened() as (reader, meter):
            self._header(reader)
            end = 0
            while True:
                first = reader.line_num + 1
                records, failure = _take(reader, min(CHUNK_RECORDS, skip - end) if end < skip else CHUNK_RECORDS)
                if not records and failure is None:
                    return
                end += len(records) + (failure is not None)
                if end > skip:
                    lines = _line_numbers(records, first, reader.line_num)
                    yield self._chunk(records, lines, failure, end, meter.fraction)

    @contextmanager
    def _opened(self) -> "Iterator[tuple[Reader, Meter]]":
        try:
            with self.source.open() as (file, meter):
                text = io.TextIOWrapper(file, self.encoding, errors="surrogateescape", newline="")
                yield csv.reader(text, delimiter=self._delimiter, strict=True), meter
        except (EOFError, OSError) as error:
            raise InvalidBody(f"{self.source.label} cannot be read: {error}.") from error
        except LookupError as error:
            raise InvalidParameter(f"There is no encoding {self.encoding!r}.") from error

    @cached_property
    def _delimiter(self) -> str:
        if self.delimiter is not None:
            return self.delimiter
        if self.source.format == "tsv":
            return "\t"
        with self.source.open() as (file, _):
            first = file.readline(1 << 16).decode(self.encoding, "replace")
        return max(_DELIMITERS, key=first.count)

    def _header(self, reader: "Reader") -> _Record:
        try:
            header: _Record | None = next(reader, None)
        except csv.Error as error:
            raise InvalidBody(f"{self.source.label}, line 1: {error}.") from error
        if not header:
            raise InvalidBody(f"{self.source.label} does not begin with a line of column names.")
        if is_broken("".join(header)):
            raise InvalidBody(f"{self.source.label}, line 1: the column names are not {self.encoding} text.")
        return header

    def _chunk(
        self,
        records: list[_Record],
        lines: Sequence[int],
        failure: csv.Error | None,
        end: int,
        fraction: float,
    ) -> Chunk:
        rejects = [Reject(self.source.label, lines[-1], None, f"{failure}")] if failure else []
        width = len(self.columns)
        if set(map(len, records)) - {width}:
            rejects += [
                self._misfit(record, line)
                for record, line in zip(records, lines, strict=False)
                if record and len(record) != width
            ]
            fitting = [(record, line) for record, line in zip(records, lines, strict=False) if len(record) == width]
            records, lines = [record for record, _ in fitting], [line for _, line in fitting]
        cells: Sequence[Sequence[str]] = list(zip(*records, strict=True)) if records else [()] * width
        chunk = Chunk(dict(zip(self.columns, cells, strict=True)), lines[: len(records)], end, fraction, rejects)
        return self._without_broken(chunk) if any(is_broken("".join(column)) for column in cells) else chunk

    def _misfit(self, record: _Record, line: int) -> Reject:
        counts = f"{len(record)} fields instead of {len(self.columns)}"
        return Reject(self.source.label, line, None, f"{counts}: {shorten(','.join(record))}")

    def _without_broken(self, chunk: Chunk) -> Chunk:
        kept = []
        for position, line in enumerate(chunk.lines):
            names = [name for name, cells in chunk.columns.items() if is_broken(cells[position])]
            if names:
                reason = f"the text is not valid {self.encoding.removesuffix('-sig')} or holds a NUL character"
                chunk.rejects.append(Reject(self.source.label, line, names[0], reason))
            else:
                kept.append(position)
        columns = {name: [cells[position] for position in kept] for name, cells in chunk.columns.items()}
        return Chunk(columns, [chunk.lines[position] for position in kept], chunk.end, chunk.fraction, chunk.rejects)


def _take(reader: "Reader", count: int) -> tuple[list[_Record], csv.Error | None]:
    records: list[_Record] = []
    try:
        records.extend(islice(reader, count))
    except csv.Error as error:  # the records before the malformed one are in the list
        return records, error
    return records, None


def _line_numbers(records: list[_Record], first: int, last: int) -> Sequence[int]:
    """Give the line each record starts on, and behind them the line of what follows."""
    if last - first + 1 == len(records):
        return range(first, last + 2)
    heights = (1 + sum(_breaks(cell) for cell in record) for record in records)
    return list(accumulate(heights, initial=first))


def _breaks(cell: str) -> int:
    return cell.count("\n") + cell.count("\r") - cell.count("\r\n")
