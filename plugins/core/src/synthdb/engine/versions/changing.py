"""Changing branches and combining states: each operation and the function that does it."""

from synthdb.catalog.places import resolve
from synthdb.engine.backfilling import backfill
from synthdb.engine.session import Session
from synthdb.engine.versions.branching import change_branches
from synthdb.engine.versions.collecting import collect
from synthdb.engine.versions.compacting import compact
from synthdb.engine.versions.conflict_store import resolve_conflicts
from synthdb.engine.versions.merging import cherry_pick, merge, restore, revert
from synthdb_host.contracts import Result
from synthdb_host.errors import UnsupportedCapability
from synthdb_host.operations import Operation
from synthdb_host.versions import Backfill, Branching, CherryPick, Collect, Compact, Merge, Resolve, Restore, Revert

__all__ = ["change_versions"]


def change_versions(session: Session, operation: Operation) -> Result:
    """Execute an operation on branches, tags or whole states."""
    match operation:
        case Branching():
            return change_branches(session, operation)
        case Merge():
            return merge(session, operation)
        case CherryPick():
            return cherry_pick(session, operation)
        case Revert():
            return revert(session, operation)
        case Restore():
            return restore(session, operation)
        case Resolve():
            return resolve_conflicts(session, operation, resolve(session.driver, operation.source))
        case _:
            return _maintain(session, operation)


def _maintain(session: Session, operation: Operation) -> Result:
    match operation:
        case Collect():
            return collect(session, operation)
        case Compact():
            return compact(session, operation)
        case Backfill():
            return backfill(session, operation)
        case _:
            raise UnsupportedCapability(f"{type(operation).__name__} cannot be a part of a transaction.")
