"""The operator's choice of plugins, changed in the configuration file and explained."""

import os
from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError

from synthdb_host.discovery import Candidate
from synthdb_host.errors import ConfigurationError
from synthdb_host.ordering import incompatible, required
from synthdb_host.provenance import Provenance
from synthdb_host.selection import ALL, CONFIG_FILE, Selection, canonical, find_config

__all__ = ["choose", "dependants", "reason"]


def reason(one: Candidate, selection: Selection, config_file: Path | None = None) -> str:
    """Say why a plugin loads, or why it does not."""
    source = Provenance.trace({}, os.environ, find_config(config_file)).source
    if ALL in selection.disabled:
        return f"does not load: no plugin does, by safe_mode ({source('safe_mode')})"
    if any(canonical(name) in one.names for name in selection.disabled):
        return f"does not load: plugins.disabled names it ({source('plugins', 'disabled')})"
    if one.manifest is None:
        return f"does not load: {one.problem}"
    if unfit := incompatible(one.manifest):
        return f"does not load: {unfit}"
    if any(canonical(name) in one.names for name in selection.enabled):
        return f"loads: plugins.enabled names it ({source('plugins', 'enabled')})"
    if selection.autoload:
        return f"loads: every installed plugin does, by plugins.autoload ({source('plugins', 'autoload')})"
    where = source("plugins", "autoload")
    return f"does not load: plugins.autoload is off ({where}), and plugins.enabled does not name it"


def dependants(one: Candidate, candidates: tuple[Candidate, ...], selection: Selection) -> list[str]:
    """Name the plugins that load and need another one."""
    return [
        other.id
        for other in candidates
        if other.manifest and selection.wants(other.names) and one.id in required(other.manifest)
    ]


def choose(one: Candidate, *, enabled: bool, config_file: Path | None, environ: Mapping[str, str]) -> tuple[Path, str]:
    """Give the configuration file as it must be for a plugin to load, or not to; nothing is written.

    What else is in the file stays as it is, comments too.

    Raises:
        ConfigurationError: the environment decides, or the file cannot be read.
    """
    for key in ("ENABLED", "DISABLED"):
        if f"SYNTHDB_PLUGINS__{key}" in environ:
            raise ConfigurationError(f"the environment decides: SYNTHDB_PLUGINS__{key} is set")
    path = find_config(config_file, environ) or Path(CONFIG_FILE)
    selection = Selection.read(config_file, environ)
    try:
        document = tomlkit.parse(path.read_text("utf-8") if path.exists() else "")
    except (OSError, ValueError, TOMLKitError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    section = document.setdefault("plugins", tomlkit.table())
    without = [name for name in selection.disabled if canonical(name) not in one.names]
    chosen = [name for name in selection.enabled if canonical(name) not in one.names]
    _set(section, "disabled", without if enabled else [*without, one.id])
    _set(section, "enabled", chosen if selection.autoload or not enabled else [*chosen, one.id])
    return path, tomlkit.dumps(document)


def _set(section: tomlkit.items.Table, key: str, names: list[str]) -> None:
    if names or key in section:
        section[key] = names
