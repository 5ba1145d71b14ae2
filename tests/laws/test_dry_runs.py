"""What a dry run tells is what comes of it."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from synthdb_host.errors import RequestError
from synthdb_host.operations import Operation
from synthdb_host.testing.session import Session
from synthdb_host.versions import CherryPick, Merge, Restore, Revert
from tests.laws.conftest import IS_LONG
from tests.laws.engine import engine_in
from tests.laws.histories import MERGES, SCHEMA, START, WRITES, Step, World, histories

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]


def _told(session: Session, operation: Operation) -> tuple[object, str | None, bool]:
    """Do something; gives what is told of it, the commit, and whether there are conflicts."""
    try:
        result = session.execute(operation)
    except RequestError as error:
        return (error.code, error.data), None, False
    conflicts = () if result.report is None else result.report.conflicts
    return (msgspec.to_builtins(result.report), result.affected), result.commit, bool(conflicts)


@settings(
    deadline=None,
    derandomize=not IS_LONG,
    max_examples=2_000 if IS_LONG else 100,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(steps=histories(*WRITES, *WRITES, *SCHEMA, *MERGES, *MERGES))
def test_a_dry_run_tells_what_comes(steps: list[Step]) -> None:
    """Of a merge, cherry-pick, revert and restore: the report with its conflicts, or the refusal; nothing changes."""
    with tempfile.TemporaryDirectory() as folder, engine_in(Path(folder)) as session:
        world = World(session)
        for step in (*START, *steps):
            operation = world.operation(step)
            if operation is None:
                continue
            is_tried = isinstance(operation, Merge | CherryPick | Revert | Restore)
            before = session.everything() if is_tried else None
            told = _told(session.trying(), operation)[0] if is_tried else None
            assert before == (session.everything() if is_tried else None)
            found, commit, conflicts = _told(session, operation)
            assert not is_tried or told == found, operation
            world.note(operation, commit, conflicts=conflicts)
