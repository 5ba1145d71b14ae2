"""Whose databases a request can reach: the tenant that its host name or its credentials tell, and full names.

The full name of a database is ``TENANT/NAME``, and just ``NAME`` where it belongs to no tenant. The gate calls
databases by their full names only, and makes these of what callers ask for and of the tenant that they act for.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

from synthdb_host.contracts import ANY_TENANT, Principal
from synthdb_host.errors import InvalidName, UnknownDatabase

__all__ = ["HOST", "HostNames", "Tenancy", "check_name", "full_name", "split_name"]

_NOBODY: Final = "!"
"""A tenant that cannot be, for those whose credentials and host name tell different ones."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}", re.ASCII)
_MOST_HOSTS: Final = 4096
HOST: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,251}[A-Za-z0-9])\.?", re.ASCII)
"""A host name, which may end with a dot."""

_AUTHORITY: Final = re.compile(rf"{HOST.pattern}(?::\d{{0,5}})?", re.ASCII)


class HostNames(Protocol):
    """Knows which host names belong to which tenants."""

    @property
    def version(self) -> int:
        """Another number whenever a host name may belong to another tenant."""

    def tenant_of(self, host: str) -> str | None:
        """Give the tenant that a host name belongs to; None: to none in particular."""


def full_name(tenant: str | None, name: str) -> str:
    """Give the full name of what somebody calls ``name`` who acts for a tenant.

    Raises:
        UnknownDatabase: it is a database of another tenant, or such a name cannot be.
    """
    if tenant == ANY_TENANT:
        return name
    if "/" in name:
        # Only what the gate has named itself is named like this: whoever asks knows nothing of other tenants.
        if tenant is not None and name.startswith(f"{tenant}/"):
            return name
        raise UnknownDatabase(f"there is no database {name!r}")
    return name if tenant is None else f"{tenant}/{name}"


def split_name(full: str) -> tuple[str, str]:
    """Give the tenant, empty if there is none, and the name of a database."""
    tenant, _, name = full.rpartition("/")
    return tenant, name


def check_name(full: str) -> None:
    """Refuse what cannot be the full name of a new database.

    Raises:
        InvalidName: the name is not 1 to 63 letters, digits, ``_`` and ``-`` with a letter first.
    """
    if full.startswith("/") or not _NAME.fullmatch(split_name(full)[1]):
        raise InvalidName(
            f"database name {full!r} is not valid", hint="letters, digits, _ and -, a letter first, at most 63"
        )


class Tenancy:
    """Finds out for whom a request is made.

    Args:
        names: whose host names are whose.
        domain: below it, each host name is that of the tenant it begins with; empty: there is none.
    """

    def __init__(self, names: HostNames, domain: str = "") -> None:
        self._names = names
        self._suffix = f".{domain.lower().strip('.')}" if domain else ""
        self._known: dict[str, str | None] = {}
        self._version = -1

    def bind(self, principal: Principal, headers: Mapping[str, str]) -> Principal:
        """Give the principal as acting for the tenant whom the request's host name belongs to."""
        if self._version != (version := self._names.version):
            self._known, self._version = {}, version if version % 2 == 0 else -1
        host = headers.get("host", "")
        try:
            tenant = self._known[host]
        except KeyError:
            tenant = self._find(host)
        if tenant is None or tenant == principal.tenant:
            return principal
        return replace(principal, tenant=tenant if principal.tenant is None else _NOBODY)

    def _find(self, host: str) -> str | None:
        if len(self._known) >= _MOST_HOSTS:
            self._known.clear()
        found = self._known[host] = self._tenant(host)
        return found

    def _tenant(self, host: str) -> str | None:
        match = _AUTHORITY.fullmatch(host)
        if match is None:
            return None
        name = match[1].lower()
        if self._suffix and name.endswith(self._suffix):
            # Whether there is such a tenant makes no difference: one that is not there has no databases.
            return name.removesuffix(self._suffix)
        return self._names.tenant_of(name)
