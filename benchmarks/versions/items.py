"""The table that is measured: 6 columns beside the identity, the same rows for every store."""

from collections.abc import Iterator
from typing import Final

__all__ = ["COLUMNS", "INSERT", "READ", "SCHEMA", "Item", "item", "items", "spread"]

COLUMNS: Final = ("name", "email", "qty", "price", "size", "note")
SCHEMA: Final = (
    "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, email TEXT, qty INTEGER, price REAL, size INTEGER, "
    "note TEXT)"
)
INSERT: Final = f"INSERT INTO items ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?)"
READ: Final = f"SELECT id, {', '.join(COLUMNS)} FROM items"

_PRIME: Final = 7_919

Item = tuple[str, str, int, float, int, str]


def item(number: int) -> Item:
    """Make one row."""
    name, email = f"Item {number}", f"owner{number}@example.com"
    return name, email, number % 1000, number * _PRIME % 1_000_003 / 100, number % 97, f"Note {number * 31 % 9973}"


def items(count: int) -> Iterator[Item]:
    """Make the first rows, whose identities are 1 and so on."""
    return map(item, range(1, count + 1))


def spread(count: int, rows: int, start: int = 0) -> list[int]:
    """Choose identities far from each other, each once as long as there are so many rows."""
    step = _PRIME if rows % _PRIME else 1
    return [1 + number * step % rows for number in range(start, start + count)]
