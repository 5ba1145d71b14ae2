"""Executing one operation inside a write transaction."""

import sqlite3
from dataclasses import replace
from typing import Final

from synthdb.engine.define import define
from synthdb.engine.insert import insert
from synthdb.engine.recording import keep
from synthdb.engine.session import Session
from synthdb.engine.translation import integrity_error
from synthdb.engine.update import delete, update
from synthdb.engine.versions.changing import change_versions
from synthdb_host.batches import run_parts
from synthdb_host.contracts import Result
from synthdb_host.errors import InvalidParameter, ProtectedBranch, UnsupportedCapability
from synthdb_host.operations import (
    HEAD,
    Batch,
    Define,
    Delete,
    Insert,
    Operation,
    Ref,
    Select,
    Update,
)
from synthdb_host.records import KeepRecords
from synthdb_host.versions import CherryPick, Restore, Revert

__all__ = ["execute", "kind_of", "ref_of", "require_part", "require_unprotected"]


_REFUSED_IF_PROTECTED: Final = (Insert, Update, Delete, Define, CherryPick, Revert, Restore)


_PARTS: Final = (Select, Insert, Update, Delete, Define, Batch, Restore)


def ref_of(operation: Operation) -> Ref:
    """Give the branch that an operation writes to."""
    ref: Ref = getattr(operation, "ref", HEAD)
    return ref


def kind_of(operation: Operation) -> str:
    """Name the kind of commit that an operation makes."""
    return "write" if isinstance(operation, Insert | Update | Delete) else type(operation).__name__.lower()


def execute(session: Session, operation: Operation) -> Result:
    """Execute an operation; reads see what the transaction wrote so far."""
    require_unprotected(session, operation)
    match operation:
        case Insert():
            return insert(session, operation)
        case Update():
            return update(session, operation)
        case Delete():
            return delete(session, operation)
        case Define():
            return define(session, operation)
        case Select():
            return session.reader.run(session.driver, session.catalog, operation, session.restrictions)
        case Batch():
            return _batch(session, operation)
        case KeepRecords():
            return keep(session.driver, operation)
        case _:
            return change_versions(session, operation)


def require_unprotected(session: Session, operation: Operation) -> None:
    """Raise ProtectedBranch for an operation that a protected branch does not take."""
    if session.is_protected and isinstance(operation, _REFUSED_IF_PROTECTED):
        raise ProtectedBranch(
            f"Branch {session.catalog.place.name!r} is protected.", hint="Write to a branch of it and merge that."
        )


def require_part(operation: Operation) -> None:
    """Raise UnsupportedCapability for an operation that is a commit of its own, or reads what was committed."""
    if not isinstance(operation, _PARTS):
        raise UnsupportedCapability(f"{type(operation).__name__} cannot be a part of a transaction.")


def _part(session: Session, part: Operation) -> Result:
    try:
        return execute(session, part)
    except sqlite3.IntegrityError as error:
        # Only here it is known whose error this is.
        raise integrity_error(error, session.catalog) from error


def _batch(session: Session, batch: Batch) -> Result:
    for part in batch.operations:
        require_part(part)
        if ref_of(part) not in (HEAD, batch.ref):
            raise InvalidParameter("Every part of a batch is done on the branch of the batch.", where="ref")
    parts = run_parts(batch, lambda part: _part(session, part))
    whole = session.result(Result(), sum(part.affected or 0 for part in parts))
    return replace(whole, parts=parts)
