"""The commands of the pages, and of the tour in the README, print what is printed there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[4]
DOCS = ROOT / "docs"
TOUR = "## Branch, edit, merge, go back\n"
FOLDER = "/srv/synthdb"


def text_of(page: str) -> str:
    """Read a page; of the README only the tour."""
    if page != "README.md":
        return (DOCS / page).read_text(encoding="utf-8")
    return (ROOT / page).read_text(encoding="utf-8").partition(TOUR)[2].partition("\n## ")[0]


def timeless(text: str) -> str:
    """Put one time in the place of all times, which differ from run to run."""
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "2026-01-02 03:04:05", text)


def examples(page: str) -> list[tuple[str, str]]:
    """Read the commands of a page, each with the output printed below it."""
    blocks = re.findall(r"```console\n(.*?)```", timeless(text_of(page)), re.DOTALL)
    found: list[tuple[str, str]] = []
    for line in "".join(blocks).splitlines(keepends=True):
        if line.startswith("$ "):
            found.append((line[2:], ""))
        elif line.startswith("> ") and not found[-1][1]:
            found[-1] = (found[-1][0] + line[2:], "")
        else:
            found[-1] = (found[-1][0], found[-1][1] + line)
    return found


def begun(output: str, expected: str) -> str:
    """Cut the output where the page says that more follows."""
    head, more, _ = expected.partition("...\n")
    return head + more if more and output.startswith(head) else output


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "page",
    [
        "README.md", "evolution.md", "import.md", "operators.md", "queries.md", "realtime.md", "tenants.md",
        "versions.md", "webhooks.md",
    ],
)  # fmt: skip
def test_every_example_prints_what_the_page_says(page: str, tmp_path: Path) -> None:
    """A reader who types the commands, in order, sees the same; the folder may have another name."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    patient = {"SYNTHDB_PLUGINS__CORE__SLOW_OPERATION_SECONDS": "1000"}  # a busy machine prints no warnings
    (tmp_path / "demo").symlink_to(ROOT / "demo")
    shown = []
    for command, expected in examples(page):
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env={**os.environ, **patient, "PATH": path}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        shown.append((command, begun(timeless(done.stdout).replace(str(tmp_path), FOLDER), expected)))

    assert [] != shown
    assert examples(page) == shown
