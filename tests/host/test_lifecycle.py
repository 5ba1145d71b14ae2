"""What happens to plugins of a built host: start-up, workers, events."""

import logging
from typing import Any

import pytest

from synthdb_host.contracts import Outcome, Principal, Route
from synthdb_host.errors import StartupError
from synthdb_host.hookspecs import hookimpl
from synthdb_host.manager import Host
from synthdb_host.manifest import Manifest
from synthdb_host.operations import Select
from synthdb_host.scheduling import EmbeddedScheduler
from synthdb_host.settings import HostSettings

pytestmark = pytest.mark.usefixtures("clean")

EVENT = ("db", Select("t"), Principal("p"), Outcome(None, 0.1, 3))


def build(*plugins: Any) -> Host:
    """Build a host of these plugins alone."""
    given = {plugin.manifest.id: plugin for plugin in plugins}
    return Host.build(HostSettings(), plugins=given, discover=False, databases={})


class Diary:
    """A plugin that notes what it is told."""

    def __init__(self, id_: str, notes: list[str], fails: str = "") -> None:
        self.manifest = Manifest(id=id_, host_api=">=1.0,<2")
        self.notes, self.fails = notes, fails

    def note(self, what: str) -> None:
        self.notes.append(f"{self.manifest.id} {what}")
        if what == self.fails:
            raise ValueError(f"cannot {what}")

    @hookimpl
    def synthdb_startup(self, host: Host) -> None:
        self.note("startup")

    @hookimpl
    def synthdb_worker_start(self, host: Host) -> None:
        self.note("start")

    @hookimpl
    def synthdb_worker_stop(self, host: Host) -> None:
        self.note("stop")

    @hookimpl
    def synthdb_observed(self, outcome: Outcome, database: str) -> None:
        self.note(f"{database} {outcome.rows}" if self.fails != "observe" else "observe")


def test_a_worker_starts_plugins_in_order_and_stops_them_in_reverse() -> None:
    """A plugin may rely, until its end, on those that it comes after."""
    notes: list[str] = []
    host = build(Diary("b", notes), Diary("a", notes))
    host.start_worker(EmbeddedScheduler())
    host.stop_worker()

    assert ["a startup", "b startup", "a start", "b start", "b stop", "a stop"] == notes


def test_start_up_failures_of_all_plugins_are_reported_together() -> None:
    """``synthdb_startup`` is asked of every plugin before the host gives up."""
    with pytest.raises(StartupError) as caught:
        build(Diary("a", [], "startup"), Diary("b", [], "startup"))

    assert 2 == len(caught.value.problems)
    assert "plugin b, synthdb_startup: ValueError: cannot startup" in str(caught.value)
    assert "test_lifecycle.py:" in str(caught.value)


def test_start_up_is_not_asked_when_something_is_already_wrong() -> None:
    """A plugin never starts in half a host."""
    notes: list[str] = []
    broken = type("Broken", (), {"manifest": Manifest(id="b", host_api=">=9")})()
    with pytest.raises(StartupError):
        build(Diary("a", notes), broken)

    assert [] == notes


def test_a_worker_whose_plugin_fails_to_start_does_not_start() -> None:
    """The error names the plugin."""
    host = build(Diary("a", [], "start"))
    with pytest.raises(StartupError, match="plugin a, synthdb_worker_start: ValueError: cannot start"):
        host.start_worker(EmbeddedScheduler())


def test_a_plugin_that_fails_to_stop_does_not_keep_others_from_stopping(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The failure is logged with the plugin's name."""
    notes: list[str] = []
    host = build(Diary("a", notes), Diary("b", notes, "stop"))
    host.stop_worker()

    assert "a stop" == notes[-1]
    assert ["plugin b failed in synthdb_worker_stop"] == [record.message for record in caplog.records]


def test_an_event_reaches_all_plugins_with_the_arguments_they_take() -> None:
    """A plugin may take fewer arguments than the hook has."""
    notes: list[str] = []
    build(Diary("b", notes), Diary("a", notes)).observed(*EVENT)

    assert ["a db 3", "b db 3"] == notes[-2:]


def test_a_plugin_that_fails_at_an_event_is_isolated_logged_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The caller and the other plugins never notice."""
    caplog.set_level(logging.ERROR)
    notes: list[str] = []
    host = build(Diary("a", notes, "observe"), Diary("b", notes))
    host.observed(*EVENT)
    host.observed(*EVENT)

    assert {"a": 2} == host.observer_errors
    assert ["b db 3", "b db 3"] == [note for note in notes if note.startswith("b db")]
    assert "plugin a failed in synthdb_observed" == caplog.records[0].message


def test_a_built_host_offers_nothing_to_register_with() -> None:
    """What was checked at start-up is what runs: the records are frozen, and no plugin manager is kept."""
    host = build(Diary("a", []))

    assert [] == [name for name in vars(host) if "manager" in type(vars(host)[name]).__name__.lower()]
    with pytest.raises(TypeError):
        host.contributions.storage_backends["x"] = None  # type: ignore[index]  # to fail is the test
    with pytest.raises(AttributeError):
        host.contributions.routes.append(Route("/", lambda host: None))  # type: ignore[attr-defined]  # to fail is the test


def test_each_plugin_gets_its_own_settings_only(site: Any) -> None:
    """The section is validated into the model that the manifest names."""
    model = "import pydantic\n\nclass Model(pydantic.BaseModel):\n    size: int = 3\n"
    site.add("sized", "from synthdb_host import *\n", 'settings = "sized.model:Model"', files={"model.py": model})
    project = site.projects / "sized" / "src" / "sized" / "plugin.py"
    project.write_text("class Plugin: pass\n")
    settings = HostSettings(plugins={"autoload": False, "enabled": ("sized",), "sized": {"size": "5"}})

    assert 5 == Host.build(settings).plugin_settings("sized").size  # type: ignore[attr-defined]  # our model


def test_settings_of_all_plugins_are_checked_in_one_pass(site: Any) -> None:
    """Unknown keys and wrong values are named with plugin, key and source."""
    model = "import pydantic\n\nclass Model(pydantic.BaseModel):\n    size: int\n    key: pydantic.SecretStr\n"
    site.add("sized", manifest='settings = "sized.model:Model"', files={"model.py": model})
    site.add("plain")
    sections = {"sized": {"siez": 1, "key": ["s3cret"]}, "plain": {"a": 1}}
    settings = {"autoload": False, "enabled": ("sized", "plain"), **sections}
    with pytest.raises(StartupError) as caught:
        Host.build(HostSettings(plugins=settings))

    report = str(caught.value)
    assert "plugins.sized.size: Field required (not set)" in report
    assert "plugins.sized.siez: Extra inputs are not permitted" in report
    assert "plugins.sized.key: Input should be a valid string" in report
    assert "plugins.plain.a: Extra inputs are not permitted" in report
    assert "s3cret" not in report
