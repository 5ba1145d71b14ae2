"""What tests of the library share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import synthdb


@pytest.fixture
def db(tmp_path: Path) -> Iterator[synthdb.Connection]:
    """A database with three people."""
    with synthdb.connect(tmp_path / "app.db") as connection:
        connection.insert(
            "people", [{"name": "Ada", "born": 1815}, {"name": "Grace", "born": 1906, "city": "Arlington"}]
        )
        connection.insert("people", {"name": "Alan", "born": 1912, "city": "London"})
        yield connection
