"""Operators choose plugins, ask why, and lock what they have chosen; no plugin is imported for that."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BROKEN = "raise SystemExit('imported')\n"

pytestmark = pytest.mark.slow


@pytest.fixture
def plugins(site: Any, synthdb: Callable[..., Any]) -> Callable[..., str]:
    """Run a command of ``synthdb plugins`` where three plugins are installed that cannot be imported."""
    site.add("alpha", BROKEN, 'permissions = ["routes"]')
    site.add("beta", BROKEN, 'requires = ["alpha>=1"]\nafter = ["gamma"]')
    site.add("gamma", BROKEN, 'conflicts = ["delta"]')

    def run(*arguments: str, code: int = 0, **variables: str) -> str:
        done = synthdb("plugins", *arguments, code=code, **({"SYNTHDB_PLUGINS__AUTOLOAD": "true"} | variables))
        return str(done.stderr if code else done.stdout)

    return run


def states(plugins: Callable[..., str], **variables: str) -> dict[str, str]:
    """Say which plugins would load."""
    found = json.loads(plugins("list", "--json", **variables))
    return {row["id"]: row["state"] for row in found if row["id"] in ("alpha", "beta", "gamma")}


def test_a_plugin_is_disabled_and_enabled_again(plugins: Callable[..., str], tmp_path: Path) -> None:
    """In the configuration file, of which everything else stays; a second time nothing changes."""
    file = tmp_path / "synthdb.toml"
    file.write_text("# Mine.\nport = 9000  # not 8000\n\n[plugins.alpha]\nsize = 1\n")
    assert "gamma is disabled in synthdb.toml.\n" == plugins("disable", "synthdb-gamma")
    assert "gamma was disabled before; synthdb.toml stays as it is.\n" == plugins("disable", "gamma")
    assert "disabled" == states(plugins)["gamma"]
    assert "# Mine.\nport = 9000  # not 8000\n" in file.read_text()

    before = file.read_text()
    assert "disabled = []" in plugins("enable", "gamma", "--dry-run")
    assert before == file.read_text()
    assert "gamma is enabled in synthdb.toml.\n" == plugins("enable", "gamma")
    assert "active" == states(plugins)["gamma"]


def test_where_nothing_loads_by_itself_a_plugin_is_named(plugins: Callable[..., str], tmp_path: Path) -> None:
    """As enabled."""
    off = {"SYNTHDB_PLUGINS__AUTOLOAD": "false"}
    plugins("enable", "alpha", **off)
    assert {"alpha": "active", "beta": "disabled", "gamma": "disabled"} == states(plugins, **off)
    plugins("disable", "alpha", **off)
    assert "disabled" == states(plugins, **off)["alpha"]
    assert '[plugins]\nenabled = []\ndisabled = ["alpha"]\n' == _sorted((tmp_path / "synthdb.toml").read_text())


def test_what_others_need_is_not_disabled_by_mistake(plugins: Callable[..., str], tmp_path: Path) -> None:
    """Whoever means it says so."""
    assert "beta would not load without alpha" in plugins("disable", "alpha", code=1)
    assert not (tmp_path / "synthdb.toml").exists()
    plugins("disable", "alpha", "--force")
    assert "disabled" == states(plugins)["alpha"]


def test_a_choice_that_the_environment_makes_is_not_made_in_the_file(plugins: Callable[..., str]) -> None:
    """It would have no effect."""
    refused = plugins("disable", "gamma", code=1, SYNTHDB_PLUGINS__DISABLED="beta")
    assert "Error: the environment decides: SYNTHDB_PLUGINS__DISABLED is set\n" == refused


@pytest.mark.parametrize("command", ["enable", "disable", "why"])
def test_an_unknown_plugin_is_an_error(plugins: Callable[..., str], command: str) -> None:
    """With the name that was meant."""
    assert "no plugin 'alpa' is installed; did you mean 'alpha'?" in plugins(command, "alpa", code=1)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "loads: every installed plugin does, by plugins.autoload (environment SYNTHDB_PLUGINS__AUTOLOAD)"),
        ({"SYNTHDB_PLUGINS__DISABLED": "alpha"}, "plugins.disabled names it (environment SYNTHDB_PLUGINS__DISABLED)"),
        (
            {"SYNTHDB_PLUGINS__AUTOLOAD": "false", "SYNTHDB_PLUGINS__ENABLED": "alpha"},
            "loads: plugins.enabled names it (environment SYNTHDB_PLUGINS__ENABLED)",
        ),
        ({"SYNTHDB_PLUGINS__AUTOLOAD": "false"}, "does not load: plugins.autoload is off (environment"),
        ({"SYNTHDB_SAFE_MODE": "1"}, "no plugin does, by safe_mode (environment SYNTHDB_SAFE_MODE)"),
    ],
)
def test_why_says_which_setting_decides(plugins: Callable[..., str], variables: dict[str, str], reason: str) -> None:
    """And where it was made."""
    assert reason in plugins("why", "alpha", **variables)


def test_why_and_graph_name_those_that_belong_together(plugins: Callable[..., str]) -> None:
    """As text, and as JSON."""
    assert plugins("why", "alpha").endswith("It is needed by beta.\n")
    assert ["beta"] == json.loads(plugins("why", "alpha", "--json"))["needed_by"]
    assert "beta requires alpha>=1\nbeta after gamma\ngamma conflicts with delta\n" == plugins("graph")
    assert {"plugin": "beta", "relation": "after", "other": "gamma", "loads": True} in json.loads(
        plugins("graph", "--json")
    )


def test_a_lock_is_kept_or_says_what_has_changed(plugins: Callable[..., str], site: Any, tmp_path: Path) -> None:
    """Files, versions, permissions, and which plugins there are."""
    assert plugins("lock").startswith("synthdb.lock written: ")
    assert plugins("lock", "--check").startswith("synthdb.lock is as it was locked: ")
    lock = (tmp_path / "synthdb.lock").read_bytes()

    code = site.projects / "gamma" / "src" / "gamma" / "plugin.py"
    code.write_text(code.read_text() + "\n# changed\n")
    manifest = site.projects / "alpha" / "src" / "alpha" / "synthdb-plugin.toml"
    manifest.write_text(manifest.read_text().replace('["routes"]', '["routes", "network"]'))
    site.add("delta", BROKEN)
    refused = plugins("lock", "--check", code=1, SYNTHDB_PLUGINS__DISABLED="beta")
    for line in (
        "plugin delta is not in the lock",
        "plugin beta is locked, but does not load",
        "plugin alpha wants more permissions: network",
        "plugin gamma has other files than when it was locked",
    ):
        assert f"  - {line}\n" in refused
    assert lock == (tmp_path / "synthdb.lock").read_bytes()


def test_a_server_starts_with_what_was_locked_alone(
    plugins: Callable[..., str], synthdb: Callable[..., Any], tmp_path: Path
) -> None:
    """It says what to do, and imports nothing before it knows."""
    missing = synthdb("serve", "--locked", code=1)
    assert "Error: there is no synthdb.lock; `synthdb plugins lock` writes it\n" == missing.stderr
    plugins("lock", SYNTHDB_PLUGINS__DISABLED="beta")
    changed = synthdb("serve", "--locked", code=1, SYNTHDB_PLUGINS__AUTOLOAD="true")
    assert "plugin beta is not in the lock" in changed.stderr
    for text in ("", "{}", '{"format": 2, "plugins": []}', '{"format": 1, "plugins": [{}]}'):
        (tmp_path / "synthdb.lock").write_text(text)
        assert "synthdb.lock" in synthdb("serve", "--locked", code=1).stderr


REVISION = """
from alembic import op
import sqlalchemy as sa
revision = "{0}_1"
down_revision = None
def upgrade():
    op.create_table("{0}_parents", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("{0}_children", sa.Column("parent", sa.Integer, sa.ForeignKey("{0}_parents.id")))
"""


def test_what_a_plugin_has_left_is_purged(site: Any, synthdb: Callable[..., Any], tmp_path: Path) -> None:
    """Only when it does not load any more, when that is said, and nothing of a plugin of a like name."""
    for name in ("keeper", "keeper_more"):
        files = {"revisions/first.py": REVISION.format(name)}
        site.add(name, "class Plugin: pass\n", 'migrations = "revisions"', files=files)
    on = {"SYNTHDB_PLUGINS__ENABLED": "core,keeper,keeper_more"}
    synthdb("init", **on)
    refused = synthdb("plugins", "purge", "keeper", "--yes", code=1, **on)
    assert "plugin keeper loads; first `synthdb plugins disable keeper`" in refused.stderr

    off = {"SYNTHDB_PLUGINS__ENABLED": "core,keeper_more"}
    tables = "alembic_version_keeper, keeper_children, keeper_parents"
    listed = synthdb("plugins", "purge", "keeper", **off).stdout
    assert f"With --yes these are removed, and what is in them: {tables}\n" == listed
    assert f"Removed {tables}\n" == synthdb("plugins", "purge", "keeper", "--yes", **off).stdout
    assert "There are no tables of a plugin 'keeper'.\n" == synthdb("plugins", "purge", "keeper", **off).stdout
    more = json.loads(synthdb("plugins", "purge", "keeper_more", "--json").stdout)
    assert {"removed": False, "id": "keeper_more"} == {key: more[key] for key in ("removed", "id")}
    assert 3 == len(more["tables"])
    assert [] == json.loads(synthdb("plugins", "purge", "host", "--yes", "--json").stdout)["tables"]
    synthdb("init", **on)
    assert tables in synthdb("plugins", "purge", "keeper", **off).stdout


def test_safe_mode_loads_nothing(plugins: Callable[..., str], synthdb: Callable[..., Any]) -> None:
    """By the option, or by the variable: the host's commands work, whatever plugins do."""
    assert {"disabled"} == set(states(plugins, SYNTHDB_SAFE_MODE="true").values())
    variables = {"SYNTHDB_PLUGINS__AUTOLOAD": "true", "SYNTHDB_PLUGINS__REQUIRED": "alpha"}
    assert "SystemExit: imported" in synthdb("plugins", "hooks", code=1, **variables).stderr
    listed = synthdb("--safe-mode", "plugins", "hooks", "--json", **variables).stdout
    assert [[]] * len(json.loads(listed)) == [row["plugins"] for row in json.loads(listed)]


def _sorted(text: str) -> str:
    head, *lines = text.splitlines()
    return "\n".join([head, *sorted(lines, reverse=True)]) + "\n"
