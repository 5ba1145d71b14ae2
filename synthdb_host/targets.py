"""Targets, ``package.module:name``: how manifests and records name what is imported when it is needed."""

import importlib
from operator import attrgetter
from types import ModuleType
from typing import Any

from synthdb_host.errors import ConfigurationError

__all__ = ["load_module", "load_target"]


def load_module(name: str) -> ModuleType:
    """Import a module by name."""
    return importlib.import_module(name)  # noqa: TID251 - the one place where modules are imported by name


def load_target(target: str) -> Any:  # noqa: ANN401 - what it is, only the caller can know
    """Import what a target names.

    Raises:
        ConfigurationError: the target is malformed.
        Exception: whatever the module raises when it is imported, or AttributeError.
    """
    module, _, name = target.partition(":")
    if not name:
        raise ConfigurationError(f"{target!r} is not of the form 'package.module:name'")
    return attrgetter(name)(load_module(module))
