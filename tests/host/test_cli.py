"""The command: light, lazy, and never a traceback."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from synthdb_host.control import Control
from synthdb_host.directory import Directory

pytestmark = pytest.mark.slow

HEAVY = ("alembic", "falcon", "gunicorn", "pydantic", "sqlalchemy", "strawberry", "synthdb", "bomb")

COMMAND = """
import click
from synthdb_host import config_options


@click.command()
@click.argument("word")
@config_options
@click.pass_obj
def shout(session, word):
    with session.started() as host:
        click.echo(f"{word.upper()} {session.settings().data} {[plugin.id for plugin in host.plugins]}")


@click.command()
def fail():
    1 / 0


not_a_command = 3
"""


def offer(name: str, target: str) -> str:
    """Give the lines of a manifest that offer a command."""
    return f'[[commands]]\nname = "{name}"\ntarget = "{target}"\nhelp = "About {name}."\n'


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("plugins", "list"), ("plugins", "info", "bomb")])
def test_looking_around_imports_no_plugin_and_nothing_heavy(site: Any, tmp_path: Path, arguments: tuple[str]) -> None:
    """What a shell completion or a first look calls stays quick, and works with the worst of plugins."""
    site.add("bomb", "raise SystemExit('imported')\n", offer("explode", "bomb.plugin:Plugin"))
    code = (
        "import sys; from synthdb_host.cli import run; code = run(sys.argv[1:]); "
        f"print(sorted({set(HEAVY)} & {{name.partition('.')[0] for name in sys.modules}}), code)"
    )
    environ = site.environ(SYNTHDB_PLUGINS__AUTOLOAD="true")
    result = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=True, env=environ, cwd=tmp_path,
    )  # fmt: skip

    assert "[] 0" == result.stdout.splitlines()[-1]


def test_the_plugin_list_says_of_each_whether_it_loads_and_why_not(site: Any, synthdb: Any) -> None:
    """Also as JSON."""
    site.add("fine", manifest='summary = "All is well."')
    site.add("future", files={"synthdb-plugin.toml": 'id = "future"\nhost_api = ">=9"'})
    site.add("broken", files={"synthdb-plugin.toml": "id = 3"})
    site.add("off")
    variables = {"SYNTHDB_PLUGINS__ENABLED": "fine,future,broken"}

    rows = {row["id"]: row for row in json.loads(synthdb("plugins", "list", "--json", **variables).stdout)}

    assert ["active", "incompatible", "broken", "disabled"] == [
        rows[name]["state"] for name in ("fine", "future", "broken", "off")
    ]
    assert "needs host_api >=9" in rows["future"]["reason"]
    assert "All is well." in synthdb("plugins", "list", **variables).stdout


def test_plugins_check_is_strict_where_loading_is_tolerant(site: Any, synthdb: Any) -> None:
    """An unknown key in a manifest does not keep a plugin from running, but its author hears of it."""
    site.add("fine")
    site.add("odd", manifest='colour = "red"')
    enabled = {"SYNTHDB_PLUGINS__ENABLED": "fine,odd"}

    assert "plugin fine 1.0 (synthdb-fine): ok\n" == synthdb("plugins", "check", "fine", **enabled).stdout
    site.add("off")
    shown = json.loads(synthdb("plugins", "check", "fine", "--json", **enabled).stdout)
    assert [{"plugin": "plugin fine 1.0 (synthdb-fine)", "state": "ok"}] == shown
    assert "plugin off 1.0 (synthdb-off): disabled" in synthdb("plugins", "check", "off", **enabled).stdout
    assert "unknown key 'colour'" in synthdb("plugins", "check", "odd", code=1, **enabled).stderr


def test_plugins_hooks_shows_who_implements_what_in_order(site: Any, synthdb: Any) -> None:
    """In the order in which the plugins are asked."""
    code = "class Plugin:\n    @hookimpl\n    def synthdb_health_checks(self): return []\n"
    site.add("alpha", code, 'after = ["beta"]')
    site.add("beta", code)
    result = synthdb("plugins", "hooks", "synthdb_health_checks", "--json", SYNTHDB_PLUGINS__ENABLED="alpha,beta")

    assert [["beta", "alpha"]] == [row["plugins"] for row in json.loads(result.stdout)]


def test_a_plugins_command_is_listed_from_its_manifest_and_imported_when_called(site: Any, synthdb: Any) -> None:
    """Its code can use the settings and the host."""
    site.add("loud", manifest=offer("shout", "loud.command:shout"), files={"command.py": COMMAND})
    enabled = {"SYNTHDB_PLUGINS__ENABLED": "loud"}

    assert re.search(r"shout +About shout\.", synthdb("--help", **enabled).stdout)
    assert "HEY here ['loud']\n" == synthdb("shout", "hey", "--data", "here", **enabled).stdout
    assert "Usage: synthdb shout [OPTIONS] WORD" in synthdb("shout", "--help", **enabled).stdout


@pytest.mark.parametrize(
    ("target", "complaint"),
    [
        ("bad.command:fail", "Error: ZeroDivisionError: division by zero [internal_error, "),
        (
            "bad.command:absent",
            "Error: plugin bad 1.0 (synthdb-bad): command 'go' cannot be imported: AttributeError",
        ),
        (
            "bad.plugin:Plugin",
            "Error: plugin bad 1.0 (synthdb-bad): command 'go' cannot be imported: SystemExit: no",
        ),
        (
            "bad.command:not_a_command",
            "Error: plugin bad 1.0 (synthdb-bad): bad.command:not_a_command is not a click",
        ),
    ],
)
def test_a_broken_command_is_an_error_naming_its_plugin(site: Any, synthdb: Any, target: str, complaint: str) -> None:
    """A message and exit code 1, not a traceback."""
    site.add("bad", "raise SystemExit('no')\n", offer("go", target), files={"command.py": COMMAND})

    assert synthdb("go", code=1, SYNTHDB_PLUGINS__ENABLED="bad").stderr.startswith(complaint)


def test_a_command_of_two_plugins_is_an_error_naming_both(site: Any, synthdb: Any) -> None:
    """Neither runs by chance; every other command still works."""
    site.add("one", manifest=offer("go", "one.plugin:x"))
    site.add("two", manifest=offer("go", "two.plugin:x"))
    enabled = {"SYNTHDB_PLUGINS__ENABLED": "one,two"}

    message = synthdb("go", code=1, **enabled).stderr

    assert "offered by plugin one 1.0 (synthdb-one) and by plugin two 1.0 (synthdb-two)" in message
    assert synthdb("version", **enabled).stdout.startswith("synthdb 0.")


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("bogus",), 2, "No such command 'bogus'"),
        (("serve", "--prot", "1"), 2, "No such option '--prot'"),
        (("serve", "--database", "a/x.db", "--database", "b/x.db"), 2, "Two databases have one name"),
        (("serve", "--database", "a/x@y.db"), 2, "A database is named by the stem"),
        (("serve", "--database", "demo://user:secret@place"), 2, "A database is named by the stem"),
        (("serve", "--port", "99999"), 1, "port: Input should be less than or equal to 65535 (argument)"),
        (("config", "show", "--config", "absent.toml"), 1, "there is no configuration file absent.toml"),
        (("config", "explain", "prot"), 1, "there is no setting 'prot'; did you mean 'port'?"),
        (("plugins", "info", "absent"), 1, "no plugin 'absent' is installed"),
        (("plugins", "hooks", "synthdb_route"), 1, "did you mean 'synthdb_routes'?"),
        (("databases", "list", "--data", "/proc/absent"), 1, "data folder /proc/absent: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_said_in_one_message(
    synthdb: Any, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    """Exit code 2 for wrong usage, 1 for failure."""
    message = synthdb(*arguments, code=code).stderr

    assert "Error: " in message
    assert complaint in message


def test_a_broken_configuration_file_does_not_keep_help_from_working(synthdb: Any, tmp_path: Path) -> None:
    """Whoever must mend the file can still ask how."""
    (tmp_path / "synthdb.toml").write_text("port =")

    assert "Show and explain the configuration." in synthdb("--help").stdout
    assert "synthdb.toml: Invalid value" in synthdb("config", "show", code=1).stderr


def test_init_makes_what_serve_needs_and_keeps_what_is_there(synthdb: Any, tmp_path: Path) -> None:
    """It can be run again, and the file it writes is valid and shows every setting."""
    assert "Next: cd place && synthdb serve\n" in synthdb("init", "place").stdout
    file = tmp_path / "place" / "synthdb.toml"
    example = file.read_text()
    file.write_text("port = 9\n")
    synthdb("init", "place")

    assert "port = 9\n" == file.read_text()
    assert (tmp_path / "place" / "synthdb-data" / "control.db").is_file()
    assert "# max_rows = 10000" in example
    uncommented = example.replace("\n# ", "\n").replace('admin_token = ""', "")
    (tmp_path / "all.toml").write_text(uncommented.partition("\n")[2])
    shown = synthdb("config", "explain", "limits.max_rows", "--config", "all.toml").stdout
    assert shown.startswith("limits.max_rows = 10000  (all.toml:")


MODEL = """
import pydantic


class Model(pydantic.BaseModel):
    size: int = pydantic.Field(default=3, description="how many")
    key: pydantic.SecretStr | None = None
"""


def test_the_configuration_is_shown_with_plugin_sections_and_without_secrets(site: Any, synthdb: Any) -> None:
    """Redaction goes by type: what a plugin declares secret is never printed."""
    site.add("sized", manifest='settings = "sized.model:Model"', files={"model.py": MODEL})
    variables = {
        "SYNTHDB_PLUGINS__ENABLED": "sized",
        "SYNTHDB_PLUGINS__SIZED__KEY": "hunter2",
        "SYNTHDB_ADMIN_TOKEN": "hunter2",
    }
    shown = json.loads(synthdb("config", "show", "--json", **variables).stdout)
    text = synthdb("config", "explain", "plugins.sized", **variables).stdout

    assert (3, "**********", "**********") == (
        shown["plugins.sized.size"], shown["plugins.sized.key"], shown["admin_token"]
    )  # fmt: skip
    assert "plugins.sized.key = **********  (environment SYNTHDB_PLUGINS__SIZED__KEY)" in text
    assert "plugins.sized.size = 3  (default)" in text


def test_schema_and_example_contain_the_sections_of_plugins(site: Any, synthdb: Any) -> None:
    """Editors and operators see what can be set."""
    site.add("sized", manifest='settings = "sized.model:Model"', files={"model.py": MODEL})
    enabled = {"SYNTHDB_PLUGINS__ENABLED": "sized"}
    schema = json.loads(synthdb("config", "schema", **enabled).stdout)

    assert "size" in schema["$defs"]["PluginsSection"]["properties"]["sized"]["properties"]
    assert "[plugins.sized]\n# size = 3" in synthdb("config", "example", **enabled).stdout


def test_databases_are_listed_with_where_they_live(synthdb: Any, tmp_path: Path) -> None:
    """Also as JSON."""
    Directory(Control(tmp_path / "synthdb-data")).add("shop", "other:shop")

    (listed,) = json.loads(synthdb("databases", "list", "--json").stdout)
    assert ("shop", "other:shop", "active", None) == tuple(listed[key] for key in ("name", "url", "state", "tenant"))
    assert "shop" in synthdb("databases", "list").stdout


def test_serve_takes_databases_by_path_and_url_and_leaves_no_data_folder(site: Any, tmp_path: Path) -> None:
    """Their names are the file's stem."""
    arguments = (
        "serve",
        "--port",
        "0",
        "--database",
        "shop.db",
        "--database",
        "other://host/stock.db?mode=ro",
    )
    server = subprocess.Popen(
        [sys.executable, "-m", "synthdb_host", *arguments],
        stdout=subprocess.PIPE, text=True, env=site.environ(), cwd=tmp_path,
    )  # fmt: skip
    try:
        assert server.stdout
        address = server.stdout.readline().split()[4]
        page = httpx.get(address, headers={"Accept": "text/html"}, timeout=30).text
    finally:
        server.terminate()
        server.communicate(timeout=30)

    assert ("shop" in page, "stock" in page) == (True, True)
    assert not (tmp_path / "synthdb-data").exists()


OPERATORS = (Path(__file__).resolve().parents[2] / "docs" / "operators.md").read_text(encoding="utf-8")


def test_the_configuration_on_the_page_for_operators_is_valid(synthdb: Any, tmp_path: Path) -> None:
    """It can be copied; the plugin it disables is only an example."""
    blocks = re.findall(r"^```toml\n(.*?)^```", OPERATORS, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "synthdb.toml").write_text("\n".join(blocks))

    assert "plugins.required = core>=0.1" in synthdb("config", "show").stdout
