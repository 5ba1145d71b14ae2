"""What an operation needs before it may run: actions, tables, capabilities.

A pure reading of the operation tree; the gate asks for every demand before anything is executed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from synthdb_host.contracts import Capability
from synthdb_host.operations import (
    AddCheck,
    AddForeignKey,
    Batch,
    Change,
    CopyTable,
    CreateTable,
    Define,
    Delete,
    Insert,
    Operation,
    Ref,
    RenameTable,
    RequirePlugin,
    Select,
    Sql,
    Update,
)
from synthdb_host.records import KeepRecords, Records
from synthdb_host.versions import (
    HEAD,
    Backfill,
    BranchChange,
    Branches,
    Branching,
    Changes,
    CherryPick,
    Collect,
    Compact,
    Conflicts,
    CreateBranch,
    CreateTag,
    Diff,
    DropTag,
    History,
    Log,
    Merge,
    Resolve,
    Restore,
    Revert,
    StorageReport,
    Tags,
    Versioning,
)

__all__ = ["Demands"]


@dataclass(slots=True)
class Demands:
    """The demands of one operation with all its parts.

    ``tables`` holds (action, table) pairs, ``database`` the actions on the database itself. ``altered`` are
    the tables whose schema changes or is copied. ``writes`` says that rows are written, which may make tables
    and columns. ``sql`` are the refs at which any table may be read; with ``combines`` any may be written, too.
    ``places`` are the refs that an operation on the database is about, beside its own.
    """

    tables: dict[tuple[str, str], None] = field(default_factory=dict)
    database: set[str] = field(default_factory=set)
    capabilities: set[Capability] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)
    sql: set[Ref] = field(default_factory=set)
    places: set[str] = field(default_factory=set)
    writes: bool = False
    combines: bool = False

    @classmethod
    def of(cls, operation: Operation) -> Self:
        """Collect the demands of an operation."""
        demands = cls()
        demands._add(operation)
        return demands

    def _add(self, operation: Operation) -> None:
        match operation:
            case Select():
                self._read(operation)
            case Insert():
                self._insert(operation)
            case Update():
                self._write("update", operation)
            case Delete():
                self._write("delete", operation)
            case Sql():
                self.database.add("sql")
                self.capabilities.add("sql")
                self.sql.add(operation.ref)
            case Define():
                self._define(operation.changes)
            case Batch():
                for part in operation.operations:
                    self._add(part)
            case Records() | KeepRecords():
                self._ask(operation.kind, "records")
            case _:
                self._version(operation)

    def _read(self, select: Select) -> None:
        self.tables["select", select.table] = None
        if select.after is not None and select.after.commit is not None:
            self.capabilities.add("as_of")
        for embed in select.embeds:
            self._read(embed.select)

    def _write(self, action: str, operation: Insert | Update | Delete) -> None:
        self.tables[action, operation.table] = None
        self.writes = self.writes or action != "delete"
        if not isinstance(operation, Insert) and operation.where is not None:
            # How many rows a filter finds tells what is in them.
            self.tables["select", operation.table] = None
        if operation.expected is not None:
            self.capabilities.add("row_versions")
            self.tables["select", operation.table] = None
        if operation.returning is not None:
            self._read(operation.returning)

    def _insert(self, operation: Insert) -> None:
        resolution = operation.on_conflict.resolution if operation.on_conflict is not None else None
        self._write("update" if resolution == "update" else "insert", operation)
        if resolution == "merge":
            self.tables["update", operation.table] = None
        if resolution == "update" or (operation.on_conflict is not None and operation.on_conflict.where is not None):
            # Which rows there are is told.
            self.tables["select", operation.table] = None

    def _ask(self, action: str, capability: Capability) -> None:
        self.database.add(action)
        self.capabilities.add(capability)

    def _combine(self, operation: Merge | CherryPick | Revert | Restore | Resolve) -> None:
        """Combining states reads and writes any table and its schema; which, only the storage finds out."""
        self._ask("merge", "merge")
        self.writes = self.combines = True
        self.sql.add(operation.ref)
        match operation:
            case Merge() | Resolve():
                self.sql.add(operation.source)
                self.places.add(str(operation.source))
            case Restore() if operation.to is not None:
                self.sql.add(operation.to)
            case CherryPick() | Revert():
                self.sql |= {Ref(operation.first), Ref(operation.last or operation.first)}

    def _version(self, operation: Versioning) -> None:
        match operation:
            case Branching():
                self._ask("branch", "branches")
                self.places |= {_origin(change) for change in operation.changes}
            case Collect() | Compact() | Backfill():
                self._ask("maintain", "branches")
            case Branches() | Tags() | StorageReport():
                self._ask("history", "branches")
                self.sql.add(HEAD)
            case Merge() | CherryPick() | Revert() | Restore() | Resolve():
                self._combine(operation)
            case _:
                self._look_back(operation)

    def _look_back(self, operation: Log | History | Diff | Changes | Conflicts) -> None:
        match operation:
            case History():
                self._ask("history", "as_of")
                self.tables["select", operation.table] = None
            case Diff():
                self._ask("history", "as_of")
                self.sql |= {operation.base, operation.target}
                self.places |= {str(operation.base), str(operation.target)}
            case Changes():
                self._ask("history", "changes")
                self.sql.add(HEAD if operation.branch is None else Ref(operation.branch))
                self.places.add(operation.branch or HEAD.branch)
            case Log() | Conflicts():
                self._ask("history", "as_of" if isinstance(operation, Log) else "merge")
                self.sql.add(operation.ref)

    def _define(self, changes: Iterable[Change]) -> None:
        self.database.add("define")
        self.capabilities.add("define")
        for change in changes:
            self._change(change)

    def _change(self, change: Change) -> None:
        match change:
            case RequirePlugin():
                self.database.add("require")
                return
            case CopyTable():
                self.altered |= {change.source, change.name}
                self.tables["select", change.source] = None
                return
            case RenameTable():
                self.altered.add(change.name)
            case AddForeignKey():
                self._refer(change.key.table)
            case AddCheck():
                self.capabilities.add("checks")
            case CreateTable():
                self._create(change)
        self.altered.add(change.table)

    def _create(self, change: CreateTable) -> None:
        if change.checks:
            self.capabilities.add("checks")
        for key in change.foreign_keys:
            if key.table != change.table:
                self._refer(key.table)
            else:
                self.capabilities.add("foreign_keys")

    def _refer(self, table: str) -> None:
        self.capabilities.add("foreign_keys")
        self.tables["select", table] = None


def _origin(change: BranchChange) -> str:
    """Give the state that a branch or tag is made from, or the branch that is changed."""
    match change:
        case CreateBranch() | CreateTag():
            return str(change.at)
        case DropTag():
            return change.name
        case _:
            return change.branch
