"""Installed plugins for tests: real distributions, made in a folder of their own."""

import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

BACKEND = """
# A build backend that needs no network: wheels and editable wheels of what is in src/.
import tomllib
import zipfile
from pathlib import Path


def _wheel(folder, files):
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    name, version = project["name"], project["version"]
    stem = f"{name.replace('-', '_')}-{version}"
    target = f"{stem}-py3-none-any.whl"
    points = "".join(
        f"[{group}]\\n" + "".join(f"{key} = {value}\\n" for key, value in entries.items())
        for group, entries in project["entry-points"].items()
    )
    meta = {
        "METADATA": f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n",
        "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        "entry_points.txt": points,
    }
    files |= {f"{stem}.dist-info/{key}": text for key, text in meta.items()}
    with zipfile.ZipFile(Path(folder) / target, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
        archive.writestr(f"{stem}.dist-info/RECORD", "".join(f"{path},,\\n" for path in files))
    return target


def build_wheel(folder, config_settings=None, metadata_directory=None):
    src = Path("src")
    return _wheel(folder, {str(p.relative_to(src)): p.read_text() for p in src.rglob("*") if p.is_file()})


def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {"_source.pth": str(Path("src").absolute()) + "\\n"})
"""
BUILD_SYSTEM = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


@dataclass(frozen=True)
class Project:
    """A plugin's source tree."""

    folder: Path
    id: str
    name: str
    version: str

    @property
    def source(self) -> Path:
        return self.folder / "src"

    def install(self, *options: str | Path) -> None:
        """Install it with a real installer."""
        subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "uv",
                    "pip",
                    "install",
                    "--quiet",
                    "--offline",
                    "--no-deps",
                    "--no-cache",
                ),
                *(*options, self.folder),
            ],
            check=True,
            env=os.environ | {"UV_LINK_MODE": "copy"},
        )


@dataclass(frozen=True)
class Site:
    """A folder on ``sys.path`` with installed plugins."""

    folder: Path
    projects: Path

    def project(
        self,
        id_: str,
        plugin: str = "class Plugin: pass\n",
        manifest: str = "",
        *,
        name: str | None = None,
        version: str = "1.0",
        entry: str | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Project:
        """Write the source tree of a plugin; ``manifest`` is added to the least one there can be."""
        project = Project(self.projects / f"{name or id_}", id_, name or f"synthdb-{id_}", version)
        package = project.source / id_
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(
            "from synthdb_host import *\n\n\n" + textwrap.dedent(plugin), encoding="utf-8"
        )
        text = f'id = "{id_}"\nhost_api = ">=1.0,<2"\n' + textwrap.dedent(manifest)
        (package / "synthdb-plugin.toml").write_text(text, encoding="utf-8")
        for path, content in (files or {}).items():
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_text(textwrap.dedent(content), encoding="utf-8")
        target = entry or f"{id_}.plugin:Plugin"
        (project.folder / "pyproject.toml").write_text(
            f"[project]\nname = '{project.name}'\nversion = '{version}'\n\n"
            f"[project.entry-points.'synthdb.plugins']\n{id_} = '{target}'\n"
        )
        self.make_offline(project.folder)
        return project

    def make_offline(self, folder: Path) -> None:
        """Give a source tree a build backend that needs no network."""
        (folder / "backend.py").write_text(BACKEND)
        file = folder / "pyproject.toml"
        rest = re.sub(r"\[build-system\]\n.*?\n\n", "", file.read_text(), flags=re.DOTALL)
        file.write_text(f"{BUILD_SYSTEM}\n{rest}")

    def add(
        self,
        id_: str,
        plugin: str = "class Plugin: pass\n",
        manifest: str = "",
        *,
        name: str | None = None,
        version: str = "1.0",
        entry: str | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Project:
        """Install a plugin as an editable install does: metadata here, the code where it is."""
        project = self.project(id_, plugin, manifest, name=name, version=version, entry=entry, files=files)
        info = self.folder / f"{project.name.replace('-', '_')}-{project.version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project.name}\nVersion: {project.version}\n")
        target = entry or f"{id_}.plugin:Plugin"
        (info / "entry_points.txt").write_text(f"[synthdb.plugins]\n{id_} = {target}\n")
        sys.path.insert(0, str(project.source))
        return project

    def environ(self, *more: Path, **variables: str) -> dict[str, str]:
        """Give the environment of a process that finds these plugins and loads no others."""
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SYNTHDB_")}
        sources = [str(path) for path in (self.folder, *more, *self.projects.glob("*/src"))]
        return clean | {"PYTHONPATH": os.pathsep.join(sources), "SYNTHDB_PLUGINS__AUTOLOAD": "false"} | variables


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean: None) -> Iterator[Site]:
    """A folder of installed plugins that this process sees; what is imported is forgotten afterwards."""
    folder, projects = tmp_path / "site", tmp_path / "projects"
    folder.mkdir()
    projects.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    yield Site(folder, projects)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, and no setting in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SYNTHDB_")]:
        monkeypatch.delenv(name)


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def synthdb(site: Site, tmp_path: Path) -> Run:
    """Run the real command in a process of its own, with the plugins of the site."""

    def run(*arguments: str | Path, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [sys.executable, "-m", "synthdb_host", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env=site.environ(**variables),
        )
        assert (code, "") == (result.returncode, result.stderr if code == 0 else ""), result.stderr
        assert "Traceback" not in result.stderr
        return result

    return run
