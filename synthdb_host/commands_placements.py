"""``synthdb placements``: where databases can be put. No command of it imports a plugin."""

from typing import get_args

import click

from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import Isolation, PlacementRecord, shown_url
from synthdb_host.options import (
    confirm_options,
    confirmed,
    dry_run_option,
    json_option,
    print_facts,
)
from synthdb_host.placements import Placements
from synthdb_host.session import Session, config_options, database_url, print_rows

__all__ = ["placements"]


@click.group()
def placements() -> None:
    """List, make, archive and remove placements, where databases can be put."""


@placements.command("list")
@json_option
@config_options
@click.pass_obj
def list_(session: Session, /, *, as_json: bool) -> None:
    """List the placements, without the secrets in their URLs."""
    rows = [_facts(placement, used) for placement, used in _placements(session).list()]
    print_rows(rows, "{name:<20} {state:<9} {databases:>6} {isolation:<9} {url}", as_json=as_json)


@placements.command()
@click.argument("name")
@json_option
@config_options
@click.pass_obj
def show(session: Session, /, name: str, *, as_json: bool) -> None:
    """Show the placement NAME, without the secrets in its URL."""
    store = _placements(session)
    placement = store.directory.placement(name)
    print_facts(_facts(placement, len(store.directory.list(placement=name))), as_json=as_json)


@placements.command()
@click.argument("name")
@click.option("--url", required=True, metavar="FOLDER_OR_URL", help="A folder, or the URL of a database server.")
@click.option(
    "--isolation",
    type=click.Choice(get_args(Isolation)),
    help="What each database gets for its own. Default: a file in a folder, a schema on a server.",
)
@click.option("--weight", type=click.IntRange(0), default=1, show_default=True, help="Its share of new databases.")
@click.option("--region", default="", help="A label to choose placements by.")
@click.option("--tier", default="", help="A label to choose placements by.")
@dry_run_option
@config_options
@click.pass_obj
def create(
    session: Session, /, name: str, url: str, isolation: Isolation | None, weight: int, region: str, tier: str,
    *, dry_run: bool,
) -> None:  # fmt: skip
    """Make the placement NAME; new databases are put where there are the fewest for the weight."""
    url = database_url(url)
    isolation = isolation or ("file" if url.startswith("sqlite:") else "schema")
    placement = PlacementRecord(name, url, isolation, weight, region, tier)
    _placements(session, dry_run=dry_run).create(placement)
    click.echo(f"Placement {name!r} would be made." if dry_run else f"Placement {name!r} is made.")


@placements.command()
@click.argument("name")
@dry_run_option
@config_options
@click.pass_obj
def archive(session: Session, /, name: str, *, dry_run: bool) -> None:
    """Put no more databases into the placement NAME; those that are there stay."""
    _placements(session, dry_run=dry_run).set_state(name, "archived")
    click.echo(f"Placement {name!r} {'would take' if dry_run else 'takes'} no more databases.")


@placements.command()
@click.argument("name")
@dry_run_option
@config_options
@click.pass_obj
def restore(session: Session, /, name: str, *, dry_run: bool) -> None:
    """Put databases into the placement NAME again."""
    _placements(session, dry_run=dry_run).set_state(name, "active")
    click.echo(f"Placement {name!r} {'would take' if dry_run else 'takes'} databases.")


@placements.command()
@click.argument("name")
@confirm_options
@dry_run_option
@config_options
@click.pass_obj
def delete(session: Session, /, name: str, *, yes: bool, if_exists: bool, dry_run: bool) -> None:
    """Forget the placement NAME, in which no databases are."""
    store = _placements(session, dry_run=dry_run)
    if if_exists and name not in [placement.name for placement, _ in store.list()]:
        click.echo(f"There is no placement {name!r}.")
        return
    store.directory.placement(name)
    confirmed(f"Forget placement {name!r}?", yes=yes or dry_run)
    store.remove(name)
    click.echo(f"Placement {name!r} would be forgotten." if dry_run else f"Placement {name!r} is forgotten.")


def _placements(session: Session, *, dry_run: bool = False) -> Placements:
    return Placements(Directory(Control(session.settings().data), dry_run=dry_run))


def _facts(placement: PlacementRecord, used: int) -> dict[str, object]:
    return {
        "name": placement.name,
        "state": placement.state,
        "url": shown_url(placement.url),
        "isolation": placement.isolation,
        "weight": placement.weight,
        "region": placement.region,
        "tier": placement.tier,
        "databases": used,
    }
