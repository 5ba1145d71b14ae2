"""Executing one operation inside a write transaction."""

from dataclasses import replace

from synthdb.engine.define import define
from synthdb.engine.insert import insert
from synthdb.engine.session import Session
from synthdb.engine.update import delete, update
from synthdb_host.contracts import Result
from synthdb_host.errors import UnknownRef, UnsupportedCapability
from synthdb_host.operations import HEAD, Batch, Define, Delete, Insert, Operation, Ref, Select, Sql, Update

__all__ = ["check_ref", "execute"]


def check_ref(ref: Ref) -> None:
    """Raise UnknownRef for anything but the newest state of main."""
    if ref.branch != "main":
        raise UnknownRef(f"There is no branch {ref.branch!r}.")
    if ref.at is not None:
        raise UnknownRef(f"There is no commit, tag or time {ref.at!r} on {ref.branch!r}.")


def execute(session: Session, operation: Operation) -> Result:
    """Execute an operation; reads see what the transaction wrote so far."""
    check_ref(getattr(operation, "ref", HEAD))
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
            parts = tuple(execute(session, part) for part in operation.operations)
            whole = session.result(Result(), sum(part.affected or 0 for part in parts))
            return replace(whole, parts=parts)
        case Sql():
            raise UnsupportedCapability("SQL cannot run inside a transaction.")
        case _:
            raise UnsupportedCapability(f"This storage knows no {type(operation).__name__}.")
