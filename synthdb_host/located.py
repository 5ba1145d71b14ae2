"""Where databases lie: what the host asks whoever knows, and what a program has named itself."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from synthdb_host.contracts import ANY_TENANT
from synthdb_host.errors import DuplicateName, UnknownTenant
from synthdb_host.tenancy import split_name

__all__ = ["Located", "MemoryPlacements", "PlacementSource"]


@dataclass(frozen=True, slots=True)
class Located:
    """Where a database lies. ``mark`` is another one for another database, also of the same name."""

    url: str
    mark: str = ""


class PlacementSource(Protocol):
    """Knows where databases live, by their full names."""

    creates: bool
    """Whether opening a database makes it if it is not there."""

    @property
    def version(self) -> int:
        """Another number whenever a database may live elsewhere than before; odd: that may change any moment."""

    def names(self, tenant: str = ANY_TENANT) -> tuple[str, ...]:
        """Name the databases, sorted: of a tenant, of none (empty), or of all by their full names."""

    def find(self, name: str) -> Located | None:
        """Give where a database lies, None if there is none of this name.

        Raises:
            DatabaseArchived: nobody may use it now.
        """

    def places(self) -> Sequence[tuple[str, str]]:
        """Give a name and a URL for each place that is to be looked at when a server starts."""

    def interrupted(self, mark: str) -> AbstractContextManager[None] | None:
        """Give a hold on the move of a database that nobody goes on with; None: there is none.

        Entering it raises Conflict if somebody does go on with it.
        """

    def place(self, name: str) -> tuple[str, str] | None:
        """Choose a URL, and the placement that it is in, for a new database; None: the host's default.

        Raises:
            UnknownTenant, LimitReached: there is no such tenant, or it may have no more.
        """

    def add(self, name: str, url: str, placement: str = "", quotas: Mapping[str, float] | None = None) -> object:
        """Record a database, with the placement it was put into, and quotas for who measures what it uses.

        Raises:
            DuplicateName: there is one of this name.
            UnknownTenant, LimitReached: there is no such tenant, or it may have no more.
        """


class MemoryPlacements:
    """Placements given by the program, for the embedded library and ``serve --database``."""

    creates = True
    version = 0

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = dict(urls)

    def names(self, tenant: str = ANY_TENANT) -> tuple[str, ...]:
        """Name all databases, sorted."""
        return tuple(sorted(self._urls)) if tenant in (ANY_TENANT, "") else ()

    def find(self, name: str) -> Located | None:
        """Give where a database lies, None if there is none of this name."""
        return Located(self._urls[name]) if name in self._urls else None

    def places(self) -> Sequence[tuple[str, str]]:
        """Give all databases."""
        return tuple(self._urls.items())

    def interrupted(self, mark: str) -> None:
        """Give nothing: nobody moves these."""

    def place(self, name: str) -> None:
        """Choose nothing; raises UnknownTenant, for here there are none."""
        if "/" in name:
            raise UnknownTenant(f"there is no tenant {split_name(name)[0]!r}")

    def add(self, name: str, url: str, placement: str = "", quotas: Mapping[str, float] | None = None) -> None:
        """Record a database; raises DuplicateName."""
        if name in self._urls:
            raise DuplicateName(f"database {name!r} exists")
        self._urls[name] = url
