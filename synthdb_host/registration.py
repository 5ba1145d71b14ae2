"""Plugins as registered with pluggy: linted, asked in plugin order, and blamed by name.

The manager lives only while the host is set up; what remains are tuples of bound calls.
"""

import inspect
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pluggy

from synthdb_host.hookspecs import PROJECT, SEALED, HostSpecs
from synthdb_host.selection import closest

__all__ = ["Observers", "Registry", "blame"]

_log = logging.getLogger(__name__)


class Registry:
    """The plugins of one host while it is set up."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(HostSpecs)

    def register(self, plugin: str, instance: object) -> None:
        """Register a plugin's hook implementations.

        Raises:
            TypeError: a hook is misspelt, unmarked, async, of the wrong signature, or wraps a sealed hook.
        """
        problems = _unmarked(instance)
        try:
            self._manager.register(instance, plugin)
        except (pluggy.PluginValidationError, ValueError) as error:
            raise TypeError(" ".join(str(error).split())) from error
        for caller in self._manager.get_hookcallers(instance) or ():
            problems += [
                problem
                for found in caller.get_hookimpls()
                if found.plugin_name == plugin and (problem := _flaw(caller, found))
            ]
        if problems:
            self._manager.unregister(name=plugin)
            raise TypeError("; ".join(problems))

    def implements(self, plugin: str, hook: str) -> bool:
        """Say whether a plugin implements a hook itself, not just wraps it."""
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        return any(one.plugin_name == plugin and not one.wrapper for one in implementations)

    def call(self, plugin: str, hook: str) -> Callable[..., list[Any]]:
        """Give the call of one plugin's implementation alone, inside the wrappers of the others."""
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        others = [one.plugin for one in implementations if one.plugin_name != plugin and not one.wrapper]
        caller: Callable[..., list[Any]] = self._manager.subset_hook_caller(hook, others)
        return caller

    def hooks(self, instance: object) -> frozenset[str]:
        """Name the hooks that a plugin implements or wraps."""
        return frozenset(caller.name for caller in self._manager.get_hookcallers(instance) or ())

    def observers(self, order: Sequence[str]) -> "Observers":
        """Freeze the implementations of ``synthdb_observed``, in plugin order."""
        found = sorted(
            self._manager.hook.synthdb_observed.get_hookimpls(), key=lambda one: order.index(one.plugin_name)
        )
        return Observers([(one.plugin_name, one.function, one.argnames) for one in found])


class Observers:
    """Tells plugins what has happened; their errors are logged and counted, and never reach the caller."""

    def __init__(self, found: Sequence[tuple[str, Callable[..., object], Sequence[str]]]) -> None:
        names = ("database", "operation", "principal", "outcome")
        self._calls = tuple(
            (plugin, function, tuple(names.index(name) for name in wanted)) for plugin, function, wanted in found
        )
        self.errors: Counter[str] = Counter()

    def __bool__(self) -> bool:
        return bool(self._calls)

    def __call__(self, *event: object) -> None:
        """Tell all plugins, in plugin order."""
        for plugin, function, wanted in self._calls:
            try:
                function(*[event[index] for index in wanted])
            except Exception:  # noqa: BLE001 - an event's errors are isolated by contract, counted and logged
                self.errors[plugin] += 1
                _log.exception("plugin %s failed in synthdb_observed", plugin)


def blame(error: BaseException, package: Path | None = None) -> str:
    """Give the place of an error, ``file:line``: the innermost in the package, else outside the host."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    host = (str(Path(__file__).parent), "<frozen importlib", str(Path(pluggy.__file__).parent))
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not one.filename.startswith(host)]
    own = [one for one in frames if package and one.filename.startswith(str(package))] or frames
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""


def _unmarked(instance: object) -> list[str]:
    """Find methods that look like hooks but are not marked, which pluggy passes over."""
    owner = instance if inspect.ismodule(instance) else type(instance)
    return [
        f"{name} is not marked with @hookimpl"
        for name in dir(owner)
        if name.startswith(f"{PROJECT}_") and not hasattr(getattr(owner, name), f"{PROJECT}_impl")
    ]


def _flaw(caller: pluggy.HookCaller, found: pluggy.HookImpl) -> str | None:
    """Say what is wrong with one hook implementation and would pass pluggy."""
    if not caller.has_spec():
        hooks = [name for name in vars(HostSpecs) if name.startswith(PROJECT)]
        return None if found.optionalhook else f"there is no hook {caller.name}{closest(caller.name, hooks)}"
    if found.hookwrapper:
        return f"{caller.name} uses hookwrapper=True; use wrapper=True"
    if found.wrapper:
        return f"{caller.name} is sealed: no wrapper may stand around it" if caller.name in SEALED else None
    if inspect.iscoroutinefunction(found.function) or inspect.isasyncgenfunction(found.function):
        return f"{caller.name} is async; hooks are synchronous, what suspends is a callable of a record"
    return None
