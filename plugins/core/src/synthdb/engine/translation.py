"""Foreign errors become ours here, once: what SQLite and Python raise, as the errors callers know."""

import shutil
import sqlite3
from pathlib import Path
from typing import Final, TypeGuard

from synthdb.catalog.model import StoredCatalog
from synthdb.engine.verification import duplicate, unique_keys
from synthdb_host.errors import (
    InternalError,
    InvalidValue,
    RequestError,
    StorageFull,
    Timeout,
    TooLarge,
    Unavailable,
    UniqueViolation,
)

__all__ = ["FOREIGN", "integrity_error", "is_passing", "translate"]

FOREIGN: Final = (sqlite3.Error, OverflowError, UnicodeEncodeError)
"""What may come out of the driver."""

_UNIQUE: Final = "UNIQUE constraint failed: "
_LITTLE_ROOM: Final = 1 << 20


def is_passing(error: BaseException | None) -> TypeGuard[sqlite3.Error]:
    """Say whether a transaction failed only because another one was under way, so that it is worth another try."""
    return isinstance(error, sqlite3.Error) and bool(getattr(error, "is_passing", False))


def translate(error: BaseException, catalog: StoredCatalog, path: Path) -> RequestError:
    """Give the error that a caller should see for one of :data:`FOREIGN`."""
    if isinstance(error, OverflowError | UnicodeEncodeError):
        return InvalidValue("A value is out of the range that can be stored.")
    if isinstance(error, sqlite3.IntegrityError):
        return integrity_error(error, catalog)
    if isinstance(error, sqlite3.DataError):
        return TooLarge("A value is larger than the storage can hold.")
    return _operational(error, path)


def integrity_error(error: sqlite3.IntegrityError, catalog: StoredCatalog) -> RequestError:
    """Give the error that a caller should see where SQLite found a constraint broken."""
    message = str(error)
    if not message.startswith(_UNIQUE):
        return InvalidValue("A value does not fit the storage.")
    for table in catalog.tables.values():
        for columns in ((table.table.identity,), *unique_keys(table)):
            if message == _UNIQUE + ", ".join(f"{table.physical}.{table.columns[name].physical}" for name in columns):
                return duplicate(table, columns)
    return UniqueViolation("A row with this key exists already.")


def _operational(error: BaseException, path: Path) -> RequestError:
    code = getattr(error, "sqlite_errorcode", 0) or 0
    primary = code & 0xFF
    if primary == sqlite3.SQLITE_FULL or (primary == sqlite3.SQLITE_IOERR and _is_full(path)):
        return StorageFull("There is no room left to write; nothing was changed.", hint="Free space and try again.")
    if primary == sqlite3.SQLITE_INTERRUPT:
        return Timeout("The operation took longer than its time limit and was stopped.")
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable("The database is busy.", hint="Try again.", data={"retry_after": 1})
    if primary == sqlite3.SQLITE_TOOBIG:
        return TooLarge("A value or statement is larger than the storage can hold.")
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CORRUPT,
                   sqlite3.SQLITE_NOTADB):  # fmt: skip
        place = getattr(error, "place", "file")
        return Unavailable(f"The database {place} cannot be read or written.", hint="The server's log has the cause.")
    return InternalError("The storage failed in a way it did not expect.")


def _is_full(path: Path) -> bool:
    return shutil.disk_usage(path.parent).free < _LITTLE_ROOM
