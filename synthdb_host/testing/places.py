"""Where a test works: the same test runs on the main branch and, where a storage has them, on other branches."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from synthdb_host.contracts import Database
from synthdb_host.errors import Unavailable
from synthdb_host.operations import HEAD, Ref
from synthdb_host.testing.session import Place, Session
from synthdb_host.versions import Branching, CreateBranch

__all__ = ["PLACES", "working_at"]

PLACES: Final = ("main", "branch", "nested", "moving")
"""The main branch; a branch; a branch of a branch; and ``moving``: the first write of the test is on the main branch,
the second on a branch made after it, the rest on a branch of that one, so that each meets what others hold."""


@contextmanager
def working_at(place: str, database: Database) -> Iterator[Session]:
    """Give a session at a place, and check afterwards that what it left behind is as it was left."""
    trail = _Trail(database)
    if place in ("branch", "nested"):
        trail.fork("branch")
    if place == "nested":
        trail.fork("nested")
    if place == "moving":
        trail.ahead = ["branch", "nested"]
    yield Session(database, place=trail)
    if _is_open(database):
        trail.check()


class _Trail(Place):
    """A place that moves from branch to branch, and remembers how it found and left each."""

    def __init__(self, database: Database) -> None:
        super().__init__(HEAD)
        self.ahead: list[str] = []
        self._database = database
        self._left: list[tuple[Ref, Any]] = []
        self._thread = threading.get_ident()

    def fork(self, name: str) -> None:
        """Go on, on a new branch of this one."""
        here = Session(self._database, place=Place(self.ref))
        self._left.append((self.ref, _contents(here)))
        here.execute(Branching((CreateBranch(name, at=self.ref),)))
        self.ref = Ref(name)

    def wrote(self) -> None:
        """Go on after a write, unless states are being compared or threads are at work."""
        if self.ahead and threading.get_ident() == self._thread:
            self.fork(self.ahead.pop(0))

    def stay(self) -> None:
        """Stay here from now on: the test compares states."""
        self.ahead = []

    def check(self) -> None:
        """Compare what was left with what is there now."""
        for ref, left in self._left:
            assert left == _contents(Session(self._database, place=Place(ref)))


def _contents(session: Session) -> tuple[Any, ...]:
    tables, _, rows = session.everything()
    return dict(tables), rows


def _is_open(database: Database) -> bool:
    try:
        database.check()
    except Unavailable:
        return False
    return True
