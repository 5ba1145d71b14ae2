"""What can be read about commits, branches, tags and conflicts."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from synthdb_host.catalog import ColumnType
from synthdb_host.contracts import Result
from synthdb_host.encoding import ResultColumn, RowEncoder
from synthdb_host.errors import InvalidParameter, UnknownTable
from synthdb_host.versions import Branches, Changes, Conflicts, Diff, History, Log, Tags
from synthdb_memory.differing import RowChange, changed_rows, counted
from synthdb_memory.merging import Merger
from synthdb_memory.normal import normal
from synthdb_memory.repository import Commit, Repository

__all__ = ["READERS"]

_TIMES: Final = ("at", "created")
_JSON: Final = ("tables", "key", "old", "new", "row", "value", "base", "ours", "theirs")


def _result(names: str, rows: Iterable[tuple[Any, ...]]) -> Result:
    return Result(RowEncoder([_column(name) for name in names.split()]), list(rows))


def _column(name: str) -> ResultColumn:
    if name in _TIMES:
        return ResultColumn.of_python(name, ColumnType("timestamp"))
    return ResultColumn(name, ColumnType("json" if name in _JSON else "text"))


def _changes_of(repository: Repository, commit: Commit) -> list[RowChange]:
    before = repository.commits[commit.parents[0]].state
    return list(changed_rows(normal(before), normal(commit.state)))


def _log(repository: Repository, merger: Merger, operation: Log) -> Result:
    commits = [c for c in repository.line(repository.resolve(operation.ref).id) if _is_wanted(repository, c, operation)]
    names = "id at branch author message kind merged tables"
    rows = []
    for commit in commits[: operation.limit]:
        before = repository.commits[commit.parents[0]].state
        counts = counted(normal(before), normal(commit.state))
        tables = {
            name: {"inserted": count.inserted, "updated": count.updated, "deleted": count.deleted}
            for name, count in counts.items()
        }
        merged = str(commit.parents[1]) if len(commit.parents) > 1 else None
        rows.append((
            str(commit.id), commit.at, commit.branch.name, commit.author, commit.message, commit.kind,
            merged, tables,
        ))  # fmt: skip
    return _result(names, rows)


def _is_wanted(repository: Repository, commit: Commit, operation: Log) -> bool:
    before = operation.before is None or commit.id < int(operation.before)
    since = operation.since is None or commit.id >= int(operation.since)
    until = operation.until is None or commit.id <= int(operation.until)
    return (
        before and since and until
        and operation.author in (None, commit.author)
        and operation.kind in (None, commit.kind)
        and (operation.message is None or operation.message in (commit.message or ""))
        and (operation.table is None or operation.table in {c.table for c in _changes_of(repository, commit)})
    )  # fmt: skip


def _history(repository: Repository, merger: Merger, operation: History) -> Result:
    found = []
    for commit in repository.line(repository.resolve(operation.ref).id):
        change = _change_in(repository, commit, operation)
        if change is not None:
            origin = _origin(repository, commit, operation)
            shown = change.new if operation.column is None else (change.new or {}).get(operation.column)
            found.append((
                str(origin.id), origin.at, origin.branch.name, origin.author, origin.message, change.change,
                shown,
            ))  # fmt: skip
    names = "commit at branch author message change " + ("row" if operation.column is None else "value")
    return _result(names, found[: operation.limit])


def _change_in(repository: Repository, commit: Commit, operation: History) -> RowChange | None:
    for change in _changes_of(repository, commit):
        if (change.table, change.key) != (operation.table, operation.key):
            continue
        old, new = change.old or {}, change.new or {}
        if operation.column is None or old.get(operation.column) != new.get(operation.column):
            return change
    return None


def _origin(repository: Repository, commit: Commit, operation: History) -> Commit:
    """Find the commit that first made a change that came with a merge."""
    while len(commit.parents) > 1:
        merged = [c for c in repository.line(commit.parents[1]) if _change_in(repository, c, operation)]
        if not merged:
            return commit
        commit = merged[0]
    return commit


def _diff(repository: Repository, merger: Merger, operation: Diff) -> Result:
    target, base = repository.resolve(operation.target), repository.resolve(operation.base)
    before, after = normal(base.state), normal(target.state)
    if operation.three_dot:
        before = merger.base(base.id, target.id)
    known = {table.name for state in (before, after) for table in state.values() if table.is_live}
    if unknown := set(operation.tables) - known:
        raise UnknownTable(f"There is no table {unknown.pop()!r}.")
    changes = [c for c in changed_rows(before, after) if not operation.tables or c.table in operation.tables]
    match operation.detail:
        case "rows":
            rows = [(c.table, list(c.key), c.change, c.old, c.new) for c in changes[: operation.limit]]
            return _result("table key change old new", rows)
        case "summary":
            counts = counted(before, after)
            tables = dict.fromkeys(change.table for change in changes)
            numbers = [(name, counts[name].inserted, counts[name].updated, counts[name].deleted) for name in tables]
            return _result("table inserted updated deleted", numbers)
        case _:
            raise InvalidParameter(f"This storage shows no {operation.detail}.")


def _feed(repository: Repository, merger: Merger, operation: Changes) -> Result:
    commits = repository.commits[1:]
    if operation.branch is not None:
        commits = list(repository.line(repository.branch(operation.branch).head))[::-1]
    rows: list[tuple[Any, ...]] = []
    for commit in commits:
        if commit.id <= int(operation.since or 0):
            continue
        if len(rows) >= operation.limit:
            break
        rows += [
            (
                str(commit.id), commit.at, commit.branch.name, commit.author, commit.message, change.table,
                change.change, list(change.key), change.old, change.new,
            )
            for change in _changes_of(repository, commit)
            if not operation.tables or change.table in operation.tables
        ]  # fmt: skip
    return _result("offset at branch author message table change key old new", rows)


def _branches(repository: Repository, merger: Merger, operation: Branches) -> Result:
    names = [name for name in sorted(repository.branches) if name.startswith(operation.prefix)]
    names = [name for name in names if operation.after is None or name > operation.after]
    rows = []
    for branch in [repository.branches[name] for name in names][: operation.limit]:
        parent = branch.parent.name if branch.parent else None
        head = str(branch.head) if branch.head else None
        fork = str(branch.fork) if branch.fork else None
        rows.append((
            branch.name, parent, fork, branch.created_at, head, branch.protected, branch.expires,
            branch.comment,
        ))  # fmt: skip
    return _result("name parent fork created head protected expires comment", rows)


def _tags(repository: Repository, merger: Merger, operation: Tags) -> Result:
    tags = sorted(repository.tags.values(), key=lambda tag: tag.name)
    rows = [(tag.name, tag.branch.name, str(tag.commit), tag.created_at, tag.comment) for tag in tags]
    return _result("name branch commit created comment", rows)


def _conflicts(repository: Repository, merger: Merger, operation: Conflicts) -> Result:
    target = repository.branch(operation.ref.branch).name
    rows = []
    for (source, into), conflicts in sorted(merger.noted.items()):
        if into == target and operation.source in (None, source):
            rows += [
                (
                    source, into, c.table, None if c.key is None else list(c.key), c.column, c.kind, c.base, c.ours,
                    c.theirs, c.resolution, None,
                )
                for c in conflicts
            ]  # fmt: skip
    return _result("source target table key column kind base ours theirs resolution value", rows)


READERS: Final[Mapping[type[object], Callable[[Repository, Merger, Any], Result]]] = {
    Log: _log,
    History: _history,
    Diff: _diff,
    Changes: _feed,
    Branches: _branches,
    Tags: _tags,
    Conflicts: _conflicts,
}
