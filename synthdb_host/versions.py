"""Versions: what can be asked of and done with commits, branches and tags, as plain frozen data.

A database is a tree of branches; each write is a commit on one of them, and a :class:`Ref` names any state that
ever was. Reading operations here yield rows like a select does; the columns of each are said with it. Writing
operations yield a :class:`synthdb_host.merge_reports.MergeReport` where they combine two states.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from typing import Literal as OneOf

from synthdb_host.errors import InvalidParameter
from synthdb_host.filters import Filter

__all__ = [
    "HEAD",
    "AlterBranch",
    "Backfill",
    "BranchChange",
    "Branches",
    "Branching",
    "Changes",
    "CherryPick",
    "Collect",
    "Compact",
    "Conflicts",
    "CreateBranch",
    "CreateTag",
    "Diff",
    "DropBranch",
    "DropTag",
    "Follow",
    "History",
    "Log",
    "Merge",
    "Offset",
    "Ref",
    "Resolve",
    "Restore",
    "Revert",
    "StorageReport",
    "Tags",
    "Versioning",
]


@dataclass(frozen=True, slots=True)
class Ref:
    """A state of a database: a branch, and on it a moment (``None`` is now).

    ``branch`` is the name of a branch or tag, or a commit id (which begins with a digit), in this order. ``at`` is
    a commit id, an RFC 3339 timestamp, or a time ago such as ``5 minutes ago``. Tables and columns are those of
    then, or with ``schema="now"`` those that the branch has now.
    """

    branch: str = "main"
    at: str | None = None
    schema: OneOf["then", "now"] = "then"

    @classmethod
    def parse(cls, text: str) -> "Ref":
        """Read ``NAME``, ``NAME@MOMENT`` or a commit id; what they mean is found out when they are used."""
        branch, _, at = text.partition("@")
        return cls(branch or "main", at or None)

    def __str__(self) -> str:
        return self.branch if self.at is None else f"{self.branch}@{self.at}"


HEAD: Final = Ref()
"""The newest state of the main branch."""


# -- reading ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Log:
    """Read the commits that led to a ref, newest first.

    Columns: id, at, branch, author, message, kind, merged (the commit whose changes were merged), tables (for each
    table what was inserted, updated and deleted). ``before`` is the id of the last commit of the page before;
    ``since`` and ``until`` are commit ids or times, both inclusive.
    """

    ref: Ref = HEAD
    table: str | None = None
    author: str | None = None
    kind: str | None = None
    message: str | None = None
    since: str | None = None
    until: str | None = None
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class History:
    """Read every version of a row, or with ``column`` every change of a cell, newest first.

    Columns: commit, at, branch, author, message, change (insert, update or delete), and ``row`` or ``value``. A
    change that came with a merge has the commit, author and message of the commit that first made it.
    """

    table: str
    key: tuple[object, ...]
    column: str | None = None
    ref: Ref = HEAD
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Diff:
    """Compare two states.

    With ``three_dot`` what ``target`` changed since it and ``base`` were last the same, otherwise what leads from
    ``base`` to ``target``. Columns by ``detail``: ``rows``: table, key, change, old, new; ``cells``: table, key,
    change, column, path (into JSON), old, new; ``summary``: table, inserted, updated, deleted; ``schema``: table,
    column, change, property, old, new.
    """

    base: Ref
    target: Ref = HEAD
    tables: tuple[str, ...] = ()
    three_dot: bool = False
    detail: OneOf["rows", "cells", "summary", "schema"] = "rows"
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """Read what commits changed, in the order of commits, starting after the offset ``since``.

    Columns: offset, at, branch, author, message, table, change, key, old, new. A commit's changes come whole, so
    there may be more than ``limit`` of them; the last offset is where to go on. ``branch`` None: of every branch.
    """

    since: str | None = None
    tables: tuple[str, ...] = ()
    branch: str | None = "main"
    limit: int = 1_000


_OFFSET: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,18}))?")
_WHOLE: Final = 2**62


class Offset(NamedTuple):
    """A place in the log: behind a whole commit, or behind the change at a position in it. Offsets are in order."""

    commit: int
    position: int = _WHOLE

    @classmethod
    def parse(cls, text: str) -> "Offset":
        """Read ``COMMIT`` or ``COMMIT.POSITION``.

        Raises:
            InvalidParameter: it is neither.
        """
        found = _OFFSET.fullmatch(text)
        if found is None:
            hint = "Offsets are ids of commits, or the seq of a change."
            raise InvalidParameter(f"{text[:100]!r} is no offset.", hint=hint, where="since")
        return cls(int(found[1]), _WHOLE if found[2] is None else int(found[2]))

    def __str__(self) -> str:
        return str(self.commit) if self.position == _WHOLE else f"{self.commit}.{self.position}"


@dataclass(frozen=True)
class Follow:
    """Be told what commits change on a branch, as they are made, in their order.

    ``since`` is the offset of the last change that was seen; None: what comes from now on. ``tables`` are those that
    are followed, each with the condition that its rows must satisfy; none: all tables.

    Columns: seq, commit, at, branch, table, op, key, old, new, changed. A row that comes to satisfy the condition, or
    to be one that the caller may see, is an ``insert``; one that no longer does is a ``leave``; ``update`` and
    ``delete`` are of rows that did before. Rows have the columns that their table has now.
    """

    tables: Mapping[str, Filter | None] = field(default_factory=dict)
    branch: str = "main"
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Branches:
    """List branches: name, parent, fork, created, head, protected, expires, comment. ``prefix`` chooses by name."""

    prefix: str = ""
    limit: int | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Tags:
    """List tags: name, branch, commit, created, comment."""


@dataclass(frozen=True, slots=True)
class Conflicts:
    """List conflicts of merges: source, target, table, key, column, kind, base, ours, theirs, resolution, value."""

    source: str | None = None
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class StorageReport:
    """Measure the storage: table, kind (rows, history, branches, index), rows, bytes."""


# -- branches and tags -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateBranch:
    """Make a branch that starts as ``at`` is. ``expires`` is a timestamp after which it may be dropped."""

    name: str
    at: Ref = HEAD
    comment: str | None = None
    expires: str | None = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class AlterBranch:
    """Rename, describe, protect or expire a branch; None leaves a property as it is, ``expires=""`` takes it away.

    Rows and schema of a protected branch change only by a merge into it.
    """

    branch: str
    name: str | None = None
    comment: str | None = None
    protected: bool | None = None
    expires: str | None = None


@dataclass(frozen=True, slots=True)
class DropBranch:
    """Remove a branch with all its commits; not one that is protected or has branches or tags of its own."""

    branch: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class CreateTag:
    """Give a state a name that keeps it readable for ever."""

    name: str
    at: Ref = HEAD
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class DropTag:
    """Remove a tag."""

    name: str
    if_exists: bool = False


BranchChange = CreateBranch | AlterBranch | DropBranch | CreateTag | DropTag


@dataclass(frozen=True, slots=True)
class Branching:
    """Change branches and tags: all changes or none."""

    changes: tuple[BranchChange, ...]


# -- combining states ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Merge:
    """Take what ``source`` changed since it and the branch ``ref`` were last the same, rows and schema.

    Nothing is changed while conflicts are open: they are kept, can be resolved, and the merge asked for again.
    """

    source: Ref
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class CherryPick:
    """Make the changes of commits ``first`` to ``last`` (of one branch) on the branch ``ref``, too."""

    first: str
    last: str | None = None
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class Revert:
    """Undo the changes of commits ``first`` to ``last`` on the branch ``ref``, keeping what came later."""

    first: str
    last: str | None = None
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class Restore:
    """Make rows, tables or everything (with neither given) as they were at ``to``.

    ``keys`` are keys of one table. Without ``to``, deleted rows become what they were when they were deleted.
    """

    to: Ref | None = None
    tables: tuple[str, ...] = ()
    keys: tuple[tuple[object, ...], ...] = ()
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class Resolve:
    """Decide open conflicts of merging ``source`` into ``ref``: all of them, or those of a table, row or cell.

    ``choice`` is ``ours`` (the branch merged into), ``theirs`` or ``value``; ``open`` takes a decision back.
    """

    source: Ref
    choice: OneOf["ours", "theirs", "value", "open"]
    table: str | None = None
    key: tuple[object, ...] | None = None
    column: str | None = None
    value: object = None
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class Collect:
    """Forget versions that no longer need to be readable: older than ``before`` and pinned by no branch or tag.

    At most ``limit`` are forgotten at once; ask again until ``affected`` is 0.
    """

    before: str
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Compact:
    """Let the branch ``ref`` hold what it shows of the branches below it, and with ``whole`` what it shows of main.

    Such a branch reads as fast as main. What it shows stays the same; ``affected`` is how many rows were copied.
    """

    ref: Ref
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Backfill:
    """Go on with moving values of columns that got a wider type, for at most ``rows`` rows.

    What every state shows stays the same. ``affected`` is how many rows were looked at: ask again until it is 0.
    """

    rows: int = 5_000


Versioning = (
    Log | History | Diff | Changes | Branches | Tags | Conflicts | StorageReport
    | Branching | Merge | CherryPick | Revert | Restore | Resolve | Collect | Compact | Backfill
)  # fmt: skip
"""Every operation of this module."""
