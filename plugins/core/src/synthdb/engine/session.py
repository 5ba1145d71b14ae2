"""One commit in the making: what the operations of a write transaction share."""

import sqlite3
from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from synthdb.catalog.model import StoredCatalog, StoredTable
from synthdb.catalog.store import Records, Versions, bump_catalog, load_catalog, read_records
from synthdb.engine.marks import Marks
from synthdb.engine.naming import quote
from synthdb.engine.numbers import Numbers
from synthdb.engine.reader import Reader
from synthdb.engine.rows import RowIds
from synthdb_host.contracts import Context, Restrictions, Result
from synthdb_host.errors import Forbidden, SchemaLocked
from synthdb_host.operations import ColumnRef, Comparison, Select

__all__ = ["Plans", "Session", "TableChanges"]


_NOTHING = Result()


class TableChanges(msgspec.Struct, omit_defaults=True):
    """How one commit changed one table; the identities tell "what is new" without an index on commits."""

    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    min_id: Any = None
    max_id: Any = None


class Plans:
    """Compiled statements, the least recently used forgotten. Keys hold the catalog version."""

    def __init__(self, size: int = 512) -> None:
        self._size = size
        self._found: dict[Hashable, Any] = {}

    def get(self, key: Hashable) -> Any:  # noqa: ANN401 - plans of many kinds
        """Give the plan of this key, None if there is none."""
        plan = self._found.pop(key, None)
        if plan is not None:
            self._found[key] = plan
        return plan

    def put(self, key: Hashable, plan: Any) -> Any:  # noqa: ANN401 - plans of many kinds
        """Keep a plan and give it back."""
        if len(self._found) >= self._size:
            self._found.pop(next(iter(self._found)))
        self._found[key] = plan
        return plan


class Session:
    """A write transaction on the branch that its catalog is of, from its first statement to its commit row.

    ``commit`` is the id that this commit will have. ``restrictions`` and ``context`` are those of the operation
    being executed. ``merged`` is the commit whose changes this one takes over, if it is a merge. ``at_once`` is how
    many rows a table may have whose columns are converted in the write that widens them; ``deferred`` says that one
    was left for later.
    """

    def __init__(
        self,
        driver: sqlite3.Connection,
        catalog: StoredCatalog,
        reader: Reader,
        plans: Plans,
        marks: Marks,
        numbers: Numbers,
        commit: int,
        at: str,
    ) -> None:
        self.driver = driver
        self.catalog = catalog
        self.reader = reader
        self.plans = plans
        self.marks = marks
        self.numbers = numbers
        self.commit = commit
        self.at = at
        self.branch = catalog.place.branch
        self.versions = Versions(driver, catalog.place, commit)
        self.merged: int | None = None
        self.is_protected = False
        self.at_once = 0
        self.deferred = False
        self.restrictions: Restrictions
        self.context: Context
        self.changes: dict[int, TableChanges] = {}
        self.schema_changed = False
        self.is_committed = False

    # -- schema -----------------------------------------------------------------------------------------

    def table(self, name: str) -> StoredTable:
        """Find a table; raises UnknownTable."""
        return self.catalog.table(name)

    def require_define(self) -> None:
        """Raise Forbidden unless the caller may change the schema by writing."""
        if not self.restrictions.may_define:
            raise Forbidden("This changes tables or columns, which you may not define.")

    def require_unlocked(self, table: StoredTable) -> None:
        """Raise SchemaLocked if the table's mode forbids all schema changes."""
        if table.table.mode == "locked":
            raise SchemaLocked(f"Table {table.name!r} is locked.", hint="Change its mode first.")

    def refresh_schema(self, *, changed: bool = False) -> None:
        """Read the catalog again if versions of its rows were written, or anything else of it was ``changed``."""
        if not (changed or self.versions.written):
            return
        self.versions.written = False
        # Each change has its own version: plans made between two changes of one commit must not outlive them.
        bump_catalog(self.driver)
        self.schema_changed = True
        self.reload()

    def forget_plans(self) -> None:
        """Compile everything anew from now on."""
        self.reader, self.plans = Reader(), Plans()

    def reload(self) -> None:
        """Read the catalog again."""
        self.catalog = load_catalog(self.driver, self.catalog.place)

    def records(self) -> Records:
        """Read the catalog rows, of dropped tables and columns too."""
        return read_records(self.driver, self.catalog.place)

    def parts(self, physical: str) -> tuple[str, ...]:
        """Give the names of all physical tables that belong to the one of this name, whoever made them."""
        overlay = f"_o_{physical}"
        found = self.driver.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (overlay,)).fetchone()
        return (physical, f"_h_{physical}", overlay) if found else (physical, f"_h_{physical}")

    # -- rows -------------------------------------------------------------------------------------------

    def touch(self, table: StoredTable) -> StoredTable:
        """Note that rows of a table are about to change on this branch; gives the table as it is then."""
        if self.marks.note(self.driver, table, self.branch, self.commit):
            self.reload()
            return self.table(table.name)
        return table

    def changes_of(self, table: StoredTable) -> TableChanges:
        """Give the tally of a table."""
        return self.changes.setdefault(table.id, TableChanges())

    def tally(self, table: StoredTable, ids: Sequence[Any]) -> TableChanges:
        """Give the tally of a table, its range of identities widened by these."""
        changes = self.changes_of(table)
        low, high = (ids[0], ids[-1]) if isinstance(ids, range) else (min(ids), max(ids))
        changes.min_id = low if changes.min_id is None else min(low, changes.min_id)
        changes.max_id = high if changes.max_id is None else max(high, changes.max_id)
        return changes

    def returning(self, table: StoredTable, select: Select | None, rows: RowIds) -> Result:
        """Read back rows that were written."""
        if select is None:
            return _NOTHING
        identity = ColumnRef(table.table.identity)
        chosen = (
            Comparison(identity, "eq", rows.ids[0]) if len(rows) == 1 else Comparison(identity, "in", tuple(rows.ids))
        )
        asked = Select(table.name, select.outputs, select.embeds, where=chosen, order=select.order)
        return self.reader.run(self.driver, self.catalog, asked, self.restrictions)

    def result(
        self, rows: Result, affected: int, inserted: int | None = None, keys: tuple[tuple[Any, ...], ...] = (),
        versions: tuple[str, ...] = (),
    ) -> Result:  # fmt: skip
        """Give the result of a write, with the rows that it read back."""
        commit = None if self.is_empty else str(self.commit)
        return Result(rows.encoder, rows.rows, None, affected, inserted, keys, commit, versions=versions)

    def version(self, name: str, rows: RowIds, *, written: bool = False) -> tuple[str, ...]:
        """Give the version of the row of a table if it is one, which is known if it was ``written`` just now."""
        if len(rows) != 1 or written:
            return (str(self.commit),) if len(rows) == 1 else ()
        table = self.table(name)
        statement = f"SELECT _tx FROM {table.rows()} WHERE {quote(table.identity.physical)} {rows.test}"
        return tuple([str(commit) for (commit,) in self.driver.execute(statement, rows.parameters)])

    # -- the commit -------------------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Say whether nothing has changed, so that there is nothing to commit."""
        return not self.changes and not self.schema_changed and self.merged is None

    def write_commit(self, kind: str) -> None:
        """Write the commit's row; there must be something to commit."""
        for table_id in self.versions.tables:
            self.changes.setdefault(table_id, TableChanges())
        tables = msgspec.json.encode({str(table_id): changes for table_id, changes in self.changes.items()})
        context = self.context
        self.driver.execute(
            "INSERT INTO _tx (id, at, branch, author, message, kind, parent2, tables) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.commit, self.at, self.branch, context.principal.id, context.message, kind, self.merged,
                tables.decode(),
            ),
        )  # fmt: skip
        self.is_committed = True
