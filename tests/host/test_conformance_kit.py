"""The kit for authors of plugins: hosts, clients, recorder and servers that tests can use."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from synthdb_memory.plugin import plugin as memory

import synthdb_host
from synthdb_host.access import LOCAL
from synthdb_host.contracts import UNRESTRICTED, Context, Route
from synthdb_host.errors import UnsupportedCapability
from synthdb_host.hookspecs import HostSpecs, hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import Insert, Select
from synthdb_host.selection import canonical
from synthdb_host.stepping import run
from synthdb_host.testing.choosing import installed, without_settings
from synthdb_host.testing.hosting import ApiClient
from synthdb_host.testing.needing import needs
from synthdb_host.testing.recording import HookRecorder
from synthdb_host.testing.serving import LiveServer
from synthdb_host.testing.session import Session

ME = Context(LOCAL)
DATABASES = {"db": "memory://db"}
MEMORY = Path(__file__).resolve().parents[1] / "plugins" / "memory"


class Echo:
    """A plugin with one HTTP resource."""

    manifest = Manifest(id="echo", host_api=">=1.0,<2")

    @hookimpl
    def synthdb_routes(self) -> tuple[Route, ...]:
        return (Route("/{word}", EchoResource),)


class EchoResource:
    def __init__(self, host: Host) -> None:
        self._host = host

    async def on_get(self, req: Any, resp: Any, word: str) -> None:
        await self._host.gate.execute("db", Insert.of("words", [{"word": word}]), ME)
        result = await self._host.gate.execute("db", Select("words"), ME)
        resp.data = result.json()


def test_a_host_has_the_plugins_given_and_no_others(make_host: Callable[..., Host]) -> None:
    """Nothing that is installed on the machine gets in."""
    host = make_host({"memory": memory}, databases=DATABASES)
    assert ["memory"] == [plugin.id for plugin in host.plugins]
    run(host.gate.execute("db", Insert.of("people", [{"name": "Ada"}]), ME))
    assert b'[{"id":1,"name":"Ada"}]' == run(host.gate.execute("db", Select("people"), ME)).json()


def test_settings_of_the_machine_do_not_reach_a_test(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The environment of whoever runs the tests changes nothing."""
    monkeypatch.setenv("SYNTHDB_PORT", "nonsense")
    make_host = request.getfixturevalue("make_host")
    assert 8000 == make_host({}, databases={}).settings.port


def test_two_hosts_live_side_by_side(make_host: Callable[..., Host]) -> None:
    """Each with databases of its own."""
    first, second = (make_host({"memory": memory}, databases=DATABASES) for _ in range(2))
    run(first.gate.execute("db", Insert.of("people", [{"name": "Ada"}]), ME))
    assert {} == run(second.databases.get("db").catalog()).tables


def test_the_recorder_knows_every_hook(hook_recorder: HookRecorder) -> None:
    """A new hook is recorded without a change of the kit."""
    hooks = {name for name in vars(HostSpecs) if name.startswith("synthdb_")}
    assert hooks == {name for name in dir(hook_recorder) if name.startswith("synthdb_")}


def test_the_recorder_tells_which_hooks_fired(make_host: Callable[..., Host], hook_recorder: HookRecorder) -> None:
    """Starting, working and stopping fire the hooks that their pages say, so often, and no other."""
    host = make_host({"memory": memory, "recorder": hook_recorder}, databases=DATABASES)
    contributions = {name: 1 for name, spec in vars(HostSpecs).items() if "Sequence" in str(_returned(spec))}
    hook_recorder.expect(synthdb_startup=1, synthdb_worker_start=1, **contributions)
    run(host.gate.execute("db", Insert.of("people", [{"name": "Ada"}]), ME))
    run(host.gate.execute("db", Select("people"), ME))
    hook_recorder.expect(synthdb_observed=2)
    with pytest.raises(AssertionError):
        hook_recorder.expect(synthdb_observed=2)
    host.stop_worker()
    hook_recorder.expect(synthdb_worker_stop=1)


def _returned(spec: object) -> object:
    return getattr(spec, "__annotations__", {}).get("return", "")


def test_a_client_reaches_a_plugins_resource(make_client: Callable[..., ApiClient]) -> None:
    """The worker and its databases live across requests."""
    client = make_client({"memory": memory, "echo": Echo()}, databases=DATABASES)
    assert [{"id": 1, "word": "a"}] == client.get("/x/echo/a").json
    assert ["a", "b"] == [row["word"] for row in client.get("/x/echo/b").json]
    assert 404 == client.get("/nowhere").status_code
    assert 405 == client.post("/x/echo/a", json={}).status_code
    assert 200 == client.get("/healthz/ready").status_code


@pytest.mark.slow
def test_a_live_server_serves_an_installed_plugin(
    live_server: Callable[..., LiveServer], site: Any, tmp_path: Path
) -> None:
    """The in-memory plugin, installed as any other, opens databases of a real gunicorn."""
    source = shutil.copytree(MEMORY, tmp_path / "source", ignore=shutil.ignore_patterns("__pycache__"))
    site.make_offline(source)
    install = (sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--no-cache")
    subprocess.run([*install, "--target", tmp_path / "installed", source], check=True)
    path = {"PYTHONPATH": str(tmp_path / "installed")}
    server = live_server("--database", "memory://db", environment=path, plugins=["memory"])
    with urllib.request.urlopen(server.url, timeout=30) as response:
        page = response.read().decode()
    assert "memory" in page
    assert 0 == server.stop()


@pytest.mark.slow
def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The error has what the server printed."""
    with pytest.raises(RuntimeError, match="No such option"):
        LiveServer(tmp_path, "--no-such-option")


def test_production_code_does_not_import_the_kit() -> None:
    """The kit needs pytest, which a server has not."""
    package = Path(synthdb_host.__file__).parent
    production = [path for path in package.rglob("*.py") if "testing" not in path.relative_to(package).parts]
    importing = re.compile(r"^\s*(?:from|import) synthdb_host\.testing", re.MULTILINE)
    assert [] == [path.name for path in production if importing.search(path.read_text("utf-8"))]


def test_a_capability_test_runs_where_the_capability_is_declared(make_host: Callable[..., Host]) -> None:
    """Its failure is a failure."""
    session = Session(make_host({"memory": memory}, databases=DATABASES).databases.get("db"))

    @needs("define")
    def failing(self: object, session: Session) -> None:
        raise AssertionError("it ran")

    with pytest.raises(AssertionError, match="it ran"):
        failing(None, session)


def test_a_capability_test_must_be_refused_where_it_is_not_declared(make_host: Callable[..., Host]) -> None:
    """A storage that does what it does not declare fails the suite."""
    session = Session(make_host({"memory": memory}, databases=DATABASES).databases.get("db"))

    @needs("sql")
    def working(self: object, session: Session) -> None:
        session.insert("people", {"name": "Ada"})

    @needs("sql")
    def refused(self: object, session: Session) -> None:
        raise UnsupportedCapability("no SQL here")

    refused(None, session)
    with pytest.raises(pytest.fail.Exception):
        working(None, session)


def test_a_refused_operation_must_leave_nothing_behind(make_host: Callable[..., Host]) -> None:
    """The session of the suite compares everything before and after."""
    session = Session(make_host({"memory": memory}, databases=DATABASES).databases.get("db"), UNRESTRICTED)

    def write_and_fail() -> None:
        session.insert("people", {"name": "Ada"})
        session.rows("nowhere")

    with pytest.raises(AssertionError), session.refused("unknown_table"):
        write_and_fail()
    with pytest.raises(AssertionError, match="unknown_table"), session.refused("conflict"):
        session.rows("nowhere")


def test_a_test_run_chooses_what_loads(tmp_path: Path) -> None:
    """A plugin that is installed here, but not named in pytest's configuration, is in no server of a test."""
    chosen = {canonical(name) for name in json.loads(os.environ["SYNTHDB_PLUGINS__ENABLED"])}
    assert "false" == os.environ["SYNTHDB_PLUGINS__AUTOLOAD"]
    assert not chosen & {"auth", "synthdb-auth"}
    assert {"SYNTHDB_PLUGINS__ENABLED": "[]", "PATH": "x"} == without_settings(
        {"SYNTHDB_PLUGINS__ENABLED": "[]", "SYNTHDB_PORT": "1", "PATH": "x"}
    )
    assert [] == installed(["nobody-has-this"])
