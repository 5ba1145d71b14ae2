"""Moving and cloning databases: a copy is made while they are used, and takes their place within a short pause.

What a move has done is a row of the control database, and a lock file says whether somebody is at it. The order of the
last steps makes that a process may die after each of them: the copy is whole; the old place is sealed, so that nobody
writes there any more; the directory names the new place. Before that last step the old place is the database, and
whoever finds it sealed with nobody at it opens it again.
"""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from synthdb_host.contracts import Placement, Relocation
from synthdb_host.databases import Databases
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import MOVES, DatabaseRecord, MoveRecord
from synthdb_host.errors import Conflict

__all__ = ["Moved", "Mover"]

_Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a move or clone: the hash of what was copied, and for how long writers had to wait."""

    url: str
    digest: str
    pause_seconds: float


class Mover:
    """Moves the databases of a directory between places that one storage serves."""

    def __init__(self, directory: Directory, databases: Databases) -> None:
        self._directory = directory
        self._databases = databases

    def move(self, name: str, placement: str, progress: _Progress = lambda _: None) -> Moved:
        """Let a database lie in another placement; a move there that was interrupted is begun again.

        The old copy is kept, sealed, until the move is confirmed.

        Raises:
            UnknownDatabase, UnknownPlacement: there is no such thing.
            Conflict: it lies there already, is being moved, or its last move was not confirmed.
            Unavailable: its storage cannot do it, or not now.
        """
        record, target = self._directory.get(name), self._directory.placement(placement)
        move = MoveRecord(record.id, record.url, target.locate(record.tenant, record.name), placement)
        with self._directory.moving(record.id):
            self._begin(record, move)
            relocation = self._relocation(record, move.url)
            try:
                return self._finish(move, relocation, progress)
            except BaseException:
                if self._directory.get(name).url != move.url:
                    self._undo(record, move, relocation)
                raise
            finally:
                relocation.close()

    def _begin(self, record: DatabaseRecord, move: MoveRecord) -> None:
        if record.url == move.url:
            raise Conflict(f"database {record.full_name!r} lies in placement {move.placement!r} already")
        before = self._directory.move_of(record.id)
        if before is not None and before.state == "moved":
            raise Conflict(
                f"the last move of database {record.full_name!r} was not confirmed", hint="confirm it first: --confirm"
            )
        if before is not None:
            self._undo(record, before)
        relocation = self._relocation(record, move.url)
        try:
            relocation.check()
        finally:
            relocation.close()
        # From here on, what lies at the target is ours.
        self._directory.execute(sa.insert(MOVES).values(asdict(move)))

    def _finish(self, move: MoveRecord, relocation: Relocation, progress: _Progress) -> Moved:
        digest = relocation.copy(progress)
        with relocation.pause():
            began = time.perf_counter()
            relocation.finish(fresh=False)
            relocation.seal()
            self._directory.relocate(move, digest)
            seconds = time.perf_counter() - began
        return Moved(move.url, digest, seconds)

    def confirm(self, name: str, *, dry_run: bool = False) -> str:
        """Remove the old copy of a database that was moved, and give where it was.

        Raises:
            Conflict: it was not moved, or this was confirmed already.
        """
        record = self._directory.get(name)
        with self._directory.moving(record.id):
            move = self._require(record, "moved")
            if not dry_run:
                self._confirm(record, move)
        return move.source

    def _confirm(self, record: DatabaseRecord, move: MoveRecord) -> None:
        self._databases.remove(record.full_name, move.source)
        self._forget(move)

    def cancel(self, name: str, *, dry_run: bool = False) -> None:
        """Give up a move that was interrupted: the database lies where it lay.

        Raises:
            Conflict: none was interrupted, or it goes on.
        """
        record = self._directory.get(name)
        with self._directory.moving(record.id):
            move = self._require(record, "copying")
            if not dry_run:
                self._undo(record, move)

    def settle(self, name: str) -> None:
        """Leave nothing of a move of a database behind, because it is to be removed.

        Raises:
            Conflict: the move goes on.
        """
        record = self._directory.get(name)
        with self._directory.moving(record.id):
            move = self._directory.move_of(record.id)
            if move is not None:
                (self._undo if move.state == "copying" else self._confirm)(record, move)

    def clone(self, name: str, copy: str, url: str, placement: str, progress: _Progress = lambda _: None) -> Moved:
        """Make a database that is what another one is now, with its history and branches, but without its followers.

        Raises:
            UnknownDatabase: there is no such database.
            Conflict: there is something where the clone is to lie.
        """
        record = self._directory.get(name)
        relocation = self._relocation(record, url)
        try:
            relocation.check()
            digest = relocation.copy(progress)
            with relocation.pause():
                began = time.perf_counter()
                relocation.finish(fresh=True)
                seconds = time.perf_counter() - began
            self._directory.add(copy, url, placement, record.quotas)
        finally:
            relocation.close()
        return Moved(url, digest, seconds)

    def _relocation(self, record: DatabaseRecord, url: str) -> Relocation:
        return self._databases.relocation(Placement(record.full_name, record.url), Placement(record.full_name, url))

    def _require(self, record: DatabaseRecord, state: str) -> MoveRecord:
        move = self._directory.move_of(record.id)
        if move is None or move.state != state:
            raise Conflict(f"database {record.full_name!r} has no move to confirm or cancel")
        return move

    def _undo(self, record: DatabaseRecord, move: MoveRecord, relocation: Relocation | None = None) -> None:
        found = relocation or self._relocation(record, move.url)
        try:
            found.unseal()
            found.discard()
        finally:
            if relocation is None:
                found.close()
        self._databases.remove(record.full_name, move.url)
        self._forget(move)

    def _forget(self, move: MoveRecord) -> None:
        self._directory.execute(sa.delete(MOVES).where(MOVES.c.database == move.database))
