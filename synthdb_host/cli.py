"""``synthdb``: the host's commands and those of installed plugins, each imported when it is called."""

import logging
import os
import sys
import traceback
from collections.abc import Sequence

import click

from synthdb_host.commands import HOST_COMMANDS, find_commands
from synthdb_host.discovery import Candidate, discover
from synthdb_host.errors import ConfigurationError, RequestError, SynthDBError
from synthdb_host.manifest import Command
from synthdb_host.selection import Selection, disabled_apis
from synthdb_host.session import Session
from synthdb_host.targets import load_target

__all__ = ["main", "run", "synthdb"]

_log = logging.getLogger(__name__)


class _Deferred(click.Command):
    """A command known by name and help; its target is imported when it is called."""

    def __init__(self, owner: str, command: Command) -> None:
        super().__init__(command.name, short_help=command.help, help=command.help)
        self._owner, self._target = owner, command.target

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """Let the real command parse its arguments and run."""
        return self._load().make_context(info_name, args, parent, **extra)

    def _load(self) -> click.Command:
        try:
            command = load_target(self._target)
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}: {error}"
            raise ConfigurationError(f"{self._owner}: command {self.name!r} cannot be imported: {what}") from error
        if not isinstance(command, click.Command):
            raise ConfigurationError(f"{self._owner}: {self._target} is not a click command")
        return command


class _Group(click.Group):
    """The top-level group: the host's commands, and those that the manifests of wanted plugins name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let safe mode begin before the commands of plugins are looked for."""
        if "--safe-mode" in args:
            os.environ["SYNTHDB_SAFE_MODE"] = "true"
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands; only the host's own if the configuration cannot be read."""
        try:
            return sorted(find_commands(_wanted(), disabled_apis()))
        except ConfigurationError:
            return sorted(HOST_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give a command that imports its code when called."""
        if cmd_name in HOST_COMMANDS:
            return _Deferred("the host", HOST_COMMANDS[cmd_name])
        claims = find_commands(_wanted(), disabled_apis()).get(cmd_name, [])
        if len(claims) > 1:
            owners = " and by ".join(owner for owner, _ in claims)
            raise ConfigurationError(f"command {cmd_name!r} is offered by {owners}; disable one")
        return _Deferred(*claims[0]) if claims else None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(None, "--version", package_name="synthdb-host", message="synthdb %(version)s")
@click.option("--safe-mode", is_flag=True, help="Load no plugin, to repair what one of them breaks.")
def synthdb(*, safe_mode: bool) -> None:
    """A data platform composed of plugins."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``synthdb`` and exit: 0 done, 1 failed, 2 wrong usage. An error is a message, not a traceback."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run ``synthdb`` and give the exit code."""
    try:
        code = synthdb.main(arguments, prog_name="synthdb", standalone_mode=False, obj=Session())
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _failed("interrupted", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else flushing at exit fails again
        return 1
    except RequestError as error:
        hint = f"\n  {error.hint}" if error.hint else ""
        where = f" ({error.where})" if error.where else ""
        return _failed(f"{error.detail}{where} [{error.code}]{hint}")
    except SynthDBError as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except Exception as error:  # noqa: BLE001 - the last resort: the user sees what and where, the log the rest
        _log.debug("unexpected error", exc_info=error)
        place = traceback.extract_tb(error.__traceback__)[-1]
        return _failed(f"{type(error).__name__}: {error} [internal_error, {place.filename}:{place.lineno}]")


def _failed(message: str, code: int = 1) -> int:
    click.echo(f"Error: {message}", err=True)
    return code


def _wanted() -> list[Candidate]:
    selection = Selection.read()
    return [candidate for candidate in discover() if selection.wants(candidate.names)]
