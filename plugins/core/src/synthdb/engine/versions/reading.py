"""Reading commits, branches and differences: each operation and the function that answers it."""

import sqlite3

from synthdb.catalog.model import StoredCatalog
from synthdb.catalog.places import Place, resolve
from synthdb.engine.versions.bases import base_of
from synthdb.engine.versions.commits import log
from synthdb.engine.versions.conflict_store import list_conflicts
from synthdb.engine.versions.diffs import diff
from synthdb.engine.versions.feed import changes
from synthdb.engine.versions.histories import history
from synthdb.engine.versions.listing import list_branches, list_tags
from synthdb.engine.versions.past import Past
from synthdb.engine.versions.storing import report_storage
from synthdb_host.contracts import UNRESTRICTED, Restrictions, Result, TableRestriction
from synthdb_host.errors import Forbidden
from synthdb_host.versions import HEAD, Branches, Changes, Conflicts, Diff, History, Log, Ref, StorageReport, Tags

__all__ = ["VersionReading", "read_versions_of"]

VersionReading = Log | History | Diff | Changes | Branches | Tags | Conflicts | StorageReport


def read_versions_of(
    driver: sqlite3.Connection, catalog: StoredCatalog, operation: VersionReading, restrictions: Restrictions
) -> Result:
    """Answer an operation that only reads; ``catalog`` is that of its ref.

    Tables whose rows or columns are restricted for the caller are left out, and refused where they are named.
    """
    hidden = frozenset(name for name, limit in restrictions.tables.items() if _is_limited(limit))
    match operation:
        case Log():
            return log(driver, catalog.place, operation, _visible(Past(driver), catalog.place, restrictions))
        case History():
            return _history(driver, catalog, operation, hidden)
        case Diff():
            return _diff(driver, operation, hidden, restrictions)
        case Changes():
            place = resolve(driver, HEAD if operation.branch is None else Ref(operation.branch))
            return changes(driver, operation, _visible(Past(driver), place, restrictions))
        case Branches():
            return list_branches(driver, operation)
        case Tags():
            return list_tags(driver)
        case Conflicts():
            source = None if operation.source is None else resolve(driver, Ref.parse(operation.source))
            shown = None if restrictions is UNRESTRICTED else frozenset(catalog.tables) - hidden
            return list_conflicts(driver, source, catalog.place, shown)
        case StorageReport():
            return report_storage(driver, catalog, hidden)


def _visible(past: Past, place: Place, restrictions: Restrictions) -> frozenset[int] | None:
    """Give the ids of the tables that the caller may see as they are now; None: those that were dropped, too.

    The limits of a caller are those of the tables that there are. What was dropped has none, so nobody who has
    limits is shown it.
    """
    if restrictions is UNRESTRICTED:
        return None
    limits = restrictions.tables
    seen = (table for table in past.tables(place).values())
    return frozenset(table.id for table in seen if not _is_limited(limits.get(table.name)))


def _is_limited(limit: TableRestriction | None) -> bool:
    return limit is not None and (limit.rows is not None or bool(limit.hidden))


def _history(driver: sqlite3.Connection, catalog: StoredCatalog, operation: History, hidden: frozenset[str]) -> Result:
    if operation.table in hidden:
        raise Forbidden(f"Rows or columns of {operation.table!r} are restricted for you, so its history is not shown.")
    return history(driver, catalog.table(operation.table), catalog.place, operation)


def _diff(driver: sqlite3.Connection, operation: Diff, hidden: frozenset[str], restrictions: Restrictions) -> Result:
    base, target = resolve(driver, operation.base), resolve(driver, operation.target)
    past = Past(driver)
    places = [_visible(past, place, restrictions) for place in (base, target)]
    visible = None if None in places else frozenset[int]().union(*(place for place in places if place is not None))
    if operation.three_dot:
        base = base_of(driver, base, target).place
    return diff(past, operation, base, target, hidden, visible)
