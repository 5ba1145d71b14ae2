"""The single writer of a database file: groups of write units as one SQLite transaction.

Each unit is its own commit, in a group with its own savepoint, and nobody is answered before the file's
COMMIT. Some failures (a full disk, an interrupt) make SQLite undo the whole transaction; then the group is
run again without the unit that failed.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from synthdb.catalog.model import StoredCatalog
from synthdb.catalog.places import MAIN_HEAD, Place, is_protected, writable_place
from synthdb.catalog.store import load_catalog, read_pinned, read_versions
from synthdb.engine.idempotency import once
from synthdb.engine.marks import Marks
from synthdb.engine.numbers import Numbers
from synthdb.engine.operations import execute, kind_of, ref_of
from synthdb.engine.reader import Reader
from synthdb.engine.session import Plans, Session
from synthdb.engine.translation import FOREIGN, is_passing, translate
from synthdb.storage.connections import Connection, Connections
from synthdb.storage.layout import FORMAT, create_layout, read_format, upgrade_layout
from synthdb.storage.locks import Lock
from synthdb_host.contracts import Context, Restrictions, Result
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import InternalError, RequestError, Timeout
from synthdb_host.operations import HEAD, Operation, Ref

__all__ = ["Deferring", "Unit", "Writer"]

_log = logging.getLogger("synthdb.engine")
_MICROSECOND = timedelta(microseconds=1)
_EMPTY = StoredCatalog(0, 0, {}, frozenset())

_MOST_PLACES: Final = 64
_RETRIES: Final = 5

_AMONG_OTHERS: Final = ("SAVEPOINT unit", "RELEASE unit", ("ROLLBACK TO unit", "RELEASE unit"))
_ALONE: Final = ("", "", ("ROLLBACK", "BEGIN IMMEDIATE"))
"""How a unit begins, ends and is undone. Nobody comes between the last two: the lock is held."""

_Outcomes = dict[int, Result | BaseException]


@dataclass(frozen=True, slots=True)
class Unit:
    """An operation to be written, as its own commit."""

    operation: Operation
    restrictions: Restrictions
    context: Context


@dataclass(frozen=True, slots=True)
class Deferring:
    """Which conversions are left for later: those of tables with more rows, whereupon ``announce`` is called."""

    rows: int = 10_000
    announce: Callable[[], None] = lambda: None


_DEFERRING: Final = Deferring()


class Writer:
    """Owns the writing connection. Not for two threads at once: the lock sees to it.

    ``admit`` is asked before anything is written on a catalog that another process has changed, and may raise.
    ``deferring`` says what is left for later.
    """

    def __init__(
        self,
        connections: Connections,
        lock: Lock,
        admit: Callable[[StoredCatalog], None] = lambda _: None,
        deferring: Deferring = _DEFERRING,
    ) -> None:
        self.lock = lock
        self._admit = admit
        self._deferring = deferring
        self._deferred = False
        self._connections = connections
        self._opened: Connection | None = None
        self._versions: tuple[int, int] | None = None
        self._catalogs: dict[Place, StoredCatalog] = {}
        self._protected: dict[int, bool] = {}
        self._places: dict[Ref, Place] = {}
        self._marks = Marks(-1)
        self._numbers = Numbers()
        self._last: tuple[int, str] = (0, "")
        self._forget_plans()

    def _forget_plans(self) -> None:
        # A catalog version that was undone will be given again, to another catalog.
        self._reader, self._plans = Reader(), Plans()

    def _forget_places(self) -> None:
        self._versions = None
        self._catalogs.clear()
        self._protected.clear()
        self._places.clear()

    # -- groups -----------------------------------------------------------------------------------------

    def run(self, units: Sequence[Unit]) -> list[Result | BaseException]:
        """Run a group of units as one durable transaction; gives each unit's result or error.

        This is a :data:`synthdb_host.contracts.UnitRunner`.
        """
        outcomes: _Outcomes = {}
        try:
            self.lock.acquire()
            try:
                retries = _RETRIES
                while len(outcomes) < len(units) and not self._attempt(units, outcomes, may_retry=retries > 0):
                    retries -= 1
            finally:
                self.lock.release()
        except RequestError as error:
            return [outcomes.get(number, error) for number in range(len(units))]
        return [outcomes[number] for number in range(len(units))]

    def _attempt(self, units: Sequence[Unit], outcomes: _Outcomes, *, may_retry: bool) -> bool:
        """Run the units without an outcome in one transaction; False if it was lost and must be tried again.

        ``may_retry``: also if it was lost by no fault of a unit.
        """
        waiting = [number for number in range(len(units)) if number not in outcomes]
        fresh: _Outcomes = {}
        try:
            driver = self.begin()
            for number in waiting:
                fresh[number] = self._run_unit(units[number], alone=len(waiting) == 1)
                if not driver.in_transaction:
                    outcomes[number] = fresh[number]
                    self.rollback()
                    return False
            self.commit()
        except FOREIGN as error:
            self.rollback()
            if may_retry and is_passing(error):
                return False
            fresh = dict.fromkeys(waiting, self.translated(error))
        except BaseException:
            self.rollback()
            raise
        outcomes.update(fresh)
        return True

    def _run_unit(self, unit: Unit, *, alone: bool) -> Result | BaseException:
        try:
            session = self.session(ref_of(unit.operation))
            return self.step(session, unit, lambda session: _committed(session, unit.operation), alone=alone)
        except RequestError as error:
            if is_passing(error.__cause__):
                raise error.__cause__ from error
            return error
        except Exception as error:  # noqa: BLE001 - a fault of ours must not take the group's other units with it
            _log.exception("write failed", extra={"request_id": unit.context.request_id})
            failure = InternalError("The write failed in a way the server did not expect.")
            failure.__cause__ = error
            return failure

    def step(self, session: Session, unit: Unit, work: Callable[[Session], Result], *, alone: bool = False) -> Result:
        """Do work for a unit: undone if it raises, and after a dry run.

        A unit that is ``alone`` in its transaction needs no savepoint, for which SQLite copies every page it changes.

        Raises:
            RequestError: the work raised it, or something foreign that means it.
        """
        connection, driver = self._connection, session.driver
        deadline = unit.context.deadline
        if deadline is not None and time.monotonic() > deadline:
            raise Timeout("The time limit of this operation was over before it began.")
        before = _remembered(session)
        session.restrictions, session.context = unit.restrictions, unit.context
        connection.deadline = deadline
        begin, end, undo = _ALONE if alone else _AMONG_OTHERS
        try:
            if begin:
                driver.execute(begin)
            result = work(session)
            if unit.context.dry_run:
                self._undo(session, before, undo)
                return replace(result, commit=None)
            if end:
                driver.execute(end)
        except BaseException as error:
            connection.deadline = None
            if driver.in_transaction:
                self._undo(session, before, undo)
            if isinstance(error, FOREIGN):
                raise self.translated(error) from error
            raise
        finally:
            connection.deadline = None
        self._settle(session)
        self.remember(session)
        return result

    def _settle(self, session: Session) -> None:
        """Go on with the catalog, and the statements compiled for it, that a session left behind."""
        self._reader, self._plans = session.reader, session.plans
        self._deferred |= session.deferred
        version, moved = session.catalog.version, self._marks.moved
        if moved or any(catalog.version != version for catalog in self._catalogs.values()):
            self._catalogs = {
                place: catalog
                for place, catalog in self._catalogs.items()
                if catalog.version == version and not (moved and place != MAIN_HEAD)
            }
        if moved:
            self._protected.clear()
            self._places.clear()
            self._marks.moved = False
        self._catalogs[session.catalog.place] = session.catalog

    def remember(self, session: Session) -> None:
        """Go on counting commits behind this one, if it wrote its row."""
        if session.is_committed:
            self._last = (session.commit, session.at)

    def _undo(self, session: Session, before: "_Before", undo: Sequence[str]) -> None:
        for statement in undo:
            session.driver.execute(statement)
        self._numbers.forget()
        if session.catalog is not before.catalog or self._marks.moved:
            self._forget_plans()
            self._forget_places()
            self._marks = session.marks = Marks(read_pinned(session.driver))
        session.catalog, session.schema_changed, session.changes = (
            before.catalog,
            before.schema_changed,
            before.changes,
        )
        session.versions.written = False
        session.plans, session.reader = self._plans, self._reader

    # -- the transaction --------------------------------------------------------------------------------

    def prepare(self) -> StoredCatalog:
        """Make the engine's tables if the file is empty, or of this format if they are not; gives the catalog."""
        with self.lock.hold():
            driver = self._connection.driver
            driver.execute("BEGIN IMMEDIATE")
            try:
                version = read_format(driver)
                if version is None:
                    create_layout(driver)
                elif version < FORMAT:
                    upgrade_layout(driver)
                catalog = load_catalog(driver)
                self.commit()
            except BaseException:
                self.rollback()
                raise
        return catalog

    def begin(self) -> Any:  # noqa: ANN401 - the driver connection
        """Start the file's transaction, with the catalog as it is now. The lock must be held.

        Raises:
            Unavailable: the file was removed or replaced.
        """
        connection = self._connection
        self._connections.require_same_file(connection)
        driver = connection.driver
        driver.execute("BEGIN IMMEDIATE")
        data_version = driver.execute("PRAGMA data_version").fetchone()[0]
        if self._versions is None or connection.data_version != data_version:
            connection.data_version = data_version
            self._look_again(driver)
            self._last = driver.execute("SELECT id, at FROM _tx ORDER BY id DESC LIMIT 1").fetchone() or (0, "")
        return driver

    def _look_again(self, driver: sqlite3.Connection) -> None:
        """Find out what other processes have changed."""
        self._numbers.forget()
        versions = read_versions(driver)
        if versions != self._versions:
            main = self._catalogs.get(MAIN_HEAD)
            self._forget_places()
            self._marks = Marks(read_pinned(driver))
            if main is None or main.version != versions[0]:
                main = load_catalog(driver)
                self._admit(main)
            self._catalogs[MAIN_HEAD], self._versions = main, versions
        self._marks.pinned = read_pinned(driver)

    def session(self, ref: Ref = HEAD) -> Session:
        """Start the next commit of the running transaction, on the branch of a ref.

        Raises:
            UnknownRef, ReadOnly: the ref is no branch that can be written to.
        """
        last, at = self._last
        driver = self._connection.driver
        catalog = self._catalog(driver, MAIN_HEAD if ref == HEAD else self._place(driver, ref))
        session = Session(driver, catalog, self._reader, self._plans, self._marks, self._numbers, last + 1, _after(at))
        if session.branch not in self._protected:
            self._protected[session.branch] = is_protected(driver, session.branch)
        session.is_protected = self._protected[session.branch]
        session.at_once = self._deferring.rows
        return session

    def _place(self, driver: sqlite3.Connection, ref: Ref) -> Place:
        """Find the branch of a ref; whatever gives its name another meaning raises the layout version."""
        found = self._places.get(ref)
        if found is None:
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            found = self._places[ref] = writable_place(driver, ref)
        return found

    def _catalog(self, driver: sqlite3.Connection, place: Place) -> StoredCatalog:
        found = self._catalogs.get(place)
        if found is None:
            if len(self._catalogs) >= _MOST_PLACES:
                self._catalogs.clear()
            found = self._catalogs[place] = load_catalog(driver, place)
        return found

    def commit(self) -> None:
        """Make the transaction durable, and tell whoever follows the database; raises what SQLite raises."""
        self._connection.driver.execute("COMMIT")
        self.lock.signal.give()
        if self._deferred:
            self._deferred = False
            self._deferring.announce()

    def rollback(self) -> None:
        """Undo the transaction and forget everything that was known about it."""
        if self._opened is not None and self._opened.driver.in_transaction:
            self._opened.driver.execute("ROLLBACK")
        self._deferred = False
        self._forget_places()
        self._forget_plans()

    def translated(self, error: BaseException) -> RequestError:
        """Give a caller's error for a foreign one."""
        failure = translate(error, self._catalogs.get(MAIN_HEAD, _EMPTY), self._connections.path)
        if isinstance(failure, InternalError):
            _log.error("storage failed", exc_info=error)
        return failure

    @property
    def _connection(self) -> Connection:
        if self._opened is None or self._opened.is_gone:
            self._opened = self._connections.open(read_only=False)
        return self._opened


@dataclass(frozen=True, slots=True)
class _Before:
    """What a session knew before an operation, to go back to."""

    catalog: StoredCatalog
    schema_changed: bool
    changes: dict[int, Any]


def _remembered(session: Session) -> _Before:
    changes = {table: copy(tally) for table, tally in session.changes.items()}
    return _Before(session.catalog, session.schema_changed, changes)


def _committed(session: Session, operation: Operation) -> Result:
    asked = session.context.idempotency
    if asked is None:
        return _executed(session, operation)
    return once(session, asked, lambda: _executed(session, operation))


def _executed(session: Session, operation: Operation) -> Result:
    result = execute(session, operation)
    if not session.is_empty:
        session.write_commit(kind_of(operation))
    return result


def _after(last: str) -> str:
    """Give a commit time later than ``last``: now, or a microsecond after it if the clock went back."""
    now = format_timestamp(datetime.now(UTC))
    return now if now > last else format_timestamp(datetime.fromisoformat(last) + _MICROSECOND)
