"""``synthdb auth explain`` and ``synthdb auth visible``."""

import click

from synthdb_auth.commands.opening import opened, tenant_option
from synthdb_auth.scopes import ANY, Place
from synthdb_host.contracts import Resource
from synthdb_host.errors import InvalidParameter
from synthdb_host.options import json_option, print_facts
from synthdb_host.session import Session, config_options, print_rows
from synthdb_host.tenancy import full_name

__all__ = ["explain", "visible"]


@click.command()
@click.argument("account")
@click.argument("action")
@click.argument("place")
@tenant_option
@click.option("--in-tenant", help="The tenant of the database, if it is not the account's.")
@json_option
@config_options
@click.pass_obj
def explain(
    session: Session, /, account: str, action: str, place: str, tenant: str, in_tenant: str | None, *, as_json: bool
) -> None:
    """Say whether ACCOUNT may do ACTION on PLACE, and which rule decides."""
    with opened(session) as auth:
        found = auth.accounts.get(account, tenant)
        resource = _resource(Place.parse(place), tenant if in_tenant is None else in_tenant)
        finding = auth.judge.find(found.id, action, resource)
        rules = auth.judge.rules(found.id)
    allowed = finding.allowed and found.state == "active"
    reason = finding.reason if found.state == "active" else "the account is disabled"
    facts = {"allowed": allowed, "rule": finding.rule and str(finding.rule), "reason": reason}
    print_facts(facts | {"considered": list(map(str, rules))}, as_json=as_json)


@click.command()
@click.argument("account")
@click.option("--action", default="select", show_default=True, help="What is to be done with them.")
@tenant_option
@json_option
@config_options
@click.pass_obj
def visible(session: Session, /, account: str, action: str, tenant: str, *, as_json: bool) -> None:
    """List the databases and tables on which ACCOUNT may do an action, by one statement."""
    with opened(session) as auth:
        found = auth.visible(auth.accounts.get(account, tenant), action)
    rows = [{"database": one.database, "branch": one.branch, "table": one.table, "effect": one.effect} for one in found]
    print_rows(rows, "{effect:<6} {database}@{branch}/{table}", as_json=as_json)


def _resource(place: Place, tenant: str) -> Resource:
    if place.is_all:
        return Resource("")
    if place.database == ANY:
        raise InvalidParameter("Name the database.")
    name = full_name(tenant or None, place.database)
    branch = "main" if place.branch == ANY else place.branch
    return Resource(name, None if place.table == ANY else place.table, branch)
