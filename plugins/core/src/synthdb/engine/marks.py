"""Keeping account of which branches change which tables, for :mod:`synthdb.catalog.layering`."""

import sqlite3

from synthdb.catalog.model import StoredTable
from synthdb.engine.overlay import make_overlay
from synthdb.storage.layout import MAIN

__all__ = ["Marks"]


class Marks:
    """The marks that a writer knows. ``pinned`` is the newest commit that a branch or tag was made at; -1: none was.

    ``moved`` says that the rows of some place must be read in another way since somebody last looked.
    """

    def __init__(self, pinned: int) -> None:
        self.pinned = pinned
        self.moved = False
        self._known: dict[tuple[int, int], int] = {}

    def pin(self, commit: int) -> None:
        """Take note that a branch or tag was made, and that marks may have been raised for it."""
        self.pinned = commit
        self._known.clear()

    def forget(self) -> None:
        """Look again at what is written down."""
        self._known.clear()
        self.moved = True

    def note(self, driver: sqlite3.Connection, table: StoredTable, branch: int, commit: int) -> bool:
        """Note a change of a table on a branch, before it is made; says whether the table lies otherwise now.

        Only the first change of all, and the first after a branch or tag was made, are written down.
        """
        if branch == MAIN and self.pinned < 0:
            return False
        mark = self._mark(driver, table.id, branch)
        if mark is not None and mark > self.pinned:
            return False
        if branch != MAIN and not table.has_overlay:
            make_overlay(driver, table)
        driver.execute(
            "INSERT INTO _layer (table_id, branch, mark) VALUES (?, ?, ?) "
            "ON CONFLICT (branch, table_id) DO UPDATE SET mark = excluded.mark",
            (table.id, branch, commit),
        )
        driver.execute("UPDATE _meta SET layout = layout + 1")
        self._known[table.id, branch] = commit
        self.moved = True
        return branch != MAIN and mark is None

    def _mark(self, driver: sqlite3.Connection, table: int, branch: int) -> int | None:
        if (table, branch) not in self._known:
            statement = "SELECT mark FROM _layer WHERE table_id = ? AND branch = ?"
            found = driver.execute(statement, (table, branch)).fetchone()
            if found is None:
                return None
            self._known[table, branch] = found[0]
        return self._known[table, branch]
