"""Fixtures of the laws."""

import os
import secrets
from collections.abc import Callable
from typing import Final

import pytest

IS_LONG: Final = os.environ.get("SOAK") == "1"
"""Whether tests take their long form."""


@pytest.fixture(scope="module")
def seed() -> str:
    """Give this run's seed: ``SEED`` of the environment, else a new one. It is printed."""
    chosen = os.environ.get("SEED") or secrets.token_hex(4)
    print(f"seed {chosen}: repeat with SEED={chosen}")  # noqa: T201 - shown when the test fails
    return chosen


@pytest.fixture(autouse=True)
def _run_seed(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> None:
    """Record what hypothesis draws from; ``--randomly-seed`` repeats it."""
    record_property("randomly seed", request.config.getoption("randomly_seed"))
