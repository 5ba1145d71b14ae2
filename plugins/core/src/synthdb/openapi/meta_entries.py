"""The operations of the meta interface, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from synthdb.openapi.types import instant_pattern
from synthdb_host.contracts import Capability

__all__ = ["DATABASE_ACTIONS", "ENTRIES", "NAME", "SHAPES", "TAGS", "Entry"]

DATABASE_ACTIONS: Final = frozenset({"branch", "define", "history", "maintain", "merge", "sql"})
"""The actions on a database that may be allowed."""

TAGS: Final = {
    "Database": "The tables, SQL, and how much is stored.",
    "Branches and tags": "Names of states.",
    "History": "Commits, versions of rows, and what differs.",
    "Merging": "Taking the changes of one state into another.",
}

_TEXT: Final[dict[str, Any]] = {"type": "string", "maxLength": 1_000}
_NAMED: Final = "[A-Za-z][A-Za-z0-9._-]{0,99}"
_MOMENT: Final = f"(?:[0-9]{{1,18}}|{instant_pattern()})"
_COMMIT: Final = {"pattern": "^[0-9]{1,18}$"}
_STATE: Final = {"pattern": f"^(?:{_NAMED}(?:@{_MOMENT})?|{_MOMENT})$"}

SHAPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "name": {"pattern": f"^{_NAMED}$"},
    "expires": {"pattern": f"^{instant_pattern()}$"},
    "before": {"pattern": f"^{_MOMENT}$"},
    "at": _STATE,
    "source": _STATE,
    "to": _STATE,
    "first": _COMMIT,
    "last": _COMMIT,
}
"""What members of bodies look like, by their names: a state is a branch, a tag, a commit or a moment of one."""

NAME: Final[Mapping[str, Any]] = {"type": "string", **SHAPES["name"]}

# A parameter that may be left out may be empty, which means the same.
_REF: Final[Mapping[str, Any]] = {"type": "string", "pattern": f"^(?:{_NAMED}(?:@{_MOMENT})?|{_MOMENT})?$"}
_BOUND: Final[Mapping[str, Any]] = {"type": "string", "pattern": f"^{_MOMENT}?$"}
_OFFSET: Final[Mapping[str, Any]] = {"type": "string", "pattern": "^[0-9]{0,18}$"}
_TABLES: Final = ("tables", _TEXT, "Only these tables; names have commas between them.")
_LIMIT: Final = ("limit", None, "How many at most.")

_Parameter = tuple[str, Mapping[str, Any] | None, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation.

    ``action`` and ``capability`` are what it needs. ``answers`` is the schema of the answer, of which there is a list
    if ``many``; ``reads`` that of the body; ``needed`` are query parameters that must be there; ``made`` says 201.
    """

    method: str
    path: str
    name: str
    tag: str
    about: str
    action: str | None
    capability: Capability | None
    answers: str | None
    many: bool = False
    reads: str | None = None
    query: tuple[_Parameter, ...] = ()
    needed: frozenset[str] = frozenset()
    headers: tuple[str, ...] = ()
    made: bool = False


_BRANCHES, _PAST, _MERGING = "Branches and tags", "History", "Merging"

ENTRIES: Final = (
    Entry(
        "get",
        "/schema",
        "describe",
        "Database",
        "Describe the tables: columns, keys, indexes and checks.",
        None,
        None,
        "Description",
    ),
    Entry(
        "post",
        "/sql",
        "sql",
        "Database",
        "Run a statement of SQL that only reads, at the ref of the address.",
        "sql",
        "sql",
        "SqlResult",
        reads="Statement",
    ),
    Entry(
        "get",
        "/storage",
        "storage",
        "Database",
        "Measure the storage: rows and bytes by table.",
        "history",
        "branches",
        "StoredPart",
        many=True,
    ),
    Entry(
        "post",
        "/gc",
        "collect",
        "Database",
        "Forget versions that are older than a moment and that no branch or tag needs.",
        "maintain",
        "branches",
        "Collected",
        reads="Cleaning",
    ),
    Entry(
        "get",
        "/branches",
        "branches",
        _BRANCHES,
        "List branches, a page at a time.",
        "history",
        "branches",
        "Branch",
        many=True,
        query=(
            ("prefix", _TEXT, "Only those whose names begin so."),
            ("after", _TEXT, "Only those behind this name."),
            _LIMIT,
        ),
        headers=("Link",),
    ),
    Entry(
        "post",
        "/branches",
        "branch_create",
        _BRANCHES,
        "Make a branch, by default from the state of the address.",
        "branch",
        "branches",
        "Branch",
        reads="NewBranch",
        headers=("Location",),
        made=True,
    ),
    Entry("get", "/branches/{name}", "branch", _BRANCHES, "Describe a branch.", "history", "branches", "Branch"),
    Entry(
        "patch",
        "/branches/{name}",
        "branch_alter",
        _BRANCHES,
        "Change a branch: its name, comment, protection or expiry.",
        "branch",
        "branches",
        "Branch",
        reads="AlteredBranch",
    ),
    Entry(
        "delete",
        "/branches/{name}",
        "branch_drop",
        _BRANCHES,
        "Remove a branch with all its commits.",
        "branch",
        "branches",
        None,
    ),
    Entry(
        "post",
        "/branches/{name}/compact",
        "branch_compact",
        _BRANCHES,
        "Let a branch hold what it shows of the branches below it, which makes reading it faster.",
        "maintain",
        "branches",
        "Compacted",
        reads="Compacting",
    ),
    Entry("get", "/tags", "tags", _BRANCHES, "List the tags.", "history", "branches", "Tag", many=True),
    Entry(
        "post",
        "/tags",
        "tag_create",
        _BRANCHES,
        "Name a state, by default that of the address.",
        "branch",
        "branches",
        "Tag",
        reads="NewTag",
        headers=("Location",),
        made=True,
    ),
    Entry("get", "/tags/{name}", "tag", _BRANCHES, "Describe a tag.", "history", "branches", "Tag"),
    Entry(
        "delete", "/tags/{name}", "tag_drop", _BRANCHES, "Remove a tag; the state stays.", "branch", "branches", None
    ),
    Entry(
        "get",
        "/commits",
        "commits",
        _PAST,
        "List commits, newest first, a page at a time.",
        "history",
        "as_of",
        "Commit",
        many=True,
        query=(
            ("table", _TEXT, "Only those that changed this table."),
            ("author", _TEXT, "Only those of an author."),
            ("kind", _TEXT, "Only those of a kind."),
            ("message", _TEXT, "Only those whose message holds this."),
            ("since", _BOUND, "Only those from this commit or moment on."),
            ("until", _BOUND, "Only those up to this commit or moment."),
            ("before", _OFFSET, "Only those before this commit."),
            _LIMIT,
        ),
        headers=("Link",),
    ),
    Entry(
        "get",
        "/history/{table}/{key}",
        "history",
        _PAST,
        "List the versions of a row or a cell, newest first. A key of several columns has commas.",
        "history",
        "as_of",
        "Version",
        many=True,
        query=(("column", _TEXT, "Only those of this column."), _LIMIT),
    ),
    Entry(
        "get",
        "/diff",
        "diff",
        _PAST,
        "Compare two states: what leads from one to the other.",
        "history",
        "as_of",
        "Difference",
        many=True,
        query=(
            ("base", {"type": "string", **_STATE}, "The state to begin from."),
            ("target", _REF, "The state to lead to; else that of the address."),
            _TABLES,
            ("detail", {"type": "string", "enum": ["rows", "cells", "summary", "schema"]}, "What to compare."),
            ("three_dot", {"type": "boolean"}, "Begin from where the two parted."),
            _LIMIT,
        ),
        needed=frozenset({"base"}),
        headers=("Content-Range",),
    ),
    Entry(
        "get",
        "/changes",
        "changes",
        _PAST,
        "Read what commits changed, in their order, after an offset.",
        "history",
        "changes",
        "Change",
        many=True,
        query=(("since", _OFFSET, "The offset after which to begin."), _TABLES, _LIMIT),
    ),
    Entry(
        "post",
        "/merge",
        "merge",
        _MERGING,
        "Merge into the branch of the address: all changes or, where there are conflicts, none.",
        "merge",
        "merge",
        "MergeReport",
        reads="Merged",
    ),
    Entry(
        "get",
        "/conflicts",
        "conflicts",
        _MERGING,
        "List conflicts of merges, with the decisions made.",
        "history",
        "merge",
        "Conflict",
        many=True,
        query=(("source", _TEXT, "Only those with this state."),),
    ),
    Entry(
        "patch",
        "/conflicts",
        "conflicts_decide",
        _MERGING,
        "Decide conflicts: all of them, or those of a table, a row or a cell.",
        "merge",
        "merge",
        "Decided",
        reads="Decision",
    ),
    Entry(
        "post",
        "/cherry-pick",
        "cherry_pick",
        _MERGING,
        "Make the changes of commits here, too.",
        "merge",
        "merge",
        "MergeReport",
        reads="Combined",
    ),
    Entry(
        "post",
        "/revert",
        "revert",
        _MERGING,
        "Undo the changes of commits, and keep what came later.",
        "merge",
        "merge",
        "MergeReport",
        reads="Combined",
    ),
    Entry(
        "post",
        "/restore",
        "restore",
        _MERGING,
        "Make rows, tables or everything as they were; without a state, bring deleted rows back.",
        "merge",
        "merge",
        "MergeReport",
        reads="Restored",
    ),
)
