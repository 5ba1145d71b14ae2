"""``synthdb databases``: which there are, and new ones. Listing imports no plugin."""

import click

from synthdb_host.control import Control, Placements
from synthdb_host.session import Session, config_options, database_url, print_rows

__all__ = ["databases"]


@click.group()
def databases() -> None:
    """List and make databases."""


@databases.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@config_options
@click.pass_obj
def list_(session: Session, /, *, as_json: bool) -> None:
    """List the databases and where they live."""
    placements = Placements(Control(session.settings().data))
    rows = [{"name": name, "url": str(placements.find(name))} for name in placements.names()]
    print_rows(rows, "{name:<30} {url}", as_json=as_json)


@databases.command("create")
@click.argument("name")
@click.option("--url", metavar="PATH_OR_URL", help="Where it lives. Default: a file in the data folder.")
@config_options
@click.pass_obj
def create(session: Session, /, name: str, url: str | None) -> None:
    """Make the database NAME."""
    with session.started() as host:
        host.databases.create(name, database_url(url) if url else None)
    click.echo(f"Database {name!r} is ready at /rest/v1/{name}/ once it is served.")
