"""Manifests: found and read without importing the plugin."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from synthdb_host.discovery import discover, pick
from synthdb_host.errors import ConfigurationError
from synthdb_host.manifest import parse_manifest, unknown_keys

LEAST = 'id = "a"\nhost_api = ">=1.0,<2"\n'


def test_a_manifest_needs_an_id_and_a_host_api_only() -> None:
    """Everything else has a default."""
    manifest = parse_manifest(LEAST)

    assert ("a", ">=1.0,<2", (), None) == (
        manifest.id,
        manifest.host_api,
        manifest.requires,
        manifest.settings,
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id = ", "Invalid value"),
        ('id = "a"', "host_api"),
        ('id = "Big"\nhost_api = "1"', "lower-case"),
        ('id = "host"\nhost_api = "1"', "none of"),
        (LEAST + 'requires = "auth"', "array"),
        (LEAST + 'stage = "finished"', "finished"),
        (LEAST + 'settings = "a.settings.Model"', "package.module:name"),
        (LEAST + '[[commands]]\nname = "Do It"\ntarget = "a:b"', "lower-case"),
        (LEAST + '[[commands]]\nname = "do"\ntarget = "nowhere"', "package.module:name"),
    ],
    ids=lambda value: value[-20:],
)
def test_a_wrong_manifest_is_refused_with_the_reason(text: str, complaint: str) -> None:
    """The message names the key or the form that was expected."""
    with pytest.raises(ConfigurationError, match=complaint):
        parse_manifest(text)


def test_keys_of_later_versions_are_ignored_at_run_time_and_named_for_the_author() -> None:
    """A plugin made for a newer host still loads; ``plugins check`` tells its author."""
    text = LEAST + 'colour = "red"\n[[commands]]\nname = "do"\ntarget = "a:b"\nicon = "x"\n'

    assert "a" == parse_manifest(text).id
    assert ("colour", "commands[0].icon") == unknown_keys(text)


@pytest.mark.slow
@pytest.mark.parametrize("editable", [False, True], ids=["wheel", "editable"])
def test_an_installed_plugin_is_found_without_being_imported(site: Any, tmp_path: Path, *, editable: bool) -> None:
    """A real installer puts it into a fresh environment; its manifest is read from where the code is."""
    project = site.project("parcel", "raise SystemExit('imported')", 'summary = "A parcel."')
    venv.create(tmp_path / "venv", symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    project.install("--python", python, *(["--editable"] if editable else []))
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path[1:])}
    result = subprocess.run(
        [python, "-m", "synthdb_host", "plugins", "info", "parcel"],
        capture_output=True, text=True, check=False, env=environ, cwd=tmp_path,
    )  # fmt: skip

    assert (0, "") == (result.returncode, result.stderr)
    assert "A parcel." in result.stdout


def test_a_plugin_in_a_zip_is_found(site: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The manifest is read through the package's loader, so that it need not be a file."""
    project = site.project("zipped", manifest='summary = "From a zip."')
    project.install("--target", tmp_path / "target")
    with zipfile.ZipFile(tmp_path / "plugins.zip", "w") as archive:
        for path in (tmp_path / "target").rglob("*"):
            archive.write(path, path.relative_to(tmp_path / "target"))
    monkeypatch.syspath_prepend(str(tmp_path / "plugins.zip"))

    manifest = pick(discover(), "zipped").manifest

    assert manifest
    assert "From a zip." == manifest.summary


def test_plugins_of_one_namespace_each_have_their_own_manifest(site: Any) -> None:
    """Below a namespace package the manifest lies in the first regular package."""
    for name in ("one", "two"):
        project = site.add(name, entry=f"acme.{name}.plugin:Plugin")
        space = project.source / "acme"
        space.mkdir()
        (project.source / name).rename(space / name)

    assert {"one", "two"} <= {candidate.manifest.id for candidate in discover() if candidate.manifest}
    assert "acme" not in sys.modules


@pytest.mark.parametrize("name", ["synthdb-parcel", "SynthDB_Parcel", "parcel"])
def test_a_plugin_is_known_by_id_distribution_and_entry_point(site: Any, name: str) -> None:
    """Operators need not know which of the names is asked for."""
    site.add("parcel")

    assert "parcel" == pick(discover(), name).id


def test_an_unknown_plugin_is_an_error_with_a_suggestion(site: Any) -> None:
    """A misspelt name is never passed over."""
    site.add("parcel")

    with pytest.raises(ConfigurationError, match="did you mean 'parcel'"):
        pick(discover(), "parsel")


def test_a_package_without_a_manifest_is_listed_with_the_reason(site: Any) -> None:
    """One broken distribution does not hide the others."""
    project = site.add("bare")
    (project.source / "bare" / "synthdb-plugin.toml").unlink()
    site.add("fine")

    found = {candidate.id: candidate for candidate in discover()}

    assert "has no synthdb-plugin.toml" in str(found["bare"].problem)
    assert found["fine"].manifest
