"""``synthdb graphql sdl`` and ``synthdb graphql diff``."""

from dataclasses import asdict

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import database_options, json_option, state_of
from synthdb.commands.showing import echo_json, echo_table
from synthdb.graphql.differences import differences
from synthdb.graphql.schema import Schema
from synthdb_host.session import Session

__all__ = ["diff", "sdl"]


@click.command()
@click.option("--ref", metavar="REF", help="Branch, tag, commit or branch@MOMENT. Default: main.")
@database_options
@click.pass_obj
def sdl(session: Session, /, ref: str | None, db: str | None) -> None:
    """Print the schema of the tables in GraphQL's schema definition language."""
    click.echo(_schema(session, db, ref).sdl, nl=False)


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--check", is_flag=True, help="Fail if a change breaks clients.")
@json_option
@database_options
@click.pass_obj
def diff(session: Session, /, old: str, new: str, db: str | None, *, check: bool, as_json: bool) -> None:
    """Say what differs between the schemas of two states, and what that means to clients.

    OLD and NEW are branches, tags, commits or branch@MOMENT. A change is breaking, dangerous (clients may behave
    otherwise) or safe.
    """
    found = differences(_schema(session, db, old).graphql, _schema(session, db, new).graphql)
    rows = [asdict(item) for item in found]
    if as_json:
        echo_json(rows)
    else:
        echo_table(("effect", "kind", "text"), rows, "The schemas are the same.")
    if check and any(item.effect == "breaking" for item in found):
        raise click.exceptions.Exit(1)


def _schema(session: Session, db: str | None, ref: str | None) -> Schema:
    with opened(session, db, state_of(ref, "main")) as connection:
        return Schema(connection.catalog(), "")
