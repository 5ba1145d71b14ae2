"""``synthdb tag``."""

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import branch_option, database_options, json_option
from synthdb.commands.showing import show
from synthdb_host.operations import Ref
from synthdb_host.session import Session
from synthdb_host.versions import Tags

__all__ = ["command"]

_COLUMNS = ("name", "branch", "commit", "created", "comment")


@click.group("tag")
def command() -> None:
    """List, make and remove tags: names of states, which stay readable for ever."""


@command.command("list")
@json_option
@database_options
@click.pass_obj
def list_(session: Session, /, *, as_json: bool, db: str | None) -> None:
    """List the tags."""
    with opened(session, db) as connection:
        show(connection.execute(Tags()), _COLUMNS, as_json=as_json, empty="There are none.")


@command.command()
@click.argument("name")
@click.option("--at", metavar="REF", help="State to name. Default: the branch as it is.")
@branch_option
@click.option("--comment", metavar="TEXT", help="Note kept with it.")
@database_options
@click.pass_obj
def create(session: Session, /, name: str, at: str | None, branch: str, comment: str | None, db: str | None) -> None:
    """Give a state the name NAME."""
    with opened(session, db, Ref(branch)) as connection:
        connection.tags.create(name, at, comment=comment)
    click.echo(f"Tag {name!r} names {branch if at is None else at}.")


@command.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--if-exists", is_flag=True, help="Do nothing if it is not there.")
@database_options
@click.pass_obj
def delete(session: Session, /, names: tuple[str, ...], *, if_exists: bool, db: str | None) -> None:
    """Remove tags."""
    with opened(session, db) as connection:
        for name in names:
            connection.tags.drop(name, if_exists=if_exists)
            click.echo(f"Tag {name!r} is removed.")
