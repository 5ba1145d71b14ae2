"""A database in memory with branches: a full copy of everything for every commit, and nothing clever."""

from dataclasses import replace
from typing import Any, Final

from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Capability, Context, Placement, Restrictions, Result, Scheduler
from synthdb_host.errors import UnsupportedCapability
from synthdb_host.operations import HEAD, Batch, Define, Delete, Insert, Operation, Ref, Select, Update
from synthdb_host.versions import Backfill, Branching, CherryPick, Collect, Merge, Offset, Resolve, Restore, Revert
from synthdb_memory.branching import change_branches, check_unprotected
from synthdb_memory.database import CAPABILITIES, MemoryDatabase, Unit, check_deadline, run_on
from synthdb_memory.following import MemoryChanges, read_changes
from synthdb_memory.listing import READERS
from synthdb_memory.merging import Merger
from synthdb_memory.permitting import check_permitted, check_unlimited
from synthdb_memory.repository import Branch, Repository
from synthdb_memory.restoring import restore, seen_now
from synthdb_memory.state import State, contents

__all__ = ["VERSIONED", "VersionedDatabase", "open_versioned"]

VERSIONED: Final[frozenset[Capability]] = CAPABILITIES | {"as_of", "branches", "merge", "changes", "follow"}

_WRITES: Final = (Insert, Update, Delete, Define, Batch)


class VersionedDatabase(MemoryDatabase):
    """A database that keeps every state it ever had."""

    def __init__(self, placement: Placement, scheduler: Scheduler) -> None:
        super().__init__(placement, scheduler)
        self._repository = Repository()
        self._merger = Merger(self._repository)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the plain database offers, and versions."""
        return VERSIONED

    @property
    def requires(self) -> frozenset[str]:
        """Ids of plugins that the database, whatever the branch, records as needed."""
        return self._repository.requires

    async def catalog(self, ref: Ref = HEAD) -> Catalog:
        """Describe the database at a ref."""
        return self._state_of(ref).catalog()

    async def changes(self, branch: str, since: Offset | None, limit: int) -> MemoryChanges:
        """Read what was changed on a branch after an offset."""
        self.check()
        return read_changes(self._repository, branch, since, limit)

    def _state_of(self, ref: Ref) -> State:
        then = self._repository.resolve(ref).state
        if ref.schema == "then":
            return then
        return seen_now(then, self._repository.resolve(Ref(self._repository.home(ref).name)).state)

    def _read(self, operation: Operation, restrictions: Restrictions) -> Result | None:
        if isinstance(operation, Select):
            commit = operation.after.commit if operation.after is not None else None
            ref = operation.ref if commit is None else replace(operation.ref, at=commit)
            last = str(self._repository.resolve(ref).id)
            return self._select(self._state_of(ref), replace(operation, ref=HEAD), restrictions, commit or last)
        reader = READERS.get(type(operation))
        return None if reader is None else reader(self._repository, self._merger, operation)

    def _apply(self, unit: Unit) -> Result:
        check_deadline(unit.context)
        if isinstance(unit.operation, _WRITES):
            return self._change(unit.operation, unit)
        return self._answered(unit, self._combine(unit))

    def _combine(self, unit: Unit) -> Result:
        match unit.operation:
            case Branching() as operation:
                return change_branches(self._repository, operation, dry_run=unit.context.dry_run)
            case Merge() as operation:
                return self._merger.merge(operation, unit)
            case Resolve() as operation:
                return self._merger.resolve(operation)
            case CherryPick() | Revert() as operation:
                return self._merger.pick(operation, unit)
            case Restore() as operation:
                return self._restore(operation, unit)
            case Collect() | Backfill():
                return Result(affected=0)
            case operation:
                raise UnsupportedCapability(f"This storage knows no {type(operation).__name__}.")

    def _change(self, operation: Insert | Update | Delete | Define | Batch, unit: Unit) -> Result:
        branch = self._repository.writable(operation.ref)
        check_unprotected(branch)
        before, after = self._repository.commits[branch.head].state, self._repository.working_copy(branch)
        result = run_on(after, _at_head(operation), unit.restrictions)
        if unit.context.dry_run:
            return self._answered(unit, result)
        commit = str(len(self._repository.commits)) if self._differs(before, after) else None
        result = self._answered(unit, replace(result, commit=commit))
        self._commit(branch, before, after, unit.context, "write")
        return result

    def _restore(self, operation: Restore, unit: Unit) -> Result:
        branch = self._repository.writable(operation.ref)
        check_unprotected(branch)
        before = self._repository.commits[branch.head].state
        check_unlimited(unit.restrictions)
        after, report = restore(self._repository, branch, operation)
        check_permitted(unit.restrictions, before, after)
        if unit.context.dry_run:
            return Result(report=report)
        return Result(report=report, commit=self._commit(branch, before, after, unit.context, "restore"))

    def _differs(self, before: State, after: State) -> bool:
        return contents(after) != contents(before) or after.requires != self._repository.requires

    def _commit(self, branch: Branch, before: State, after: State, context: Context, kind: str) -> str | None:
        """Commit what changed, if anything did."""
        if after.catalog().tables != before.catalog().tables:
            after.version = self._repository.next_version()
        if not self._differs(before, after):
            return None
        return str(self._repository.commit(branch, after, context, kind).id)


def _at_head(operation: Any) -> Any:
    """Give the operation without the branch; the state is that of the branch already."""
    if isinstance(operation, Batch):
        operation = replace(operation, operations=tuple(_at_head(part) for part in operation.operations))
    return replace(operation, ref=HEAD)


def open_versioned(placement: Placement, scheduler: Scheduler) -> VersionedDatabase:
    """Open a new, empty database that keeps its past."""
    return VersionedDatabase(placement, scheduler)
