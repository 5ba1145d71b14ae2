"""``synthdb plugins lock``: write down which plugins may run, or compare."""

from pathlib import Path

import click

from synthdb_host.discovery import discover
from synthdb_host.errors import ConfigurationError
from synthdb_host.locking import LOCK_FILE, LockedPlugin, drift, fingerprint, locked, read_lock, write_lock
from synthdb_host.selection import Selection, find_config
from synthdb_host.session import Session, config_options, print_json

__all__ = ["lock", "require_locked"]


@click.command()
@click.option("--check", is_flag=True, help="Only compare; exit code 1 if something has changed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_options
@click.pass_obj
def lock(session: Session, /, *, check: bool, as_json: bool) -> None:
    """Write which plugins load, their files and permissions, to synthdb.lock beside the configuration.

    `synthdb serve --locked` then starts with exactly these, and with no others. Imports none of them.
    """
    config_file = session.options.get("config_file")
    path, plugins = _path(config_file), _loading(config_file)
    if check:
        require_locked(config_file)
    else:
        write_lock(path, plugins)
    if as_json:
        print_json({"file": str(path), "fingerprint": fingerprint(plugins), "plugins": [one.id for one in plugins]})
    else:
        said = "is as it was locked" if check else "written"
        click.echo(f"{path} {said}: {len(plugins)} plugins, fingerprint {fingerprint(plugins)}")


def require_locked(config_file: Path | None) -> None:
    """Refuse to go on with other plugins than those that were locked.

    Raises:
        ConfigurationError: there is no lock, or it is not kept; says everything that has changed.
    """
    path = _path(config_file)
    if found := drift(read_lock(path), _loading(config_file)):
        lines = "".join(f"\n  - {line}" for line in found)
        raise ConfigurationError(f"the plugins are not those of {path}:{lines}\n  `synthdb plugins lock` accepts them")


def _path(config_file: Path | None) -> Path:
    found = find_config(config_file)
    return (found.parent if found else Path()) / LOCK_FILE


def _loading(config_file: Path | None) -> tuple[LockedPlugin, ...]:
    selection = Selection.read(config_file)
    return locked([one for one in discover() if selection.wants(one.names)])
