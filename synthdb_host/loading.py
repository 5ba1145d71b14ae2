"""The loader: from installed plugins to registered instances and their frozen contributions.

Discover, select, check, order, import, configure, register, collect: each step is tried for every plugin, and
everything that goes wrong is kept. A plugin that fails at one step is left out of the next ones.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from synthdb_host.commands import command_clashes
from synthdb_host.contributions import HOOKS, Contribution, checked, clashes, strays, switched_off
from synthdb_host.discovery import Candidate, Problem, ambiguous, discover, read_manifest, unknown_names
from synthdb_host.errors import ConfigurationError
from synthdb_host.manifest import Manifest
from synthdb_host.ordering import incompatible, order, unmet
from synthdb_host.registration import Registry, blame
from synthdb_host.selection import Selection, closest
from synthdb_host.settings import HostSettings
from synthdb_host.targets import load_target

__all__ = ["LoadedPlugin", "Loader", "label", "settings_model"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that is active, with the hooks it implements; importing and registering took ``seconds``."""

    id: str
    version: str
    distribution: str
    manifest: Manifest
    instance: object
    package: Path | None = None
    hooks: frozenset[str] = frozenset()
    state: Literal["active"] = "active"
    seconds: float = 0.0


class _NoSettings(BaseModel):
    """The settings of a plugin that has none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Keeps what goes wrong inside it as a problem; only what stops the process passes."""

    problems: list[Problem]
    whose: str
    step: str
    package: Path | None
    hint: str

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if not isinstance(error, Exception | SystemExit):
            return False
        known = isinstance(error, ConfigurationError)
        _log.debug("%s failed at step %s", self.whose, self.step, exc_info=error)
        what = str(error) if known else f"{type(error).__name__}: {error}"
        where = "" if known else blame(error, self.package)
        self.problems.append(Problem(self.whose, self.step, what, self.hint, where))
        return True


class Loader:
    """Loads plugins step by step; ``problems`` holds what went wrong."""

    def __init__(self, settings: HostSettings) -> None:
        self.settings = settings
        self.registry = Registry()
        self.problems: list[Problem] = []
        self.sections: dict[str, BaseModel] = {}

    def load(self, explicit: Mapping[str, object], *, discovering: bool) -> tuple[LoadedPlugin, ...]:
        """Bring plugins from where they are found to registered."""
        installed = discover() if discovering else ()
        if discovering:
            self._check_names(installed)
        wanted = [one for one in installed if self.settings.selection.wants(one.names)]
        given = [one for id_, instance in explicit.items() if (one := self._given(id_, instance))]
        candidates = self._check((*wanted, *given))
        loaded = [
            self._activate(one, one.manifest, explicit.get(one.id)) for one in self._ordered(candidates) if one.manifest
        ]
        return tuple(plugin for plugin in loaded if plugin)

    def collect(self, plugins: tuple[LoadedPlugin, ...]) -> dict[str, tuple[Contribution[Any], ...]]:
        """Ask every contribution hook of every plugin."""
        labels = {plugin.id: label(plugin) for plugin in plugins}
        collected: dict[str, tuple[Contribution[Any], ...]] = dict.fromkeys(HOOKS, ())
        for hook in HOOKS:
            for plugin in plugins:
                if self.registry.implements(plugin.id, hook):
                    with self.attempt(labels[plugin.id], hook, plugin.package):
                        for answer in self.registry.call(plugin.id, hook)():
                            collected[hook] += checked(hook, plugin.manifest, answer)
        self.problems += [*clashes(collected, labels), *strays(collected, labels)]
        commanded = {f"{one.id}.{command.api}" for one in plugins for command in one.manifest.commands if command.api}
        self.problems += switched_off(collected, self.settings.disabled_apis, commanded)
        return collected

    def attempt(self, whose: str, step: str, package: Path | None = None, hint: str = "") -> "_Attempt":
        """Give a block whose failure becomes a problem of a plugin."""
        return _Attempt(self.problems, whose, step, package, hint)

    def _given(self, id_: str, instance: object) -> Candidate | None:
        """Describe a plugin instance given by the program."""
        with self.attempt(f"plugin {id_}", "manifest"):
            package, manifest = None, getattr(instance, "manifest", None)
            if not isinstance(manifest, Manifest):
                manifest, _, package = read_manifest(type(instance).__module__)
            if manifest.id != id_:
                raise ConfigurationError(f"is given as {id_!r}, but its manifest says {manifest.id!r}")
            return Candidate("", "", id_, "", package, manifest=manifest)
        return None

    def _check_names(self, installed: tuple[Candidate, ...]) -> None:
        """Check the names in the configuration against what is installed."""
        self.problems += unknown_names(installed, self.settings.selection)
        known = {one.id for one in installed}
        for name in self.settings.plugins.model_extra or {}:
            if name not in known:
                what = f"no plugin {name!r} is installed{closest(name, {*known, *Selection.__struct_fields__})}"
                source = self.settings.source(f"plugins.{name}")
                self.problems.append(Problem(f"plugins.{name}", "configure", what, where=source))

    def _check(self, candidates: tuple[Candidate, ...]) -> list[Candidate]:
        """Check manifests and versions; nothing is imported yet."""
        self.problems += [*ambiguous(candidates), *command_clashes(candidates)]
        fit: dict[str, Candidate] = {}
        for one in candidates:
            reason = one.problem or (incompatible(one.manifest) if one.manifest else None)
            if reason:
                hint = f"fix or update it, or disable it: plugins.disabled = [{one.distribution or one.id!r}]"
                self.problems.append(Problem(str(one), "check", reason, hint))
            else:
                fit.setdefault(one.id, one)
        versions = {one.id: one.version for one in fit.values()}
        missing = [reason for name in self.settings.selection.required if (reason := unmet(name, versions))]
        self.problems += [Problem("plugins.required", "check", reason, "install or enable it") for reason in missing]
        return list(fit.values())

    def _ordered(self, candidates: list[Candidate]) -> list[Candidate]:
        by_id = {one.id: one for one in candidates}
        ids, problems = order(candidates)
        self.problems += problems
        return [by_id[id_] for id_ in ids]

    def _activate(self, one: Candidate, manifest: Manifest, given: object) -> LoadedPlugin | None:
        """Import, configure and register one plugin."""
        begin, before = time.perf_counter(), len(self.problems)
        whose, instance = str(one), given
        with self.attempt(whose, "import", one.package, manifest.docs and f"see {manifest.docs}"):
            if one.target:
                found = load_target(one.target)
                instance = found() if callable(found) else found
        with self.attempt(whose, "configure", one.package):
            model = settings_model(manifest)
            self.sections[one.id] = self.settings.section(one.id, model)
        if len(self.problems) == before:
            with self.attempt(whose, "register", one.package):
                self.registry.register(one.id, instance)
        if len(self.problems) > before:
            return None
        hooks, seconds = self.registry.hooks(instance), time.perf_counter() - begin
        return LoadedPlugin(
            one.id, one.version, one.distribution, manifest, instance, one.package, hooks, seconds=seconds
        )


def settings_model(manifest: Manifest) -> type[BaseModel]:
    """Import the model of a plugin's settings.

    Raises:
        ConfigurationError: the target is not a pydantic model.
    """
    model = load_target(manifest.settings) if manifest.settings else _NoSettings
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigurationError(f"settings {manifest.settings!r} is not a pydantic model")
    return model


def label(plugin: LoadedPlugin) -> str:
    """Name a plugin with version and distribution, as in the report of problems."""
    return str(Candidate(plugin.distribution, plugin.version, plugin.id, "", manifest=plugin.manifest))
