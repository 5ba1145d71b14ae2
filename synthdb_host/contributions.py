"""What all plugins contribute: collected, checked for type and clashes, and frozen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from synthdb_host.contracts import (
    ApiGenerator,
    Authenticator,
    Authorizer,
    HealthCheck,
    MediaType,
    Permission,
    Policy,
    Route,
    StorageBackend,
)
from synthdb_host.discovery import Problem
from synthdb_host.manifest import Manifest

__all__ = ["HOOKS", "Contribution", "Contributions", "checked", "clashes", "freeze", "prefix"]

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Contribution(Generic[R]):
    """A record with the id of the plugin that contributed it."""

    plugin: str
    record: R


@dataclass(frozen=True, slots=True)
class Contributions:
    """The records of all plugins, in plugin order."""

    storage_backends: Mapping[str, Contribution[StorageBackend]] = field(default_factory=dict)
    api_generators: tuple[Contribution[ApiGenerator], ...] = ()
    media_types: tuple[Contribution[MediaType], ...] = ()
    routes: tuple[Contribution[Route], ...] = ()
    permissions: tuple[Contribution[Permission], ...] = ()
    authenticators: Mapping[str, Contribution[Authenticator]] = field(default_factory=dict)
    authorizers: tuple[Contribution[Authorizer], ...] = ()
    policies: tuple[Contribution[Policy], ...] = ()
    health_checks: tuple[Contribution[HealthCheck], ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    """A contribution hook: the type of its records, and the names that only one record may have."""

    record: type
    names: Callable[[str, Any], Mapping[str, str]]
    keyed: bool = False


def prefix(plugin: str) -> str:
    """Give the path below which a plugin's routes lie."""
    return f"/x/{plugin}"


def _only(attribute: str) -> Callable[[str, Any], Mapping[str, str]]:
    return lambda _, record: {attribute: getattr(record, attribute)}


_KINDS = MappingProxyType(
    {
        "synthdb_storage_backends": _Kind(StorageBackend, _only("scheme"), keyed=True),
        "synthdb_api_generators": _Kind(ApiGenerator, lambda _, r: {"name": r.name, "path": r.mount}),
        "synthdb_media_types": _Kind(MediaType, lambda _, r: {"name": r.name, "suffix": r.suffix}),
        "synthdb_routes": _Kind(Route, lambda plugin, r: {"path": prefix(plugin) + r.path}),
        "synthdb_permissions": _Kind(Permission, _only("action")),
        "synthdb_authenticators": _Kind(Authenticator, _only("scheme"), keyed=True),
        "synthdb_authorizers": _Kind(Authorizer, _only("name")),
        "synthdb_policies": _Kind(Policy, _only("name")),
        "synthdb_health_checks": _Kind(HealthCheck, _only("name")),
    }
)
HOOKS = tuple(_KINDS)
"""The contribution hooks, all of which are asked once."""


def checked(hook: str, manifest: Manifest, answer: object) -> tuple[Contribution[Any], ...]:
    """Check one plugin's answer to a contribution hook.

    Raises:
        TypeError: it is not a list or tuple of the hook's records.
        ValueError: a path is not one that the plugin may have.
    """
    wanted = _KINDS[hook].record
    if not isinstance(answer, list | tuple):
        raise TypeError(f"returned {type(answer).__name__}, not a list of {wanted.__name__}")
    for record in answer:
        if not isinstance(record, wanted):
            raise TypeError(f"returned a {type(record).__name__} among its {wanted.__name__} records")
        _check_path(manifest, record)
    return tuple(Contribution(manifest.id, record) for record in answer)


def clashes(collected: Mapping[str, Sequence[Contribution[Any]]], labels: Mapping[str, str]) -> list[Problem]:
    """Report names that two records claim. Paths of routes and of API generators are one name space."""
    problems = []
    first: dict[tuple[str, str, str], str] = {}
    for hook, contributions in collected.items():
        for one in contributions:
            for what, name in _KINDS[hook].names(one.plugin, one.record).items():
                key = ("" if what == "path" else hook, what, name)
                if key in first:
                    text = f"{what} {name!r} is already taken by {labels[first[key]]}"
                    problems.append(Problem(labels[one.plugin], hook, text, "disable one of the two"))
                first.setdefault(key, one.plugin)
    return problems


def freeze(collected: Mapping[str, Sequence[Contribution[Any]]]) -> Contributions:
    """Freeze what was collected per hook."""
    fields: dict[str, Any] = {}
    for hook, found in collected.items():
        keyed = {getattr(one.record, "scheme", ""): one for one in found}
        fields[hook.removeprefix("synthdb_")] = MappingProxyType(keyed) if _KINDS[hook].keyed else tuple(found)
    return Contributions(**fields)


def _check_path(manifest: Manifest, record: object) -> None:
    if isinstance(record, Route) and not record.path.startswith("/"):
        raise ValueError(f"route {record.path!r} must start with '/'")
    if isinstance(record, ApiGenerator):
        allowed = (prefix(manifest.id), *manifest.top_level_paths)
        if not any(record.mount == path or record.mount.startswith(f"{path}/") for path in allowed):
            raise ValueError(f"mount {record.mount!r} is neither below {allowed[0]} nor in top_level_paths")
