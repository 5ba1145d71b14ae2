"""The pytest plugin of the kit; pytest finds it through its entry point ``synthdb``."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from synthdb_host.manager import Host
    from synthdb_host.testing.hosting import ApiClient
    from synthdb_host.testing.recording import HookRecorder
    from synthdb_host.testing.serving import LiveServer

__all__ = [
    "hook_recorder",
    "live_server",
    "make_client",
    "make_host",
    "pytest_addoption",
    "pytest_configure",
    "synthdb_data",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project choose which plugins load in its tests."""
    parser.addini("synthdb_plugins", "installed plugins that load in tests; without it all do", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Make the choice, for this process and those that it starts."""
    chosen = config.getini("synthdb_plugins")
    if chosen:
        from synthdb_host.testing.choosing import choose, installed  # noqa: PLC0415 - loaded by every pytest run

        os.environ.update(choose(installed(chosen)))


@pytest.fixture
def synthdb_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder for one test, and no setting from this machine's environment but the choice of plugins."""
    from synthdb_host.testing.choosing import without_settings  # noqa: PLC0415 - loaded by every pytest run

    for name in os.environ.keys() - without_settings(os.environ):
        monkeypatch.delenv(name)
    return tmp_path / "data"


@pytest.fixture
def hook_recorder() -> "HookRecorder":
    """A plugin that counts which hooks fire; register it under the id ``recorder``."""
    from synthdb_host.testing.recording import record_hooks  # noqa: PLC0415 - loaded by every pytest run

    return record_hooks()


@pytest.fixture
def make_host(synthdb_data: Path) -> "Iterator[Callable[..., Host]]":
    """Make started hosts of given plugin instances: ``make_host({"mine": plugin}, databases={...})``.

    Everything runs at once on the calling thread. The arguments are those of ``build_host``.
    """
    from synthdb_host.scheduling import EmbeddedScheduler  # noqa: PLC0415 - loaded by every pytest run
    from synthdb_host.testing.hosting import build_host  # noqa: PLC0415 - loaded by every pytest run

    with ExitStack() as stack:

        def make(plugins: Mapping[str, object], **options: Any) -> "Host":
            host = build_host(synthdb_data, plugins, **options)
            host.start_worker(EmbeddedScheduler())
            stack.callback(host.stop_worker)
            return host

        yield make


@pytest.fixture
def make_client(synthdb_data: Path) -> "Iterator[Callable[..., ApiClient]]":
    """Make HTTP clients of hosts of given plugin instances; no socket is opened.

    The arguments are those of ``build_host``; the host is the client's ``host``.
    """
    from synthdb_host.testing.hosting import ApiClient, build_host  # noqa: PLC0415 - loaded by every pytest run

    with ExitStack() as stack:

        def make(plugins: Mapping[str, object], **options: Any) -> "ApiClient":
            return stack.enter_context(ApiClient(build_host(synthdb_data, plugins, **options)))

        yield make


@pytest.fixture
def live_server(tmp_path: Path) -> "Iterator[Callable[..., LiveServer]]":
    """Start real servers: ``live_server("--database", url).url``. They are stopped after the test."""
    from synthdb_host.testing.serving import LiveServer  # noqa: PLC0415 - loaded by every pytest run

    with ExitStack() as stack:

        def start(
            *arguments: str, environment: Mapping[str, str] | None = None, plugins: Sequence[str] | None = None
        ) -> "LiveServer":
            server = LiveServer(tmp_path, *arguments, environment=environment, plugins=plugins)
            stack.callback(server.close)
            return server

        yield start
