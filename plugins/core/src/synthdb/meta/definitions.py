"""Schema changes as JSON: what each member means, and the change that it asks for."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Final, Literal

import msgspec

from synthdb.importing.names import constraint_name
from synthdb.rest.filters import parse_group
from synthdb.rest.limits import Limits
from synthdb_host.catalog import (
    CheckConstraint,
    Column,
    ColumnType,
    ForeignKey,
    Index,
    OnDelete,
    TableMode,
    UniqueKey,
)
from synthdb_host.operations import (
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
    RenameColumn,
    RenameTable,
    RequirePreconditions,
    RestoreColumn,
    RestoreTable,
    SetMode,
)

__all__ = [
    "CONSTRAINT",
    "AlteredColumn",
    "AlteredTable",
    "ConstraintBody",
    "NewColumn",
    "NewTable",
    "SchemaChanges",
    "change_of",
    "constraint_change",
    "table_change",
]

_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
_Type = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
_Note = Annotated[str, msgspec.Meta(max_length=2_000)]
_Condition = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]
_Names = Annotated[list[_Name], msgspec.Meta(min_length=1, max_length=100)]
_MOST: Final = 1_000


# -- parts -----------------------------------------------------------------------------------------------


class NewColumn(msgspec.Struct, forbid_unknown_fields=True):
    """A column to make."""

    name: _Name
    type: _Type
    not_null: bool = False
    default: Any = msgspec.UNSET
    comment: _Note | None = None

    def column(self) -> Column:
        """Give the column.

        Raises:
            InvalidValue: there is no such type.
        """
        has_default = self.default is not msgspec.UNSET
        default = self.default if has_default else None
        return Column(self.name, ColumnType.parse(self.type), self.not_null, default, has_default, comment=self.comment)


class _Index(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="index"):
    columns: _Names
    name: _Name | None = None

    def record(self, table: str) -> Index:
        return Index(self.name or constraint_name(table, tuple(self.columns), "idx"), tuple(self.columns))


class _Unique(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="unique"):
    columns: _Names
    name: _Name | None = None

    def record(self, table: str) -> UniqueKey:
        return UniqueKey(self.name or constraint_name(table, tuple(self.columns), "key"), tuple(self.columns))


class _Reference(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="foreign"):
    columns: _Names
    table: _Name
    references: _Names
    on_delete: OnDelete = "no_action"
    name: _Name | None = None

    def record(self, table: str) -> ForeignKey:
        name = self.name or constraint_name(table, tuple(self.columns), "fkey")
        return ForeignKey(name, tuple(self.columns), self.table, tuple(self.references), self.on_delete)


class _Check(msgspec.Struct, forbid_unknown_fields=True, tag_field="kind", tag="check"):
    name: _Name
    condition: _Condition

    def record(self, _table: str) -> CheckConstraint:
        where = f"condition of check {self.name!r}"
        return CheckConstraint(self.name, parse_group("and", f"({self.condition})", where, Limits()))


ConstraintBody = _Index | _Unique | _Reference | _Check
"""A constraint to add; ``kind`` says which. The condition of a check is written as in ``and=(...)``."""

CONSTRAINT: Final[type[ConstraintBody]] = ConstraintBody  # type: ignore[assignment]  # a union, to a decoder like a type

_Constraints = Annotated[list[ConstraintBody], msgspec.Meta(max_length=_MOST)]


class NewTable(msgspec.Struct, forbid_unknown_fields=True):
    """A table to make."""

    name: _Name
    columns: Annotated[list[NewColumn], msgspec.Meta(max_length=_MOST)] = []
    key: Annotated[list[_Name], msgspec.Meta(max_length=32)] = []
    generated: Literal["integer", "uuid7"] = "integer"
    mode: TableMode = "flexible"
    constraints: _Constraints = []
    comment: _Note | None = None
    if_not_exists: bool = False


class AlteredTable(msgspec.Struct, forbid_unknown_fields=True):
    """What to change of a table."""

    name: _Name | None = None
    mode: TableMode | None = None
    preconditions: bool | None = None


class AlteredColumn(msgspec.Struct, forbid_unknown_fields=True):
    """What to change of a column; ``default`` null takes the default away."""

    name: _Name | None = None
    type: _Type | None = None
    not_null: bool | None = None
    default: Any = msgspec.UNSET

    def changes(self, table: str, column: str) -> list[Change]:
        """Give the changes, the new name last.

        Raises:
            InvalidValue: there is no such type.
        """
        found: list[Change] = []
        if self.type is not None or self.not_null is not None or self.default is not msgspec.UNSET:
            kind = None if self.type is None else ColumnType.parse(self.type)
            default = MISSING if self.default in (msgspec.UNSET, None) else self.default
            found.append(AlterColumn(table, column, kind, self.not_null, default, drop_default=self.default is None))
        if self.name is not None and self.name != column:
            found.append(RenameColumn(table, column, self.name))
        return found


def table_change(body: NewTable) -> CreateTable:
    """Give the change that makes a table.

    Raises:
        InvalidFilter: the condition of a check cannot be read.
        InvalidValue: there is no such type.
    """
    records = [item.record(body.name) for item in body.constraints]
    return CreateTable(
        body.name,
        tuple(column.column() for column in body.columns),
        tuple(body.key),
        body.generated,
        body.mode,
        tuple(_of(records, UniqueKey)),
        tuple(_of(records, ForeignKey)),
        tuple(_of(records, Index)),
        tuple(_of(records, CheckConstraint)),
        body.comment,
        body.if_not_exists,
    )


def _of(records: Iterable[Any], kind: type) -> Iterable[Any]:
    return (record for record in records if isinstance(record, kind))


def constraint_change(table: str, body: ConstraintBody) -> Change:
    """Give the change that adds a constraint to a table.

    Raises:
        InvalidFilter: the condition of a check cannot be read.
    """
    record = body.record(table)
    return _ADDING[type(record)](table, record)


_ADDING: Final[dict[type, Callable[[str, Any], Change]]] = {
    Index: AddIndex,
    UniqueKey: AddUniqueKey,
    ForeignKey: AddForeignKey,
    CheckConstraint: AddCheck,
}


# -- changes ---------------------------------------------------------------------------------------------


class _Step(msgspec.Struct, forbid_unknown_fields=True, tag_field="do"):
    table: _Name


class _CreateTable(NewTable, tag_field="do", tag="create_table"):
    pass


class _DropTable(_Step, tag="drop_table"):
    hard: bool = False
    if_exists: bool = False


class _RestoreTable(_Step, tag="restore_table"):
    pass


class _RenameTable(_Step, tag="rename_table"):
    name: _Name


class _CopyTable(_Step, tag="copy_table"):
    name: _Name
    data: bool = True


class _SetMode(_Step, tag="set_mode"):
    mode: TableMode


class _RequirePreconditions(_Step, tag="require_preconditions"):
    required: bool = True


class _AddColumn(_Step, tag="add_column"):
    column: NewColumn
    if_not_exists: bool = False


class _DropColumn(_Step, tag="drop_column"):
    column: _Name
    hard: bool = False


class _RestoreColumn(_Step, tag="restore_column"):
    column: _Name


class _AlterColumn(_Step, tag="alter_column"):
    column: _Name
    to: AlteredColumn


class _CopyColumn(_Step, tag="copy_column"):
    column: _Name
    name: _Name
    data: bool = True


class _AddConstraint(_Step, tag="add_constraint"):
    constraint: ConstraintBody


class _DropConstraint(_Step, tag="drop_constraint"):
    name: _Name


_AnyStep = (
    _CreateTable | _DropTable | _RestoreTable | _RenameTable | _CopyTable | _SetMode | _RequirePreconditions
    | _AddColumn | _DropColumn | _RestoreColumn | _AlterColumn | _CopyColumn | _AddConstraint | _DropConstraint
)  # fmt: skip


class SchemaChanges(msgspec.Struct, forbid_unknown_fields=True):
    """Changes to make one after another, all or none; ``do`` says what each is."""

    changes: Annotated[list[_AnyStep], msgspec.Meta(min_length=1, max_length=_MOST)]
    dry_run: bool = False


def change_of(step: Any) -> list[Change]:  # noqa: ANN401 - one of the steps
    """Give the changes that a step asks for.

    Raises:
        InvalidFilter: the condition of a check cannot be read.
        InvalidValue: there is no such type.
    """
    found = _CHANGES[type(step)](step)
    return found if isinstance(found, list) else [found]


_CHANGES: Final[dict[type, Callable[[Any], Change | list[Change]]]] = {
    _CreateTable: table_change,
    _DropTable: lambda step: DropTable(step.table, step.hard, step.if_exists),
    _RestoreTable: lambda step: RestoreTable(step.table),
    _RenameTable: lambda step: RenameTable(step.table, step.name),
    _CopyTable: lambda step: CopyTable(step.table, step.name, step.data),
    _SetMode: lambda step: SetMode(step.table, step.mode),
    _RequirePreconditions: lambda step: RequirePreconditions(step.table, step.required),
    _AddColumn: lambda step: AddColumn(step.table, step.column.column(), step.if_not_exists),
    _DropColumn: lambda step: DropColumn(step.table, step.column, step.hard),
    _RestoreColumn: lambda step: RestoreColumn(step.table, step.column),
    _AlterColumn: lambda step: step.to.changes(step.table, step.column),
    _CopyColumn: lambda step: CopyColumn(step.table, step.column, step.name, step.data),
    _AddConstraint: lambda step: constraint_change(step.table, step.constraint),
    _DropConstraint: lambda step: DropConstraint(step.table, step.name),
}
