"""``synthdb restore`` and ``synthdb undelete``."""

import click

from synthdb.commands.combining import Words, combine
from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, dry_run_option, json_option, message_option
from synthdb.commands.rowkeys import key_from
from synthdb.library.refs import ref_of
from synthdb_host.errors import InvalidParameter
from synthdb_host.operations import Ref
from synthdb_host.session import Session
from synthdb_host.versions import Restore

__all__ = ["restore", "undelete"]


@click.command()
@click.option("--to", "moment", metavar="REF", required=True, help="Tag, commit, or moment such as '1 hour ago'.")
@click.option("--table", "tables", metavar="NAME", multiple=True, help="Only this table. Can be repeated.")
@click.option("--key", "keys", metavar="KEY", multiple=True, help="Only this row of it. Can be repeated.")
@branch_option
@dry_run_option
@message_option
@json_option
@database_options
@click.pass_obj
def restore(  # noqa: PLR0913 - each is one choice of the caller
    session: Session, /, moment: str, tables: tuple[str, ...], keys: tuple[str, ...], branch: str,
    message: str | None, *, dry_run: bool, as_json: bool, db: str | None,
) -> int:  # fmt: skip
    """Make rows, tables or everything on a branch as they were.

    This is a commit like any other: nothing is forgotten, and it can be undone by another one.
    """
    if keys and len(tables) != 1:
        raise InvalidParameter("Keys are of one table.", hint="Give one --table.")
    with opened(session, db, Ref(branch)) as connection:
        rows = tuple(key_from(connection, tables[0], key) for key in keys)
        operation = Restore(ref_of(moment, branch), tables, rows, connection.ref)
        result = connection.execute(operation, message=message, dry_run=dry_run)
    subject = branch if not tables else f"{' '.join((', '.join(tables), *keys))} on {branch}"
    words = Words.of("make", "Made", f"{subject} as it was at {moment}", f"{subject} is as it was at {moment}.")
    return combine(result, words, dry_run=dry_run, as_json=as_json)


@click.command()
@click.argument("table")
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
@branch_option
@dry_run_option
@message_option
@json_option
@database_options
@click.pass_obj
def undelete(
    session: Session, /, table: str, keys: tuple[str, ...], branch: str, message: str | None, *, dry_run: bool,
    as_json: bool, db: str | None,
) -> int:  # fmt: skip
    """Bring deleted rows of TABLE back as they last were."""
    with opened(session, db, Ref(branch)) as connection:
        rows = tuple(key_from(connection, table, key) for key in keys)
        result = connection.execute(Restore(None, (table,), rows, connection.ref), message=message, dry_run=dry_run)
    words = Words.of("bring", "Brought", f"rows of {table} back", "No such row was deleted.")
    return combine(result, words, dry_run=dry_run, as_json=as_json)
