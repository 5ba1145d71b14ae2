"""The manifest of a plugin, ``synthdb-plugin.toml``: read and checked without importing the plugin.

The file lies in the plugin's top-level import package. Keys that this version does not know are ignored when
the plugin runs and reported by ``synthdb plugins check``.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from synthdb_host.errors import ConfigurationError

__all__ = ["MANIFEST", "Command", "Manifest", "id_problem", "parse_manifest", "unknown_keys"]

MANIFEST: Final = "synthdb-plugin.toml"

_ID: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_COMMAND: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_TARGET: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_RESERVED: Final = frozenset({"host", "autoload", "disabled", "enabled", "required"})


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the plugin, ``synthdb NAME``; ``target`` is a click command, imported when called.

    With ``api`` it goes with an API of the plugin of this name, and is not there where ``disabled_apis`` has that.
    """

    name: str
    target: str
    help: str = ""
    api: str = ""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a plugin says about itself.

    ``requires`` and ``conflicts`` are plugin ids with an optional version range (``auth>=1.2``); ``after``
    are ids that come first if they are there. ``settings`` is the target ``module:Class`` of a pydantic
    model, ``migrations`` a folder of Alembic revisions inside the package. ``provides`` and ``permissions``
    are disclosed to the operator, they do not confine the plugin.
    """

    id: str
    host_api: str
    summary: str = ""
    stage: Literal["experimental", "beta", "stable", "deprecated"] = "experimental"
    docs: str = ""
    issues: str = ""
    requires: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    settings: str | None = None
    provides: tuple[str, ...] = ()
    top_level_paths: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    migrations: str | None = None
    commands: tuple[Command, ...] = ()


def parse_manifest(text: str) -> Manifest:
    """Read a manifest; keys it does not know are ignored.

    Raises:
        ConfigurationError: the text is not TOML, or a value is missing, of the wrong type or malformed.
    """
    try:
        manifest = msgspec.convert(tomllib.loads(text), Manifest)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{MANIFEST}: {error}") from error
    if problems := _malformed(manifest):
        raise ConfigurationError(f"{MANIFEST}: {'; '.join(problems)}")
    return manifest


def unknown_keys(text: str) -> tuple[str, ...]:
    """Name the keys of a manifest that this version does not know."""
    data = tomllib.loads(text)
    unknown = sorted(set(data) - set(Manifest.__struct_fields__))
    for number, command in enumerate(data.get("commands", ())):
        unknown += [f"commands[{number}].{key}" for key in sorted(set(command) - set(Command.__struct_fields__))]
    return tuple(unknown)


def id_problem(id_: str) -> str | None:
    """Say why a plugin cannot be called so, None if it can."""
    if _ID.fullmatch(id_) and id_ not in _RESERVED:
        return None
    return f"id {id_!r} must be lower-case letters, digits and _, a letter first, and none of {sorted(_RESERVED)}"


def _malformed(manifest: Manifest) -> list[str]:
    """Say what has the right type but not the right form."""
    problems = [problem] if (problem := id_problem(manifest.id)) else []
    targets: Mapping[str, Any] = {"settings": manifest.settings} | {
        f"commands.{command.name}": command.target for command in manifest.commands
    }
    problems += [
        f"{key}: {target!r} is not of the form 'package.module:name'"
        for key, target in targets.items()
        if target is not None and not _TARGET.fullmatch(target)
    ]
    problems += [
        f"command name {command.name!r} must be lower-case letters, digits and dashes"
        for command in manifest.commands
        if not _COMMAND.fullmatch(command.name)
    ]
    return problems
