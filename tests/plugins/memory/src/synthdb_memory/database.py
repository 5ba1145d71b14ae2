"""One open database: a state that reads share and writes replace."""

import secrets
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from synthdb_host.batches import run_parts
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import (
    Capability,
    ChangeSet,
    Context,
    Placement,
    Restrictions,
    Result,
    Scheduler,
    Transaction,
)
from synthdb_host.errors import Timeout, Unavailable, UnsupportedCapability
from synthdb_host.operations import HEAD, Batch, Define, Delete, Insert, Operation, Ref, Select, Sql, Update
from synthdb_host.records import KeepRecords, Records
from synthdb_host.versions import Offset
from synthdb_memory.defining import define
from synthdb_memory.reading import select
from synthdb_memory.recording import Kept, keep, read_records
from synthdb_memory.refs import check_ref
from synthdb_memory.state import State
from synthdb_memory.streams import MemoryStream
from synthdb_memory.visibility import View
from synthdb_memory.writing import delete, insert, update

__all__ = ["CAPABILITIES", "MemoryDatabase", "Unit", "check_deadline", "open_memory", "run_on"]

CAPABILITIES: Final[frozenset[Capability]] = frozenset(
    {"define", "dry_run", "foreign_keys", "row_versions", "idempotency", "streams", "records"}
)


@dataclass(frozen=True, slots=True)
class Unit:
    """One write that waits for its turn."""

    operation: Operation
    restrictions: Restrictions
    context: Context


@dataclass(frozen=True, slots=True)
class _Kept:
    expires: float
    fingerprint: bytes
    answer: bytes


class Watcher:
    """Has a function called after commits, until it is closed."""

    def __init__(self, watching: list[Callable[[], None]], notify: Callable[[], None]) -> None:
        self._watching = watching
        self._notify = notify
        watching.append(notify)

    def close(self) -> None:
        """Stop calling."""
        with suppress(ValueError):
            self._watching.remove(self._notify)


def _unfollowed() -> UnsupportedCapability:
    return UnsupportedCapability("This storage cannot be followed.", data={"capability": "follow"})


class MemoryDatabase:
    """A database in memory. It is gone when it is closed."""

    def __init__(self, placement: Placement, scheduler: Scheduler) -> None:
        self._name = placement.name
        self._scheduler = scheduler
        self._state = State()
        self._closed = False
        self._salt = secrets.token_hex(4)
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._watching: list[Callable[[], None]] = []
        self._records: Kept = {}

    @property
    def capabilities(self) -> frozenset[Capability]:
        """No SQL, no interactive transactions, no checks."""
        return CAPABILITIES

    @property
    def requires(self) -> frozenset[str]:
        """Ids of plugins that the database records as needed."""
        return self._state.requires

    async def catalog(self, ref: Ref = HEAD) -> Catalog:
        """Describe the database."""
        check_ref(ref)
        return self._state.catalog()

    def recent_catalog(self, ref: Ref = HEAD) -> Catalog | None:
        """Give none: looking at the newest costs no more."""
        return None

    async def execute(self, operation: Operation, restrictions: Restrictions, context: Context) -> Result:
        """Run an operation: reads on the newest state, writes one after another."""
        self.check()
        check_deadline(context)
        if isinstance(operation, Sql):
            raise UnsupportedCapability("This storage runs no SQL.", data={"capability": "sql"})
        if isinstance(operation, Records):
            return read_records(self._records, operation)
        found = self._read(operation, restrictions)
        if found is not None:
            return found
        result: Result = await self._scheduler.submit_write(self._write, Unit(operation, restrictions, context))
        return result

    def _read(self, operation: Operation, restrictions: Restrictions) -> Result | None:
        """Answer an operation that only reads; None: it is another one."""
        if not isinstance(operation, Select):
            return None
        if operation.after is not None and operation.after.commit is not None:
            raise UnsupportedCapability("This storage keeps no past.", data={"capability": "as_of"})
        return self._select(self._state, operation, restrictions)

    def _select(self, state: State, operation: Select, restrictions: Restrictions, commit: str | None = None) -> Result:
        operation.require_bound(state.catalog().version)
        word = f"{self._salt}.{state.version}.{state.commit}"
        if operation.known is not None and word in operation.known:
            return Result(state=word)
        result = select(View(state, restrictions), operation, commit)
        return result if operation.known is None else replace(result, state=word)

    async def begin(self, context: Context, ref: Ref = HEAD) -> Transaction:
        """Refuse: there are batches, but no interactive transactions."""
        raise UnsupportedCapability(
            "This storage has no interactive transactions.",
            hint="Use a batch.",
            data={"capability": "transactions"},
        )

    async def stream(self, select: Select, restrictions: Restrictions, context: Context) -> MemoryStream:
        """Read everything, and give it piece by piece."""
        self.check()
        check_deadline(context)
        found = self._read(select, restrictions)
        if found is None or found.encoder is None:
            raise UnsupportedCapability("Only a select can be streamed.")
        return MemoryStream(found.encoder, found.rows, found.total)

    def watch(self, notify: Callable[[], None]) -> "Watcher":
        """Have a function called after commits."""
        if "follow" not in self.capabilities:
            raise _unfollowed()
        return Watcher(self._watching, notify)

    async def changes(self, branch: str, since: Offset | None, limit: int) -> ChangeSet:
        """Refuse: there is no log."""
        raise _unfollowed()

    def check(self) -> None:
        """Raise if the database was closed."""
        if self._closed:
            raise Unavailable(f"Database {self._name!r} is closed.")

    def close(self) -> None:
        """Forget everything."""
        self._closed = True
        self._state = State()

    def _write(self, units: Sequence[Unit]) -> list[Result | BaseException]:
        outcomes = [self._outcome(unit) for unit in units]
        for notify in tuple(self._watching):
            notify()
        return outcomes

    def _outcome(self, unit: Unit) -> Result | BaseException:
        try:
            return self._replayed(unit) or self._kept_records(unit) or self._apply(unit)
        except Exception as error:  # noqa: BLE001 - it is the outcome of this unit and raised to its caller
            return error

    def _apply(self, unit: Unit) -> Result:
        check_deadline(unit.context)
        before, after = self._state, self._state.copy()
        after.commit += 1
        result = run_on(after, unit.operation, unit.restrictions)
        if unit.context.dry_run:
            return self._answered(unit, result)
        if after.catalog().tables != before.catalog().tables:
            after.version += 1
        after.number_rows(before)
        result = self._answered(unit, replace(result, commit=str(after.commit)))
        self._state = after
        return result

    def _kept_records(self, unit: Unit) -> Result | None:
        """Write records; None: the unit is another one."""
        if not isinstance(unit.operation, KeepRecords):
            return None
        check_deadline(unit.context)
        return self._answered(unit, keep(self._records, unit.operation, dry_run=unit.context.dry_run))

    def _replayed(self, unit: Unit) -> Result | None:
        """Give the answer that is kept for a unit's key, None if there is none."""
        asked = unit.context.idempotency
        if asked is None or unit.context.dry_run:
            return None
        kept = self._kept.get((unit.context.principal.id, asked.key))
        return asked.replayed(kept.fingerprint, kept.answer) if kept and kept.expires > time.time() else None

    def _answered(self, unit: Unit, result: Result) -> Result:
        """Keep the answer of a unit that is about to be committed, if it has a key."""
        asked = unit.context.idempotency
        if asked is None:
            return result
        result = asked.answered(result)
        if not unit.context.dry_run:
            kept = _Kept(time.time() + asked.seconds, asked.fingerprint, result.answer or b"")
            self._kept[unit.context.principal.id, asked.key] = kept
        return result


def check_deadline(context: Context) -> None:
    """Refuse what comes too late."""
    if context.deadline is not None and time.monotonic() > context.deadline:
        raise Timeout("The operation's time is over.")


def run_on(state: State, operation: Operation, restrictions: Restrictions) -> Result:
    """Run an operation on a working copy."""
    match operation:
        case Select():
            return select(View(state, restrictions), operation)
        case Insert():
            return insert(state, operation, restrictions)
        case Update():
            return update(state, operation, restrictions)
        case Delete():
            return delete(state, operation, restrictions)
        case Define():
            define(state, operation)
            return Result()
        case Batch(ref=ref):
            check_ref(ref)
            return Result(parts=run_parts(operation, lambda part: run_on(state, part, restrictions)))
        case _:
            raise UnsupportedCapability(f"This storage knows no {type(operation).__name__}.")


def open_memory(placement: Placement, scheduler: Scheduler) -> MemoryDatabase:
    """Open a new, empty database; placement and URL only name it."""
    return MemoryDatabase(placement, scheduler)
