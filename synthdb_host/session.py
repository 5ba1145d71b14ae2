"""What a command of ``synthdb`` works with: the settings and the host, made when first asked for."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from synthdb_host.manager import Host
    from synthdb_host.settings import HostSettings

__all__ = ["Session", "config_options", "database_url", "print_json", "print_rows"]

_SQLITE = "sqlite:///"
_URL = re.compile(r"[a-z][a-z0-9+.-]+:")

F = TypeVar("F", bound=Callable[..., Any])


class Session:
    """The ``ctx.obj`` of every command; ``options`` are the command line's settings.

    A plugin's command is a click command that takes it with ``@click.pass_obj``::

        @click.command()
        @config_options
        @click.pass_obj
        def count(session: Session) -> None:
            with session.started() as host:
                click.echo(len(host.databases.names()))
    """

    def __init__(self) -> None:
        self.options: dict[str, Any] = {}
        self._settings: HostSettings | None = None
        self._host: Host | None = None

    def settings(self) -> "HostSettings":
        """Give the settings.

        Raises:
            ConfigurationError: something in them is wrong.
        """
        if self._settings is None:
            from synthdb_host.settings import HostSettings  # noqa: PLC0415 - not every command needs them

            self._settings = HostSettings.load(**self.options)
        return self._settings

    def host(self) -> "Host":
        """Give a host with the installed plugins and the databases of the data folder; it is not started.

        Raises:
            StartupError: plugins have problems.
        """
        if self._host is None:
            from synthdb_host.manager import Host  # noqa: PLC0415 - not every command loads plugins

            self._host = Host.build(self.settings())
        return self._host

    @contextmanager
    def started(self) -> Iterator["Host"]:
        """Give the host with its databases open to use on this thread, and stop it afterwards."""
        from synthdb_host.scheduling import EmbeddedScheduler  # noqa: PLC0415 - imports the contract

        host = self.host()
        host.start_worker(EmbeddedScheduler())
        try:
            yield host
            host.consumers.flush()
        finally:
            host.stop_worker()


def config_options(command: F) -> F:
    """Give a click command ``--config FILE`` and ``--data DIR``; they go into the session's settings."""
    for name, parameter, path, text in (
        ("data", "--data", click.Path(file_okay=False, path_type=Path), "Folder of all data."),
        ("config_file", "--config", click.Path(dir_okay=False, path_type=Path), "Configuration file."),
    ):
        command = click.option(parameter, name, type=path, expose_value=False, callback=_keep, help=text)(command)
    return command


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    if value is not None and parameter.name:
        context.find_object(Session).options[parameter.name] = value  # type: ignore[union-attr]  # main makes one


def database_url(source: str) -> str:
    """Give the URL of a database that was given by its URL or path; it means the same from every folder."""
    path = source.removeprefix(_SQLITE)
    return source if _URL.match(path) else f"{_SQLITE}{Path(path).absolute()}"


def print_json(value: object) -> None:
    """Print a value as indented JSON."""
    click.echo(json.dumps(value, indent=2, default=str))


def print_rows(rows: Sequence[Mapping[str, object]], line: str, *, as_json: bool) -> None:
    """Print rows as JSON or each by the format ``line``; lists are written with commas."""
    if as_json:
        print_json(rows)
    for row in () if as_json else rows:
        texts = {key: ", ".join(value) if isinstance(value, list) else value for key, value in row.items()}
        click.echo(line.format_map(texts).rstrip())
