"""Differences are shown in colours on a terminal, and taken to another database."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from plugins.core.tests.commands.conftest import Run

pytestmark = pytest.mark.slow


@pytest.fixture
def two(command: "Run", people: Path) -> "Run":
    """The command line, with databases ``one`` and ``two`` of the same people, and a branch of ``one``."""
    for name in ("one", "two"):
        command("import", people.name, "--db", name)
    command("branch", "create", "dev", "--db", "one")
    command("set", "people", "1", "born=1816", "--branch", "dev", "--db", "one")
    command("delete", "people", "2", "--branch", "dev", "--db", "one")
    return command


def test_a_terminal_shows_differences_in_colours(two: "Run", tmp_path: Path) -> None:
    """What goes is red and what changes yellow; a pipe gets the same without colours."""
    terminal, inner = pty.openpty()
    line = [sys.executable, "-m", "synthdb_host", "diff", "main", "dev", "--db", "one"]

    subprocess.run(line, stdout=inner, check=True, cwd=tmp_path, env=os.environ | {"TERM": "xterm"})
    os.close(inner)
    shown = os.read(terminal, 10_000).decode().splitlines()
    os.close(terminal)

    plain = two("diff", "main", "dev", "--db", "one")[1].splitlines()
    assert ["people", "   id  name   born", "-  --  -----  ----", "<  1   Ada    1815", ">  1   Ada    1816"] == plain[
        :5
    ]
    coloured = [f"\x1b[33m{text}\x1b[0m" for text in plain[3:5]] + [f"\x1b[31m{text}\x1b[0m" for text in plain[5:]]
    assert [*plain[:3], *coloured] == shown


def test_changes_are_applied_elsewhere_once(two: "Run", tmp_path: Path) -> None:
    """A dry run says what would be done, and a row that is another one stops everything."""
    (tmp_path / "changes.json").write_text(two("diff", "main", "dev", "--changeset", "--db", "one")[1])
    line = ("apply", "changes.json", "--db", "two")

    assert {"inserted": 0, "updated": 1, "deleted": 1} == json.loads(two(*line, "--dry-run", "--json")[1])["tables"][
        "people"
    ]
    assert (0, "people: 1 updated, 1 deleted\nApplied to main.\n") == two(*line, "-m", "from one")[:2]
    assert (0, "Nothing was changed.\n") == two(*line)[:2]
    assert "from one" in two("log", "--limit", "1", "--db", "two")[1]
    two("set", "people", "1", "born=1817", "--db", "two")
    code, out, err = two(*line)
    assert (1, True, True) == (code, "people  1" in out, "[merge_conflict]" in err)
    (tmp_path / "changes.json").write_text("{}")
    assert (1, True) == (two(*line)[0], "[invalid_body]" in two(*line)[2])
