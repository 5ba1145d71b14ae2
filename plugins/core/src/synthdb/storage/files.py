"""The files of a database as a whole."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy

from synthdb.storage.layout import read_format
from synthdb.storage.locks import WriteLock
from synthdb_host.contracts import Placement
from synthdb_host.errors import Misconfigured, Unavailable

__all__ = ["check_file", "database_file", "remove_database"]

_LOCKS: Final = ("-lock", "-queue")
_BESIDE: Final = ("-wal", "-shm", *_LOCKS)


def database_file(url: str) -> Path:
    """Give the file that a URL means.

    Raises:
        Misconfigured: it means none.
    """
    name = sqlalchemy.make_url(url).database
    if not name or name == ":memory:":
        raise Misconfigured("A SQLite database needs a file.", hint="Give a path such as sqlite:///app.db.")
    return Path(name)


def check_file(placement: Placement) -> None:
    """Refuse a place where no database can ever be; a disk that is full, or a file in use, is no such place.

    Raises:
        Misconfigured: there is something else, or the folder is gone.
    """
    path = database_file(placement.url)
    if path.is_dir():
        raise Misconfigured(f"{path} is a folder.", hint="Name a file in it.")
    if not path.parent.is_dir():
        if not placement.create:
            raise Misconfigured(f"The folder {path.parent} is gone.", hint="Mount it again, or restore it.")
        return
    if not path.exists():
        return
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            read_format(connection)
        except sqlite3.OperationalError:
            return  # such as a full disk
        except sqlite3.DatabaseError as error:
            raise Misconfigured(f"{path} is not a SQLite file.", hint="Name another file.") from error


def remove_database(placement: Placement, seconds: float) -> None:
    """Remove a database file and all that lies beside it, once nobody writes to it; what is gone is no error.

    A process that still has it open can answer no write after this: the path leads to its file no more.

    Raises:
        Unavailable: others went on writing for so many seconds, or a file cannot be removed.
    """
    path = database_file(placement.url)
    try:
        with _held(path, seconds):
            path.unlink(missing_ok=True)
        for suffix in _BESIDE:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"The database file {path.name!r} cannot be removed: {error.strerror}.") from error


@contextmanager
def _held(path: Path, seconds: float) -> Iterator[None]:
    """Keep writers away from a file, if it is there."""
    if not path.exists():
        yield
        return
    lock = WriteLock(path, seconds)
    try:
        with lock.hold():
            yield
    finally:
        lock.close()
