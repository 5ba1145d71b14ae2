"""The commit graph, as far as merges need it: what a state includes, and what two states have in common.

The commits of a branch are a line, so what a state includes is one number per branch: the newest of its commits. The
graph is walked from the newest commit back, over merges and forks only, and never further than it is asked for.
"""

import sqlite3
from heapq import heappop, heappush
from typing import Final, NamedTuple

from synthdb.catalog.places import Place, place_of

__all__ = ["common_states", "head_commit", "includes"]

_OURS: Final = 1
_THEIRS: Final = 2
_BOTH: Final = 3


def head_commit(driver: sqlite3.Connection, place: Place) -> tuple[int, int]:
    """Give the branch and the id of the newest commit that a place includes of its own branch, or of those below."""
    newest = driver.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0]
    for layer in place.layers:
        bound = newest if layer.bound is None else layer.bound
        found = _newest(driver, layer.branch, bound)
        if found:
            return layer.branch, found
    return place.layers[-1].branch, 0


def _newest(driver: sqlite3.Connection, branch: int, bound: int) -> int:
    statement = "SELECT id FROM _tx WHERE branch = ? AND id <= ? ORDER BY id DESC LIMIT 1"
    found = driver.execute(statement, (branch, bound)).fetchone()
    return int(found[0]) if found else 0


class _Item(NamedTuple):
    """Something to look at on the way back; the newest first.

    Sides arrive at a branch up to a commit (``-order``), or a branch goes on at ``to``: where it was forked from or
    what it merged. Arrivals come first, and of these the ones below a common state that is known already.
    """

    order: int
    goes_on: bool
    is_open: bool
    branch: int
    sides: int = 0
    to: tuple[int, int] = (0, 0)


class _Walk:
    """The way back from one or two states. ``common`` are the newest states so far that both sides include."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._items: list[_Item] = []
        self._sides: dict[int, int] = {}
        self._shared: set[int] = set()
        self._origins: dict[int, tuple[int | None, int]] = {}
        self.common: list[tuple[int, int]] = []

    def arrive(self, branch: int, commit: int, sides: int, *, is_open: bool = True) -> None:
        """Note that sides include a branch up to a commit; one that had not begun by then is its parent."""
        parent, fork = self._origin(branch)
        while parent is not None and commit <= fork:
            branch = parent
            parent, fork = self._origin(branch)
        heappush(self._items, _Item(-commit, False, is_open, branch, sides))

    def newest(self) -> int:
        """Give the commit of the next step, -1 if there is none."""
        return -self._items[0].order if self._items else -1

    @property
    def is_open(self) -> bool:
        """Say whether there is anything left that is not a part of a common state."""
        return any(item.is_open and item.branch not in self._shared for item in self._items)

    def step(self) -> tuple[int, int]:
        """Take one step; gives the branch and commit it was at."""
        item = heappop(self._items)
        commit, branch = -item.order, item.branch
        if item.goes_on:
            self.arrive(*item.to, self._sides[branch], is_open=branch not in self._shared)
            if item.to[0] != self._origin(branch)[0] or item.to[1] != commit:
                self._go_on(branch, commit - 1)
            return branch, commit
        known = self._sides.get(branch, 0)
        if branch in self._shared or known | item.sides == known:
            return branch, commit
        self._sides[branch] = known | item.sides
        if self._sides[branch] == _BOTH:
            self._shared.add(branch)
            if item.is_open:
                self.common.append((branch, commit))
        if not known:
            self._go_on(branch, commit)
        return branch, commit

    def _go_on(self, branch: int, commit: int) -> None:
        """Find where a branch goes on, up to a commit: at its newest merge, or where it begins."""
        merge = self._driver.execute(
            "SELECT m.id, o.branch, m.parent2 FROM _tx m JOIN _tx o ON o.id = m.parent2 "
            "WHERE m.branch = ? AND m.parent2 IS NOT NULL AND m.id <= ? ORDER BY m.id DESC LIMIT 1",
            (branch, commit),
        ).fetchone()
        parent, fork = self._origin(branch)
        if merge is not None:
            heappush(self._items, _Item(-merge[0], True, True, branch, to=(merge[1], merge[2])))
        elif parent is not None:
            heappush(self._items, _Item(-fork, True, True, branch, to=(parent, fork)))

    def _origin(self, branch: int) -> tuple[int | None, int]:
        if branch not in self._origins:
            statement = "SELECT parent, coalesce(fork, 0) FROM _branch WHERE id = ?"
            self._origins[branch] = self._driver.execute(statement, (branch,)).fetchone()
        return self._origins[branch]


def common_states(driver: sqlite3.Connection, a: Place, b: Place) -> list[Place]:
    """Give the newest states that both places include; several where they were merged crosswise."""
    walk = _Walk(driver)
    for place, side in ((a, _OURS), (b, _THEIRS)):
        walk.arrive(place.branch, _bound(driver, place), side)
    while walk.is_open:
        walk.step()
    points = {head_commit(driver, place_of(driver, branch).until(commit)) for branch, commit in walk.common}
    best = [point for point in points if not any(_reaches(driver, other, point) for other in points - {point})]
    return [place_of(driver, branch).until(commit) for branch, commit in sorted(best)]


def includes(driver: sqlite3.Connection, whole: Place, part: Place) -> bool:
    """Say whether a state includes all commits of another one."""
    return _reaches(driver, (whole.branch, _bound(driver, whole)), head_commit(driver, part))


def _reaches(driver: sqlite3.Connection, state: tuple[int, int], point: tuple[int, int]) -> bool:
    """Say whether a state, a branch up to a commit, includes a commit of a branch."""
    branch, commit = point
    walk = _Walk(driver)
    walk.arrive(*state, _OURS)
    while walk.newest() >= commit:
        if walk.step()[0] == branch:
            return True
    return False


def _bound(driver: sqlite3.Connection, place: Place) -> int:
    bound = place.layers[0].bound
    return bound if bound is not None else int(driver.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0])
