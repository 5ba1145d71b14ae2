"""``synthdb table`` and ``synthdb column``: changing the schema by hand."""

from collections.abc import Callable
from typing import Any, get_args

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, message_option
from synthdb_host.catalog import Column, ColumnType, TableMode
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import (
    AddColumn,
    AlterColumn,
    Change,
    CopyColumn,
    CopyTable,
    CreateTable,
    Define,
    DropColumn,
    DropTable,
    Ref,
    RenameColumn,
    RenameTable,
    RequirePreconditions,
    RestoreColumn,
    RestoreTable,
    SetMode,
)
from synthdb_host.session import Session

__all__ = ["column", "table"]


@click.group("table")
def table() -> None:
    """Make, rename, copy, drop and restore tables."""


@click.group("column")
def column() -> None:
    """Add, rename, change, copy, drop and restore columns."""


def _verb(group: click.Group, name: str, help_: str, change: Callable[..., Change], *params: click.Parameter) -> None:
    """Add a command that makes one schema change of its arguments, as one commit."""

    @group.command(name, params=list(params), help=help_)
    @branch_option
    @message_option
    @database_options
    @click.pass_obj
    def run(session: Session, /, branch: str, message: str | None, db: str | None, **given: Any) -> None:  # noqa: ANN401 - click gives what the arguments say
        operation = Define((change(**given),), Ref(branch))
        with opened(session, db, Ref(branch)) as connection:
            commit = connection.execute(operation, message=message).commit
        click.echo(f"Done on {branch} (commit {commit})." if commit else "Nothing was changed.")


def _create(name: str, columns: tuple[str, ...], key: tuple[str, ...], mode: TableMode) -> Change:
    return CreateTable(name, tuple(_column(text) for text in columns), key=key, mode=mode)


def _column(text: str) -> Column:
    name, colon, kind = text.rpartition(":")
    if not (name and colon and kind):
        raise InvalidParameter(f"{text!r} is not of the form NAME:TYPE.")
    return Column(name, ColumnType.parse(kind))


def _alter(table: str, column: str, kind: str | None, *, not_null: bool | None) -> Change:
    return AlterColumn(table, column, ColumnType.parse(kind) if kind else None, not_null)


def _name(name: str, metavar: str | None = None) -> click.Argument:
    return click.Argument([name], metavar=metavar)


_HARD = click.Option(["--hard"], is_flag=True, help="For good: it cannot be restored.")
_EMPTY = click.Option(["--empty"], is_flag=True, help="Without the data.")
_KEY = click.Option(["--key"], multiple=True, metavar="COLUMN", help="Column that rows are called by. Can be repeated.")
_MODE = click.Option(["--mode"], type=click.Choice(get_args(TableMode)), default="flexible", show_default=True)
_TYPE = click.Option(["--type", "kind"], metavar="TYPE", help="New type; no value may lose anything.")
_NOT_NULL = click.Option(["--not-null/--nullable"], default=None, help="Whether each row must have a value.")

_verb(
    table, "create", "Make the table NAME with some columns; more come with the rows, unless --mode says otherwise.",
    _create, _name("name"), click.Argument(["columns"], metavar="[COLUMN:TYPE]...", nargs=-1), _KEY, _MODE,
)  # fmt: skip
_verb(table, "rename", "Give the table NAME the name NEW.", RenameTable, _name("table", "NAME"), _name("name", "NEW"))
_verb(
    table, "copy", "Make the table NEW like the table NAME.",
    lambda source, name, empty: CopyTable(source, name, not empty), _name("source", "NAME"), _name("name", "NEW"),
    _EMPTY,
)  # fmt: skip
_verb(table, "drop", "Remove the table NAME; restore brings it back.", DropTable, _name("table", "NAME"), _HARD)
_verb(table, "restore", "Bring the table NAME back.", RestoreTable, _name("table", "NAME"))
_verb(
    table, "mode", "Say how writes may change the table NAME: flexible, strict or locked.", SetMode,
    _name("table", "NAME"), click.Argument(["mode"], type=click.Choice(get_args(TableMode))),
)  # fmt: skip

_verb(
    table, "preconditions", "Say whether writes to the table NAME over HTTP need If-Match: on or off.",
    lambda table, state: RequirePreconditions(table, state == "on"), _name("table", "NAME"),
    click.Argument(["state"], type=click.Choice(("on", "off"))),
)  # fmt: skip

_verb(
    column, "add", "Add a column to TABLE.", lambda table, column: AddColumn(table, _column(column)), _name("table"),
    _name("column", "NAME:TYPE"),
)  # fmt: skip
_verb(
    column, "rename", "Give a column of TABLE the name NEW.", RenameColumn, _name("table"), _name("column"),
    _name("name", "NEW"),
)  # fmt: skip
_verb(
    column, "alter", "Change the type of a column, or whether each row must have a value.", _alter, _name("table"),
    _name("column"), _TYPE, _NOT_NULL,
)  # fmt: skip
_verb(
    column, "copy", "Add the column NEW like another one of TABLE.",
    lambda table, source, name, empty: CopyColumn(table, source, name, not empty), _name("table"),
    _name("source", "COLUMN"), _name("name", "NEW"), _EMPTY,
)  # fmt: skip
_verb(
    column, "drop", "Remove a column of TABLE; restore brings it back.", DropColumn, _name("table"), _name("column"),
    _HARD,
)  # fmt: skip
_verb(column, "restore", "Bring a column of TABLE back.", RestoreColumn, _name("table"), _name("column"))
