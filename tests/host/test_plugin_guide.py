"""The page for plugin authors: every file on it is written and every command on it is run."""

import os
import re
import socket
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
FENCE = re.compile(
    r"(?:^`(?P<file>[\w./-]+)`[^\n]*\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("clean")]


def _commands(text: str) -> list[tuple[str, list[str]]]:
    """Split a console block into each command and the lines that it prints."""
    parts = [part.rstrip("\n").split("\n") for part in text.removeprefix("$ ").split("\n$ ")]
    return [(command, output) for command, *output in parts]


COMMANDS = [found for block in FENCE.finditer(PAGE) if block["kind"] == "console" for found in _commands(block["text"])]


@dataclass(frozen=True)
class Place:
    """A fresh environment with the host in it, and the page's files."""

    folder: Path
    environ: dict[str, str]

    def run(self, command: str) -> list[str]:
        """Run a command and give the lines it prints."""
        result = subprocess.run(
            ["/bin/bash", "-c", command], cwd=self.folder, env=self.environ, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return result.stdout.splitlines()


@pytest.fixture
def place(tmp_path: Path, site: Any) -> Place:
    """Write the page's files. The build backend alone is another one, which needs no network."""
    folder = tmp_path / "hello"
    for block in FENCE.finditer(PAGE):
        if block["file"]:
            path = folder / block["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block["text"], encoding="utf-8")
    site.make_offline(folder)
    venv.create(tmp_path / "venv", symlinks=True)
    scripts = tmp_path / "venv" / "bin"
    python = scripts / "python"
    uv = f"{sys.executable} -m uv pip install --quiet --offline --no-deps --no-cache --python {python}"
    for name, line in {"synthdb": f'{python} -m synthdb_host "$@"', "pip": f'{uv} "${{@:2}}"'}.items():
        (scripts / name).write_text(f"#!/bin/bash\nexec {line}\n")
        (scripts / name).chmod(0o755)
    search = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    chosen = {"SYNTHDB_PLUGINS__AUTOLOAD": "false", "SYNTHDB_PLUGINS__ENABLED": "hello"}
    return Place(folder, {"PATH": search, "PYTHONPATH": os.pathsep.join(sys.path[1:]), **chosen})


def test_the_page_is_followed_word_by_word(place: Place) -> None:
    """Each command prints what the page says; ``...`` stands for more."""
    for command, expected in COMMANDS:
        if "serve" not in command:
            lines = place.run(command)
            more = expected[-1:] == ["..."]
            assert (command, expected) == (command, [*lines[: len(expected) - 1], "..."] if more else lines)


def test_the_plugin_of_the_page_answers_over_http(place: Place) -> None:
    """The server is started as the page says, on a free port."""
    place.run("pip install --editable .")
    ((command, (announcement,)),) = [one for one in COMMANDS if "serve" in one[0]]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    server = subprocess.Popen(
        ["/bin/bash", "-c", "exec " + command.replace("8000", port)],
        cwd=place.folder, env=place.environ, text=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert server.stdout
        assert announcement.replace("8000", port) == server.stdout.readline().rstrip("\n")
        assert {"greeting": "Hello"} == httpx.get(f"http://127.0.0.1:{port}/x/hello/greeting", timeout=30).json()
    finally:
        server.terminate()
        server.communicate(timeout=30)


@pytest.mark.parametrize("hook", ["synthdb_tasks", "synthdb_middleware"])
def test_an_example_of_the_page_runs_as_it_stands(tmp_path: Path, hook: str) -> None:
    """What it asserts is true."""
    (code,) = [block["text"] for block in FENCE.finditer(PAGE) if f"def {hook}" in block["text"]]
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (0, "") == (result.returncode, result.stderr)


def test_the_test_of_the_page_passes(place: Place) -> None:
    """A plugin author can copy it."""
    place.run("pip install --editable .")
    (code,) = [block["text"] for block in FENCE.finditer(PAGE) if "Host.build" in block["text"]]
    (place.folder / "check.py").write_text(code)

    assert [] == place.run("python check.py")
