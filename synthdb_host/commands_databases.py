"""``synthdb databases``: which there are, and what becomes of them. Only making and deleting imports plugins."""

import click

from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import DatabaseRecord, State, shown_url
from synthdb_host.errors import UnknownDatabase
from synthdb_host.moving import Moved, Mover
from synthdb_host.options import (
    confirm_options,
    confirmed,
    dry_run_option,
    json_option,
    print_facts,
    quota_option,
    quotas_of,
)
from synthdb_host.session import Session, config_options, database_url, print_json, print_rows

__all__ = ["databases"]


@click.group()
def databases() -> None:
    """List, make, archive and remove databases. One of a tenant is called TENANT/NAME."""


@databases.command("list")
@click.option("--tenant", help="Only those of this tenant.")
@click.option("--placement", help="Only those in this placement.")
@json_option
@config_options
@click.pass_obj
def list_(session: Session, /, tenant: str | None, placement: str | None, *, as_json: bool) -> None:
    """List the databases and where they live, without the secrets in their URLs."""
    rows = [_facts(one) for one in _directory(session).list(tenant, placement=placement)]
    line = "{name:<30} {url}" if all(row["state"] == "active" for row in rows) else "{name:<30} {state:<9} {url}"
    print_rows(rows, line, as_json=as_json)


@databases.command()
@click.argument("name")
@json_option
@config_options
@click.pass_obj
def show(session: Session, /, name: str, *, as_json: bool) -> None:
    """Show the database NAME."""
    print_facts(_facts(_directory(session).get(name)), as_json=as_json)


@databases.command()
@click.argument("name")
@click.option("--url", metavar="PATH_OR_URL", help="Where it lives. Default: in a placement, or in the data folder.")
@click.option("--placement", default="", help="Put it into this placement.")
@click.option("--region", default="", help="Put it into a placement with this label.")
@click.option("--tier", default="", help="Put it into a placement with this label.")
@quota_option
@dry_run_option
@config_options
@click.pass_obj
def create(
    session: Session, /, name: str, url: str | None, placement: str, region: str, tier: str, quotas: tuple[str, ...],
    *, dry_run: bool,
) -> None:  # fmt: skip
    """Make the database NAME, or TENANT/NAME."""
    if url is not None and (placement or region or tier):
        raise click.UsageError("A database has a URL of its own, or is put into a placement.")
    own = (database_url(url), "") if url else _directory(session).place(name, placement, region, tier)
    with session.started() as host:
        own = own or (host.databases.default_url(name), "")
        if dry_run:
            _directory(session, dry_run=True).add(name, *own)
            click.echo(f"Database {name!r} would be made at {shown_url(own[0])}.")
            return
        host.databases.create(name, *own, quotas_of(quotas))
    click.echo(f"Database {name!r} is ready at /rest/v1/{name.rpartition('/')[2]}/ once it is served.")


@databases.command()
@click.argument("name")
@dry_run_option
@config_options
@click.pass_obj
def archive(session: Session, /, name: str, *, dry_run: bool) -> None:
    """Let nobody read or write the database NAME; it is kept where it is."""
    _set_state(session, name, "archived", dry_run=dry_run)


@databases.command()
@click.argument("name")
@dry_run_option
@config_options
@click.pass_obj
def restore(session: Session, /, name: str, *, dry_run: bool) -> None:
    """Serve the archived database NAME again."""
    _set_state(session, name, "active", dry_run=dry_run)


@databases.command()
@click.argument("name")
@click.option("--keep-data", is_flag=True, help="Only forget it, and leave its data where it lies.")
@confirm_options
@dry_run_option
@config_options
@click.pass_obj
def delete(session: Session, /, name: str, *, keep_data: bool, yes: bool, if_exists: bool, dry_run: bool) -> None:
    """Remove the database NAME with all its data, history and branches."""
    directory = _directory(session)
    try:
        record = directory.get(name)
    except UnknownDatabase:
        if not if_exists:
            raise
        click.echo(f"There is no database {name!r}.")
        return
    what = f"forgotten; its data stays at {shown_url(record.url)}" if keep_data else "removed with all its data"
    if dry_run:
        click.echo(f"Database {name!r} would be {what}.")
        return
    confirmed(f"Remove database {name!r}{'' if keep_data else ' with all its data, for good'}?", yes=yes)
    host_databases = session.host().databases
    Mover(directory, host_databases).settle(name)
    # Nobody begins to use what is about to go, and whoever dies in the middle does it again.
    directory.set_state(name, "archived")
    if not keep_data:
        host_databases.remove(name, record.url)
    directory.remove(record)
    click.echo(f"Database {name!r} is {what}.")


@databases.command()
@click.argument("name")
@click.option("--to", "placement", help="The placement to move it to.")
@click.option("--confirm", is_flag=True, help="Remove the old copy of the last move.")
@click.option("--cancel", is_flag=True, help="Give up a move that was interrupted.")
@dry_run_option
@json_option
@config_options
@click.pass_obj
def move(
    session: Session, /, name: str, placement: str | None, *, confirm: bool, cancel: bool, dry_run: bool, as_json: bool
) -> None:
    """Move the database NAME to another placement while it is used; the old copy is kept until that is confirmed.

    A move that was interrupted is begun again by the same command.
    """
    if [placement is not None, confirm, cancel].count(True) != 1:
        raise click.UsageError("Say one of --to, --confirm and --cancel.")
    directory = _directory(session)
    if placement is not None and dry_run:
        record = directory.get(name)
        url = directory.placement(placement).locate(record.tenant, record.name)
        click.echo(f"Database {name!r} would be moved from {shown_url(record.url)} to {shown_url(url)}.")
        return
    mover = Mover(directory, session.host().databases)
    if placement is not None:
        _print_moved(mover.move(name, placement), f"Database {name!r} is moved", as_json=as_json)
    elif cancel:
        mover.cancel(name, dry_run=dry_run)
        click.echo(f"The move of database {name!r} {'would be' if dry_run else 'is'} cancelled.")
    else:
        url = shown_url(mover.confirm(name, dry_run=dry_run))
        click.echo(f"The old copy of database {name!r} {'would be' if dry_run else 'is'} removed: {url}")


@databases.command()
@click.argument("name")
@click.argument("copy")
@click.option("--placement", default="", help="Put the copy into this placement.")
@dry_run_option
@json_option
@config_options
@click.pass_obj
def clone(session: Session, /, name: str, copy: str, placement: str, *, dry_run: bool, as_json: bool) -> None:
    """Make the database COPY, which is what NAME is now, with its history and branches, but without its webhooks."""
    directory = _directory(session)
    record = directory.get(name)
    databases = session.host().databases
    url, chosen = directory.place(copy, placement) or (databases.default_url(copy), "")
    _directory(session, dry_run=True).add(copy, url, chosen)
    if dry_run:
        click.echo(f"Database {name!r} would be copied from {shown_url(record.url)} to {shown_url(url)}.")
        return
    _print_moved(
        Mover(directory, databases).clone(name, copy, url, chosen), f"Database {copy!r} is made", as_json=as_json
    )


def _print_moved(moved: Moved, what: str, *, as_json: bool) -> None:
    facts = {"url": shown_url(moved.url), "sha256": moved.digest, "pause_seconds": round(moved.pause_seconds, 4)}
    if as_json:
        print_json(facts)
    else:
        click.echo(f"{what}: {facts['url']} (writers waited for {moved.pause_seconds * 1000:.0f} ms)")


def _set_state(session: Session, name: str, state: State, *, dry_run: bool) -> None:
    changed = _directory(session, dry_run=dry_run).set_state(name, state)
    text = f"{'would be' if dry_run else 'is'} {state}" if changed else f"is {state} already"
    click.echo(f"Database {name!r} {text}.")


def _directory(session: Session, *, dry_run: bool = False) -> Directory:
    return Directory(Control(session.settings().data), dry_run=dry_run)


def _facts(record: DatabaseRecord) -> dict[str, object]:
    return {
        "name": record.full_name,
        "url": shown_url(record.url),
        "state": record.state,
        "tenant": record.tenant or None,
        "placement": record.placement or None,
        "quotas": dict(record.quotas),
    }
