"""Which of the installed plugins load: the ``plugins`` section of the configuration.

Read here without any plugin's settings, so that ``synthdb plugins list`` works when the rest of the
configuration does not.
"""

import contextlib
import difflib
import json
import os
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import msgspec

from synthdb_host.errors import ConfigurationError

__all__ = [
    "ALL",
    "CONFIG_FILE",
    "Selection",
    "canonical",
    "closest",
    "disabled_apis",
    "find_config",
    "names",
    "read_toml",
]

CONFIG_FILE = "synthdb.toml"
ALL = "*"
"""In ``disabled``: every plugin."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's choice of plugins.

    With ``autoload`` every installed plugin loads, else those in ``enabled``. ``disabled`` wins over all and
    is applied before anything is imported; ``*`` there is every plugin. ``required`` are ids, with an optional version
    range, without which the host does not start.
    """

    autoload: bool = True
    enabled: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @classmethod
    def read(cls, config_file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the choice from the configuration file and ``SYNTHDB_PLUGINS__*``.

        Raises:
            ConfigurationError: the file cannot be read, or a value is of the wrong type.
        """
        path = find_config(config_file, environ)
        file = read_toml(path) if path else {}
        if str(environ.get("SYNTHDB_SAFE_MODE", file.get("safe_mode", ""))).lower() in ("1", "true", "yes", "on"):
            return cls.safe()
        data: dict[str, Any] = dict(file.get("plugins", {}))
        for key in cls.__struct_fields__:
            if (text := environ.get(f"SYNTHDB_PLUGINS__{key.upper()}")) is not None:
                data[key] = text if key == "autoload" else names(text)
        try:
            return msgspec.convert(data, cls, strict=False)
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"[plugins]: {error}") from error

    @classmethod
    def safe(cls) -> Self:
        """Give the choice of safe mode: no plugin, and none is required."""
        return cls(autoload=False, disabled=(ALL,))

    def wants(self, names: Collection[str]) -> bool:
        """Say whether a plugin known by these names (id, distribution, entry point) is to load."""
        if ALL in self.disabled:
            return False
        chosen = self.autoload or any(canonical(name) in names for name in self.enabled)
        return chosen and not any(canonical(name) in names for name in self.disabled)


def disabled_apis(config_file: Path | None = None, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Read which APIs are left out, where the rest of the configuration need not be right.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    path = find_config(config_file, environ)
    text = environ.get("SYNTHDB_DISABLED_APIS")
    found = (read_toml(path).get("disabled_apis", ()) if path else ()) if text is None else names(text)
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def canonical(name: str) -> str:
    """Give the form in which names of plugins and distributions are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def find_config(config_file: Path | None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """Find the configuration file: the one given, ``SYNTHDB_CONFIG_FILE``, or ``synthdb.toml`` here.

    Raises:
        ConfigurationError: the file asked for does not exist.
    """
    asked = config_file or (Path(environ["SYNTHDB_CONFIG_FILE"]) if environ.get("SYNTHDB_CONFIG_FILE") else None)
    if asked is None:
        return Path(CONFIG_FILE) if Path(CONFIG_FILE).is_file() else None
    if not asked.is_file():
        raise ConfigurationError(f"there is no configuration file {asked}")
    return asked


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        ConfigurationError: the file cannot be read or is not TOML.
    """
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: {error}") from error


def closest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name that was probably meant, as the end of a sentence."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def names(value: object) -> object:
    """Read a list that came as text from the environment: JSON, or names divided by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        with contextlib.suppress(ValueError):
            return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]
