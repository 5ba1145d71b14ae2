"""Branches that are merged into each other all at once, again and again."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from synthdb_host.versions import Merge, Ref

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NAMES: Final = ("main", "one", "two")
ROUNDS: Final = 4


def crosswise(ask: Any, first: int) -> None:
    """Let every branch change a row of its own and take over what the others had before, in some rounds."""
    for number in range(first, first + ROUNDS):
        heads = {name: ask.update("t", key, Ref(name), n=number).commit for key, name in enumerate(NAMES, start=1)}
        for name in NAMES:
            for other in NAMES:
                if other != name:
                    assert () == ask(Merge(Ref(heads[other]), Ref(name))).report.conflicts


def test_each_common_state_is_looked_at_once(statements: Iterator[int], ask: Any) -> None:
    """A round costs more by the rounds before it, which are all below its base, but not by their combinations."""
    ask.insert("t", *({"n": -1} for _ in NAMES))
    for name in NAMES[1:]:
        ask.branch(name)
    costs = []
    for first in range(0, 3 * ROUNDS, ROUNDS):
        before = next(statements)
        crosswise(ask, first)
        costs.append(next(statements) - before)

    last = 3 * ROUNDS - 1
    assert [[{"id": key, "n": last} for key in (1, 2, 3)]] * 3 == [ask.rows("t", Ref(name)) for name in NAMES]
    assert costs[2] < 2 * costs[1]
