"""The scripts behind ``make`` install what is pinned, and ask before they touch the system."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[2]
NOBODY: Final = 65_534
PROJECTS: Final = (
    "pyproject.toml",
    *(str(p.relative_to(ROOT)) for folder in ("plugins", "contrib") for p in ROOT.glob(f"{folder}/*/pyproject.toml")),
)
BLOCK = re.compile(r"^(?=[A-Za-z0-9])", flags=re.MULTILINE)


def pins(name: str) -> list[str]:
    """Return the pinned requirements of a set, as the script prints them."""
    command = [sys.executable, str(ROOT / "scripts" / "pins.py"), name]
    return BLOCK.split(subprocess.run(command, check=True, capture_output=True, text=True).stdout)[1:]


@pytest.mark.parametrize("name", ["uv", "runtime", "suite", "test", "lint", "bench"])
def test_every_package_of_a_set_is_pinned_by_hash(name: str) -> None:
    """Nothing is installed that could change without a change here."""
    blocks = pins(name)

    assert [] != blocks
    assert [] == [block for block in blocks if "==" not in block or "--hash=sha256:" not in block]


@pytest.mark.parametrize("project", PROJECTS)
def test_what_is_pinned_is_what_the_project_allows(project: str) -> None:
    """A changed requirement is followed by `make constraints`."""
    metadata = tomllib.loads((ROOT / project).read_text(encoding="utf-8"))["project"]
    extras = metadata.get("optional-dependencies", {}).values()
    wanted = [Requirement(text) for texts in (metadata["dependencies"], *extras) for text in texts]
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))
    foreign = [item for item in wanted if not item.name.startswith("synthdb-")]

    assert [] == [
        str(item) for item in foreign if not item.specifier.contains(pinned.get(canonicalize_name(item.name), "0"))
    ]


def test_the_runtime_set_holds_no_tool() -> None:
    """`make demo` downloads what serving needs and nothing else, and compiles nothing."""
    names = {block.partition("==")[0] for block in pins("runtime")}

    assert {"falcon", "gunicorn", "sqlalchemy"} <= names
    assert set() == names & {"mypy", "pandas", "pytest", "ruff", "tox"}


def test_what_a_test_client_needs_is_pinned_exactly() -> None:
    """The JavaScript client is the same one everywhere, without a lock file."""
    text = (ROOT / "tests" / "clients" / "package.json").read_text(encoding="utf-8")
    (block,) = re.findall(r'"dependencies": \{([^}]*)\}', text)

    assert re.fullmatch(r'\s*("[^"]+": "(npm:[a-z]+@)?\d+\.\d+\.\d+",?\s*)+', block)


def test_without_root_the_exact_command_is_printed() -> None:
    """A system package is never installed behind the user's back: the run says what to type, and fails."""
    with (ROOT / "scripts" / "apt.sh").open(encoding="utf-8") as script:
        result = subprocess.run(
            ["bash", "-s", "--", "python3-venv"],
            stdin=script,
            cwd="/",
            user=NOBODY if os.geteuid() == 0 else None,
            capture_output=True,
            text=True,
            check=False,
        )

    assert 1 == result.returncode
    assert "sudo sh -c 'apt-get update && apt-get install" in result.stderr
    assert "python3-venv'" in result.stderr


def test_every_supported_python_is_tried_by_tox() -> None:
    """The matrix of tox tries all Pythons that it finds from the oldest that is supported."""
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    assert ">=3.11" == metadata["project"]["requires-python"]
    assert "py3{11,12,13}" in (ROOT / "tox.ini").read_text(encoding="utf-8")
