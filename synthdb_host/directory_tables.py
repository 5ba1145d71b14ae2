"""What the control database says of tenants, placements and databases: its tables, and a record for each row."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import sqlalchemy as sa

__all__ = [
    "DATABASES",
    "HOSTS",
    "MOVES",
    "PLACEMENTS",
    "TENANTS",
    "DatabaseRecord",
    "Isolation",
    "MoveRecord",
    "PlacementRecord",
    "State",
    "TenantRecord",
    "shown_url",
]

State = Literal["active", "archived"]
Isolation = Literal["file", "schema", "database"]

TENANTS: Final = sa.table("tenants", *map(sa.column, ("name", "state", "max_databases", "quotas", "created_at")))
HOSTS: Final = sa.table("tenant_hosts", *map(sa.column, ("host", "tenant")))
PLACEMENTS: Final = sa.table(
    "placements",
    *map(sa.column, ("name", "url", "isolation", "weight", "region", "tier", "state", "created_at")),
)
DATABASES: Final = sa.table(
    "databases", *map(sa.column, ("id", "tenant", "name", "placement", "url", "state", "quotas", "created_at"))
)

MOVES: Final = sa.table("moves", *map(sa.column, ("database", "source", "url", "placement", "state", "digest")))

_LONGEST_SCHEMA: Final = 63
"""Longer names are cut off by PostgreSQL, and then two might be one."""

_PASSWORD: Final = re.compile(r"(?<=://)([^:@/]*):.*@")
_SECRET: Final = re.compile(r"([?&][^=&]*(?:pass|secret|token|key)[^=&]*=)[^&]*", re.IGNORECASE)


def shown_url(url: str) -> str:
    """Give a URL without the secrets in it, also one that is not written as it should be."""
    return _SECRET.sub(r"\1***", _PASSWORD.sub(r"\1:***@", url))


def _quotas(text: str) -> Mapping[str, float]:
    found: Mapping[str, float] = json.loads(text)
    return found


@dataclass(frozen=True, slots=True)
class TenantRecord:
    """A tenant: its host names, how many databases it may have, and quotas for who measures what it uses."""

    name: str
    state: State = "active"
    max_databases: int | None = None
    quotas: Mapping[str, float] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Any, hosts: tuple[str, ...]) -> "TenantRecord":  # noqa: ANN401 - SQLAlchemy's row
        """Read a row."""
        return cls(row.name, row.state, row.max_databases, _quotas(row.quotas), hosts)


@dataclass(frozen=True, slots=True)
class PlacementRecord:
    """Where databases can be put, and what keeps them apart there: a file, a schema or a database each.

    Of those in question, the one with the fewest databases for its ``weight`` gets the next one; an ``archived`` one
    gets none.
    """

    name: str
    url: str
    isolation: Isolation = "file"
    weight: int = 1
    region: str = ""
    tier: str = ""
    state: State = "active"

    @classmethod
    def of(cls, row: Any) -> "PlacementRecord":  # noqa: ANN401 - SQLAlchemy's row
        """Read a row."""
        return cls(row.name, row.url, row.isolation, row.weight, row.region, row.tier, row.state)

    def locate(self, tenant: str, name: str) -> str:
        """Give the URL of a database in here."""
        if self.isolation == "file":
            return "/".join(filter(None, (self.url.rstrip("/"), tenant, f"{name}.db")))
        own = ".".join(filter(None, (tenant, name)))
        if len(own) > _LONGEST_SCHEMA:
            own = f"{own[:30]}.{hashlib.blake2b(own.encode(), digest_size=16).hexdigest()}"
        url = sa.make_url(self.url)
        url = url.set(database=own) if self.isolation == "database" else url.update_query_dict({"schema": own})
        return url.render_as_string(hide_password=False)


@dataclass(frozen=True, slots=True)
class DatabaseRecord:
    """A database: whose it is, where it lies, and quotas for who measures what it uses."""

    id: int
    tenant: str
    name: str
    url: str
    placement: str = ""
    state: State = "active"
    quotas: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Any) -> "DatabaseRecord":  # noqa: ANN401 - SQLAlchemy's row
        """Read a row."""
        return cls(row.id, row.tenant, row.name, row.url, row.placement, row.state, _quotas(row.quotas))

    @property
    def full_name(self) -> str:
        """What jobs and operators call it: TENANT/NAME, or NAME where there is no tenant."""
        return f"{self.tenant}/{self.name}" if self.tenant else self.name


@dataclass(frozen=True, slots=True)
class MoveRecord:
    """A move of a database: from where, and where to; once it has ``moved``, the old copy waits to be removed."""

    database: int
    source: str
    url: str
    placement: str
    state: Literal["copying", "moved"] = "copying"
    digest: str = ""

    @classmethod
    def of(cls, row: Any) -> "MoveRecord":  # noqa: ANN401 - SQLAlchemy's row
        """Read a row."""
        return cls(row.database, row.source, row.url, row.placement, row.state, row.digest)
