"""``synthdb plugins enable``, ``disable``, ``why`` and ``graph``: the choice of plugins. None imports a plugin."""

import os

import click

from synthdb_host.choosing import choose, dependants, reason
from synthdb_host.discovery import Candidate, discover, pick
from synthdb_host.errors import ConfigurationError
from synthdb_host.selection import Selection
from synthdb_host.session import Session, config_options, print_json, print_rows

__all__ = ["disable", "enable", "graph", "why"]

_name = click.argument("name")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_dry_run = click.option("--dry-run", is_flag=True, help="Only print the configuration file as it would be.")


@click.command()
@_name
@_dry_run
@config_options
@click.pass_obj
def enable(session: Session, /, name: str, *, dry_run: bool) -> None:
    """Let the plugin NAME load from the next start on, by the configuration file."""
    _choose(session, pick(discover(), name), enabled=True, dry_run=dry_run)


@click.command()
@_name
@click.option("--force", is_flag=True, help="Also where other plugins need it.")
@_dry_run
@config_options
@click.pass_obj
def disable(session: Session, /, name: str, *, force: bool, dry_run: bool) -> None:
    """Let the plugin NAME not load any more from the next start on. Its data stay."""
    candidates = discover()
    one, selection = pick(candidates, name), Selection.read(session.options.get("config_file"))
    if (others := dependants(one, candidates, selection)) and not force:
        raise ConfigurationError(
            f"{', '.join(others)} would not load without {one.id}; disable those first, or --force"
        )
    _choose(session, one, enabled=False, dry_run=dry_run)


@click.command()
@_name
@_json
@config_options
@click.pass_obj
def why(session: Session, /, name: str, *, as_json: bool) -> None:
    """Say why the plugin NAME loads, or why it does not, and which others need it."""
    config_file, candidates = session.options.get("config_file"), discover()
    one, selection = pick(candidates, name), Selection.read(config_file)
    said = reason(one, selection, config_file)
    needed = dependants(one, candidates, selection)
    if as_json:
        print_json({"id": one.id, "loads": said.startswith("loads"), "reason": said, "needed_by": needed})
        return
    click.echo(f"{one} {said}.")
    if needed:
        click.echo(f"It is needed by {', '.join(needed)}.")


@click.command()
@_json
@config_options
@click.pass_obj
def graph(session: Session, /, *, as_json: bool) -> None:
    """Show which plugins require, come after or exclude which others."""
    selection = Selection.read(session.options.get("config_file"))
    rows = [row for one in discover() for row in _edges(one, loads=selection.wants(one.names))]
    print_rows(rows, "{plugin} {relation} {other}", as_json=as_json)


def _edges(one: Candidate, *, loads: bool) -> list[dict[str, object]]:
    manifest = one.manifest
    if manifest is None:
        return []
    return [
        {"plugin": one.id, "relation": relation, "other": other, "loads": loads}
        for relation, others in (
            ("requires", manifest.requires),
            ("after", manifest.after),
            ("conflicts with", manifest.conflicts),
        )
        for other in others
    ]


def _choose(session: Session, one: Candidate, *, enabled: bool, dry_run: bool) -> None:
    path, text = choose(one, enabled=enabled, config_file=session.options.get("config_file"), environ=os.environ)
    if dry_run:
        click.echo(text, nl=False)
        return
    is_new = not path.exists() or path.read_text("utf-8") != text
    if is_new:
        path.write_text(text, "utf-8")
    state = "enabled" if enabled else "disabled"
    click.echo(f"{one.id} is {state} in {path}." if is_new else f"{one.id} was {state} before; {path} stays as it is.")
