"""Merges, cherry-picks and reverts between full copies, and what was decided about their conflicts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from synthdb_host.contracts import Result
from synthdb_host.errors import Conflict, InvalidParameter
from synthdb_host.merge_reports import MergeReport, OpenConflict
from synthdb_host.operations import Ref
from synthdb_host.versions import CherryPick, Merge, Resolve, Revert
from synthdb_memory.branching import check_unprotected
from synthdb_memory.combining import Combination, combine
from synthdb_memory.database import Unit
from synthdb_memory.differing import counted
from synthdb_memory.normal import Plain, normal, restated
from synthdb_memory.permitting import check_permitted, check_unlimited
from synthdb_memory.repository import Branch, Commit, Repository
from synthdb_memory.settling import Choice, undecided
from synthdb_memory.state import contents
from synthdb_memory.violations import violations

__all__ = ["Merger"]

_Spot = tuple[str, tuple[Any, ...] | None, str | None, str]
_Sides = tuple[Plain, Plain, Plain]
_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Decision:
    """A choice, and the conflict that it was made about."""

    choice: Choice
    conflict: OpenConflict


class Merger:
    """Combines commits of a repository."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._decisions: dict[_Pair, dict[_Spot, _Decision]] = {}
        self._sides_of: dict[_Pair, _Sides] = {}
        self.noted: dict[_Pair, list[OpenConflict]] = {}

    # -- merge -------------------------------------------------------------------------------------------

    def merge(self, operation: Merge, unit: Unit) -> Result:
        """Merge a ref into a branch."""
        repository = self._repository
        target, source = repository.writable(operation.ref), repository.resolve(operation.source)
        if source.id in repository.ancestors(target.head):
            return Result(report=MergeReport())
        pair = (repository.home(operation.source).name, target.name)
        return self._attempt(pair, self._sides(source, target), target, unit, "merge", source.id)

    def _attempt(
        self, pair: _Pair, sides: _Sides, target: Branch, unit: Unit, kind: str, merged: int | None = None
    ) -> Result:
        """Combine three states and commit the result, or note what is in conflict."""
        check_unlimited(unit.restrictions)
        combined = self._combined(sides, self._decide(pair))
        if not unit.context.dry_run:
            self._sides_of[pair] = sides
            self.noted[pair] = self._with_decisions(pair, combined.conflicts) if combined.conflicts else []
        return self._finish(target, sides, combined, unit, kind, merged)

    def _sides(self, source: Commit, target: Branch) -> _Sides:
        repository = self._repository
        return self.base(target.head, source.id), normal(repository.commits[target.head].state), normal(source.state)

    def base(self, one: int, other: int) -> Plain:
        """Give the state in which two commits were last the same."""
        repository = self._repository
        return self._base(repository.best_common(repository.ancestors(one), repository.ancestors(other)))

    def _base(self, best: list[int]) -> Plain:
        """Give the base of several best common ancestors: they are merged over their own base."""
        repository = self._repository
        found, known = normal(repository.commits[best[0]].state), repository.ancestors(best[0])
        for number in best[1:]:
            theirs = repository.ancestors(number)
            base = self._base(repository.best_common(known, theirs))
            found = combine(base, found, normal(repository.commits[number].state), virtual=True).tables
            known |= theirs
        return found

    def _combined(self, sides: _Sides, decide: Callable[[OpenConflict], Choice | None] = undecided) -> Combination:
        combined = combine(*sides, decide)
        if not combined.conflicts:
            combined.conflicts = violations(combined.tables, sides)
        combined.conflicts.sort(key=_place)
        return combined

    def _finish(
        self, target: Branch, sides: _Sides, combined: Combination, unit: Unit, kind: str, merged: int | None
    ) -> Result:
        if combined.conflicts:
            return Result(report=MergeReport(conflicts=tuple(combined.conflicts)))
        repository = self._repository
        before = repository.commits[target.head].state
        after = restated(combined.tables, before)
        check_permitted(unit.restrictions, before, after)
        report = MergeReport(counted(sides[1], combined.tables))
        if unit.context.dry_run or (merged is None and contents(after) == contents(before)):
            return Result(report=report)
        if after.catalog().tables != before.catalog().tables:
            after.version = repository.next_version()
        commit = repository.commit(target, after, unit.context, kind, merged)
        return Result(report=report, commit=str(commit.id))

    # -- cherry-pick and revert --------------------------------------------------------------------------

    def pick(self, operation: CherryPick | Revert, unit: Unit) -> Result:
        """Make the changes of a range of commits on a branch, or undo them."""
        repository = self._repository
        target = repository.writable(operation.ref)
        check_unprotected(target)
        first, last = (repository.resolve(Ref(text)) for text in (operation.first, operation.last or operation.first))
        if first.branch is not last.branch or first.id > last.id or not first.parents:
            raise InvalidParameter(f"Commits {first.id} to {last.id} are no range of one branch.")
        before, after = normal(repository.commits[first.parents[0]].state), normal(last.state)
        ours = normal(repository.commits[target.head].state)
        is_revert = isinstance(operation, Revert)
        sides = (after, ours, before) if is_revert else (before, ours, after)
        kind = "revert" if is_revert else "pick"
        return self._attempt((first.branch.name, target.name), sides, target, unit, kind)

    # -- decisions ---------------------------------------------------------------------------------------

    def _decide(self, pair: _Pair) -> Callable[[OpenConflict], Choice | None]:
        decisions = self._decisions.get(pair, {})

        def decide(conflict: OpenConflict) -> Choice | None:
            decision = decisions.get(_spot(conflict))
            return decision.choice if decision and _about(decision.conflict) == _about(conflict) else None

        return decide

    def _with_decisions(self, pair: _Pair, conflicts: list[OpenConflict]) -> list[OpenConflict]:
        """Give what a list of conflicts shows: the open ones and those decided."""
        undecided_spots = {_spot(conflict) for conflict in conflicts}
        decided = [
            replace(found.conflict, resolution=found.choice.choice)
            for spot, found in self._decisions.get(pair, {}).items()
            if spot not in undecided_spots
        ]
        return sorted(conflicts + decided, key=_place)

    def resolve(self, operation: Resolve) -> Result:
        """Decide about conflicts."""
        repository = self._repository
        pair = (repository.home(operation.source).name, repository.writable(operation.ref).name)
        sides = self._sides_of.get(pair, ({}, {}, {}))
        meant = self._meant(operation, sides, self.noted.get(pair, []))
        decisions = self._decisions.setdefault(pair, {})
        for conflict in meant:
            decisions.pop(_spot(conflict), None)
            if operation.choice != "open":
                choice = Choice(operation.choice, operation.value)
                decisions[_spot(conflict)] = _Decision(choice, replace(conflict, resolution=None))
        self.noted[pair] = self._with_decisions(pair, self._combined(sides, self._decide(pair)).conflicts)
        return Result(affected=len(meant))

    def _meant(self, operation: Resolve, sides: _Sides, noted: list[OpenConflict]) -> list[OpenConflict]:
        """Give what is to be decided: a whole row, or all that is in conflict there."""
        if noted and operation.key is not None and operation.column is None:
            return [_whole_row(operation.table, operation.key, sides)]
        meant = [conflict for conflict in noted if _is_meant(_spot(conflict), operation)]
        if operation.choice == "value":
            meant = [conflict for conflict in meant if conflict.kind == "cell"]
        if not meant:
            raise Conflict("There is no such conflict.")
        return [_whole_row(c.table, c.key, sides) if c.kind == "constraint" else c for c in meant]


def _whole_row(table: str | None, key: tuple[Any, ...] | None, sides: _Sides) -> OpenConflict:
    found = []

    def note(conflict: OpenConflict) -> None:
        if conflict.kind == "row" and (conflict.table, conflict.key) == (table, key):
            found.append(conflict)

    combine(*sides, note)
    if not found:
        raise Conflict(f"There is no row {key} in {table!r}.")
    return found[0]


def _spot(conflict: OpenConflict) -> _Spot:
    kind = conflict.detail if conflict.kind == "schema" else ""
    return conflict.table, conflict.key, conflict.column, kind


def _about(conflict: OpenConflict) -> tuple[Any, Any, Any]:
    return conflict.base, conflict.ours, conflict.theirs


def _is_meant(spot: _Spot, operation: Resolve) -> bool:
    table, key, column, _ = spot
    return operation.table in (None, table) and operation.key in (None, key) and operation.column in (None, column)


def _place(conflict: OpenConflict) -> tuple[Any, ...]:
    return (
        conflict.table, conflict.key is not None, tuple(map(_sortable, conflict.key or ())),
        conflict.column or "", conflict.detail,
    )  # fmt: skip


def _sortable(value: Any) -> tuple[str, Any]:
    return type(value).__name__, value
