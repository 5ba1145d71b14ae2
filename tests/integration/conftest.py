"""Fixtures of tests against the running server."""

import os
import secrets
from collections.abc import Callable
from typing import Final

import pytest

IS_LONG: Final = os.environ.get("SOAK") == "1"
"""Whether tests take their long form."""


@pytest.fixture
def kills() -> int:
    """Give how often a test kills what it kills."""
    return 20 if IS_LONG else 2


@pytest.fixture
def requests() -> int:
    """Give how many requests each of several clients makes."""
    return 400 if IS_LONG else 40


@pytest.fixture
def seed(record_property: Callable[[str, object], None]) -> str:
    """Give this run's seed: ``SEED`` of the environment, else a new one. It is printed."""
    chosen = os.environ.get("SEED") or secrets.token_hex(4)
    record_property("seed", chosen)
    print(f"seed {chosen}: repeat with SEED={chosen}")  # noqa: T201 - shown when the test fails
    return chosen
