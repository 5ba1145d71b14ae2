"""``synthdb plugins``: list and info import no plugin; check and hooks load them."""

import inspect

import click
import msgspec

from synthdb_host.commands_choice import disable, enable, graph, why
from synthdb_host.commands_lock import lock
from synthdb_host.commands_new import new
from synthdb_host.commands_purge import purge
from synthdb_host.discovery import Candidate, discover, pick
from synthdb_host.errors import ConfigurationError
from synthdb_host.hookspecs import HostSpecs
from synthdb_host.manifest import unknown_keys
from synthdb_host.ordering import incompatible
from synthdb_host.selection import Selection, closest
from synthdb_host.session import Session, config_options, print_json, print_rows

__all__ = ["plugins"]

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def plugins() -> None:
    """List, check, explain, choose, lock and begin plugins."""


for _command in (disable, enable, graph, lock, new, purge, why):
    plugins.add_command(_command)


@plugins.command("list")
@_json
@config_options
@click.pass_obj
def list_(session: Session, /, *, as_json: bool) -> None:
    """List installed plugins and whether they load. Imports none of them."""
    selection = Selection.read(session.options.get("config_file"))
    rows = [_row(candidate, selection) for candidate in discover()]
    print_rows(rows, "{id:<20} {version:<10} {state:<12} {summary} {reason}", as_json=as_json)


@plugins.command()
@click.argument("name")
@_json
def info(name: str, *, as_json: bool) -> None:
    """Show what the plugin NAME says about itself. Imports nothing of it."""
    candidate = pick(discover(), name)
    known = msgspec.to_builtins(candidate.manifest) if candidate.manifest else {}
    facts = {**_row(candidate, Selection.read()), "distribution": candidate.distribution, **known}
    if as_json:
        print_json(facts)
    else:
        rows = [{"key": key, "value": _text(value)} for key, value in facts.items() if value]
        print_rows(rows, "{key:<16} {value}", as_json=False)


@plugins.command()
@click.argument("name", required=False)
@_json
@config_options
@click.pass_obj
def check(session: Session, /, name: str | None, *, as_json: bool) -> None:
    """Load plugins, with a strict manifest. This is for their authors."""
    candidates = discover()
    chosen = [pick(candidates, name)] if name else list(candidates)
    problems = [
        f"{candidate}, manifest: unknown key {key!r}"
        for candidate in chosen
        if candidate.manifest
        for key in unknown_keys(candidate.text)
    ]
    if problems:
        raise ConfigurationError("\n".join(problems))
    active = {plugin.id for plugin in session.host().plugins}
    states = {True: "ok", False: "disabled, not loaded"}
    rows = [{"plugin": str(candidate), "state": states[candidate.id in active]} for candidate in chosen]
    print_rows(rows, "{plugin}: {state}", as_json=as_json)


@plugins.command()
@click.argument("name", required=False)
@_json
@config_options
@click.pass_obj
def hooks(session: Session, /, name: str | None, *, as_json: bool) -> None:
    """List hooks and their plugins, in the order in which those are asked."""
    specs = {key: value for key, value in vars(HostSpecs).items() if key.startswith("synthdb_")}
    if name and name not in specs:
        raise ConfigurationError(f"there is no hook {name!r}{closest(name, specs)}")
    rows = [
        {
            "hook": hook,
            "summary": (inspect.getdoc(specs[hook]) or "").partition("\n")[0],
            "plugins": [plugin.id for plugin in session.host().plugins if hook in plugin.hooks],
        }
        for hook in ([name] if name else specs)
    ]
    print_rows(rows, "{hook:<28} {plugins!s:<20} {summary}", as_json=as_json)


def _text(value: object) -> object:
    """Write the lists of a manifest with commas, and its commands by their names."""
    if not isinstance(value, tuple):
        return value
    return ", ".join(str(item["name"] if isinstance(item, dict) else item) for item in value)


def _row(candidate: Candidate, selection: Selection) -> dict[str, str]:
    """Say of one plugin whether it loads, and why not."""
    state, reason = "active", ""
    if not selection.wants(candidate.names):
        state = "disabled"
    elif candidate.manifest is None:
        state, reason = "broken", candidate.problem or ""
    elif unfit := incompatible(candidate.manifest):
        state, reason = "incompatible", unfit
    summary = candidate.manifest.summary if candidate.manifest else ""
    facts = (candidate.id, candidate.version, state, summary, reason)
    return dict(zip(("id", "version", "state", "summary", "reason"), facts, strict=True))
