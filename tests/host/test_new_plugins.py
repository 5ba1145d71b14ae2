"""``synthdb plugins new``: what it writes is a plugin that an author would be glad to have written."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
KINDS: Final = sorted(path.name for path in (ROOT / "contrib" / "_template" / "kinds").iterdir())
SOURCES: Final = (ROOT, ROOT / "plugins" / "core" / "src")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_passes_its_own_tests(
    synthdb: Callable[..., Any], site: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, kind: str
) -> None:
    """The suite of plugins among them; its types, its style and its manifest are right, too."""
    made = synthdb("plugins", "new", f"my_{kind}", "--kind", kind, "--summary", 'It\'s "mine"')
    folder = tmp_path / f"synthdb-my-{kind}"
    assert made.stdout.startswith(f"Made synthdb-my-{kind}, a plugin of the kind {kind!r}.\n")

    _install(folder, site.folder)
    sources = (folder / "src", *SOURCES)
    given = {"MYPYPATH": ":".join(map(str, sources)), "SYNTHDB_PLUGINS__ENABLED": f"core,my_{kind}"}
    for command in (
        ("pytest", "-q", "-p", "no:cacheprovider"),
        ("mypy", "--cache-dir", str(tmp_path_factory.getbasetemp() / "types")),
        ("ruff", "check", "--no-cache", "."),
        ("ruff", "format", "--no-cache", "--check", "."),
        ("synthdb_host", "plugins", "check", f"my_{kind}"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False,
            env=site.environ(*sources, **given),
        )  # fmt: skip
        assert 0 == done.returncode, done.stdout + done.stderr


def test_every_kind_can_be_asked_for(synthdb: Callable[..., Any]) -> None:
    """By its name."""
    assert f"--kind [{'|'.join(KINDS)}]" in synthdb("plugins", "new", "--help").stdout


def test_what_is_there_is_not_written_over(synthdb: Callable[..., Any], tmp_path: Path) -> None:
    """A folder with something in it stays as it is, and a dry run writes nothing."""
    assert "src/synthdb_mine/plugin.py" in synthdb("plugins", "new", "mine", "--dry-run").stdout
    assert not (tmp_path / "synthdb-mine").exists()
    synthdb("plugins", "new", "mine")
    again = synthdb("plugins", "new", "mine", "--kind", "api", code=1)
    assert "Error: synthdb-mine is there already; nothing was written\n" == again.stderr
    assert "settings" in (tmp_path / "synthdb-mine" / "src" / "synthdb_mine" / "synthdb-plugin.toml").read_text("utf-8")


@pytest.mark.parametrize("name", ["Mine", "1st", "my-plugin", "enabled", "a" * 41, ""])
def test_a_name_that_no_plugin_can_have_is_refused(synthdb: Callable[..., Any], name: str) -> None:
    """As it would be when the plugin is loaded."""
    assert f"Error: id {name!r} must be lower-case letters" in synthdb("plugins", "new", name, code=1).stderr


@pytest.mark.parametrize("summary", ["two\nlines", "a \\ b", 'x"""y', "x" * 201])
def test_a_summary_that_would_break_the_files_is_refused(synthdb: Callable[..., Any], summary: str) -> None:
    """Quotes alone do no harm."""
    refused = synthdb("plugins", "new", "mine", "--summary", summary, code=1)
    assert "Error: a summary is one line" in refused.stderr


def _install(folder: Path, site: Path) -> None:
    """Write what an editable install leaves: the metadata of the distribution."""
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = "".join(f"{name} = {at}\n" for name, at in project["entry-points"]["synthdb.plugins"].items())
    (info / "entry_points.txt").write_text(f"[synthdb.plugins]\n{points}")
