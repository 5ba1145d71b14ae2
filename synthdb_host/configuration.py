"""The configuration as text: an example file, a JSON schema, and what is in force with its sources."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from synthdb_host.discovery import discover
from synthdb_host.errors import ConfigurationError
from synthdb_host.loading import settings_model
from synthdb_host.selection import Selection, closest
from synthdb_host.settings import HostSettings

__all__ = ["effective", "example", "models", "schema"]

_HEADER = "# SynthDB. Each line shows a default. Environment variables such as SYNTHDB_PORT win over this file."


def models(selection: Selection) -> dict[str, type[BaseModel]]:
    """Import the settings model of each plugin that is to load and has one, and nothing else of it."""
    return {
        one.id: settings_model(one.manifest)
        for one in discover()
        if one.manifest and one.manifest.settings and selection.wants(one.names)
    }


def example(plugins: Mapping[str, type[BaseModel]]) -> str:
    """Give a configuration file with every setting, commented out at its default."""
    lines = [_HEADER, *_lines(HostSettings, ())]
    for plugin, model in plugins.items():
        lines += ["", f"[plugins.{plugin}]", *_lines(model, ("plugins", plugin))]
    return "\n".join(lines) + "\n"


def schema(plugins: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
    """Give the JSON schema of the configuration file, with the sections of these plugins."""
    result = HostSettings.model_json_schema()
    sections = result["$defs"]["PluginsSection"]["properties"]
    for plugin, model in plugins.items():
        section = model.model_json_schema(ref_template=f"#/$defs/{plugin}.{{model}}")
        result["$defs"] |= {f"{plugin}.{name}": part for name, part in section.pop("$defs", {}).items()}
        sections[plugin] = section
    return result


def effective(settings: HostSettings, plugins: Mapping[str, type[BaseModel]], key: str | None = None) -> dict[str, Any]:
    """Give all settings in force by dotted key, or those at and below one; secrets are masked by type.

    Raises:
        ConfigurationError: there is no such key, or a plugin's section is wrong.
    """
    values = settings.model_dump(mode="json")
    values["plugins"] = {name: values["plugins"][name] for name in Selection.__struct_fields__}
    for plugin, model in plugins.items():
        values["plugins"][plugin] = settings.section(plugin, model).model_dump(mode="json")
    found = dict(_flat(values))
    chosen = {name: value for name, value in found.items() if key is None or f"{name}.".startswith(f"{key}.")}
    if not chosen:
        raise ConfigurationError(f"there is no setting {key!r}{closest(str(key), found)}")
    return chosen


def _flat(values: Mapping[str, Any], *path: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, *path, key)
        else:
            yield ".".join((*path, key)), value


def _lines(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[str]:
    """Give the lines of a section, its own keys before its sub-sections as TOML wants it."""
    sections = {}
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            sections[name] = type(default)
        elif name != "config_file":
            text = f"# {name} = {_toml(default)}"
            yield f"{text:<40}  # {field.description}" if field.description else text
    for name, section in sections.items():
        yield ""
        yield f"[{'.'.join((*path, name))}]"
        yield from _lines(section, (*path, name))


def _toml(value: object) -> str:
    """Write a default as a TOML value; what has none, or is a secret, as an empty string."""
    if isinstance(value, bool | int | float | str | list | tuple):
        return json.dumps(value)
    return json.dumps(str(value)) if isinstance(value, Path) else '""'
