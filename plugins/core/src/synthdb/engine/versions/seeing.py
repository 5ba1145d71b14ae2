"""What a caller sees of changes: conditions decide for each row, before and after, with SQLite's own answers.

The rows that were changed are laid into a table in memory, of the same types, and the statements that conditions
become everywhere else are run on that.
"""

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from synthdb.catalog.backfills import NONE
from synthdb.catalog.model import StoredCatalog, StoredTable
from synthdb.catalog.places import MAIN_HEAD
from synthdb.engine.conditions import Condition, compile_condition
from synthdb.engine.functions import register_functions
from synthdb.engine.naming import quote
from synthdb.engine.shapes import shape_of, values_of
from synthdb.engine.versions.following import Line, size_of_row
from synthdb.engine.versions.images import Row
from synthdb.engine.versions.results import Shown, result
from synthdb_host.contracts import Restrictions, Result, Scheduler, TableRestriction
from synthdb_host.operations import Filter
from synthdb_host.versions import Offset

__all__ = ["EngineChanges", "Seeing"]

_COLUMNS: Final = (
    ("seq", "text"), ("commit", "text"), ("at", "timestamp"), ("branch", "text"), ("table", "text"), ("op", "text"),
    ("key", "json"), ("old", "json"), ("new", "json"), ("changed", "json"),
)  # fmt: skip
_MOST_KEPT: Final = 500
_MANY: Final = 200
"""From so many changes on they are looked at on another thread, if there is one."""

_UNLIMITED: Final = TableRestriction()


class Seeing:
    """What is needed to show changes of one database, kept from one set to the next.

    Several threads may use it, one at a time.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._driver: sqlite3.Connection | None = None
        self._laid: tuple[object, int] | None = None
        self._conditions: OrderedDict[Hashable, Condition] = OrderedDict()
        self._shown: OrderedDict[Hashable, Shown] = OrderedDict()

    def close(self) -> None:
        """Let go of the memory."""
        with self.lock:
            if self._driver is not None:
                self._driver.close()
                self._driver = self._laid = None

    def shown(self, catalog: StoredCatalog, table: StoredTable, hidden: frozenset[str]) -> Shown:
        """Give what writes rows of a table without the hidden columns."""
        key = catalog.key, table.id, hidden
        found = self._shown.get(key)
        if found is None:
            found = _keep(self._shown, key, Shown(_without(table, hidden) if hidden else table))
        return found

    def condition(
        self, catalog: StoredCatalog, table: StoredTable, condition: Filter, hidden: frozenset[str]
    ) -> tuple[str, tuple[Any, ...]]:
        """Give a condition on one table as SQL, and its parameters.

        Raises:
            RequestError: it does not fit the table.
        """
        key = catalog.key, table.id, shape_of(condition), hidden
        found = self._conditions.get(key)
        if found is None:
            plain = replace(table, layers=MAIN_HEAD.layers, unfilled=NONE)
            found = _keep(self._conditions, key, compile_condition(catalog, plain, condition, hidden=hidden))
        return found.sql, found.parameters(values_of(condition))

    def matching(
        self, owner: object, table: StoredTable, rows: Sequence[Row], conditions: Sequence[tuple[str, tuple[Any, ...]]]
    ) -> frozenset[int]:
        """Say which rows, by their places, satisfy all conditions. ``owner`` is what always has these rows."""
        driver, name = self._connection(), quote(table.physical)
        if self._laid is None or self._laid[0] is not owner or self._laid[1] != table.id:
            self._lay(driver, table, name, rows)
            self._laid = owner, table.id
        test = " AND ".join(f"({sql})" for sql, _ in conditions)
        parameters = [value for _, values in conditions for value in values]
        return frozenset(place for (place,) in driver.execute(f"SELECT rowid FROM {name} WHERE {test}", parameters))

    def _lay(self, driver: sqlite3.Connection, table: StoredTable, name: str, rows: Sequence[Row]) -> None:
        columns = [f"{quote(column.physical)} {column.affinity}" for column in table.columns.values()]
        driver.execute(f"DROP TABLE IF EXISTS {name}")
        driver.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
        names = ", ".join(quote(column.physical) for column in table.columns.values())
        places = ", ".join("?" * (len(columns) + 1))
        numbered = ((place, *row) for place, row in enumerate(rows))
        driver.executemany(f"INSERT INTO {name} (rowid, {names}) VALUES ({places})", numbered)

    def _connection(self) -> sqlite3.Connection:
        if self._driver is None:
            self._driver = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            register_functions(self._driver)
        return self._driver


def _keep(kept: OrderedDict[Hashable, Any], key: Hashable, value: Any) -> Any:  # noqa: ANN401 - any of two kinds
    kept[key] = value
    if len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
    return value


def _without(table: StoredTable, hidden: frozenset[str]) -> StoredTable:
    columns = {name: column for name, column in table.columns.items() if name not in hidden}
    logical = replace(table.table, key=tuple(name for name in table.table.key if name not in hidden))
    return replace(table, table=logical, columns=columns)


@dataclass(frozen=True, eq=False)
class EngineChanges:
    """Implements :class:`synthdb_host.contracts.ChangeSet`; ``catalog`` is that of the branch when it was read."""

    lines: Sequence[Line]
    start: Offset
    end: Offset
    branch: str
    catalog: StoredCatalog
    seeing: Seeing
    scheduler: Scheduler

    @property
    def tables(self) -> frozenset[str]:
        """The names of the tables that were changed."""
        ids = {line.table for line in self.lines}
        return frozenset(table.name for table in self.catalog.tables.values() if table.id in ids)

    @property
    def size(self) -> int:
        """About how many bytes this holds."""
        return sum(size_of_row(line.old) + size_of_row(line.new) for line in self.lines)

    async def seen(
        self, tables: Mapping[str, Filter | None], restrictions: Restrictions
    ) -> tuple[Sequence[Offset], Result]:
        """Give what a caller sees of it."""
        if len(self.lines) < _MANY or self.scheduler.inline_budget is None:
            return self._seen(tables, restrictions)
        return await self.scheduler.offload(lambda: self._seen(tables, restrictions))

    def _seen(self, tables: Mapping[str, Filter | None], restrictions: Restrictions) -> tuple[list[Offset], Result]:
        with self.seeing.lock:
            views: dict[int, _View] = {}
            for name in tables or self.tables:
                limit = restrictions.tables.get(name) or _UNLIMITED
                view = _View(self, self.catalog.table(name), tables.get(name), limit)
                views[view.table.id] = view
            offsets, rows = [], []
            for line in self.lines:
                known = views.get(line.table)
                row = None if known is None else known.row(line)
                if row is not None:
                    offsets.append(line.offset)
                    rows.append(row)
        return offsets, result(_COLUMNS, rows)


class _View:
    """One table as a caller follows it."""

    def __init__(
        self, changes: EngineChanges, table: StoredTable, where: Filter | None, limit: TableRestriction
    ) -> None:
        seeing, catalog = changes.seeing, changes.catalog
        self.table = table
        self._branch = changes.branch
        conditions = []
        if where is not None:
            conditions.append(seeing.condition(catalog, table, where, limit.hidden))
        if limit.rows is not None:
            conditions.append(seeing.condition(catalog, table, limit.rows, frozenset()))
        self._shown = seeing.shown(catalog, table, limit.hidden)
        self._places = [place for place, name in enumerate(table.columns) if name not in limit.hidden]
        self._all_columns = len(self._places) == len(table.columns)
        self._matching: frozenset[Row | tuple[Offset, bool]] | None = None
        own = [line for line in changes.lines if line.table == table.id]
        if conditions and own:
            self._matching = _matched(changes, table, own, conditions)

    def row(self, line: Line) -> Row | None:
        """Give the row of the result for a change; None: the caller sees none."""
        old, new = self._seen(line, is_new=False), self._seen(line, is_new=True)
        if old is None and new is None:
            return None
        if old is not None and new is not None:
            changed = [
                column.name for column, was, now in zip(self._shown.columns, old, new, strict=True) if was != now
            ]
            if not changed:
                return None
            return self._event(line, "update", old, new, changed)
        op = "insert" if old is None else "delete" if line.new is None else "leave"
        return self._event(line, op, old, new, None)

    def _event(self, line: Line, op: str, old: Row | None, new: Row | None, changed: list[str] | None) -> Row:
        shown = self._shown
        key = shown.key(new if new is not None else old or ())
        commit = str(line.offset.commit)
        images = shown.image(old), shown.image(new)
        return str(line.offset), commit, line.at, self._branch, self.table.name, op, key, *images, changed

    def _seen(self, line: Line, *, is_new: bool) -> Row | None:
        row = line.new if is_new else line.old
        if row is None or (self._matching is not None and (line.offset, is_new) not in self._matching):
            return None
        return row if self._all_columns else tuple(row[place] for place in self._places)


def _matched(
    changes: EngineChanges, table: StoredTable, lines: Sequence[Line], conditions: Sequence[tuple[str, tuple[Any, ...]]]
) -> frozenset[Any]:
    """Say which rows of a table satisfy all conditions, each as its offset and whether it is the new one."""
    names, rows = [], []
    for line in lines:
        for row, is_new in ((line.old, False), (line.new, True)):
            if row is not None:
                names.append((line.offset, is_new))
                rows.append(row)
    return frozenset(names[place] for place in changes.seeing.matching(changes, table, rows, conditions))
