"""The order in which plugins are registered: by ``requires`` and ``after``, ties by id."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from synthdb_host.discovery import Candidate, Problem
from synthdb_host.hookspecs import HOOK_API
from synthdb_host.manifest import Manifest

__all__ = ["incompatible", "order", "required", "unmet"]


def incompatible(manifest: Manifest) -> str | None:
    """Say why a plugin does not fit this host's hooks, None if it does."""
    try:
        fits = SpecifierSet(manifest.host_api).contains(HOOK_API)
    except InvalidSpecifier:
        return f"host_api {manifest.host_api!r} is not a version range such as '>=1.0,<2'"
    return None if fits else f"needs host_api {manifest.host_api}, this host has {HOOK_API}"


def unmet(requirement: str, versions: Mapping[str, str]) -> str | None:
    """Say why ``name`` or ``name>=1.2`` is not satisfied by these plugins, None if it is."""
    wanted = _parse(requirement)
    if wanted is None:
        return f"{requirement!r} is not of the form 'plugin>=1.2'"
    if wanted.name not in versions:
        return f"plugin {wanted.name!r} is not active"
    version = versions[wanted.name]
    if not version or wanted.specifier.contains(version, prereleases=True):
        return None
    return f"plugin {wanted.name!r} is active with version {version}, not {wanted.specifier}"


def order(candidates: Sequence[Candidate]) -> tuple[list[str], list[Problem]]:
    """Order plugin ids so that each comes after what it needs; also report what is missing or in conflict."""
    versions = {one.id: one.version for one in candidates}
    manifests = {one.id: one.manifest for one in candidates if one.manifest}
    labels = {one.id: str(one) for one in candidates}
    problems = [issue for id_, found in manifests.items() for issue in _unsatisfied(labels[id_], found, versions)]
    try:
        return _sorted(
            {id_: (required(found) | set(found.after)) & versions.keys() for id_, found in manifests.items()}
        ), problems
    except CycleError as error:
        cycle: list[str] = error.args[1]
        text = "these wait for each other: " + " -> ".join(labels[id_] for id_ in cycle)
        return sorted(manifests), [*problems, Problem(labels[cycle[0]], "order", text)]


def _unsatisfied(label: str, manifest: Manifest, versions: Mapping[str, str]) -> list[Problem]:
    missing = (unmet(requirement, versions) for requirement in manifest.requires)
    found = [
        Problem(label, "order", f"needs another plugin: {reason}", "install or enable it")
        for reason in missing
        if reason
    ]
    return found + [
        Problem(label, "order", f"conflicts with plugin {rival!r}", "disable one of the two")
        for rival in manifest.conflicts
        if unmet(rival, versions) is None
    ]


def required(manifest: Manifest) -> set[str]:
    """Name the plugins without which one does not load."""
    return {wanted.name for name in manifest.requires if (wanted := _parse(name))}


def _parse(requirement: str) -> Requirement | None:
    try:
        return Requirement(requirement)
    except InvalidRequirement:
        return None


def _sorted(graph: Mapping[str, set[str]]) -> list[str]:
    """Sort topologically; of those that are ready the smallest id comes first."""
    sorter = TopologicalSorter(graph)
    ready: list[str] = []
    result: list[str] = []
    sorter.prepare()
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        result.append(ready.pop(0))
        sorter.done(result[-1])
    return result
