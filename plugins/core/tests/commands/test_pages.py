"""The commands of the pages on importing and operating print what the pages say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[4] / "docs"
FOLDER = "/srv/synthdb"


def examples(page: str) -> list[tuple[str, str]]:
    """Read the commands of a page, each with the output printed below it."""
    blocks = re.findall(r"```console\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    found: list[tuple[str, str]] = []
    for line in "".join(blocks).splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif line.startswith("> "):
            found[-1] = (found[-1][0] + line[2:], "")
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def begun(output: str, expected: str) -> str:
    """Cut the output where the page says that more follows."""
    head, more, _ = expected.partition("...\n")
    return head + more if more and output.startswith(head) else output


@pytest.mark.parametrize("page", ["import.md", "operators.md"])
def test_every_example_prints_what_the_page_says(page: str, tmp_path: Path) -> None:
    """A reader who types the commands, in order, sees the same; the folder may have another name."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    patient = {"SYNTHDB_PLUGINS__CORE__SLOW_OPERATION_SECONDS": "1000"}  # a busy machine prints no warnings
    shown = []
    for command, expected in examples(page):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env={**os.environ, **patient, "PATH": path}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        shown.append((command, begun(done.stdout.replace(str(tmp_path), FOLDER), expected)))

    assert examples(page) == shown
