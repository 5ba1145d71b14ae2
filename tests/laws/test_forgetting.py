"""What is forgotten of dropped branches makes no difference to any later merge."""

import tempfile
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from synthdb_host.operations import Operation
from synthdb_host.versions import Branching, Collect, DropBranch
from tests.laws.conftest import IS_LONG
from tests.laws.histories import START, WRITES, Step, World, histories
from tests.laws.pair import pair

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3_600)]

_KINDS: Final = (*WRITES, *("merge",) * 6, "fork", "fork", "drop", "drop", "resolve", "add column", "rename column")


def _dropped(operation: Operation) -> str | None:
    change = operation.changes[0] if isinstance(operation, Branching) else None
    return change.branch if isinstance(change, DropBranch) else None


@settings(
    deadline=None,
    derandomize=not IS_LONG,
    max_examples=3_000 if IS_LONG else 150,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
@given(steps=histories(*_KINDS, most=50))
def test_merges_agree_after_everything_old_was_collected(steps: list[Step]) -> None:
    """Branches are merged and dropped, all that nobody needs is forgotten each time, and full copies know no better."""
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder)) as both:
        world = World(both.model)
        for step in (*START, *steps):
            operation = world.operation(step)
            if operation is None:
                continue
            outcome = both.both(operation)
            world.note(operation, outcome.commit, conflicts=bool(outcome.conflicts))
            if (dropped := _dropped(operation)) and not outcome.refused:
                world.branches.remove(dropped)
                both.engine.execute(Collect(str(world.commits)))
            both.check(*world.branches)
