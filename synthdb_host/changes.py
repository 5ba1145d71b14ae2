"""Schema changes: what a define operation is made of, as plain frozen data."""

from dataclasses import dataclass
from typing import Final
from typing import Literal as OneOf

from synthdb_host.catalog import CheckConstraint, Column, ColumnType, ForeignKey, Index, TableMode, UniqueKey

__all__ = [
    "MISSING",
    "AddCheck",
    "AddColumn",
    "AddForeignKey",
    "AddIndex",
    "AddUniqueKey",
    "AlterColumn",
    "Change",
    "CopyColumn",
    "CopyTable",
    "CreateTable",
    "DropColumn",
    "DropConstraint",
    "DropTable",
    "Missing",
    "RenameColumn",
    "RenameTable",
    "RequirePlugin",
    "RequirePreconditions",
    "RestoreColumn",
    "RestoreTable",
    "SetMode",
]


class Missing:
    """The type of :data:`MISSING`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()
"""Stands in an :class:`Insert` row for a column that this row does not give: its default is taken."""


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
class RequirePreconditions:
    """Say whether writes that come over HTTP must name the version of the row that they change."""

    table: str
    required: bool = True


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
    CreateTable | DropTable | RestoreTable | RenameTable | SetMode | RequirePreconditions | AddColumn | DropColumn
    | RestoreColumn | RenameColumn | AlterColumn | AddIndex | AddUniqueKey | AddForeignKey | AddCheck | DropConstraint
    | CopyTable | CopyColumn | RequirePlugin
)  # fmt: skip
