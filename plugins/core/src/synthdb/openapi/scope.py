"""What one document describes: a database at a ref, as one caller may see and use it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from synthdb.queries.saved import SavedQuery
from synthdb_host.catalog import Catalog
from synthdb_host.contracts import Capability
from synthdb_host.operations import Ref

__all__ = ["Scope", "Server"]


@dataclass(frozen=True, slots=True)
class Server:
    """What is the same in all documents of a server.

    ``mounts`` are the paths of the APIs that are served, by their names. ``reads`` and ``writes`` are schemas of rows
    in answers and in bodies, by media type, JSON aside. ``security`` are OpenAPI's security schemes; without
    ``anonymous`` one of them is needed. ``resources`` are those of the meta interface: by path and method, what they
    say they do.
    """

    mounts: Mapping[str, str]
    reads: Mapping[str, Any] = field(default_factory=dict)
    writes: Mapping[str, Any] = field(default_factory=dict)
    security: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    anonymous: bool = True
    max_rows: int = 10_000
    resources: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """A database at a ref.

    ``actions`` are what the caller may do with each table, and under ``None`` with all. ``queries`` are the saved
    queries that he may call, with the types that the columns of their rows have at the ref.
    """

    server: Server
    database: str
    ref: Ref | None
    catalog: Catalog
    actions: Mapping[str | None, frozenset[str]]
    capabilities: frozenset[Capability]
    queries: Sequence[SavedQuery] = ()

    @property
    def writable(self) -> bool:
        """Whether the ref is a branch as it is now, so far as its name tells."""
        return self.ref is None or (self.ref.at is None and not self.ref.branch[:1].isdigit())

    @property
    def name(self) -> str:
        """The database and the ref as an address names them."""
        return self.database if self.ref is None else f"{self.database}@{self.ref}"

    @property
    def segment(self) -> str:
        """The same as a part of a path."""
        return quote(self.name, safe="@:")

    @property
    def rest(self) -> str | None:
        """The path of the database's rows; None: they are not served."""
        return self._below("rest")

    @property
    def meta(self) -> str | None:
        """The path of everything else about it; None: it is not served."""
        return self._below("meta")

    def _below(self, api: str) -> str | None:
        mount = self.server.mounts.get(api)
        return f"{mount}/{self.segment}" if mount else None
