"""Tenants: made, listed, archived and removed in the control database."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from synthdb_host.directory import Directory
from synthdb_host.directory_tables import DATABASES, HOSTS, TENANTS, State, TenantRecord
from synthdb_host.errors import Conflict, DuplicateName, InvalidName, UnknownTenant
from synthdb_host.tenancy import HOST

__all__ = ["Tenants"]

_NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_T: Final = TENANTS.c


class Tenants:
    """The tenants of a directory."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory

    def list(self, name: str | None = None) -> tuple[TenantRecord, ...]:
        """List the tenants, or the one of this name."""
        hosts: dict[str, list[str]] = {}
        for row in self.directory.read(sa.select(HOSTS).order_by(HOSTS.c.host)):
            hosts.setdefault(row.tenant, []).append(row.host)
        question = sa.select(TENANTS).where(*([] if name is None else [_T.name == name])).order_by(_T.name)
        return tuple(TenantRecord.of(row, tuple(hosts.get(row.name, ()))) for row in self.directory.read(question))

    def get(self, name: str) -> TenantRecord:
        """Give a tenant; raises UnknownTenant."""
        found = self.list(name)
        if not found:
            raise UnknownTenant(f"there is no tenant {name!r}")
        return found[0]

    def create(
        self,
        name: str,
        hosts: Sequence[str] = (),
        max_databases: int | None = None,
        quotas: Mapping[str, float] | None = None,
    ) -> None:
        """Make a tenant.

        Args:
            name: lower-case letters, digits and ``-``: also the first part of its host name.
            hosts: further host names.
            max_databases: how many databases it may have; None: any number.
            quotas: for whoever measures what is used.

        Raises:
            InvalidName: the name, or that of a host, cannot be one.
            DuplicateName: there is such a tenant, or a host name is another one's.
        """
        if not _NAME.fullmatch(name):
            raise InvalidName(
                f"tenant name {name!r} is not valid",
                hint="lower-case letters, digits and -, a letter first, at most 63: it is a part of a host name",
            )
        values = {"name": name, "max_databases": max_databases, "quotas": json.dumps(dict(quotas or {}))}
        try:
            with self.directory.change() as connection:
                connection.execute(sa.insert(TENANTS).values(values))
                for host in map(_host, hosts):
                    connection.execute(sa.insert(HOSTS).values(host=host, tenant=name))
        except IntegrityError as error:
            what = f"tenant {name!r} exists" if self.list(name) else "a host name belongs to another tenant"
            raise DuplicateName(what) from error

    def set_state(self, name: str, state: State) -> bool:
        """Archive or restore a tenant with all its databases; False: it was so already. Raises UnknownTenant."""
        self.get(name)
        change = sa.update(TENANTS).where(_T.name == name, _T.state != state).values(state=state)
        return bool(self.directory.execute(change))

    def remove(self, name: str) -> None:
        """Remove a tenant that has no databases.

        Raises:
            UnknownTenant: there is none of this name.
            Conflict: it has databases.
        """
        self.get(name)
        with self.directory.change() as connection:
            count = sa.select(sa.func.count()).select_from(DATABASES).where(DATABASES.c.tenant == name)
            if found := connection.scalar(count):
                raise Conflict(f"tenant {name!r} has {found} databases", hint="delete them first")
            connection.execute(sa.delete(HOSTS).where(HOSTS.c.tenant == name))
            connection.execute(sa.delete(TENANTS).where(_T.name == name))


def _host(text: str) -> str:
    match = HOST.fullmatch(text)
    if match is None:
        raise InvalidName(f"{text!r} is no host name", hint="one is written app.example.com, without a port")
    return match[1].lower()
