"""Whatever is done, on whatever branch: the database is as full copies of dictionaries say it is."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.laws.conftest import IS_LONG
from tests.laws.engine import AT_ONCE
from tests.laws.histories import MERGES, SCHEMA, START, WIDENING, WRITES, Step, World, histories
from tests.laws.pair import Pair, pair

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3_600),
    pytest.mark.parametrize("at_once", [AT_ONCE, 0], ids=["at once", "backfilled"]),
]

MANY: Final = 4_000 if IS_LONG else 200

law = settings(
    deadline=None,
    # The short form takes the same histories each time; the long one finds new ones.
    derandomize=not IS_LONG,
    max_examples=MANY,
    report_multiple_bugs=False,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


def _live(both: Pair, steps: Sequence[Step]) -> None:
    world = World(both.model)
    for step in (*START, *steps):
        operation = world.operation(step)
        if operation is None:
            continue
        outcome = both.both(operation)
        world.note(operation, outcome.commit, conflicts=bool(outcome.conflicts))
        both.check(*world.branches)


@law
@given(steps=histories(*WRITES, *SCHEMA, "backfill"))
def test_writes_on_nested_branches_agree(at_once: int, steps: list[Step]) -> None:
    """Rows and schema of every branch are the same after every step, and so are refusals."""
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder), at_once) as both:
        _live(both, steps)


@law
@given(steps=histories(*WRITES, *WRITES, *MERGES, "backfill"))
def test_merges_of_rows_agree(at_once: int, steps: list[Step]) -> None:
    """Merges in all directions, decisions, cherry-picks, reverts and restores of rows."""
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder), at_once) as both:
        _live(both, steps)


@law
@given(steps=histories(*WRITES, *SCHEMA, *MERGES, "backfill"))
def test_merges_of_rows_and_schemas_agree(at_once: int, steps: list[Step]) -> None:
    """The same of schemas and rows together."""
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder), at_once) as both:
        _live(both, steps)


@law
@given(steps=histories(*WRITES, *WIDENING, "merge", "merge", "resolve"))
def test_widened_columns_agree(at_once: int, steps: list[Step]) -> None:
    """Columns that get wider again and again, are dropped and restored, and are merged."""
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder), at_once) as both:
        _live(both, steps)
