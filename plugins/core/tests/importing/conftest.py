"""What tests of importing share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import synthdb

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Make a file with this name and content."""

    def make(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


@pytest.fixture
def db(tmp_path: Path) -> Iterator[synthdb.Connection]:
    """An empty database."""
    with synthdb.connect(tmp_path / "target.db") as connection:
        yield connection
