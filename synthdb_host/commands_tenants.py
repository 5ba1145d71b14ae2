"""``synthdb tenants``: whose databases there are. No command of it imports a plugin."""

import click

from synthdb_host.control import Control
from synthdb_host.directory import Directory
from synthdb_host.directory_tables import TenantRecord
from synthdb_host.options import (
    confirm_options,
    confirmed,
    dry_run_option,
    json_option,
    print_facts,
    quota_option,
    quotas_of,
)
from synthdb_host.session import Session, config_options, print_rows
from synthdb_host.tenants import Tenants

__all__ = ["tenants"]


@click.group()
def tenants() -> None:
    """List, make, archive and remove tenants, each of which has databases of its own."""


@tenants.command("list")
@json_option
@config_options
@click.pass_obj
def list_(session: Session, /, *, as_json: bool) -> None:
    """List the tenants."""
    print_rows([_facts(one) for one in _tenants(session).list()], "{name:<30} {state:<9} {hosts}", as_json=as_json)


@tenants.command()
@click.argument("name")
@json_option
@config_options
@click.pass_obj
def show(session: Session, /, name: str, *, as_json: bool) -> None:
    """Show the tenant NAME and its databases."""
    store = _tenants(session)
    databases = [one.name for one in store.directory.list(name)]
    print_facts(_facts(store.get(name)) | {"databases": databases}, as_json=as_json)


@tenants.command()
@click.argument("name")
@click.option("--host", "hosts", multiple=True, help="A host name of its own. Can be repeated.")
@click.option("--max-databases", type=click.IntRange(0), help="At most so many databases.")
@quota_option
@dry_run_option
@config_options
@click.pass_obj
def create(
    session: Session,
    /,
    name: str,
    hosts: tuple[str, ...],
    max_databases: int | None,
    quotas: tuple[str, ...],
    *,
    dry_run: bool,
) -> None:
    """Make the tenant NAME: lower-case letters, digits and -."""
    _tenants(session, dry_run=dry_run).create(name, hosts, max_databases, quotas_of(quotas))
    click.echo(f"Tenant {name!r} would be made." if dry_run else f"Tenant {name!r} is made.")


@tenants.command()
@click.argument("name")
@dry_run_option
@config_options
@click.pass_obj
def archive(session: Session, /, name: str, *, dry_run: bool) -> None:
    """Let nobody read or write the databases of the tenant NAME; they are kept."""
    changed = _tenants(session, dry_run=dry_run).set_state(name, "archived")
    click.echo(
        f"Tenant {name!r} {_is(dry_run=dry_run)} archived." if changed else f"Tenant {name!r} is archived already."
    )


@tenants.command()
@click.argument("name")
@dry_run_option
@config_options
@click.pass_obj
def restore(session: Session, /, name: str, *, dry_run: bool) -> None:
    """Serve the databases of the tenant NAME again."""
    changed = _tenants(session, dry_run=dry_run).set_state(name, "active")
    click.echo(f"Tenant {name!r} {_is(dry_run=dry_run)} active." if changed else f"Tenant {name!r} is active already.")


@tenants.command()
@click.argument("name")
@confirm_options
@dry_run_option
@config_options
@click.pass_obj
def delete(session: Session, /, name: str, *, yes: bool, if_exists: bool, dry_run: bool) -> None:
    """Remove the tenant NAME, which has no databases any more."""
    store = _tenants(session, dry_run=dry_run)
    if if_exists and not store.list(name):
        click.echo(f"There is no tenant {name!r}.")
        return
    store.get(name)
    confirmed(f"Remove tenant {name!r}?", yes=yes or dry_run)
    store.remove(name)
    click.echo(f"Tenant {name!r} would be removed." if dry_run else f"Tenant {name!r} is removed.")


def _tenants(session: Session, *, dry_run: bool = False) -> Tenants:
    return Tenants(Directory(Control(session.settings().data), dry_run=dry_run))


def _is(*, dry_run: bool) -> str:
    return "would be" if dry_run else "is"


def _facts(tenant: TenantRecord) -> dict[str, object]:
    return {
        "name": tenant.name,
        "state": tenant.state,
        "hosts": list(tenant.hosts),
        "max_databases": tenant.max_databases,
        "quotas": dict(tenant.quotas),
    }
