"""The numbers of new rows, which count on and are never given twice.

The file knows the highest number of a table by the rows it holds: main's, those of branches, and the versions that
were. So nothing has to be written to count; only where rows are about to be forgotten for good, their highest number
is kept in ``_table.next_id``.
"""

import sqlite3
from typing import Final

from synthdb.catalog.model import StoredTable
from synthdb.engine.naming import quote
from synthdb_host.errors import Conflict
from synthdb_host.values import INTEGER_MAX

__all__ = ["Numbers", "keep_number"]

_LAST: Final = INTEGER_MAX - 1
"""The highest number that is given; one behind that must still be an integer."""


class Numbers:
    """The next number of each table, as long as nobody else writes to the file."""

    def __init__(self) -> None:
        self._next: dict[int, int] = {}

    def forget(self) -> None:
        """Look into the file again."""
        self._next.clear()

    def next(self, driver: sqlite3.Connection, table: StoredTable) -> int:
        """Give the number that the next row gets."""
        known = self._next.get(table.id)
        return _next(driver, table.id, table.physical) if known is None else known

    def take(self, driver: sqlite3.Connection, table: StoredTable, count: int, behind: int = 0) -> int:
        """Take ``count`` numbers, all of them above ``behind``; gives the first.

        Raises:
            Conflict: there are not so many left.
        """
        first = max(behind + 1, self.next(driver, table))
        if first + count - 1 > _LAST:
            raise Conflict(f"The numbers for new rows of {table.name!r} are used up.", hint="Give an identity.")
        self._next[table.id] = first + count
        return first

    def pass_over(self, table: StoredTable, highest: int) -> None:
        """Take note of rows with numbers that were given."""
        known = self._next.get(table.id)
        if known is not None and highest >= known:
            self._next[table.id] = highest + 1


def keep_number(driver: sqlite3.Connection, table: int, physical: str) -> None:
    """Keep the next number of a table, whose rows or versions are about to be forgotten.

    Args:
        driver: the connection that forgets them.
        table: the id of the table.
        physical: the name of the physical table.
    """
    number = _next(driver, table, physical)
    driver.execute("UPDATE _table SET next_id = ?1 WHERE id = ?2 AND next_id < ?1", (number, table))


def _next(driver: sqlite3.Connection, table: int, physical: str) -> int:
    """Give the number behind the highest that the file knows."""
    identity, kind = driver.execute("SELECT name, type FROM pragma_table_info(?) WHERE pk", (physical,)).fetchone()
    least = int(driver.execute("SELECT next_id FROM _table WHERE id = ?", (table,)).fetchone()[0])
    if kind != "INTEGER":
        return least
    places = [physical, f"_h_{physical}"]
    if driver.execute("SELECT 1 FROM pragma_table_info(?) LIMIT 1", (f"_o_{physical}",)).fetchone():
        places.append(f"_o_{physical}")
    numbers: list[int] = [least]
    for place in places:
        (highest,) = driver.execute(f"SELECT max({quote(identity)}) FROM {quote(place)}").fetchone()
        if highest is not None:
            numbers.append(min(highest, _LAST) + 1)
    return max(numbers)
