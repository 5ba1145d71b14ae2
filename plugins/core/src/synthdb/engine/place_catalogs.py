"""The catalogs of branches and of the past that a connection has read."""

import sqlite3
from typing import Final

from synthdb.catalog.model import StoredCatalog
from synthdb.catalog.places import Place, resolve
from synthdb.catalog.store import as_now, load_catalog
from synthdb_host.operations import Ref

__all__ = ["PlaceCatalogs"]

_MOST: Final = 64


class PlaceCatalogs:
    """Catalogs by place, valid while the catalog and layout ``versions`` of the file stay.

    Making a branch changes neither, dropping or renaming one raises the layout version; so a name that was found
    once goes on meaning the same, and one that was not is looked for again.
    """

    def __init__(self, versions: tuple[int, int]) -> None:
        self.versions = versions
        self._by_name: dict[Ref, StoredCatalog] = {}
        self._by_place: dict[Place, StoredCatalog] = {}

    def known(self, ref: Ref) -> StoredCatalog | None:
        """Give the catalog of a ref if it is certain without a look into the file."""
        return self._by_name.get(ref)

    def get(self, connection: sqlite3.Connection, ref: Ref) -> StoredCatalog:
        """Give the catalog of a ref.

        Raises:
            UnknownRef, HistoryGone: there is no such state, or no longer.
        """
        found = self._by_name.get(ref)
        if found is not None:
            return found
        place = resolve(connection, ref)
        if ref.schema == "now" and not place.is_head:
            return as_now(connection, place)
        if len(self._by_place) >= _MOST:
            self._by_place.clear()
            self._by_name.clear()
        catalog = self._by_place.get(place)
        if catalog is None:
            catalog = self._by_place[place] = load_catalog(connection, place)
        if ref.at is None:
            # A moment is looked up each time: "now" goes on, and so does "5 minutes ago".
            self._by_name[ref] = catalog
        return catalog
