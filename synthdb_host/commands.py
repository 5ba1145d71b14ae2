"""The commands of ``synthdb``: the host's own and those that manifests name; listing imports none."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from synthdb_host.discovery import Candidate, Problem
from synthdb_host.manifest import Command

__all__ = ["HOST_COMMANDS", "command_clashes", "find_commands"]

HOST_COMMANDS: Mapping[str, Command] = MappingProxyType(
    {
        name: Command(name=name, target=f"synthdb_host.{target}", help=text)
        for name, target, text in (
            ("config", "commands_config:config", "Show and explain the configuration."),
            ("databases", "commands_databases:databases", "List, make, archive and remove databases."),
            ("init", "commands_init:init", "Make a data folder and a configuration file."),
            ("jobs", "commands_jobs:jobs", "List, run and stop background work."),
            ("placements", "commands_placements:placements", "List and make placements of databases."),
            ("plugins", "commands_plugins:plugins", "List, check and explain plugins."),
            ("serve", "commands_serve:serve", "Serve the databases over HTTP."),
            ("tenants", "commands_tenants:tenants", "List and make tenants."),
            ("version", "commands_version:version", "Print the version."),
        )
    }
)


def find_commands(
    candidates: Iterable[Candidate], disabled: Collection[str] = ()
) -> dict[str, list[tuple[str, Command]]]:
    """Find all commands by name, each with the label of who offers it; several claimants are a clash.

    Those of ``disabled`` APIs, ``plugin.name``, are left out.
    """
    found = {name: [("the host", command)] for name, command in HOST_COMMANDS.items()}
    for candidate in candidates:
        if candidate.manifest is None:
            continue
        for command in candidate.manifest.commands:
            if not (command.api and f"{candidate.manifest.id}.{command.api}" in disabled):
                found.setdefault(command.name, []).append((str(candidate), command))
    return found


def command_clashes(candidates: Iterable[Candidate]) -> list[Problem]:
    """Report commands that several plugins, or a plugin and the host, offer."""
    return [
        Problem(other, "check", f"command {name!r} is already taken by {claims[0][0]}", "disable one of the two")
        for name, claims in find_commands(candidates).items()
        for other, _ in claims[1:]
    ]
