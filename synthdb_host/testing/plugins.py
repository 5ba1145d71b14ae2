"""The conformance suite of plugins of any kind: what an operator may expect of each."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, Final

import click
import pytest
from click.testing import CliRunner

from synthdb_host.discovery import Candidate, discover, pick
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest, unknown_keys
from synthdb_host.ordering import required
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.session import Session
from synthdb_host.settings import HostSettings
from synthdb_host.targets import load_target
from synthdb_host.testing.choosing import choose, without_settings
from synthdb_host.testing.hosting import ApiClient

__all__ = ["PluginSuite"]

_IMPORTING: Final = """
import importlib, json, os, sys, threading
before = set(os.listdir("."))
importlib.import_module(sys.argv[1])
seen = {"threads": [one.name for one in threading.enumerate()[1:]], "files": sorted(set(os.listdir(".")) - before)}
print("\\n" + json.dumps(seen))
"""


class PluginSuite:
    """What an operator may expect of every plugin; an author subclasses it and names his own, which is installed.

    ::

        class TestPlugin(PluginSuite):
            plugin = "hello"

    It is tried with the plugins that it requires, and no others. ``settings`` are variables of the environment
    without which it does not start.
    """

    plugin: ClassVar[str]
    settings: ClassVar[Mapping[str, str]] = {}

    @pytest.fixture
    def candidate(self) -> Candidate:
        """Give what is known of the plugin without importing it."""
        return pick(discover(), self.plugin)

    @pytest.fixture
    def manifest(self, candidate: Candidate) -> Manifest:
        """Give its manifest."""
        assert candidate.manifest is not None, candidate.problem
        return candidate.manifest

    @pytest.fixture
    def make_alone(self, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Host]:
        """Make hosts of the plugin and of what it requires, in a folder of their own."""
        chosen = choose([manifest.id, *_required(manifest)])
        for name in os.environ.keys() - without_settings(os.environ):
            monkeypatch.delenv(name)
        for name, text in {**chosen, **self.settings}.items():
            monkeypatch.setenv(name, text)
        return lambda: Host.build(HostSettings(data=tmp_path / "data"))

    def test_its_manifest_says_what_it_is(self, candidate: Candidate, manifest: Manifest) -> None:
        """It has a summary, and no key that means nothing."""
        assert manifest.summary
        assert () == unknown_keys(candidate.text)

    def test_importing_it_does_nothing(self, candidate: Candidate, tmp_path: Path) -> None:
        """No thread, no file, not a word: it is imported by every process, also by those that fork."""
        module = candidate.target.partition(":")[0]
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", _IMPORTING, module],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (0, "") == (done.returncode, done.stderr)
        said, _, seen = done.stdout.rstrip().rpartition("\n")
        assert "" == said
        assert {"threads": [], "files": []} == json.loads(seen)

    def test_it_starts_and_stops(self, make_alone: Callable[[], Host]) -> None:
        """What it opened it closes, and it can be started again on the same data."""
        for _ in range(2):
            host, before = make_alone(), set(threading.enumerate())
            host.migrate()
            host.start_worker(EmbeddedScheduler())
            host.stop_worker()
            assert set() == {thread for thread in set(threading.enumerate()) - before if thread.is_alive()}

    def test_it_contributes_to_each_host_its_own(self, make_alone: Callable[[], Host]) -> None:
        """Two hosts in one process do not share what it keeps."""
        first, second = ([one.instance for one in make_alone().plugins] for _ in range(2))
        assert [] == [one for one in first if any(one is other for other in second)]

    def test_its_commands_have_help(self, manifest: Manifest) -> None:
        """Each can be loaded, and says what it is for."""
        for command in manifest.commands:
            target = load_target(command.target)
            assert isinstance(target, click.Command), command.name
            shown = CliRunner().invoke(target, ["--help"], obj=Session())
            assert (0, True) == (shown.exit_code, bool(command.help and target.help)), command.name

    def test_nothing_that_it_answers_is_its_own_failure(
        self, make_alone: Callable[[], Host], manifest: Manifest
    ) -> None:
        """Whatever is asked of its addresses, by whomever: an answer or a problem with a code."""
        host = make_alone()
        host.migrate()
        with ApiClient(host) as client:
            for path in _paths(host, manifest.id):
                for method, options in _asked():
                    answer = client.request(method, path, **options)
                    assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (method, path, answer.text)
                    assert answer.status_code < HTTPStatus.BAD_REQUEST or "code" in answer.json, (method, path)

    def test_the_host_starts_without_it(self, make_alone: Callable[[], Host], monkeypatch: pytest.MonkeyPatch) -> None:
        """On the data that it leaves, which is kept for when it comes back."""
        make_alone().migrate()
        monkeypatch.setenv("SYNTHDB_PLUGINS__DISABLED", json.dumps([self.plugin]))
        host = make_alone()
        host.migrate()
        assert self.plugin not in [one.id for one in host.plugins]


def _required(manifest: Manifest) -> list[str]:
    """Name the plugins that one requires, and what those require."""
    found: dict[str, None] = {}
    wanted = required(manifest)
    while wanted:
        other = pick(discover(), wanted.pop())
        if other.id not in found and other.manifest:
            found[other.id] = None
            wanted |= required(other.manifest)
    return list(found)


def _paths(host: Host, plugin: str) -> list[str]:
    """Give the addresses of a plugin's routes, with something in the place of what they leave open."""
    found = [(f"/x/{plugin}", one.record.path) for one in host.contributions.routes if one.plugin == plugin]
    return [f"{mount}{path}".replace("{", "").replace("}", "") for mount, path in found]


def _asked() -> list[tuple[str, dict[str, Any]]]:
    rubbish = {"body": b"\xff{", "headers": {"Content-Type": "application/json"}}
    stranger = {"headers": {"Authorization": "Bearer nobody"}, "host": "example.org"}
    return [("GET", {}), ("GET", stranger), ("POST", rubbish), ("DELETE", {})]
