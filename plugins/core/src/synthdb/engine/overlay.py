"""Rows of branches: the overlay of a table, and the statements that change it.

The overlay of a table holds, for each branch but main, the rows that the branch wrote: a live version, or a
deleted one that hides the row of the branches below. What a branch replaces of its own goes to the history first.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from synthdb.catalog.model import StoredTable
from synthdb.engine.naming import quote
from synthdb.engine.rows import RowIds
from synthdb.storage.layout import create_overlay, expect_rows

__all__ = ["OverlayRows", "index_overlay", "make_overlay"]


def make_overlay(driver: sqlite3.Connection, table: StoredTable) -> None:
    """Make the overlay of a table, with an index for each of the table's own."""
    columns = driver.execute("SELECT name, type FROM pragma_table_info(?)", (table.physical,)).fetchall()
    definitions = ", ".join(f"{quote(name)} {kind}" for name, kind in columns if name in table.stored)
    create_overlay(driver, table.physical, definitions, table.identity.physical)
    indexed = driver.execute("SELECT name FROM pragma_index_list(?) WHERE origin = 'c'", (table.physical,)).fetchall()
    for (index,) in indexed:
        names = driver.execute("SELECT name FROM pragma_index_info(?)", (index,)).fetchall()
        index_overlay(driver, table.overlay, index, [name for (name,) in names])


def index_overlay(driver: sqlite3.Connection, overlay: str, index: str, columns: Sequence[str]) -> None:
    """Give an overlay the counterpart of an index of its table. Deleted versions are not in it."""
    names, name = ", ".join(map(quote, columns)), f"_b{index}"
    driver.execute(f"CREATE INDEX {quote(name)} ON {quote(overlay)} (branch, {names}) WHERE _del = 0")
    expect_rows(driver, overlay, {name: " ".join(["10000", *["10"] * len(columns)])})


class OverlayRows:
    """Writes rows of one table on one branch, as one commit."""

    def __init__(self, driver: sqlite3.Connection, table: StoredTable, branch: int, commit: int) -> None:
        self._driver = driver
        self._table = table
        self._branch = branch
        self._commit = commit
        self._overlay = quote(table.overlay)
        self._identity = quote(table.identity.physical)
        self._stored = [quote(name) for name in table.stored]

    def keep(self, rows: RowIds, operation: str) -> None:
        """Copy this branch's own versions of rows to the history, unless this commit wrote them."""
        columns = ", ".join(self._stored)
        values = ", ".join(self._table.unfilled.value(name) for name in self._table.stored)
        self._driver.execute(
            f"INSERT INTO {quote(self._table.history)} ({columns}, branch, _del, _created, _from, _to, _op) "
            f"SELECT {values}, branch, _del, _created, _tx, ?, ? FROM {self._overlay} "
            f"WHERE {self._identity} {rows.test} AND branch = ? AND +_tx <> ?",
            (self._commit, operation, *rows.parameters, self._branch, self._commit),
        )

    def set_values(self, rows: RowIds, values: dict[str, Any]) -> None:
        """Write the rows as the branch shows them, with other values in some physical columns."""
        self.keep(rows, "u")
        new = ["?" if name in values else quote(name) for name in self._table.stored]
        into = ", ".join([*self._stored, "branch", "_del", "_tx", "_created"])
        self._driver.execute(
            f"INSERT INTO {self._overlay} ({into}) SELECT {', '.join(new)}, ?, 0, ?, _created "
            f"FROM {self._table.rows()} WHERE {self._identity} {rows.test} {self._replace()}",
            (
                *(values[name] for name in self._table.stored if name in values),
                self._branch, self._commit, *rows.parameters,
            ),
        )  # fmt: skip

    def delete(self, rows: RowIds) -> None:
        """Write deleted versions of rows."""
        self.keep(rows, "d")
        history = f"UPDATE {quote(self._table.history)} SET _op = 'd' WHERE {self._identity} {rows.test}"
        self._driver.execute(f"{history} AND +branch = ? AND _to = ?", (*rows.parameters, self._branch, self._commit))
        into = ", ".join([*self._stored, "branch", "_del", "_tx", "_created"])
        new = [self._identity if name == self._identity else "NULL" for name in self._stored]
        self._driver.execute(
            f"INSERT INTO {self._overlay} ({into}) SELECT {', '.join(new)}, ?, 1, ?, _created "
            f"FROM {self._table.rows()} WHERE {self._identity} {rows.test} {self._replace()}",
            (self._branch, self._commit, *rows.parameters),
        )

    def put(self, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write rows over whatever this branch had of them: values of physical columns, and where they began."""
        empty = [name for name in self._table.stored if name not in names]
        into = ", ".join([*map(quote, names), "_created", *map(quote, empty), "branch", "_del", "_tx"])
        marks = ", ".join(["?"] * (len(names) + 1) + ["NULL"] * len(empty))
        self._driver.executemany(
            f"INSERT INTO {self._overlay} ({into}) "
            f"VALUES ({marks}, {self._branch}, 0, {self._commit}) {self._replace()}",
            rows,
        )

    def _replace(self) -> str:
        """Say what happens where the branch has a version of a row already."""
        others = [name for name in self._stored if name != self._identity]
        sets = [f"{name} = excluded.{name}" for name in (*others, "_del", "_tx", "_created")]
        return f"ON CONFLICT ({self._identity}, branch) DO UPDATE SET {', '.join(sets)}"
