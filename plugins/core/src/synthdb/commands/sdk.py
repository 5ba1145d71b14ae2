"""``synthdb sdk``."""

from pathlib import Path
from typing import get_args

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import database_options, dry_run_option, state_of
from synthdb.sdk.generating import Language, sources_for
from synthdb.sdk.sources import stale, write
from synthdb_host.session import Session

__all__ = ["command"]


@click.group("sdk")
def command() -> None:
    """Write typed clients in other languages, for the database on a server."""


@command.command()
@click.option(
    "--lang", "language", type=click.Choice(get_args(Language)), required=True, help="Language of the client."
)
@click.option("--ref", metavar="REF", help="Branch, tag, commit or branch@MOMENT with the tables. Default: main.")
@click.option(
    "--out", metavar="DIR", type=click.Path(file_okay=False, path_type=Path), help="Folder. Default: DB_client."
)
@click.option("--check", is_flag=True, help="Write nothing; fail if a file is not what it would be.")
@dry_run_option
@database_options
@click.pass_obj
def generate(
    session: Session, /, language: Language, ref: str | None, out: Path | None, db: str | None, *, check: bool,
    dry_run: bool,
) -> None:  # fmt: skip
    """Write a client: types for the rows of every table, and the code that talks to a server.

    No server is needed for this. The same tables give the same bytes. Files that are there already are written only if
    they would change; others are left alone.
    """
    with opened(session, db, state_of(ref, "main")) as connection:
        database = connection.database
        sources = sources_for(language, database, connection.catalog(), connection.queries.usable())
    folder = out or Path(f"{database}_client")
    changed = stale(folder, sources) if check or dry_run else write(folder, sources)
    for path in changed:
        click.echo(folder / path)
    verb = "are not what they would be" if check else "would be written" if dry_run else "written"
    click.echo(f"{len(changed)} of {len(sources)} files {verb}.", err=True)
    if check and changed:
        raise click.exceptions.Exit(1)
