"""``synthdb auth roles``, ``teams``, ``grants`` and ``share``."""

from dataclasses import asdict

import click

from synthdb_auth.commands.opening import check_actions, opened, subject_of, tenant_option
from synthdb_auth.scopes import Place, actions_of
from synthdb_host.access import PROCESS
from synthdb_host.contracts import Context
from synthdb_host.operations import Define, RequirePlugin
from synthdb_host.options import json_option, print_facts
from synthdb_host.session import Session, config_options, print_rows
from synthdb_host.stepping import run

__all__ = ["grants", "require", "roles", "share", "teams"]

_GRANT_LINE = "{id}  {effect:<6} {role}{actions} on {place} to {to}"


@click.group()
def roles() -> None:
    """List, make and remove roles: actions under one name."""


@roles.command("list")
@tenant_option
@json_option
@config_options
@click.pass_obj
def list_roles(session: Session, /, tenant: str, *, as_json: bool) -> None:
    """List the roles that can be given in the tenant."""
    with opened(session) as auth:
        found = [asdict(one) | {"actions": list(one.actions)} for one in auth.grants.roles(tenant)]
    print_rows(found, "{name:<12} {actions}", as_json=as_json)


@roles.command("create")
@click.argument("name")
@click.option("--allow", "actions", required=True, metavar="ACTIONS", help="The actions, with commas: select,insert.")
@click.option("--description", default="", help="What it is for.")
@tenant_option
@json_option
@config_options
@click.pass_obj
def create_role(session: Session, /, name: str, actions: str, description: str, tenant: str, *, as_json: bool) -> None:
    """Make the role NAME."""
    wanted = actions_of(actions)
    check_actions(session, wanted)
    with opened(session) as auth:
        role = auth.grants.create_role(name, wanted, description, tenant)
    print_facts(asdict(role) | {"actions": list(role.actions)}, as_json=as_json)


@roles.command("delete")
@click.argument("name")
@tenant_option
@config_options
@click.pass_obj
def delete_role(session: Session, /, name: str, tenant: str) -> None:
    """Remove the role NAME, which nobody has any more."""
    with opened(session) as auth:
        auth.grants.delete_role(auth.grants.role(name, tenant))
    click.echo(f"Role {name!r} is removed.")


@click.group()
def teams() -> None:
    """List and make teams, and say who is in them."""


@teams.command("list")
@click.option("--tenant", help="Those of this tenant only.")
@json_option
@config_options
@click.pass_obj
def list_teams(session: Session, /, tenant: str | None, *, as_json: bool) -> None:
    """List the teams and their members."""
    with opened(session) as auth:
        found = [asdict(one) | {"members": list(one.members)} for one in auth.grants.teams(tenant)]
    print_rows(found, "{name:<20} {members}", as_json=as_json)


@teams.command("create")
@click.argument("name")
@tenant_option
@json_option
@config_options
@click.pass_obj
def create_team(session: Session, /, name: str, tenant: str, *, as_json: bool) -> None:
    """Make the team NAME."""
    with opened(session) as auth:
        team = auth.grants.create_team(name, tenant)
    print_facts(asdict(team) | {"members": list(team.members)}, as_json=as_json)


@teams.command("add")
@click.argument("name")
@click.argument("account")
@tenant_option
@config_options
@click.pass_obj
def add_member(session: Session, /, name: str, account: str, tenant: str) -> None:
    """Put ACCOUNT into the team NAME."""
    with opened(session) as auth:
        changed = auth.grants.add_member(auth.grants.team(name, tenant), auth.accounts.get(account, tenant))
    click.echo(f"Account {account!r} is in team {name!r}{'' if changed else ' already'}.")


@teams.command("remove")
@click.argument("name")
@click.argument("account")
@tenant_option
@config_options
@click.pass_obj
def remove_member(session: Session, /, name: str, account: str, tenant: str) -> None:
    """Take ACCOUNT out of the team NAME."""
    with opened(session) as auth:
        changed = auth.grants.remove_member(auth.grants.team(name, tenant), auth.accounts.get(account, tenant))
    click.echo(f"Account {account!r} is {'no longer' if changed else 'not'} in team {name!r}.")


@click.group()
def grants() -> None:
    """List, make and take back what is allowed and denied."""


@grants.command("list")
@click.option("--to", "subject", metavar="ACCOUNT", help="Those to this account, or to team:NAME.")
@tenant_option
@json_option
@config_options
@click.pass_obj
def list_grants(session: Session, /, subject: str | None, tenant: str, *, as_json: bool) -> None:
    """List the grants."""
    with opened(session) as auth:
        found = auth.grants.list(subject_of(auth, subject, tenant) if subject else None)
    rows = [asdict(one) | {"actions": list(one.actions)} for one in found]
    print_rows(rows, _GRANT_LINE, as_json=as_json)


@grants.command("create")
@click.argument("subject", metavar="ACCOUNT")
@click.argument("place")
@click.option("--role", help="All actions of this role.")
@click.option("--allow", metavar="ACTIONS", help="These actions, with commas.")
@click.option("--deny", metavar="ACTIONS", help="These actions, and it wins over all that is allowed.")
@click.option("--reason", default="", help="Told to those who are refused.")
@tenant_option
@json_option
@config_options
@click.pass_obj
def create_grant(  # noqa: PLR0913 - each is an option
    session: Session,
    /,
    subject: str,
    place: str,
    role: str | None,
    allow: str | None,
    deny: str | None,
    reason: str,
    tenant: str,
    *,
    as_json: bool,
) -> None:
    """Allow or deny ACCOUNT, or team:NAME, something on PLACE.

    A place is / (everything), * (every database), shop, shop@branch, shop/table or shop@branch/table.
    """
    if [role, allow, deny].count(None) != 2:  # noqa: PLR2004 - one of three
        raise click.UsageError("Say one of --role, --allow and --deny.")
    actions = actions_of(allow or deny or "*") if role is None else frozenset()
    check_actions(session, actions)
    with opened(session) as auth:
        made = auth.grants.create(
            subject_of(auth, subject, tenant),
            Place.parse(place),
            role=auth.grants.role(role, tenant) if role else None,
            actions=actions,
            effect="deny" if deny else "allow",
            reason=reason,
        )
    print_facts(asdict(made) | {"actions": list(made.actions)}, as_json=as_json)


@grants.command("revoke")
@click.argument("id_", metavar="ID")
@config_options
@click.pass_obj
def revoke_grant(session: Session, /, id_: str) -> None:
    """Take back the grant with this ID, at once and on all servers of the data folder."""
    with opened(session) as auth:
        revoked = auth.grants.revoke(id_)
    click.echo(f"Grant {id_} is taken back." if revoked else f"There is no grant {id_}.")


@click.command()
@click.argument("database")
@click.option("--no", "is_over", is_flag=True, help="Require it no more.")
@config_options
@click.pass_obj
def require(session: Session, /, database: str, *, is_over: bool) -> None:
    """Let DATABASE be served only where this plugin is active."""
    change = Define((RequirePlugin("auth", required=not is_over),))
    with session.started() as host:
        run(host.gate.execute(database, change, Context(PROCESS)))
    verb = "may be served without" if is_over else "is served only with"
    click.echo(f"Database {database!r} {verb} the auth plugin.")


@click.command()
@click.argument("table", metavar="DATABASE/TABLE")
@click.argument("team")
@click.option("--allow", "actions", default="select", show_default=True, metavar="ACTIONS", help="With commas.")
@tenant_option
@json_option
@config_options
@click.pass_obj
def share(session: Session, /, table: str, team: str, actions: str, tenant: str, *, as_json: bool) -> None:
    """Share a table with TEAM."""
    wanted = actions_of(actions)
    check_actions(session, wanted)
    database, slash, name = table.partition("/")
    if not slash or not name:
        raise click.UsageError("A table is written DATABASE/TABLE.")
    with opened(session) as auth:
        made = auth.grants.share_table(database, name, auth.grants.team(team, tenant), wanted)
    print_facts(asdict(made) | {"actions": list(made.actions)}, as_json=as_json)
