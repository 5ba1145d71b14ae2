"""What PostgreSQL raises, as the engine knows it: errors with the codes of SQLite that mean the same."""

import re
import sqlite3
from typing import Final

import psycopg
from psycopg import errors

__all__ = ["Broken", "Refused", "Unreachable", "known", "late"]

_KEY: Final = re.compile(r"\((.+?)\)=\(")
_RETRIED: Final = (errors.SerializationFailure, errors.DeadlockDetected)


class Refused(sqlite3.OperationalError):
    """The server did not do it. ``is_passing``: it might, if everything is done again."""

    is_passing: bool = False
    place: Final = "server"
    sqlite_errorcode: int = 0


class Unreachable(Refused):
    """The server is gone, or let the connection go."""

    sqlite_errorcode = sqlite3.SQLITE_CANTOPEN


class Broken(sqlite3.IntegrityError):
    """A constraint would be broken."""


def known(error: psycopg.Error) -> sqlite3.Error:
    """Give the engine's error for one of psycopg."""
    message = str(error)
    match error:
        case errors.UniqueViolation():
            return Broken(_unique(error))
        case errors.IntegrityError():
            return Broken(message)
        case errors.NumericValueOutOfRange():
            return Refused("integer overflow")
        case errors.ProgramLimitExceeded() | errors.StringDataRightTruncation():
            return sqlite3.DataError(message)
    refused = Refused(message)
    refused.is_passing = isinstance(error, _RETRIED)
    match error:
        case errors.QueryCanceled():
            refused.sqlite_errorcode = sqlite3.SQLITE_INTERRUPT
        case errors.LockNotAvailable() | errors.SerializationFailure() | errors.DeadlockDetected():
            refused.sqlite_errorcode = sqlite3.SQLITE_BUSY
        case errors.DiskFull() | errors.OutOfMemory():
            refused.sqlite_errorcode = sqlite3.SQLITE_FULL
        case errors.ReadOnlySqlTransaction() | errors.InsufficientPrivilege():
            refused.sqlite_errorcode = sqlite3.SQLITE_READONLY
        case _:
            if error.sqlstate is None or error.sqlstate[:2] in ("08", "57"):
                return Unreachable(message)
    return refused


def late() -> Refused:
    """Give the error for a statement whose time was over before it began."""
    refused = Refused("interrupted")
    refused.sqlite_errorcode = sqlite3.SQLITE_INTERRUPT
    return refused


def _unique(error: psycopg.Error) -> str:
    """Name the key as SQLite does. The detail's words may be of any language, its form is always the same."""
    found = _KEY.search(error.diag.message_detail or "")
    columns = [name.strip().strip('"').replace('""', '"') for name in found[1].split(", ")] if found else []
    return "UNIQUE constraint failed: " + ", ".join(f"{error.diag.table_name}.{name}" for name in columns)
