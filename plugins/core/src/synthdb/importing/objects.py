"""Reading JSON and NDJSON: objects to columns, numbers exact, and every malformed record reported."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import islice

from synthdb.importing.names import NameMaker
from synthdb.importing.records import CHUNK_RECORDS, Chunk, Reject, shorten
from synthdb.importing.sources import Meter, Source
from synthdb_host.errors import InvalidBody
from synthdb_host.operations import MISSING

__all__ = ["ObjectReader", "json_tables"]

_SPACE = re.compile(r"[ \t\r\n]*")

_Item = tuple[int, object, str | None]
"""The line an item starts on, its value, and the reason why it could not be read."""


@dataclass(frozen=True)
class ObjectReader:
    """Reads the objects of a JSON array or of NDJSON lines.

    ``member`` names the array to read where a JSON document is an object of arrays. A JSON document is held
    in memory while it is read; NDJSON is not. Column names are the keys, in the order of their first
    appearance.
    """

    source: Source
    member: str | None = None

    @cached_property
    def _names(self) -> NameMaker:
        return NameMaker()

    @property
    def notes(self) -> Sequence[str]:
        """Which columns were renamed."""
        return self._names.notes

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """Read the records after the first ``skip``.

        Raises:
            InvalidBody: the compressed data is damaged, or a JSON document is neither an array nor an object.
        """
        try:
            with self.source.open() as (file, meter):
                lines = self.source.format == "ndjson"
                items = _line_items(file) if lines else _array_items(_decoded(file.read(), self.source), self)
                yield from self._chunks(islice(items, skip, None), skip, meter)
        except (EOFError, OSError) as error:
            raise InvalidBody(f"{self.source.label} cannot be read: {error}.") from error

    def _chunks(self, items: Iterator[_Item], end: int, meter: Meter) -> Iterator[Chunk]:
        while taken := list(islice(items, CHUNK_RECORDS)):
            end += len(taken)
            rejects = [Reject(self.source.label, line, None, reason) for line, _, reason in taken if reason]
            records = [(line, value) for line, value, reason in taken if not reason and isinstance(value, dict)]
            yield Chunk(
                self._columns([value for _, value in records]),
                [line for line, _ in records],
                end,
                meter.fraction,
                rejects,
            )

    def _columns(self, records: list[dict[str, object]]) -> dict[str, list[object]]:
        keys = dict.fromkeys(key for record in records for key in record)
        return {self._names.name(key): [record.get(key, MISSING) for record in records] for key in keys}


def json_tables(source: Source) -> tuple[str | None, ...]:
    """Name the arrays of a JSON document that is an object of arrays; (None,) for an array and for NDJSON.

    Raises:
        InvalidBody: the document is neither.
    """
    if source.format == "ndjson":
        return (None,)
    with source.open() as (file, _):
        text = _decoded(file.read(), source)
    start = _skip(text, 0)
    if text.startswith("[", start):
        return (None,)
    try:
        document = _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise InvalidBody(f"{source.label} is not JSON: {error}.") from error
    if not isinstance(document, dict) or not all(isinstance(value, list) for value in document.values()):
        raise InvalidBody(f"{source.label} is neither an array of objects nor an object of such arrays.")
    return tuple(document)


# -- numbers ---------------------------------------------------------------------------------------------


def _number(text: str) -> float | Decimal:
    """Read a JSON number exactly: as a float where that has the same digits, else as a decimal."""
    value = float(text)
    exact = Decimal(text)
    return value if Decimal(repr(value)) == exact else exact


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_refuse)


# -- items -----------------------------------------------------------------------------------------------


def _line_items(lines: Iterator[bytes]) -> Iterator[_Item]:
    for number, raw in enumerate(lines, 1):
        if raw.strip():
            yield _line_item(number, raw)


def _line_item(number: int, raw: bytes) -> _Item:
    try:
        return _checked(number, _DECODER.decode(raw.decode("utf-8-sig" if number == 1 else "utf-8")))
    except UnicodeDecodeError:
        return number, None, "the line is not valid utf-8"
    except json.JSONDecodeError as error:
        return number, None, f"not JSON: {error.msg} at character {error.pos + 1}"
    except (ValueError, RecursionError) as error:
        return number, None, f"not JSON: {error}"


def _checked(line: int, value: object) -> _Item:
    if isinstance(value, dict):
        return line, value, None
    return line, None, f"not an object: {shorten(json.dumps(value, default=str))}"


def _array_items(text: str, reader: ObjectReader) -> Iterator[_Item]:
    position = _skip(text, 0)
    if reader.member is not None:
        position = _member_start(text, position, reader.member)
    line, counted = 1, 0
    position = _skip(text, position + 1)
    while not text.startswith("]", position):
        line, counted = line + text.count("\n", counted, position), position
        try:
            value, position = _DECODER.raw_decode(text, position)
            yield _checked(line, value)
            position = _separator(text, position)
        except (ValueError, RecursionError) as error:
            at = error.lineno if isinstance(error, json.JSONDecodeError) else line
            yield at, None, f"not JSON, and nothing after it can be read: {error}"
            return


def _separator(text: str, position: int) -> int:
    position = _skip(text, position)
    if text.startswith(",", position):
        following = _skip(text, position + 1)
        if not text.startswith("]", following):
            return following
    elif text.startswith("]", position):
        return position
    raise json.JSONDecodeError("expected ',' or ']'", text, position)


def _member_start(text: str, position: int, member: str) -> int:
    """Find the array of a member in a document that :func:`json_tables` has read."""
    position = _skip(text, position + 1)
    while True:
        key, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        if key == member:
            return position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _decoded(raw: bytes, source: Source) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InvalidBody(f"{source.label}, line {line}: the text is not valid utf-8.") from error
