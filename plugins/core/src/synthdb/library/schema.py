"""Describing and changing tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from synthdb.importing.names import constraint_name, parse_reference
from synthdb.library.expressions import Condition
from synthdb.library.selecting import Where, filter_of
from synthdb.library.session import Session
from synthdb_host.catalog import (
    CheckConstraint,
    Column,
    ColumnType,
    ForeignKey,
    Index,
    OnDelete,
    Table,
    TableMode,
    UniqueKey,
)
from synthdb_host.errors import InvalidValue
from synthdb_host.inference import infer
from synthdb_host.operations import (
    MISSING,
    AddCheck,
    AddColumn,
    AddForeignKey,
    AddIndex,
    AddUniqueKey,
    AlterColumn,
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

__all__ = ["ColumnSpec", "ForeignKeys", "SchemaMethods", "column"]

ColumnSpec = object
"""A type (``"integer"``, ``int``), a :func:`column` with more to say, or an example value that is no string."""

ForeignKeys = (
    Mapping[str, str] | Mapping[tuple[str, ...], str] | Mapping[str | tuple[str, ...], str] | Iterable[ForeignKey]
)
"""What columns refer to: ``{"carrier": "airlines.carrier"}``, ``{("a", "b"): "t(x, y)"}``, or records."""

_Names = str | Sequence[str]


def column(
    column_type: str, *, not_null: bool = False, default: object = MISSING, comment: str | None = None
) -> Column:
    """Describe a column for ``create_table`` or ``add_columns``, where its name is given.

    Raises:
        InvalidValue: there is no such type.

    Example:
        >>> db.create_table("items", {"qty": synthdb.column("integer", not_null=True, default=0)})
    """
    has_default = default is not MISSING
    value = default if has_default else None
    return Column("", ColumnType.parse(column_type), not_null, value, has_default, comment=comment)


class SchemaMethods(Session):
    """The methods that describe and change tables. Each change is one commit."""

    # -- describing --------------------------------------------------------------------------------------

    def list_tables(self, *, dropped: bool = False) -> list[str]:
        """Name the tables, sorted; with ``dropped`` those that :meth:`restore_table` brings back."""
        catalog = self.catalog()
        return sorted(catalog.dropped if dropped else catalog.tables)

    def list_columns(self, table: str, *, dropped: bool = False) -> list[Column]:
        """Describe the columns of a table, in order; with ``dropped`` those that :meth:`restore_column` brings back.

        Raises:
            UnknownTable: there is none of this name.
        """
        described = self.catalog().table(table)
        return list(described.dropped if dropped else described.columns)

    def describe(self, table: str) -> Table:
        """Describe a table with its columns, keys and constraints.

        Raises:
            UnknownTable: there is none of this name.
        """
        return self.catalog().table(table)

    # -- tables ------------------------------------------------------------------------------------------

    def create_table(  # noqa: PLR0913 - each is one choice of the caller
        self, name: str, columns: Mapping[str, ColumnSpec] | None = None, *, key: _Names = (),
        mode: TableMode = "flexible", unique: Iterable[_Names] = (), indexes: Iterable[_Names] = (),
        foreign_keys: ForeignKeys = (), checks: Mapping[str, Condition] | None = None,
        generated: Literal["integer", "uuid7"] = "integer", comment: str | None = None,
        if_not_exists: bool = False, message: str | None = None,
    ) -> None:  # fmt: skip
        """Make a table.

        Args:
            name: its name.
            columns: for each column a type, a :func:`column`, or an example value (see :data:`ColumnSpec`).
            key: the column or columns that rows are called by; without it the engine numbers rows in ``id``.
            mode: ``flexible`` lets writes add columns, ``strict`` only define operations, ``locked`` nothing.
            unique: columns whose values must differ, each a name or several.
            indexes: columns to find rows by, each a name or several.
            foreign_keys: what columns refer to, such as ``{"carrier": "airlines.carrier"}``.
            checks: conditions by name that every row must satisfy.
            generated: whether the engine's own keys are integers or time-ordered uuids.
            comment: a note kept with the table.
            if_not_exists: do nothing if there is a table of this name.
            message: kept with the commit.

        Raises:
            DuplicateName: there is a table of this name.
            InvalidValue: no type can be taken from a column's description.
        """
        change = CreateTable(
            name,
            _columns(columns or {}),
            key=_names(key),
            generated=generated,
            mode=mode,
            unique_keys=tuple(_unique(name, item) for item in unique),
            foreign_keys=_foreign_keys(name, foreign_keys),
            indexes=tuple(_index(name, item) for item in indexes),
            checks=tuple(CheckConstraint(item, check.filter) for item, check in (checks or {}).items()),
            comment=comment,
            if_not_exists=if_not_exists,
        )
        self._define(change, message=message)

    def rename_table(self, table: str, name: str, *, message: str | None = None) -> None:
        """Give a table another name."""
        self._define(RenameTable(table, name), message=message)

    def copy_table(self, table: str, name: str, *, data: bool = True, message: str | None = None) -> None:
        """Make a table like another, with its rows unless ``data`` is False."""
        self._define(CopyTable(table, name, data), message=message)

    def drop_table(
        self, table: str, *, hard: bool = False, if_exists: bool = False, message: str | None = None
    ) -> None:
        """Remove a table; :meth:`restore_table` brings it back unless ``hard``."""
        self._define(DropTable(table, hard, if_exists), message=message)

    def restore_table(self, table: str, *, message: str | None = None) -> None:
        """Bring a dropped table back."""
        self._define(RestoreTable(table), message=message)

    def set_mode(self, table: str, mode: TableMode, *, message: str | None = None) -> None:
        """Say how writes may change a table's schema."""
        self._define(SetMode(table, mode), message=message)

    def require_preconditions(self, table: str, required: bool = True, *, message: str | None = None) -> None:  # noqa: FBT001, FBT002 - it reads as a sentence
        """Say whether writes over HTTP must name the version of the row that they change (If-Match)."""
        self._define(RequirePreconditions(table, required), message=message)

    # -- columns -----------------------------------------------------------------------------------------

    def add_columns(
        self, table: str, columns: Mapping[str, ColumnSpec], *, if_not_exists: bool = False, message: str | None = None
    ) -> None:
        """Add columns, each described by a type, a :func:`column`, or an example value."""
        self._define(*(AddColumn(table, added, if_not_exists) for added in _columns(columns)), message=message)

    def alter_column(
        self, table: str, name: str, *, column_type: str | None = None, not_null: bool | None = None,
        default: object = MISSING, drop_default: bool = False, message: str | None = None,
    ) -> None:  # fmt: skip
        """Change a column; a type changes only where no value loses anything."""
        parsed = ColumnType.parse(column_type) if column_type else None
        self._define(AlterColumn(table, name, parsed, not_null, default, drop_default), message=message)

    def rename_column(self, table: str, column: str, name: str, *, message: str | None = None) -> None:
        """Give a column another name."""
        self._define(RenameColumn(table, column, name), message=message)

    def copy_column(self, table: str, column: str, name: str, *, data: bool = True, message: str | None = None) -> None:
        """Add a column like another of the same table, with its values unless ``data`` is False."""
        self._define(CopyColumn(table, column, name, data), message=message)

    def drop_column(self, table: str, column: str, *, hard: bool = False, message: str | None = None) -> None:
        """Remove a column; :meth:`restore_column` brings it back unless ``hard``."""
        self._define(DropColumn(table, column, hard), message=message)

    def restore_column(self, table: str, column: str, *, message: str | None = None) -> None:
        """Bring a dropped column back."""
        self._define(RestoreColumn(table, column), message=message)

    # -- constraints -------------------------------------------------------------------------------------

    def add_index(self, table: str, columns: _Names, name: str | None = None, *, message: str | None = None) -> None:
        """Make reads by these columns fast."""
        self._define(AddIndex(table, _index(table, columns, name)), message=message)

    def add_unique(self, table: str, columns: _Names, name: str | None = None, *, message: str | None = None) -> None:
        """Let no two rows have the same values in these columns."""
        self._define(AddUniqueKey(table, _unique(table, columns, name)), message=message)

    def add_foreign_key(
        self,
        table: str,
        columns: _Names,
        references: str,
        *,
        on_delete: OnDelete = "no_action",
        name: str | None = None,
        message: str | None = None,
    ) -> None:
        """Let columns refer to unique columns of a table, such as ``"airlines.carrier"``."""
        self._define(
            AddForeignKey(table, _foreign_key(table, _names(columns), references, on_delete, name)), message=message
        )

    def add_check(self, table: str, name: str, condition: Where, *, message: str | None = None) -> None:
        """Let every row satisfy a condition."""
        self._define(AddCheck(table, CheckConstraint(name, filter_of(condition))), message=message)

    def drop_constraint(self, table: str, name: str, *, message: str | None = None) -> None:
        """Remove an index, unique key, foreign key or check by its name."""
        self._define(DropConstraint(table, name), message=message)


_PYTHON_TYPES: Mapping[object, str] = {
    str: "text", int: "integer", float: "real", bool: "boolean", Decimal: "decimal", date: "date",
    datetime: "timestamp", UUID: "uuid", bytes: "bytes", dict: "json", list: "json",
}  # fmt: skip


def _columns(columns: Mapping[str, ColumnSpec]) -> tuple[Column, ...]:
    if not isinstance(columns, Mapping):
        raise InvalidValue(
            f"Columns are a dictionary of types by name, not a {type(columns).__name__}.",
            hint='Write {"name": "text", "born": int}.',
        )
    return tuple(_column(name, spec) for name, spec in columns.items())


def _column(name: str, spec: ColumnSpec) -> Column:
    if isinstance(spec, Column):
        return replace(spec, name=name)
    if isinstance(spec, ColumnType):
        return Column(name, spec)
    if isinstance(spec, str):
        return Column(name, ColumnType.parse(spec))
    if isinstance(spec, type):
        if spec not in _PYTHON_TYPES:
            raise InvalidValue(f"No column type holds values of the Python type {spec.__name__!r}.")
        return Column(name, ColumnType.parse(_PYTHON_TYPES[spec]))
    if spec is None:
        raise InvalidValue(f"The type of column {name!r} cannot be taken from None.", hint="Give a type or a value.")
    return Column(name, infer(spec), inferred=True)


def _names(names: _Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _index(table: str, columns: _Names, name: str | None = None) -> Index:
    return Index(name or constraint_name(table, _names(columns), "idx"), _names(columns))


def _unique(table: str, columns: _Names, name: str | None = None) -> UniqueKey:
    return UniqueKey(name or constraint_name(table, _names(columns), "key"), _names(columns))


def _foreign_keys(table: str, given: ForeignKeys) -> tuple[ForeignKey, ...]:
    if isinstance(given, Mapping):
        return tuple(_foreign_key(table, _names(columns), reference) for columns, reference in given.items())
    return tuple(given)


def _foreign_key(
    table: str,
    columns: tuple[str, ...],
    reference: str,
    on_delete: OnDelete = "no_action",
    name: str | None = None,
) -> ForeignKey:
    target, references = parse_reference(reference)
    return ForeignKey(name or constraint_name(table, columns, "fkey"), columns, target, references, on_delete)
