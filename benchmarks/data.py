"""The data that every peer serves: one table of items, the same rows on every run."""

import csv
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from heapq import nlargest
from pathlib import Path
from typing import Final

__all__ = [
    "COLUMNS",
    "INDEX",
    "LIST_LIMIT",
    "SCHEMA",
    "Item",
    "dearest",
    "item",
    "items",
    "normal",
    "write_csv",
    "write_sqlite",
]

COLUMNS: Final = ("id", "name", "email", "price", "qty", "created_at", "active", "note")
LIST_LIMIT: Final = 100
SCHEMA: Final = (
    "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, "
    "price REAL NOT NULL, qty INTEGER NOT NULL, created_at TEXT NOT NULL, active BOOLEAN NOT NULL, "
    "note TEXT NOT NULL)"
)
INDEX: Final = "CREATE INDEX items_price ON items (price)"

_PRIME: Final = 1_000_003
_CHEAPEST: Final = 1.0

Item = tuple[int, str, str, float, int, str, bool, str]


def item(number: int) -> Item:
    """Make one row. No two of the first million have the same price, so that their order has one answer."""
    price = _CHEAPEST + (number * 7_919 % _PRIME) / 100
    created = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:00Z"
    note = f"Note {number * 31 % 9973} on item {number}, as long as such notes are"
    name, email = f"Item {number}", f"owner{number}@example.com"
    return number, name, email, price, number % 1000, created, number % 3 > 0, note


def dearest(count: int) -> list[Item]:
    """Give the rows that the list is to hold: those active ones with the highest prices, dearest first."""
    active = (row for row in items(count) if row[6])
    return nlargest(LIST_LIMIT, active, key=lambda row: row[3])


def items(count: int) -> Iterator[Item]:
    """Make the first rows, in the order of their ids, which begin at 1."""
    return map(item, range(1, count + 1))


def normal(record: Mapping[str, object]) -> Item:
    """Give what a peer answered in the form of :func:`item`; each writes booleans and ids in its own way."""
    number, price, qty = (str(record[name]) for name in ("id", "price", "qty"))
    name, email, created, note = (str(record[name]) for name in ("name", "email", "created_at", "note"))
    return int(number), name, email, float(price), int(qty), created, bool(record["active"]), note


def write_sqlite(path: Path, rows: Iterable[Item]) -> None:
    """Write the table and its index to a new SQLite file in WAL mode."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(SCHEMA)
        connection.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        connection.execute(INDEX)


def write_csv(path: Path, count: int) -> None:
    """Write rows as a CSV file with a header; booleans are ``true`` and ``false``."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in items(count):
            writer.writerow((*row[:6], str(row[6]).lower(), row[7]))
