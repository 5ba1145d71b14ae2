"""JSON, CSV and NDJSON, written piece by piece."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from synthdb_host.encoding import RowEncoder

__all__ = ["CsvWriter", "JsonWriter", "NdjsonWriter"]

_NULL: Final = "NULL"
_NEEDS_QUOTES: Final = re.compile(r'[",\r\n]|^\s|\s$')
_NEEDS_NONE: Final = frozenset({"integer", "real", "decimal", "boolean", "date", "timestamp", "uuid", "bytes"})
"""Types whose text holds nothing that CSV gives a meaning to."""

_FORMULA: Final = re.compile(r"[=+\-@\t\r\n]")
_MARK: Final = b"\xef\xbb\xbf"


class CsvWriter:
    """Writes CSV with a header line; NULL is an empty cell, an empty text is ``""``.

    Args:
        encoder: what knows the rows.
        parameters: ``header=absent`` leaves the header out; ``bom=present`` begins with a byte order mark, by which
            some spreadsheets know UTF-8; ``formulas=escaped`` puts an apostrophe before texts that a spreadsheet
            would run as a formula.
    """

    def __init__(self, encoder: RowEncoder, parameters: Mapping[str, str]) -> None:
        self._encoder = encoder
        self._is_escaped = parameters.get("formulas") == "escaped"
        self._begun = _MARK if parameters.get("bom") == "present" else b""
        if parameters.get("header") != "absent":
            self._begun += (",".join(self._quoted(encoder.names)) + "\r\n").encode()
        self._quotes = [column.type.name not in _NEEDS_NONE for column in encoder.columns]

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write the next rows."""
        begun, self._begun = self._begun, b""
        columns = self._encoder.text_columns(rows)
        for place, quotes in enumerate(self._quotes if columns else ()):
            if quotes:
                nulls = [row[place] is None for row in rows]
                texts = self._quoted(columns[place])
                columns[place] = ["" if null else text for null, text in zip(nulls, texts, strict=True)]
        lines = [",".join(line) for line in zip(*columns, strict=True)]
        return begun + ("\r\n".join(lines) + "\r\n").encode() if lines else begun

    def finish(self) -> bytes:
        """Write the header if there were no rows."""
        return self.write(())

    def _quoted(self, texts: Sequence[str]) -> list[str]:
        if self._is_escaped:
            texts = [f"'{text}" if _FORMULA.match(text) else text for text in texts]
        return [_quoted(text) for text in texts]


def _quoted(text: str) -> str:
    if text and text != _NULL and not _NEEDS_QUOTES.search(text):
        return text
    return '"' + text.replace('"', '""') + '"'


class NdjsonWriter:
    """Writes JSON objects, one a line."""

    def __init__(self, encoder: RowEncoder, _parameters: Mapping[str, str]) -> None:
        self._encoder = encoder

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write the next rows."""
        return self._encoder.ndjson(rows)

    def finish(self) -> bytes:
        """Write nothing more."""
        return b""


class JsonWriter:
    """Writes one JSON array of objects."""

    def __init__(self, encoder: RowEncoder, _parameters: Mapping[str, str]) -> None:
        self._encoder = encoder
        self._before = b"["

    def write(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """Write the next rows."""
        if not rows:
            return b""
        before, self._before = self._before, b","
        return before + self._encoder.json(rows)[1:-1]

    def finish(self) -> bytes:
        """Write the end of the array."""
        return b"]" if self._before == b"," else b"[]"
