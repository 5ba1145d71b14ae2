"""``synthdb storage``, ``synthdb gc`` and ``synthdb backfill``."""

import click

from synthdb.commands.opening import opened
from synthdb.commands.options import database_options, dry_run_option, json_option
from synthdb.commands.showing import echo_json, show
from synthdb_host.session import Session
from synthdb_host.versions import StorageReport

__all__ = ["backfill", "gc", "storage"]


@click.command()
@json_option
@database_options
@click.pass_obj
def storage(session: Session, /, *, as_json: bool, db: str | None) -> None:
    """Measure how much rows, history, branches and indexes take."""
    with opened(session, db) as connection:
        show(connection.execute(StorageReport()), ("table", "kind", "rows", "bytes"), as_json=as_json, empty="Nothing.")


@click.command()
@click.option("--before", metavar="WHEN", required=True, help="Time or commit, such as '30 days ago'.")
@dry_run_option
@json_option
@database_options
@click.pass_obj
def gc(session: Session, /, before: str, *, dry_run: bool, as_json: bool, db: str | None) -> None:
    """Forget versions of rows that are older and that no branch or tag needs."""
    with opened(session, db) as connection:
        number = connection.collect(before, dry_run=dry_run)
    if as_json:
        echo_json({"versions": number, "dry_run": dry_run})
    else:
        click.echo(f"{number} versions {'would be' if dry_run else 'are'} forgotten.")


@click.command()
@json_option
@database_options
@click.pass_obj
def backfill(session: Session, /, *, as_json: bool, db: str | None) -> None:
    """Finish the conversion of columns that got a wider type.

    A server does so by itself. Other programs go on reading and writing meanwhile.
    """
    with opened(session, db) as connection:
        rows = connection.backfill()
    if as_json:
        echo_json({"rows": rows})
    else:
        click.echo(f"{rows} rows were looked at." if rows else "Every column is as it should be.")
