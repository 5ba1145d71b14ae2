"""What the quick tests leave out."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the conformance suite on main alone when only the quick tests are asked for."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec is not None and callspec.params.get("place", "main") != "main":
            item.add_marker(pytest.mark.slow)
