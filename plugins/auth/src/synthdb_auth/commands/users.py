"""``synthdb auth setup`` and ``synthdb auth users``."""

import sys

import click

from synthdb_auth.accounts import Account
from synthdb_auth.commands.opening import opened, tenant_option
from synthdb_auth.times import time_text
from synthdb_host.errors import InvalidParameter
from synthdb_host.options import json_option, print_facts
from synthdb_host.session import Session, config_options, print_json, print_rows

__all__ = ["setup", "users"]

_password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the standard input, not from a terminal."
)


@click.command()
@click.option("--name", default="admin", show_default=True, help="The name of the account.")
@json_option
@config_options
@click.pass_obj
def setup(session: Session, /, name: str, *, as_json: bool) -> None:
    """Make the first administrator and a key for it. Where there is one, nothing is done."""
    with opened(session) as auth:
        made = auth.set_up(name)
    facts = {"account": name, "is_new": made is not None, "key": made[1].text if made else None}
    if as_json:
        print_json(facts)
    elif made is None:
        click.echo("There is an administrator already: `synthdb auth grants list` shows who.")
    else:
        click.echo(f"Account {name!r} may do everything. Its key is told this once:\n\n  {made[1].text}\n")
        click.echo(
            f"Send it as `Authorization: Bearer {made[1].shown}...`; it works until {time_text(made[0].expires_at)}."
        )


@click.group()
def users() -> None:
    """List, make and disable accounts of people and programs."""


@users.command("list")
@click.option("--tenant", help="Those of this tenant only.")
@json_option
@config_options
@click.pass_obj
def list_(session: Session, /, tenant: str | None, *, as_json: bool) -> None:
    """List the accounts."""
    with opened(session) as auth:
        found = [_facts(one) for one in auth.accounts.list(tenant)]
    print_rows(found, "{name:<30} {kind:<8} {state:<9} {tenant}", as_json=as_json)


@users.command()
@click.argument("name")
@tenant_option
@click.option("--service", is_flag=True, help="It is a program, which has keys and no password.")
@click.option("--admin", is_flag=True, help="It may do everything.")
@click.option("--if-not-exists", is_flag=True, help="It is no error if there is one.")
@_password_option
@json_option
@config_options
@click.pass_obj
def create(
    session: Session,
    /,
    name: str,
    tenant: str,
    *,
    service: bool,
    admin: bool,
    if_not_exists: bool,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Make the account NAME, which may do nothing yet."""
    with opened(session) as auth:
        found = auth.accounts.list(tenant, name) if if_not_exists else ()
        password = _password() if password_stdin and not found else None
        account = found[0] if found else auth.accounts.create(name, "service" if service else "user", tenant, password)
        if admin:
            auth.make_administrator(account)
    print_facts(_facts(account) | {"is_new": not found}, as_json=as_json)


@users.command()
@click.argument("name")
@tenant_option
@config_options
@click.pass_obj
def disable(session: Session, /, name: str, tenant: str) -> None:
    """Let the account NAME, its keys and sessions work no more."""
    with opened(session) as auth:
        changed = auth.accounts.set_state(auth.accounts.get(name, tenant), "disabled")
    click.echo(f"Account {name!r} is disabled{'' if changed else ' already'}.")


@users.command()
@click.argument("name")
@tenant_option
@config_options
@click.pass_obj
def enable(session: Session, /, name: str, tenant: str) -> None:
    """Let the account NAME and its keys work again."""
    with opened(session) as auth:
        changed = auth.accounts.set_state(auth.accounts.get(name, tenant), "active")
    click.echo(f"Account {name!r} is active{'' if changed else ' already'}.")


@users.command()
@click.argument("name")
@tenant_option
@_password_option
@config_options
@click.pass_obj
def password(session: Session, /, name: str, tenant: str, *, password_stdin: bool) -> None:
    """Give the account NAME another password; its sessions end."""
    with opened(session) as auth:
        account = auth.accounts.get(name, tenant)
        text = _password() if password_stdin else click.prompt("Password", hide_input=True, confirmation_prompt=True)
        auth.accounts.set_password(account, text)
    click.echo(f"Account {name!r} has another password; its sessions have ended.")


def _password() -> str:
    """Read a line; raises InvalidParameter."""
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise InvalidParameter("There is no password on the standard input.")
    return text


def _facts(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "kind": account.kind,
        "state": account.state,
        "tenant": account.tenant,
        "id": account.id,
        "has_password": account.has_password,
        "created_at": time_text(account.created_at),
    }
