"""Which plugins are installed, learnt from metadata and manifests alone: nothing of a plugin is imported."""

import importlib.util
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from synthdb_host.errors import ConfigurationError
from synthdb_host.manifest import MANIFEST, Manifest, parse_manifest
from synthdb_host.selection import ALL, Selection, canonical, closest

__all__ = [
    "GROUP",
    "Candidate",
    "Problem",
    "ambiguous",
    "discover",
    "find_packages",
    "pick",
    "read_manifest",
    "unknown_names",
]

GROUP = "synthdb.plugins"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a plugin from loading: whose, at which step, what, where, and what to do."""

    plugin: str
    step: str
    what: str
    hint: str = ""
    where: str = ""

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        advice = f" -> {self.hint}" if self.hint else ""
        return f"{self.plugin}, {self.step}: {self.what}{place}{advice}"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An installed plugin, or the ``problem`` why it cannot be one; then there is no manifest."""

    distribution: str
    version: str
    entry_point: str
    target: str
    package: Path | None = None
    text: str = ""
    manifest: Manifest | None = None
    problem: str | None = None

    @property
    def id(self) -> str:
        """The plugin's id; without a manifest, the entry point's name."""
        return self.manifest.id if self.manifest else self.entry_point

    @property
    def names(self) -> frozenset[str]:
        """All names by which operators may call this plugin, in canonical form."""
        return frozenset(canonical(name) for name in (self.id, self.distribution, self.entry_point) if name)

    def __str__(self) -> str:
        source = f" ({self.distribution})" if self.distribution else ""
        return f"plugin {self.id} {self.version}{source}".replace("  ", " ").rstrip()


def discover() -> tuple[Candidate, ...]:
    """Find every installed plugin, sorted by id. Of a distribution found twice the first counts."""
    found = [_candidate(entry) for entry in entry_points(group=GROUP)]
    return tuple(sorted(found, key=lambda candidate: (candidate.id, candidate.distribution, candidate.entry_point)))


def pick(candidates: tuple[Candidate, ...], name: str) -> Candidate:
    """Find the plugin called by its id, distribution or entry point.

    Raises:
        ConfigurationError: no installed plugin has this name.
    """
    for candidate in candidates:
        if canonical(name) in candidate.names:
            return candidate
    known = sorted({candidate.id for candidate in candidates})
    raise ConfigurationError(f"no plugin {name!r} is installed{closest(name, known)}")


def ambiguous(candidates: tuple[Candidate, ...]) -> list[Problem]:
    """Report ids that more than one distribution claims."""
    first: dict[str, Candidate] = {}
    problems = []
    for candidate in candidates:
        if (other := first.setdefault(candidate.id, candidate)) is not candidate:
            hint = f"uninstall one, or disable it: plugins.disabled = [{candidate.distribution!r}]"
            problems.append(Problem(str(candidate), "discover", f"has the same id as {other}", hint))
    return problems


def unknown_names(candidates: tuple[Candidate, ...], selection: Selection) -> list[Problem]:
    """Report names in the operator's lists that no installed plugin has."""
    known = {name for candidate in candidates for name in candidate.names}
    return [
        Problem(f"plugins.{key}", "select", f"no plugin {name!r} is installed{closest(name, known)}")
        for key, names in (("enabled", selection.enabled), ("disabled", selection.disabled))
        for name in names
        if canonical(name) not in known and name != ALL
    ]


def find_packages(module: str) -> list[tuple[ModuleSpec, Path]]:
    """Find the regular packages on the way to a module, innermost first, with their folders; imports nothing.

    Raises:
        ConfigurationError: there is none.
    """
    spec, name, path = None, "", None
    found: list[tuple[ModuleSpec, Path]] = []
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        spec = _spec(name, path)
        if spec is None or spec.submodule_search_locations is None:
            break
        path = list(spec.submodule_search_locations)
        if spec.origin:
            found.insert(0, (spec, Path(spec.origin).parent))
    if not found:
        raise ConfigurationError(f"package {name!r} cannot be found" if spec is None else f"{name!r} is not a package")
    return found


def _spec(name: str, path: list[str] | None) -> ModuleSpec | None:
    if path is None:
        try:
            return importlib.util.find_spec(name)
        except ValueError:  # the name is empty, or __main__
            return None
    specs = (finder.find_spec(name, path) for finder in sys.meta_path)
    return next((spec for spec in specs if spec), None)


def read_manifest(module: str) -> tuple[Manifest, str, Path]:
    """Read the manifest that goes with a module: parsed, as text, and the folder of its package.

    It is that of the innermost package on the way, so that several plugins may live in one package.

    Raises:
        ConfigurationError: there is no such package, none has a manifest, or the manifest is wrong.
    """
    packages = find_packages(module)
    for spec, package in packages:
        with suppress(OSError, AttributeError):
            data: bytes = spec.loader.get_data(str(package / MANIFEST))  # type: ignore[union-attr]  # ours have it
            text = data.decode("utf-8", "replace")
            return parse_manifest(text), text, package
    raise ConfigurationError(f"package {packages[-1][0].name!r} has no {MANIFEST} beside its __init__.py")


def _candidate(entry: EntryPoint) -> Candidate:
    """Read the manifest that goes with an entry point; a failure is kept as the candidate's problem."""
    name, version = (entry.dist.name, entry.dist.version) if entry.dist else ("", "")
    found = Candidate(name, version, entry.name, entry.value)
    try:
        manifest, text, package = read_manifest(entry.value.partition(":")[0].strip())
    except ConfigurationError as error:
        return replace(found, problem=str(error))
    return replace(found, manifest=manifest, text=text, package=package)
