"""``synthdb set`` and ``synthdb delete``: small corrections by hand."""

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, message_option
from synthdb.commands.rowkeys import key_from
from synthdb.library.connection import Connection
from synthdb_host.errors import InvalidParameter, NotFound
from synthdb_host.operations import ColumnRef, Comparison, Delete, Filter, Literal, Ref, Update, and_all
from synthdb_host.session import Session

__all__ = ["cell_from", "delete", "set_"]


@click.command("set")
@click.argument("table")
@click.argument("key")
@click.argument("cells", metavar="COLUMN=VALUE...", nargs=-1, required=True)
@branch_option
@message_option
@database_options
@click.pass_obj
def set_(
    session: Session, /, table: str, key: str, cells: tuple[str, ...], branch: str, message: str | None, db: str | None
) -> None:
    """Set values of the row KEY of TABLE. A value is read as one of its column's type; an empty one is no value."""
    values = dict(cell_from(text) for text in cells)
    with opened(session, db, Ref(branch)) as connection:
        result = connection.execute(
            Update(table, values, _is(connection, table, key), ref=connection.ref), message=message
        )
    _check(result.affected, table, key)
    click.echo(f"{table} {key} is set on {branch}{_commit(result.commit)}.")


@click.command()
@click.argument("table")
@click.argument("key")
@branch_option
@message_option
@database_options
@click.pass_obj
def delete(session: Session, /, table: str, key: str, branch: str, message: str | None, db: str | None) -> None:
    """Delete the row KEY of TABLE; synthdb undelete brings it back."""
    with opened(session, db, Ref(branch)) as connection:
        result = connection.execute(Delete(table, _is(connection, table, key), ref=connection.ref), message=message)
    _check(result.affected, table, key)
    click.echo(f"{table} {key} is deleted on {branch}{_commit(result.commit)}.")


def cell_from(text: str) -> tuple[str, Literal | None]:
    """Read ``COLUMN=VALUE``, whose value takes the type of its column; an empty one is no value.

    Raises:
        InvalidParameter: it is not of this form.
    """
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise InvalidParameter(f"{text!r} is not of the form COLUMN=VALUE.")
    return name, Literal(value) if value else None


def _is(connection: Connection, table: str, key: str) -> Filter | None:
    names = connection.catalog().table(table).key
    pairs = zip(names, key_from(connection, table, key), strict=True)
    return and_all(*(Comparison(ColumnRef(name), "eq", value) for name, value in pairs))


def _check(affected: int | None, table: str, key: str) -> None:
    if not affected:
        raise NotFound(f"Table {table!r} has no row with the key {key!r}.", data={"key": key})


def _commit(commit: str | None) -> str:
    return " as it was" if commit is None else f" (commit {commit})"
