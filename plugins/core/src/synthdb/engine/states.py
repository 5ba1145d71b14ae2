"""States: a word for everything that can be read at a place, by which one knows whether it has changed."""

import sqlite3
from typing import Final

from synthdb.catalog.places import Place

__all__ = ["read_state"]

_STATE: Final = "SELECT layout, (SELECT at FROM _tx WHERE branch = ? ORDER BY id DESC LIMIT 1) FROM _meta"


def read_state(driver: sqlite3.Connection, place: Place) -> tuple[int, str]:
    """Give the layout version of the file, and the state of a place at which that version is right.

    Rows change with commits, and with the layout version what names mean and what tables are. Commits stand for
    themselves by their times: a file may be replaced by an older one, after which the same ids are given again.
    """
    layout, at = driver.execute(_STATE, (place.branch,)).fetchone()
    return layout, f"{layout}.{at or 0}" if place.is_head else f"{layout}.{place.layers[0].bound}"
