"""The catalogs of branches and of the past that a connection has read."""

import sqlite3
from dataclasses import replace
from typing import Final

import msgspec

from synthdb.catalog.model import StoredCatalog
from synthdb.catalog.places import Place, resolve
from synthdb.catalog.store import as_now, load_catalog
from synthdb.engine.shapes import tables_of
from synthdb_host.operations import Ref, Select

__all__ = ["PlaceCatalogs"]

_MOST: Final = 64
_MOST_COMMITS: Final = 1_000
"""Commits that are looked at, to save reading a state of the past."""


class PlaceCatalogs:
    """Catalogs by place, valid while the catalog and layout ``versions`` of the file stay.

    Making a branch changes neither, dropping or renaming one raises the layout version; so a name that was found
    once goes on meaning the same, and one that was not is looked for again.
    """

    def __init__(self, versions: tuple[int, int]) -> None:
        self.versions = versions
        self._by_name: dict[Ref, StoredCatalog] = {}
        self._by_place: dict[Place, StoredCatalog] = {}
        self._since: dict[tuple[int, int], tuple[int, set[str]]] = {}

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

    def pinned(self, connection: sqlite3.Connection, catalog: StoredCatalog, select: Select) -> StoredCatalog:
        """Give the catalog for a select that goes on with the state that a page before was of.

        As long as nobody writes to its tables, that is the same as the state of now, for which plans are there.

        Raises:
            UnknownRef, HistoryGone: there is no such state, or no longer.
        """
        commit = select.after.commit if select.after is not None else None
        if commit is None:
            return catalog
        ref = replace(select.ref, at=commit)
        if catalog.place.is_head:
            place = resolve(connection, ref)
            if not place.is_early and self._unchanged(connection, catalog, select, int(commit)):
                return catalog
        return self.get(connection, ref)

    def _unchanged(self, connection: sqlite3.Connection, catalog: StoredCatalog, select: Select, commit: int) -> bool:
        """Say whether no commit since then has changed rows or columns of the tables that are read."""
        tables = [catalog.tables.get(name) for name in tables_of(select)]
        branch = catalog.place.branch
        if len(self._since) >= _MOST and (branch, commit) not in self._since:
            self._since.clear()
        seen, changed = self._since.get((branch, commit), (commit, set()))
        found = connection.execute(
            "SELECT id, tables FROM _tx WHERE branch = ? AND id > ? ORDER BY id LIMIT ?", (branch, seen, _MOST_COMMITS)
        ).fetchall()
        for _, written in found:
            changed.update(msgspec.json.decode(written))
        self._since[branch, commit] = (found[-1][0] if found else seen, changed)
        known = len(found) < _MOST_COMMITS
        return known and all(table is not None and str(table.id) not in changed for table in tables)
