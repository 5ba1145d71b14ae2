"""A copy of a database file that is made while others use the file, and then takes its place.

SQLite keeps what is written in a log beside the file. While a reader looks at the state at which the log was empty,
nobody moves anything from the log into the file: so the file is copied as it lies there, byte by byte, and what is
written meanwhile is in the log. That is copied too, and once more with writers kept out, which then takes only as long
as what is different. The copy grows under a name of its own, and gets that of the target when it is whole.
"""

import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from synthdb.storage.files import database_file
from synthdb.storage.layout import read_format
from synthdb.storage.locks import WriteLock
from synthdb_host.contracts import ELSEWHERE, Placement
from synthdb_host.errors import Conflict, InternalError, Unavailable, UnknownDatabase

__all__ = ["FileRelocation"]

_BLOCK: Final = 1024 * 1024
_PAUSE_SECONDS: Final = 0.05


class FileRelocation:
    """Implements :class:`synthdb_host.contracts.Relocation` for SQLite files.

    Args:
        source: the database.
        target: where its copy will be.
        seconds: how long others are waited for.

    Raises:
        UnknownDatabase: there is no source.
    """

    def __init__(self, source: Placement, target: Placement, seconds: float) -> None:
        self._source, self._target = database_file(source.url), database_file(target.url)
        self._growing = self._target.with_name(f"{self._target.name}-moving")
        self._seconds = seconds
        if not self._source.is_file():
            raise UnknownDatabase(f"There is no database file {self._source.name!r}.")
        self._lock = WriteLock(self._source, seconds)
        self._reader: sqlite3.Connection | None = None

    def check(self) -> None:
        """Refuse a target at which there is a file."""
        if self._target.exists():
            raise Conflict(f"There is a file {self._target} already.", hint="Move it away.")

    def copy(self, progress: Callable[[float], None]) -> str:
        """Copy one state, durable, while others go on; gives the hash of what was copied."""
        with _translated(self._target):
            self.discard()
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._hold_still()
            digest = _copied(self._source, self._growing, progress)
            shutil.copymode(self._source, self._growing)
            self._follow()
        if digest != _digest(self._growing):
            raise InternalError("The copy is not what was copied; the disk may be broken.")
        return digest

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Keep all writers out."""
        with self._lock.hold():
            yield

    def finish(self, *, fresh: bool) -> None:
        """Make the copy what the source is now, and give it its name; writers must be kept out."""
        with _translated(self._target):
            self._follow()
            self._fold(fresh=fresh)
            self.check()
            self._growing.rename(self._target)
            _sync_folder(self._target.parent)

    def seal(self) -> None:
        """Let nobody write to the source, or read it, ever again; writers must be kept out."""
        self._mark(lambda names: names | {ELSEWHERE})

    def unseal(self) -> None:
        """Let the source be used again, if it was sealed."""
        with self._lock.hold():
            self._mark(lambda names: names - {ELSEWHERE})

    def discard(self) -> None:
        """Remove what there is of an unfinished copy."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._growing}{suffix}").unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the source."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()
        self._lock.close()

    def _hold_still(self) -> None:
        """Look at the file at a moment at which everything is in it, so that it stays as it is."""
        ends = time.monotonic() + self._seconds
        self._reader = connection = _connect(self._source)
        read_format(connection)
        connection.execute("PRAGMA busy_timeout = 100")
        while True:
            with self._lock.hold():
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
                if not busy:
                    connection.execute("BEGIN")
                    connection.execute("SELECT 1 FROM sqlite_master").fetchone()
                    return
            if time.monotonic() > ends:
                raise Unavailable(
                    "A long read keeps this database from being copied.", hint="Try again.", data={"retry_after": 10}
                )
            time.sleep(_PAUSE_SECONDS)

    def _follow(self) -> None:
        """Make the copy's log that of the source."""
        log, copy = Path(f"{self._source}-wal"), Path(f"{self._growing}-wal")
        with copy.open("a+b"), log.open("rb") as source, copy.open("r+b") as target:
            while block := source.read(_BLOCK):
                place = target.tell()
                if target.read(len(block)) != block:
                    target.seek(place)
                    target.write(block)
            target.truncate(source.tell())
            target.flush()
            os.fsync(target.fileno())

    def _fold(self, *, fresh: bool) -> None:
        """Bring the copy's log into its file, see that it says what the source says, and close it."""
        copy, source = _connect(self._growing), _connect(self._source)
        try:
            copy.execute("PRAGMA synchronous = FULL")
            if _head(copy) != _head(source):
                raise InternalError("The copy is not at the commit that the database is at.")
            if fresh:
                copy.execute("DROP TABLE IF EXISTS _record")
                copy.execute("DROP TABLE IF EXISTS _answer")
            if copy.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise InternalError("The copy is in use.")
        finally:
            copy.close()
            source.close()
        with self._growing.open("rb") as file:
            os.fsync(file.fileno())

    def _mark(self, change: Callable[[frozenset[str]], frozenset[str]]) -> None:
        """Change which plugins the source needs; every process hears of it before it does anything else."""
        connection = _connect(self._source)
        try:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            names = frozenset(msgspec.json.decode(connection.execute("SELECT requires FROM _meta").fetchone()[0]))
            if (changed := change(names)) != names:
                text = msgspec.json.encode(sorted(changed)).decode()
                connection.execute("UPDATE _meta SET requires = ?, catalog = catalog + 1, layout = layout + 1", (text,))
            connection.execute("COMMIT")
        finally:
            connection.close()
        self._lock.signal.give()


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def _head(connection: sqlite3.Connection) -> object:
    newest = connection.execute("SELECT id, at, tables FROM _tx ORDER BY id DESC LIMIT 1").fetchone()
    return newest, connection.execute("SELECT * FROM _meta").fetchone()


def _copied(source: Path, target: Path, progress: Callable[[float], None]) -> str:
    size, done, digest = source.stat().st_size or 1, 0, hashlib.sha256()
    with source.open("rb") as old, target.open("wb") as new:
        while block := old.read(_BLOCK):
            new.write(block)
            digest.update(block)
            done += len(block)
            progress(min(done / size, 1.0))
        new.flush()
        os.fsync(new.fileno())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise Unavailable(f"The database cannot be copied to {path.name!r}: {reason}.") from error
