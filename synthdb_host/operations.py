"""The operations: everything that can be asked of a database, as plain frozen data.

API generators, the embedded library, jobs and tools build operations; the gate lets them through; a storage
backend executes them. Nothing here executes anything. Names are logical names, and a
:class:`Literal` is a value in text form (from a URL or a CSV cell) that takes the type of its column.

Conditions form one filter language, a tree of :data:`Filter`: query strings, policies, checks and the
embedded library's expressions all become this tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from typing import Literal as OneOf

from synthdb_host.catalog import CheckConstraint, Column, ColumnType, ForeignKey, Index, TableMode, UniqueKey

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
    "Ref",
    "RenameColumn",
    "RenameTable",
    "RequirePlugin",
    "RestoreColumn",
    "RestoreTable",
    "Select",
    "SetMode",
    "Sql",
    "Update",
    "and_all",
]


@dataclass(frozen=True, slots=True)
class Ref:
    """A place in a database's history: a branch, and on it a moment (``None`` is now).

    ``at`` is a commit id, a tag or an RFC 3339 timestamp.
    """

    branch: str = "main"
    at: str | None = None


HEAD: Final = Ref()
"""The newest state of the main branch."""


class Literal(str):
    """A value in text form, as it stands in a URL or a CSV cell; its column gives it a type."""

    __slots__ = ()


class Missing:
    """The type of :data:`MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""Stands in an :class:`Insert` row for a column that this row does not give: its default is taken."""


# -- conditions ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column, a JSON path into it (keys and indexes), and a cast, in this order.

    With ``as_text`` the last JSON step gives text (``->>``), otherwise JSON (``->``).
    """

    name: str
    path: tuple[str | int, ...] = ()
    as_text: bool = False
    cast: str | None = None


AggregateFunction = OneOf["count", "sum", "avg", "min", "max"]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over a column, or with ``column=None`` over rows (count only)."""

    function: AggregateFunction
    column: ColumnRef | None = None
    cast: str | None = None


ALL_OPERATORS: Final = (
    "eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch", "in", "is", "isdistinct",
    "cs", "cd", "ov", "fts", "plfts", "phfts", "wfts", "sl", "sr", "nxr", "nxl", "adj",
)  # fmt: skip
"""The operators of the filter language; a storage may refuse some with ``unknown_operator``.

``eq neq gt gte lt lte`` compare, and are never true of NULL. ``like ilike`` take ``%`` and ``_`` (and ``*`` for
``%`` is the query string's business); ``ilike`` folds ASCII case. ``match imatch`` are regular expressions.
``in`` takes a sequence. ``is`` takes None, True, False or the text ``unknown``, ``not_null``. ``isdistinct`` is
``neq`` that treats NULL as a value. ``cs cd ov`` are contains, contained in and overlaps, of JSON.
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``column operator value``. With a quantifier, ``value`` is a sequence of which any or all must match."""

    column: ColumnRef | Aggregate
    operator: str
    value: object
    quantifier: OneOf["any", "all"] | None = None


@dataclass(frozen=True, slots=True)
class And:
    """All of the items hold. An empty And always holds."""

    items: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the items holds. An empty Or never does."""

    items: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The item does not hold (SQL's three-valued NOT: unknown stays unknown)."""

    item: "Filter"


@dataclass(frozen=True, slots=True)
class EmbedExists:
    """The embed of this name in the same select has at least one row."""

    embed: str


Filter = Comparison | And | Or | Not | EmbedExists


def and_all(*filters: Filter | None) -> Filter | None:
    """Join conditions with And, leaving out the absent ones; None if all are absent."""
    present = tuple(item for item in filters if item is not None)
    return And(present) if len(present) > 1 else (present[0] if present else None)


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
class Select:
    """Read rows.

    ``outputs`` empty means every column, or with ``bare`` none (only embeds); with aggregates, the other
    outputs are grouped by. A ``count`` asks for the number of rows without limit and offset. Rows without an
    order come by identity.
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


@dataclass(frozen=True, slots=True)
class Sql:
    """Run one read-only SQL statement over logical tables and columns, with positional parameters."""

    statement: str
    parameters: tuple[object, ...] = ()
    limit: int | None = None
    ref: Ref = HEAD


# -- writing ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OnConflict:
    """What an insert does with rows whose ``columns`` (a unique key; empty: the table's key) exist already.

    ``merge`` sets ``update`` (None: every column given) on them, ``ignore`` leaves them alone.
    """

    columns: tuple[str, ...] = ()
    resolution: OneOf["merge", "ignore"] = "merge"
    update: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Insert:
    """Write new rows; with ``on_conflict``, update or skip those that exist.

    Each row is a tuple as long as ``columns`` and may hold :data:`MISSING`. A table or column that does not
    exist is made if the table's mode and the caller's permissions allow. ``returning`` is a select whose
    outputs, embeds and order are applied to exactly the rows written (its where, limit and count are unused).
    """

    table: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    on_conflict: OnConflict | None = None
    returning: Select | None = None
    ref: Ref = HEAD

    @classmethod
    def of(
        cls, table: str, rows: Sequence[Mapping[str, object]], on_conflict: OnConflict | None = None,
        returning: Select | None = None, ref: Ref = HEAD,
    ) -> "Insert":  # fmt: skip
        """Build an insert from mappings, whose keys may differ from row to row."""
        columns = tuple(dict.fromkeys(name for row in rows for name in row))
        uniform = all(len(row) == len(columns) and tuple(row) == columns for row in rows)
        if uniform:
            values: list[tuple[object, ...]] = [tuple(row.values()) for row in rows]
        else:
            values = [tuple(row.get(name, MISSING) for name in columns) for row in rows]
        return cls(table, columns, values, on_conflict, returning, ref)


@dataclass(frozen=True, slots=True)
class Update:
    """Set values on the rows that ``where`` selects.

    Without ``where``, ``every_row`` must be set. More than ``max_affected`` rows is an error and changes nothing.
    """

    table: str
    values: Mapping[str, object]
    where: Filter | None = None
    every_row: bool = False
    max_affected: int | None = None
    returning: Select | None = None
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the rows that ``where`` selects; see :class:`Update`."""

    table: str
    where: Filter | None = None
    every_row: bool = False
    max_affected: int | None = None
    returning: Select | None = None
    ref: Ref = HEAD


# -- schema ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateTable:
    """Make a table. ``key`` is the declared primary key; empty: the engine gives an identity.

    ``generated`` chooses what the engine's identity is when no declared single integer or uuid key serves.
    """

    table: str
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    generated: OneOf["integer", "uuid7"] = "integer"
    mode: TableMode = "flexible"
    unique_keys: tuple[UniqueKey, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()
    comment: str | None = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropTable:
    """Remove a table; softly, so that it can be restored, unless ``hard``."""

    table: str
    hard: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class RestoreTable:
    """Bring a softly dropped table back under its old name."""

    table: str


@dataclass(frozen=True, slots=True)
class RenameTable:
    """Give a table another name."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class SetMode:
    """Change how writes may change a table's schema."""

    table: str
    mode: TableMode


@dataclass(frozen=True, slots=True)
class AddColumn:
    """Add a column."""

    table: str
    column: Column
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True)
class DropColumn:
    """Remove a column; softly, so that it can be restored, unless ``hard``."""

    table: str
    column: str
    hard: bool = False


@dataclass(frozen=True, slots=True)
class RestoreColumn:
    """Bring a softly dropped column back under its old name."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """Give a column another name."""

    table: str
    column: str
    name: str


@dataclass(frozen=True, slots=True)
class AlterColumn:
    """Change a column. None leaves a property as it is; a type changes only where no value loses anything."""

    table: str
    column: str
    type: ColumnType | None = None
    not_null: bool | None = None
    default: object = MISSING
    drop_default: bool = False


@dataclass(frozen=True, slots=True)
class AddIndex:
    """Add an index."""

    table: str
    index: Index


@dataclass(frozen=True, slots=True)
class AddUniqueKey:
    """Add a unique key."""

    table: str
    key: UniqueKey


@dataclass(frozen=True, slots=True)
class AddForeignKey:
    """Add a foreign key; the columns referred to must be the identity or a unique key."""

    table: str
    key: ForeignKey


@dataclass(frozen=True, slots=True)
class AddCheck:
    """Add a check; every row must satisfy it already."""

    table: str
    check: CheckConstraint


@dataclass(frozen=True, slots=True)
class DropConstraint:
    """Remove an index, unique key, foreign key or check by its name."""

    table: str
    name: str


@dataclass(frozen=True, slots=True)
class CopyTable:
    """Make a table like another, with its rows (new identities where the engine gives them) if ``data``."""

    source: str
    name: str
    data: bool = True


@dataclass(frozen=True, slots=True)
class CopyColumn:
    """Add a column ``name`` with the type, and if ``data`` the values, of another one of the same table."""

    table: str
    source: str
    name: str
    data: bool = True


@dataclass(frozen=True, slots=True)
class RequirePlugin:
    """Record that this database may only be served where the plugin ``id`` is active."""

    id: str
    required: bool = True


Change = (
    CreateTable | DropTable | RestoreTable | RenameTable | SetMode | AddColumn | DropColumn | RestoreColumn
    | RenameColumn | AlterColumn | AddIndex | AddUniqueKey | AddForeignKey | AddCheck | DropConstraint
    | CopyTable | CopyColumn | RequirePlugin
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Define:
    """Change the schema: all changes or none."""

    changes: tuple[Change, ...]
    ref: Ref = HEAD


@dataclass(frozen=True, slots=True)
class Batch:
    """Run operations one after another as one commit: all or none."""

    operations: tuple["Operation", ...]
    ref: Ref = HEAD


Operation = Select | Sql | Insert | Update | Delete | Define | Batch
