"""``synthdb branch``."""

from datetime import datetime

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import database_options, json_option
from synthdb.commands.showing import echo_json, show
from synthdb.commands.spans import expiry
from synthdb_host.encoding import to_text
from synthdb_host.operations import HEAD
from synthdb_host.session import Session
from synthdb_host.versions import Branches

__all__ = ["command"]

_COLUMNS = ("name", "parent", "fork", "head", "created", "protected", "expires", "comment")


@click.group("branch")
def command() -> None:
    """List, make and change branches."""


@command.command("list")
@click.argument("prefix", default="")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many.")
@click.option("--after", metavar="NAME", help="Only those behind this name.")
@json_option
@database_options
@click.pass_obj
def list_(
    session: Session, /, prefix: str, limit: int | None, after: str | None, *, as_json: bool, db: str | None
) -> None:
    """List the branches, or those whose names begin with PREFIX."""
    with opened(session, db) as connection:
        show(connection.execute(Branches(prefix, limit, after)), _COLUMNS, as_json=as_json, empty="There are none.")


@command.command()
@click.argument("name")
@click.option("--at", metavar="REF", help="State that it starts as. Default: the main branch as it is.")
@click.option("--comment", metavar="TEXT", help="Note kept with it.")
@click.option("--expires", metavar="WHEN", help="When it may be dropped: a timestamp, or '7 days'.")
@click.option("--if-not-exists", is_flag=True, help="Do nothing if it is there.")
@database_options
@click.pass_obj
def create(
    session: Session, /, name: str, at: str | None, comment: str | None, expires: str | None, *, if_not_exists: bool,
    db: str | None,
) -> None:  # fmt: skip
    """Make the branch NAME. Nothing is copied, however large the database is."""
    with opened(session, db) as connection:
        until = expiry(expires) if expires else None
        connection.branches.create(name, at, comment=comment, expires=until, if_not_exists=if_not_exists)
    click.echo(f"Branch {name!r} starts as {str(HEAD) if at is None else at} is.")


@command.command()
@click.argument("name")
@click.argument("new")
@database_options
@click.pass_obj
def rename(session: Session, /, name: str, new: str, db: str | None) -> None:
    """Give the branch NAME the name NEW."""
    with opened(session, db) as connection:
        connection.branches.rename(name, new)
    click.echo(f"Branch {name!r} is now {new!r}.")


@command.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--if-exists", is_flag=True, help="Do nothing if it is not there.")
@database_options
@click.pass_obj
def delete(session: Session, /, names: tuple[str, ...], *, if_exists: bool, db: str | None) -> None:
    """Remove branches with all their commits."""
    with opened(session, db) as connection:
        for name in names:
            connection.branches.drop(name, if_exists=if_exists)
            click.echo(f"Branch {name!r} is removed.")


@command.command()
@click.argument("name")
@database_options
@click.pass_obj
def protect(session: Session, /, name: str, db: str | None) -> None:
    """Let the branch NAME change only by merges into it."""
    with opened(session, db) as connection:
        connection.branches.protect(name)
    click.echo(f"Branch {name!r} is protected.")


@command.command()
@click.argument("name")
@database_options
@click.pass_obj
def unprotect(session: Session, /, name: str, db: str | None) -> None:
    """Let the branch NAME be written to again."""
    with opened(session, db) as connection:
        connection.branches.unprotect(name)
    click.echo(f"Branch {name!r} is not protected.")


@command.command()
@click.argument("name")
@click.argument("when", metavar="WHEN|never")
@database_options
@click.pass_obj
def expire(session: Session, /, name: str, when: str, db: str | None) -> None:
    """Say when the branch NAME may be dropped: a timestamp, '7 days', or never."""
    with opened(session, db) as connection:
        until = None if when == "never" else expiry(when)
        connection.branches.expire(name, until)
    click.echo(f"Branch {name!r} never expires." if until is None else f"Branch {name!r} expires at {until}.")


@command.command()
@click.argument("name")
@click.option("--whole", is_flag=True, help="Also what it shows of main.")
@database_options
@click.pass_obj
def compact(session: Session, /, name: str, *, whole: bool, db: str | None) -> None:
    """Let the branch NAME hold what it shows of the branches below it, so that it is read faster."""
    with opened(session, db) as connection:
        copied = connection.branches.compact(name, whole=whole)
    click.echo(f"Branch {name!r} holds {copied} more row(s) itself.")


@command.command()
@click.argument("name")
@click.argument("comment", required=False)
@json_option
@database_options
@click.pass_obj
def describe(session: Session, /, name: str, comment: str | None, *, as_json: bool, db: str | None) -> None:
    """Show what the branch NAME is, or keep COMMENT with it."""
    with opened(session, db) as connection:
        if comment is not None:
            connection.branches.describe(name, comment)
        facts = connection.branches.get(name)
    if as_json:
        echo_json({key: to_text(value) if isinstance(value, datetime) else value for key, value in facts.items()})
        return
    for key, value in facts.items():
        if value not in (None, False):
            click.echo(f"{key:<10} {'yes' if value is True else to_text(value)}")
