"""What tests of commands share."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from synthdb_host.cli import run

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run ``synthdb`` in an empty folder, and give exit code, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(arguments)
        sys.stdout.flush()
        return (code, *capfd.readouterr())

    return call


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A CSV file."""
    path = tmp_path / "people.csv"
    path.write_text("name,born\nAda,1815\nGrace,1906\n")
    return path
