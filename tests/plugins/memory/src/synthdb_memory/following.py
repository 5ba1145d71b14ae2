"""What commits changed, for those who follow a branch: each state compared with the one before, in the shape of now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from synthdb_host.catalog import ColumnType, Table
from synthdb_host.contracts import Restrictions, Result, TableRestriction
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.errors import HistoryGone
from synthdb_host.operations import Filter
from synthdb_host.versions import Offset
from synthdb_memory.conditions import Predicate, compile_filter
from synthdb_memory.repository import Commit, Repository
from synthdb_memory.restoring import seen_now
from synthdb_memory.state import Row, State
from synthdb_memory.visibility import RowScope, visible_table

__all__ = ["MemoryChanges", "read_changes"]

_TYPES: Final = {
    "seq": "text", "commit": "text", "at": "timestamp", "branch": "text", "table": "text", "op": "text",
    "key": "json", "old": "json", "new": "json", "changed": "json",
}  # fmt: skip
_ENCODER: Final = RowEncoder([ResultColumn.of_python(name, ColumnType(kind)) for name, kind in _TYPES.items()])


@dataclass(frozen=True, slots=True)
class _Line:
    offset: Offset
    commit: Commit
    table: str
    old: Row | None
    new: Row | None


@dataclass(frozen=True)
class MemoryChanges:
    """Implements the contract's ``ChangeSet``."""

    lines: Sequence[_Line]
    start: Offset
    end: Offset
    branch: str
    now: State

    @property
    def tables(self) -> frozenset[str]:
        """The tables that were changed."""
        return frozenset(line.table for line in self.lines)

    @property
    def size(self) -> int:
        """A guess."""
        return 200 * len(self.lines)

    async def seen(
        self, tables: Mapping[str, Filter | None], restrictions: Restrictions
    ) -> tuple[Sequence[Offset], Result]:
        """Give what a caller sees of it."""
        limits = {name: restrictions.tables.get(name) or TableRestriction() for name in self.now.tables}
        tests = {
            name: _tests(self.now.table(name).schema, tables.get(name), limits.get(name) or TableRestriction())
            for name in tables or self.now.tables
        }
        offsets, rows = [], []
        for line in self.lines:
            if line.table not in tests:
                continue
            table = visible_table(self.now.table(line.table).schema, limits[line.table])
            old, new = (_shown(table, row, tests[line.table]) for row in (line.old, line.new))
            changed = [name for name in table.by_name if old and new and old[name] != new[name]]
            if (old is None and new is None) or (old and new and not changed):
                continue
            op = "insert" if old is None else "update" if new is not None else "leave" if line.new else "delete"
            key = [(new or old or {})[name] for name in table.key if name in table.by_name]
            facts = (str(line.offset), str(line.commit.id), line.commit.at, self.branch, line.table, op)
            rows.append((*facts, key, old, new, changed if op == "update" else None))
            offsets.append(line.offset)
        return offsets, Result(_ENCODER, rows)


def _tests(table: Table, where: Filter | None, limit: TableRestriction) -> list[Predicate]:
    tests = [] if limit.rows is None else [compile_filter(limit.rows, RowScope(table))]
    return tests if where is None else [*tests, compile_filter(where, RowScope(visible_table(table, limit)))]


def _shown(table: Table, row: Row | None, tests: list[Predicate]) -> Row | None:
    if row is None or not all(test(row) is True for test in tests):
        return None
    return {name: row[name] for name in table.by_name}


def read_changes(repository: Repository, branch: str, since: Offset | None, limit: int) -> MemoryChanges:
    """Read about so many changes of a branch."""
    line, last = list(repository.line(repository.branch(branch).head))[::-1], repository.commits[-1].id
    now = repository.commits[repository.branch(branch).head].state
    if since is None:
        return MemoryChanges((), Offset(last), Offset(last), branch, now)
    if since.commit > last:
        raise HistoryGone("The log ends before this offset.")
    found: list[_Line] = []
    for commit in line:
        found += [item for item in _lines(repository, commit, now) if item.offset > since]
        if len(found) >= limit:
            cut = found[:limit]
            return MemoryChanges(cut, since, cut[-1].offset, branch, now)
    return MemoryChanges(found, since, Offset(last), branch, now)


def _lines(repository: Repository, commit: Commit, now: State) -> list[_Line]:
    before, after = (seen_now(state, now) for state in (repository.commits[commit.parents[0]].state, commit.state))
    changes: list[tuple[str, Row | None, Row | None]] = []
    for name, stored in sorted(now.tables.items(), key=lambda item: item[1].uid):
        old, new = _by_identity(before, name), _by_identity(after, name)
        differing = {identity for identity in old.keys() | new.keys() if old.get(identity) != new.get(identity)}
        changes += [(stored.schema.name, old.get(identity), new.get(identity)) for identity in sorted(differing)]
    return [_Line(Offset(commit.id, place), commit, *change) for place, change in enumerate(changes)]


def _by_identity(state: State, name: str) -> dict[Any, Row]:
    stored = state.tables.get(name)
    return {} if stored is None else {row[stored.schema.identity]: row for row in stored.rows.values()}
