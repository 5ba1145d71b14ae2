"""Choosing a column's type from what SQLite declares and from what is really stored."""

import json
import re
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from synthdb.importing.sqlite_tables import SourceColumn, quoted
from synthdb_host.catalog import ColumnType
from synthdb_host.errors import RequestError
from synthdb_host.values import adapt

__all__ = ["Default", "choose_type", "default_of"]

_STRING = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"")
_DIGITS = re.compile(r"\(\s*\d+\s*(?:,\s*\d+\s*)?\)")
_BLOB = re.compile(r"[xX]'((?:[0-9a-fA-F]{2})*)'")
_EXACT_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Default:
    """A column's default: whether there is one, its value, and a note if it could not be carried over."""

    given: bool = False
    value: object = None
    note: str | None = None


def choose_type(connection: sqlite3.Connection, table: str, column: SourceColumn) -> tuple[ColumnType, str | None]:
    """Choose the type that holds every value of a column, and say why if the declaration promised another.

    Declared booleans, dates, timestamps, decimals, uuids and JSON are taken at their word if every value
    agrees.
    """
    name, source = quoted(column.name), quoted(table)
    classes = connection.execute(f"SELECT DISTINCT typeof({name}) FROM {source}")  # noqa: S608 - quoted
    stored = {row[0] for row in classes} - {"null"}
    promised = _promised(column.declared.upper())
    if promised is not None:
        distinct = f"SELECT DISTINCT {name} FROM {source} WHERE {name} IS NOT NULL"  # noqa: S608 - quoted
        if _keeps(promised, (row[0] for row in connection.execute(distinct))):
            return promised, None
    found, why = (
        _by_storage(connection, source, name, stored) if stored else (_by_affinity(column.declared.upper()), None)
    )
    if promised is not None:
        why = f"declared {column.declared}, but not all values are; it is {found}"
    return found, why


def _promised(declared: str) -> ColumnType | None:
    if "BOOL" in declared:
        return ColumnType("boolean")
    if "TIMESTAMP" in declared or "DATETIME" in declared:
        return ColumnType("timestamp")
    if declared == "DATE":
        return ColumnType("date")
    if "UUID" in declared:
        return ColumnType("uuid")
    if "JSON" in declared:
        return ColumnType("json")
    digits = _DIGITS.search(declared)
    if digits and ("DECIMAL" in declared or "NUMERIC" in declared):
        try:
            return ColumnType.parse("decimal" + digits[0])
        except RequestError:
            return None
    return None


_READ: dict[str, Callable[[Any], Any]] = {
    "boolean": lambda value: bool(value) if value in (0, 1) else value,
    "json": json.loads,
}


def _keeps(promised: ColumnType, values: Iterable[Any]) -> bool:
    read = _READ.get(promised.name, lambda value: value)
    textual = promised.name in ("timestamp", "date", "uuid", "json")
    try:
        return all(isinstance(value, str) is textual and adapt(promised, read(value)) is not None for value in values)
    except (RequestError, ValueError, RecursionError):
        return False


def _by_storage(
    connection: sqlite3.Connection, source: str, name: str, stored: set[str]
) -> tuple[ColumnType, str | None]:
    if "blob" in stored:
        why = "some values are not bytes; their text is stored as bytes" if len(stored) > 1 else None
        return ColumnType("bytes"), why
    if "text" in stored:
        others = " and ".join(sorted(stored - {"text"}))
        return ColumnType("text"), f"text, because it holds text as well as {others}" if others else None
    if stored == {"integer"}:
        return ColumnType("integer"), None
    if "integer" not in stored:
        return ColumnType("real"), None
    rows = f"{source} WHERE typeof({name}) = 'integer'"
    widest = f"SELECT max({name}), min({name}) FROM {rows}"  # noqa: S608 - quoted
    largest, smallest = connection.execute(widest).fetchone()
    exact = smallest >= -_EXACT_INTEGER and largest <= _EXACT_INTEGER
    return ColumnType("real" if exact else "text"), None


def _by_affinity(declared: str) -> ColumnType:
    if "INT" in declared:
        return ColumnType("integer")
    if any(word in declared for word in ("CHAR", "CLOB", "TEXT")) or not declared:
        return ColumnType("text")
    if "BLOB" in declared:
        return ColumnType("bytes")
    return ColumnType("real")


def default_of(column: SourceColumn, column_type: ColumnType) -> Default:
    """Read a default that is a literal; others cannot be carried over."""
    text = column.default
    if text is None or text.strip("() ").upper() == "NULL":
        return Default()
    try:
        return Default(given=True, value=adapt(column_type, _literal(text.strip(), column_type)))
    except (RequestError, ValueError):
        return Default(note=f"the default {text} is not carried over")


def _literal(text: str, column_type: ColumnType) -> object:
    while text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
    if string := _STRING.fullmatch(text):
        value = string[1].replace("''", "'") if string[1] is not None else string[2].replace('""', '"')
        return json.loads(value) if column_type.name == "json" else value
    if blob := _BLOB.fullmatch(text):
        return bytes.fromhex(blob[1])
    if column_type.name == "boolean":
        return (
            {"0": False, "1": True, "FALSE": False, "TRUE": True}[text.upper()] if text.upper() in _BOOLEANS else text
        )
    if "." in text or "e" in text.lower():
        return float(text)
    return int(text)


_BOOLEANS = frozenset({"0", "1", "TRUE", "FALSE"})
