"""The lock file: exactly which plugins may run, so that none starts that has changed unnoticed."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from synthdb_host.discovery import Candidate
from synthdb_host.errors import ConfigurationError

__all__ = ["LOCK_FILE", "LockedPlugin", "drift", "fingerprint", "locked", "read_lock", "write_lock"]

LOCK_FILE: Final = "synthdb.lock"


class LockedPlugin(msgspec.Struct, frozen=True, kw_only=True):
    """A plugin as it was looked at; ``digest`` is that of the files of its package."""

    id: str
    version: str
    distribution: str
    host_api: str
    permissions: tuple[str, ...]
    digest: str


class _Lock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    plugins: tuple[LockedPlugin, ...]


def locked(candidates: Iterable[Candidate]) -> tuple[LockedPlugin, ...]:
    """Look at plugins, without importing them."""
    return tuple(
        LockedPlugin(
            id=one.id, version=one.version, distribution=one.distribution, host_api=one.manifest.host_api,
            permissions=one.manifest.permissions, digest=_digest(one),
        )
        for one in candidates
        if one.manifest
    )  # fmt: skip


def fingerprint(plugins: Iterable[LockedPlugin]) -> str:
    """Give a word that is the same wherever exactly these plugins are."""
    text = msgspec.json.encode(sorted((one.id, one.version, one.digest) for one in plugins))
    return hashlib.sha256(text).hexdigest()[:16]


def write_lock(path: Path, plugins: tuple[LockedPlugin, ...]) -> None:
    """Write the file, as a whole or not at all."""
    lock = msgspec.to_builtins(_Lock(format=1, plugins=plugins))
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(lock, indent=2) + "\n", "utf-8")
    beside.replace(path)


def read_lock(path: Path) -> tuple[LockedPlugin, ...]:
    """Read the file.

    Raises:
        ConfigurationError: there is none, or it is not one of this format.
    """
    try:
        lock = msgspec.json.decode(path.read_bytes(), type=_Lock)
    except FileNotFoundError as error:
        raise ConfigurationError(f"there is no {path}; `synthdb plugins lock` writes it") from error
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"{path}: {error}; `synthdb plugins lock` writes it anew") from error
    if lock.format != 1:
        raise ConfigurationError(f"{path} has the format {lock.format}, which this version does not know")
    return lock.plugins


def drift(before: Iterable[LockedPlugin], now: Iterable[LockedPlugin]) -> list[str]:
    """Say in which ways the plugins of now are not those that were locked."""
    old, new = ({one.id: one for one in plugins} for plugins in (before, now))
    found = [f"plugin {id_} is not in the lock" for id_ in sorted(new.keys() - old.keys())]
    found += [f"plugin {id_} is locked, but does not load" for id_ in sorted(old.keys() - new.keys())]
    for id_ in sorted(old.keys() & new.keys()):
        found += _changed(old[id_], new[id_])
    return found


def _changed(old: LockedPlugin, new: LockedPlugin) -> list[str]:
    more = sorted(set(new.permissions) - set(old.permissions))
    found = [f"plugin {new.id} wants more permissions: {', '.join(more)}"] if more else []
    for key, was, is_ in (
        ("version", old.version, new.version),
        ("distribution", old.distribution, new.distribution),
        ("host_api", old.host_api, new.host_api),
    ):
        if was != is_:
            found.append(f"plugin {new.id} has the {key} {is_}, not {was}")
    if old.digest != new.digest and not found:
        found.append(f"plugin {new.id} has other files than when it was locked")
    return found


def _digest(candidate: Candidate) -> str:
    """Hash the files of a package; of one that lies in an archive, its manifest."""
    digest = hashlib.sha256(candidate.text.encode())
    if candidate.package is not None and candidate.package.is_dir():
        for path in sorted(candidate.package.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                content = path.read_bytes()
                digest.update(f"{path.relative_to(candidate.package).as_posix()}\0{len(content)}\0".encode())
                digest.update(content)
    return digest.hexdigest()
