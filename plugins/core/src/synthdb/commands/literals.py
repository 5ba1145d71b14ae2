"""Values as literals of SQL, as they are in a plain SQLite file."""

from base64 import b64decode
from decimal import Decimal
from typing import Final

from synthdb.importing.sqlite_tables import quoted
from synthdb.library.exact import encode_exact
from synthdb_host.catalog import Table
from synthdb_host.encoding import to_text

__all__ = ["default_of", "literal", "matches"]

_EXACT_DIGITS: Final = 15
"""Of a number with more digits SQLite keeps the text and not the number."""


def literal(kind: str, value: object) -> str:
    """Write a value of a type, as JSON or Python has it."""
    if value is None:
        return "NULL"
    if kind == "json":
        return _quoted(encode_exact(value).decode())
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text if len(value.as_tuple().digits) <= _EXACT_DIGITS else _quoted(text)
    if isinstance(value, int | float):
        return str(value)
    if kind == "bytes":
        return f"X'{(value if isinstance(value, bytes) else b64decode(str(value))).hex()}'"
    return _quoted(to_text(value))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def default_of(table: Table, column: str) -> str:
    """Write what rows have in a column that they were never given a value of."""
    found = table.column(column)
    return literal(found.type.name, found.default)


def matches(kind: str, column: str, value: object) -> str:
    """Write the condition that a column has a value."""
    return f"{quoted(column)} IS NULL" if value is None else f"{quoted(column)} = {literal(kind, value)}"
