"""The operations: everything that can be asked of a database, as plain frozen data.

API generators, the embedded library, jobs and tools build operations; the gate lets them through; a storage
backend executes them. Nothing here executes anything. Names are logical names, and a
:class:`Literal` is a value in text form (from a URL or a CSV cell) that takes the type of its column.

Conditions are in :mod:`synthdb_host.filters`, schema changes in :mod:`synthdb_host.changes`, and what concerns commits
and branches in :mod:`synthdb_host.versions`; the names of the first two can be had from here too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal as OneOf

from synthdb_host.changes import (
    MISSING,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AddUniqueKey,
    AlterColumn,
    Change,
    CopyColumn,
    CopyTable,
    CreateTable,
    DropColumn,
    DropConstraint,
    DropTable,
    Missing,
    RenameColumn,
    RenameTable,
    RequirePlugin,
    RequirePreconditions,
    RestoreColumn,
    RestoreTable,
    SetMode,
)
from synthdb_host.errors import CatalogChanged, PreconditionFailed
from synthdb_host.expectations import Expected
from synthdb_host.filters import (
    ALL_OPERATORS,
    Aggregate,
    AggregateFunction,
    And,
    ColumnRef,
    Comparison,
    EmbedCount,
    EmbedExists,
    Filter,
    Literal,
    Not,
    Or,
    and_all,
)
from synthdb_host.records import Recording
from synthdb_host.versions import HEAD, Ref, Versioning

__all__ = [
    "ALL_OPERATORS",
    "HEAD",
    "MISSING",
    "AddCheck",
    "AddColumn",
    "AddForeignKey",
    "AddIndex",
    "AddUniqueKey",
    "Aggregate",
    "AggregateFunction",
    "AlterColumn",
    "And",
    "Batch",
    "Change",
    "ColumnRef",
    "Comparison",
    "CopyColumn",
    "CopyTable",
    "CountMode",
    "CreateTable",
    "Define",
    "Delete",
    "DropColumn",
    "DropConstraint",
    "DropTable",
    "Embed",
    "EmbedCount",
    "EmbedExists",
    "Filter",
    "Insert",
    "Literal",
    "Missing",
    "Not",
    "OnConflict",
    "Operation",
    "Or",
    "Order",
    "Output",
    "Position",
    "Ref",
    "Reference",
    "RenameColumn",
    "RenameTable",
    "RequirePlugin",
    "RequirePreconditions",
    "RestoreColumn",
    "RestoreTable",
    "Select",
    "SetMode",
    "Sql",
    "Update",
    "and_all",
]


# -- reading ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Output:
    """One item of a projection: a column or an aggregate, and the name it has in the result."""

    source: ColumnRef | Aggregate
    name: str


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a column, or by a column of a to-one ``embed`` of the same select.

    NULLs are last by default when ascending and first when descending, as in PostgreSQL. Grouped rows are sorted
    by a column that they are grouped by, or by the name of an aggregate among the outputs.
    """

    column: ColumnRef
    descending: bool = False
    nulls: OneOf["first", "last"] | None = None
    embed: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """Related rows inside each row, under ``name``: an object or NULL (to-one) or a list (``many``).

    Rows belong together where ``local`` of the outer table equals ``remote`` of ``select.table``. ``inner``
    leaves out outer rows without a match. ``spread`` puts the columns of a to-one embed into the outer row.
    ``hidden`` joins for filters and order only and yields no output.
    """

    name: str
    local: tuple[str, ...]
    remote: tuple[str, ...]
    many: bool
    select: "Select"
    inner: bool = False
    spread: bool = False
    hidden: bool = False


CountMode = OneOf["exact", "planned", "estimated"]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended.

    ``commit`` is the state that the page is of, with which the next one goes on; None: with that of then, whatever
    it is. ``row`` says in the storage's own terms (texts, numbers, bytes, None) what the last row was sorted by; empty:
    it cannot be told, so that the next page is found by its offset.
    """

    commit: str | None = None
    row: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class Select:
    """Read rows.

    ``outputs`` empty means every column, or with ``bare`` none (only embeds); with aggregates, the other
    outputs are grouped by. A ``count`` asks for the number of rows without limit and offset. Rows without an
    order come by identity. ``versions`` asks for the version of each row; grouped rows have none. ``known`` asks for
    the state that is read: where it is one of these nothing is read, and the result has neither encoder nor rows.
    With ``positioned`` rows have one order, in which ties are broken by identity, and a full page says where it
    ended; ``after`` such a position, of a select that is else the same, the next begins. ``bound`` is the version of
    the whole catalog that the select was made of: under another one it is refused with ``catalog_changed``.
    """

    table: str
    outputs: tuple[Output, ...] = ()
    embeds: tuple[Embed, ...] = ()
    where: Filter | None = None
    having: Filter | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    count: CountMode | None = None
    ref: Ref = HEAD
    bare: bool = False
    versions: bool = False
    known: frozenset[str] | None = None
    positioned: bool = False
    after: Position | None = None
    bound: str | None = None

    def require_bound(self, version: str) -> None:
        """Compare the version of the catalog that this is about to be read with.

        Raises:
            CatalogChanged: the select was made of another one.
        """
        if self.bound is not None and self.bound != version:
            raise CatalogChanged("The schema was changed just now.", hint="Ask again.")


@dataclass(frozen=True, slots=True)
class Sql:
    """Run one read-only SQL statement over logical tables and columns, with positional parameters.

    With ``explain`` nothing is run, and the rows say how it would be, in words. Their columns: level, sentence, table,
    columns (what it gives or reads, and the types where they are known), index, rows, plan (the storage's own words).
    Parameters may then be left out. The first ``offset`` rows are left out.
    """

    statement: str
    parameters: tuple[object, ...] = ()
    limit: int | None = None
    ref: Ref = HEAD
    explain: bool = False
    offset: int = 0


# -- writing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnConflict:
    """What an insert does with rows whose ``columns`` (a unique key; empty: the table's key) exist already.

    ``merge`` sets ``update`` (None: every column given) on them, ``ignore`` leaves them alone. ``update`` is ``merge``
    that writes no new rows, so that a row which does not exist is an error. A cell that is :data:`MISSING` stays.
    A ``merge`` leaves alone those rows for which ``where`` does not hold, as they were before this write.
    """

    columns: tuple[str, ...] = ()
    resolution: OneOf["merge", "ignore", "update"] = "merge"
    update: tuple[str, ...] | None = None
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """Write new rows; with ``on_conflict``, update or skip those that exist.

    Each row is a tuple as long as ``columns`` and may hold :data:`MISSING`. A table or column that does not
    exist is made if the table's mode and the caller's permissions allow. ``returning`` is a select whose
    outputs, embeds and order are applied to exactly the rows written (its where, limit and count are unused).
    With ``guarded`` it is refused where it may change a row of a table with preconditions, and expects nothing of it.
    """

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    on_conflict: OnConflict | None = None
    returning: Select | None = None
    ref: Ref = HEAD
    expected: Expected | None = None
    guarded: bool = False

    @classmethod
    def of(
        cls, table: str, rows: Sequence[Mapping[str, object]], on_conflict: OnConflict | None = None,
        returning: Select | None = None, ref: Ref = HEAD, expected: Expected | None = None,
    ) -> "Insert":  # fmt: skip
        """Build an insert from mappings, whose keys may differ from row to row."""
        columns = tuple(dict.fromkeys(name for row in rows for name in row))
        uniform = all(len(row) == len(columns) and tuple(row) == columns for row in rows)
        if uniform:
            values: list[tuple[object, ...]] = [tuple(row.values()) for row in rows]
        else:
            values = [tuple(row.get(name, MISSING) for name in columns) for row in rows]
        return cls(table, columns, values, on_conflict, returning, ref, expected)


@dataclass(frozen=True, slots=True)
class Update:
    """Set values on the rows that ``where`` selects.

    Without ``where``, ``every_row`` must be set. More than ``max_affected`` rows, or fewer than ``min_affected``, are
    an error and change nothing. With ``guarded`` it is refused where the table has preconditions, unless there is
    something ``expected``.
    """

    table: str
    values: Mapping[str, object]
    where: Filter | None = None
    every_row: bool = False
    max_affected: int | None = None
    returning: Select | None = None
    ref: Ref = HEAD
    expected: Expected | None = None
    min_affected: int = 0
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the rows that ``where`` selects; see :class:`Update`."""

    table: str
    where: Filter | None = None
    every_row: bool = False
    max_affected: int | None = None
    returning: Select | None = None
    ref: Ref = HEAD
    expected: Expected | None = None
    min_affected: int = 0
    guarded: bool = False


# -- schema ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Define:
    """Change the schema: all changes or none.

    With ``expected`` it is done only if the catalog has one of these versions; else nothing is, and it is refused
    with ``precondition_failed``.
    """

    changes: tuple[Change, ...]
    ref: Ref = HEAD
    expected: tuple[str, ...] = ()

    def check_version(self, version: str) -> None:
        """Compare the version of the catalog with those expected.

        Raises:
            PreconditionFailed: it is none of them.
        """
        if self.expected and version not in self.expected:
            raise PreconditionFailed(
                "The schema was changed meanwhile.",
                hint="Read it again, and decide whether your change still fits.",
                data={"version": version},
            )


@dataclass(frozen=True, slots=True)
class Reference:
    """A value in a part of a batch: what an earlier part, given by its number, has in a column of its one row.

    With ``every`` it stands for the values of all rows of that part, as the operand of ``in`` or among its values.
    """

    part: int
    name: str
    every: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Run operations one after another as one commit: all or none.

    With ``references`` there may be a :class:`Reference` where a row, an update or a condition has a value. The error
    of a part has its number among its data, as ``operation``.
    """

    operations: tuple["Operation", ...]
    ref: Ref = HEAD
    references: bool = False


Operation = Select | Sql | Insert | Update | Delete | Define | Batch | Versioning | Recording
