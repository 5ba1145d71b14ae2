"""Commits with a full copy of the state after each, and the branches and tags that lead to them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from synthdb_host.contracts import Context
from synthdb_host.errors import DuplicateName, ReadOnly, UnknownRef
from synthdb_host.operations import Ref
from synthdb_memory.state import State, Stored

__all__ = ["Branch", "Commit", "Repository", "Tag"]

_AGO: Final = re.compile(r"(\d+) (second|minute|hour|day|week)s? ago")


@dataclass(slots=True)
class Branch:
    """A line of commits that starts from a commit of another one."""

    name: str
    parent: "Branch | None"
    fork: int
    created: int
    created_at: datetime
    commits: list[int] = field(default_factory=list)
    protected: bool = False
    comment: str | None = None
    expires: str | None = None

    @property
    def head(self) -> int:
        """The newest commit, or where the branch starts."""
        return self.commits[-1] if self.commits else self.fork


@dataclass(frozen=True, slots=True)
class Commit:
    """A write, and all that there was after it."""

    id: int
    at: datetime
    branch: Branch
    author: str
    message: str | None
    kind: str
    parents: tuple[int, ...]
    state: State


@dataclass(frozen=True, slots=True)
class Tag:
    """A commit with a name."""

    name: str
    branch: Branch
    commit: int
    created_at: datetime
    comment: str | None


class Repository:
    """All states that ever were. Commit 0 is the empty database."""

    def __init__(self) -> None:
        now = datetime.now(UTC)
        main = Branch("main", None, 0, 0, now)
        self.branches: dict[str, Branch] = {"main": main}
        self.tags: dict[str, Tag] = {}
        self.commits: list[Commit] = [Commit(0, now, main, "", None, "start", (), State())]
        self.requires: frozenset[str] = frozenset()
        self._names = 0
        self._counters: dict[int, int] = {}

    def branch(self, name: str) -> Branch:
        """Find a branch.

        Raises:
            UnknownRef: there is none of this name.
        """
        if name not in self.branches:
            raise UnknownRef(f"There is no branch {name!r}.")
        return self.branches[name]

    def writable(self, ref: Ref) -> Branch:
        """Find the branch that a write goes to.

        Raises:
            ReadOnly: the ref is a moment.
        """
        self.resolve(ref)
        if ref.at is not None or ref.branch not in self.branches:
            raise ReadOnly(f"{str(ref)!r} is in the past; only a branch can be written to.")
        return self.branches[ref.branch]

    def resolve(self, ref: Ref) -> Commit:
        """Find the commit whose state a ref means."""
        branch, last = self._named(ref.branch)
        if ref.at is None:
            return self.commits[last]
        moment = self._moment(ref.at)
        return self.commits[min(last, moment) if last < branch.head else self._as_of(branch, moment)]

    def home(self, ref: Ref) -> Branch:
        """Find the branch that a ref is on."""
        return self._named(ref.branch)[0]

    def _named(self, name: str) -> tuple[Branch, int]:
        if name in self.branches:
            return self.branches[name], self.branches[name].head
        if name in self.tags:
            return self.tags[name].branch, self.tags[name].commit
        if name.isdecimal() and int(name) < len(self.commits):
            commit = self.commits[int(name)]
            if self.branches.get(commit.branch.name) is commit.branch:
                return commit.branch, commit.id
        raise UnknownRef(f"There is no branch, tag or commit {name!r}.")

    def _moment(self, text: str) -> int:
        """Give the last commit not later than a moment."""
        if text.isdecimal():
            if int(text) >= len(self.commits):
                raise UnknownRef(f"There is no commit {text!r}.")
            return int(text)
        at = _time(text)
        return max((commit.id for commit in self.commits if commit.at <= at), default=0)

    def _as_of(self, branch: Branch, moment: int) -> int:
        before = [number for number in branch.commits if number <= moment]
        if before:
            return before[-1]
        if branch.parent is None or moment >= branch.created:
            return branch.fork
        return self._as_of(branch.parent, moment)

    # -- history -----------------------------------------------------------------------------------------

    def line(self, last: int) -> Iterator[Commit]:
        """Give the commits that led to one, newest first, along its branch and those it was made from."""
        while last:
            commit = self.commits[last]
            yield commit
            last = commit.parents[0]

    def ancestors(self, number: int) -> frozenset[int]:
        """Give all commits whose changes a commit has, itself too."""
        found, ahead = {number}, [number]
        while ahead:
            new = set(self.commits[ahead.pop()].parents) - found
            found |= new
            ahead += new
        return frozenset(found)

    def best_common(self, one: frozenset[int], other: frozenset[int]) -> list[int]:
        """Give the common ancestors that are no ancestor of another one."""
        common = one & other
        older = {old for number in common for old in self.ancestors(number) - {number}}
        return sorted(common - older)

    # -- writing -----------------------------------------------------------------------------------------

    def working_copy(self, branch: Branch) -> State:
        """Give a state to write to; identities go on where any branch left off."""
        state = replace(self.commits[branch.head].state.copy(), requires=self.requires, commit=len(self.commits))
        state.namesakes = self._namesakes(state)
        for stored in (*state.tables.values(), *state.dropped.values()):
            stored.next_id = max(stored.next_id, self._counters.get(stored.uid, 1))
        return state

    def _namesakes(self, state: State) -> dict[str, Stored]:
        """Give the tables of other branches that a state has never had, by name the oldest of each."""
        known = {stored.uid for stored in (*state.tables.values(), *state.dropped.values())}
        found: dict[str, Stored] = {}
        for branch in self.branches.values():
            for stored in self.commits[branch.head].state.tables.values():
                name = stored.schema.name.casefold()
                if stored.uid not in known and (name not in found or stored.uid < found[name].uid):
                    found[name] = replace(stored, next_id=self._counters.get(stored.uid, 1))
        return found

    def commit(self, branch: Branch, state: State, context: Context, kind: str, merged: int | None = None) -> Commit:
        """Add a commit to a branch."""
        self._number(state)
        state.namesakes = {}
        state.commit = len(self.commits)
        state.number_rows(self.commits[branch.head].state)
        self.requires = state.requires
        at = max(datetime.now(UTC), self.commits[-1].at + timedelta(microseconds=1))
        parents = (branch.head,) if merged is None else (branch.head, merged)
        commit = Commit(len(self.commits), at, branch, context.principal.id, context.message, kind, parents, state)
        self.commits.append(commit)
        branch.commits.append(commit.id)
        return commit

    def _number(self, state: State) -> None:
        """Give ids to tables and columns that are new."""
        for stored in (*state.tables.values(), *state.dropped.values()):
            stored.uid = stored.uid or self._new_id()
            for column in stored.schema.columns:
                if not stored.ids.get(column.name):
                    stored.ids[column.name] = frozenset({self._new_id()})
            self._counters[stored.uid] = max(stored.next_id, self._counters.get(stored.uid, 1))

    def next_version(self) -> int:
        """Give a catalog version that no state has."""
        return len(self.commits)

    def _new_id(self) -> int:
        self._names += 1
        return self._names

    def fork(self, name: str, at: Ref) -> Branch:
        """Make a branch.

        Raises:
            DuplicateName: there is a branch or tag of this name.
        """
        self.check_free(name)
        commit = self.resolve(at)
        now = max(datetime.now(UTC), self.commits[-1].at)
        self.branches[name] = Branch(name, self.home(at), commit.id, self.commits[-1].id, now)
        return self.branches[name]

    def check_free(self, name: str) -> None:
        """Refuse a name that is taken."""
        if name in self.branches or name in self.tags:
            raise DuplicateName(f"There is a branch or tag {name!r} already.")


def _time(text: str) -> datetime:
    if match := _AGO.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{f"{match[2]}s": int(match[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError as error:
        raise UnknownRef(f"{text!r} is no moment.") from error
