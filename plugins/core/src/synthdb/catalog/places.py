"""Places: which branches, and which moments of them, a ref means.

A branch shows its own rows over those of its parent as the parent was when the branch was made (its fork), and so
on down to main. A place is that chain: the layers that a read of the ref must look through.
"""

import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final, NamedTuple

from synthdb.storage.layout import MAIN
from synthdb_host.catalog import ColumnType
from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import HistoryGone, InvalidValue, ReadOnly, UnknownRef
from synthdb_host.values import parse_text
from synthdb_host.versions import HEAD, Ref

__all__ = [
    "MAIN_HEAD",
    "BranchRow",
    "Layer",
    "Place",
    "branch_named",
    "commit_at",
    "is_protected",
    "place_of",
    "require_kept",
    "require_remembered",
    "resolve",
    "writable_place",
]

_AGO: Final = re.compile(r"(\d{1,9}) (second|minute|hour|day|week)s? ago")
_LONGEST_NUMBER: Final = 20
_TIMESTAMP: Final = ColumnType("timestamp")


class Layer(NamedTuple):
    """One branch of a chain, up to and with commit ``bound`` (None: up to now).

    ``pinned`` says that the bound is a fork or tag, so that the branch keeps account of what changed after it.
    """

    branch: int
    bound: int | None = None
    pinned: bool = False


@dataclass(frozen=True)
class Place:
    """What a ref means: the layers to look through, the deepest first and main last."""

    layers: tuple[Layer, ...]
    name: str = "main"

    @property
    def branch(self) -> int:
        """The id of the branch."""
        return self.layers[0].branch

    @property
    def is_head(self) -> bool:
        """Say whether this is the newest state of a branch, which can be written to."""
        return self.layers[0].bound is None

    @property
    def is_early(self) -> bool:
        """Say whether the branch had not been made yet, so that this is what its parent was then."""
        bounds = [layer.bound for layer in self.layers[:2]]
        return len(bounds) > 1 and bounds[0] == bounds[1]

    @cached_property
    def chain(self) -> tuple[int, ...]:
        """The ids of its branches, the deepest first."""
        return tuple(layer.branch for layer in self.layers)

    def __str__(self) -> str:
        return "/".join(f"{branch}" if bound is None else f"{branch}.{bound}" for branch, bound, _ in self.layers)

    def until(self, commit: int) -> "Place":
        """Give the same branch as it was after a commit."""
        if len(self.layers) > 1 and self.layers[1].bound is not None and self.layers[1].bound <= commit:
            # A layer never ends later than those above it, so that only the first one does.
            first, *below = self.layers
            bound = commit if first.bound is None else min(first.bound, commit)
            return self if bound == first.bound else Place((Layer(first.branch, bound), *below), self.name)
        layers = tuple(
            layer if layer.bound is not None and layer.bound <= commit else Layer(layer.branch, commit)
            for layer in self.layers
        )
        return Place(layers, self.name)


MAIN_HEAD: Final = Place((Layer(MAIN),))
"""The newest state of main."""


class BranchRow(NamedTuple):
    """A branch as it is stored; ``name`` is None once it was dropped."""

    id: int
    name: str | None
    parent: int | None
    fork: int | None


_BRANCH: Final = "SELECT id, name, parent, fork FROM _branch"


def branch_named(connection: sqlite3.Connection, name: str) -> BranchRow | None:
    """Find a branch by its name, None if there is none."""
    row = connection.execute(f"{_BRANCH} WHERE name = ?", (name,)).fetchone()
    return BranchRow(*row) if row else None


def place_of(connection: sqlite3.Connection, branch: int) -> Place:
    """Give the newest state of a branch by its id."""
    row = BranchRow(*connection.execute(f"{_BRANCH} WHERE id = ?", (branch,)).fetchone())
    return _head(connection, row)


def _head(connection: sqlite3.Connection, row: BranchRow) -> Place:
    layers, name = [Layer(row.id)], row.name or ""
    while row.parent is not None:
        layers.append(Layer(row.parent, row.fork, pinned=True))
        row = BranchRow(*connection.execute(f"{_BRANCH} WHERE id = ?", (row.parent,)).fetchone())
        # What an ancestor showed of its own parent ends at its own fork, or earlier where the branch began earlier.
        if row.fork is not None and layers[-1].bound is not None and layers[-1].bound < row.fork:
            row = row._replace(fork=layers[-1].bound)
    return Place(tuple(layers), name)


def resolve(connection: sqlite3.Connection, ref: Ref) -> Place:
    """Find out what a ref means: the name of a branch or a tag or a commit, and then a moment on it.

    Raises:
        UnknownRef: there is no such thing.
        HistoryGone: the database no longer keeps a state so old.
    """
    if ref.branch == HEAD.branch and ref.at is None:
        return MAIN_HEAD
    place = _named(connection, ref.branch)
    if ref.at is not None:
        moment = commit_at(connection, ref.at)
        place = place.until(moment)
    require_kept(connection, place)
    return place


def _named(connection: sqlite3.Connection, name: str) -> Place:
    row = branch_named(connection, name)
    if row is not None:
        return _head(connection, row)
    tag = connection.execute("SELECT branch, tx FROM _tag WHERE name = ?", (name,)).fetchone()
    if tag is not None:
        return _pinned(place_of(connection, tag[0]).until(tag[1]))
    if name.isdecimal():
        found = connection.execute("SELECT branch FROM _tx WHERE id = ?", (_number(name),)).fetchone()
        if found is not None:
            require_remembered(connection, found[0])
            return place_of(connection, found[0]).until(_number(name))
    raise UnknownRef(f"There is no branch, tag or commit {name[:100]!r}.", data={"ref": name[:100]})


def require_remembered(connection: sqlite3.Connection, branch: int) -> None:
    """Raise HistoryGone for a branch that was dropped with its rows."""
    if connection.execute("SELECT forgotten FROM _branch WHERE id = ?", (branch,)).fetchone()[0]:
        raise HistoryGone("The branch that this commit was made on was dropped with its rows.")


def _number(text: str) -> int:
    """Read a number of any length; those that no commit can have are the highest."""
    return min(int(text), 2**63 - 1) if len(text) < _LONGEST_NUMBER else 2**63 - 1


def _pinned(place: Place) -> Place:
    return Place(tuple(layer._replace(pinned=True) for layer in place.layers), place.name)


def commit_at(connection: sqlite3.Connection, text: str) -> int:
    """Give the last commit not later than a commit id, a tag, a timestamp or a time ago; 0 is before the first.

    Raises:
        UnknownRef: the text is none of these.
    """
    if text.isdecimal():
        found = connection.execute("SELECT 1 FROM _tx WHERE id = ?", (_number(text),)).fetchone()
        if found is None:
            raise UnknownRef(f"There is no commit {text[:100]!r}.", data={"ref": text[:100]})
        return _number(text)
    tag = connection.execute("SELECT tx FROM _tag WHERE name = ?", (text,)).fetchone()
    return int(tag[0]) if tag else _last_until(connection, _time(text))


def _time(text: str) -> str:
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return format_timestamp(datetime.now(UTC) - timedelta(**{f"{ago[2]}s": int(ago[1])}))
        return format_timestamp(parse_text(_TIMESTAMP, text))
    except (InvalidValue, OverflowError) as error:
        raise UnknownRef(
            f"{text[:100]!r} is no commit, tag or time.",
            hint="Times are like 2026-01-31T12:00:00Z or '5 minutes ago'.",
            data={"ref": text[:100]},
        ) from error


def _last_until(connection: sqlite3.Connection, moment: str) -> int:
    """Find the last commit not later than a time. Ids and times of commits rise together, so no index is needed."""
    low, high = 0, int(connection.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0])
    while low < high:
        middle = (low + high + 1) // 2
        commit, at = connection.execute(
            "SELECT id, at FROM _tx WHERE id >= ? ORDER BY id LIMIT 1", (middle,)
        ).fetchone()
        low, high = (commit, max(high, commit)) if at <= moment else (low, middle - 1)
    return low


def require_kept(connection: sqlite3.Connection, place: Place) -> None:
    """Raise HistoryGone if a state is so old that parts of it may be forgotten."""
    horizon = connection.execute("SELECT horizon FROM _meta").fetchone()[0]
    for layer in place.layers:
        if layer.bound is not None and layer.bound < horizon and not layer.pinned and not _is_pin(connection, layer):
            raise HistoryGone(
                "The state asked for is no longer kept.",
                hint=f"The oldest state of every branch is that of commit {horizon}.",
                data={"horizon": str(horizon)},
            )


def _is_pin(connection: sqlite3.Connection, layer: Layer) -> bool:
    row = connection.execute(
        "SELECT 1 FROM _branch WHERE parent = ?1 AND fork = ?2 AND name IS NOT NULL "
        "UNION ALL SELECT 1 FROM _tag WHERE branch = ?1 AND tx = ?2 LIMIT 1",
        (layer.branch, layer.bound),
    ).fetchone()
    return row is not None


def writable_place(connection: sqlite3.Connection, ref: Ref) -> Place:
    """Give the branch that a ref names.

    Raises:
        UnknownRef: there is none.
        ReadOnly: it is a state of the past.
    """
    place = resolve(connection, ref)
    if not place.is_head:
        raise ReadOnly(f"{str(ref)!r} is a state of the past, which nothing can change.", hint="Make a branch of it.")
    return place


def is_protected(connection: sqlite3.Connection, branch: int) -> bool:
    """Say whether a branch changes only by merges."""
    return bool(connection.execute("SELECT protected FROM _branch WHERE id = ?", (branch,)).fetchone()[0])
