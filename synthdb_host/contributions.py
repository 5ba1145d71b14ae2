"""What all plugins contribute: collected, checked for type and clashes, and frozen."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from synthdb_host.consumers import Consumer
from synthdb_host.contracts import (
    ApiGenerator,
    Authenticator,
    Authorizer,
    GraphqlType,
    HealthCheck,
    MediaType,
    Middleware,
    Permission,
    Policy,
    Route,
    StorageBackend,
)
from synthdb_host.discovery import Problem
from synthdb_host.manifest import Manifest
from synthdb_host.tasks import Schedule, Task

__all__ = [
    "HOOKS",
    "Contribution",
    "Contributions",
    "checked",
    "clashes",
    "freeze",
    "graphql_field",
    "prefix",
    "strays",
    "switched_off",
]

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
    graphql_types: tuple[Contribution[GraphqlType], ...] = ()
    routes: tuple[Contribution[Route], ...] = ()
    middleware: tuple[Contribution[Middleware], ...] = ()
    tasks: Mapping[str, Contribution[Task]] = field(default_factory=dict)
    schedules: tuple[Contribution[Schedule], ...] = ()
    consumers: Mapping[str, Contribution[Consumer]] = field(default_factory=dict)
    permissions: tuple[Contribution[Permission], ...] = ()
    authenticators: Mapping[str, Contribution[Authenticator]] = field(default_factory=dict)
    authorizers: tuple[Contribution[Authorizer], ...] = ()
    policies: tuple[Contribution[Policy], ...] = ()
    health_checks: tuple[Contribution[HealthCheck], ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    """A contribution hook: its records' type, the names that only one may have, and what they are found by."""

    record: type
    names: Callable[[str, Any], Mapping[str, str]]
    key: str = ""


def prefix(plugin: str) -> str:
    """Give the path below which a plugin's routes lie."""
    return f"/x/{plugin}"


def graphql_field(plugin: str) -> str:
    """Give the field of GraphQL below which a plugin's fields lie."""
    return plugin.replace("-", "_")


def _only(attribute: str) -> Callable[[str, Any], Mapping[str, str]]:
    return lambda _, record: {attribute: getattr(record, attribute)}


_KINDS = MappingProxyType(
    {
        "synthdb_storage_backends": _Kind(StorageBackend, _only("scheme"), "scheme"),
        "synthdb_api_generators": _Kind(ApiGenerator, lambda _, r: {"name": r.name, "path": r.mount}),
        "synthdb_media_types": _Kind(MediaType, lambda _, r: {"name": r.name, "suffix": r.suffix}),
        "synthdb_graphql_types": _Kind(GraphqlType, lambda plugin, _: {"field": graphql_field(plugin)}),
        "synthdb_routes": _Kind(Route, lambda plugin, r: {"path": prefix(plugin) + r.path}),
        "synthdb_middleware": _Kind(Middleware, _only("name")),
        "synthdb_tasks": _Kind(Task, _only("name"), "name"),
        "synthdb_schedules": _Kind(Schedule, _only("name")),
        "synthdb_consumers": _Kind(Consumer, _only("name"), "name"),
        "synthdb_permissions": _Kind(Permission, _only("action")),
        "synthdb_authenticators": _Kind(Authenticator, _only("scheme"), "scheme"),
        "synthdb_authorizers": _Kind(Authorizer, _only("name")),
        "synthdb_policies": _Kind(Policy, _only("name")),
        "synthdb_health_checks": _Kind(HealthCheck, _only("name")),
    }
)
HOOKS = tuple(_KINDS)
"""The contribution hooks, all of which are asked once."""

_SHARED = MappingProxyType({"synthdb_consumers": "synthdb_tasks"})
"""Hooks whose names are among those of another one: a consumer's work is a task of its name."""


def checked(hook: str, manifest: Manifest, answer: object) -> tuple[Contribution[Any], ...]:
    """Check one plugin's answer to a contribution hook.

    Raises:
        TypeError: it is not a list or tuple of the hook's records.
        ValueError: a path or name is not one that the plugin may have, or a schedule makes no sense.
    """
    wanted = _KINDS[hook].record
    if not isinstance(answer, list | tuple):
        raise TypeError(f"returned {type(answer).__name__}, not a list of {wanted.__name__}")
    for record in answer:
        if not isinstance(record, wanted):
            raise TypeError(f"returned a {type(record).__name__} among its {wanted.__name__} records")
        _check_path(manifest, record)
        _check_work(manifest, record)
    return tuple(Contribution(manifest.id, record) for record in answer)


def clashes(collected: Mapping[str, Sequence[Contribution[Any]]], labels: Mapping[str, str]) -> list[Problem]:
    """Report names that two records claim. Paths of routes and of API generators are one name space."""
    problems = []
    first: dict[tuple[str, str, str], str] = {}
    for hook, contributions in collected.items():
        for one in contributions:
            for what, name in _KINDS[hook].names(one.plugin, one.record).items():
                key = ("" if what == "path" else _SHARED.get(hook, hook), what, name)
                if key in first:
                    text = f"{what} {name!r} is already taken by {labels[first[key]]}"
                    problems.append(Problem(labels[one.plugin], hook, text, "disable one of the two"))
                first.setdefault(key, one.plugin)
    return problems


def strays(collected: Mapping[str, Sequence[Contribution[Any]]], labels: Mapping[str, str]) -> list[Problem]:
    """Report schedules of tasks that nobody contributes."""
    tasks = {one.record.name for one in collected["synthdb_tasks"]}
    return [
        Problem(labels[one.plugin], "synthdb_schedules", f"there is no task {one.record.task!r}")
        for one in collected["synthdb_schedules"]
        if one.record.task not in tasks
    ]


def switched_off(
    collected: dict[str, tuple[Contribution[Any], ...]], names: Collection[str], others: Collection[str] = ()
) -> list[Problem]:
    """Leave out the APIs of these names, ``plugin.name``, and report names of none; ``others`` only have commands."""
    served = {f"{one.plugin}.{one.record.name}": one for one in collected["synthdb_api_generators"]}
    collected["synthdb_api_generators"] = tuple(one for name, one in served.items() if name not in names)
    known = {*served, *others}
    return [
        Problem("the host", "disabled_apis", f"there is no API {name!r}", f"the APIs are {', '.join(sorted(known))}")
        for name in sorted(set(names) - known)
    ]


def freeze(collected: Mapping[str, Sequence[Contribution[Any]]]) -> Contributions:
    """Freeze what was collected per hook."""
    fields: dict[str, Any] = {}
    for hook, found in collected.items():
        key = _KINDS[hook].key
        keyed = MappingProxyType({getattr(one.record, key): one for one in found}) if key else tuple(found)
        fields[hook.removeprefix("synthdb_")] = keyed
    return Contributions(**fields)


def _check_path(manifest: Manifest, record: object) -> None:
    if isinstance(record, Route) and not record.path.startswith("/"):
        raise ValueError(f"route {record.path!r} must start with '/'")
    if isinstance(record, Route) and record.is_public and "{" in record.path:
        raise ValueError(f"route {record.path!r} is public, and must have no parameters")
    if isinstance(record, ApiGenerator):
        allowed = (prefix(manifest.id), *manifest.top_level_paths)
        if not any(record.mount == path or record.mount.startswith(f"{path}/") for path in allowed):
            raise ValueError(f"mount {record.mount!r} is neither below {allowed[0]} nor in top_level_paths")


def _check_work(manifest: Manifest, record: object) -> None:
    if isinstance(record, Task | Schedule | Consumer) and not record.name.startswith(f"{manifest.id}."):
        raise ValueError(f"the name {record.name!r} must start with '{manifest.id}.'")
    if isinstance(record, Schedule):
        from synthdb_host.job_times import next_time  # noqa: PLC0415 - hosts without schedules do not pay for it

        next_time(record, 0)
        json.dumps(record.payload)
