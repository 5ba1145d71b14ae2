"""Habits that no linter knows."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
TESTS: Final = tuple(
    sorted(
        str(path.relative_to(ROOT))
        for pattern in (
            "tests/**/*.py",
            "plugins/*/tests/**/*.py",
            "contrib/*/tests/**/*.py",
            "synthdb_host/testing/**/*.py",
        )
        for path in ROOT.glob(pattern)
        if "node_modules" not in path.parts
    )
)
# Written with classes of one character, so that this file does not find itself.
VENDORED: Final = tuple(f"{path.parent.relative_to(ROOT)}/" for path in ROOT.glob("plugins/*/src/**/SHA256SUMS"))
SKIPPING = re.compile(r"pytest\.[s]kip|[i]mportorskip|mark\.[s]kip|mark\.[x]fail|unittest\.[s]kip")
MOCKING = re.compile(r"unittest\.[m]ock|\b[M]agicMock\b|\b[m]ocker\b")


@pytest.mark.parametrize("file", TESTS)
def test_no_test_is_skipped(file: str) -> None:
    """What a test needs and does not find is a failure, not a skipped test."""
    assert [] == SKIPPING.findall((ROOT / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", TESTS)
def test_no_part_of_ours_is_mocked(file: str) -> None:
    """Tests use real files and real servers."""
    assert [] == MOCKING.findall((ROOT / file).read_text(encoding="utf-8"))


def test_no_file_names_a_registry_a_machine_or_a_lock() -> None:
    """A clone works anywhere, with the package index its own machine is set up for."""
    result = subprocess.run(
        [sys.executable, ROOT / "scripts" / "hygiene.py"], capture_output=True, text=True, check=False
    )

    assert (0, "no registry host, machine path or lock file found\n") == (result.returncode, result.stdout)


@pytest.mark.parametrize("folder", VENDORED)
def test_what_others_published_is_as_they_published_it(folder: str) -> None:
    """A vendored file is not edited, has its licence beside it, and is all that its folder holds."""
    sums = dict(line.split()[::-1] for line in (ROOT / folder / "SHA256SUMS").read_text("utf-8").splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (ROOT / folder).iterdir()}

    assert found.pop("SHA256SUMS")
    assert sums == found
    assert "LICENSE" in found


def test_every_lint_exception_says_why() -> None:
    """A noqa or type-ignore names its rule and its reason on the same line."""
    files = [
        path for folder in ("synthdb_host", "plugins", "tests", "scripts") for path in (ROOT / folder).rglob("*.py")
    ]
    pattern = re.compile(r"# (?:[n]oqa|[t]ype: ignore)(?!.*(?:: ?[A-Z]+\d+|\[[a-z-]+\]).*(?: - |# |  )\w)")
    bare = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]

    assert [] == bare
