"""The repository is laid out as the build, the linters and the release notes believe."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
FOLDERS: Final = ("plugins", "contrib")
PLUGINS: Final = {
    path.parent.name: str(path.parent.relative_to(ROOT))
    for folder in FOLDERS
    for path in sorted(ROOT.glob(f"{folder}/*/pyproject.toml"))
}
every_plugin = pytest.mark.parametrize("plugin", PLUGINS)


def project(path: str = "pyproject.toml") -> dict[str, Any]:
    """Read a TOML file of this repository."""
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))


def package_of(plugin: str) -> Path:
    """Return the folder of a plugin's import package."""
    (package,) = project(f"{PLUGINS[plugin]}/pyproject.toml")["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return ROOT / PLUGINS[plugin] / str(package)


def test_there_is_at_least_the_core_plugin() -> None:
    """The tests below have something to look at."""
    assert "core" in PLUGINS


def test_every_folder_of_plugins_is_a_project() -> None:
    """A folder appears there when it has working content; there are no placeholders. The template begins with ``_``."""
    found = [path for folder in FOLDERS for path in (ROOT / folder).iterdir() if path.is_dir()]
    folders = {path.name for path in found if not path.name.startswith("_")}

    assert set(PLUGINS) == folders


@every_plugin
def test_a_plugin_is_a_workspace_source(plugin: str) -> None:
    """A dependency on a plugin of this repository is never taken from an index."""
    uv = project()["tool"]["uv"]

    assert [f"{folder}/*" for folder in FOLDERS] == uv["workspace"]["members"]
    assert {"workspace": True} == uv["sources"][f"synthdb-{plugin}"]


@every_plugin
def test_a_plugin_is_under_the_import_contracts(plugin: str) -> None:
    """import-linter takes packages by name, so a new plugin must be listed."""
    assert package_of(plugin).name in project()["tool"]["importlinter"]["root_packages"]


@every_plugin
def test_a_plugin_is_known_to_no_import_of_the_host(plugin: str) -> None:
    """The contract that the host knows no plugin names every plugin."""
    contracts = project()["tool"]["importlinter"]["contracts"]
    (contract,) = (item for item in contracts if item["id"] == "host-knows-no-plugin")

    assert package_of(plugin).name in contract["forbidden_modules"]


@every_plugin
def test_a_plugin_is_tested_alone_by_tox(plugin: str) -> None:
    """Every plugin has an environment that holds its wheel and the host's, and nothing else of ours."""
    text = (ROOT / "tox.ini").read_text(encoding="utf-8")
    factors = re.findall(r"plugin-\{([^}]*)\}", text)

    assert factors
    assert all(plugin in factor.split(",") for factor in factors)
    assert f"{plugin}: PLUGIN = {plugin}" in text
    assert f"{plugin}: FOLDER = {PLUGINS[plugin]}" in text


@every_plugin
def test_a_plugin_has_a_section_in_the_changelog(plugin: str) -> None:
    """Release notes say which package changed."""
    sections = {(item["name"], item["path"]) for item in project()["tool"]["towncrier"]["section"]}

    assert (plugin, plugin) in sections
    assert ("host", "host") in sections


@every_plugin
def test_the_tests_and_types_of_a_plugin_are_checked(plugin: str) -> None:
    """Both pytest and mypy look into every plugin."""
    tools = project()["tool"]
    checked = {f"{PLUGINS[plugin]}/tests", str(package_of(plugin).relative_to(ROOT))}

    assert f"{PLUGINS[plugin]}/tests" in tools["pytest"]["ini_options"]["testpaths"]
    assert checked <= set(tools["mypy"]["files"])


@every_plugin
def test_a_plugin_carries_its_manifest_and_its_types(plugin: str) -> None:
    """The host reads the manifest without importing the package, and type checkers read its types."""
    package = package_of(plugin)

    assert (package / "synthdb-plugin.toml").is_file()
    assert (package / "py.typed").is_file()


def test_the_host_carries_its_types() -> None:
    """Type checkers of plugin authors read the host's types."""
    assert (ROOT / "synthdb_host" / "py.typed").is_file()


@every_plugin
def test_versions_are_in_lock_step(plugin: str) -> None:
    """All packages are released together, and a plugin asks for the host of its own minor version."""
    version = project()["project"]["version"]
    item = project(f"{PLUGINS[plugin]}/pyproject.toml")["project"]
    major, minor, *_ = map(int, version.split("."))

    assert version == item["version"]
    assert f"synthdb-host>={major}.{minor},<{major}.{minor + 1}" in item["dependencies"]


def test_every_target_of_the_makefile_is_listed_by_help() -> None:
    """`make help` lists all that can be made."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    listed = re.findall(r"^([a-z]+):.* ## ", text, flags=re.MULTILINE)

    assert sorted(phony.split()) == sorted(listed)
