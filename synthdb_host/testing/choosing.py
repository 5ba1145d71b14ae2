"""Which of the installed plugins the hosts and servers of a test run load.

Whatever is installed loads by itself, in the environment of whoever develops plugins, too: one that lets nobody in
would close the servers of all tests. So a project names in pytest's configuration what its tests are about, with
``synthdb_plugins = ["core"]``, and a test that wants others says so.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final

from synthdb_host.discovery import discover
from synthdb_host.selection import canonical

__all__ = ["CHOICE", "choose", "installed", "without_settings"]

CHOICE: Final = ("SYNTHDB_PLUGINS__AUTOLOAD", "SYNTHDB_PLUGINS__ENABLED")
"""The variables that hold the choice; what else there is in the environment is of no concern to tests."""


def choose(names: Iterable[str]) -> dict[str, str]:
    """Give the variables by which these plugins load and no others."""
    return dict(zip(CHOICE, ("false", json.dumps(list(names))), strict=True))


def installed(names: Iterable[str]) -> list[str]:
    """Give those of these plugins that are installed here."""
    known = {name for candidate in discover() for name in candidate.names}
    return [name for name in names if canonical(name) in known]


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Give an environment in which nothing is set for the host but the choice of plugins."""
    return {key: text for key, text in environment.items() if key in CHOICE or not key.startswith("SYNTHDB_")}
