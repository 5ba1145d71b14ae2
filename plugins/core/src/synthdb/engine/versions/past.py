"""Tables as they were at any place, cheaply: a schema is read once for all moments between two of its changes."""

import sqlite3
from bisect import bisect_right
from collections.abc import Hashable
from dataclasses import replace

from msgspec.structs import replace as replace_struct

from synthdb.catalog.layering import Mark, layers_of
from synthdb.catalog.model import StoredCatalog, StoredTable
from synthdb.catalog.places import Place
from synthdb.catalog.store import Records, load_catalog, read_branch_marks, read_records, stored_tables

__all__ = ["Past"]


class Past:
    """What one transaction has read of the past. Nothing may change meanwhile."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self.driver = driver
        self._segments: dict[int, list[int]] = {}
        self._catalogs: dict[Hashable, StoredCatalog] = {}
        self._marks: dict[int, dict[int, Mark]] = {}
        self._by_id: dict[Hashable, dict[int, StoredTable]] = {}

    def know(self, catalog: StoredCatalog) -> None:
        """Take over a catalog that was read before, so that it need not be read again."""
        self._catalogs[self._key(catalog.place)] = catalog

    def tables(self, place: Place) -> dict[int, StoredTable]:
        """Give the tables of a place by their ids."""
        found = self._by_id.get(place)
        if found is None:
            marks = [(branch, marks) for branch in place.chain if (marks := self._marks_of(branch))]
            found = self._by_id[place] = {
                table.id: replace(table, layers=layers_of(place, {b: m[table.id] for b, m in marks if table.id in m}))
                for table in self._schema(place).tables.values()
            }
        return found

    def table(self, place: Place, table_id: int) -> StoredTable | None:
        """Give one table of a place; for places with many layers this takes less than all tables do."""
        known = next((table for table in self._schema(place).tables.values() if table.id == table_id), None)
        if known is None:
            return None
        marks = {branch: own[table_id] for branch in place.chain if table_id in (own := self._marks_of(branch))}
        return replace(known, layers=layers_of(place, marks))

    def _marks_of(self, branch: int) -> dict[int, Mark]:
        """Give the marks of one branch by table."""
        found = self._marks.get(branch)
        if found is None:
            read = read_branch_marks(self.driver, branch)
            found = self._marks[branch] = dict(read)
        return found

    def whole_table(self, place: Place, table_id: int) -> StoredTable | None:
        """Give a table of a place with all that was dropped, columns or the table itself; None if it is not known."""
        records = read_records(self.driver, place)
        record = records.tables.get(table_id)
        if record is None:
            return None
        columns = {
            column_id: replace_struct(column, dropped=False, name=f"{column_id}\0") if column.dropped else column
            for column_id, column in records.columns[table_id].items()
        }
        revived = replace_struct(record, dropped=False, constraints=())
        whole = Records({table_id: revived}, records.physical, {table_id: columns}, records.roots)
        return stored_tables(self.driver, whole, place)[0]

    def catalog(self, place: Place) -> StoredCatalog:
        """Give the catalog of a place."""
        tables = {table.name: table for table in self.tables(place).values()}
        return replace(self._schema(place), tables=tables, place=place)

    def _schema(self, place: Place) -> StoredCatalog:
        key = self._key(place)
        found = self._catalogs.get(key)
        if found is None:
            found = self._catalogs[key] = load_catalog(self.driver, place)
        return found

    def _key(self, place: Place) -> Hashable:
        segments = ((layer.branch, self._segment(layer.branch, layer.bound)) for layer in place.layers)
        # What has no schema of its own until then makes no difference.
        return tuple(item for item in segments if item[1])

    def _segment(self, branch: int, bound: int | None) -> int:
        """Number the time between two schema changes of a branch in which a bound lies."""
        commits = self._segments.get(branch)
        if commits is None:
            rows = self.driver.execute(
                "SELECT from_tx FROM _table_version WHERE branch = ?1 "
                "UNION SELECT from_tx FROM _column_version WHERE branch = ?1 ORDER BY 1",
                (branch,),
            )
            commits = self._segments[branch] = [commit for (commit,) in rows]
        return len(commits) if bound is None else bisect_right(commits, bound)
