"""States: a word for everything that can be read at a place, by which one knows whether it has changed.

Rows change with commits, and with the layout version what names mean and what tables are. Commits stand for themselves
by their times: a file may be replaced by an older one, after which the same ids are given again.
"""

import sqlite3
from typing import Final

from synthdb.catalog.places import Place

__all__ = ["StateNote", "read_state"]

_NEWEST: Final = "SELECT at FROM _tx WHERE branch = {branch} ORDER BY id DESC LIMIT 1"
_NOTHING: Final = "nothing"


def read_state(driver: sqlite3.Connection, place: Place) -> tuple[int, str]:
    """Give the layout version of the file, and the state of a place at which that version is right."""
    newest = _NEWEST.format(branch=place.branch)
    layout, at = driver.execute(f"SELECT layout, ({newest}) FROM _meta").fetchone()
    return layout, _word(layout, place, at)


def _word(layout: int, place: Place, at: str | None) -> str:
    return f"{layout}.{at or 0}" if place.is_head else f"{layout}.{place.layers[0].bound}"


class StateNote:
    """Lets a statement of a connection note the state that it reads, which is cheaper than to ask for it.

    The note is taken where ``condition`` is evaluated, which is always true.
    """

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._at: str | None = _NOTHING
        self._commit = 0
        driver.create_function("synthdb_note", 2, self._note)

    def _note(self, at: str | None, commit: int) -> int:
        self._at, self._commit = at, commit
        return 1

    def condition(self, place: Place) -> str:
        """Give the SQL condition for a place."""
        self._at = _NOTHING
        newest = _NEWEST.format(branch=place.branch)
        return f"synthdb_note(({newest}), (SELECT max(id) FROM _tx))" if place.is_head else "1"

    def state(self, layout: int, place: Place) -> str | None:
        """Give the state that was noted; None: the condition was not evaluated."""
        return None if place.is_head and self._at == _NOTHING else _word(layout, place, self._at)

    def commit(self, place: Place) -> str:
        """Name the state that was noted, as :func:`synthdb.engine.positions.newest_commit` does."""
        bound = place.layers[0].bound
        return str(self._commit if bound is None else bound)
