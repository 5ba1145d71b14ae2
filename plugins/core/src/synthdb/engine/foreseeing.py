"""Dry runs that only read, so that no writer waits for them."""

import sqlite3

from synthdb.catalog.model import StoredCatalog
from synthdb.catalog.places import is_protected
from synthdb.engine.marks import Marks
from synthdb.engine.numbers import Numbers
from synthdb.engine.operations import require_unprotected
from synthdb.engine.reader import Reader
from synthdb.engine.session import Plans, Session
from synthdb.engine.versions.branching import last_commit
from synthdb.engine.versions.merging import Foreseeable, foresee
from synthdb_host.contracts import Context, Restrictions, Result

__all__ = ["Foreseeable", "foreseen"]


def foreseen(
    driver: sqlite3.Connection,
    catalog: StoredCatalog,
    operation: Foreseeable,
    restrictions: Restrictions,
    context: Context,
) -> Result | None:
    """Give the result of a dry run inside a reading transaction; None if it must be tried out by the writer."""
    if not catalog.place.is_head:
        return None
    session = Session(driver, catalog, Reader(), Plans(), Marks(-1), Numbers(), last_commit(driver) + 1, "")
    session.restrictions, session.context = restrictions, context
    session.is_protected = is_protected(driver, session.branch)
    require_unprotected(session, operation)
    return foresee(session, operation)
