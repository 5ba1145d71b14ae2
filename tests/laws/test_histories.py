"""Whatever is done, on whatever branch: the database is as full copies of dictionaries say it is."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.laws.histories import SCHEMA, WRITES, Step, World, histories
from tests.laws.pair import Pair, pair

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_START = [Step("create", (0, 0, 0, 0, 0, 0)), Step("insert", (0, 0, 0, 0, 1, 0)), Step("insert", (0, 0, 1, 1, 1, 0))]


def _live(both: Pair, steps: list[Step]) -> None:
    world = World(both.model)
    for step in _START + steps:
        operation = world.operation(step)
        if operation is None:
            continue
        outcome = both.both(operation)
        world.commits = max(world.commits, int(outcome.commit or 0))
        both.check(*world.branches)


@settings(
    deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink)
)
@given(steps=histories(*WRITES, *SCHEMA))
def test_writes_on_nested_branches_agree(steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder)) as both:
        _live(both, steps)
