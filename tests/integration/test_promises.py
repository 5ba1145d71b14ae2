"""What clients were once promised is still so."""

import pytest

from tests.integration.promises import current, kept

pytestmark = pytest.mark.slow


def test_nothing_that_was_promised_is_gone() -> None:
    """Addresses, parameters, media types, statuses and members of answers may be added, and none goes or changes."""
    assert [] == sorted(kept() - current())


def test_what_is_new_is_promised_too() -> None:
    """``python -m tests.integration.promises`` writes it down."""
    assert [] == sorted(current() - kept())
