"""The commit graph, as far as merges need it: what a state includes, and what two states have in common.

The commits of a branch are a line, so what a state includes is one number per branch: the newest of its commits.
"""

import sqlite3

from synthdb.catalog.places import Place, place_of
from synthdb.storage.layout import MAIN

__all__ = ["common_states", "head_commit", "includes"]

_Included = dict[int, int]


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


class _Graph:
    """What states include, each found out once."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self._known: dict[tuple[int, int], _Included] = {}
        self._parents: dict[int, tuple[int | None, int | None]] = {}

    def included(self, branch: int, commit: int) -> _Included:
        """Give the newest commit of each branch that a state includes."""
        found = self._known.get((branch, commit))
        if found is None:
            found = self._known[branch, commit] = self._collect(branch, commit)
        return found

    def _collect(self, branch: int, commit: int) -> _Included:
        found: _Included = {branch: commit}
        parent, fork = self._origin(branch)
        if parent is not None:
            _add(found, self.included(parent, min(fork or 0, commit)))
        # In this order each merge finds what the ones before it included, so that nothing is nested deeply.
        merges = self._driver.execute(
            "SELECT m.parent2, o.branch FROM _tx m JOIN _tx o ON o.id = m.parent2 "
            "WHERE m.branch = ? AND m.parent2 IS NOT NULL AND m.id <= ? ORDER BY m.id",
            (branch, commit),
        ).fetchall()
        for merged, origin in merges:
            _add(found, self.included(origin, merged))
        return found

    def _origin(self, branch: int) -> tuple[int | None, int | None]:
        if branch not in self._parents:
            statement = "SELECT parent, fork FROM _branch WHERE id = ?"
            self._parents[branch] = self._driver.execute(statement, (branch,)).fetchone()
        return self._parents[branch]


def _add(found: _Included, more: _Included) -> None:
    for branch, commit in more.items():
        found[branch] = max(found.get(branch, 0), commit)


def common_states(driver: sqlite3.Connection, a: Place, b: Place) -> list[Place]:
    """Give the newest states that both places include; several where they were merged crosswise."""
    graph = _Graph(driver)
    newest = driver.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0]
    ours, theirs = (graph.included(place.branch, _bound(place, newest)) for place in (a, b))
    shared = {branch: min(ours[branch], theirs[branch]) for branch in ours.keys() & theirs.keys()}
    points = {(branch, _newest(driver, branch, commit)) for branch, commit in shared.items()}
    points = {(branch, commit) for branch, commit in points if commit or branch == MAIN}
    best = [point for point in points if not any(_within(graph, point, other) for other in points if other != point)]
    return [place_of(driver, branch).until(commit) for branch, commit in sorted(best)]


def includes(driver: sqlite3.Connection, whole: Place, part: Place) -> bool:
    """Say whether a state includes all commits of another one."""
    branch, commit = head_commit(driver, part)
    newest = driver.execute("SELECT coalesce(max(id), 0) FROM _tx").fetchone()[0]
    return _Graph(driver).included(whole.branch, _bound(whole, newest)).get(branch, -1) >= commit


def _bound(place: Place, newest: int) -> int:
    bound = place.layers[0].bound
    return newest if bound is None else bound


def _within(graph: _Graph, point: tuple[int, int], other: tuple[int, int]) -> bool:
    """Say whether a state is a part of another one."""
    branch, commit = point
    return graph.included(*other).get(branch, -1) >= commit
