"""What was read then is what is read of then."""

import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from synthdb_host.encoding import format_timestamp
from synthdb_host.errors import HistoryGone, RequestError
from synthdb_host.operations import Ref
from synthdb_host.testing.session import Session
from synthdb_host.versions import Branching, Collect, CreateTag, Log
from tests.laws.engine import AT_ONCE, contents, engine_in
from tests.laws.histories import MERGES, MOST, NUMBERS, SCHEMA, WIDENING, WRITES, Step, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_COMMITS: Final = 1_000
_TAG_EVERY: Final = 25
_KINDS: Final = (*WRITES * 4, *SCHEMA, *WIDENING, *MERGES)


class Recorder:
    """Full copies of every branch after every commit."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._now: dict[str, Any] = {}
        self.then: dict[tuple[str, str], Any] = {}
        self.tagged: dict[str, Any] = {}

    def note(self, world: World, written: str, commit: str) -> None:
        """Copy the branch that was written to and those that are new; the others are as they were."""
        self._now[written] = contents(self._session, Ref(written))
        for name in world.branches:
            if name not in self._now:
                self._now[name] = contents(self._session, Ref(name))
            self.then[name, commit] = self._now[name]
        if int(commit) % _TAG_EVERY == 0:
            self._session.execute(Branching((CreateTag(f"tag-{commit}", Ref(written)),)))
            self.tagged[f"tag-{commit}"] = self._now[written]


@pytest.fixture(scope="module", params=[AT_ONCE, 0], ids=["at once", "backfilled"])
def at_once(request: pytest.FixtureRequest) -> int:
    """Give the number of rows from which on a column that gets wider is converted later."""
    return int(request.param)


@pytest.fixture(scope="module")
def written(seed: str, at_once: int) -> Iterator[tuple[Session, Recorder]]:
    """Give a database after many random commits on several branches, and what it was after each."""
    with tempfile.TemporaryDirectory() as folder, engine_in(Path(folder), at_once) as session:
        yield session, _recorded(session, seed, _COMMITS)


def _recorded(session: Session, seed: str, commits: int) -> Recorder:
    world, recorder, chance = World(session), Recorder(session), random.Random(seed)
    session.execute(world.operation(Step("create", (0,) * 6)))  # type: ignore[arg-type]  # there is room for a table
    while world.commits < commits:
        _take_step(world, recorder, _random_step(chance))
    return recorder


def _random_step(chance: random.Random) -> Step:
    return Step(chance.choice(_KINDS), tuple(chance.randint(0, MOST) for _ in range(NUMBERS)))


def _take_step(world: World, recorder: Recorder, step: Step) -> None:
    operation = world.operation(step)
    if operation is None:
        return
    try:
        result = world.session.execute(operation)
    except RequestError:
        return
    commit = result.commit
    world.note(operation, commit, conflicts=bool(result.report and result.report.conflicts))
    if commit is not None:
        recorder.note(world, operation.ref.branch, commit)  # type: ignore[union-attr]  # only writes are committed


def _differing(session: Session, expected: dict[Any, Any], ref_of: Callable[[Any], Ref]) -> list[Any]:
    return [name for name, state in expected.items() if state != contents(session, ref_of(name))]


def test_every_state_is_read_again_by_commit(written: tuple[Session, Recorder]) -> None:
    """Schema and rows of every branch after every commit are those that were copied then."""
    session, recorder = written
    assert [] == _differing(session, recorder.then, lambda name: Ref(*name))


def test_every_tagged_state_is_read_again_by_tag(written: tuple[Session, Recorder]) -> None:
    """A tag shows what its branch was when it was made."""
    session, recorder = written
    assert [] == _differing(session, recorder.tagged, Ref)


def test_every_state_is_read_again_by_time(written: tuple[Session, Recorder]) -> None:
    """The time of a commit is a moment at which every branch was as it was after that commit."""
    session, recorder = written
    times = _times(session, {branch for branch, _ in recorder.then})
    assert _COMMITS == len(times)
    assert [] == _differing(session, recorder.then, lambda name: Ref(name[0], times[name[1]]))


def _times(session: Session, branches: set[str]) -> dict[str, str]:
    logs = (session.execute(Log(Ref(branch), limit=2 * _COMMITS)).python() for branch in branches)
    return {entry["id"]: format_timestamp(entry["at"]) for log in logs for entry in log}


def test_what_is_collected_is_gone_and_the_rest_is_as_it_was(tmp_path: Path, seed: str, at_once: int) -> None:
    """States since the moment, tagged ones and branches are read as before; an older one is too, or it is gone."""
    with engine_in(tmp_path, at_once) as session:
        recorder = _recorded(session, f"{seed} collect", _COMMITS // 4)
        horizon = _COMMITS // 8
        session.execute(Collect(str(horizon)))
        kept = {name: state for name, state in recorder.then.items() if int(name[1]) >= horizon}
        old = {name: state for name, state in recorder.then.items() if int(name[1]) < horizon}
        assert [] == _differing(session, kept, lambda name: Ref(*name))
        assert [] == _differing(session, recorder.tagged, Ref)
        gone = [name for name, state in old.items() if not _is_read_as(session, Ref(*name), state)]
        assert set(gone)


def _is_read_as(session: Session, ref: Ref, state: Any) -> bool:
    """Say whether a state can still be read, and check that it is as it was."""
    try:
        assert state == contents(session, ref)
    except HistoryGone:
        return False
    return True
